"""Drawings in another form keep to their square and to what they are."""

import numpy as np
import pytest

from dall_e.images.faces import MOODS
from dall_e.images.forms import (
    BUILDS,
    CONDITIONS,
    UInt8,
    in_condition,
    seen_box,
    stretched,
    with_large_head,
)

SIDE = 64
RED, BLUE = (200, 30, 30, 255), (30, 30, 200, 255)


def drawn(width: int, height: int) -> UInt8:
    """A red box with a blue upper third, its foot 4 pixels above the lower edge."""
    image = np.zeros((SIDE, SIDE, 4), np.uint8)
    left, bottom = (SIDE - width) // 2, SIDE - 4
    image[bottom - height : bottom, left : left + width] = RED
    image[bottom - height : bottom - 2 * height // 3, left : left + width] = BLUE
    return image


def size(image: UInt8) -> tuple[int, int]:
    box = seen_box(image)
    assert box is not None
    return box[2] - box[0], box[3] - box[1]


@pytest.mark.parametrize(
    ("build", "is_narrower"),
    [("tall", True), ("thin", True), ("short", False), ("fat", False)],
)
def test_proportions_change(build: str, is_narrower: bool) -> None:
    image = drawn(24, 40)
    width, height = size(stretched(image, build))
    assert (width / height < 24 / 40) == is_narrower
    assert max(width, height) <= SIDE


def test_long_is_the_longer_side() -> None:
    width, height = size(stretched(drawn(36, 18), "long"))
    assert width / height > 36 / 18 * 1.3
    width, height = size(stretched(drawn(18, 36), "long"))
    assert width / height < 18 / 36 / 1.2


@pytest.mark.parametrize("build", [build for build in BUILDS if build != "baby"])
def test_feet_stay_on_their_row(build: str) -> None:
    box = seen_box(stretched(drawn(20, 30), build))
    assert box is not None and abs(box[3] - (SIDE - 4)) <= 1


def test_a_young_one_has_more_of_a_head() -> None:
    image = drawn(20, 45)
    bottom = SIDE - 4
    young = with_large_head(image, (22, bottom - 45, 42, bottom - 30))
    parts = [(each[..., 2] > 150).sum() / (each[..., 0] > 150).sum() for each in (image, young)]
    assert parts[1] > 1.3 * parts[0]


@pytest.mark.parametrize(
    "condition", [name for name in CONDITIONS if name not in (*MOODS, "winged")]
)
def test_conditions_show(condition: str) -> None:
    image = drawn(30, 30)
    changed = in_condition(image, condition)
    assert changed.shape == image.shape and changed.dtype == np.uint8
    assert (changed != image).any()
    # Most of it is what it was.
    assert ((changed[..., 0] > 150) & (changed[..., 2] < 90)).sum() > 150


def test_the_halves_of_something_broken_are_apart() -> None:
    shown = in_condition(drawn(40, 40), "broken")[..., 3] > 0
    middle = shown[SIDE // 2]
    left, right = np.flatnonzero(middle)[[0, -1]]
    assert not middle[left : right + 1].all()


def test_a_bite_is_missing_at_the_right() -> None:
    image = drawn(40, 40)
    gone = (image[..., 3] > 0) & (in_condition(image, "bitten")[..., 3] == 0)
    columns = np.flatnonzero(gone.any(0))
    assert gone.sum() > 60 and columns[0] > SIDE // 2


def test_a_glow_is_all_around_and_flames_are_higher_than_wide() -> None:
    image = drawn(30, 30)
    across, down = size(in_condition(image, "glowing"))
    assert abs(across - down) <= 2
    wide, high = size(in_condition(image, "burning"))
    assert high > wide + 2


@pytest.mark.parametrize(
    "image", [np.zeros((8, 8, 4), np.uint8), np.full((8, 8, 4), 255, np.uint8)]
)
def test_nothing_and_a_whole_picture_stay(image: UInt8) -> None:
    assert (stretched(image, "tall") == image).all()
    assert (with_large_head(image, (0, 0, 4, 4)) == image).all()
    assert all((in_condition(image, each) == image).all() for each in CONDITIONS)
