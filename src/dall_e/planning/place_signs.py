"""What stands for a place where none can be shown: the logo of a coffee shop is a cup of coffee."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from dall_e.images.places import TIMES, is_setting
from dall_e.planning.vocabulary import Vocabulary
from dall_e.scenes.graph import Scene
from dall_e.text.tables import read_table

_OF_THINGS = frozenset(("logo", "sticker", "icon", "silhouette", "neon"))
"""Styles that show things, and no ground that they stand on."""
_BY_NIGHT = frozenset(("cyberpunk",))
"""Styles whose places are shown by night."""
NEON_CITY = "neon-street"
_CITIES = frozenset(("city-street", "city-skyline", "future-city", "rainy-street"))


def with_sign(scene: Scene, style: str, vocabulary: Vocabulary) -> Scene:
    """Return a scene of a place alone as the thing that stands for it, in a style that needs one.

    style: one of EFFECTS, or nothing. A place without a known sign stays a place.
    """
    if style in _BY_NIGHT and scene.background:
        return replace(scene, background=_by_night(scene.background))
    if style not in _OF_THINGS or scene.objects or not scene.background:
        return scene
    place = scene.background.partition("+")[0]
    name = sign_of(place, vocabulary)
    return replace(scene, objects=(vocabulary.planned(name),), background="") if name else scene


def sign_of(place: str, vocabulary: Vocabulary) -> str:
    """The name of the thing that stands for a place; "" if the model knows none."""
    return next(filter(vocabulary.knows, _signs().get(place, ())), "")


def _by_night(background: str) -> str:
    """A place at night; a city with neon signs."""
    place, *more = background.split("+")
    if place in _CITIES:
        return NEON_CITY
    weather = [word for word in more if word not in TIMES]
    night = "+".join((place, "night", *weather))
    return night if is_setting(night) else background


@lru_cache(maxsize=1)
def _signs() -> dict[str, tuple[str, ...]]:
    return {place: tuple(names) for place, *names in read_table("planning/place_signs.txt")}
