"""A layer of a plan, read from JSON that anybody may have written."""

from __future__ import annotations

import re

from dall_e.planning.layers import KINDS, Box, Layer, Rings
from dall_e.planning.record_fields import Fields, finite, shown

_COLOUR = re.compile("#[0-9a-f]{6}")
_MOST_COPY = 100_000
_MOST_POINTS = 4000
"""Points of all rings of a front."""


def read_layer(fields: Fields, count: int) -> Layer:
    """Read a layer of a plan with a number of objects.

    Raises ValueError for what no layer has, with its field.
    """
    path = fields.path_of("box")
    numbers = [finite(value, path) for value in fields.entries("box")]
    if len(numbers) != 4:
        raise ValueError(f"{path} must be left, top, width and height, got {len(numbers)} numbers")
    left, top, width, height = numbers
    if width <= 0 or height <= 0:
        raise ValueError(f"{path} must be wider and higher than 0, got {width:g} x {height:g}")
    if max(abs(value) for value in numbers) > 100:
        raise ValueError(f"{path} is in fractions of the picture's side, got {shown(numbers)}")

    box: Box = (left, top, width, height)
    layer = Layer(
        object=fields.whole("object", max(count - 1, 0)),
        copy=fields.whole("copy", _MOST_COPY, 0),
        kind=fields.text("kind", "thing", KINDS),
        box=box,
        mirrored=fields.flag("mirrored"),
        angle=fields.number("angle", 0.0),
        fits=fields.flag("fits"),
        clip=_rings(fields),
        colour=_cord_colour(fields),
        thickness=fields.number("thickness", 0.0),
    )
    fields.end()
    return layer


def _rings(fields: Fields) -> Rings:
    """The rings of a front: lists of at least three points."""
    path = fields.path_of("clip")
    rings = []
    for number, ring in enumerate(fields.entries("clip", ())):
        place = f"{path}[{number}]"
        is_ring = isinstance(ring, list | tuple) and len(ring) >= 3
        if not is_ring or not all(isinstance(p, list | tuple) and len(p) == 2 for p in ring):
            raise ValueError(f"{place} must be at least three points of two numbers")
        points = tuple((finite(x, place), finite(y, place)) for x, y in ring)
        if max(abs(value) for point in points for value in point) > 10:
            raise ValueError(f"{place} is in fractions of the drawing, from 0 to 1")
        rings.append(points)
    count = sum(len(ring) for ring in rings)
    if count > _MOST_POINTS:
        raise ValueError(f"{path} has {count} points, at most {_MOST_POINTS} are drawn")
    return tuple(rings)


def _cord_colour(fields: Fields) -> str:
    """The colour of a cord, or nothing."""
    path = fields.path_of("colour")
    colour = fields.text("colour", "")
    if colour and not _COLOUR.fullmatch(colour):
        raise ValueError(f"{path} must be a colour like #8f6a4a, got {shown(colour)}")
    return colour
