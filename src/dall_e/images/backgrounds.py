"""Backgrounds of composed scenes, painted with numpy: places in which things stand, each in a few
variants.

Few, and with their edges on the grid of the image tokenizer's tokens: each variant is then the same
few codes in every scene, and a small generator soon draws it cleanly. Where every edge and every
tone was drawn by chance, it did not.

Shapes: S the side in pixels; H, W rows and columns of a part; 3 or C colour channels.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dall_e.images.colour import TARGETS, from_oklab

Colour = tuple[float, float, float]
Canvas = npt.NDArray[np.uint8]

TOKEN_SIDE = 8
"""Pixels of a picture's side that one token of the image tokenizer stands for."""
# Turns and starts of the curved lines.
_WAVES = ((0.7, 0.1), (1.0, 0.6), (1.3, 0.35))


@dataclass(frozen=True, kw_only=True)
class Ground:
    """Where things stand in a background: the rows, as fractions of the side, on which their feet may
    be."""

    far: float
    near: float
    sky: float = 0.0
    """Down to here is air, in which things may fly; 0 where there is none."""


def background(
    name: str, size: int, rng: random.Random, colour: str = ""
) -> tuple[Canvas, Ground | None]:
    """A picture uint8 [S, S, 3] of a place, and where its ground is; None if it has no ground.

    `name` is one of `scene_graph.BACKGROUNDS` or `PLANNED_BACKGROUNDS`; `colour`, of a plain
    background, is one of the words in `recolouring.TARGETS`. The same state of `rng` gives the same
    picture.
    """
    canvas_SS3 = np.empty((size, size, 3), dtype=np.uint8)
    if name == "plain":
        canvas_SS3[:] = shade(colour)
        return canvas_SS3, None
    return canvas_SS3, _PAINTERS[name](canvas_SS3, rng)


def shade(colour: str, pale: float = 0.0) -> Colour:
    """The tone of a colour word, as sRGB of 0 to 255; `pale` 1 is white."""
    lightness, chroma, hue = TARGETS[colour]
    lightness, chroma = lightness + (0.97 - lightness) * pale, chroma * (1 - 0.7 * pale)
    angle = np.radians(hue)
    lab = np.array([[lightness, chroma * np.cos(angle), chroma * np.sin(angle)]], dtype=np.float32)
    red, green, blue = from_oklab(lab)[0].tolist()
    return red, green, blue


def _vary(colour: Colour, rng: random.Random, amount: float = 10) -> Colour:
    """A colour, or the same a little lighter or darker."""
    step = rng.choice((-amount, 0.0, amount))
    red, green, blue = (min(255.0, max(0.0, value + step)) for value in colour)
    return red, green, blue


def grid_step(size: int) -> float:
    """Fraction of the side between two tokens; finer than tokens are in pictures of few, which would
    leave no choice."""
    return min(TOKEN_SIDE / size, 1 / 8)


def _line(least: float, most: float, size: int, rng: random.Random) -> float:
    """A height or a column between two fractions of the side, where a token ends."""
    step = grid_step(size)
    return round(rng.uniform(least, most) / step) * step


def _fade(part_HW3: Canvas, top: Colour, bottom: Colour) -> None:
    """Fill a part with a gradient from its top row to its bottom row."""
    fraction_H1 = np.linspace(0, 1, max(len(part_HW3), 1))[: len(part_HW3), None]
    rows_H3 = np.array(top) + fraction_H1 * (np.array(bottom) - np.array(top))
    part_HW3[:] = (rows_H3 + 0.5).clip(0, 255).astype(np.uint8)[:, None]


def _blue_sky(part_HW3: Canvas, rng: random.Random) -> None:
    _fade(part_HW3, _vary((96, 176, 240), rng, 14), _vary((205, 232, 252), rng, 8))


def _dots(part_HW3: Canvas, count: int, colour: Colour, height: int = 1) -> None:
    """Small upright strokes of one colour, always at the same scattered places."""
    rows, columns = part_HW3.shape[:2]
    if rows <= height or count < 1:
        return
    source = np.random.default_rng((count, round(colour[0])))
    row_N, column_N = source.integers(0, rows - height, count), source.integers(0, columns, count)
    for step in range(height):
        part_HW3[row_N + step, column_N] = colour


