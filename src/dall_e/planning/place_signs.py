"""What stands for a place where none can be shown: the logo of a coffee shop is a cup of coffee."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from dall_e.planning.vocabulary import Vocabulary
from dall_e.scenes.graph import Scene
from dall_e.text.tables import read_table

_OF_THINGS = frozenset(("logo", "sticker", "icon", "silhouette", "neon"))
"""Styles that show things, and no ground that they stand on."""


def with_sign(scene: Scene, style: str, vocabulary: Vocabulary) -> Scene:
    """Return a scene of a place alone as the thing that stands for it, in a style that needs one.

    style: one of EFFECTS, or nothing. A place without a known sign stays a place.
    """
    if style not in _OF_THINGS or scene.objects or not scene.background:
        return scene
    place = scene.background.partition("+")[0]
    name = next(filter(vocabulary.knows, _signs().get(place, ())), "")
    return replace(scene, objects=(vocabulary.planned(name),), background="") if name else scene


@lru_cache(maxsize=1)
def _signs() -> dict[str, tuple[str, ...]]:
    return {place: tuple(names) for place, *names in read_table("planning/place_signs.txt")}
