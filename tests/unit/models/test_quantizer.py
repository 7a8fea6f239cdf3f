"""Codes and their points: round trips, straight-through gradients, and neighbours that are one step
away.

Shapes: B batch, D latent channels, H W grid rows and columns, N codes in a flat list.
"""

import pytest
import torch
import torch.nn.functional as F

from dall_e.models.quantizer import FSQ, VQ

LEVELS = [(8, 5, 5, 5), (2,), (3, 2, 4), (7, 7)]


@pytest.mark.parametrize("levels", LEVELS)
def test_every_code_survives_the_round_trip(levels: tuple[int, ...]) -> None:
    quantizer = FSQ(levels)
    codes_N = torch.arange(quantizer.num_codes)
    points_ND = quantizer.points(codes_N)
    assert len(torch.unique(points_ND, dim=0)) == quantizer.num_codes
    assert points_ND.min() == -1 and points_ND.max() == 1
    assert torch.equal(quantizer.nearest(points_ND), codes_N)
    # The same through the door that the encoder uses: atanh undoes the squashing, short of the two
    # ends.
    z_BDHW = torch.atanh(points_ND.clamp(-0.9999, 0.9999)).T[None, :, :, None]
    quantized = quantizer.quantize(z_BDHW)
    assert torch.equal(quantized.codes_BHW.flatten(), codes_N)
    torch.testing.assert_close(quantized.latents_BDHW, quantizer.embed(codes_N[None, :, None]))


def test_fsq_by_hand() -> None:
    quantizer = FSQ((3, 2))
    # Levels -1, 0, 1 and -1, 1; code = first + 3 second.
    assert quantizer.points(torch.tensor([0, 1, 2, 3, 5])).tolist() == [
        [-1, -1],
        [0, -1],
        [1, -1],
        [-1, 1],
        [1, 1],
    ]
    codes = quantizer.quantize(
        torch.tensor([[0.1, 5.0], [0.1, -0.1]]).T[None, :, :, None]
    ).codes_BHW
    assert codes.flatten().tolist() == [1 + 3, 1]


def test_fsq_gradient_passes_straight_through() -> None:
    z_BDHW = torch.tensor([0.3, -1.2]).view(1, 2, 1, 1).requires_grad_()
    quantized = FSQ((8, 5)).quantize(z_BDHW)
    (quantized.latents_BDHW * torch.tensor([2.0, -3.0]).view(1, 2, 1, 1)).sum().backward()
    # d tanh(z) / dz = 1 - tanh(z)^2, as if nothing had been rounded.
    expected = torch.tensor([2.0, -3.0]).view(1, 2, 1, 1) * (
        1 - torch.tanh(z_BDHW.detach()).square()
    )
    torch.testing.assert_close(z_BDHW.grad, expected)


@pytest.mark.parametrize("levels", LEVELS)
def test_fsq_neighbours_are_one_step_away(levels: tuple[int, ...]) -> None:
    quantizer = FSQ(levels)
    codes_N = torch.arange(quantizer.num_codes).repeat(4)
    moved_N = quantizer.neighbours(codes_N, torch.Generator().manual_seed(0))
    assert moved_N.min() >= 0 and moved_N.max() < quantizer.num_codes
    steps_ND = (
        (quantizer.points(moved_N) - quantizer.points(codes_N)) / 2 * (torch.tensor(levels) - 1)
    )
    torch.testing.assert_close(steps_ND.abs().sum(-1), torch.ones(len(codes_N)))
    # Every channel moves, up and down.
    for channel in range(len(levels)):
        assert {-1, 1} <= set(steps_ND[:, channel].round().int().tolist())


def test_fsq_nearest_takes_points_from_outside_too() -> None:
    quantizer = FSQ((8, 5))
    assert quantizer.nearest(torch.tensor([[9.0, -9.0]])).item() == 7


def test_vq_takes_the_nearest_entry_and_leaves_unit_vectors() -> None:
    torch.manual_seed(0)
    quantizer = VQ(20, 3, unit=True)
    z_BDHW = torch.randn(2, 3, 4, 5)
    quantized = quantizer.quantize(z_BDHW)
    book_CD = F.normalize(quantizer.codebook_CD, dim=-1)
    z_MD = F.normalize(z_BDHW, dim=1).permute(0, 2, 3, 1).reshape(-1, 3)
    expected_M = torch.cdist(z_MD, book_CD).argmin(-1)
    assert torch.equal(quantized.codes_BHW.flatten(), expected_M)
    torch.testing.assert_close(quantized.latents_BDHW, quantizer.embed(quantized.codes_BHW))
    torch.testing.assert_close(quantized.latents_BDHW.norm(dim=1), torch.ones(2, 4, 5))
    points_ND = quantizer.embed(torch.arange(20)[None, None])[0, :, 0].T
    assert torch.equal(quantizer.nearest(points_ND), torch.arange(20))


def test_vq_by_distance_takes_the_entries_as_they_are() -> None:
    quantizer = VQ(2, 2, unit=False)
    with torch.no_grad():
        quantizer.codebook_CD.copy_(torch.tensor([[4.0, 0.0], [0.5, 0.5]]))
    quantized = quantizer.quantize(torch.tensor([1.0, 0.2]).view(1, 2, 1, 1))
    assert quantized.codes_BHW.item() == 1, (
        "in direction it is nearer to the first, in distance to the second"
    )
    assert quantized.latents_BDHW.flatten().tolist() == [0.5, 0.5]
    assert VQ(2, 2, unit=True).nearest(torch.zeros(0, 2)).shape == (0,)


def test_neighbours_repeat_with_the_generator() -> None:
    quantizer, codes_N = FSQ((3, 3)), torch.arange(9).repeat(3)
    first, again, other = (
        quantizer.neighbours(codes_N, torch.Generator().manual_seed(s)) for s in (5, 5, 6)
    )
    assert torch.equal(first, again) and not torch.equal(first, other)
