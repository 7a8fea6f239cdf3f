"""How large the things of a scene are, as fractions of the picture's side."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from dall_e.scenes.chance import Chance, choice
from dall_e.scenes.vocabulary import Thing
from dall_e.text.tables import read_table

Size = tuple[float, float]
"""Width and height."""

LYING = 0.66
"""A thing that stands in its own image is drawn this much lower when it is to lie."""

# Smallest and largest side by size word: of one thing alone, of each of two, and on ground.
ALONE = {"big": (0.92, 0.97), "": (0.6, 0.82), "small": (0.3, 0.42)}
PAIRED = {"big": (0.5, 0.56), "": (0.38, 0.46), "small": (0.22, 0.28)}
STANDING = {"big": (0.64, 0.74), "": (0.4, 0.56), "small": (0.22, 0.3)}


def side_of(table: Mapping[str, tuple[float, float]], size: str, rng: Chance) -> float:
    """Draw the longer side of a thing from a table, by its size word.

    Only three lengths are drawn: a generator learns a few sizes sooner than all of them.
    """
    least, most = table[size]
    return least + choice(rng, (0.0, 0.5, 1.0)) * (most - least)


def fit(aspect: float, side: float, width: float = 1.0, height: float = 1.0) -> Size:
    """Width and height whose longer one is `side`, or less where that exceeds the room.

    `aspect` is width over height; `width` and `height` are the room.
    """
    scale = min(side / max(aspect, 1.0), width / aspect, height)
    return scale * aspect, scale


class RealSize(NamedTuple):
    """How large a thing is in the world, and where it is by itself."""

    metres: float
    """Of its longer side."""
    where: str = ""
    """air, water or nothing: on the ground."""


_KINDS = {
    "animal": 0.6, "person": 1.8, "plant": 0.8, "vehicle": 3.0, "place": 6.0, "food": 0.2,
    "activity": 1.8, "weather": 3.0, "sky": 3.0, "flag": 1.0, "face": 0.8, "object": 0.4,
}  # fmt: skip
"""Metres of things that the table lacks, by kind."""
_WITH = re.compile(r" (?:with|and|on|in|holding|using|flying|looking) ")
_IN_AIR = frozenset(("weather", "sky"))
"""Kinds of things that are in the air by themselves."""


def real_size(thing: Thing) -> RealSize:
    """How large a thing is, by its name, the last word of it, or its kind."""
    table = _real_sizes()
    words = thing.name.split()
    if thing.kind in ("person", "animal"):
        # A boy with a kite is as large as a boy, and does not fly.
        words = _WITH.split(thing.name)[0].split()
    for first in range(len(words)):
        known = table.get(" ".join(words[first:]))
        if known:
            return known
    where = next((where for where in ("air", "water") if where in thing.traits), "")
    where = where or ("air" if thing.kind in _IN_AIR else "")
    return RealSize(_KINDS.get(thing.kind, 0.4), where)


@lru_cache(maxsize=1)
def _real_sizes() -> dict[str, RealSize]:
    sizes: dict[str, RealSize] = {}
    for metres, words, *where in read_table("scenes/real_sizes.txt"):
        for word in words.split(","):
            sizes[word.strip()] = RealSize(float(metres), where[0] if where else "")
    return sizes
