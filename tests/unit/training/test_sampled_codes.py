"""Pictures whose codes are partly drawn, and the decoder that learns from them.

Shapes: M pictures, N tokens.
"""

from pathlib import Path
from typing import Any

import pytest
import torch

from dall_e.config import SampledCodesConfig, TokenizerTraining, with_values
from dall_e.data.datasets import load_images
from dall_e.training.loop import fit
from dall_e.training.sampled_codes import CodeResampler
from dall_e.training.token_cache import tokenize_views
from dall_e.training.tokenizer_stage import TokenizerStage


def settings(root: Path, out: Path, **changes: Any) -> TokenizerTraining:
    small = {
        "out": str(out),
        "data": str(root / "data"),
        "preset": "tiny",
        "images": 16,
        "batch_size": 8,
        "warmup_images": 8,
        "coarse_fraction": 0,
        "precision": "fp32",
        "device": "cpu",
        "log_every": 1,
        "adversarial_start": 0.0,
        "init": str(root / "tokenizer"),
        "freeze_encoder": True,
        "generator": str(root / "generator"),
        "drawn_fraction": 0.5,
        "perturbed_fraction": 0.25,
    }
    return with_values(TokenizerTraining(), {**small, **changes})


def make(root: Path, config: TokenizerTraining) -> TokenizerStage:
    pictures = load_images(root / "data", 32)
    return TokenizerStage(config, pictures, load_images(root / "data", 32, split="val"))


def test_the_rest_of_the_codes_stays(folders: Path) -> None:
    config = SampledCodesConfig(generator=str(folders / "generator"), drawn_tokens=0.25)
    resampler = CodeResampler(config, "tiny", torch.device("cpu"))
    codes_MN = torch.randint(1000, (5, 64), generator=torch.Generator().manual_seed(0))
    records = [{"text": f"thing number {row}"} for row in range(5)]
    drawn_MN = resampler.resample(codes_MN, records, seed=3).long()
    changed_M = (drawn_MN != codes_MN).sum(1)
    assert (changed_M <= 16).all() and changed_M.sum() > 5 * 12, (
        "a quarter is drawn, hardly ever the same code"
    )
    assert torch.equal(resampler.resample(codes_MN, records, seed=3).long(), drawn_MN)
    assert not torch.equal(resampler.resample(codes_MN, records, seed=4).long(), drawn_MN)


def test_drawn_codes_belong_to_their_pictures(folders: Path, tmp_path: Path) -> None:
    stage = make(folders, settings(folders, tmp_path))
    codes_MN = tokenize_views(
        stage.tokenizer,
        load_images(folders / "data", 32).images_NCHW,
        torch.zeros(0),
        views=1,
        seed=0,
    )[0]
    batch = stage.batch(0)
    assert batch.sampled == slice(2, 6), "behind the perturbed ones"
    own_BN = stage.tokenizer.tokenize(batch.images_BCHW)[batch.sampled]
    same_BN = own_BN == batch.sampled_codes_PT
    assert (same_BN.sum(1) >= 48).all() and not same_BN.all(1).any()
    assert {tuple(row) for row in own_BN.tolist()} <= {tuple(row) for row in codes_MN.tolist()}


def test_only_the_decoder_learns_from_them(folders: Path, tmp_path: Path) -> None:
    config = settings(folders, tmp_path)
    stage = make(folders, config)
    before = {name: weight.clone() for name, weight in stage.tokenizer.state_dict().items()}
    fit(config, stage)
    moved = {
        name
        for name, weight in stage.tokenizer.state_dict().items()
        if not torch.equal(weight, before[name])
    }
    assert moved and all(name.startswith("decoder") for name in moved)
    # A resumed run finds what was drawn in its folder.
    again = make(folders, config)
    codes, codes_again = stage._data.sampled_codes_MT, again._data.sampled_codes_MT
    assert codes is not None and codes_again is not None
    assert torch.equal(codes_again, codes)


def test_codes_of_a_moving_encoder_are_refused(folders: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="generator needs freeze_encoder"):
        settings(folders, tmp_path, freeze_encoder=False)
    with pytest.raises(ValueError, match="not a run that trained the generator"):
        make(folders, settings(folders, tmp_path, generator=str(folders / "tokenizer")))
