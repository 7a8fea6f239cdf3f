"""Where the things of a scene stand in a drawn place, each as large as its kind is.

Houses stand behind, small things in front; what flies is in the air, and what swims in the water.
Lengths are fractions of the picture's side; x grows to the right, y downwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dall_e.images.compositing import Place
from dall_e.images.place_parts import Box, parts_of, room_of
from dall_e.images.places import UNITS, PlaceFacts
from dall_e.images.strokes import Ground
from dall_e.scenes.free_ground import spread
from dall_e.scenes.graph import IN_A_ROW, MOST, MOST_COMPOSED, SHAPES, Scene, SceneObject
from dall_e.scenes.singles import LONE, LONE_POWER, Single, Stood
from dall_e.scenes.sizes import RealSize, real_size
from dall_e.scenes.spots import has_spot, spotted

APART = frozenset(("", "left", "right", "next to"))
"""Relations in which things stand beside each other."""
_SIZE_WORDS = {"big": 1.25, "": 1.0, "small": 0.68}
_LARGEST, _SMALLEST = 0.64, 0.19
"""Sides of the largest and of the smallest of several things."""
_SPREAD_POWER = 0.5
"""How a picture of somebody grows with what they hold or ride: half as fast as it is longer."""
_POWER = 0.42
"""How sides beside each other grow with lengths: as fast as in the world, the mouse beside the
house would be a dot."""
_ROOM = 0.95
"""Of the picture's width, for things side by side."""
_TOP, _ROOM_ON_TOP = 25.5, 0.5
"""Ground higher than this row is the top of a hill or a mountain, and has less room."""
_MOST_IN_ROW = 4
_APART = 0.7
"""Of the picture's width, for each row of many things: those behind are seen between."""
_BIG = 4.0
"""In metres: what is as long stands behind smaller things."""
_HIDDEN = 0.62
"""Part of its width that a thing behind others needs for itself."""
_SWIMMING_KINDS = frozenset(("animal", "person", "vehicle", "face"))
"""What floats under water; everything else lies on its ground."""
_ALIVE = frozenset(("animal", "person", "face"))
_CREEPING = frozenset(("crab", "starfish", "coral", "snail", "lobster", "oyster", "spiral shell"))


def ground_of(facts: PlaceFacts) -> Ground | None:
    """The rows on which things stand, as painted backgrounds have them."""
    if facts.far is None or facts.near is None:
        return None
    return Ground(far=facts.far / UNITS, near=facts.near / UNITS, sky=facts.air / UNITS)


def stood(
    scene: Scene,
    aspects: Sequence[float],
    facts: PlaceFacts,
    spreads: Sequence[float] = (1.0,) * MOST,
    *,
    mirrored: bool = False,
) -> list[Stood]:
    """Put everything of a scene into a place with ground, those at the back first.

    aspects: the width over height of each object. spreads: how many times as long somebody is with
    what they hold or ride. mirrored: whether the place is seen from its other side. The scene's
    relation is one of APART.
    """
    singles = [
        single
        for index, aspect in enumerate(aspects)
        for single in _singles(scene, index, aspect, facts, spreads[index])
    ]
    if scene.relation == "right":
        singles.reverse()
    at_spots = [single for single in singles if has_spot(single, facts)]
    free = [single for single in singles if single not in at_spots]
    flying = [single for single in free if single.where == "air"]
    standing = [single for single in free if single.where != "air"]
    at_part = spotted(at_spots, facts, mirrored=mirrored)
    taken = [_box_of(one.place) for one in at_part]
    if _are_in_a_row(standing):
        water = room_of(facts.name, "water", mirrored=mirrored)
        on_ground = _in_line(standing, facts, water, rolls=_rolls(scene.objects[0]))
    elif standing and (taken or _is_spread(standing, scene.relation, facts)):
        parts = parts_of(facts.name, mirrored=mirrored)
        water = room_of(facts.name, "water", mirrored=mirrored)
        on_ground = spread(standing, _sides(standing), facts, parts, water, taken)
    else:
        on_ground = _on_ground(standing, facts)
    covering = [one for one in at_part if one.contact]
    others = [one for one in at_part if not one.contact]
    return [*_in_air(flying, facts, len(standing)), *covering, *others, *on_ground]


def _box_of(place: Place) -> Box:
    left, top = place.x - place.width / 2, place.y - place.height / 2
    return left, top, left + place.width, top + place.height


