"""Where two things go when one is said to be somewhere of the other.

Each function gets the scene, the aspect (width over height) of both objects, the ground or None,
and the source of chance. It returns a box for each object, those at the back first. Several things
of one object share its box, as a block of rows and columns; its aspect is the block's. Lengths are
fractions of the picture's side; x grows to the right, y downwards.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from dall_e.images.compositing import Place
from dall_e.images.strokes import Ground
from dall_e.scenes.chance import Chance, choice, happens, uniform
from dall_e.scenes.graph import SHAPES, Scene, SceneObject
from dall_e.scenes.sizes import PAIRED, Size, fit, real_size, side_of
from dall_e.scenes.vocabulary import things

Arrange = Callable[[Scene, Sequence[float], Ground | None, Chance], list[Place]]

TOUCHING = frozenset(("on", "under", "in front", "behind", "inside"))
"""Relations of things that touch or hide each other."""
_WIDER = 0.35
"""Part of its side by which a block is larger for each further column."""
_WIDEST = 0.92
CROWNED = re.compile(r"tree$|^oak$|^maple$|^birch$|^cedar$|^branch$")
"""Plants with a crown that others sit in."""
SEATS = re.compile(r"chair$|couch|sofa|throne$|^seat$|^park bench$")
FLOATING = re.compile(r"balloon|kite$")
"""What rises from where it is tied."""
SEAT_DOWN = 0.62
"""How far down somebody sits on what has a back, as a fraction of its height."""
_BLOCK_FILL = 0.94
"""Fraction of its cell in a block that a thing takes."""


def related_places(
    scene: Scene, aspects: Sequence[float], ground: Ground | None, rng: Chance
) -> list[Place]:
    """Boxes for every single thing of two objects with a relation, those at the back first."""
    arrange = _ARRANGEMENTS[scene.relation]
    number, others = (item.count for item in scene.objects)

    # As many as there are under them: one on each.
    if scene.relation == "on" and number == others > 1:
        one_each = replace(scene, objects=tuple(replace(item, count=1) for item in scene.objects))
        places = arrange(one_each, aspects, ground, rng)
        return [
            _in_column(place, column, number, places[0].bottom)
            for column in range(number)
            for place in places
        ]

    grids = [columns_of(scene, index) for index in (0, 1)]
    blocks = [
        aspect * columns / rows for aspect, (columns, rows) in zip(aspects, grids, strict=True)
    ]
    return [
        single
        for place in arrange(scene, blocks, ground, rng)
        for single in in_block(place, scene.objects[place.index].count, *grids[place.index])
    ]


def columns_of(scene: Scene, index: int) -> tuple[int, int]:
    """Columns and rows of the block of an object. What looks out of something is in one row."""
    count = scene.objects[index].count
    rows = 1 if count < 4 or (scene.relation == "inside" and index == 0) else 2
    return -(-count // rows), rows


def in_block(block: Place, count: int, columns: int, rows: int) -> list[Place]:
    """Each thing of a block; one alone is the block. A last row that is not full is centred."""
    if count == 1:
        return [block]

    # Moved into the picture as one, so that nothing overlaps.
    left = min(max(block.x - block.width / 2, 0.0), max(1 - block.width, 0.0))
    width, height = block.width / columns, block.height / rows
    places = []
    for number in range(count):
        row, column = divmod(number, columns)
        in_row = min(columns, count - row * columns)
        x = left + (columns - in_row) * width / 2 + (column + 0.5) * width
        bottom = block.top + (row + 1) * height
        size = _BLOCK_FILL * width, _BLOCK_FILL * height
        y = bottom - size[1] / 2
        places.append(replace(block, x=x, y=y, width=size[0], height=size[1]))
    return places


def _in_column(place: Place, column: int, columns: int, feet: float) -> Place:
    """A box of a picture that is one of several side by side, all on one row."""
    y = feet - (feet - place.y) / columns
    size = place.width / columns, place.height / columns
    x = (column + place.x) / columns
    return replace(place, x=x, y=y, width=size[0], height=size[1])


def _wider(scene: Scene, index: int, side: float) -> float:
    """The longer side of an object's box, where one alone would have `side`."""
    return min(side * (1 + _WIDER * (columns_of(scene, index)[0] - 1)), max(side, _WIDEST))


