"""Masks, boxes and alpha select what they should, and say what is wrong with them."""

from typing import Any

import numpy as np
import pytest
from PIL import Image

from dall_e.images.selections import bounds_of, grown, is_box, selection_of

PICTURE = Image.new("RGB", (40, 20))


def painted(mode: str, ground: Any, colour: Any) -> Image.Image:
    mask = Image.new(mode, PICTURE.size, ground)
    mask.paste(colour, (10, 5, 30, 15))
    return mask


@pytest.mark.parametrize(
    "mask",
    [
        painted("L", 0, 255),
        painted("1", 0, 1),
        painted("RGB", "black", "white"),
        painted("RGBA", (9, 9, 9, 255), (0, 0, 0, 0)),
        (10, 5, 30, 15),
        [0.25, 0.25, 0.75, 0.75],
    ],
    ids=["grey", "bits", "rgb", "transparent", "pixels", "fractions"],
)
def test_every_kind_of_mask_selects_the_same(mask: Any) -> None:
    selected_HW = selection_of(mask, PICTURE)
    assert bounds_of(selected_HW) == (10, 5, 30, 15) and is_box(selected_HW)
    assert np.count_nonzero(selected_HW) == 200


def test_a_soft_mask_stays_soft() -> None:
    mask = painted("L", 0, 255)
    mask.putpixel((5, 5), 100)
    selected_HW = selection_of(mask, PICTURE)
    assert selected_HW[5, 5] == 100 and not is_box(selected_HW)


def test_the_pictures_own_alpha_selects() -> None:
    picture = painted("RGBA", (9, 9, 9, 255), (0, 0, 0, 0))
    assert bounds_of(selection_of("alpha", picture)) == (10, 5, 30, 15)
    with pytest.raises(ValueError, match="no transparent part"):
        selection_of("alpha", PICTURE)


@pytest.mark.parametrize(
    ("mask", "told"),
    [
        (Image.new("L", (41, 20), 255), "41 x 20 pixels, the picture 40 x 20"),
        (Image.new("L", (40, 20), 0), "the mask selects nothing"),
        ((10, 5, 10, 15), "the box 10,5,10,15 is not in the picture of 40 x 20"),
        ((10, 5, 50, 15), "the box 10,5,50,15 is not in the picture"),
        ((-1, 5, 30, 15), "the box -1,5,30,15"),
        ((1, 2, 3), "a box is four numbers"),
        ((1, 2, 3, float("nan")), "a box is four numbers"),
        ((1, 2, 3, "4"), "a box is four numbers"),
    ],
)
def test_bad_masks_are_said(mask: Any, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        selection_of(mask, PICTURE)


def test_a_grown_selection_is_larger_on_every_side() -> None:
    assert bounds_of(grown(selection_of((10, 5, 30, 15), PICTURE), 3)) == (7, 2, 33, 18)
