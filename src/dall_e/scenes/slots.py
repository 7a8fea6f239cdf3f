"""Where the things of a canonical scene go: always in the same places, in squares of whole cells.

Two and up to four things are all equally large, whether they are two kinds side by side, one above
the other or three of one kind. To an image tokenizer whose tokens are the cells, a thing then has
one pattern of codes wherever it stands, and a generator that has learnt it in one scene has learnt
it for the others.

Lengths of `Place` are fractions of the side; those of `_Slot` are cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from dall_e.images.compositing import Place
from dall_e.images.strokes import Ground
from dall_e.scenes.chains import linked_places
from dall_e.scenes.graph import IN_A_ROW, Scene
from dall_e.scenes.layout import flies, layout

FILL = {"big": 1.0, "": 0.92, "small": 0.6}
"""Fraction of its slot that a thing takes, by size word, where the slot's own size does not say."""

LONE = {"big": 5 / 6, "": 2 / 3, "small": 1 / 3}
"""Side of a lone thing on ground, by size word, as a fraction of the picture's."""

DEEP = 0.1
"""Ground that is shallower than this has room for one row only."""


class _Slot(NamedTuple):
    """A square for one thing, in cells."""

    left: float
    top: float
    side: float


def has_slots(scene: Scene) -> bool:
    """Whether a scene can be laid out in slots: nothing in it acts, touches or hides something."""
    apart = scene.relation in ("", "left", "right", "next to", "above", "below")
    return apart and not any(item.state for item in scene.objects)


def canonical_places(
    scene: Scene, aspects: Sequence[float], ground: Ground | None, cells: int
) -> list[Place]:
    """Boxes for any scene without chance: slots where there are some, else the canonical layout."""
    if scene.links:
        return linked_places(scene, aspects, ground)
    if has_slots(scene):
        return canonical_layout(scene, aspects, ground, cells)
    return layout(scene, aspects, ground, None, cells)


