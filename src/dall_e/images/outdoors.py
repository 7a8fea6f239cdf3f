"""Backgrounds under the sky: land, water, weather and space.

Each function paints a whole canvas uint8 [S, S, 3] and returns where its ground is, None if it has
none. Lengths are fractions of the side S.
"""

from __future__ import annotations

import random

from dall_e.images.strokes import (
    Canvas,
    Ground,
    blue_sky,
    dots,
    fade,
    line_between,
    times,
    vary,
    wave,
)


def paint_grass(canvas_SS3: Canvas, rng: random.Random) -> Ground:
    """A meadow, now and then with hills behind it."""
    size = len(canvas_SS3)
    line = line_between(0.42, 0.6, size, rng)
    blue_sky(canvas_SS3, rng)
    if rng.random() < 0.5:
        hill_green = vary((120, 190, 100), rng)
        canvas_SS3[wave(size, line - 0.06, 0.05, rng)] = hill_green

    meadow = canvas_SS3[round(line * size) :]
    green = vary((104, 186, 72), rng, 16)
    fade(meadow, green, times(green, 0.8))

    blade = max(2, size // 40)
    red, yellow_green, blue = times(green, 1.1)
    dots(meadow, size // 3, times(green, 0.8), blade)
    dots(meadow, size // 3, (min(red, 255), min(yellow_green, 255), blue), blade)
    return Ground(far=line + 0.14, near=0.95, sky=line - 0.02)


def paint_beach(canvas_SS3: Canvas, rng: random.Random) -> Ground:
    """Sand in front of a blue sea."""
    size = len(canvas_SS3)
    horizon = line_between(0.34, 0.46, size, rng)
    shore = horizon + 0.17
    blue_sky(canvas_SS3, rng)

    sea = canvas_SS3[round(horizon * size) :]
    fade(sea, vary((28, 118, 190), rng), vary((90, 200, 215), rng))
    canvas_SS3[wave(size, shore - 0.02, 0.02, rng)] = (236, 248, 250)

    sand = vary((240, 214, 158), rng, 8)
    canvas_SS3[wave(size, shore + 0.015, 0.015, rng)] = sand
    grains = (sand[0] * 0.9, sand[1] * 0.88, sand[2] * 0.85)
    dots(canvas_SS3[round((shore + 0.05) * size) :], size // 2, grains)
    return Ground(far=shore + 0.16, near=0.95, sky=horizon - 0.02)


def paint_night(canvas_SS3: Canvas, rng: random.Random) -> Ground:
    """Dark land under stars."""
    size = len(canvas_SS3)
    line = line_between(0.66, 0.76, size, rng)
    fade(canvas_SS3, vary((14, 18, 52), rng, 6), vary((52, 60, 118), rng, 8))
    dots(canvas_SS3[: round(line * size)], size // 3, (255, 252, 220))
    dots(canvas_SS3[: round(0.9 * line * size)], size // 12, (255, 252, 235), 2)

    land = wave(size, line, 0.03, rng)
    canvas_SS3[land] = vary((34, 62, 56), rng, 8)
    return Ground(far=line + 0.12, near=0.95, sky=line - 0.05)


def paint_snow(canvas_SS3: Canvas, rng: random.Random) -> Ground:
    """A white plain under falling snow."""
    size = len(canvas_SS3)
    line = line_between(0.48, 0.6, size, rng)
    fade(canvas_SS3, vary((128, 170, 214), rng), vary((196, 216, 236), rng, 8))

    white = vary((222, 233, 245), rng, 4)
    canvas_SS3[wave(size, line - 0.03, 0.04, rng)] = white
    canvas_SS3[wave(size, line + 0.04, 0.02, rng)] = (246, 249, 254)

    air = canvas_SS3[: round(line * size)]
    dots(air, size // 2, (255, 255, 255), max(1, size // 64))
    dots(air[:, :-1], size // 5, (255, 255, 255), 2)
    return Ground(far=line + 0.18, near=0.95, sky=line - 0.05)


def paint_desert(canvas_SS3: Canvas, rng: random.Random) -> Ground:
    """Three dunes, one behind the other."""
    size = len(canvas_SS3)
    line = line_between(0.46, 0.58, size, rng)
    fade(canvas_SS3, vary((120, 190, 236), rng), vary((253, 226, 178), rng, 8))
    for step, colour in enumerate(((222, 166, 96), (232, 182, 110), (240, 198, 128))):
        sand = vary(colour, rng, 5)
        canvas_SS3[wave(size, line + 0.09 * step, 0.05, rng)] = sand
    return Ground(far=line + 0.24, near=0.95, sky=line - 0.08)


def paint_road(canvas_SS3: Canvas, rng: random.Random) -> Ground:
    """A road across the picture, with a dashed line in its middle."""
    size = len(canvas_SS3)
    line = line_between(0.5, 0.6, size, rng)
    blue_sky(canvas_SS3, rng)

    verge, top = round(line * size), round((line + 0.06) * size)
    canvas_SS3[verge:top] = vary((112, 182, 84), rng, 14)
    canvas_SS3[top:] = vary((98, 102, 110), rng, 10)
    canvas_SS3[top : top + max(1, size // 64)] = (206, 208, 210)

    middle, thick, dash = round((line + 1.06) / 2 * size), max(2, size // 32), size // 5
    for left in range(-(dash // 2), size, dash):
        columns = slice(max(left, 0), max(left + dash * 3 // 5, 0))
        canvas_SS3[middle : middle + thick, columns] = (244, 240, 226)
    return Ground(far=line + 0.22, near=0.94, sky=line - 0.02)
