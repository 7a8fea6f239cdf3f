"""Pictures in rows of one thing: cross-stitch, knitting, toy bricks; and embroidery.

Each takes a painted picture, uint8 [S, S, C] premultiplied, and returns its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import cv2
import numpy as np

from dall_e.images.effects.pixel_art import cells_of
from dall_e.images.effects.prints import across
from dall_e.images.effects.segments import Segments, over
from dall_e.images.effects.texture import Floats, UInt8, finished, noise, shading


class Stamp(NamedTuple):
    """How one cell looks, [cell, cell] each."""

    light_cc: Floats
    """How bright each of its pixels is."""
    cover_cc: Floats
    """Where its colour lies, in [0, 1]."""


def _in_cells(
    image_SSC: UInt8,
    rng: np.random.Generator,
    grid: int,
    look: Callable[[int], Stamp],
    base: tuple[float, float, float],
) -> tuple[Floats, Floats]:
    """Return colours [S, S, 3] and what is shown [S, S]; `base` is the colour of an empty cell."""
    side = len(image_SSC)
    cell = max(round(side / grid), 1)
    cells_GG, palette_K3 = cells_of(image_SSC, rng, cell)
    colours = np.concatenate((palette_K3 / 255.0, np.array([base]))).astype(np.float32)
    count = len(cells_GG)
    tint_GG1 = 1 + 0.03 * rng.standard_normal((count, count, 1)).astype(np.float32)
    large_SS3 = np.kron(colours[cells_GG] * tint_GG1, np.ones((cell, cell, 1)))
    stamp = look(cell)
    light_SS, cover_SS = (np.tile(part, (count, count)) for part in stamp)
    colour_SS3 = over(np.array(base) * 0.93, large_SS3 * light_SS[..., None], cover_SS)
    shown_SS = np.kron(cells_GG >= 0, np.ones((cell, cell)))
    return colour_SS3[:side, :side].astype(np.float32), shown_SS[:side, :side].astype(np.float32)


def _drawn_large(cell: int, draw: Callable[[Any, int], None]) -> Floats:
    """A picture of a cell, drawn eight times as large and reduced."""
    large = np.zeros((8 * cell, 8 * cell), dtype=np.float32)
    draw(large, 8 * cell)
    return np.asarray(cv2.resize(large, (cell, cell), interpolation=cv2.INTER_AREA))


def _cross(cell: int) -> Stamp:
    """Two threads across each other."""

    def threads(canvas: Any, s: int) -> None:
        low, high, thick = int(0.16 * s), int(0.84 * s), max(int(0.27 * s), 1)
        cv2.line(canvas, (low, low), (high, high), 0.82, thick)
        cv2.line(canvas, (low, high), (high, low), 1.0, thick)

    light_cc = _drawn_large(cell, threads)
    cover_cc = np.clip(light_cc * 1.6, 0, 1)
    return Stamp(np.clip(light_cc / np.maximum(cover_cc, 0.3), 0.5, 1.05), cover_cc)


def _loop(cell: int) -> Stamp:
    """A stitch of knitting: two halves of a V."""

    def halves(canvas: Any, s: int) -> None:
        canvas[:] = 0.56
        for start in (-s, 0, s):
            for x, light in ((0.27, 1.06), (0.73, 0.94)):
                middle = (int(x * s), int(start + 0.5 * s))
                turn = 58 if x < 0.5 else 122
                cv2.ellipse(canvas, middle, (int(0.62 * s), int(0.22 * s)), turn, 0, 360, light, -1)

    return Stamp(_drawn_large(cell, halves), np.ones((cell, cell), dtype=np.float32))


def _brick(cell: int) -> Stamp:
    """A toy brick with one stud."""

    def stud(canvas: Any, s: int) -> None:
        canvas[:] = 0.97
        edge = max(s // 16, 1)
        canvas[:edge], canvas[:, :edge] = 1.07, 1.05
        canvas[-edge:], canvas[:, -edge:] = 0.78, 0.84
        middle, radius = s // 2, int(0.3 * s)
        cv2.circle(canvas, (middle + s // 14, middle + s // 11), radius, 0.76, -1)
        cv2.circle(canvas, (middle, middle), radius, 1.1, -1)
        cv2.circle(canvas, (middle + s // 40, middle + s // 40), int(0.86 * radius), 1.01, -1)

    return Stamp(_drawn_large(cell, stud), np.ones((cell, cell), dtype=np.float32))


def cross_stitch(image_SSC: UInt8, rng: np.random.Generator, *, ground: bool) -> UInt8:
    """Return crosses of thread; `ground` is the linen around them."""
    linen = (0.95, 0.93, 0.88)
    colour_SS3, shown_SS = _in_cells(image_SSC, rng, 55, _cross, linen)
    side = len(image_SSC)
    weave_SS = 1 + 0.05 * (np.indices((side, side)).sum(0) % 2) + 0.02 * noise(side, 2, rng)
    colour_SS3 = np.where(shown_SS[..., None] > 0, colour_SS3, np.array(linen) * 0.97)
    return finished(colour_SS3 * weave_SS[..., None], 1.0 if ground else shown_SS)


def knitting(image_SSC: UInt8, rng: np.random.Generator, *, ground: bool) -> UInt8:
    """Return loops of wool; `ground` knits on around the thing."""
    colour_SS3, shown_SS = _in_cells(image_SSC, rng, 48, _loop, (0.93, 0.9, 0.84))
    fuzz_SS = 1 + 0.05 * noise(len(image_SSC), 1.6, rng)
    return finished(colour_SS3 * fuzz_SS[..., None], 1.0 if ground else shown_SS)


def toy_bricks(image_SSC: UInt8, rng: np.random.Generator, *, ground: bool) -> UInt8:
    """Return bricks with studs; `ground` is the plate they are on."""
    green, blue = (0.42, 0.68, 0.36), (0.5, 0.74, 0.93)
    sums_3 = image_SSC[..., :3].reshape(-1, 3).sum(0, dtype=np.int64)
    plate = blue if sums_3.argmax() == 1 else green
    colour_SS3, shown_SS = _in_cells(image_SSC, rng, 38, _brick, plate)
    return finished(colour_SS3, 1.0 if ground else shown_SS)


def embroidery(image_SSC: UInt8, rng: np.random.Generator, *, ground: bool) -> UInt8:
    """Return areas filled with threads, which shine along their way, on cloth."""
    segments = Segments(image_SSC, rng)
    side = segments.side
    angles_K = (0.6 + 0.9 * np.arange(len(segments.lab_K3))) % np.pi
    angle_SS = segments.spread(angles_K)
    along_SS = across(side, angle_SS) + 0.7 * noise(side, 30, rng)
    thread_SS = np.sqrt(np.clip(1 - (2 * (along_SS / 3.4 % 1) - 1) ** 2, 0, 1))
    ends_SS = across(side, angle_SS + np.pi / 2) / 26 + 7.3 * np.floor(along_SS / 3.4) % 1
    shine_SS = 0.9 + 0.2 * np.sin(2 * np.pi * ends_SS) ** 2
    light_SS = (0.66 + 0.38 * thread_SS) * shine_SS - 0.12 * shading(segments.alpha_SS)
    colour_SS3 = segments.flat_SS3 * light_SS[..., None]

    # The outline is a cord in a darker colour.
    rim_SS = segments.lines(1.2, 0.0)
    colour_SS3 = over(colour_SS3, colour_SS3 * 0.62, rim_SS * 0.8)
    if not ground:
        return finished(colour_SS3, segments.alpha_SS)
    rows, columns = np.indices((side, side))
    weave_SS = 0.97 + 0.035 * ((rows // 2 + columns // 2) % 2) + 0.02 * noise(side, 3, rng)
    weave_SS = weave_SS * (1 - 0.4 * segments.shadow(1.5, 2.5, 2.2))
    cloth_SS3 = np.array([0.94, 0.91, 0.85]) * weave_SS[..., None]
    return finished(over(cloth_SS3, colour_SS3, segments.alpha_SS), 1.0)
