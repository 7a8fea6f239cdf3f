"""A change goes where its weight says; every other pixel stays, bit for bit."""

import numpy as np
import pytest
from PIL import Image

from dall_e.images.blending import (
    allowed,
    blended_edge,
    covering,
    fitted,
    over,
    premultiplied,
    put_into,
)
from dall_e.images.selections import bounds_of, selection_of


def noise(mode: str) -> Image.Image:
    rng = np.random.default_rng(0)
    return Image.fromarray(rng.integers(0, 256, (40, 60, len(mode)), dtype=np.uint8), mode)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_pixels_without_weight_stay(mode: str) -> None:
    image = noise(mode)
    weight_HW = allowed(selection_of((20, 10, 40, 30), image))
    red_HWC = np.zeros((40, 60, 4), dtype=np.uint8)
    red_HWC[..., [0, 3]] = 255
    result = put_into(image, red_HWC, weight_HW)
    assert result.mode == mode
    before, after = np.asarray(image), np.asarray(result)
    assert np.array_equal(after[weight_HW == 0], before[weight_HW == 0])
    assert (after[weight_HW == 255][:, :3] == (255, 0, 0)).all()


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_an_unchanged_canvas_changes_nothing(mode: str) -> None:
    image = noise(mode)
    everywhere_HW = np.full((40, 60), 255, dtype=np.uint8)
    result = put_into(image, premultiplied(image), everywhere_HW)
    assert np.array_equal(np.asarray(result), np.asarray(image))


def test_the_border_gets_weaker_outwards() -> None:
    weight_HW = blended_edge(selection_of((20, 10, 40, 30), noise("RGB")), 4)
    row = weight_HW[20, 8:21].astype(int)
    assert row[0] == 0 and row[-1] == 255 and (np.diff(row) >= 0).all()
    assert 0 < row[10] < 255 and bounds_of(np.minimum(weight_HW, 1) * 255) == (16, 6, 44, 34)


def sprite() -> np.ndarray:
    return np.full((30, 15, 4), 255, dtype=np.uint8)


def test_a_thing_stands_in_its_box_in_its_own_proportions() -> None:
    selected_HW = selection_of((10, 5, 50, 35), noise("RGB"))
    left, top, right, bottom = bounds_of(fitted(sprite(), selected_HW)[..., 3])
    assert (right - left) * 2 == pytest.approx(bottom - top, abs=2)
    assert bottom >= 33 and left + right == pytest.approx(60, abs=2)


def test_a_thing_gets_smaller_in_a_round_selection() -> None:
    rows, columns = np.ogrid[:40, :60]
    inside_HW = (rows - 20) ** 2 + (columns - 30) ** 2 <= 15**2
    selected_HW = np.where(inside_HW, np.uint8(255), np.uint8(0))
    canvas_HWC = fitted(sprite(), selected_HW, stands=False)
    outside = np.count_nonzero(canvas_HWC[..., 3][~inside_HW])
    assert outside <= 0.03 * np.count_nonzero(canvas_HWC[..., 3])
    assert np.count_nonzero(canvas_HWC[..., 3]) > 200


def test_a_place_covers_all_of_its_box() -> None:
    selected_HW = selection_of((10, 5, 50, 35), noise("RGB"))
    assert bounds_of(covering(sprite(), selected_HW)[..., 3]) == (10, 5, 50, 35)


def test_over_shows_what_is_below_where_it_is_transparent() -> None:
    front = np.array([[[0, 0, 0, 0], [100, 0, 0, 100], [9, 9, 9, 255]]], dtype=np.uint8)
    back = np.array([[[7, 8, 9, 255]] * 3], dtype=np.uint8)
    result = over(front, back)
    assert result[0, 0].tolist() == [7, 8, 9, 255] and result[0, 2].tolist() == [9, 9, 9, 255]
    assert result[0, 1].tolist() == [104, 5, 5, 255]
