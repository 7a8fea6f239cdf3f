"""Two things side by side where there is no ground: each as large as its kind, on one line.

Slots (`scenes/slots.py`) are equally large, as training knows them. A man beside a dog is higher
than the dog in a picture that is put together. One thing alone that is said to be small is smaller
than its picture, and still to be seen.

Lengths are fractions of the picture's side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dall_e.images.compositing import Place
from dall_e.scenes.graph import SHAPES, Scene
from dall_e.scenes.sizes import real_size

_BESIDE = frozenset(("", "left", "right", "next to"))
_STANDING = frozenset(("animal", "person", "vehicle", "place", "plant"))
"""Kinds of things that stand on the line on which the other one stands."""
_POWER = 0.3
"""Real sizes to this power are sizes in the picture: an ant is seen beside an elephant."""
_SMALLEST, _SMALLEST_SAID = 0.5, 0.25
"""The smaller of two is at least so large a part of the larger; the same if a size is said."""
_SIZE_WORDS = {"big": 1.4, "": 1.0, "small": 0.5}
_SMALL_ALONE = 0.62
"""The longer side of one small thing, with nothing beside it."""
_WIDE, _HIGH, _GAP = 0.46, 0.86, 0.05
"""The most that one of two takes, and what is between both."""
_WHOLE = 0.94
"""The most that both take."""


def pair_sized(scene: Scene, places: Sequence[Place], aspects: Sequence[float]) -> list[Place]:
    """Return the places of two single things of their own sizes, and of one small thing alone; all
    other places as they are.

    places: of every single thing of the scene, without ground. aspects: width over height of each
    object.
    """
    items = scene.objects
    if len(places) == len(items) == 1 and items[0].size == "small":
        scale = _SMALL_ALONE / max(places[0].width, places[0].height)
        width, height = places[0].width * scale, places[0].height * scale
        return [replace(places[0], width=width, height=height)]
    is_pair = len(places) == len(items) == 2 and scene.relation in _BESIDE and not scene.links
    if not is_pair or any(item.name in SHAPES for item in items):
        return list(places)

    # Heights of both, then all as large as there is room
    sizes = [real_size(item.thing).metres ** _POWER * _SIZE_WORDS[item.size] for item in items]
    least = _SMALLEST_SAID if any(item.size for item in items) else _SMALLEST
    fractions = [max(size / max(sizes), least) for size in sizes]
    heights = [
        fraction * min(_HIGH, _WIDE / aspect)
        for fraction, aspect in zip(fractions, aspects, strict=True)
    ]
    widths = [height * aspect for height, aspect in zip(heights, aspects, strict=True)]
    scale = min((_WHOLE - _GAP) / sum(widths), _WHOLE / max(heights))

    # Side by side, in the order that they had
    stands = any(item.thing.kind in _STANDING for item in items) and not any(
        real_size(item.thing).where == "air" for item in items
    )
    foot = 0.5 + scale * max(heights) / 2
    left = 0.5 - (scale * sum(widths) + _GAP) / 2
    placed = []
    for place in sorted(places, key=lambda place: place.x):
        width, height = scale * widths[place.index], scale * heights[place.index]
        y = foot - height / 2 if stands else 0.5
        placed.append(replace(place, x=left + width / 2, y=y, width=width, height=height))
        left += width + _GAP
    return placed
