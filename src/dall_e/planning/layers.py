"""Where everything of a picture is: one layer for each thing that is seen, from back to front.

Lengths are fractions of the picture's side; x grows to the right, y downwards.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

Box = tuple[float, float, float, float]
"""Left, top, width, height."""
Matrix = tuple[float, float, float, float, float, float]
"""SVG's matrix(a, b, c, d, e, f)."""

KINDS = ("thing", "front", "cord", "shadow", "ripple")
"""What a layer shows: a thing, what of it is before other things (fingers around a handle, the
front of a basket), a cord that it hangs on or is led by, its shadow on the ground, or waves around
it in water."""
CONTACTS = ("shadow", "ripple")
"""Kinds of what is seen at the feet of a thing."""
Rings = tuple[tuple[tuple[float, float], ...], ...]
"""Closed lines of points; what lies within an odd number of them is inside."""


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One thing of a picture, or what is seen at its feet."""

    object: int
    """Which object of the plan."""
    copy: int = 0
    """Which of several equal ones, from 0."""
    kind: str = "thing"
    """One of KINDS."""
    box: Box
    """What is seen of the thing fills it."""
    mirrored: bool = False
    """Whether it is turned to look the other way."""
    angle: float = 0.0
    """Degrees against the clock by which it is turned about the middle of its foot."""
    fits: bool = False
    """Whether the box is room in which the thing keeps its proportions, not a box that it fills."""
    clip: Rings = ()
    """Of a front: where it is seen, in fractions of what is seen of the drawing, not mirrored."""
    colour: str = ""
    """Of a cord: as #rrggbb. It runs from the upper left of its box to the lower right, or if it
    is mirrored from the upper right to the lower left."""
    thickness: float = 0.0
    """Of a cord: as a fraction of its length."""

    @property
    def owner(self) -> tuple[int, int]:
        """Its object and its copy, which its shadow shares."""
        return self.object, self.copy

    @property
    def foot(self) -> tuple[float, float]:
        """The middle of its lower edge."""
        left, top, width, height = self.box
        return left + width / 2, top + height

    @property
    def middle(self) -> tuple[float, float]:
        """The middle of its box."""
        left, top, width, height = self.box
        return left + width / 2, top + height / 2

    def moved(self, dx: float, dy: float) -> Layer:
        """Return the layer further to the right and further down."""
        left, top, width, height = self.box
        return replace(self, box=(left + dx, top + dy, width, height))

    def scaled(self, factor: float, about: tuple[float, float]) -> Layer:
        """Return the layer larger or smaller, with the point `about` where it was."""
        left, top, width, height = self.box
        x, y = about
        box = (x + (left - x) * factor, y + (top - y) * factor, width * factor, height * factor)
        return replace(self, box=box)


def bounds(layers: Sequence[Layer]) -> Box:
    """Return the smallest box around layers; turned ones count as if they were upright."""
    left = min(layer.box[0] for layer in layers)
    top = min(layer.box[1] for layer in layers)
    right = max(layer.box[0] + layer.box[2] for layer in layers)
    bottom = max(layer.box[1] + layer.box[3] for layer in layers)
    return left, top, right - left, bottom - top


def fitted(layers: Sequence[Layer], aspects: Sequence[float]) -> tuple[Layer, ...]:
    """Return the layers with every thing that `fits` in its room, and its shadow below it.

    aspects: width over height of each object's drawing. What has a shadow stands at the foot of its
    room, everything else is in the middle.
    """
    standing = {layer.owner for layer in layers if layer.kind in CONTACTS}
    boxes: dict[tuple[int, int], Box] = {}
    for layer in layers:
        if layer.kind == "thing" and layer.fits:
            boxes[layer.owner] = _fitted_box(layer, aspects[layer.object], layer.owner in standing)
    return tuple(
        replace(layer, box=boxes[layer.owner], fits=False) if layer.owner in boxes else layer
        for layer in layers
    )


def _fitted_box(layer: Layer, aspect: float, stands: bool) -> Box:
    left, top, width, height = layer.box
    high = min(height, width / aspect)
    wide = high * aspect
    down = height - high if stands else (height - high) / 2
    return left + (width - wide) / 2, top + down, wide, high


def placing_matrix(
    source: tuple[int, int, int, int], layer: Layer, side: float, *, is_mirrored: bool
) -> Matrix:
    """Return what moves a box of a drawing to the layer's box on a picture of a side.

    source: left, top, right and bottom in the drawing's pixels.
    """
    left, top, right, bottom = source
    x, y, width, height = (side * value for value in layer.box)
    across, down = width / max(right - left, 1), height / max(bottom - top, 1)
    if is_mirrored:
        matrix = (-across, 0.0, 0.0, down, x + width + left * across, y - top * down)
    else:
        matrix = (across, 0.0, 0.0, down, x - left * across, y - top * down)
    return turned(matrix, layer.angle, (x + width / 2, y + height)) if layer.angle else matrix


def turned(matrix: Matrix, degrees: float, about: tuple[float, float]) -> Matrix:
    """Return a matrix that also turns what it moves, against the clock about a point."""
    a, b, c, d, e, f = matrix
    across, down = (turned_about(axis, degrees, (0.0, 0.0)) for axis in ((a, b), (c, d)))
    return (*across, *down, *turned_about((e, f), degrees, about))


def turned_about(
    point: tuple[float, float], degrees: float, about: tuple[float, float]
) -> tuple[float, float]:
    """Return a point turned against the clock about another."""
    right, down = point[0] - about[0], point[1] - about[1]
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return about[0] + cos * right + sin * down, about[1] + cos * down - sin * right
