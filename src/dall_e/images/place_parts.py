"""Where the main things of a drawn place are, and its free walls and waters.

It is the table `images/places/parts.tsv`. Boxes are fractions of the picture's side: left, top,
right, bottom; y grows downwards. Every second picture shows a place from its other side.
"""

from __future__ import annotations

import random
from functools import lru_cache
from importlib import resources
from typing import NamedTuple

from dall_e.images.place_facts import UNITS

Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""
_ROOMS = ("wall", "water")
"""Names of room for things."""


class PlacePart(NamedTuple):
    """A thing that a place shows."""

    names: tuple[str, ...]
    """What it is; the last words of the names of things."""
    also: tuple[str, ...]
    """What one calls it, too, if something is on it."""
    box: Box
    seat: float | None
    """The row on which things are that are on it or in it; None if nothing is."""

    def is_called(self, name: str, *, used: bool = False) -> bool:
        """Whether a thing's name is that of the part, or, of one that is `used`, another one."""
        names = (*self.names, *self.also) if used else self.names
        return any(name == each or name.endswith(f" {each}") for each in names)


def is_mirrored(seed: int) -> bool:
    """Whether a place is seen from its other side."""
    return random.Random(f"place/{seed}").random() < 0.5


def parts_of(place: str, *, mirrored: bool = False) -> tuple[PlacePart, ...]:
    """The things that a place is known to show."""
    own = [part for part in _table().get(place, ()) if part.names[0] not in _ROOMS]
    return tuple(_turned(part) if mirrored else part for part in own)


def room_of(place: str, kind: str, *, mirrored: bool = False) -> list[Box]:
    """The boxes of a place's free "wall" or "water"."""
    own = [part for part in _table().get(place, ()) if part.names[0] == kind]
    return [_turned(part).box if mirrored else part.box for part in own]


def _turned(part: PlacePart) -> PlacePart:
    left, top, right, bottom = part.box
    return part._replace(box=(1 - right, top, 1 - left, bottom))


@lru_cache(maxsize=1)
def _table() -> dict[str, list[PlacePart]]:
    text = resources.files("dall_e.images").joinpath("places/parts.tsv").read_text("utf-8")
    rows = (line.split("\t") for line in text.splitlines() if line and not line.startswith("#"))
    found: dict[str, list[PlacePart]] = {}
    for place, names, also, *numbers, seat in rows:
        left, top, right, bottom = (float(number) / UNITS for number in numbers)
        part = PlacePart(
            names=tuple(names.split(",")),
            also=() if also == "-" else tuple(also.split(",")),
            box=(left, top, right, bottom),
            seat=None if seat == "-" else float(seat) / UNITS,
        )
        found.setdefault(place, []).append(part)
    return found
