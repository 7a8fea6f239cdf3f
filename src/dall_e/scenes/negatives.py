"""Nearly right: a scene's record with one colour, count or place changed, whose caption is wrong
for the picture."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterator

from dall_e.scenes.captions import OPPOSITE
from dall_e.scenes.graph import COAT_COLOURS, COLOURS, MOST, Scene, SceneObject, Shape


def nearly_right(scene: Scene, rng: random.Random) -> Scene | None:
    """The scene with something that a caption says made untrue; None if there is nothing to change.

    Changed is one of: a colour, or the colours of two things swapped; a count; which of two things
    is left, right, above, below, behind or in front. Draw no picture of it: it may not be possible.
    """
    changes = list(_changes(scene, rng))
    return rng.choice(changes) if changes else None


def _changes(scene: Scene, rng: random.Random) -> Iterator[Scene]:
    if len(scene.objects) == 2:
        first, second = scene.objects
        if OPPOSITE.get(scene.relation, scene.relation) != scene.relation:
            yield dataclasses.replace(scene, relation=OPPOSITE[scene.relation])
        if first.colour and second.colour and first.colour != second.colour:
            swapped = (
                dataclasses.replace(first, colour=second.colour),
                dataclasses.replace(second, colour=first.colour),
            )
            yield dataclasses.replace(scene, objects=swapped)
    for index, item in enumerate(scene.objects):
        if item.colour:
            used = {other.colour for other in scene.objects}
            palette = COAT_COLOURS if item.colour in COAT_COLOURS else COLOURS
            colour = rng.choice([colour for colour in palette if colour not in used])
            yield _with_object(scene, index, dataclasses.replace(item, colour=colour))
        # Shapes frame something, and with a relation the caption counts nothing.
        if not isinstance(item.image, Shape) and not scene.relation and not item.state:
            count = rng.choice([count for count in range(1, MOST + 1) if count != item.count])
            yield _with_object(scene, index, dataclasses.replace(item, count=count))


def _with_object(scene: Scene, index: int, item: SceneObject) -> Scene:
    return dataclasses.replace(
        scene, objects=(*scene.objects[:index], item, *scene.objects[index + 1 :])
    )
