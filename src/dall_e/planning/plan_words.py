"""Words such as "a red ball" as one object of a plan with boxes, by what a model knows."""

from __future__ import annotations

from dall_e.planning.placed_plan import PlacedObject
from dall_e.planning.plan import plan_prompt
from dall_e.planning.planned_object import PlannedObject
from dall_e.planning.vocabulary import Vocabulary
from dall_e.scenes.graph import SHAPES


def object_of(words: str, vocabulary: Vocabulary | None) -> PlacedObject:
    """Return the one thing that words name, as a plan draws it.

    vocabulary: what the model knows; without one, words are asked for as they are. Raises
    ValueError for words of which something is not known, and for several things or a place.
    """
    if not words.strip():
        raise ValueError("a thing needs a name, such as 'a red ball', got nothing")
    if vocabulary is None:
        return PlacedObject(name=words.strip(), drawing=PlannedObject(prompt=words.strip()))

    plan = plan_prompt(words, vocabulary)
    if plan.unread or plan.nearest:
        unknown = ", ".join([*plan.unread, *(near.word for near in plan.nearest)])
        near = "; ".join(near.in_words() for near in plan.nearest)
        known = f" (it {near})" if near else ""
        raise ValueError(f"{words!r} cannot be added: the model does not know {unknown}{known}")

    scene = plan.scene or (plan.parse.scene if plan.parse else None)
    if scene is None:
        return PlacedObject(name=words.strip(), drawing=plan.objects[0])
    if len(scene.objects) != 1 or scene.objects[0].count != 1 or scene.background:
        raise ValueError(f"{words!r} is more than one thing: add them one after the other")
    item = scene.objects[0]
    name_zh = "" if item.name in SHAPES else item.thing.zh
    return PlacedObject(name=item.name, name_zh=name_zh, drawing=plan.objects[0])
