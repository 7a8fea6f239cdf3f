"""Random views: valid pictures, moved only as far as said, mirrored only where that is right.

Shapes: B pictures, C channels, H W rows and columns.
"""

import torch
from torch import Tensor

from dall_e.data.augment import random_views


def images(batch: int = 6, side: int = 16) -> Tensor:
    x_BCHW = torch.rand(batch, 4, side, side, generator=torch.Generator().manual_seed(0))
    return torch.cat((x_BCHW[:, :3] * x_BCHW[:, 3:], x_BCHW[:, 3:]), dim=1)


def views(x_BCHW: Tensor, mirror: bool = False, seed: int = 1, **limits: object) -> Tensor:
    mirror_B = torch.full((len(x_BCHW),), mirror)
    return random_views(x_BCHW, torch.Generator().manual_seed(seed), mirror_B=mirror_B, **limits)  # type: ignore[arg-type]


def test_nothing_allowed_is_the_picture_itself() -> None:
    x_BCHW = images()
    torch.testing.assert_close(
        views(x_BCHW, scales=(1.0, 1.0), shift=0.0), x_BCHW, atol=1e-5, rtol=1e-5
    )


def test_mirrored_or_not_and_nothing_else() -> None:
    x_BCHW = images(batch=64)
    out_BCHW = views(x_BCHW, mirror=True, scales=(1.0, 1.0), shift=0.0)
    mirrored_B = (out_BCHW - x_BCHW.flip(-1)).abs().amax((1, 2, 3)) < 1e-4
    same_B = (out_BCHW - x_BCHW).abs().amax((1, 2, 3)) < 1e-4
    assert bool((mirrored_B ^ same_B).all())
    # Half of 64, give or take four standard deviations.
    assert 16 <= int(mirrored_B.sum()) <= 48


def test_views_stay_valid_and_take_in_nothing_from_outside() -> None:
    x_BCHW = torch.ones(8, 4, 16, 16)
    out_BCHW = views(x_BCHW, scales=(0.5, 0.5), shift=0.0)
    alpha_BHW = out_BCHW[:, 3]
    assert alpha_BHW[:, 0].max() == 0 and alpha_BHW[:, 8, 8].min() == 1
    torch.testing.assert_close(alpha_BHW.mean((1, 2)), torch.full((8,), 0.25), atol=0.01, rtol=0)
    valid = views(images(), mirror=True)
    assert valid.min() >= 0 and valid.max() <= 1
    assert bool((valid[:, :3] <= valid[:, 3:] + 1e-6).all())


def test_moves_are_no_longer_than_said() -> None:
    dot_BCHW = torch.zeros(200, 4, 33, 33)
    dot_BCHW[:, :, 16, 16] = 1
    out_BHW = views(dot_BCHW, scales=(1.0, 1.0), shift=0.1)[:, 3]
    mass_B = out_BHW.sum((1, 2))
    column_B = (out_BHW.sum(1) * torch.arange(33)).sum(1) / mass_B
    row_B = (out_BHW.sum(2) * torch.arange(33)).sum(1) / mass_B
    for place_B in (row_B, column_B):
        assert (place_B - 16).abs().max() <= 3.3 + 1e-3
        assert place_B.min() < 14 and place_B.max() > 18


def test_the_generator_decides() -> None:
    x_BCHW = images()
    assert torch.equal(views(x_BCHW, seed=3), views(x_BCHW, seed=3))
    assert not torch.equal(views(x_BCHW, seed=3), views(x_BCHW, seed=4))
