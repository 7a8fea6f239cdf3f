"""The colour word of an image: the one that fits most of it, or none."""

import numpy as np
import pytest

from dall_e.images.colour_words import main_colour_word


@pytest.mark.parametrize(
    ("rgb", "word"),
    [
        ((230, 30, 30), "red"),
        ((250, 150, 30), "orange"),
        ((250, 220, 40), "yellow"),
        ((60, 170, 60), "green"),
        ((40, 90, 220), "blue"),
        ((130, 60, 200), "purple"),
        ((250, 130, 180), "pink"),
        ((110, 70, 40), "brown"),
        ((250, 250, 250), "white"),
        ((130, 130, 130), "grey"),
        ((10, 10, 10), "black"),
    ],
)
def test_colour_words(rgb: tuple[int, int, int], word: str) -> None:
    image = np.full((4, 8, 8), 255, dtype=np.uint8)
    image[:3] = np.array(rgb, dtype=np.uint8)[:, None, None]
    assert main_colour_word(image) == word
    image[:3, :, :4] = np.array((40, 200, 90), dtype=np.uint8)[:, None, None]
    assert main_colour_word(image) in ("", "green")  # half of it is green now


def test_what_hardly_shows_has_no_colour() -> None:
    image = np.zeros((4, 8, 8), dtype=np.uint8)
    image[:, 0, :2] = np.array((200, 0, 0, 200), dtype=np.uint8)[:, None]
    assert main_colour_word(image) == ""
    image[:, 0, :3] = np.array((200, 0, 0, 200), dtype=np.uint8)[:, None]
    assert main_colour_word(image) == "red"


def test_black_is_an_outline_unless_there_is_little_else() -> None:
    image = np.full((4, 10, 10), 255, dtype=np.uint8)
    image[:3] = 0
    assert main_colour_word(image) == "black"
    image[0, :, :4] = 230
    assert main_colour_word(image) == "red"
    image[0, :, 2:4] = 0
    assert main_colour_word(image) == ""
