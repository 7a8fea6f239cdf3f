"""Noisy contexts: only where asked, only as much as told, marked where replaced.

Shapes: B pictures, N tokens.
"""

import torch

from dall_e.config import NoiseConfig
from dall_e.models.quantizer import FSQ
from dall_e.training.corruption import Corrupted, corrupt

QUANTIZER = FSQ((8, 5, 5, 5))
CODES_BN = torch.randint(1000, (200, 64), generator=torch.Generator().manual_seed(0))


def corrupted(
    noisy_fraction: float, noise_level: float, replaced_fraction: float, seed: int = 1
) -> Corrupted:
    config = NoiseConfig(
        noisy_fraction=noisy_fraction, noise_level=noise_level, replaced_fraction=replaced_fraction
    )
    return corrupt(CODES_BN, QUANTIZER, torch.Generator().manual_seed(seed), config)


def test_no_noise_no_change() -> None:
    out = corrupted(0.0, 0.5, 0.5)
    assert torch.equal(out.codes_BN, CODES_BN)
    assert not out.replaced_BN.any() and not out.clean_BN.any() and not out.level_B.any()


def test_the_level_that_is_told_is_the_noise_that_is_there() -> None:
    out = corrupted(1.0, 0.8, 0.0)
    assert 0 <= out.level_B.min() and out.level_B.max() <= 0.8 and out.level_B.std() > 0.1
    distance_B = (
        (QUANTIZER.points(out.codes_BN) - QUANTIZER.points(CODES_BN)).square().mean((1, 2)).sqrt()
    )
    # A move of less than half a step on the grid rounds back, so very little noise is none.
    assert distance_B[out.level_B < 0.03].max() == 0
    assert torch.corrcoef(torch.stack((distance_B, out.level_B)))[0, 1] > 0.95
    assert not out.replaced_BN.any()


def test_only_some_pictures_and_they_are_told() -> None:
    out = corrupted(0.3, 0.5, 0.2)
    touched_B = (out.codes_BN != CODES_BN).any(1)
    # 200 pictures: the bounds are 4 standard deviations.
    assert 0.17 < touched_B.float().mean() < 0.43
    assert torch.equal(touched_B, out.level_B > 0)
    assert not out.replaced_BN[~touched_B].any() and not out.clean_BN[~touched_B].any()


def test_replacements_are_marked_and_kept_apart_from_clean_places() -> None:
    out = corrupted(1.0, 0.0, 0.2)
    assert torch.equal(out.replaced_BN, out.codes_BN != CODES_BN)
    assert not (out.replaced_BN & out.clean_BN).any()
    # 12,800 tokens. A replacement may by chance be the code itself, which then is not one.
    assert 0.18 < out.replaced_BN.float().mean() < 0.215
    assert 0.185 < out.clean_BN.float().mean() < 0.215
    assert 0 <= out.codes_BN.min() and out.codes_BN.max() < 1000
    own = (out.codes_BN[:, :, None] == CODES_BN[:, None, :]).any(-1)[out.replaced_BN].float().mean()
    steps = (
        (QUANTIZER.points(out.codes_BN) - QUANTIZER.points(CODES_BN)).abs()
        / 2
        * torch.tensor([7, 4, 4, 4])
    )
    one_step = torch.isclose(steps.sum(-1), torch.ones(()))[out.replaced_BN].float().mean()
    # Half are other codes of the same picture, half are neighbours on the grid.
    assert 0.4 < own < 0.65 and 0.4 < one_step < 0.6


def test_the_generator_decides_everything() -> None:
    def run(seed: int) -> Corrupted:
        rng = torch.Generator().manual_seed(seed)
        config = NoiseConfig(noisy_fraction=0.9, noise_level=0.3, replaced_fraction=0.2)
        return corrupt(CODES_BN[:4], QUANTIZER, rng, config)

    first, again, other = run(3), run(3), run(4)
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not torch.equal(first.codes_BN, other.codes_BN)
