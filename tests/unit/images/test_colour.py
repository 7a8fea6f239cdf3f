"""Recolouring hits the colour it names, and leaves alone what is not of the main colour."""

import math

import numpy as np
import numpy.typing as npt
import pytest

from dall_e.images.colour import (
    TARGETS,
    MainColour,
    colour_word,
    from_oklab,
    largest_colour,
    main_colour,
    oklab,
    recoloured,
)


def drawing(colour: tuple[int, int, int] = (214, 120, 40)) -> npt.NDArray[np.uint8]:
    """Two shades of one colour, a black and a white spot, a half transparent edge; uint8 [24, 24,
    4], premultiplied."""
    result = np.zeros((24, 24, 4), dtype=np.uint8)
    result[2:22, 2:22] = (*colour, 255)
    result[14:22, 2:22, :3] = [round(value * 0.85) for value in colour]
    result[5:7, 5:7, :3], result[5:7, 15:17, :3] = 8, 250
    result[2:22, 22] = [*(value // 2 for value in colour), 127]
    return result


def polar(rgb_P3: npt.NDArray[np.uint8]) -> tuple[float, float, float]:
    """Median lightness and chroma, and hue in degrees of the mean."""
    lab_P3 = oklab(rgb_P3)
    chroma = float(np.median(np.hypot(lab_P3[:, 1], lab_P3[:, 2])))
    hue = math.degrees(math.atan2(float(lab_P3[:, 2].mean()), float(lab_P3[:, 1].mean()))) % 360
    return float(np.median(lab_P3[:, 0])), chroma, hue


def test_oklab_of_known_colours() -> None:
    # From the colour space's own description: white is (1, 0, 0), sRGB red about (0.628, 0.225,
    # 0.126).
    lab = oklab(np.array([[255, 255, 255], [255, 0, 0], [0, 0, 0]], dtype=np.uint8))
    assert lab == pytest.approx(np.array([[1, 0, 0], [0.628, 0.2249, 0.1258], [0, 0, 0]]), abs=2e-3)


def test_oklab_and_back() -> None:
    colours = np.random.default_rng(0).integers(0, 256, (200, 3)).astype(np.uint8)
    assert np.abs(from_oklab(oklab(colours)) - colours).max() < 2.5


@pytest.mark.parametrize("colour", TARGETS)
@pytest.mark.parametrize("start", [(214, 120, 40), (40, 90, 210), (150, 150, 152)])
def test_the_main_colour_becomes_the_target(colour: str, start: tuple[int, int, int]) -> None:
    before = drawing(start)
    main = main_colour(before)
    assert main is not None and main.grey == (start == (150, 150, 152))
    after = recoloured(before, main, colour)
    lightness, chroma, hue = polar(after[8:13, 3:21, :3].reshape(-1, 3))
    target_lightness, target_chroma, target_hue = TARGETS[colour]
    assert abs(lightness - target_lightness) < 0.08
    if target_chroma > 0.03:
        assert abs((hue - target_hue + 180) % 360 - 180) < 14
        assert chroma > 0.6 * target_chroma
    else:
        assert chroma < 0.03
    # Shading stays: what was darker is darker.
    darker = polar(after[16:21, 3:21, :3].reshape(-1, 3))[0]
    assert darker < lightness - 0.01


def test_spots_edges_and_transparency_stay() -> None:
    before = drawing()
    main = main_colour(before)
    assert main is not None
    after = recoloured(before, main, "blue")
    assert np.abs(after[5:7, 5:7].astype(int) - before[5:7, 5:7]).max() <= 3
    assert np.abs(after[5:7, 15:17].astype(int) - before[5:7, 15:17]).max() <= 3
    assert np.array_equal(after[..., 3], before[..., 3])
    assert (after[..., :3] <= after[..., 3:]).all()
    assert (after[:2] == 0).all()


def test_many_colours_have_no_main_one() -> None:
    striped = drawing()
    striped[2:22, 2:8, :3], striped[2:22, 8:16, :3] = (20, 160, 40), (30, 60, 220)
    assert main_colour(striped) is None
    assert main_colour(np.zeros((8, 8, 4), dtype=np.uint8)) is None


def test_the_largest_part_has_a_colour_whatever_else_is_there() -> None:
    """A yellow house with a grey roof is yellow, a black bird with a red beak black."""

    def half_and_half(first: tuple[int, int, int], second: tuple[int, int, int]) -> str:
        both = np.zeros((20, 20, 4), dtype=np.uint8)
        both[2:18, 2:12], both[2:18, 12:18] = (*first, 255), (*second, 255)
        largest = largest_colour(both)
        assert largest is not None
        return colour_word(largest)

    assert half_and_half((250, 215, 60), (120, 122, 126)) == "yellow"
    assert half_and_half((30, 30, 32), (214, 30, 40)) == "black"
    assert half_and_half((20, 160, 40), (30, 60, 220)) == "green"
    assert largest_colour(np.zeros((8, 8, 4), dtype=np.uint8)) is None
    wheels = np.zeros((20, 20, 4), dtype=np.uint8)
    wheels[2:14, 2:18], wheels[14:18, 2:18] = (150, 150, 152, 255), (20, 20, 20, 255)
    largest = largest_colour(wheels)
    assert largest is not None and largest.grey and colour_word(largest) == "grey"


def test_unknown_colours_are_named() -> None:
    with pytest.raises(ValueError, match="'mauve' is none of red"):
        recoloured(drawing(), MainColour(lightness=0.5, chroma=0.1, hue=30, grey=False), "mauve")


@pytest.mark.parametrize(
    ("colour", "word"),
    [
        ((214, 30, 40), "red"),
        ((40, 90, 220), "blue"),
        ((250, 250, 250), "white"),
        ((25, 25, 25), "black"),
        ((110, 70, 45), "brown"),
        ((150, 150, 152), "grey"),
        ((226, 190, 160), ""),
        ((60, 190, 190), ""),
    ],
)
def test_a_colour_has_a_word_only_where_it_is_plain(
    colour: tuple[int, int, int], word: str
) -> None:
    plain = np.zeros((8, 8, 4), dtype=np.uint8)
    plain[2:6, 2:6] = (*colour, 255)
    main = main_colour(plain)
    assert main is not None and colour_word(main) == word