def feet_on(ground: Ground, rng: Chance) -> float:
    """Draw the row on which feet stand: somewhere in the nearer half of the ground."""
    return uniform(rng, (ground.far + ground.near) / 2, ground.near)


def standing(index: int, size: Size, x: float, feet: float, ground: Ground | None) -> Place:
    """The box of a thing with its feet on a row, and with a shadow where there is ground."""
    width, height = size
    y = feet - height / 2
    return Place(index=index, x=x, y=y, width=width, height=height, shadow=ground is not None)


def _beside(
    scene: Scene, aspects: Sequence[float], ground: Ground | None, rng: Chance
) -> list[Place]:
    """Left, right, next to: middles at least 0.4 apart, at about the same height."""
    first_is_left = scene.relation == "left" or (scene.relation == "next to" and happens(rng, 0.5))
    gap = uniform(rng, 0.0, 0.03)
    feet = feet_on(ground, rng) if ground else 0.0

    places = []
    for index in (0, 1):
        is_left = (index == 0) == first_is_left
        x = 0.26 - gap if is_left else 0.74 + gap

        side = side_of(PAIRED, scene.objects[index].size, rng)
        width, height = fit(aspects[index], side, 0.47, feet - 0.03 if ground else 1.0)

        if ground:
            places.append(standing(index, (width, height), x, feet, ground))
        else:
            y = 0.5 + uniform(rng, -0.09, 0.09)
            places.append(Place(index=index, x=x, y=y, width=width, height=height))
    return places


def _stacked(
    scene: Scene, aspects: Sequence[float], ground: Ground | None, rng: Chance
) -> list[Place]:
    """Above and below: middles at least 0.4 apart, one over the other."""
    places = []
    middle = uniform(rng, 0.4, 0.6)
    for index in (0, 1):
        is_upper = (index == 0) == (scene.relation == "above")
        y = 0.26 if is_upper else 0.74

        side = side_of(PAIRED, scene.objects[index].size, rng)
        width, height = fit(aspects[index], side, 1.0, 0.46)
        x = middle + uniform(rng, -0.06, 0.06)
        places.append(Place(index=index, x=x, y=y, width=width, height=height))
    return places


def _on_top(
    scene: Scene, aspects: Sequence[float], ground: Ground | None, rng: Chance
) -> list[Place]:
    """The first stands on the upper edge of the second."""
    if rng is None and CROWNED.search(scene.objects[1].name):
        return _in_crown(scene, aspects, ground)
    feet = feet_on(ground, rng) if ground else uniform(rng, 0.93, 0.98)
    x = uniform(rng, 0.42, 0.58)

    times = 1.0 if rng is not None else _natural_times(scene)
    lower_side = uniform(rng, 0.5, 0.62) * (1.2 if times < _LEAST_TIMES + 0.2 else 1.0)
    lower_size = fit(aspects[1], _wider(scene, 1, lower_side), 0.9, 0.5 if times == 1 else 0.58)
    width = (0.75 if scene.objects[0].count == 1 else 0.95) * max(lower_size[0], 0.3)
    upper_side = _wider(scene, 0, uniform(rng, 0.34, 0.44) * times)
    upper_size = fit(aspects[0], upper_side, width, feet - lower_size[1] - 0.02)

    # It stands a little below the edge, so that no gap is seen.
    support = standing(1, lower_size, x, feet, ground)
    upper_x = x + uniform(rng, -0.03, 0.03)
    floats = FLOATING.search(scene.objects[0].name)
    is_seat = rng is None and not floats and SEATS.search(scene.objects[1].name)
    depth = SEAT_DOWN if is_seat else 0.06
    y = support.top + depth * lower_size[1] - upper_size[1] / 2
    return [support, Place(index=0, x=upper_x, y=y, width=upper_size[0], height=upper_size[1])]