def canonical_layout(
    scene: Scene, aspects: Sequence[float], ground: Ground | None, cells: int
) -> list[Place]:
    """Boxes for everything in a scene that `has_slots`, those at the back first.

    `aspects` is the width over height of each object; the side of the picture has `cells` cells.
    Raises ValueError for a scene that `has_slots` refuses.
    """
    if not has_slots(scene):
        raise ValueError(f"things that act, touch or hide each other have no slots: {scene}")
    if ground is not None:
        return _on_ground(scene, aspects, ground, cells)

    fills = [FILL[item.size] for item in scene.objects]
    if len(scene.objects) == 1 and scene.objects[0].count == 1:
        # The slot of a lone thing is as large as its size word says.
        side = {"big": cells, "small": cells // 3}.get(scene.objects[0].size, cells * 2 // 3)
        edge = (cells - side) // 2
        slots, fills = [(0, _Slot(edge, edge, side))], [FILL[""]]
    elif scene.objects and all(item.spot == IN_A_ROW for item in scene.objects):
        everything = _one_by_one(scene)
        slots = list(zip(everything, _row(len(everything), cells), strict=True))
    elif len(scene.objects) == 2:
        slots = _halves(scene, cells)
    else:
        everything = _one_by_one(scene)
        slots = list(zip(everything, _grid(len(everything), 0, 0, cells, cells), strict=True))
    return [_centred(index, slot, aspects[index], fills[index], cells) for index, slot in slots]


def _row(count: int, cells: int) -> list[_Slot]:
    """`count` equal slots side by side, across the middle of the picture."""
    side = cells / count
    return [_Slot(number * side, (cells - side) / 2, side) for number in range(count)]


def _one_by_one(scene: Scene) -> list[int]:
    """The object's index for every single thing."""
    return [index for index, item in enumerate(scene.objects) for _ in range(item.count)]


def _halves(scene: Scene, cells: int) -> list[tuple[int, _Slot]]:
    """Slots in a half of the picture for each of two objects.

    The object named first is left or above unless the scene says otherwise.
    """
    half = cells // 2
    first_is_last = scene.relation in ("right", "below")
    starts = (half, 0) if first_is_last else (0, half)

    slots = []
    for index, start in enumerate(starts):
        count = scene.objects[index].count
        if scene.relation in ("above", "below"):
            grid = _grid(count, 0, start, cells, half)
        else:
            grid = _grid(count, start, 0, half, cells)
        slots += [(index, slot) for slot in grid]
    return slots


def _grid(count: int, left: int, top: int, width: int, height: int) -> list[_Slot]:
    """`count` equal slots in the middle of a region, row by row.

    They are as large as whole parts of the region's longer side allow.
    """
    if count == 0:
        return []

    longest = max(width, height)
    part = 2
    while (width * part // longest) * (height * part // longest) < count:
        part += 1
    side = longest // part

    columns = min(width // side, count)
    rows = -(-count // columns)
    above = top + (height - rows * side) // 2
    slots = []
    for row in range(rows):
        # A last row that is not full is centred.
        in_row = min(columns, count - row * columns)
        start = left + (width - in_row * side) // 2
        for column in range(in_row):
            slots.append(_Slot(start + column * side, above + row * side, side))
    return slots


def _centred(
    index: int, slot: _Slot, aspect: float, fill: float, cells: int, *, standing: bool = False
) -> Place:
    """A thing in the middle of its slot, or at the slot's foot where it stands on ground."""
    height = slot.side / cells * fill / max(aspect, 1.0)
    foot = (slot.top + slot.side) / cells
    y = foot - height / 2 if standing else foot - slot.side / cells / 2
    x = (slot.left + slot.side / 2) / cells
    return Place(index=index, x=x, y=y, width=height * aspect, height=height, shadow=standing)


def _on_ground(scene: Scene, aspects: Sequence[float], ground: Ground, cells: int) -> list[Place]:
    """What stands in rows on the ground, what flies in the air above it."""
    # Beside something, a bird or an aeroplane stands on the ground too.
    in_air = set()
    if not scene.relation:
        in_air = {index for index in range(len(scene.objects)) if flies(scene, index, ground)}
    everything = _one_by_one(scene)
    flying = [index for index in everything if index in in_air]
    standing = [index for index in everything if index not in in_air]
    if scene.relation == "right":
        standing.reverse()

    sky = max(int(ground.sky * cells), 1)
    places = []
    for index, slot in zip(flying, _grid(len(flying), 0, 0, cells, sky), strict=True):
        fill = FILL[scene.objects[index].size]
        places.append(_centred(index, slot, aspects[index], fill, cells))

    # The slot of a lone thing is as large as its size word says.
    is_lone = len(standing) == 1 and not flying
    side = round(LONE[scene.objects[standing[0]].size] * cells) if is_lone else 0
    slots = _rows(len(standing), ground, cells, side, sky if flying else 0)
    for index, slot in zip(standing, slots, strict=True):
        fill = FILL["" if is_lone else scene.objects[index].size]
        places.append(_centred(index, slot, aspects[index], fill, cells, standing=True))
    return places


def _rows(count: int, ground: Ground, cells: int, side: float, top: int) -> list[_Slot]:
    """Slots on the ground and below row `top`, the farther row first.

    A `side` of 0 makes them as large as there is room.
    """
    feet = min(round(ground.near * cells), cells)
    rows = 2 if count > 3 and ground.near - ground.far > DEEP else 1
    columns = max(-(-count // rows), 1)
    widest, highest = cells / max(columns, 2), (feet - top) / rows
    side = min(side or widest, highest)
    # Many have slots that are parts of cells.
    side = int(side) or side

    slots = []
    for row in range(rows):
        in_row = min(columns, count - row * columns)
        start = (cells - in_row * side) // 2
        above = feet - side * (rows - row)
        for column in range(in_row):
            slots.append(_Slot(start + column * side, above, side))
    return slots
