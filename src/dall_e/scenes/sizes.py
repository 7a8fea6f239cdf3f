"""How large the things of a scene are, as fractions of the picture's side."""

from __future__ import annotations

from collections.abc import Mapping

from dall_e.scenes.chance import Chance, choice

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