def _is_spread(singles: Sequence[Single], relation: str, facts: PlaceFacts) -> bool:
    """Whether things go all over the ground, or beside what the place shows."""
    if not singles or relation in ("left", "right") or facts.is_water:
        return False
    assert facts.near is not None
    if facts.near <= _TOP:
        return False
    swims = any(single.where == "water" for single in singles)
    # So many equal things would hide each other, and are in two rows.
    if len(singles) > MOST_COMPOSED and len({one.index for one in singles}) == 1 and not swims:
        return False
    has_water = bool(room_of(facts.name, "water"))
    if len(singles) > 2 or (swims and has_water):
        return True
    is_peopled = all(single.is_alive for single in singles)
    is_alone_inside = len(singles) == 1 and facts.kind == "indoor"
    return bool(parts_of(facts.name)) and (not is_peopled or is_alone_inside)


def _singles(
    scene: Scene, index: int, aspect: float, facts: PlaceFacts, spread: float
) -> list[Single]:
    item = scene.objects[index]
    size = RealSize(0.5) if item.name in SHAPES else real_size(item.thing)
    kind = "" if item.name in SHAPES else item.thing.kind
    where = _where(item.name, kind, size, facts)
    # Beside something, a bird stands on the ground too.
    if scene.relation and where == "air":
        where = "ground"
    others = [real_size(other.thing).metres for other in scene.objects if other.name not in SHAPES]
    is_back = size.metres >= _BIG and min(others, default=size.metres) < size.metres / 2
    scale = _SIZE_WORDS[item.size] * spread**_SPREAD_POWER
    if item.spot in ("in:air", "on:water"):
        where = item.spot[3:]
    single = Single(
        index, aspect, size, scale, where, is_back, kind in _ALIVE or item.name in SHAPES, item.spot
    )
    return [single] * item.count


def _where(name: str, kind: str, size: RealSize, facts: PlaceFacts) -> str:
    if facts.is_water and facts.air > 0.7 * UNITS:
        swims = kind in _SWIMMING_KINDS and name not in _CREEPING
        return "air" if swims or size.where else "ground"
    if size.where == "air":
        return "air" if facts.air >= 8 else "ground"
    if facts.is_water or (size.where == "water" and facts.water is not None):
        return "water"
    return "ground"


# On the ground


def _are_in_a_row(singles: Sequence[Single]) -> bool:
    """Whether there are several, all of them in one row."""
    return len(singles) > 1 and all(single.spot == IN_A_ROW for single in singles)


def _rolls(item: SceneObject) -> bool:
    return item.name not in SHAPES and item.thing.kind == "vehicle"


def _in_line(
    singles: Sequence[Single], facts: PlaceFacts, water: Sequence[Box], *, rolls: bool
) -> list[Stood]:
    """Equal things in one row along the ground, or across the water: what is as high as trees on
    its far side, but vehicles, which roll, on the road."""
    sizes = [single.fitted(side) for single, side in zip(singles, _sides(singles), strict=True)]
    if singles[0].where != "water" or not water:
        is_behind = singles[0].size.metres >= _BIG and not rolls
        return _row(singles, sizes, 0.0 if is_behind else 0.75, facts)
    left, top, right, bottom = water[0]
    step = (right - left) / len(singles)
    feet = (top + bottom) / 2
    scale = min(_ROOM * step / sizes[0][0], feet / sizes[0][1], 1.0)
    width, height = (scale * side for side in sizes[0])
    return [
        Stood(
            place=Place(
                index=single.index, x=left + (number + 0.5) * step, y=feet - height / 2,
                width=width, height=height, shadow=True,
            ),
            contact="ripple",
        )
        for number, single in enumerate(singles)
    ]  # fmt: skip