def _in_crown(scene: Scene, aspects: Sequence[float], ground: Ground | None) -> list[Place]:
    """The first sits in the crown of a tree, which is large: birds on it are seen then."""
    feet = feet_on(ground, None) if ground else 0.97
    tree_size = fit(aspects[1], 0.9, 0.9, feet - 0.06)
    tree = standing(1, tree_size, 0.5, feet, ground)
    side = _wider(scene, 0, 0.34 if scene.objects[0].count == 1 else 0.5)
    width, height = fit(aspects[0], side, 0.86 * max(tree_size[0], 0.3), 0.4 * tree_size[1])
    y = tree.top + 0.3 * tree_size[1] - height / 2
    return [tree, Place(index=0, x=0.5, y=max(y, height / 2), width=width, height=height)]


def _beneath(
    scene: Scene, aspects: Sequence[float], ground: Ground | None, rng: Chance
) -> list[Place]:
    """The first is under the second: at the foot of what grows, else close below it."""
    feet = feet_on(ground, rng) if ground else 0.97
    x = uniform(rng, 0.42, 0.58)

    if scene.objects[1].thing.kind == "plant" or scene.objects[1].name.endswith("tree"):
        cover_size = fit(aspects[1], 0.92, 0.95, feet - 0.02)
        size = fit(aspects[0], _wider(scene, 0, uniform(rng, 0.28, 0.36)), _WIDEST)
        cover = standing(1, cover_size, x, feet - 0.03, ground)
        # Several are before the trunk, one is beside it.
        if scene.objects[0].count == 1:
            x += choice(rng, (-1, 1)) * (size[0] / 2 + 0.03)
        return [cover, standing(0, size, x, feet, ground)]

    cover_size = fit(aspects[1], _wider(scene, 1, uniform(rng, 0.46, 0.56)), 0.9, 0.5)
    side = _wider(scene, 0, uniform(rng, 0.32, 0.4))
    size = fit(aspects[0], side, 0.9, feet - 0.02 - cover_size[1])
    below = standing(0, size, x, feet, ground)
    y = max(below.y - size[1] / 2 - 0.02 - cover_size[1] / 2, cover_size[1] / 2)
    return [Place(index=1, x=x, y=y, width=cover_size[0], height=cover_size[1]), below]


def _overlapping(
    scene: Scene, aspects: Sequence[float], ground: Ground | None, rng: Chance
) -> list[Place]:
    """In front and behind: the nearer one is lower, and hides about a third of the other."""
    front, back = (0, 1) if scene.relation == "in front" else (1, 0)
    feet = ground.near if ground else 0.95
    lift = min(0.1, ground.near - ground.far) if ground else 0.1

    front_side, back_side = uniform(rng, 0.4, 0.46), uniform(rng, 0.54, 0.64)
    if rng is None:
        front_side, back_side = _natural_sides(scene, front, back)
    front_size = fit(aspects[front], front_side, 0.62)
    back_size = fit(aspects[back], back_side, 0.66, feet - 0.1)

    if max(item.count for item in scene.objects) > 1:
        return _rows_of_groups(scene, aspects, (front, back), (feet, feet - lift), ground)

    direction = choice(rng, (-1, 1))
    back_x = 0.5 - direction * uniform(rng, 0.1, 0.14)
    apart = (front_size[0] + back_size[0]) / 2 * uniform(rng, 0.52, 0.66)
    if rng is None:
        # Both together are in the middle.
        edges = (-back_size[0] / 2, back_size[0] / 2, direction * apart - front_size[0] / 2,
                 direction * apart + front_size[0] / 2)  # fmt: skip
        back_x = 0.5 - (min(edges) + max(edges)) / 2
    return [
        standing(back, back_size, back_x, feet - lift, ground),
        standing(front, front_size, back_x + direction * apart, feet, ground),
    ]


