"""A prompt that is understood to the last word: the captions of `scenes/captions.py`, backwards."""

from __future__ import annotations

from dataclasses import replace

from dall_e.planning.grammar import MOST_THINGS, Grammar, Objects
from dall_e.planning.mentions import stands_on_own_legs
from dall_e.scenes.graph import Scene
from dall_e.scenes.phrases import OPPOSITE


def read_exactly(grammar: Grammar, text: str) -> Scene | None:
    """The scene of a prompt that is understood to the last word, and that the model can draw."""
    if len(text) > grammar.longest_exact:
        return None
    placed = grammar.find_place(text)
    if placed and placed.is_lone:
        return scene_of((), background=placed.setting)
    scene = _exact_scene(grammar, text)
    if scene is None:
        return None
    acts = grammar.vocabulary.acts
    can_be_drawn = all(not item.state or acts(item.name, item.state) for item in scene.objects)
    if scene.relation and stands_on_own_legs(*scene.objects):
        return None
    return scene if can_be_drawn else None


def _exact_scene(grammar: Grammar, text: str) -> Scene | None:
    whole = grammar.item(text)
    if whole:  # "Sun behind cloud" and "man in tuxedo" are names of single pictures.
        return scene_of((whole,))
    for without_action, state in grammar.actions(text):
        for without_place, background, colour in grammar.places(without_action):
            read = grammar.pair(without_place) or _listed(grammar, without_place)
            read = _acting(*read, state) if read else None
            if read:
                return scene_of(*read, background, colour)
    return None


def _listed(grammar: Grammar, text: str) -> tuple[Objects, str] | None:
    """One to six things, in no stated relation."""
    phrases = grammar.split(text)
    if len(phrases) > MOST_THINGS:
        return None
    items = tuple(item for item in map(grammar.item, phrases) if item)
    return (items, "") if len(items) == len(phrases) else None


def _acting(items: Objects, relation: str, state: str) -> tuple[Objects, str] | None:
    """The things, the first of them doing something; None if it is not said which one does."""
    if not state:
        return items, relation
    if len(items) > 1 and not relation:
        return None
    return (replace(items[0], state=state), *items[1:]), relation


def scene_of(
    items: Objects, relation: str = "", background: str = "", background_colour: str = ""
) -> Scene:
    """The record of some things."""
    return seen_from_first(
        Scene(
            objects=items,
            relation=relation,
            background=background,
            background_colour=background_colour,
        )
    )


def seen_from_first(scene: Scene) -> Scene:
    """A scene in which what is right of, below or behind another is said the other way round."""
    if scene.relation not in ("right", "below", "behind"):
        return scene
    return replace(scene, objects=scene.objects[::-1], relation=OPPOSITE[scene.relation])
