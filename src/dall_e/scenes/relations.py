"""Where two things go when one is said to be somewhere of the other.

Each function gets the scene, the aspect (width over height) of both objects, the ground or None,
and the source of chance. It returns a box for each object, those at the back first. Lengths are
fractions of the picture's side; x grows to the right, y downwards.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dall_e.images.compositing import Place
from dall_e.images.strokes import Ground
from dall_e.scenes.chance import Chance, choice, happens, uniform
from dall_e.scenes.graph import SHAPES, Scene
from dall_e.scenes.sizes import PAIRED, Size, fit, side_of

Arrange = Callable[[Scene, Sequence[float], Ground | None, Chance], list[Place]]

TOUCHING = frozenset(("on", "under", "in front", "behind", "inside"))
"""Relations of things that touch or hide each other."""


def related_places(
    scene: Scene, aspects: Sequence[float], ground: Ground | None, rng: Chance
) -> list[Place]:
    """Boxes for a scene of two objects with a relation, those at the back first."""
    return _ARRANGEMENTS[scene.relation](scene, aspects, ground, rng)


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
    feet = feet_on(ground, rng) if ground else uniform(rng, 0.93, 0.98)
    x = uniform(rng, 0.42, 0.58)

    lower_size = fit(aspects[1], uniform(rng, 0.5, 0.62), 0.9, 0.5)
    room = (0.75 * max(lower_size[0], 0.3), feet - lower_size[1] - 0.02)
    upper_size = fit(aspects[0], uniform(rng, 0.34, 0.44), *room)

    # It stands a little below the edge, so that no gap is seen.
    support = standing(1, lower_size, x, feet, ground)
    upper_x = x + uniform(rng, -0.03, 0.03)
    y = support.top + 0.06 * lower_size[1] - upper_size[1] / 2
    return [support, Place(index=0, x=upper_x, y=y, width=upper_size[0], height=upper_size[1])]


def _beneath(
    scene: Scene, aspects: Sequence[float], ground: Ground | None, rng: Chance
) -> list[Place]:
    """The first is under the second: at the foot of what grows, else close below it."""
    feet = feet_on(ground, rng) if ground else 0.97
    x = uniform(rng, 0.42, 0.58)

    if scene.objects[1].thing.kind == "plant":
        cover_size = fit(aspects[1], 0.92, 0.95, feet - 0.02)
        size = fit(aspects[0], uniform(rng, 0.28, 0.36))
        cover = standing(1, cover_size, x, feet - 0.03, ground)
        x += choice(rng, (-1, 1)) * (size[0] / 2 + 0.03)
        return [cover, standing(0, size, x, feet, ground)]

    cover_size = fit(aspects[1], uniform(rng, 0.46, 0.56), 0.9, 0.5)
    size = fit(aspects[0], uniform(rng, 0.32, 0.4), 0.9, feet - 0.02 - cover_size[1])
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

    front_size = fit(aspects[front], uniform(rng, 0.4, 0.46), 0.5)
    back_size = fit(aspects[back], uniform(rng, 0.54, 0.64), 0.6, feet - 0.1)

    direction = choice(rng, (-1, 1))
    back_x = 0.5 - direction * uniform(rng, 0.1, 0.14)
    apart = (front_size[0] + back_size[0]) / 2 * uniform(rng, 0.52, 0.66)
    return [
        standing(back, back_size, back_x, feet - lift, ground),
        standing(front, front_size, back_x + direction * apart, feet, ground),
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
    outer_size = fit(aspects[1], uniform(rng, 0.52, 0.6), 0.9, 0.55)
    width, height = fit(aspects[0], uniform(rng, 0.36, 0.44), 0.62 * outer_size[0])

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
