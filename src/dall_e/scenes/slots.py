"""Where the things of a settled scene go: always in the same places, in squares of whole cells.

Two and up to four things are all equally large, whether they are two kinds side by side, one above
the other or three of one kind. To an image tokenizer whose tokens are the cells, a thing then has
one pattern of codes wherever it stands, and a generator that has learnt it in one scene has learnt
it for the others.

Lengths of `Place` are fractions of the side; those of `_Slot` are cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from dall_e.images.backgrounds import Ground
from dall_e.scenes.graph import Scene
from dall_e.scenes.layout import Place, Settled, flies, layout

# Fraction of its slot that a thing takes, by size word, where the slot's own size does not say it.
FILL = {"big": 1.0, "": 0.92, "small": 0.6}
# Sides of a lone thing on ground, as fractions of the picture's.
LONE = {"big": 5 / 6, "": 2 / 3, "small": 1 / 3}
# Ground that is shallower than this has room for one row only.
DEEP = 0.1


class _Slot(NamedTuple):
    """A square for one thing."""

    left: int
    top: int
    side: int


def has_slots(scene: Scene) -> bool:
    """Whether this module has places for a scene: nothing in it acts, touches or hides
    something."""
    return scene.relation in ("", "left", "right", "next to", "above", "below") and not any(
        item.state for item in scene.objects
    )


def canonical_places(
    scene: Scene, aspects: Sequence[float], ground: Ground | None, cells: int
) -> list[Place]:
    """Boxes for any scene, with nothing left to chance: slots where there are some, else the middle
    of what may be."""
    if has_slots(scene):
        return canonical_layout(scene, aspects, ground, cells)
    return layout(scene, aspects, ground, Settled(), cells)


def canonical_layout(
    scene: Scene, aspects: Sequence[float], ground: Ground | None, cells: int
) -> list[Place]:
    """Boxes for everything in a scene, those at the back first. `aspects`: width over height of
    each object.

    Raises ValueError for a scene that `has_slots` refuses.
    """
    if not has_slots(scene):
        raise ValueError(f"things that act, touch or hide each other have no slots: {scene}")
    if ground is not None:
        return _on_ground(scene, aspects, ground, cells)
    fills = [FILL[item.size] for item in scene.objects]
    if len(scene.objects) == 1 and scene.objects[0].count == 1:
        side = {"big": cells, "small": cells // 3}.get(scene.objects[0].size, cells * 2 // 3)
        slots, fills = [(0, _Slot((cells - side) // 2, (cells - side) // 2, side))], [FILL[""]]
    elif len(scene.objects) == 2:
        slots = _halves(scene, cells)
    else:
        places = _grid(sum(item.count for item in scene.objects), 0, 0, cells, cells)
        slots = list(zip(_one_by_one(scene), places, strict=True))
    return [_middle(index, slot, aspects[index], fills[index], cells) for index, slot in slots]


def _one_by_one(scene: Scene) -> list[int]:
    """The object's index for every single thing."""
    return [index for index, item in enumerate(scene.objects) for _ in range(item.count)]


def _halves(scene: Scene, cells: int) -> list[tuple[int, _Slot]]:
    """A half of the picture for each of two objects; the one named first is left unless the scene
    says otherwise."""
    half = cells // 2
    first = {"right": (half, 0), "below": (0, half)}.get(scene.relation, (0, 0))
    upright = scene.relation in ("above", "below")
    second = (0, half - first[1]) if upright else (half - first[0], 0)
    width, height = (cells, half) if upright else (half, cells)
    return [
        (index, slot)
        for index, (left, top) in enumerate((first, second))
        for slot in _grid(scene.objects[index].count, left, top, width, height)
    ]


def _grid(count: int, left: int, top: int, width: int, height: int) -> list[_Slot]:
    """`count` equal slots in the middle of a region, row by row, as large as whole parts of the
    longer side allow."""
    longest = max(width, height)
    part = next(
        part
        for part in range(2, longest + 1)
        if (width * part // longest) * (height * part // longest) >= count
    )
    side = longest // part
    columns = min(width // side, count)
    rows = -(-count // columns)
    above = top + (height - rows * side) // 2
    slots = []
    for row in range(rows):
        in_row = min(columns, count - row * columns)
        start = left + (width - in_row * side) // 2
        slots += [
            _Slot(start + column * side, above + row * side, side) for column in range(in_row)
        ]
    return slots


def _middle(
    index: int, slot: _Slot, aspect: float, fill: float, cells: int, *, standing: bool = False
) -> Place:
    """A thing in the middle of its slot, or at the slot's foot where it stands on ground."""
    scale = slot.side / cells * fill / max(aspect, 1.0)
    width, height = scale * aspect, scale
    foot = (slot.top + slot.side) / cells
    y = foot - height / 2 if standing else foot - slot.side / cells / 2
    return Place(
        index=index,
        x=(slot.left + slot.side / 2) / cells,
        y=y,
        width=width,
        height=height,
        shadow=standing,
    )


def _on_ground(scene: Scene, aspects: Sequence[float], ground: Ground, cells: int) -> list[Place]:
    """What stands in rows on the ground, what belongs in the air above it."""
    # Beside something, a bird or an aeroplane stands on the ground too.
    in_air = (
        [] if scene.relation else [i for i in range(len(scene.objects)) if flies(scene, i, ground)]
    )
    everything = _one_by_one(scene)
    flying, standing = (
        [i for i in everything if i in in_air],
        [i for i in everything if i not in in_air],
    )
    if scene.relation == "right":
        standing.reverse()
    sky = max(int(ground.sky * cells), 1)
    places = [
        _middle(index, slot, aspects[index], FILL[scene.objects[index].size], cells)
        for index, slot in zip(
            flying, _grid(len(flying), 0, 0, cells, sky) if flying else [], strict=True
        )
    ]
    lone = len(standing) == 1 and not flying
    size = scene.objects[standing[0]].size if lone else ""
    side = round(LONE[size] * cells) if lone else 0
    slots = _rows(len(standing), ground, cells, side, sky if flying else 0)
    for index, slot in zip(standing, slots, strict=True):
        fill = FILL["" if lone else scene.objects[index].size]
        places.append(_middle(index, slot, aspects[index], fill, cells, standing=True))
    return places


def _rows(count: int, ground: Ground, cells: int, side: int, top: int) -> list[_Slot]:
    """Slots on the ground and below `top`, the farther row first; `side` 0: as large as there is
    room."""
    feet = min(round(ground.near * cells), cells)
    rows = 2 if count > 3 and ground.near - ground.far > DEEP else 1
    columns = max(-(-count // rows), 1)
    side = min(side or cells // max(columns, 2), (feet - top) // rows)
    slots = []
    for row in range(rows):
        in_row = min(columns, count - row * columns)
        start = (cells - in_row * side) // 2
        above = feet - side * (rows - row)
        slots += [_Slot(start + column * side, above, side) for column in range(in_row)]
    return slots
