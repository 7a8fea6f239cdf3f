"""The adversarial game over codes: how it starts, whom it meets, where it leads.

Shapes: B pictures, N tokens, L text tokens, F fakes, S steps.
"""

import math
from pathlib import Path
from typing import Any

import pytest
import torch

from dall_e.checkpoints.run_files import load_stage
from dall_e.config import AdversarialTraining, with_values
from dall_e.sampling.noise import gumbel
from dall_e.training.adversarial_stage import (
    AdversarialStage,
    log_likelihood,
    run_adversarial_training,
)
from dall_e.training.loop import fit


def settings(root: Path, out: str, **changes: Any) -> AdversarialTraining:
    small = {
        "out": str(root / out),
        "init": str(root / "generator"),
        "data": str(root / "data"),
        "tokenizer": str(root / "tokenizer"),
        "preset": "tiny",
        "fakes": 16,
        "fake_steps": (4, 8),
        "images": 32,
        "batch_size": 8,
        "warmup_images": 8,
        "views": 2,
        "precision": "fp32",
        "device": "cpu",
        "log_every": 1,
    }
    return with_values(AdversarialTraining(), {**small, **changes})


@pytest.fixture(scope="module")
def stage(folders: Path) -> AdversarialStage:
    return AdversarialStage(settings(folders, "stage"))


def test_at_the_start_nobody_can_tell(stage: AdversarialStage) -> None:
    loss, parts = stage.loss(stage.batch(0))
    # log_theta = log_ref: D is 0 everywhere, and each of the four means is log 2.
    assert loss.item() == pytest.approx((2 + 0.5 * 2) * math.log(2), rel=1e-5)
    # The reference is computed without gradients, whose attention rounds differently.
    assert parts["first_step"].item() == pytest.approx(0, abs=1e-6)
    assert parts["last_step"].item() == pytest.approx(0, abs=1e-6)


def test_fakes_are_samples_of_the_reference_in_the_order_of_their_drawing(
    stage: AdversarialStage,
) -> None:
    fakes = stage.fakes
    assert fakes.codes_FN.shape == fakes.positions_FN.shape == (16, 64)
    assert torch.equal(fakes.positions_FN.long().sort(1).values, torch.arange(64).expand(16, -1))
    batch = stage.prepare(0)
    positions_BN, groups_N = batch.fakes.positions_FN, batch.real.groups_N
    codes_BN = batch.fakes.codes_FN.gather(1, positions_BN)
    # A training pass over the fakes, plus the noise that they were drawn with, finds the same codes
    # again.
    networks = stage.reference
    text = networks.text(batch.fakes.ids_FL)
    logits_BNC = networks.generator(
        text, codes_BN, positions_BN, groups_N, torch.zeros(8)
    ).logits_BNC
    noise_BNC = gumbel(list(range(8)), 64, 1000).gather(
        1, positions_BN[..., None].expand(-1, -1, 1000)
    )
    assert ((logits_BNC + noise_BNC).argmax(-1) == codes_BN).float().mean() > 0.99
    nats_BN = logits_BNC.logsumexp(-1) - logits_BNC.gather(-1, codes_BN[..., None])[..., 0]
    found_BN = log_likelihood(networks, batch.fakes.ids_FL, codes_BN, positions_BN, groups_N)
    torch.testing.assert_close(found_BN, -nats_BN)
    assert int(groups_N.max()) == 4 and int(stage.prepare(8).real.groups_N.max()) == 8


def test_wrong_captions_are_wrong(stage: AdversarialStage) -> None:
    for images_seen in range(0, 64, 8):
        batch = stage.prepare(images_seen)
        captions = [stage.data.text_tokenizer.decode(row) for row in batch.real.ids_BL.tolist()]
        for row, other in enumerate(batch.caption_B.tolist()):
            is_wrong = bool(captions[row] and captions[other] and captions[row] != captions[other])
            assert is_wrong == bool(batch.is_wrong_B[row])
        assert batch.is_wrong_B.sum() >= 4


def test_the_game_raises_reals_above_fakes(folders: Path) -> None:
    config = settings(
        folders, "game", learning_rate=6e-4, images=80, ema_decay=0.0, wrong_weight=0.0
    )
    stage = AdversarialStage(config)
    before = stage.loss(stage.batch(0))[0].item()
    fit(config, stage)
    loss, parts = stage.loss(stage.batch(0))
    assert loss.item() < before - 0.01
    assert parts["real"] + parts["fake"] > 1.2, (
        "both sides of the game are told apart better than by chance"
    )
    initial = load_stage(folders / "generator").weights("generator")
    for name, weight in stage.reference.state_dict().items():
        assert torch.equal(weight, initial[name]), name


def test_a_resumed_round_meets_the_same_fakes(folders: Path, stage: AdversarialStage) -> None:
    again = AdversarialStage(settings(folders, "stage"))
    for mine, other in zip(vars(stage.fakes).values(), vars(again.fakes).values(), strict=True):
        assert torch.equal(mine, other)
    other_seed = AdversarialStage(settings(folders, "other", seed=1))
    assert not torch.equal(other_seed.fakes.codes_FN, stage.fakes.codes_FN)


def test_a_round_needs_a_generator(folders: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="name its run with --init"):
        AdversarialStage(settings(folders, "none", init=""))
    run_adversarial_training(settings(folders, "dry"), dry_run=True)
    assert "16 fakes, drawn in 4 and 8 steps" in capsys.readouterr().out
    assert not (folders / "dry").exists()
