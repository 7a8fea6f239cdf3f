"""Where the things of a scene go: the record's words as boxes, with margins that leave no doubt
about what is meant.

All lengths are fractions of the picture's side; x grows to the right, y downwards.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from dall_e.images.backgrounds import Ground
from dall_e.scenes.graph import SHAPES, Scene

# What stands in its picture is drawn this much lower when it is to lie.
LYING = 0.66
# Largest side of one thing alone, and of each of two, by size word.
ALONE = {"big": (0.92, 0.97), "": (0.6, 0.82), "small": (0.3, 0.42)}
PAIRED = {"big": (0.5, 0.56), "": (0.38, 0.46), "small": (0.22, 0.28)}
STANDING = {"big": (0.64, 0.74), "": (0.4, 0.56), "small": (0.22, 0.3)}


class Settled(random.Random):
    """A source of chance in which everything falls into the middle: of numbers, and of choices."""

    def random(self) -> float:
        return 0.5


@dataclass(frozen=True, kw_only=True)
class Place:
    """The box of one thing."""

    index: int
    """Which object of the scene."""
    x: float
    y: float
    """Its middle."""
    width: float
    height: float
    angle: float = 0.0
    """Degrees against the clock."""
    shadow: bool = False
    """Whether it stands on ground, at its lower edge."""

    @property
    def bottom(self) -> float:
        return self.y + self.height / 2

    @property
    def top(self) -> float:
        return self.y - self.height / 2


def layout(
    scene: Scene, aspects: Sequence[float], ground: Ground | None, rng: random.Random, cells: int
) -> list[Place]:
    """Boxes for everything in a scene, those at the back first. `aspects`: width over height of
    each object.

    Their lower left corners are on a grid of `cells` a side, or of twice as many where there are
    several things. An image tokenizer whose tokens are those cells then has the same codes for the
    same thing wherever it stands, which leaves a generator much less to learn.
    """
    if len(scene.objects) == 2 and scene.relation:
        places = _RELATED.get(scene.relation, _beside)(scene, aspects, ground, rng)
    elif ground is not None:
        places = _standing(scene, aspects, ground, rng)
    else:
        places = _floating(scene, aspects, rng)
    places = [_inside_image(place) for place in places]
    if len(places) > 1:
        cells *= 2
    if scene.relation in _TOUCHING:
        # Moved as one, by what the first needs.
        right, up = _to_grid(places[0], cells)
        return [replace(place, x=place.x + right, y=place.y - up) for place in places]
    moves = [_to_grid(place, cells) for place in places]
    return [
        replace(place, x=place.x + right, y=place.y - up)
        for place, (right, up) in zip(places, moves, strict=True)
    ]


def _to_grid(place: Place, cells: int) -> tuple[float, float]:
    """How far to the right and up the nearest place on the grid is, within the picture."""
    left, above = place.x - place.width / 2, 1 - place.bottom
    columns, rows = round(left * cells), round(above * cells)
    columns -= columns / cells + place.width > 1
    rows -= rows / cells + place.height > 1
    return max(columns, 0) / cells - left, max(rows, 0) / cells - above


def _fit(
    aspect: float, side: float, width: float = 1.0, height: float = 1.0
) -> tuple[float, float]:
    """Width and height with the longer side `side`, smaller where that would not fit."""
    scale = min(side / max(aspect, 1.0), width / aspect, height)
    return scale * aspect, scale


def _inside_image(place: Place) -> Place:
    """Moved so that no part is outside; things are never larger than the picture."""
    half_width, half_height = min(place.width, 0.98) / 2, min(place.height, 0.98) / 2
    x = min(max(place.x, half_width), 1 - half_width)
    y = min(max(place.y, half_height), 1 - half_height)
    return replace(place, x=x, y=y, width=2 * half_width, height=2 * half_height)


def _side(table: dict[str, tuple[float, float]], size: str, rng: random.Random) -> float:
    """One of three lengths, for the same reason as the grid: few sizes are learnt sooner than all
    of them."""
    least, most = table[size]
    return least + rng.choice((0.0, 0.5, 1.0)) * (most - least)


# Without ground


def _floating(scene: Scene, aspects: Sequence[float], rng: random.Random) -> list[Place]:
    """Each object has a strip of the picture: side by side, or now and then below each other."""
    number = len(scene.objects)
    upright = number > 1 and rng.random() < 0.25
    order = list(range(number))
    rng.shuffle(order)
    places: list[Place] = []
    for position, index in enumerate(order):
        start, end = position / number, (position + 1) / number
        region = (0.0, start, 1.0, end) if upright else (start, 0.0, end, 1.0)
        places += _group(scene, index, aspects[index], region, rng)
    return places


def _group(
    scene: Scene,
    index: int,
    aspect: float,
    region: tuple[float, float, float, float],
    rng: random.Random,
) -> list[Place]:
    """All of one object in a region (left, top, right, bottom): in a grid, a little out of line,
    without overlap."""
    item = scene.objects[index]
    left, top, right, bottom = region
    width, height = right - left, bottom - top
    if item.count == 1:
        table = ALONE if len(scene.objects) == 1 else PAIRED
        size = _fit(aspect, _side(table, item.size, rng), width * 0.97, height * 0.97)
        return [
            _jittered(
                index, size, region, rng, 0.7 if item.size == "small" else 0.5, turned=not item.size
            )
        ]
    columns = _columns(item.count, width / height / aspect, rng)
    rows = -(-item.count // columns)
    fill = {"big": 0.88, "": 0.8, "small": 0.46}[item.size]
    cell_width, cell_height = width / columns, height / rows
    size = _fit(aspect, 1.0, cell_width * fill, cell_height * fill)
    places = []
    for number in range(item.count):
        row, column = divmod(number, columns)
        in_row = min(columns, item.count - row * columns)
        start = left + (width - in_row * cell_width) / 2 + column * cell_width
        cell = (start, top + row * cell_height, start + cell_width, top + (row + 1) * cell_height)
        places.append(_jittered(index, size, cell, rng, 0.5))
    return places


def _columns(count: int, shape: float, rng: random.Random) -> int:
    """How many columns show `count` things largest, in a region `shape` times as wide as they are;
    or nearly so."""
    options = sorted(
        range(1, count + 1), key=lambda columns: min(shape / columns, 1 / -(-count // columns))
    )
    return options[-2] if rng.random() < 0.25 and 3 <= count <= 4 else options[-1]


def _jittered(
    index: int,
    size: tuple[float, float],
    cell: tuple[float, float, float, float],
    rng: random.Random,
    fraction: float,
    turned: bool = True,
) -> Place:
    """Somewhere in a cell, now and then turned a little; `fraction` 1 lets it touch the edges."""
    width, height = size
    angle = rng.choice((0.0, 0.0, 0.0, 0.0, -7.0, 7.0)) if turned else 0.0
    # A turned thing needs more room.
    lean = abs(math.sin(math.radians(angle)))
    scale = 1 / (1 + lean * max(width / height, height / width)) if angle else 1.0
    width, height = width * scale, height * scale
    left, top, right, bottom = cell
    x = (left + right) / 2 + rng.uniform(-0.5, 0.5) * fraction * max(right - left - size[0], 0)
    y = (top + bottom) / 2 + rng.uniform(-0.5, 0.5) * fraction * max(bottom - top - size[1], 0)
    return Place(index=index, x=x, y=y, width=width, height=height, angle=angle)


# On ground


def _standing(
    scene: Scene, aspects: Sequence[float], ground: Ground, rng: random.Random
) -> list[Place]:
    """Things side by side on the ground, what belongs in the air above it; nearer ones are drawn
    later."""
    order = list(range(len(scene.objects)))
    rng.shuffle(order)
    flying = [index for index in order if flies(scene, index, ground)]
    slots = [
        index for index in order if index not in flying for _ in range(scene.objects[index].count)
    ]
    places = _in_the_air(scene, flying, aspects, ground, rng)
    rows = 2 if len(slots) > 3 and ground.near - ground.far > 0.1 else 1
    per_row = -(-len(slots) // rows) if slots else 1
    feet = rng.uniform((ground.far + ground.near) / 2, ground.near)
    # Equal things are equally large.
    sides = {index: _side(STANDING, scene.objects[index].size, rng) for index in order}
    acts = len(slots) == 1 and scene.objects[slots[0]].state != ""
    if acts:
        # Large, so that what it does can be seen at 96 pixels, and always in the same place: what
        # it is is hard enough to learn. Beside a player there is room for the ball.
        sides[slots[0]] = 0.77 if scene.objects[slots[0]].state == "sleeping" else 0.66
        feet = ground.near
    for row in range(rows):
        base = feet if rows == 1 else (ground.far, ground.near)[row]
        here = slots[row * per_row : (row + 1) * per_row]
        for position, index in enumerate(here):
            room = 0.96 / per_row
            width, height = _fit(
                aspects[index],
                sides[index],
                room * 0.95,
                (base - 0.03) if rows == 1 else ground.near - ground.far + 0.04,
            )
            spare = 0.0 if acts else (0.96 / len(here) - width) / 2
            x = 0.02 + 0.96 * (position + 0.5) / len(here) + rng.uniform(-0.6, 0.6) * max(spare, 0)
            y = base - height / 2
            places.append(Place(index=index, x=x, y=y, width=width, height=height, shadow=True))
    return places


def flies(scene: Scene, index: int, ground: Ground) -> bool:
    """Whether an object is in the sky rather than on the ground."""
    item = scene.objects[index]
    return ground.sky > 0.25 and item.name not in SHAPES and "air" in item.thing.traits


def _in_the_air(
    scene: Scene,
    flying: Sequence[int],
    aspects: Sequence[float],
    ground: Ground,
    rng: random.Random,
) -> list[Place]:
    places: list[Place] = []
    for position, index in enumerate(flying):
        start, end = position / len(flying), (position + 1) / len(flying)
        table = {"big": 0.95, "": 0.8, "small": 0.45}
        item = scene.objects[index]
        for place in _group(scene, index, aspects[index], (start, 0.02, end, ground.sky), rng):
            scale = table[item.size] if item.count == 1 else 1.0
            places.append(replace(place, width=place.width * scale, height=place.height * scale))
    return places


# Two things, one said to be somewhere of the other


def _beside(
    scene: Scene, aspects: Sequence[float], ground: Ground | None, rng: random.Random
) -> list[Place]:
    """Left, right, next to: middles at least 0.4 apart, at about the same height."""
    first_left = scene.relation == "left" or (scene.relation == "next to" and rng.random() < 0.5)
    gap = rng.uniform(0.0, 0.03)
    feet = rng.uniform(*((ground.far + ground.near) / 2, ground.near)) if ground else 0.0
    places = []
    for index in (0, 1):
        left = (index == 0) == first_left
        width, height = _fit(
            aspects[index],
            _side(PAIRED, scene.objects[index].size, rng),
            0.47,
            feet - 0.03 if ground else 1.0,
        )
        x = 0.26 - gap if left else 0.74 + gap
        y = (feet - height / 2) if ground else 0.5 + rng.uniform(-0.09, 0.09)
        places.append(
            Place(index=index, x=x, y=y, width=width, height=height, shadow=ground is not None)
        )
    return places


def _stacked(
    scene: Scene, aspects: Sequence[float], ground: Ground | None, rng: random.Random
) -> list[Place]:
    """Above and below: middles at least 0.4 apart, one over the other."""
    places = []
    x = rng.uniform(0.4, 0.6)
    for index in (0, 1):
        upper = (index == 0) == (scene.relation == "above")
        width, height = _fit(
            aspects[index], _side(PAIRED, scene.objects[index].size, rng), 1.0, 0.46
        )
        y = 0.26 if upper else 0.74
        places.append(
            Place(index=index, x=x + rng.uniform(-0.06, 0.06), y=y, width=width, height=height)
        )
    return places


def _on_top(
    scene: Scene, aspects: Sequence[float], ground: Ground | None, rng: random.Random
) -> list[Place]:
    """The first stands on the upper edge of the second."""
    feet = (
        rng.uniform((ground.far + ground.near) / 2, ground.near)
        if ground
        else rng.uniform(0.93, 0.98)
    )
    x = rng.uniform(0.42, 0.58)
    below = _fit(aspects[1], rng.uniform(0.5, 0.62), 0.9, 0.5)
    above = _fit(
        aspects[0], rng.uniform(0.34, 0.44), 0.75 * max(below[0], 0.3), feet - below[1] - 0.02
    )
    support = Place(
        index=1,
        x=x,
        y=feet - below[1] / 2,
        width=below[0],
        height=below[1],
        shadow=ground is not None,
    )
    middle = support.top + 0.06 * below[1] - above[1] / 2
    return [
        support,
        Place(index=0, x=x + rng.uniform(-0.03, 0.03), y=middle, width=above[0], height=above[1]),
    ]


def _beneath(
    scene: Scene, aspects: Sequence[float], ground: Ground | None, rng: random.Random
) -> list[Place]:
    """The first is under the second: at the foot of what grows, else close below it."""
    thing = scene.objects[1].thing
    feet = rng.uniform((ground.far + ground.near) / 2, ground.near) if ground else 0.97
    x = rng.uniform(0.42, 0.58)
    if thing.kind == "plant":
        cover = _fit(aspects[1], 0.92, 0.95, feet - 0.02)
        small = _fit(aspects[0], rng.uniform(0.28, 0.36))
        roof = Place(
            index=1,
            x=x,
            y=feet - 0.03 - cover[1] / 2,
            width=cover[0],
            height=cover[1],
            shadow=ground is not None,
        )
        x += rng.choice((-1, 1)) * (small[0] / 2 + 0.03)
        return [
            roof,
            Place(
                index=0,
                x=x,
                y=feet - small[1] / 2,
                width=small[0],
                height=small[1],
                shadow=ground is not None,
            ),
        ]
    cover = _fit(aspects[1], rng.uniform(0.46, 0.56), 0.9, 0.5)
    small = _fit(aspects[0], rng.uniform(0.32, 0.4), 0.9, feet - 0.02 - cover[1])
    y = feet - small[1] / 2
    roof_y = max(y - small[1] / 2 - 0.02 - cover[1] / 2, cover[1] / 2)
    return [
        Place(index=1, x=x, y=roof_y, width=cover[0], height=cover[1]),
        Place(index=0, x=x, y=y, width=small[0], height=small[1], shadow=ground is not None),
    ]


def _overlapping(
    scene: Scene, aspects: Sequence[float], ground: Ground | None, rng: random.Random
) -> list[Place]:
    """In front and behind: the nearer one is lower, drawn later, and hides about a third of the
    other."""
    front, back = (0, 1) if scene.relation == "in front" else (1, 0)
    feet = ground.near if ground else 0.95
    near = _fit(aspects[front], rng.uniform(0.4, 0.46), 0.5)
    far = _fit(aspects[back], rng.uniform(0.54, 0.64), 0.6, feet - 0.1)
    side = rng.choice((-1, 1))
    back_x = 0.5 - side * rng.uniform(0.1, 0.14)
    apart = (near[0] + far[0]) / 2 * rng.uniform(0.52, 0.66)
    lift = min(0.1, ground.near - ground.far) if ground else 0.1
    return [
        Place(
            index=back, x=back_x, y=feet - lift - far[1] / 2, width=far[0], height=far[1], shadow=ground is not None
        ),
        Place(
            index=front, x=back_x + side * apart, y=feet - near[1] / 2, width=near[0], height=near[1],
            shadow=ground is not None,
        ),
    ]  # fmt: skip


def _within(
    scene: Scene, aspects: Sequence[float], ground: Ground | None, rng: random.Random
) -> list[Place]:
    """The first inside the second: in the middle of a shape, or looking out of a container."""
    if scene.objects[1].name in SHAPES:
        side = rng.uniform(0.86, 0.96)
        content = _fit(aspects[0], rng.uniform(0.46, 0.56))
        return [
            Place(index=1, x=0.5, y=0.5, width=side, height=side),
            Place(index=0, x=0.5, y=0.5, width=content[0], height=content[1]),
        ]
    feet = ground.near if ground else rng.uniform(0.93, 0.98)
    x = rng.uniform(0.42, 0.58)
    outer = _fit(aspects[1], rng.uniform(0.52, 0.6), 0.9, 0.55)
    content = _fit(aspects[0], rng.uniform(0.36, 0.44), 0.62 * outer[0])
    container = Place(
        index=1,
        x=x,
        y=feet - outer[1] / 2,
        width=outer[0],
        height=outer[1],
        shadow=ground is not None,
    )
    y = container.top + min(0.4 * outer[1], 0.4 * content[1]) - content[1] / 2
    return [Place(index=0, x=x, y=y, width=content[0], height=content[1]), container]


# Relations of things that touch or hide each other.
_TOUCHING = frozenset(("on", "under", "in front", "behind", "inside"))
_RELATED = {
    "above": _stacked, "below": _stacked, "on": _on_top, "under": _beneath, "in front": _overlapping,
    "behind": _overlapping, "inside": _within,
}  # fmt: skip
