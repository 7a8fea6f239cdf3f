"""Clothes that somebody's own picture shows: they get the colour that is said, not a second piece.

A girl on our drawings has a dress on, so the girl in a red dress is painted. Of clothes that hers
does not show, the piece is drawn, and the sleeves under it have its colour.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache

from dall_e.planning.people_phrases import figure_in, part_at_act
from dall_e.planning.qualities import is_person, shown_as
from dall_e.planning.vocabulary import Vocabulary
from dall_e.scenes.graph import Scene, SceneObject
from dall_e.text.tables import read_table

_KINDS = (
    ("dress", "clothes", re.compile(r"^(?:(?:prom|wedding) )?(?:dress|gown)$")),
    ("robe", "clothes", re.compile(r"robe$")),
    ("suit", "clothes", re.compile(r"suit$|tuxedo$")),
    ("coat", "clothes", re.compile(r"coat$")),
    ("skirt", "bottom", re.compile(r"skirt$|tutu$")),
    ("trousers", "bottom", re.compile(r"jeans$|trousers$|pants$|^shorts$")),
    ("top", "top", re.compile(r"shirt$|blouse$|sweater$|^top$")),
)
"""Kinds of clothes, the part of somebody that each is (`images/figure_parts.py`), its names."""
_OVER_A_TOP = re.compile(r"coat$|jacket$|hoodie$|suit$|tuxedo$|vest$")
"""What has the sleeves of the shirt beside it where it is drawn."""
_POSE = re.compile(
    r"^(?:standing|walking|running|holding|sitting|reading|waving|jumping|sleeping) "
)


def with_own_clothes(scene: Scene, vocabulary: Vocabulary) -> Scene:
    """Return a scene in which nobody has on what their picture shows anyway."""
    items = list(scene.objects)
    worn: set[int] = set()
    for subject, verb, index in scene.actions:
        thing = items[index]
        bare = _bare().get(items[subject].name, "")
        if verb == "wearing" and vocabulary.knows(bare):
            items[subject] = shown_as(vocabulary, items[subject], bare)
        if verb != "wearing" or not is_person(vocabulary, items[subject].name):
            continue
        kinds = _table().get(figure_in(_POSE.sub("", items[subject].name)), frozenset())
        own = (part for kind, part, names in _KINDS if kind in kinds and names.search(thing.name))
        part = next(own, "")
        is_plain = not (thing.material or thing.pattern)
        if part and is_plain:
            worn.add(index)
            part = part_at_act(items[subject].name, part)
            items[subject] = _painted(items[subject], part, thing.colour)
        elif "top" in kinds and _OVER_A_TOP.search(thing.name):
            items[subject] = _painted(items[subject], "top", thing.colour)
    return replace(scene, objects=tuple(items)).without(worn)


def _painted(item: SceneObject, part: str, colour: str) -> SceneObject:
    """Somebody with a part in a colour; as they are if none is said."""
    return item.with_part(part, colour) if colour else item


@lru_cache(maxsize=1)
def _bare() -> dict[str, str]:
    """The picture of somebody without the clothes that theirs shows, by name."""
    return {
        name.strip(): bare
        for names, bare in read_table("planning/bare.txt")
        for name in names.split(",")
    }


@lru_cache(maxsize=1)
def _table() -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for names, kinds in read_table("planning/clothed.txt"):
        for name in map(str.strip, names.split(",")):
            found[name] = found.get(name, frozenset()).union(kinds.split())
    return found
