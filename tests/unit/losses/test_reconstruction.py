"""Reconstruction losses against numbers worked by hand."""

import pytest
import torch

from dall_e.losses.reconstruction import (
    difference_on_background,
    edge_weights,
    feature_matching_loss,
    image_loss,
    over_background,
    pyramid_l1,
)


def flat(red: float, green: float, blue: float, alpha: float, size: int = 8) -> torch.Tensor:
    pixel = torch.tensor([red, green, blue, alpha], dtype=torch.float32)
    return pixel.view(1, 4, 1, 1).expand(1, 4, size, size).clone()


def test_over_background_mixes_by_what_alpha_leaves() -> None:
    background_BC = torch.tensor([[1.0, 0.5, 0.0]])
    seen = over_background(flat(0.2, 0.1, 0.0, 0.4), background_BC)
    # 0.2 + 1.0 * 0.6, 0.1 + 0.5 * 0.6, 0 + 0 * 0.6, and the alpha itself.
    assert torch.allclose(seen[0, :, 0, 0], torch.tensor([0.8, 0.4, 0.0, 0.4]))


def test_difference_on_background_is_the_difference_of_the_composites() -> None:
    generator = torch.Generator().manual_seed(0)
    first, second = torch.rand(2, 3, 4, 8, 8, generator=generator).unbind(0)
    background_BC = torch.rand(3, 3, generator=generator)
    wanted = over_background(second, background_BC) - over_background(first, background_BC)
    assert torch.allclose(
        difference_on_background(second - first, background_BC), wanted, atol=1e-6
    )


def test_edge_weights_mark_both_sides_of_an_edge() -> None:
    image = flat(0, 0, 0, 1, size=4)
    image[:, 0, :, 2:] = 0.5  # a vertical edge of height 0.5 between columns 1 and 2
    row = edge_weights(image, 4.0)[0, 0, 0]
    assert torch.allclose(row, torch.tensor([1.0, 3.0, 3.0, 1.0]))


def test_pyramid_of_a_constant_is_its_last_level() -> None:
    assert pyramid_l1(flat(0.3, 0.3, 0.3, 0.3)).item() == pytest.approx(0.3)


def test_pyramid_of_a_checkerboard_is_its_first_band() -> None:
    rows, columns = torch.meshgrid(torch.arange(8), torch.arange(8), indexing="ij")
    checkerboard = torch.where((rows + columns) % 2 == 0, 0.25, -0.25).view(1, 1, 8, 8)
    assert pyramid_l1(checkerboard).item() == pytest.approx(0.25)


def test_picture_loss_value() -> None:
    # Off by 0.1 in red and 0.2 in alpha on white: red 0.1 - 0.2, green and blue -0.2 each, alpha
    # 0.2.
    original, ours = flat(0.5, 0.5, 0.5, 0.5), flat(0.6, 0.5, 0.5, 0.7)
    loss, parts = image_loss(
        original_BCHW=original,
        reconstruction_BCHW=ours,
        background_BC=torch.ones(1, 3),
        edge_weight=4.0,
        pyramid_weight=0.5,
    )
    wanted = (0.1 + 0.2 + 0.2 + 0.2) / 4
    assert parts["l1"].item() == pytest.approx(wanted, rel=1e-5)
    assert parts["pyramid"].item() == pytest.approx(wanted, rel=1e-5)
    assert loss.item() == pytest.approx(1.5 * wanted, rel=1e-5)


def test_picture_loss_gradient_points_away_from_the_original() -> None:
    original, ours = flat(0.5, 0.5, 0.5, 1.0), flat(0.7, 0.3, 0.5, 1.0).requires_grad_(True)
    loss, _ = image_loss(
        original_BCHW=original,
        reconstruction_BCHW=ours,
        background_BC=torch.zeros(1, 3),
        edge_weight=4.0,
        pyramid_weight=0.5,
    )
    loss.backward()
    assert ours.grad is not None
    assert (
        (ours.grad[:, 0] > 0).all()
        and (ours.grad[:, 1] < 0).all()
        and (ours.grad[:, 2:] == 0).all()
    )


def test_wrong_colour_behind_transparency_costs() -> None:
    # A decoder that paints white where nothing is: on a black background it is seen.
    loss, _ = image_loss(
        original_BCHW=flat(0, 0, 0, 0),
        reconstruction_BCHW=flat(1, 1, 1, 1),
        background_BC=torch.zeros(1, 3),
        edge_weight=0.0,
        pyramid_weight=0.0,
    )
    assert loss.item() == pytest.approx(1.0)


def test_feature_matching_value_and_gradient() -> None:
    original = torch.full((1, 2, 2, 2), 2.0, requires_grad=True)
    ours = torch.full((1, 2, 2, 2), 3.0, requires_grad=True)
    same = torch.ones(1, 1, 1, 1)
    loss, parts = feature_matching_loss(original=[original, same], reconstruction=[ours, same])
    # Layer 1: |3 - 2| / 2, layer 2: 0; their mean.
    assert loss.item() == pytest.approx(0.25) and parts["features"].item() == pytest.approx(0.25)
    loss.backward()
    assert original.grad is None and ours.grad is not None and (ours.grad > 0).all()


def test_feature_matching_needs_the_same_layers() -> None:
    with pytest.raises(ValueError, match="1 layers of features against 2"):
        feature_matching_loss(
            original=[torch.ones(1)], reconstruction=[torch.ones(1), torch.ones(1)]
        )
