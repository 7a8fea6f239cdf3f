"""Backgrounds of composed scenes, painted with numpy: places in which things stand."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np

from dall_e.images import indoors, outdoors
from dall_e.images.strokes import Canvas, Ground, fade, shade

GRADIENT_COLOURS = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "white")


def background(
    name: str, size: int, rng: random.Random, colour: str = ""
) -> tuple[Canvas, Ground | None]:
    """An image uint8 [size, size, 3] of a place, and where its ground is; None if it has none.

    `name` is one of BACKGROUNDS of the scenes; `colour`, of a plain
    background, is a word of `colour.TARGETS`. The same state of `rng` gives the same image.
    """
    canvas_SS3 = np.empty((size, size, 3), dtype=np.uint8)
    if name == "plain":
        canvas_SS3[:] = shade(colour)
        return canvas_SS3, None
    return canvas_SS3, _PAINTERS[name](canvas_SS3, rng)


def _paint_gradient(canvas_SS3: Canvas, rng: random.Random) -> None:
    """Two pale colours, one above the other."""
    top, bottom = rng.sample(GRADIENT_COLOURS, 2)
    fade(canvas_SS3, shade(top, 0.4), shade(bottom, 0.4))


_PAINTERS: dict[str, Callable[[Canvas, random.Random], Ground | None]] = {
    "gradient": _paint_gradient,
    "room": indoors.paint_room,
    "windowsill": indoors.paint_windowsill,
    "table": indoors.paint_table,
    "grass": outdoors.paint_grass,
    "beach": outdoors.paint_beach,
    "night": outdoors.paint_night,
    "snow": outdoors.paint_snow,
    "desert": outdoors.paint_desert,
    "road": outdoors.paint_road,
}
