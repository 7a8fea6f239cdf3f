"""Sheets: room for every image and caption, and lines that fit."""

import numpy as np
from PIL import Image

from dall_e.images import sheets


def random_rgba(side: int) -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 256, (side, side, 4), dtype=np.uint8)
    return Image.fromarray(pixels, "RGBA")


def test_a_sheet_has_room_for_every_picture_and_caption() -> None:
    sheet = sheets.contact_sheet(
        [random_rgba(32)] * 5, ["short", "a caption of many words " * 3, "", "x", "y"], columns=3
    )
    assert sheet.size[0] >= 3 * 32 and sheet.size[1] >= 2 * 32 + 15
    assert sheets.make_grid([random_rgba(32)] * 4).size == (72 + 4, 72 + 4)
