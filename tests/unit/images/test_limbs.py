"""Limbs and wings keep to the square, and make the thing smaller."""

import numpy as np
import pytest

from dall_e.images.faces import MOODS, with_face
from dall_e.images.forms import UInt8
from dall_e.images.limbs import HANDS, with_limbs, with_wings

SIDE = 96
RED = (200, 30, 30, 255)


def ball() -> UInt8:
    image = np.zeros((SIDE, SIDE, 4), np.uint8)
    rows, columns = np.mgrid[:SIDE, :SIDE]
    image[np.hypot(rows - SIDE / 2, columns - SIDE / 2) < 0.4 * SIDE] = RED
    return image


def red(image: UInt8) -> int:
    return int((image == RED).all(-1).sum())


@pytest.mark.parametrize("hands", ["", "full", "up"])
def test_limbs_are_beside_and_below_a_smaller_thing(hands: str) -> None:
    image, limbs = ball(), with_limbs(ball(), hands=hands)
    assert 0.2 * red(image) < red(limbs) < 0.8 * red(image)
    shown = limbs[..., 3] >= 128
    foot = np.flatnonzero(shown.any(1))[-1]
    assert 0.9 * SIDE < foot < SIDE
    assert not shown[[0, -1]].any()


def test_wings_are_on_both_sides() -> None:
    shown = with_wings(ball())[..., 3] >= 128
    columns = np.flatnonzero(shown.any(0))
    assert columns[0] < 0.15 * SIDE and columns[-1] > 0.85 * SIDE
    assert abs((columns[0] + columns[-1]) / 2 - SIDE / 2) < 3


def test_a_picture_with_its_own_ground_stays() -> None:
    full = np.full((SIDE, SIDE, 4), 255, np.uint8)
    assert np.array_equal(with_limbs(full), full) and np.array_equal(with_wings(full), full)


def test_moods_differ() -> None:
    drawn = {mood: with_face(ball(), mood) for mood in MOODS if mood not in HANDS}
    for mood, image in drawn.items():
        others = [other for name, other in drawn.items() if name != mood]
        assert not any(np.array_equal(image, other) for other in others), mood
        assert not np.array_equal(image, ball())
