"""Where things go of which each is said to be somewhere of another: a book under a lamp on a desk.

One thing is placed first, and every other one beside the one that it is said to stand to. Then all
of them are moved and scaled into the picture together.

Lengths are those of the largest thing's longer side until then; x grows to the right, y downwards,
and what carries the others stands at y = 0.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from dall_e.images.compositing import Place
from dall_e.images.strokes import Ground
from dall_e.scenes.graph import SHAPES, Link, Scene
from dall_e.scenes.relations import CROWNED, SEAT_DOWN, SEATS, columns_of, in_block
from dall_e.scenes.sizes import fit, real_size

_POWER, _SMALLEST = 0.3, 0.42
"""How a side grows with its length in the world, and the smallest one."""
_SIZE_WORDS = {"big": 1.25, "": 1.0, "small": 0.7}
_GAP = 0.06
_ROOM = 0.94
"""Of the picture's side, for all things together."""
_SUNK = 0.06
"""How far into its support a thing stands, as a fraction of the support's height."""
_IN_CROWN = 0.3
_WIDEST_ON = 0.95
"""Width of what is on something, as a fraction of that; under something with legs it is less."""
_WIDEST_UNDER = 0.6
_COVERS = re.compile(r"table$|desk$|bench$|umbrella|lamp$|tent$|bridge|tree$|arch$|parasol|bed$")
"""What has room under it: other things are below what they are said to be under."""
_BEHIND = ("behind", "inside")


def linked_places(scene: Scene, aspects: Sequence[float], ground: Ground | None) -> list[Place]:
    """Boxes for everything in a scene with links, those at the back first.

    aspects: the width over height of each object. Fractions of the picture's side.
    """
    blocks = _blocks(scene, aspects)
    placed: dict[int, Place] = {}
    depth: dict[int, int] = {}
    links = {link.first: link for link in scene.links}

    # What stands to nothing first, beside each other; then whatever stands to one that is placed.
    waiting = list(range(len(blocks)))
    waiting.sort(key=lambda index: index in links)
    while waiting:
        index = next(each for each in waiting if _is_ready(links.get(each), placed))
        waiting.remove(index)
        link = links.get(index)
        if link is None:
            right = max((_right(place) for place in placed.values()), default=-_GAP)
            placed[index] = _standing(index, blocks[index], right + _GAP + blocks[index][0] / 2, 0)
            depth[index] = 0
            continue
        placed[index] = _linked(scene, link, blocks[index], placed)
        depth[index] = depth[link.second] + (-1 if link.relation in _BEHIND else 1)
    order = sorted(placed, key=lambda index: depth[index])
    whole = _into_image([placed[index] for index in order], ground)
    return [
        single
        for place in whole
        for single in in_block(
            place, scene.objects[place.index].count, *columns_of(scene, place.index)
        )
    ]


def _blocks(scene: Scene, aspects: Sequence[float]) -> list[tuple[float, float]]:
    """Width and height of each object, or of the block of all that there are of it."""
    lengths = [
        0.5 if item.name in SHAPES else real_size(item.thing).metres for item in scene.objects
    ]
    largest = max(lengths)
    blocks = []
    for index, (item, length) in enumerate(zip(scene.objects, lengths, strict=True)):
        columns, rows = columns_of(scene, index)
        side = max((length / largest) ** _POWER, _SMALLEST) * _SIZE_WORDS[item.size]
        width, height = fit(aspects[index], side, side, side)
        blocks.append((width * columns, height * rows))
    return blocks


def _is_ready(link: Link | None, placed: dict[int, Place]) -> bool:
    """Whether it is known where what a thing stands to is."""
    return link is None or link.second in placed


def _linked(scene: Scene, link: Link, size: tuple[float, float], placed: dict[int, Place]) -> Place:
    """The place of a thing beside, on, under, behind or in one that is placed."""
    other = _part_for(placed[link.second], link, scene.links)
    width, height = size
    name = scene.objects[link.second].name
    relation = link.relation
    if relation in ("on", "under"):
        widest = (_WIDEST_ON if relation == "on" else _WIDEST_UNDER) * other.width
        scale = min(
            1.0, widest / width, 0.9 * other.height / height if relation == "under" else 1.0
        )
        width, height = width * scale, height * scale
    if relation == "on":
        sunk = _IN_CROWN if CROWNED.search(name) else SEAT_DOWN if SEATS.search(name) else _SUNK
        return _standing(link.first, (width, height), other.x, other.top + sunk * other.height)
    if relation == "under" and _COVERS.search(name):
        return _standing(link.first, (width, height), other.x, other.bottom + 0.02)
    if relation in ("under", "below"):
        return _standing(link.first, (width, height), other.x, other.bottom + _GAP + height)
    if relation == "above":
        return _standing(link.first, size, other.x, other.top - _GAP)
    if relation == "behind":
        return _standing(link.first, size, other.x - 0.4 * other.width, other.bottom - 0.05)
    if relation == "in front":
        return _standing(link.first, size, other.x + 0.25 * other.width, other.bottom + 0.06)
    if relation == "inside":
        return _standing(link.first, size, other.x, other.top + 0.5 * min(height, other.height))
    return _beside(relation, link.first, size, other, placed)


def _part_for(other: Place, link: Link, links: Sequence[Link]) -> Place:
    """The part of a place that is for one of several in the same relation to it, side by side."""
    if link.relation not in ("on", "under", "above", "below", "inside"):
        return other
    alike = [each.first for each in links if each[1:] == link[1:]]
    column = sorted(alike).index(link.first)
    width = other.width / len(alike)
    x = other.x - other.width / 2 + (column + 0.5) * width
    return replace(other, x=x, width=width)


def _beside(
    relation: str, index: int, size: tuple[float, float], other: Place, placed: dict[int, Place]
) -> Place:
    """Left or right of a thing, on the side where nothing stands yet, if none is said."""
    left, right = other.x - other.width / 2, _right(other)
    beside = [place for place in placed.values() if place.index != other.index]
    is_left_free = not any(_right(place) <= left for place in beside)
    is_left = relation == "left" or relation == "next to" and is_left_free
    x = left - _GAP - size[0] / 2 if is_left else right + _GAP + size[0] / 2
    return _standing(index, size, x, other.bottom)


def _standing(index: int, size: tuple[float, float], x: float, feet: float) -> Place:
    width, height = size
    return Place(index=index, x=x, y=feet - height / 2, width=width, height=height)


def _right(place: Place) -> float:
    return place.x + place.width / 2


def _into_image(places: Sequence[Place], ground: Ground | None) -> list[Place]:
    """All places moved and scaled as one; on ground, the lowest stand on its nearer half."""
    left, right = min(place.x - place.width / 2 for place in places), max(map(_right, places))
    top, bottom = min(place.top for place in places), max(place.bottom for place in places)
    feet = (ground.far + 2 * ground.near) / 3 if ground else 0.0
    high = feet - 0.04 if ground else _ROOM
    scale = min(_ROOM / (right - left), high / (bottom - top))
    down = feet if ground else 0.5 + scale * (bottom - top) / 2
    return [
        replace(
            place,
            x=0.5 + scale * (place.x - (left + right) / 2),
            y=down + scale * (place.y - bottom),
            width=scale * place.width,
            height=scale * place.height,
            shadow=ground is not None and bottom - place.bottom < 0.1,
        )
        for place in places
    ]
