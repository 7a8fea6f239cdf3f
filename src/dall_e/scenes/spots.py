"""Things on, in, under and beside what a place shows: a cat on the sofa of a living room.

A spot is a text such as "on:couch": a relation and the first name of a part of the place.
"as:couch" covers the part, "on:wall" hangs, "in:air" flies. Lengths are fractions of the picture's
side.
"""

from __future__ import annotations

from collections.abc import Sequence

from dall_e.images.compositing import Place
from dall_e.images.place_facts import UNITS, PlaceFacts
from dall_e.images.place_parts import Box, PlacePart, parts_of, room_of
from dall_e.scenes.singles import LONE, LONE_POWER, Single, Stood

_ON_PART, _ON_WALL = 0.74, 0.62
"""Sides of things on a part and on a wall, as fractions of those of lone things."""
_WALL: Box = (0.24, 0.08, 0.76, 0.36)
"""Free wall of a room of which nothing is known."""
_SMALLEST = 0.13
_COVERS = 1.06
"""Width of what is drawn over a part of its kind, as a fraction of the part's."""
_SUNK = 0.012
"""How far into its seat a thing stands."""
_ASIDE = ("next to", "left", "right", "in front", "behind", "below", "under")
"""Relations in which a thing stands on the ground at a part."""


def part_at(spot: str, place: str, *, mirrored: bool = False) -> PlacePart | None:
    """The part of a place that a spot names; None if it names none."""
    name = spot.partition(":")[2]
    parts = parts_of(place, mirrored=mirrored)
    return next((part for part in parts if part.names[0] == name), None)


def spotted(singles: Sequence[Single], facts: PlaceFacts, *, mirrored: bool) -> list[Stood]:
    """Put things to the parts of a place that their spots name; those of one object are together.

    Each has a spot at which `has_spot`.
    """
    placed: list[Stood] = []
    for spot in dict.fromkeys(single.spot for single in singles):
        own = [single for single in singles if single.spot == spot]
        relation, _, name = spot.partition(":")
        part = part_at(spot, facts.name, mirrored=mirrored)
        if name == "wall":
            placed += _on_wall(own, room_of(facts.name, "wall", mirrored=mirrored) or [_WALL])
        elif part and relation == "as":
            placed += [_over(single, part.box) for single in own]
        elif part and relation in _ASIDE:
            placed += _at_foot(own, relation, part.box, facts)
        elif part:
            placed += _on_seat(own, part)
    return placed


def has_spot(single: Single, facts: PlaceFacts) -> bool:
    """Whether a thing has a spot that the place knows, other than its air or its ground."""
    if not single.spot:
        return False
    return single.spot == "on:wall" or part_at(single.spot, facts.name) is not None


def _side(single: Single) -> float:
    side: float = LONE * single.size.metres**LONE_POWER * single.scale
    return min(max(side, 0.2), 0.6)


def _stood(single: Single, x: float, feet: float, size: tuple[float, float], contact: str) -> Stood:
    width, height = size
    place = Place(
        index=single.index, x=x, y=feet - height / 2, width=width, height=height,
        shadow=contact == "shadow",
    )  # fmt: skip
    return Stood(place=place, contact=contact)


def _on_wall(singles: Sequence[Single], rooms: Sequence[Box]) -> list[Stood]:
    """In the free parts of a wall, the largest first, each in a cell of its own."""
    rooms = sorted(rooms, key=lambda box: -(box[2] - box[0]) * (box[3] - box[1]))
    counts = [len(range(number, len(singles), len(rooms))) for number in range(len(rooms))]
    placed: list[Stood] = []
    for room, count in zip(rooms, counts, strict=True):
        left, top, right, bottom = room
        width = (right - left) / max(count, 1)
        for number in range(count):
            single = singles[len(placed)]
            side = max(_ON_WALL * _side(single), _SMALLEST)
            size = single.fitted(side)
            scale = min(1.0, max(0.86 * width, _SMALLEST) / size[0], (bottom - top) / size[1])
            size = (size[0] * scale, size[1] * scale)
            x = _inside(left + (number + 0.5) * width, size[0])
            placed.append(_stood(single, x, (top + bottom + size[1]) / 2, size, ""))
    return placed


def _over(single: Single, box: Box) -> Stood:
    """Over the part of its kind, all of which it hides."""
    left, top, right, bottom = box
    width, height = single.fitted(1.0)
    scale = max(_COVERS * (right - left) / width, 0.9 * (bottom - top) / height)
    scale = min(scale, 1.0 / width, (bottom - 0.02) / height)
    size = (width * scale, height * scale)
    return _stood(single, _inside((left + right) / 2, size[0]), bottom, size, "shadow")


def _on_seat(singles: Sequence[Single], part: PlacePart) -> list[Stood]:
    """Side by side on a part, in its middle."""
    left, _, right, bottom = part.box
    left, right = max(left, 0.02), min(right, 0.98)
    seat = part.seat if part.seat is not None else bottom
    sizes = [single.fitted(_ON_PART * _side(single)) for single in singles]
    # Many are before each other rather than too small to be seen.
    shrink = min(1.0, (right - left) * 0.96 / sum(width for width, _ in sizes))
    sizes = [
        (width * scale, height * scale)
        for width, height in sizes
        for least in [min(1.0, _SMALLEST / max(width, height))]
        for scale in [min(max(shrink, least), (seat - 0.04) / height)]
    ]
    gap = (right - left - sum(width for width, _ in sizes)) / (len(sizes) + 1)
    placed, x = [], left
    for single, size in zip(singles, sizes, strict=True):
        x += gap + size[0] / 2
        placed.append(_stood(single, _inside(x, size[0]), seat + _SUNK, size, ""))
        x += size[0] / 2
    return placed


def _at_foot(singles: Sequence[Single], relation: str, box: Box, facts: PlaceFacts) -> list[Stood]:
    """On the ground before a part, or beside it, on the side where there is more room."""
    assert facts.far is not None and facts.near is not None
    left, _, right, bottom = box
    feet = min(max(bottom + 0.03, (facts.far + 1.5) / UNITS), facts.near / UNITS)
    is_beside = relation in ("next to", "left", "right")
    is_left = relation == "left" or relation != "right" and left > 1 - right
    placed = []
    for number, single in enumerate(singles):
        width, height = single.fitted((0.5 if relation == "under" else 0.85) * _side(single))
        off = (number + 0.5) * width
        x = left + 0.2 * width - off if is_left else right - 0.2 * width + off
        if not is_beside:
            x = (left + right) / 2 + (number - (len(singles) - 1) / 2) * width
        placed.append(_stood(single, _inside(x, width), feet, (width, height), "shadow"))
    return placed


def _inside(x: float, width: float) -> float:
    half = min(width, 1.0) / 2
    return min(max(x, half), 1 - half)
