"""Backgrounds indoors: a room, a window sill and a table.

Each function paints a whole canvas uint8 [S, S, 3] and returns where its ground is. Lengths are
fractions of the side S.
"""

from __future__ import annotations

import random

from dall_e.images.strokes import (
    TOKEN_SIDE,
    Canvas,
    Ground,
    blue_sky,
    dots,
    fade,
    line_between,
    shade,
    times,
    vary,
)

FRAMES = ((250, 250, 246), (250, 250, 246), (150, 102, 62), (186, 138, 92))
"""Colours of window frames; more are white than of wood."""


def paint_room(canvas_SS3: Canvas, rng: random.Random) -> Ground:
    """A wall of a pale colour over a floor of planks."""
    size = len(canvas_SS3)
    line = line_between(0.6, 0.7, size, rng)
    row = round(line * size)
    canvas_SS3[:row] = shade(
        rng.choice(("yellow", "green", "blue", "pink", "purple", "orange")), 0.62
    )
    skirting = max(1, size // 32)
    canvas_SS3[row - skirting : row] = (250, 248, 244)

    floor = vary(rng.choice(((196, 144, 92), (168, 116, 74), (214, 172, 122))), rng, 8)
    gap = times(floor, 0.84)
    canvas_SS3[row:] = floor
    for number, top in enumerate(range(row, size, TOKEN_SIDE)):
        canvas_SS3[top : top + 1] = gap
        # Planks of every second row begin half a plank further.
        for left in range(number % 2 * (size // 6), size, size // 3):
            canvas_SS3[top : top + TOKEN_SIDE, left : left + 1] = gap
    return Ground(far=line + 0.1, near=0.95)


def paint_windowsill(canvas_SS3: Canvas, rng: random.Random) -> Ground:
    """A window that fills the picture, and the sill below it."""
    size = len(canvas_SS3)
    sill = line_between(0.75, 0.83, size, rng)
    left, right, top = (line_between(at, at, size, rng) for at in (0.08, 0.92, 0.06))
    canvas_SS3[:] = shade(rng.choice(("yellow", "green", "blue", "pink", "orange")), 0.62)

    # The frame, and what is seen through the panes.
    colour = vary(rng.choice(FRAMES), rng, 5)
    thick = max(2, round(0.04 * size))
    rows = slice(round(top * size), round(sill * size))
    columns = slice(round(left * size), round(right * size))
    canvas_SS3[rows, columns] = colour
    pane = canvas_SS3[rows, columns][thick:, thick:-thick]
    _view(pane, rng)

    # A bar from top to bottom, mostly one from side to side.
    height, width = pane.shape[:2]
    bar = max(1, thick * 2 // 3)
    pane[:, (width - bar) // 2 : (width + bar) // 2 + 1] = colour
    if rng.random() < 0.7:
        pane[height * 2 // 5 : height * 2 // 5 + bar] = colour

    # The sill sticks out on both sides, with a bright top and a darker front edge.
    depth, edge = round(0.09 * size), max(1, round(0.035 * size))
    start, row = max(0, round((left - 0.05) * size)), round(sill * size)
    board = canvas_SS3[row : row + depth + edge, start : round((right + 0.05) * size)]
    board[:] = vary(colour, rng, 3)
    board[depth:] = times(colour, 0.8)
    board[:1] = times(colour, 0.88)
    return Ground(far=sill + 0.035, near=sill + 0.075)


def _view(pane_HW3: Canvas, rng: random.Random) -> None:
    """What is seen through a window: mostly day with a hill, sometimes night."""
    height = len(pane_HW3)
    if rng.random() < 0.2:
        fade(pane_HW3, (20, 26, 70), (60, 70, 130))
        dots(pane_HW3[: height * 3 // 4], height // 5, (255, 250, 220))
        return
    blue_sky(pane_HW3, rng)
    if rng.random() < 0.6:
        pane_HW3[height * 3 // 4 :] = vary((122, 192, 100), rng)


def paint_table(canvas_SS3: Canvas, rng: random.Random) -> Ground:
    """A table top of wood before a wall."""
    size = len(canvas_SS3)
    line = line_between(0.6, 0.68, size, rng)
    row, edge = round(line * size), round(0.9 * size)
    wall = shade(rng.choice(("blue", "green", "pink", "yellow", "purple")), 0.6)
    fade(canvas_SS3[:row], wall, (246, 244, 240))

    wood = vary(rng.choice(((190, 130, 78), (160, 104, 62), (214, 168, 112))), rng, 8)
    canvas_SS3[row:edge] = wood
    for grain in range(row + 3, edge, max(3, size // 18)):
        start = grain * 7 % (size // 2)
        canvas_SS3[grain, start : start + size // 2] = times(wood, 0.9)
    canvas_SS3[edge:] = times(wood, 0.68)
    return Ground(far=line + 0.08, near=0.86)
