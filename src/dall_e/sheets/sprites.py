"""Plans of sprites: each thing alone in its cell, on one line, as large as its kind asks for.

Lengths are fractions of a cell's side.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from dall_e.planning.placed_plan import PlacedPlan
from dall_e.planning.vocabulary import Vocabulary
from dall_e.scenes.sizes import real_size

SCALES = ("kind", "same")
"""How large sprites are beside each other: as their kinds ask for, or all alike."""
_BASELINE = 0.95
"""Where everything stands in its cell."""
_LARGEST, _SMALLEST = 0.9, 0.5
"""Sides of the largest and of the smallest sprite."""
_WALKING = 0.84
"""Room of sprites that bob and lean, as a fraction of the others'."""
_POWER = 0.17
"""How sides grow with lengths. In the world a knight is fifteen times as long as a potion; in a
game one and a half times is enough to tell, and the potion can still be seen."""
_UNKNOWN_METRES = 0.5
"""Length of what nobody has measured."""
_BOB, _LEAN = 0.05, 5.0
"""How high a step lifts a sprite, and by how many degrees it leans."""


def sprite_plans(
    plans: Sequence[PlacedPlan], vocabulary: Vocabulary | None, *, scale: str, walks: bool
) -> list[PlacedPlan]:
    """Return the plans of pictures as plans of sprites, which stand on one line in their cells.

    scale: one of SCALES. walks: whether there has to be room to bob and lean.
    """
    metres = [_metres(plan, vocabulary) for plan in plans]
    sprites = []
    for plan, length in zip(plans, metres, strict=True):
        side = _LARGEST
        if scale == "kind":
            side = max(_LARGEST * (length / max(metres)) ** _POWER, _SMALLEST)
        side *= _WALKING if walks else 1.0
        sprites.append(plan.framed((0.5 - side / 2, _BASELINE - side, side, side)))
    return sprites


def walk(plan: PlacedPlan, count: int) -> list[PlacedPlan]:
    """Return the frames of a sprite that hops from foot to foot, `count` of them in a cycle.

    A sprite of several things keeps them together: it bobs, and does not lean.
    """
    frames = []
    for number in range(count):
        phase = 2 * math.pi * number / count
        frame = plan
        for name in dict.fromkeys(each.name for each in plan.objects if each.held_by is None):
            frame = frame.move(name, 0.0, -_BOB * abs(math.sin(phase)))
            if len(plan.layers) == 1:
                frame = frame.turn(name, _LEAN * math.sin(phase))
        frames.append(frame)
    return frames


def walks(sprites: Mapping[str, PlacedPlan], count: int) -> dict[str, PlacedPlan]:
    """Return the frames of all sprites by their names, each walk a second time in a mirror."""
    return {
        f"{name}-{way}-{number}": frame
        for name, sprite in sprites.items()
        for way, turned in (("walk", sprite), ("walk-mirrored", sprite.mirrored()))
        for number, frame in enumerate(walk(turned, count))
    }


def _metres(plan: PlacedPlan, vocabulary: Vocabulary | None) -> float:
    """The length of the largest thing that a plan shows."""
    names = [each.name for each in plan.objects]
    if vocabulary is None:
        return _UNKNOWN_METRES
    known = [real_size(vocabulary.thing(name)).metres for name in names if vocabulary.knows(name)]
    return max(known, default=_UNKNOWN_METRES)
