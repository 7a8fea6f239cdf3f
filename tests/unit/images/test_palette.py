"""Colours that are meant, and those of small spots."""

import numpy as np
import pytest

from dall_e.images.colour import oklab
from dall_e.images.palette import (
    inner_pixels,
    is_round,
    main_colours,
    spots,
    straight_oklab,
    with_spots,
)

SHOWN = np.ones((64, 64), dtype=bool)


def plain(colour: tuple[int, int, int], side: int = 64) -> np.ndarray:
    """One colour everywhere, opaque RGBA."""
    image = np.full((side, side, 4), 255, dtype=np.uint8)
    image[..., :3] = colour
    return image


def test_colours_are_straight() -> None:
    half = plain((200, 100, 50)) // 2
    half[..., 3] = 128
    full = straight_oklab(plain((200, 100, 50)))
    assert np.abs(straight_oklab(half) - full).max() < 0.01
    assert straight_oklab(np.zeros((2, 2, 4), dtype=np.uint8))[0, 0] == pytest.approx([0, 0, 0])


def test_inside_is_off_the_border() -> None:
    image = plain((200, 60, 60))
    image[:, 32:, :3] = (60, 60, 200)
    inner = inner_pixels(straight_oklab(image), SHOWN, 1.0)
    assert inner[:, :29].all() and inner[:, 35:].all() and not inner[:, 30:34].any()
    # Of nothing but borders, all counts.
    checks = plain((0, 0, 0))
    checks[..., :3] = 255 * (np.indices((64, 64)).sum(0) % 2)[..., None]
    assert inner_pixels(straight_oklab(checks), SHOWN, 1.0).all()


def test_main_colours_are_few_and_the_most_used_first() -> None:
    rng = np.random.default_rng(0)
    colours = oklab(np.array([[220, 40, 40], [60, 60, 220], [226, 44, 44]], dtype=np.uint8))
    pixels = colours.repeat([300, 900, 300], axis=0) + rng.normal(0, 0.004, (1500, 3))
    found = main_colours(pixels.astype(np.float32), most=14, same=0.06)
    assert len(found) == 2  # both reds are one
    assert np.linalg.norm(found[0] - colours[1]) < 0.01
    assert np.linalg.norm(found[1] - colours[[0, 2]].mean(0)) < 0.01
    assert len(main_colours(pixels.astype(np.float32), most=1, same=0.001)) == 1


def test_spots_are_round_small_and_stand_out() -> None:
    image = plain((200, 200, 200))
    rows, columns = np.indices((64, 64))
    eye = np.hypot(rows - 20, columns - 20) < 4
    faint = np.hypot(rows - 20, columns - 44) < 4
    image[eye, :3], image[faint, :3] = 30, 185
    image[46:50, 4:60, :3] = 185  # a faint line
    cores = spots(straight_oklab(image), SHOWN, 0.5)
    assert set(np.unique(cores)) == {0, 1} and (cores[eye] == 1).mean() > 0.9
    assert not cores[~eye].any()

    palette = oklab(np.array([[200, 200, 200]], dtype=np.uint8))
    grown = with_spots(palette, straight_oklab(image), cores)
    assert len(grown) == 2 and grown[1, 0] < 0.3
    assert len(with_spots(grown, straight_oklab(image), cores)) == 2


def test_round_components() -> None:
    #               left top wide tall area
    stats = np.array([[0, 0, 10, 10, 78], [0, 0, 30, 4, 120], [0, 0, 10, 10, 30]])
    assert is_round(stats).tolist() == [True, False, False]
