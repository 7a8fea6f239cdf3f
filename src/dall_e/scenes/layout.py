"""Where the things of a scene go: boxes with margins that leave no doubt about what is meant.

Lengths are fractions of the picture's side; x grows to the right, y downwards.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from dall_e.images.compositing import Place
from dall_e.images.strokes import Ground
from dall_e.scenes.chance import Chance, choice, happens, shuffled, uniform
from dall_e.scenes.graph import SHAPES, Scene
from dall_e.scenes.relations import TOUCHING, feet_on, related_places, standing
from dall_e.scenes.sizes import ALONE, PAIRED, STANDING, Size, fit, side_of

Region = tuple[float, float, float, float]
"""Left, top, right, bottom."""

ANGLES = (0.0, 0.0, 0.0, 0.0, -7.0, 7.0)
"""Degrees against the clock by which a lone thing may be turned; most are not."""


def layout(
    scene: Scene, aspects: Sequence[float], ground: Ground | None, rng: Chance, cells: int
) -> list[Place]:
    """Boxes for everything in a scene, those at the back first.

    `aspects` is the width over height of each object. The lower left corners of the boxes are on a
    grid of `cells` a side, or of twice as many where there are several things. An image tokenizer
    whose tokens are those cells then has the same codes for the same thing wherever it stands,
    which leaves a generator much less to learn.
    """
    if len(scene.objects) == 2 and scene.relation:
        places = related_places(scene, aspects, ground, rng)
    elif ground is not None:
        places = _on_ground(scene, aspects, ground, rng)
    else:
        places = _floating(scene, aspects, rng)

    places = [_inside_image(place) for place in places]
    if len(places) > 1:
        cells *= 2
    moves = [_to_grid(place, cells) for place in places]

    # Things that touch are moved as one, by what the first needs.
    if scene.relation in TOUCHING:
        moves = [moves[0]] * len(places)
    return [
        replace(place, x=place.x + right, y=place.y - up)
        for place, (right, up) in zip(places, moves, strict=True)
    ]


def flies(scene: Scene, index: int, ground: Ground) -> bool:
    """Whether an object is in the sky rather than on the ground."""
    item = scene.objects[index]
    return ground.sky > 0.25 and item.name not in SHAPES and "air" in item.thing.traits


def _to_grid(place: Place, cells: int) -> tuple[float, float]:
    """How far to the right and up the nearest point of the grid is, within the picture."""
    left, above = place.x - place.width / 2, 1 - place.bottom
    columns, rows = round(left * cells), round(above * cells)
    columns -= columns / cells + place.width > 1
    rows -= rows / cells + place.height > 1
    return max(columns, 0) / cells - left, max(rows, 0) / cells - above


def _inside_image(place: Place) -> Place:
    """Moved and reduced so that no part is outside the picture."""
    half_width, half_height = min(place.width, 0.98) / 2, min(place.height, 0.98) / 2
    x = min(max(place.x, half_width), 1 - half_width)
    y = min(max(place.y, half_height), 1 - half_height)
    return replace(place, x=x, y=y, width=2 * half_width, height=2 * half_height)


# Without ground


def _floating(scene: Scene, aspects: Sequence[float], rng: Chance) -> list[Place]:
    """Each object has a strip of the picture: side by side, or now and then below each other."""
    number = len(scene.objects)
    below_each_other = number > 1 and happens(rng, 0.25)

    places: list[Place] = []
    for position, index in enumerate(shuffled(rng, range(number))):
        start, end = position / number, (position + 1) / number
        strip = (0.0, start, 1.0, end) if below_each_other else (start, 0.0, end, 1.0)
        places += _group(scene, index, aspects[index], strip, rng)
    return places


def _group(scene: Scene, index: int, aspect: float, region: Region, rng: Chance) -> list[Place]:
    """All of one object in a region: one alone, or several in a grid, without overlap."""
    if scene.objects[index].count == 1:
        return [_single(scene, index, aspect, region, rng)]
    return _several(scene, index, aspect, region, rng)


def _single(scene: Scene, index: int, aspect: float, region: Region, rng: Chance) -> Place:
    """The only one of its object, anywhere in a region."""
    left, top, right, bottom = region
    size_word = scene.objects[index].size
    side = side_of(ALONE if len(scene.objects) == 1 else PAIRED, size_word, rng)
    size = fit(aspect, side, (right - left) * 0.97, (bottom - top) * 0.97)
    freedom = 0.7 if size_word == "small" else 0.5
    return _jittered(index, size, region, rng, freedom, may_turn=not size_word)


def _several(scene: Scene, index: int, aspect: float, region: Region, rng: Chance) -> list[Place]:
    """All of one object in the cells of a grid, a little out of line."""
    left, top, right, bottom = region
    width, height = right - left, bottom - top
    item = scene.objects[index]

    columns = _columns(item.count, width / height / aspect, rng)
    rows = -(-item.count // columns)
    cell_width, cell_height = width / columns, height / rows

    fill = {"big": 0.88, "": 0.8, "small": 0.46}[item.size]
    size = fit(aspect, 1.0, cell_width * fill, cell_height * fill)

    places = []
    for number in range(item.count):
        row, column = divmod(number, columns)
        # A last row that is not full is centred.
        in_row = min(columns, item.count - row * columns)
        start = left + (width - in_row * cell_width) / 2 + column * cell_width
        cell = (start, top + row * cell_height, start + cell_width, top + (row + 1) * cell_height)
        places.append(_jittered(index, size, cell, rng, 0.5))
    return places


def _columns(count: int, shape: float, rng: Chance) -> int:
    """How many columns show `count` things largest, or now and then nearly so.

    `shape` is how often a thing fits beside itself for every time that it fits above itself.
    """

    def size(columns: int) -> float:
        return min(shape / columns, 1 / -(-count // columns))

    *_, second, best = sorted(range(1, count + 1), key=size)
    return second if happens(rng, 0.25) and 3 <= count <= 4 else best


def _jittered(
    index: int, size: Size, cell: Region, rng: Chance, freedom: float, may_turn: bool = True
) -> Place:
    """Somewhere in a cell, now and then turned a little; `freedom` 1 lets it touch the edges."""
    left, top, right, bottom = cell
    angle = choice(rng, ANGLES) if may_turn else 0.0
    x = (left + right) / 2 + uniform(rng, -0.5, 0.5) * freedom * max(right - left - size[0], 0)
    y = (top + bottom) / 2 + uniform(rng, -0.5, 0.5) * freedom * max(bottom - top - size[1], 0)

    # A turned thing needs more room, so it is drawn smaller.
    width, height = size
    if angle:
        lean = abs(math.sin(math.radians(angle)))
        scale = 1 / (1 + lean * max(width / height, height / width))
        width, height = width * scale, height * scale
    return Place(index=index, x=x, y=y, width=width, height=height, angle=angle)


# On ground


def _on_ground(scene: Scene, aspects: Sequence[float], ground: Ground, rng: Chance) -> list[Place]:
    """Things side by side on the ground, what flies above it; nearer ones are drawn later."""
    order = shuffled(rng, range(len(scene.objects)))
    flying = [index for index in order if flies(scene, index, ground)]
    grounded = [index for index in order if index not in flying]
    everything = [index for index in grounded for _ in range(scene.objects[index].count)]

    places = _in_the_air(scene, flying, aspects, ground, rng)
    feet = feet_on(ground, rng)
    # Equal things are equally large.
    sides = {index: side_of(STANDING, scene.objects[index].size, rng) for index in order}

    # What sleeps or plays is large, so that it can be seen at 96 pixels what it does, and always in
    # the same place: that is hard enough to learn. Beside a player there is room for the ball.
    state = scene.objects[everything[0]].state if len(everything) == 1 else ""
    if state:
        sides[everything[0]] = 0.77 if state == "sleeping" else 0.66
        feet = ground.near

    # Four and more are in two rows if the ground is deep enough.
    two_rows = len(everything) > 3 and ground.near - ground.far > 0.1
    rows = (ground.far, ground.near) if two_rows else (feet,)
    per_row = -(-len(everything) // len(rows))
    for number, row_feet in enumerate(rows):
        height = ground.near - ground.far + 0.04 if two_rows else row_feet - 0.03
        in_row = everything[number * per_row : (number + 1) * per_row]
        for position, index in enumerate(in_row):
            size = fit(aspects[index], sides[index], 0.96 / per_row * 0.95, height)
            spare = 0.0 if state else max((0.96 / len(in_row) - size[0]) / 2, 0)
            x = 0.02 + 0.96 * (position + 0.5) / len(in_row) + uniform(rng, -0.6, 0.6) * spare
            places.append(standing(index, size, x, row_feet, ground))
    return places


def _in_the_air(
    scene: Scene, flying: Sequence[int], aspects: Sequence[float], ground: Ground, rng: Chance
) -> list[Place]:
    """What flies, each object in its own strip of the sky."""
    places: list[Place] = []
    for position, index in enumerate(flying):
        item = scene.objects[index]
        scale = {"big": 0.95, "": 0.8, "small": 0.45}[item.size] if item.count == 1 else 1.0

        start, end = position / len(flying), (position + 1) / len(flying)
        for place in _group(scene, index, aspects[index], (start, 0.02, end, ground.sky), rng):
            places.append(replace(place, width=place.width * scale, height=place.height * scale))
    return places
