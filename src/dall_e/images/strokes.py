"""What the painters of backgrounds share: the ground they report, tones, lines and strokes.

Edges are on the grid of the image tokenizer's tokens, and everything comes in a few variants only:
each variant is then the same few codes in every scene, and a small generator soon draws it cleanly.
Where every edge and every tone was drawn by chance, it did not.

Shapes: S the side in pixels; H W rows and columns of a part; 3 colour channels; N strokes.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dall_e.images.colour import RGB, TARGETS, from_oklab

Canvas = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

TOKEN_SIDE = 8
"""Pixels of an image's side that one token of the image tokenizer stands for."""

WAVES = ((0.7, 0.1), (1.0, 0.6), (1.3, 0.35))
"""Number of turns and start of the curved lines, as fractions of a full wave."""

PUFFS = ((0.0, 0.55), (0.35, 0.8), (0.3, 0.7), (0.0, 0.5))
"""Rise and radius of the discs of a cloud, as fractions of its own radius."""


@dataclass(frozen=True, kw_only=True)
class Ground:
    """Where things stand in a background: the rows, as fractions of the side, for their feet."""

    far: float
    near: float
    sky: float = 0.0
    """Down to here is air, in which things may fly; 0 where there is none."""


def grid_step(size: int) -> float:
    """Fraction of the side between two tokens.

    In images of few tokens it is finer than they are, which would leave no choice.
    """
    return min(TOKEN_SIDE / size, 1 / 8)


def line_between(least: float, most: float, size: int, rng: random.Random) -> float:
    """Draw a height or a column between two fractions of the side, where a token ends."""
    step = grid_step(size)
    return round(rng.uniform(least, most) / step) * step


# Tones


def shade(colour: str, pale: float = 0.0) -> RGB:
    """The tone of a colour word; `pale` 1 is white."""
    lightness, chroma, hue = TARGETS[colour]
    lightness, chroma = lightness + (0.97 - lightness) * pale, chroma * (1 - 0.7 * pale)
    angle = np.radians(hue)
    lab = np.array([[lightness, chroma * np.cos(angle), chroma * np.sin(angle)]], dtype=np.float32)
    red, green, blue = from_oklab(lab)[0].tolist()
    return red, green, blue


def vary(colour: RGB, rng: random.Random, amount: float = 10) -> RGB:
    """A colour as it is, or a little lighter or darker."""
    step = rng.choice((-amount, 0.0, amount))
    red, green, blue = (min(255.0, max(0.0, value + step)) for value in colour)
    return red, green, blue


def times(colour: RGB, factor: float) -> RGB:
    """A colour made darker, or lighter, by a factor."""
    red, green, blue = colour
    return red * factor, green * factor, blue * factor


# Areas, True inside


def wave(size: int, base: float, height: float, rng: random.Random) -> Mask:
    """Below a curved line around `base`: hills, dunes, the edge of water."""
    column_S = np.arange(size) / size
    turns, start = rng.choice(WAVES)
    line_S = base + height * np.sin(2 * np.pi * (column_S * turns + start))
    return np.asarray(np.arange(size)[:, None] >= line_S * size)


def oval(size: int, x: float, y: float, across: float, down: float) -> Mask:
    """Inside an ellipse around a point; `across` and `down` are its half axes."""
    down_S1, across_S = np.arange(size)[:, None] / size - y, np.arange(size) / size - x
    return np.asarray((down_S1 * (across / down)) ** 2 + across_S**2 < across**2)


# Strokes


def fade(part_HW3: Canvas, top: RGB, bottom: RGB) -> None:
    """Fill a part with a gradient from its top row to its bottom row."""
    fraction_H1 = np.linspace(0, 1, max(len(part_HW3), 1))[: len(part_HW3), None]
    rows_H3 = np.array(top) + fraction_H1 * (np.array(bottom) - np.array(top))
    part_HW3[:] = (rows_H3 + 0.5).clip(0, 255).astype(np.uint8)[:, None]


def dots(part_HW3: Canvas, count: int, colour: RGB, height: int = 1) -> None:
    """Paint small upright strokes of one colour, always at the same scattered places."""
    rows, columns = part_HW3.shape[:2]
    if rows <= height or count < 1:
        return
    source = np.random.default_rng((count, round(colour[0])))
    row_N, column_N = source.integers(0, rows - height, count), source.integers(0, columns, count)
    for step in range(height):
        part_HW3[row_N + step, column_N] = colour


def blue_sky(part_HW3: Canvas, rng: random.Random) -> None:
    """Fill a part with the sky of a fine day."""
    fade(part_HW3, vary((96, 176, 240), rng, 14), vary((205, 232, 252), rng, 8))


def cloud(canvas_SS3: Canvas, x: float, y: float, radius: float, colour: RGB) -> None:
    """Paint four discs in a row, flat below."""
    size = len(canvas_SS3)
    above_S1 = np.arange(size)[:, None] / size < y + 0.3 * radius
    for step, (rise, fraction) in enumerate(PUFFS):
        middle, puff = x + (step - 1.5) * 0.7 * radius, fraction * radius
        canvas_SS3[oval(size, middle, y - rise * radius, puff, puff) & above_S1] = colour


def panes(block_HW3: Canvas, side: int, colour: RGB) -> None:
    """Paint rows of windows onto the front of a house, each `side` wide and twice as high."""
    height, width = block_HW3.shape[:2]
    for top in range(2 * side, height - 2 * side, 4 * side):
        for left in range(side, width - side, 3 * side):
            block_HW3[top : top + 2 * side, left : left + side] = colour
