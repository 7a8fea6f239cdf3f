"""Backgrounds: every place can be painted at every size, with ground to stand on where it has
one."""

import random

import numpy as np
import pytest

from dall_e.images.backgrounds import background
from dall_e.scenes.graph import BACKGROUNDS


@pytest.mark.parametrize("name", BACKGROUNDS)
@pytest.mark.parametrize("size", [16, 64, 97])
def test_places_fill_the_canvas_and_repeat(name: str, size: int) -> None:
    for seed in range(6):
        painted, ground = background(name, size, random.Random(seed), "red")
        assert painted.shape == (size, size, 3) and painted.dtype == np.uint8
        assert np.array_equal(painted, background(name, size, random.Random(seed), "red")[0])
        if name in ("plain", "gradient"):
            assert ground is None
        else:
            assert ground is not None and ground.sky < ground.far < ground.near < 1
    images = [background(name, size, random.Random(seed), "red")[0] for seed in range(6)]
    # One tone for each colour word; everything else comes in several variants.
    assert any(not np.array_equal(images[0], other) for other in images[1:]) == (name != "plain")


def mean(name: str, rows: slice) -> np.ndarray:  # type: ignore[type-arg]
    """Mean colour of some rows, over many seeds."""
    parts = [background(name, 64, random.Random(seed), "yellow")[0][rows] for seed in range(20)]
    return np.asarray(np.concatenate(parts).reshape(-1, 3).mean(0))


def test_places_have_the_colours_of_what_they_are() -> None:
    top, bottom = slice(0, 12), slice(56, 64)
    red, green, blue = mean("grass", bottom)
    assert green > red + 30 and green > blue + 30
    assert mean("grass", top)[2] > mean("grass", top)[0] + 50
    assert mean("snow", bottom).min() > 220
    assert mean("night", top).max() < 120
    red, green, blue = mean("desert", bottom)
    assert red > green > blue
    assert np.ptp(mean("road", bottom)) < 25
    red, green, blue = mean("plain", bottom)
    assert red > 180 and green > 150 and blue < 120