def _wave(
    canvas_SS3: Canvas, base: float, height: float, rng: random.Random
) -> npt.NDArray[np.bool_]:
    """True below a curved line around the share `base` of the side: hills, dunes, the edge of
    water."""
    size = len(canvas_SS3)
    column_S = np.arange(size) / size
    turns, start = rng.choice(_WAVES)
    line_S = base + height * np.sin(2 * np.pi * (column_S * turns + start))
    return np.asarray(np.arange(size)[:, None] >= line_S * size)


def _oval(size: int, x: float, y: float, across: float, down: float) -> npt.NDArray[np.bool_]:
    """True inside an ellipse around a point, whose half axes are also fractions of the side."""
    down_S1, across_S = np.arange(size)[:, None] / size - y, np.arange(size) / size - x
    return np.asarray((down_S1 * (across / down)) ** 2 + across_S**2 < across**2)


def _gradient(canvas_SS3: Canvas, rng: random.Random) -> None:
    first, second = rng.sample(
        ("red", "orange", "yellow", "green", "blue", "purple", "pink", "white"), 2
    )
    _fade(canvas_SS3, shade(first, 0.4), shade(second, 0.4))


def _grass(canvas_SS3: Canvas, rng: random.Random) -> Ground:
    size = len(canvas_SS3)
    line = _line(0.42, 0.6, size, rng)
    row = round(line * size)
    _blue_sky(canvas_SS3, rng)
    if rng.random() < 0.5:
        canvas_SS3[_wave(canvas_SS3, line - 0.06, 0.05, rng)] = _vary((120, 190, 100), rng)
    green = _vary((104, 186, 72), rng, 16)
    _fade(canvas_SS3[row:], green, tuple(value * 0.8 for value in green))  # type: ignore[arg-type]
    dark, light = ([value * factor for value in green] for factor in (0.8, 1.1))
    blades = max(2, size // 40)
    _dots(canvas_SS3[row:], size // 3, (dark[0], dark[1], dark[2]), blades)
    _dots(canvas_SS3[row:], size // 3, (min(light[0], 255), min(light[1], 255), light[2]), blades)
    return Ground(far=line + 0.14, near=0.95, sky=line - 0.02)


def _beach(canvas_SS3: Canvas, rng: random.Random) -> Ground:
    size = len(canvas_SS3)
    horizon = _line(0.34, 0.46, size, rng)
    shore = horizon + 0.17
    _blue_sky(canvas_SS3, rng)
    sea = canvas_SS3[round(horizon * size) :]
    _fade(sea, _vary((28, 118, 190), rng), _vary((90, 200, 215), rng))
    canvas_SS3[_wave(canvas_SS3, shore - 0.02, 0.02, rng)] = (236, 248, 250)
    sand = _vary((240, 214, 158), rng, 8)
    below_SS = _wave(canvas_SS3, shore + 0.015, 0.015, rng)
    canvas_SS3[below_SS] = sand
    _dots(
        canvas_SS3[round((shore + 0.05) * size) :],
        size // 2,
        (sand[0] * 0.9, sand[1] * 0.88, sand[2] * 0.85),
    )
    return Ground(far=shore + 0.16, near=0.95, sky=horizon - 0.02)


def _night(canvas_SS3: Canvas, rng: random.Random) -> Ground:
    size = len(canvas_SS3)
    line = _line(0.66, 0.76, size, rng)
    _fade(canvas_SS3, _vary((14, 18, 52), rng, 6), _vary((52, 60, 118), rng, 8))
    _dots(canvas_SS3[: round(line * size)], size // 3, (255, 252, 220))
    _dots(canvas_SS3[: round(0.9 * line * size)], size // 12, (255, 252, 235), 2)
    below_SS = _wave(canvas_SS3, line, 0.03, rng)
    canvas_SS3[below_SS] = _vary((34, 62, 56), rng, 8)
    return Ground(far=line + 0.12, near=0.95, sky=line - 0.05)


def _snow(canvas_SS3: Canvas, rng: random.Random) -> Ground:
    size = len(canvas_SS3)
    line = _line(0.48, 0.6, size, rng)
    _fade(canvas_SS3, _vary((128, 170, 214), rng), _vary((196, 216, 236), rng, 8))
    canvas_SS3[_wave(canvas_SS3, line - 0.03, 0.04, rng)] = _vary((222, 233, 245), rng, 4)
    below_SS = _wave(canvas_SS3, line + 0.04, 0.02, rng)
    canvas_SS3[below_SS] = (246, 249, 254)
    flakes = canvas_SS3[: round(line * size)]
    _dots(flakes, size // 2, (255, 255, 255), max(1, size // 64))
    _dots(flakes[:, :-1], size // 5, (255, 255, 255), 2)
    return Ground(far=line + 0.18, near=0.95, sky=line - 0.05)


def _desert(canvas_SS3: Canvas, rng: random.Random) -> Ground:
    line = _line(0.46, 0.58, len(canvas_SS3), rng)
    _fade(canvas_SS3, _vary((120, 190, 236), rng), _vary((253, 226, 178), rng, 8))
    for step, colour in enumerate(((222, 166, 96), (232, 182, 110), (240, 198, 128))):
        canvas_SS3[_wave(canvas_SS3, line + 0.09 * step, 0.05, rng)] = _vary(colour, rng, 5)
    return Ground(far=line + 0.24, near=0.95, sky=line - 0.08)


def _road(canvas_SS3: Canvas, rng: random.Random) -> Ground:
    size = len(canvas_SS3)
    line = _line(0.5, 0.6, size, rng)
    _blue_sky(canvas_SS3, rng)
    row, top = round(line * size), round((line + 0.06) * size)
    canvas_SS3[row:top] = _vary((112, 182, 84), rng, 14)
    canvas_SS3[top:] = _vary((98, 102, 110), rng, 10)
    canvas_SS3[top : top + max(1, size // 64)] = (206, 208, 210)
    middle, thick, dash = round((line + 1.06) / 2 * size), max(2, size // 32), size // 5
    for left in range(-(dash // 2), size, dash):
        canvas_SS3[middle : middle + thick, max(left, 0) : max(left + dash * 3 // 5, 0)] = (
            244,
            240,
            226,
        )
    return Ground(far=line + 0.22, near=0.94, sky=line - 0.02)


def _room(canvas_SS3: Canvas, rng: random.Random) -> Ground:
    size = len(canvas_SS3)
    line = _line(0.6, 0.7, size, rng)
    row = round(line * size)
    wall = shade(rng.choice(("yellow", "green", "blue", "pink", "purple", "orange")), 0.62)
    canvas_SS3[:row] = wall
    skirting = max(1, size // 32)
    canvas_SS3[row - skirting : row] = (250, 248, 244)
    floor = _vary(rng.choice(((196, 144, 92), (168, 116, 74), (214, 172, 122))), rng, 8)
    canvas_SS3[row:] = floor
    plank = TOKEN_SIDE
    for top in range(row, size, plank):
        canvas_SS3[top : top + 1] = [value * 0.84 for value in floor]
        for left in range((top - row) // plank % 2 * (size // 6), size, size // 3):
            canvas_SS3[top : top + plank, left : left + 1] = [value * 0.84 for value in floor]
    return Ground(far=line + 0.1, near=0.95)


def _windowsill(canvas_SS3: Canvas, rng: random.Random) -> Ground:
    size = len(canvas_SS3)
    sill = _line(0.75, 0.83, size, rng)
    left, right, top = (_line(fraction, fraction, size, rng) for fraction in (0.08, 0.92, 0.06))
    canvas_SS3[:] = shade(rng.choice(("yellow", "green", "blue", "pink", "orange")), 0.62)
    frame_colour = _vary(
        rng.choice(((250, 250, 246), (250, 250, 246), (150, 102, 62), (186, 138, 92))), rng, 5
    )
    frame = max(2, round(0.04 * size))
    columns, rows = (
        slice(round(left * size), round(right * size)),
        slice(round(top * size), round(sill * size)),
    )
    canvas_SS3[rows, columns] = frame_colour
    pane = canvas_SS3[rows, columns][frame:, frame:-frame]
    _view(pane, rng)
    height, width = pane.shape[:2]
    bar = max(1, frame * 2 // 3)
    pane[:, (width - bar) // 2 : (width + bar) // 2 + 1] = frame_colour
    if rng.random() < 0.7:
        pane[height * 2 // 5 : height * 2 // 5 + bar] = frame_colour
    # The sill sticks out on both sides, with a bright top and a darker front edge.
    depth, edge = round(0.09 * size), max(1, round(0.035 * size))
    start, row = max(0, round((left - 0.05) * size)), round(sill * size)
    board = canvas_SS3[row : row + depth + edge, start : round((right + 0.05) * size)]
    board[:] = _vary(frame_colour, rng, 3)
    board[depth:] = [value * 0.8 for value in frame_colour]
    board[:1] = [value * 0.88 for value in frame_colour]
    return Ground(far=sill + 0.035, near=sill + 0.075)


def _view(pane_HW3: Canvas, rng: random.Random) -> None:
    """What is seen through a window: mostly day with a hill, sometimes night."""
    height = len(pane_HW3)
    if rng.random() < 0.2:
        _fade(pane_HW3, (20, 26, 70), (60, 70, 130))
        _dots(pane_HW3[: height * 3 // 4], height // 5, (255, 250, 220))
        return
    _blue_sky(pane_HW3, rng)
    if rng.random() < 0.6:
        pane_HW3[height * 3 // 4 :] = _vary((122, 192, 100), rng)


def _table(canvas_SS3: Canvas, rng: random.Random) -> Ground:
    size = len(canvas_SS3)
    line = _line(0.6, 0.68, size, rng)
    row, edge = round(line * size), round(0.9 * size)
    _fade(
        canvas_SS3[:row],
        shade(rng.choice(("blue", "green", "pink", "yellow", "purple")), 0.6),
        (246, 244, 240),
    )
    wood = _vary(rng.choice(((190, 130, 78), (160, 104, 62), (214, 168, 112))), rng, 8)
    canvas_SS3[row:edge] = wood
    for grain in range(row + 3, edge, max(3, size // 18)):
        start = grain * 7 % (size // 2)
        canvas_SS3[grain, start : start + size // 2] = [value * 0.9 for value in wood]
    canvas_SS3[edge:] = [value * 0.68 for value in wood]
    return Ground(far=line + 0.08, near=0.86)


# Places that only plans ask for


def _forest(canvas_SS3: Canvas, rng: random.Random) -> Ground:
    size = len(canvas_SS3)
    line = _line(0.58, 0.68, size, rng)
    _fade(canvas_SS3, _vary((172, 214, 186), rng), _vary((206, 232, 206), rng, 8))
    green = _vary((74, 142, 84), rng, 12)
    for row, (number, shadow) in enumerate(((7, 1.25), (5, 1.0))):
        for tree in range(number):
            x = (tree + 0.25 + 0.5 * rng.random()) / number
            _fir(
                canvas_SS3,
                x,
                line + 0.03 * row,
                0.42 + 0.12 * row,
                tuple(min(v * shadow, 255) for v in green),  # type: ignore[arg-type]
            )
    row = round(line * size)
    _fade(canvas_SS3[row:], _vary((112, 168, 78), rng), (70, 122, 56))
    _dots(canvas_SS3[row:], size // 3, (84, 138, 62), max(2, size // 40))
    return Ground(far=line + 0.14, near=0.95, sky=line - 0.3)


def _fir(canvas_SS3: Canvas, x: float, foot: float, height: float, colour: Colour) -> None:
    """A fir tree, all lengths as fractions of the side."""
    size = len(canvas_SS3)
    row_S1, column_S = np.arange(size)[:, None] / size, np.arange(size) / size
    across_S = np.abs(column_S - x)
    trunk = (across_S < 0.018) & (row_S1 < foot + 0.02) & (row_S1 > foot - 0.1)
    canvas_SS3[trunk] = (112, 78, 52)
    for layer in range(3):
        bottom, top = foot - 0.07 - layer * height * 0.25, foot - height * (0.55 + 0.225 * layer)
        fraction_S1 = (row_S1 - top) / (bottom - top)
        inside = (
            (fraction_S1 >= 0)
            & (fraction_S1 <= 1)
            & (across_S < fraction_S1 * height * (0.32 - 0.06 * layer))
        )
        canvas_SS3[inside] = [value * (0.88 + 0.08 * layer) for value in colour]


def _city(canvas_SS3: Canvas, rng: random.Random) -> Ground:
    size = len(canvas_SS3)
    line = _line(0.66, 0.74, size, rng)
    row = round(line * size)
    _blue_sky(canvas_SS3, rng)
    tones = [
        _vary(tone, rng)
        for tone in ((132, 152, 186), (158, 138, 160), (176, 164, 150), (118, 140, 160))
    ]
    left, house = 0, rng.randrange(4)
    while left < size:
        width, height = round(size * rng.uniform(0.13, 0.2)), round(size * rng.uniform(0.28, 0.56))
        block = canvas_SS3[row - height : row, left : left + width]
        block[:] = tones[house % len(tones)]
        window = max(1, size // 40)
        for floor in range(2 * window, height - 2 * window, 4 * window):
            for pane in range(window, block.shape[1] - window, 3 * window):
                block[floor : floor + 2 * window, pane : pane + window] = (250, 236, 176)
        left, house = left + width, house + 1
    canvas_SS3[row:] = _vary((120, 122, 130), rng, 8)
    canvas_SS3[row : row + max(1, size // 24)] = (196, 196, 198)
    return Ground(far=line + 0.14, near=0.95, sky=line - 0.28)


def _sunset(canvas_SS3: Canvas, rng: random.Random) -> Ground:
    size = len(canvas_SS3)
    line = _line(0.6, 0.7, size, rng)
    row = round(line * size)
    _fade(canvas_SS3[:row], _vary((98, 74, 148), rng), _vary((255, 178, 92), rng, 6))
    x = rng.choice((0.28, 0.5, 0.72))
    above_S1 = np.arange(size)[:, None] / size < line
    canvas_SS3[_oval(size, x, line, 0.17, 0.17) & above_S1] = (255, 228, 132)
    _fade(canvas_SS3[row:], _vary((150, 84, 108), rng), (72, 46, 92))
    for step in range(3):
        top, half = row + round(size * (0.03 + 0.06 * step)), round(size * (0.15 - 0.035 * step))
        columns = slice(max(round(x * size) - half, 0), round(x * size) + half)
        canvas_SS3[top : top + max(1, size // 48), columns] = (255, 206, 128)
    return Ground(far=line + 0.14, near=0.95, sky=line - 0.05)


def _rain(canvas_SS3: Canvas, rng: random.Random) -> Ground:
    size = len(canvas_SS3)
    line = _line(0.66, 0.76, size, rng)
    row = round(line * size)
    _fade(canvas_SS3, _vary((96, 112, 136), rng), _vary((168, 184, 202), rng, 8))
    for cloud in range(3):
        _cloud(canvas_SS3, (cloud + 0.3 + 0.4 * rng.random()) / 3, 0.06, 0.14, (124, 138, 160))
    _dots(canvas_SS3[size // 6 : row], size * 2 // 3, (206, 226, 246), max(2, size // 20))
    canvas_SS3[row:] = _vary((112, 130, 126), rng, 8)
    for puddle, x in enumerate((0.25, 0.7)):
        y = line + (1 - line) * (0.4 + 0.3 * puddle)
        canvas_SS3[_oval(size, x, y, 0.17, 0.028)] = (152, 178, 204)
    return Ground(far=line + 0.1, near=0.95, sky=line - 0.05)


def _cloud(canvas_SS3: Canvas, x: float, y: float, radius: float, colour: Colour) -> None:
    """Four discs in a row, flat below; all lengths as fractions of the side."""
    size = len(canvas_SS3)
    above_S1 = np.arange(size)[:, None] / size < y + 0.3 * radius
    for step, (rise, fraction) in enumerate(((0.0, 0.55), (0.35, 0.8), (0.3, 0.7), (0.0, 0.5))):
        middle, own = x + (step - 1.5) * 0.7 * radius, fraction * radius
        canvas_SS3[_oval(size, middle, y - rise * radius, own, own) & above_S1] = colour


def _sea(canvas_SS3: Canvas, rng: random.Random) -> Ground:
    size = len(canvas_SS3)
    line = _line(0.46, 0.56, size, rng)
    _blue_sky(canvas_SS3, rng)
    for step, colour in enumerate(((52, 138, 200), (40, 120, 186), (30, 102, 168))):
        canvas_SS3[_wave(canvas_SS3, line + 0.16 * step, 0.015, rng)] = _vary(colour, rng, 6)
    _dots(
        canvas_SS3[round((line + 0.04) * size) :, : -max(size // 16, 1)], size // 8, (150, 206, 236)
    )
    return Ground(far=line + 0.18, near=0.92, sky=line - 0.04)


def _underwater(canvas_SS3: Canvas, rng: random.Random) -> None:
    size = len(canvas_SS3)
    line = _line(0.82, 0.86, size, rng)
    _fade(canvas_SS3, _vary((94, 196, 226), rng), _vary((18, 74, 140), rng, 8))
    for _ in range(7):
        x, y, radius = rng.random(), rng.uniform(0.1, 0.75), rng.choice((0.012, 0.018, 0.026))
        canvas_SS3[_oval(size, x, y, radius, radius)] = (198, 234, 246)
    for x in (rng.uniform(0.05, 0.25), rng.uniform(0.75, 0.95)):
        rows_H1 = np.arange(round(0.55 * size), size)[:, None] / size
        weed = np.abs(np.arange(size) / size - x - 0.02 * np.sin(rows_H1 * 40)) < 0.02
        canvas_SS3[-len(rows_H1) :][weed] = (40, 138, 104)
    canvas_SS3[_wave(canvas_SS3, line, 0.015, rng)] = _vary((226, 204, 150), rng, 8)


def _sky(canvas_SS3: Canvas, rng: random.Random) -> None:
    _blue_sky(canvas_SS3, rng)
    for y, radius in ((0.2, 0.12), (0.55, 0.15), (0.9, 0.17)):
        _cloud(
            canvas_SS3, rng.uniform(0.05, 0.35) + 0.6 * rng.randrange(2), y, radius, (250, 252, 255)
        )


def _space(canvas_SS3: Canvas, rng: random.Random) -> None:
    size = len(canvas_SS3)
    _fade(canvas_SS3, _vary((16, 14, 40), rng, 6), _vary((38, 26, 74), rng, 6))
    _dots(canvas_SS3, size // 2, (255, 252, 226))
    _dots(canvas_SS3[:, :-1], size // 10, (255, 255, 250), 2)
    x, y, radius = rng.choice((0.12, 0.88)), rng.choice((0.14, 0.88)), rng.choice((0.11, 0.16))
    planet = _oval(size, x, y, radius, radius)
    canvas_SS3[planet] = shade(rng.choice(("orange", "purple", "blue", "pink")), 0.25)
    canvas_SS3[planet & ~_oval(size, x - 0.04, y + 0.03, radius, radius)] = shade("purple")


_PAINTERS: dict[str, Callable[[Canvas, random.Random], Ground | None]] = {
    "gradient": _gradient, "grass": _grass, "beach": _beach, "night": _night, "snow": _snow, "desert": _desert,
    "road": _road, "room": _room, "windowsill": _windowsill, "table": _table, "forest": _forest, "city": _city,
    "sunset": _sunset, "rain": _rain, "sea": _sea, "underwater": _underwater, "sky": _sky, "space": _space,
}  # fmt: skip