def _natural_times(scene: Scene) -> float:
    """How many times as large as usual what stands on something is, by the sizes of both."""
    lengths = [_metres(item) for item in scene.objects]
    if max(item.count for item in scene.objects) > 1:
        return 1.0
    return float(min(max((lengths[0] / lengths[1]) ** 0.3, 0.62), 1.0))


def _metres(item: SceneObject) -> float:
    """How long a thing is in the world; half a metre, if nobody knows."""
    known = item.model_thing or things().get(item.name)
    return real_size(known).metres if known else 0.5


def _natural_sides(scene: Scene, front: int, back: int) -> tuple[float, float]:
    """Sides of two things of which one is before the other, each as large as its kind."""
    lengths = [_metres(item) for item in scene.objects]
    times = min(max((lengths[front] / lengths[back]) ** _NATURAL, _LEAST_TIMES), _MOST_TIMES)
    front_side, back_side = 0.52 * times**0.5, 0.52 / times**0.5
    # What is behind is still seen.
    if scene.objects[front].size == "small":
        front_side *= 0.75
    if scene.objects[back].size == "small":
        back_side *= 0.8
    return min(front_side, 0.64), min(back_side, 0.68)


_NATURAL = 0.4
"""How fast sides grow with the lengths of things in the world."""
_LEAST_TIMES, _MOST_TIMES = 0.5, 1.3
"""What is in front is at least, and at most, so many times as large as what is behind."""


def _rows_of_groups(
    scene: Scene,
    aspects: Sequence[float],
    order: tuple[int, int],
    feet: tuple[float, float],
    ground: Ground | None,
) -> list[Place]:
    """One row before the other, of which so much is seen that the things can be counted.

    `order` has the index of the front row and of the one at the back, `feet` their rows.
    """
    front, back = order
    front_size = fit(aspects[front], _wider(scene, front, 0.34), _WIDEST, 0.34)
    back_size = fit(aspects[back], _wider(scene, back, 0.54), _WIDEST, 0.46)
    top = feet[0] - front_size[1]
    back_feet = min(feet[1], top + 0.45 * back_size[1] / columns_of(scene, back)[1])
    return [
        standing(back, back_size, 0.5, back_feet, ground),
        standing(front, front_size, 0.5, feet[0], ground),
    ]


def _within(
    scene: Scene, aspects: Sequence[float], ground: Ground | None, rng: Chance
) -> list[Place]:
    """The first inside the second: in the middle of a shape, or looking out of a container."""
    if scene.objects[1].name in SHAPES:
        side = uniform(rng, 0.86, 0.96)
        width, height = fit(aspects[0], uniform(rng, 0.46, 0.56))
        return [
            Place(index=1, x=0.5, y=0.5, width=side, height=side),
            Place(index=0, x=0.5, y=0.5, width=width, height=height),
        ]

    feet = ground.near if ground else uniform(rng, 0.93, 0.98)
    x = uniform(rng, 0.42, 0.58)
    is_one = scene.objects[0].count == 1
    outer_side = uniform(rng, 0.52, 0.6) * (1.0 if is_one else 1.4)
    outer_size = fit(aspects[1], outer_side, 0.9, 0.55)
    side = _wider(scene, 0, uniform(rng, 0.36, 0.44))
    width, height = fit(aspects[0], side, (0.62 if is_one else 0.9) * outer_size[0])

    # The container is drawn last, and hides the lower part of what looks out of it.
    container = standing(1, outer_size, x, feet, ground)
    y = container.top + min(0.4 * outer_size[1], 0.4 * height) - height / 2
    return [Place(index=0, x=x, y=y, width=width, height=height), container]


_ARRANGEMENTS: dict[str, Arrange] = {
    "left": _beside,
    "right": _beside,
    "next to": _beside,
    "above": _stacked,
    "below": _stacked,
    "on": _on_top,
    "under": _beneath,
    "in front": _overlapping,
    "behind": _overlapping,
    "inside": _within,
}
