"""A whole body where a head would float: who rides, wears a dress or stands in a garden has legs.

Pictures of people and of some animals are heads. Alone that is a portrait. In a place, beside other
things, and with what is worn or done below the neck, the table `whole_bodies.txt` says which whole
picture is taken instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from dall_e.planning.attachments import is_on_head
from dall_e.planning.lexicon import pictured_acts
from dall_e.planning.nearest import Nearest
from dall_e.planning.people_phrases import is_figure
from dall_e.planning.qualities import is_person
from dall_e.planning.vocabulary import Vocabulary
from dall_e.scenes.graph import PARTS, Scene, SceneObject
from dall_e.text.tables import read_table

_WITH_THE_BODY = frozenset(
    (
        "riding",
        "sitting on",
        "reading",
        "holding",
        "carrying",
        "hanging from",
        "wearing",
        "pulling",
        "pushing",
        "kicking",
        "leading",
        "hugging",
    )
)
"""What somebody does with more than the head, unless it is worn on that."""
_WHOLE_THINGS = ("riding", "carrying", "holding", "hugging", "leading")
"""What is done with all of somebody."""
_TOUCHING = frozenset(("on", "under", "in front", "behind", "inside"))
_STANDING = "standing "
_FIGURES = {"child": "boy"}
"""Whose whole picture is taken for a name that has none."""
_FLAT = frozenset(("", "plain", "gradient"))
"""Backgrounds that are no places."""


class _Whole(NamedTuple):
    """A picture that shows all of somebody."""

    name: str
    painted: Mapping[str, str]
    """Colours by field: colour, or a part."""
    is_another: bool
    """Whether it is another kind of animal."""


def with_whole_bodies(scene: Scene, vocabulary: Vocabulary) -> tuple[Scene, tuple[Nearest, ...]]:
    """Return a scene with whole pictures of those who are more than a head in it.

    The second value says which of them are drawn as another kind of animal.
    """
    told: list[Nearest] = []
    items = list(scene.objects)
    for index, item in enumerate(scene.objects):
        whole = _own_figure(item, scene, index, vocabulary) or _table().get(item.name)
        if whole is None or item.state or not vocabulary.knows(whole.name):
            continue
        if not _is_whole(scene, vocabulary, index):
            continue
        items[index] = _as_whole(item, whole, vocabulary)
        if whole.is_another:
            told.append(Nearest(item.name, whole.name, whole.name))
    return replace(scene, objects=tuple(items)), tuple(told)


def _is_whole(scene: Scene, vocabulary: Vocabulary, index: int) -> bool:
    """Whether all of somebody is meant, and not a portrait."""
    if scene.objects[index].build not in ("", "baby"):
        return True
    relations = {scene.relation, *(link.relation for link in scene.links)}
    if scene.background not in _FLAT or relations & _TOUCHING:
        return True

    # What it does, and who rides it
    for subject, verb, thing in scene.actions:
        if index == thing and verb in _WHOLE_THINGS:
            return True
        if index == subject and verb in _WITH_THE_BODY:
            name = scene.objects[thing].name
            if verb != "wearing" or not is_on_head(name):
                return True

    # Beside a house or a dog a head would float; two people are portraits still.
    owned = {action.thing for action in scene.actions}
    others = [
        item
        for other, item in enumerate(scene.objects)
        if other not in owned and other != index and item.thing is not None
    ]
    return any(not is_person(vocabulary, item.name) or is_figure(item.name) for item in others)


def _own_figure(
    item: SceneObject, scene: Scene, index: int, vocabulary: Vocabulary
) -> _Whole | None:
    """The picture of a person of this name from head to foot, with empty hands, if there is one.

    Who has something on their own picture keeps that one, unless they hold something else.
    """
    name = f"standing {_FIGURES.get(item.name, item.name)}"
    if not is_person(vocabulary, item.name) or not vocabulary.knows(name):
        return None
    is_busy = any(action.subject == index for action in scene.actions)
    if not is_busy and (item.name, "holding") in pictured_acts():
        return None
    return _Whole(name, {}, is_another=False)


def _as_whole(item: SceneObject, whole: _Whole, vocabulary: Vocabulary) -> SceneObject:
    """Somebody with the picture of a whole body; what is said of them goes before the table."""
    painted = dict(whole.painted)
    own_colour = painted.pop("colour", "")
    colour = item.colour or own_colour
    parts = tuple(sorted({**painted, **dict(item.parts)}.items()))
    thing = vocabulary.planned(whole.name).model_thing
    return replace(item, name=whole.name, model_thing=thing, colour=colour, parts=parts)


def figure_of(name: str) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """The name of somebody whose pictures show a person of their kind from head to foot, and the
    parts that are painted on those: an old man is "man", with white hair; () if there is none."""
    whole = _table().get(name)
    if whole is None or not whole.name.startswith(_STANDING):
        return ()
    parts = tuple((part, colour) for part, colour in whole.painted.items() if part in PARTS)
    return ((whole.name.removeprefix(_STANDING), parts),)


@lru_cache(maxsize=1)
def _table() -> dict[str, _Whole]:
    found: dict[str, _Whole] = {}
    for names, whole, said, *more in read_table("planning/whole_bodies.txt"):
        painted = dict(pair.split("=") for pair in said.split() if "=" in pair)
        for name in names.split(","):
            found[name.strip()] = _Whole(whole, painted, more == ["another"])
    return found
