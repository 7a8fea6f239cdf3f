"""Putting things onto the canvas of a composed scene: cut-outs, and the few marks that are drawn by
hand.

Shapes: S the side of the canvas, H W rows and columns of a part, C 4 channels (premultiplied RGBA).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from dall_e.images.backgrounds import Colour
from dall_e.scenes.layout import Place

Canvas = npt.NDArray[np.uint8]


def paste(canvas_SSC: Canvas, sprite_HWC: Canvas, place: Place) -> None:
    """Put a premultiplied picture over the canvas, its middle at the place's; what sticks out is
    cut off."""
    size = len(canvas_SSC)
    height, width = sprite_HWC.shape[:2]
    left, top = round(place.x * size - width / 2), round(place.y * size - height / 2)
    rows = slice(max(top, 0), min(top + height, size))
    columns = slice(max(left, 0), min(left + width, size))
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return  # All of it sticks out.
    part_HWC = sprite_HWC[
        rows.start - top : rows.stop - top, columns.start - left : columns.stop - left
    ]
    under_HWC = canvas_SSC[rows, columns]
    through_HW1 = 255 - part_HWC[..., 3:].astype(np.uint16)
    under_HWC[:] = np.minimum(part_HWC + (under_HWC * through_HW1 + 127) // 255, 255).astype(
        np.uint8
    )


def paste_outline(canvas_SSC: Canvas, sprite_HWC: Canvas, place: Place) -> None:
    """A thin grey edge, so that white is seen on white."""
    alpha_HW = np.pad(sprite_HWC[..., 3], 1)
    grown_HW = alpha_HW.copy()
    for axis in (0, 1):
        for step in (-1, 1):
            np.maximum(grown_HW, np.roll(alpha_HW, step, axis), out=grown_HW)
    edge_HW1 = grown_HW[..., None].astype(np.float32) * 0.75
    edge_HWC = np.concatenate([edge_HW1 * (0.56, 0.57, 0.6), edge_HW1], axis=-1)
    paste(canvas_SSC, edge_HWC.astype(np.uint8), place)


def paste_shadow(canvas_SSC: Canvas, place: Place) -> None:
    """A soft flat ellipse where a thing touches the ground."""
    size = len(canvas_SSC)
    width, height = max(4, round(place.width * 0.9 * size)), max(3, round(place.width * 0.2 * size))
    across, down = (np.linspace(-1, 1, number) for number in (width, height))
    dark_HW1 = (0.36 * (1 - across**2 - down[:, None] ** 2)).clip(0, 1)[..., None]
    shadow_HWC = np.concatenate([np.zeros((height, width, 3)), dark_HW1 * 255], axis=-1).astype(
        np.uint8
    )
    low = Place(
        index=place.index, x=place.x, y=place.bottom - 0.01, width=place.width, height=height / size
    )
    paste(canvas_SSC, shadow_HWC, low)


def letter_z(side: int = 64) -> Canvas:
    """A letter Z, blue with a white edge, to be seen on any background; uint8 [side, side, 4],
    premultiplied."""
    image = Image.new("RGBA", (side, side))
    pen = ImageDraw.Draw(image)
    line = [(14, 14), (50, 14), (14, 50), (50, 50)]
    for colour, width in (((255, 255, 255, 255), 20), ((58, 92, 190, 255), 10)):
        pen.line(line, fill=colour, width=width, joint="curve")
        for x, y in (line[0], line[-1]):
            pen.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=colour)
    return np.array(image.convert("RGBa"))


def paste_shape(canvas_SSC: Canvas, name: str, colour: Colour, place: Place) -> None:
    """A filled circle or square."""
    side = round(place.width * len(canvas_SSC))
    across = np.abs(np.arange(side) - (side - 1) / 2) / (side / 2)
    distance_HW = (
        np.hypot(across[:, None], across)
        if name == "circle"
        else np.maximum(across[:, None], across)
    )
    alpha_HW1 = ((1 - distance_HW) * side / 2 + 0.5).clip(0, 1)[..., None]
    paste(canvas_SSC, (alpha_HW1 * np.array([*colour, 255.0]) + 0.5).astype(np.uint8), place)
