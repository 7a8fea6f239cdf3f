"""Nearly right: a scene with one colour, count or place changed, so that its caption is wrong."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

from dall_e.scenes.graph import COAT_COLOURS, COLOURS, MOST_COMPOSED, Scene, SceneObject, Shape
from dall_e.scenes.phrases import OPPOSITE


def nearly_right(scene: Scene, rng: random.Random) -> Scene | None:
    """The scene with something that a caption says made untrue; None if nothing can be changed.

    Changed is one of: a colour, or the colours of two things swapped; a count; which of two things
    is left, right, above, below, behind or in front. Draw no image of it: it may not be possible.
    """
    changes = list(_changes(scene, rng))
    return rng.choice(changes) if changes else None


def _changes(scene: Scene, rng: random.Random) -> Iterator[Scene]:
    """Every kind of change that is possible, each once."""
    if len(scene.objects) == 2:
        yield from _exchanges(scene)
    for index, item in enumerate(scene.objects):
        if item.colour:
            used = {scene_object.colour for scene_object in scene.objects}
            palette = COAT_COLOURS if item.colour in COAT_COLOURS else COLOURS
            colour = rng.choice([colour for colour in palette if colour not in used])
            yield _with_object(scene, index, replace(item, colour=colour))

        # Shapes frame something, and with a relation the caption counts nothing.
        if not isinstance(item.image, Shape) and not scene.relation and not item.state:
            count = rng.choice(
                [count for count in range(1, MOST_COMPOSED + 1) if count != item.count]
            )
            yield _with_object(scene, index, replace(item, count=count))


def _exchanges(scene: Scene) -> Iterator[Scene]:
    """Two objects that change sides, or colours."""
    first, second = scene.objects
    opposite = OPPOSITE.get(scene.relation, scene.relation)
    if opposite != scene.relation:
        yield replace(scene, relation=opposite)
    if first.colour and second.colour and first.colour != second.colour:
        swapped = (replace(first, colour=second.colour), replace(second, colour=first.colour))
        yield replace(scene, objects=swapped)


def _with_object(scene: Scene, index: int, item: SceneObject) -> Scene:
    """The scene with another object in the place of one."""
    return replace(scene, objects=(*scene.objects[:index], item, *scene.objects[index + 1 :]))
