"""Putting things onto the canvas of a composed scene, and the few marks that are drawn by hand.

Shapes: S the side of the canvas, H W rows and columns of a part, C 4 channels (premultiplied RGBA).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from dall_e.images.colour import RGB

Canvas = npt.NDArray[np.uint8]

Z_STROKES = (((255, 255, 255, 255), 20), ((58, 92, 190, 255), 10))
"""Colour and width of the lines of a letter Z: a white edge, then blue."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """The box of one thing on a canvas; lengths are fractions of the canvas's side."""

    index: int
    """Which object of the scene."""
    x: float
    y: float
    """Its middle; y grows downwards."""
    width: float
    height: float
    angle: float = 0.0
    """Degrees against the clock."""
    shadow: bool = False
    """Whether it stands on ground, at its lower edge."""

    @property
    def top(self) -> float:
        """The upper edge."""
        return self.y - self.height / 2

    @property
    def bottom(self) -> float:
        """The lower edge."""
        return self.y + self.height / 2


def resized(sprite_HWC: Canvas, width: int, height: int, angle: float = 0.0) -> Canvas:
    """A premultiplied image at another size, uint8, turned by `angle` degrees against the clock.

    Sizes are resampled with Lanczos. A turned image is a little larger than asked, as its corners
    need room.
    """
    sprite_HWC = np.ascontiguousarray(sprite_HWC)
    size = (sprite_HWC.shape[1], sprite_HWC.shape[0])
    image = Image.frombuffer("RGBa", size, sprite_HWC.tobytes(), "raw", "RGBa", 0, 1)

    new_size = (max(width, 1), max(height, 1))
    image = image.resize(new_size, Image.Resampling.LANCZOS, reducing_gap=2.0)

    # PIL turns no premultiplied image, but four bands of whatever meaning.
    if angle:
        turned = Image.frombytes("RGBA", image.size, image.tobytes())
        image = turned.rotate(angle, Image.Resampling.BICUBIC, expand=True)

    # Lanczos overshoots beside edges; colour above alpha would be brighter than white.
    result_HWC = np.array(image)
    result_HWC[..., :3] = np.minimum(result_HWC[..., :3], result_HWC[..., 3:])
    return result_HWC


def in_square(sprite_HWC: Canvas) -> Canvas:
    """Return a sprite in the middle of an empty square as large as its longer side, [S, S, C]."""
    height, width, channels = sprite_HWC.shape
    side = max(height, width)
    square_SSC = np.zeros((side, side, channels), dtype=np.uint8)
    top, left = (side - height) // 2, (side - width) // 2
    square_SSC[top : top + height, left : left + width] = sprite_HWC
    return square_SSC


def paste(canvas_SSC: Canvas, sprite_HWC: Canvas, place: Place) -> None:
    """Put a premultiplied image over the canvas, its middle at the place's.

    What sticks out of the canvas is cut off.
    """
    size = len(canvas_SSC)
    height, width = sprite_HWC.shape[:2]
    left, top = round(place.x * size - width / 2), round(place.y * size - height / 2)

    rows = slice(max(top, 0), min(top + height, size))
    columns = slice(max(left, 0), min(left + width, size))
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return  # all of it sticks out

    part_HWC = sprite_HWC[rows.start - top :, columns.start - left :]
    part_HWC = part_HWC[: rows.stop - rows.start, : columns.stop - columns.start]

    # Porter and Duff's "over": what is below shows as far as the part is transparent.
    below_HWC = canvas_SSC[rows, columns]
    through_HW1 = 255 - part_HWC[..., 3:].astype(np.uint16)
    over_HWC = part_HWC + (below_HWC * through_HW1 + 127) // 255
    below_HWC[:] = np.minimum(over_HWC, 255).astype(np.uint8)


def paste_outline(canvas_SSC: Canvas, sprite_HWC: Canvas, place: Place) -> None:
    """Put a thin grey edge around where an image will be, so that white is seen on white."""
    alpha_HW = np.pad(sprite_HWC[..., 3], 1)
    grown_HW = alpha_HW.copy()
    for axis in (0, 1):
        for step in (-1, 1):
            np.maximum(grown_HW, np.roll(alpha_HW, step, axis), out=grown_HW)

    edge_HW1 = grown_HW[..., None].astype(np.float32) * 0.75
    edge_HWC = np.concatenate([edge_HW1 * (0.56, 0.57, 0.6), edge_HW1], axis=-1)
    paste(canvas_SSC, edge_HWC.astype(np.uint8), place)


def paste_shadow(canvas_SSC: Canvas, place: Place) -> None:
    """Put a soft flat ellipse where a thing touches the ground."""
    size = len(canvas_SSC)
    width, height = max(4, round(place.width * 0.9 * size)), max(3, round(place.width * 0.2 * size))

    across_W, down_H = np.linspace(-1, 1, width), np.linspace(-1, 1, height)
    dark_HW1 = (0.36 * (1 - across_W**2 - down_H[:, None] ** 2)).clip(0, 1)[..., None]
    shadow_HWC = np.concatenate([np.zeros((height, width, 3)), dark_HW1 * 255], axis=-1)

    low = Place(
        index=place.index, x=place.x, y=place.bottom - 0.01, width=place.width, height=height / size
    )
    paste(canvas_SSC, shadow_HWC.astype(np.uint8), low)


def paste_shape(canvas_SSC: Canvas, name: str, colour: RGB, place: Place) -> None:
    """Put a filled "circle" or "square"."""
    side = round(place.width * len(canvas_SSC))
    across_S = np.abs(np.arange(side) - (side - 1) / 2) / (side / 2)
    if name == "circle":
        distance_SS = np.hypot(across_S[:, None], across_S)
    else:
        distance_SS = np.maximum(across_S[:, None], across_S)

    alpha_SS1 = ((1 - distance_SS) * side / 2 + 0.5).clip(0, 1)[..., None]
    shape_SSC = alpha_SS1 * np.array([*colour, 255.0]) + 0.5
    paste(canvas_SSC, shape_SSC.astype(np.uint8), place)


def letter_z(side: int = 64) -> Canvas:
    """A letter Z to be seen on any background, uint8 [side, side, 4], premultiplied."""
    image = Image.new("RGBA", (side, side))
    pen = ImageDraw.Draw(image)
    line = [(14, 14), (50, 14), (14, 50), (50, 50)]
    for colour, width in Z_STROKES:
        pen.line(line, fill=colour, width=width, joint="curve")
        # The ends are round.
        for x, y in (line[0], line[-1]):
            pen.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=colour)
    return np.array(image.convert("RGBa"))
