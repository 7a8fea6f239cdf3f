"""Things spread over the ground of a place: nearer ones larger, beside what the place shows.

Each thing in turn, the largest first, goes where it hides least of the things before it and of the
parts of the place (`images/place_parts.py`). Lengths are fractions of the picture's side.
"""

from __future__ import annotations

from collections.abc import Sequence

from dall_e.images.compositing import Place
from dall_e.images.place_facts import UNITS, PlaceFacts
from dall_e.images.place_parts import Box, PlacePart
from dall_e.scenes.singles import Single, Stood

_FAR, _FAR_ALIVE = 0.74, 0.84
"""Size of a thing, and of somebody, on the farthest row, as a fraction of that on the nearest."""
_DEPTHS = (0.0, 0.5, 1.0)
_SCALES = (1.0, 0.86, 0.72)
_STEPS = 24
"""Columns that are tried."""
_WIDTH, _WIDTH_MORE = 1.05, 0.18
"""Of three things beside each other, and of each one more."""
_HIDES, _HIDES_PART, _HIDES_ALIVE = 4.0, 1.2, 0.4
"""Prices of hiding another thing, a part of the place, and the same for somebody."""
_SMALLER, _ASIDE, _IN_LINE, _FAR_OFF = 0.9, 0.12, 0.14, 0.05
"""Prices of being smaller, aside of the middle, on the row of an equal thing, and far."""
_AFLOAT = 1.15
"""Width of all that swims, as a fraction of the water's."""
_ROOMS = 0.84
"""Size of a thing in a furnished room."""


def spread(
    singles: Sequence[Single],
    sides: Sequence[float],
    facts: PlaceFacts,
    parts: Sequence[PlacePart],
    water: Sequence[Box] = (),
    taken: Sequence[Box] = (),
) -> list[Stood]:
    """Put things on the ground and the water of a place, those at the back first.

    sides: the longer side of each. parts: what the place shows. water: its free waters. taken:
    where other things are.
    """
    fitted = [single.fitted(side) for single, side in zip(singles, sides, strict=True)]
    room = _WIDTH + _WIDTH_MORE * max(len(singles) - 3, 0)
    shrink = min(1.0, room / sum(width for width, _ in fitted))
    afloat = sum(
        size[0] for single, size in zip(singles, fitted, strict=True) if single.where == "water"
    )
    if water and afloat:
        shrink = min(shrink, _AFLOAT * (water[0][2] - water[0][0]) / afloat)
    furnished = facts.kind == "indoor" and bool(parts)
    order = sorted(range(len(singles)), key=lambda at: (not singles[at].is_back, -sides[at]))
    done: list[tuple[Single, float, Box]] = []
    for at in order:
        single = singles[at]
        own = shrink * (_ROOMS if furnished and not single.is_alive else 1.0)
        width, height = (own * side for side in fitted[at])
        tries = [
            _price(single, _box(single, (width, height), scale, depth, step, facts, water), depth,
                   scale, done, parts, taken, len(singles))
            for scale in _SCALES
            for depth in _depths(single, facts)
            for step in range(_STEPS + 1)
        ]  # fmt: skip
        _, depth, box = min(tries, key=lambda each: each[0])
        done.append((single, depth, box))
    done.sort(key=lambda each: each[2][3])
    return [_stood(single, box) for single, _, box in done]


def _depths(single: Single, facts: PlaceFacts) -> tuple[float, ...]:
    assert facts.far is not None and facts.near is not None
    is_deep = facts.near - facts.far > 2
    return (0.1,) if single.is_back else _DEPTHS if is_deep else (0.5, 1.0)


def _box(
    single: Single,
    size: tuple[float, float],
    scale: float,
    depth: float,
    step: int,
    facts: PlaceFacts,
    water: Sequence[Box],
) -> Box:
    """Where a thing is at a depth and a column."""
    assert facts.far is not None and facts.near is not None
    far, near = facts.far / UNITS, facts.near / UNITS
    left, right = 0.02, 0.98
    if single.where == "water" and water:
        left, top, right, near = water[0]
        far = top + 0.35 * (near - top)
    elif single.where == "water" and facts.water is not None:
        far, near = facts.water / UNITS, (facts.water + 1.5) / UNITS
    feet = far + depth * (near - far)
    least = _FAR_ALIVE if single.is_alive else _FAR
    scale *= 1.0 if single.is_back else least + (1 - least) * depth
    scale = min(scale, (right - left) / size[0], (feet - 0.02) / size[1])
    width, height = size[0] * scale, size[1] * scale
    x = left + width / 2 + (right - left - width) * step / _STEPS
    return x - width / 2, feet - height, x + width / 2, feet


def _price(
    single: Single,
    box: Box,
    depth: float,
    scale: float,
    done: Sequence[tuple[Single, float, Box]],
    parts: Sequence[PlacePart],
    taken: Sequence[Box],
    count: int,
) -> tuple[float, float, Box]:
    """What a place costs, with the place."""
    price = (_SMALLER * (1 - scale) + _FAR_OFF * (1 - depth)) * (2.0 if count == 1 else 1.0)
    price += _ASIDE * abs((box[0] + box[2]) / 2 - 0.5) * (2.0 if count == 1 else 1.0)
    of_part = _HIDES_ALIVE if single.is_alive else _HIDES_PART
    price += sum(of_part * _hidden(box, part.box) for part in parts)
    price += sum(_HIDES * _hidden(box, other) for other in taken)
    for other, other_depth, other_box in done:
        part_of = 0.4 if other.is_back else 1.0
        price += _HIDES * part_of * _hidden(box, other_box)
        if other.index == single.index and other_depth == depth:
            price += _IN_LINE
        middle = abs(box[0] + box[2] - other_box[0] - other_box[2]) / 2
        price += 0.3 * max(0.28 - middle, 0.0)
    return price, depth, box


def _hidden(box: Box, other: Box) -> float:
    """How much of the smaller of two boxes is in both."""
    width = min(box[2], other[2]) - max(box[0], other[0])
    height = min(box[3], other[3]) - max(box[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    return width * height / min(_area(box), _area(other))


def _area(box: Box) -> float:
    return max((box[2] - box[0]) * (box[3] - box[1]), 1e-6)


def _stood(single: Single, box: Box) -> Stood:
    left, top, right, bottom = box
    place = Place(
        index=single.index, x=(left + right) / 2, y=(top + bottom) / 2, width=right - left,
        height=bottom - top, shadow=True,
    )  # fmt: skip
    return Stood(place=place, contact="ripple" if single.where == "water" else "shadow")
