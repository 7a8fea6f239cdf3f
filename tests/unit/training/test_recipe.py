"""Settings that fit a start from trained weights to few pictures, where no flag says otherwise."""

import dataclasses
import json
from pathlib import Path

import pytest

from dall_e.cli import run
from dall_e.config import GeneratorTraining, flat_values, with_values
from dall_e.images.files import encode_png
from dall_e.training.recipe import fit_to_data


def settings(data: Path, out: Path, **changes: object) -> GeneratorTraining:
    few = {"data": str(data), "out": str(out), "device": "cpu", "init": "dall-e-emoji"}
    return with_values(GeneratorTraining(), {**few, **changes})


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    import numpy as np

    folder = tmp_path / "pictures"
    folder.mkdir()
    data = encode_png(np.full((4, 8, 8), 255, dtype=np.uint8))
    for number in range(38):
        (folder / f"thing {number}.png").write_bytes(data)
    return folder


def test_fault_training_02_few_pictures_get_a_short_gentle_run(
    pictures: Path, tmp_path: Path
) -> None:
    config = settings(pictures, tmp_path / "run")
    fitted, words = fit_to_data(config, given=())
    values = flat_values(fitted)
    # 44 steps for each square root of the 36 pictures that are not held out.
    assert (values["images"], values["batch_size"]) == (264 * 16, 16)
    assert values["learning_rate"] == 3e-4 and values["warmup_images"] == 211
    assert values["tokenizer"] == "dall-e-emoji"
    assert "--images 4224 --batch-size 16 --learning-rate 0.0003" in words

    # By low rank, fewer pictures.
    small = flat_values(fit_to_data(with_values(config, {"lora_rank": 4}), given=())[0])
    assert (small["images"], small["batch_size"]) == (168 * 8, 8)

    kept, words = fit_to_data(
        with_values(config, {"images": 99, "tokenizer": "mine"}), given=("images", "tokenizer")
    )
    assert flat_values(kept)["images"] == 99 and flat_values(kept)["tokenizer"] == "mine"
    assert "--images" not in words
    plain = with_values(config, {"init": ""})
    assert fit_to_data(plain, given=()) == (plain, "")


def test_fault_training_02_a_run_keeps_what_it_was_started_with(
    pictures: Path, tmp_path: Path
) -> None:
    config = settings(pictures, tmp_path / "run")
    (tmp_path / "run").mkdir()
    started = with_values(config, {"images": 640, "learning_rate": 1e-4, "batch_size": 7})
    written = {**dataclasses.asdict(started), "networks": {"tokenizer": {"image_size": 96}}}
    (tmp_path / "run" / "config.json").write_text(json.dumps(written))
    values = flat_values(fit_to_data(config, given=())[0])
    assert (values["images"], values["learning_rate"], values["batch_size"]) == (640, 1e-4, 7)
    assert values["tokenizer"] == started.batches.tokenizer


def test_fault_training_02_flags_that_are_given_win(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[GeneratorTraining] = []
    monkeypatch.setattr(
        "dall_e.training.generator_stage.run_generator_training",
        lambda config, dry_run: seen.append(config),
    )
    # The default itself, given by hand, is a choice too.
    flags = ["--init", "dall-e-emoji", "--data", str(pictures), "--learning-rate", "0.001"]
    assert run(["train", "generator", *flags, "--out", str(tmp_path / "run")]) == 0
    values = flat_values(seen[0])
    assert values["learning_rate"] == 1e-3 and values["images"] < 10_000
