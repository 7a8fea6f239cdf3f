"""Subjects are measured at the model's own size, and judges are checked and put on its device."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from dall_e import DALL_E
from dall_e.config import (
    DUAL_ENCODERS,
    SamplingConfig,
    UpsamplerConfig,
)
from dall_e.evaluation.setup import load_judge, make_subject
from dall_e.inference.engine import Engine
from dall_e.inference.loading import Networks
from dall_e.models.dual_encoder import DualEncoder

STEP = SamplingConfig(num_inference_steps=1)


@pytest.fixture(scope="module")
def engine(tiny_folder: Path) -> Engine:
    """The tiny model with an untrained dual encoder and an upsampler."""
    torch.manual_seed(0)
    plain = DALL_E.from_pretrained(tiny_folder)
    config = dataclasses.replace(
        plain.config, dual_encoder=DUAL_ENCODERS["tiny"], upsampler=UpsamplerConfig(widths=(8, 16))
    )
    new = Networks.build(config)
    networks = plain.networks._replace(dual_encoder=new.dual_encoder, upsampler=new.upsampler)
    return Engine(config, networks, plain.text_tokenizer)


def test_a_subject_draws_at_its_own_size(engine: Engine) -> None:
    assert engine.default_size == 384
    subject = make_subject(engine, STEP)
    (image,) = subject.draw(["a cat"], [3])
    request = engine.request("a cat", seed=3, sampling=STEP, height=32)
    assert image.size == (32, 32)
    assert np.array_equal(np.asarray(image), np.asarray(engine.generate(request)[0].pixels))


def test_a_subject_embeds_and_reconstructs(engine: Engine) -> None:
    subject = make_subject(engine, STEP)
    assert subject.embed is not None and subject.reconstruct is not None
    assert subject.embed([np.zeros((4, 32, 32), dtype=np.uint8)]).shape == (1, 48)
    assert subject.reconstruct(torch.rand(2, 4, 32, 32)).shape == (2, 4, 32, 32)


def test_a_judge_knows_where_it_is_from(engine: Engine, tmp_path: Path, write_judge) -> None:
    torch.manual_seed(5)
    folder = write_judge(tmp_path / "judge", DualEncoder(DUAL_ENCODERS["tiny"]))
    judge = load_judge(folder, [engine])
    assert judge.name == f"{folder} (seed 7, fold 1)" and judge.side == 32
    write_judge(tmp_path / "both", DualEncoder(DUAL_ENCODERS["tiny"]), other_fraction=0.5)
    with pytest.warns(UserWarning, match="was trained on both halves of the pictures"):
        load_judge(tmp_path / "both", [engine])


def test_the_models_own_dual_encoder_is_no_judge(
    engine: Engine, tmp_path: Path, write_judge
) -> None:
    assert engine.networks.dual_encoder is not None
    folder = write_judge(tmp_path / "own", engine.networks.dual_encoder)
    with pytest.raises(ValueError, match="is the dual encoder of .*, which chooses its pictures"):
        load_judge(folder, [engine])
