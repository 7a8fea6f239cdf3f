"""Textures: pictures whose left and right edges, or upper and lower ones, fit together.

Things are laid out as on wrapping paper: in a row, in a column, or in every second field of a
chequerboard; what reaches over an edge goes on at the other. A drawing that fills its picture is
put together with its mirror image instead.

Shapes: S the side of the picture, C 4 channels (premultiplied RGBA).
"""

from __future__ import annotations

import dataclasses
import random

import numpy as np

from dall_e.images.compositing import Canvas, resized
from dall_e.planning.layers import Box, Layer
from dall_e.planning.placed_plan import PlacedPlan

_FIELDS = 4
"""Fields of the chequerboard along each side."""
_FILLED, _FILLED_BOARD = 0.86, 1.2
"""How much of its field a thing fills, in a line and on a chequerboard, where the fields beside it
are empty."""
_JITTER = 0.04
"""How far a thing is off the middle of its field at most, as a fraction of the field."""


def tiled(placed: PlacedPlan, tile: str, seed: int) -> PlacedPlan:
    """Return the things of a plan laid out as a texture, without their place.

    They take turns, and every second one of each is mirrored. tile: "x", "y" or "xy".
    """
    layers: list[Layer] = []
    num_things = len(placed.objects)
    copies = [0] * num_things
    for number, box in enumerate(_fields(tile, num_things, seed)):
        turn = number % num_things
        is_mirrored = number // num_things % 2 == 1
        for each in _wrapped(box, tile):
            layers.append(
                Layer(object=turn, copy=copies[turn], box=each, mirrored=is_mirrored, fits=True)
            )
            copies[turn] += 1
    return dataclasses.replace(placed, layers=tuple(layers), background="", background_colour="")


def mirrored_tile(image_SSC: Canvas, tile: str) -> Canvas:
    """Return an opaque picture with its mirror image, so that its edges fit; same side."""
    side = len(image_SSC)
    across, down = ("x" in tile), ("y" in tile)
    width, height = (-(-side // 2) if way else side for way in (across, down))
    half_hwC = resized(image_SSC, width, height)
    if across:
        half_hwC = np.concatenate((half_hwC, half_hwC[:, ::-1]), axis=1)[:, :side]
    if down:
        half_hwC = np.concatenate((half_hwC, half_hwC[::-1]), axis=0)[:side]
    return np.ascontiguousarray(half_hwC)


def _fields(tile: str, num_things: int, seed: int) -> list[Box]:
    """The rooms of things in a texture, row by row, each a little off the middle of its field."""
    rng = random.Random(f"tile/{seed}")
    if tile == "xy":
        size = 1 / _FIELDS
        corners = [
            (column * size, row * size)
            for row in range(_FIELDS)
            for column in range(_FIELDS)
            if (row + column) % 2 == 0
        ]
        return [_room((left, top, size, size), _FILLED_BOARD, rng) for left, top in corners]

    number = max(2, num_things)
    size = 1 / number
    middle = (1 - size) / 2
    starts = [place * size for place in range(number)]
    return [
        _room(
            (start, middle, size, size) if tile == "x" else (middle, start, size, size),
            _FILLED,
            rng,
        )
        for start in starts
    ]


def _room(field: Box, filled: float, rng: random.Random) -> Box:
    """The room of a thing in a field, about its middle."""
    left, top, width, height = field
    across, down = (rng.uniform(-_JITTER, _JITTER) * width for _ in range(2))
    left, top = left + across + width * (1 - filled) / 2, top + down + height * (1 - filled) / 2
    return left, top, width * filled, height * filled


def _wrapped(box: Box, tile: str) -> list[Box]:
    """A box, and again on the other side what of it reaches over an edge that repeats."""
    left, top, width, height = box
    copies = [
        (left + across, top + down, width, height)
        for across in ((-1, 0, 1) if "x" in tile else (0,))
        for down in ((-1, 0, 1) if "y" in tile else (0,))
    ]
    return [(x, y, w, h) for x, y, w, h in copies if -w < x < 1 and -h < y < 1]