def _on_ground(singles: Sequence[Single], facts: PlaceFacts) -> list[Stood]:
    """Side by side, as large as there is room."""
    if not singles:
        return []
    sides = _sides(singles)
    if len(singles) > _MOST_IN_ROW:
        assert facts.far is not None and facts.near is not None
        most = 0.1 + 1.4 * (facts.near - facts.far) / UNITS
        sides = [side * min(most / max(sides), 1.0) for side in sides]
    # The nearer of two rows hides little of the other.
    rows = 2 if len(singles) > _MOST_IN_ROW else 1
    per_row = -(-len(singles) // rows)
    if len(singles) > MOST_COMPOSED:
        sides = [
            min(side, _APART / per_row / min(single.aspect, 1.0))
            for single, side in zip(singles, sides, strict=True)
        ]
    sizes = [single.fitted(side) for single, side in zip(singles, sides, strict=True)]
    placed: list[Stood] = []
    for row in range(rows):
        part = slice(row * per_row, (row + 1) * per_row)
        depth = 0.75 if rows == 1 else (0.0, 1.0)[row]
        row_of = _row(singles[part], sizes[part], depth, facts)
        shift = 0.0 if rows == 1 else (0.22 - 0.44 * row) / per_row
        placed += [_shifted(one, shift) for one in row_of]
    return sorted(placed, key=lambda one: one.place.bottom)


def _sides(singles: Sequence[Single]) -> list[float]:
    """The longer side of each."""
    if len(singles) == 1:
        side = LONE * singles[0].size.metres ** LONE_POWER * singles[0].scale
        return [min(max(side, 0.2), 0.8)]
    lengths = [single.size.metres**_POWER for single in singles]
    largest = max(lengths)
    # A few things of one size are not as large as the largest of different ones.
    top = _LARGEST if min(lengths) < 0.8 * largest else 0.48
    return [
        max(top * length / largest, _SMALLEST) * single.scale
        for single, length in zip(singles, lengths, strict=True)
    ]


def _row(
    singles: Sequence[Single],
    sizes: Sequence[tuple[float, float]],
    depth: float,
    facts: PlaceFacts,
) -> list[Stood]:
    """Things side by side; those behind may be hidden a little."""
    needed = [
        width * (_HIDDEN if single.is_back else 1.0)
        for single, (width, _) in zip(singles, sizes, strict=True)
    ]
    assert facts.near is not None
    room = _ROOM if facts.near > _TOP else _ROOM_ON_TOP
    shrink = min(room / sum(needed), 1.0)
    gap = (1 - sum(needed) * shrink) / (len(singles) + 1)
    placed: list[Stood] = []
    left = gap
    for single, (width, height), own in zip(singles, sizes, needed, strict=True):
        feet = _feet(single, depth, facts)
        scale = min(shrink, (feet - 0.02) / height)
        width, height, own = width * scale, height * scale, own * shrink
        x = min(max(left + own / 2, min(width, 1) / 2), 1 - min(width, 1) / 2)
        left += own + gap
        place = Place(
            index=single.index, x=x, y=feet - height / 2, width=width, height=height, shadow=True
        )
        placed.append(Stood(place=place, contact="ripple" if single.where == "water" else "shadow"))
    return placed


def _shifted(one: Stood, right: float) -> Stood:
    """A thing moved sideways within the picture."""
    half = one.place.width / 2
    x = min(max(one.place.x + right, half), 1 - half)
    return replace(one, place=replace(one.place, x=x))


def _feet(single: Single, depth: float, facts: PlaceFacts) -> float:
    """The row on which a thing stands; depth is from 0, far, to 1, near."""
    assert facts.far is not None and facts.near is not None
    if single.where == "water" and facts.water is not None:
        return (facts.water + 1.5 * depth) / UNITS
    if single.is_back:
        depth = 0.1
    return (facts.far + depth * (facts.near - facts.far)) / UNITS


# In the air


def _in_air(singles: Sequence[Single], facts: PlaceFacts, standing: int) -> list[Stood]:
    """Side by side in the air, every second one a little lower."""
    if not singles:
        return []
    room = facts.air / UNITS
    middle = 0.5 * room if standing else max(0.6 * room, 0.32)
    most = max(room * 0.78, 0.28) if standing else max(room, 0.5)
    in_a_row = _are_in_a_row(singles)
    placed: list[Stood] = []
    for number, single in enumerate(singles):
        side = 0.4 * single.size.metres**LONE_POWER * single.scale
        width, height = single.fitted(min(side, most, 0.9 / len(singles)))
        x = (number + 0.5) / len(singles)
        # Beside what stands in the middle there is more sky.
        x = 0.3 if len(singles) == 1 and standing else x
        off = (0.03 if number % 2 else -0.03) * (len(singles) > 1 and not in_a_row)
        y = middle + off * (1.0 if len(singles) < 3 else 2.2)
        y = max(y, height / 2 + 0.02)
        placed.append(Stood(place=Place(index=single.index, x=x, y=y, width=width, height=height)))
    return placed
