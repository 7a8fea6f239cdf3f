"""Two things that are on one picture already: a bird in a cage, eggs in a nest."""

from __future__ import annotations

import re
from dataclasses import replace

from dall_e.planning.lexicon import images_of_acts, pictured_acts
from dall_e.planning.qualities import shown_as
from dall_e.planning.vocabulary import Vocabulary
from dall_e.scenes.graph import SHAPES, Scene, SceneObject

_SEATS = re.compile(r"chair$|couch|sofa|throne$|^seat$|bench$")
_WITH_ROOM = {
    "package": ("open box",), "box": ("open box",), "birdcage": ("empty birdcage",),
    "bowl with spoon": ("empty bowl",), "bowl of soup": ("empty bowl",), "bowl": ("empty bowl",),
}  # fmt: skip
"""Pictures of containers that are open and empty, by the names of those that are not."""
_FISH = re.compile(r"fish$|shark$")
_RELATIONS = ("inside", "on")


def with_pictured_pairs(scene: Scene, vocabulary: Vocabulary) -> Scene:
    """Return a scene of two things as one of the picture that shows both, if there is one.

    What is said of either of them, such as a colour, is not on that picture.
    """
    if scene.relation not in _RELATIONS or len(scene.objects) != 2:
        return scene
    thing, outer = scene.objects
    if scene.relation == "on" and _SEATS.search(outer.name):
        return replace(scene, objects=(_seated(thing, vocabulary), outer))
    if scene.relation == "inside":
        outer = _emptied(thing, outer, vocabulary)
        scene = replace(scene, objects=(thing, outer))
    if any(item.name in SHAPES or not _is_plain(item) for item in scene.objects):
        return scene
    for shown in (outer.name, *images_of_acts().get((outer.name, scene.relation), ())):
        things = pictured_acts().get((shown, scene.relation), ())
        if thing.name in things and vocabulary.knows(shown):
            return replace(scene, objects=(shown_as(vocabulary, outer, shown),), relation="")
    return scene


def _emptied(thing: SceneObject, outer: SceneObject, vocabulary: Vocabulary) -> SceneObject:
    """A container with room in it, if there is a picture of that: an open box, an empty cage."""
    names = list(_WITH_ROOM.get(outer.name, ()))
    if outer.name == "birdcage" and thing.name == "bird":
        return outer
    if _FISH.search(thing.name) and "bowl" in outer.name:
        names.insert(0, "fishbowl")
    name = next(filter(vocabulary.knows, names), "")
    return shown_as(vocabulary, outer, name) if name else outer


def _seated(item: SceneObject, vocabulary: Vocabulary) -> SceneObject:
    """Who is on a chair sits, if there is a picture of that."""
    name = f"sitting {item.name}"
    if item.name in SHAPES or item.state or not vocabulary.knows(name):
        return item
    return shown_as(vocabulary, item, name)


def _is_plain(item: SceneObject) -> bool:
    """Whether nothing is said of a thing but what it is."""
    return not (item.colour or item.material or item.pattern or item.state or item.parts)
