"""Borders of areas, found finer than a pixel."""

import numpy as np
import numpy.typing as npt
import pytest

from dall_e.images.borders import smooth_borders

RED, BLUE = (220, 40, 45), (40, 90, 220)
PALETTE = np.array([RED, BLUE], dtype=np.uint8)
SIDE = 48


def halves(edge: float, left: tuple[int, ...], right: tuple[int, ...]) -> npt.NDArray[np.uint8]:
    """Two colours, RGBA, that meet at a place that need not be the end of a pixel."""
    part_W = (edge - np.arange(SIDE)).clip(0, 1)[None, :, None]
    whole = part_W * np.array(left) + (1 - part_W) * np.array(right)
    return np.repeat(whole, SIDE, axis=0).round().astype(np.uint8)


@pytest.mark.parametrize("edge", [20.0, 20.3, 20.5, 20.8])
@pytest.mark.parametrize("right", [(*BLUE, 255), (0, 0, 0, 0)], ids=["colour", "nothing"])
def test_a_border_is_where_its_pixels_are_mixed_evenly(edge: float, right: tuple[int, ...]) -> None:
    image = halves(edge, (*RED, 255), right)
    labels = np.where(np.arange(SIDE) < round(edge), 1, 2 if right[3] else 0)
    labels_HW = np.repeat(labels[None], SIDE, axis=0).astype(np.int32)
    found_HW = smooth_borders(labels_HW, image, PALETTE, 0.7)
    assert found_HW.shape == (2 * SIDE, 2 * SIDE)
    width = (found_HW == 1).sum(axis=1) / 2
    assert np.abs(width - edge).max() <= 0.3


def test_a_slanted_border_has_no_steps() -> None:
    rows, columns = np.mgrid[:SIDE, :SIDE]
    part_HW = (24 + 0.23 * (rows - 24) - columns).clip(0, 1)[..., None]
    image = (part_HW * np.array((*RED, 255)) + (1 - part_HW) * np.array((*BLUE, 255))).round()
    labels_HW = np.where(part_HW[..., 0] >= 0.5, 1, 2).astype(np.int32)
    found_HW = smooth_borders(labels_HW, image.astype(np.uint8), PALETTE, 0.7)
    edge_H = (found_HW == 1).sum(axis=1)[8:-8]
    line_H = np.polyval(np.polyfit(np.arange(len(edge_H)), edge_H, 1), np.arange(len(edge_H)))
    assert np.abs(edge_H - line_H).max() < 0.8


def test_areas_without_borders_stay() -> None:
    image = np.full((8, 8, 4), 255, dtype=np.uint8)
    whole_HW = np.ones((8, 8), dtype=np.int32)
    assert (smooth_borders(whole_HW, image, PALETTE, 0.7) == 1).all()
