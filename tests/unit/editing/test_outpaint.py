"""A larger canvas keeps the picture; variations keep a part of it; textures repeat."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dall_e import DALL_E

Landscape = Callable[..., Image.Image]
DRAWN: dict[str, Any] = {"seed": 3, "num_inference_steps": 2}


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_larger_canvas_keeps_every_pixel_and_goes_on(
    model: DALL_E, mode: str, landscape: Landscape
) -> None:
    image = landscape(mode)
    result = model.outpaint(image, left=30, right=0.5, top=10, bottom=5)
    assert result.size == (330, 195) and result.mode == mode
    assert np.array_equal(np.asarray(result)[10:190, 30:230], np.asarray(image))

    # Sky and grass go on, and the ball is not seen a second time.
    sky, grass = np.asarray(image)[5, 5], np.asarray(image)[170, 5]
    wide = np.asarray(result).astype(int)
    assert np.abs(wide[:60, 240:] - sky).max() < 12 and np.abs(wide[130:, 240:] - grass).max() < 12


def test_what_is_added_is_in_the_new_part(model: DALL_E, landscape: Landscape) -> None:
    image = landscape()
    plain = np.asarray(model.outpaint(image, right=150))
    added = model.outpaint(image, "a cat", right=150, **DRAWN)
    differs_HW = (np.asarray(added) != plain).any(2)
    assert differs_HW[:, 200:].any() and not differs_HW[:, :200].any()


@pytest.mark.parametrize(
    ("margins", "told"),
    [
        ({}, "nothing gets larger"),
        ({"left": -1}, "left must be pixels, such as 100, or a fraction.*-1"),
        ({"top": "9"}, "top must be pixels"),
        ({"right": 16000, "bottom": 12000}, "would get 16200 x 12180 pixels"),
    ],
)
def test_bad_margins_are_said(
    model: DALL_E, margins: dict[str, Any], told: str, landscape: Landscape
) -> None:
    with pytest.raises(ValueError, match=told):
        model.outpaint(landscape(), **margins)


def test_variations_keep_a_part_of_the_tokens(model: DALL_E) -> None:
    source = model("a cat", compose=False, **DRAWN)
    few, more = (
        model.variations(source, strength, num_images=2, seed=8, num_inference_steps=2)
        for strength in (0.1, 1)
    )
    distances = [
        np.abs(np.asarray(each).astype(int) - np.asarray(source)).mean()
        for each in (few[0], more[0])
    ]
    assert len(few) == 2 and 0 < distances[0] < distances[1]
    assert few[0].info["variation_seed"] == "8" and few[1].info["variation_seed"] == "9"


def test_another_picture_is_varied_by_what_it_shows(model: DALL_E, landscape: Landscape) -> None:
    with pytest.raises(ValueError, match="does not say what it shows"):
        model.variations(landscape(), num_images=1)
    varied = model.variations(landscape(), 0.3, prompt="a ball", num_images=1, **DRAWN)
    assert varied[0].size == (32, 32)


@pytest.mark.parametrize("strength", [0, 1.5, -1, True, "0.5"])
def test_bad_strengths_are_said(model: DALL_E, strength: Any, landscape: Landscape) -> None:
    with pytest.raises(ValueError, match="strength must be above 0 and at most 1"):
        model.variations(landscape(), strength, prompt="a ball")


@pytest.mark.parametrize("tile", ["x", "y", "xy"])
def test_a_texture_is_drawn_and_says_so(model: DALL_E, tile: str) -> None:
    image = model("a cat", tile=tile, **DRAWN)
    assert image.info["tile"] == tile
    with pytest.raises(ValueError, match="tile must be one of x, y, xy, got 'z'"):
        model("a cat", tile="z")
