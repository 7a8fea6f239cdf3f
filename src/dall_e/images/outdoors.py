"""Backgrounds under the sky: land, water, weather and space.

Each function paints a whole canvas uint8 [S, S, 3] and returns where its ground is, None if it has
none. Lengths are fractions of the side S.
"""

from __future__ import annotations

import random

import numpy as np

from dall_e.images.strokes import (
    Canvas,
    Ground,
    blue_sky,
    cloud,
    dots,
    fade,
    fir,
    line_between,
    oval,
    panes,
    shade,
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


# Only plans ask for what follows: nothing is trained on it


def paint_forest(canvas_SS3: Canvas, rng: random.Random) -> Ground:
    """Grass before two rows of firs, the farther ones lighter."""
    size = len(canvas_SS3)
    line = line_between(0.58, 0.68, size, rng)
    fade(canvas_SS3, vary((172, 214, 186), rng), vary((206, 232, 206), rng, 8))

    green = vary((74, 142, 84), rng, 12)
    for row, (number, light) in enumerate(((7, 1.25), (5, 1.0))):
        for tree in range(number):
            x = (tree + 0.25 + 0.5 * rng.random()) / number
            red, middle, blue = (min(value, 255) for value in times(green, light))
            fir(canvas_SS3, x, line + 0.03 * row, 0.42 + 0.12 * row, (red, middle, blue))

    grass = canvas_SS3[round(line * size) :]
    fade(grass, vary((112, 168, 78), rng), (70, 122, 56))
    dots(grass, size // 3, (84, 138, 62), max(2, size // 40))
    return Ground(far=line + 0.14, near=0.95, sky=line - 0.3)


def paint_city(canvas_SS3: Canvas, rng: random.Random) -> Ground:
    """Houses of four tones along a street."""
    size = len(canvas_SS3)
    line = line_between(0.66, 0.74, size, rng)
    row = round(line * size)
    blue_sky(canvas_SS3, rng)

    walls = ((132, 152, 186), (158, 138, 160), (176, 164, 150), (118, 140, 160))
    tones = [vary(wall, rng) for wall in walls]
    left, house = 0, rng.randrange(4)
    while left < size:
        width, height = round(size * rng.uniform(0.13, 0.2)), round(size * rng.uniform(0.28, 0.56))
        block = canvas_SS3[row - height : row, left : left + width]
        block[:] = tones[house % len(tones)]
        panes(block, max(1, size // 40), (250, 236, 176))
        left, house = left + width, house + 1

    canvas_SS3[row:] = vary((120, 122, 130), rng, 8)
    canvas_SS3[row : row + max(1, size // 24)] = (196, 196, 198)
    return Ground(far=line + 0.14, near=0.95, sky=line - 0.28)


def paint_sunset(canvas_SS3: Canvas, rng: random.Random) -> Ground:
    """Half a sun over dark water, which mirrors it."""
    size = len(canvas_SS3)
    line = line_between(0.6, 0.7, size, rng)
    row = round(line * size)
    fade(canvas_SS3[:row], vary((98, 74, 148), rng), vary((255, 178, 92), rng, 6))

    x = rng.choice((0.28, 0.5, 0.72))
    above_S1 = np.arange(size)[:, None] / size < line
    canvas_SS3[oval(size, x, line, 0.17, 0.17) & above_S1] = (255, 228, 132)

    fade(canvas_SS3[row:], vary((150, 84, 108), rng), (72, 46, 92))
    for step in range(3):
        top, half = row + round(size * (0.03 + 0.06 * step)), round(size * (0.15 - 0.035 * step))
        columns = slice(max(round(x * size) - half, 0), round(x * size) + half)
        canvas_SS3[top : top + max(1, size // 48), columns] = (255, 206, 128)
    return Ground(far=line + 0.14, near=0.95, sky=line - 0.05)


def paint_rain(canvas_SS3: Canvas, rng: random.Random) -> Ground:
    """Grey land with two puddles, under three clouds."""
    size = len(canvas_SS3)
    line = line_between(0.66, 0.76, size, rng)
    row = round(line * size)
    fade(canvas_SS3, vary((96, 112, 136), rng), vary((168, 184, 202), rng, 8))
    for number in range(3):
        x = (number + 0.3 + 0.4 * rng.random()) / 3
        cloud(canvas_SS3, x, 0.06, 0.14, (124, 138, 160))
    dots(canvas_SS3[size // 6 : row], size * 2 // 3, (206, 226, 246), max(2, size // 20))

    canvas_SS3[row:] = vary((112, 130, 126), rng, 8)
    for puddle, x in enumerate((0.25, 0.7)):
        y = line + (1 - line) * (0.4 + 0.3 * puddle)
        canvas_SS3[oval(size, x, y, 0.17, 0.028)] = (152, 178, 204)
    return Ground(far=line + 0.1, near=0.95, sky=line - 0.05)


def paint_sea(canvas_SS3: Canvas, rng: random.Random) -> Ground:
    """Three waves, one before the other; what swims is on them."""
    size = len(canvas_SS3)
    line = line_between(0.46, 0.56, size, rng)
    blue_sky(canvas_SS3, rng)
    for step, colour in enumerate(((52, 138, 200), (40, 120, 186), (30, 102, 168))):
        water = vary(colour, rng, 6)
        canvas_SS3[wave(size, line + 0.16 * step, 0.015, rng)] = water

    surface = canvas_SS3[round((line + 0.04) * size) :, : -max(size // 16, 1)]
    dots(surface, size // 8, (150, 206, 236))
    return Ground(far=line + 0.18, near=0.92, sky=line - 0.04)


def paint_underwater(canvas_SS3: Canvas, rng: random.Random) -> None:
    """Seven bubbles and two weeds over a sandy bottom."""
    size = len(canvas_SS3)
    line = line_between(0.82, 0.86, size, rng)
    fade(canvas_SS3, vary((94, 196, 226), rng), vary((18, 74, 140), rng, 8))
    for _ in range(7):
        x, y, radius = rng.random(), rng.uniform(0.1, 0.75), rng.choice((0.012, 0.018, 0.026))
        canvas_SS3[oval(size, x, y, radius, radius)] = (198, 234, 246)

    for x in (rng.uniform(0.05, 0.25), rng.uniform(0.75, 0.95)):
        row_H1 = np.arange(round(0.55 * size), size)[:, None] / size
        weed = np.abs(np.arange(size) / size - x - 0.02 * np.sin(row_H1 * 40)) < 0.02
        canvas_SS3[-len(row_H1) :][weed] = (40, 138, 104)

    sand = vary((226, 204, 150), rng, 8)
    canvas_SS3[wave(size, line, 0.015, rng)] = sand


def paint_sky(canvas_SS3: Canvas, rng: random.Random) -> None:
    """Three clouds, the lower ones larger."""
    blue_sky(canvas_SS3, rng)
    for y, radius in ((0.2, 0.12), (0.55, 0.15), (0.9, 0.17)):
        x = rng.uniform(0.05, 0.35) + 0.6 * rng.randrange(2)
        cloud(canvas_SS3, x, y, radius, (250, 252, 255))


def paint_space(canvas_SS3: Canvas, rng: random.Random) -> None:
    """Stars, and a planet in a corner."""
    size = len(canvas_SS3)
    fade(canvas_SS3, vary((16, 14, 40), rng, 6), vary((38, 26, 74), rng, 6))
    dots(canvas_SS3, size // 2, (255, 252, 226))
    dots(canvas_SS3[:, :-1], size // 10, (255, 255, 250), 2)

    x, y, radius = rng.choice((0.12, 0.88)), rng.choice((0.14, 0.88)), rng.choice((0.11, 0.16))
    planet = oval(size, x, y, radius, radius)
    in_light = oval(size, x - 0.04, y + 0.03, radius, radius)
    canvas_SS3[planet] = shade(rng.choice(("orange", "purple", "blue", "pink")), 0.25)
    canvas_SS3[planet & ~in_light] = shade("purple")
