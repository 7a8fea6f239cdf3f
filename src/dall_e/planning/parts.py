"""The boxes of a composite: somebody, and the things of theirs.

Lengths of a composite are heights of the one who acts: its box is 1 high, and as wide as its aspect
(width over height).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from dall_e.planning.handles import Handle
from dall_e.planning.layers import Rings, turned_about
from dall_e.planning.outlines import Point


@dataclass(frozen=True, kw_only=True)
class Part:
    """One box of a composite, from its upper left corner."""

    index: int
    """Which object of the scene."""
    x: float
    y: float
    width: float
    height: float
    mirrored: bool = False
    """Whether it is turned to look the other way."""
    angle: float = 0.0
    """Degrees against the clock by which it is turned about the middle of its foot."""
    kind: str = "thing"
    """A kind of layer: thing, front or cord."""
    clip: Rings = ()
    """Of a front: the rings within which it is seen."""
    colour: str = ""
    """Of a cord."""
    thickness: float = 0.0
    """Of a cord, as a fraction of its length."""

    @property
    def corners(self) -> list[Point]:
        """The corners of its box, turned."""
        foot = (self.x + self.width / 2, self.y + self.height)
        right, bottom = self.x + self.width, self.y + self.height
        upright = [(self.x, self.y), (right, self.y), (right, bottom), (self.x, bottom)]
        return [turned_about(corner, self.angle, foot) for corner in upright]


Laid = tuple[list[Part], bool]
"""Boxes, and whether they are behind the one who acts."""
BODY_METRES = 1.7
"""Height of who is seen from head to foot."""


@dataclass(frozen=True, kw_only=True)
class Attached:
    """A thing that belongs to somebody."""

    index: int
    """Which object of the scene."""
    verb: str
    """One of the scene graph's VERBS."""
    name: str
    """What it is."""
    aspect: float
    """Width over height."""
    seat: Point
    """Where one sits on it, as fractions of its box."""
    count: int = 1
    """How many of it there are."""
    owner: str = ""
    """Who or what it belongs to."""
    handle: Handle = Handle(grip=(0.5, 0.7))
    """Where it is gripped."""
    metres: float = 0.5
    """How long it is in the world."""
    kind: str = "object"
    """Its kind in the vocabulary."""
    thin_side: int = 0
    """-1: what it is drawn or pushed by is at its left, 1: at its right."""
    owner_metres: float = 0.0
    """How long its owner is in the world; 0 if nobody knows."""
    owner_slope: float | None = None
    """Of a branch that bears it: the direction in which that is longest, in degrees."""
    is_small: bool = False
    """Whether it is said to be small, or is a child."""
    has_another: bool = False
    """Whether something else is held, too."""
    order: int = 0
    """How many things are held before it."""


def within(value: float, least: float, most: float) -> float:
    """Return a value, or the end of a range that it is beyond."""
    return min(max(value, least), most)


def sized(thing: Attached, *, width: float = 0.0, height: float = 0.0) -> Point:
    """Return width and height of a thing that is at most so wide and so high."""
    if not height:
        return width, width / thing.aspect
    if not width:
        return height * thing.aspect, height
    high = min(height, width / thing.aspect)
    return high * thing.aspect, high


def centred(thing: Attached, x: float, y: float, size: Point) -> Part:
    """Return the box of a thing around a point."""
    width, height = size
    return Part(index=thing.index, x=x - width / 2, y=y - height / 2, width=width, height=height)


def gripped(thing: Attached, at: Point, length: float, angle: float) -> Part:
    """Return the box of a long thing whose grip is at a point.

    length: of its axis. angle: in which its axis points, in degrees against the clock from the
    right; it is mirrored if it is drawn the other way.
    """
    grip, drawn = thing.handle.grip, thing.handle.angle
    mirrored = (drawn - 90) * (angle - 90) < -1
    if mirrored:
        grip, drawn = (1 - grip[0], grip[1]), 180 - drawn
    height = length / thing.handle.length
    width = height * thing.aspect

    # The grip stays where it is while the box is turned about the middle of its foot.
    turn = angle - drawn
    offset = turned_about(((grip[0] - 0.5) * width, (grip[1] - 1) * height), turn, (0.0, 0.0))
    return Part(
        index=thing.index,
        x=at[0] - offset[0] - width / 2,
        y=at[1] - offset[1] - height,
        width=width,
        height=height,
        mirrored=mirrored,
        angle=turn,
    )


def front_of(own: Part, rings: Rings) -> list[Part]:
    """Return what of somebody is before their things; nothing if it is not known."""
    return [replace(own, kind="front", clip=rings)] if rings else []


def cord(index: int, start: Point, end: Point, colour: str, thickness: float) -> Part:
    """Return a cord between two points, of a thickness in heights of the one who acts."""
    (x, y), (x2, y2) = start, end
    width, height = max(abs(x - x2), 0.004), max(abs(y - y2), 0.004)
    return Part(
        index=index,
        x=min(x, x2),
        y=min(y, y2),
        width=width,
        height=height,
        mirrored=bool((x2 - x) * (y2 - y) < 0),
        kind="cord",
        colour=colour,
        thickness=round(thickness / (width**2 + height**2) ** 0.5, 4),
    )


def bounds_of(parts: Sequence[Part]) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom of all parts, turned as they are."""
    corners = [corner for part in parts for corner in part.corners]
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    return min(xs), min(ys), max(xs), max(ys)


def middle_of(part: Part) -> Point:
    """Return the middle of a box, turned."""
    xs, ys = zip(*part.corners, strict=True)
    return sum(xs) / 4, sum(ys) / 4


def level(thing: Attached, length: float, at: Point) -> Part:
    """Return the box of a thing that lies level, its middle at a point."""
    slope = thing.handle.slope
    turn = -slope if slope <= 90 else 180 - slope
    part = centred(thing, 0.0, 0.0, (length, length / thing.aspect))
    part = replace(part, angle=turn)
    x, y = middle_of(part)
    return replace(part, x=part.x + at[0] - x, y=part.y + at[1] - y)
