"""What a place shows already, so that its name says nothing new: a playground with a slide.

    "a park full of cherry blossoms"    the drawing of cherry blossoms, and nothing laid over it
    開 or 有: 有滑梯的游乐场, 樱花盛开的公园   the same, with the words before the place

Which things a place shows is in `place_contents.txt`, with the drawing that shows them best.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from dall_e.images.places import places
from dall_e.scenes.graph import SHAPES, Scene, SceneObject
from dall_e.scenes.sizes import real_size
from dall_e.text.language import COUNT_ZH
from dall_e.text.patterns import any_of
from dall_e.text.tables import read_table

_JOINS = (
    r"(?:with|full of|filled with|covered (?:in|with)|surrounded by|lined with|between|among|and|"
    r"of|in|by|beside|near|next to|along|on the shore of|at the edge of)"
)
_PRAISE = (
    r"(?:(?:an?|the|its|some|one|many|lots of|a lot of|a few|several|rows of|tall|big|large|"
    r"huge|small|little|tiny|single|lone|lonely|blooming|beautiful|golden|COLOURS"
    r"sandy|old|high|full|wooden|colou?rful|bright|dark) )*"
)
_COLOURS = "green|blue|white|pink|red|"
"""What nature shows so anyway, and furniture has only if it is drawn so."""
_END = r"(?=$|[,.;!]| (?:and|with|in|on|at|by|under|behind|around|everywhere|all)\b)"
_FULL_ZH = r"(?:开满|长满|种满|布满|铺满|落满|满是|到处是|盛开着?|满天|漫天|带|有|和|与)[着了]?"
_COUNT_ZH = (
    rf"(?:(?:[一几]|{COUNT_ZH})[座片棵个条架道轮面艘盏张把只]|很多|许多|粉色的?|美丽的?|高高的)*"
)
_DOING_ZH = r"(?:盛开|开放|遍地|满地|满园|满山|林立|环绕|飘落|飘飞|掩映|烂漫|起伏)?"


_BY_A_LAKE = ("mountains", "forest", "meadow", "hills")
"""Where a boat is on the lake between them."""


_OWN = re.compile("star|fire|campfire|tent|camping|swing|slide|playground slide")
"""What stands in the sky, at a camp and on a playground: a few swings are those of the place."""
_A_FEW = 3


class Contents(NamedTuple):
    """Where a text says what a place shows anyway."""

    place: str
    """The drawing that shows it best."""
    span: tuple[int, int]


def find_contents(text: str, place: str, start: int, *, chinese: bool) -> Contents | None:
    """Find words for what a place shows; behind it in English, anywhere in Chinese.

    start: the end of the place's name. English is in lower case.
    """
    for drawing, english, pattern_zh in _patterns(place):
        match = pattern_zh.search(text) if chinese else english.match(text, start)
        if match:
            return Contents(drawing, match.span())
    return None


def with_contents(scene: Scene) -> Scene:
    """Return a scene without the plain things that its place shows, or shows in another drawing.

    Of "a park with ducks on a pond" the ducks are left, on the pond of that drawing. The only thing
    of a scene stays.
    """
    place, plus, weather = scene.background.partition("+")
    if place in _BY_A_LAKE and any(map(_is_boat, scene.objects)):
        place = "lake"
        scene = replace(scene, background=f"{place}{plus}{weather}")
    for index, item in enumerate(scene.objects):
        if len(scene.objects) < 2 and not _is_own(scene, index):
            continue
        if not _is_plain(scene, index) and not _is_own(scene, index):
            continue
        if item.name == "star" and "night" in scene.background and _is_own(scene, index):
            return with_contents(scene.without((index,)))
        drawing = _drawings(place).get(item.name) or _drawings(place).get(item.name.split()[-1])
        held = [link for link in scene.all_links if link.second == index]
        if drawing is None or (held and drawing == place):
            continue
        objects = list(scene.objects)
        for link in held:
            on_water = link.relation in ("on", "inside") and places()[drawing].water is not None
            objects[link.first] = replace(objects[link.first], spot="on:water" if on_water else "")
        scene = replace(
            scene, objects=tuple(objects), relation="", background=f"{drawing}{plus}{weather}"
        )
        return with_contents(scene.without((index,)))
    return scene


def _is_own(scene: Scene, index: int) -> bool:
    """Whether a thing is one that is the place's own, in whatever number and size it is said."""
    item = scene.objects[index]
    if not scene.background or not _OWN.fullmatch(item.name) or item.count > _A_FEW:
        return False
    plain = replace(item, count=1, size="" if item.size == "small" else item.size)
    others = tuple(plain if at == index else each for at, each in enumerate(scene.objects))
    return _is_plain(replace(scene, objects=others), index)


def _is_boat(item: SceneObject) -> bool:
    """Whether a thing is one that goes on water."""
    if item.name in SHAPES:
        return False
    return item.thing.kind == "vehicle" and real_size(item.thing).where == "water"


def without_indoor_sun(scene: Scene) -> Scene:
    """Return a scene without a sun in a room, if nothing more is said of it: it is light there."""
    drawn = places().get(scene.background.partition("+")[0])
    if drawn is None or drawn.kind != "indoor":
        return scene
    suns = [
        index
        for index, item in enumerate(scene.objects)
        if item.name in ("sun", "sun with face") and _is_plain(scene, index)
    ]
    return replace(scene.without(suns), relation="") if suns else scene


def _is_plain(scene: Scene, index: int) -> bool:
    """Whether nothing is said of a thing but its name, nor that it is anywhere or used."""
    is_somewhere = any(link.first == index for link in scene.all_links)
    acts = any(index in (action.subject, action.thing) for action in scene.actions)
    return scene.objects[index].is_plain and not is_somewhere and not acts


@lru_cache(maxsize=256)
def _drawings(place: str) -> dict[str, str]:
    """The drawing of each single thing that a place shows."""
    found: dict[str, str] = {}
    for name, drawing, english, _ in read_table("planning/place_contents.txt"):
        if name == place:
            for word in _words(english):
                found.setdefault(word, drawing or place)
    return found


@lru_cache(maxsize=256)
def _patterns(place: str) -> tuple[tuple[str, re.Pattern[str], re.Pattern[str]], ...]:
    """The drawing, and the patterns for its things, of each row about a place."""
    return tuple(_rows(place))


def _rows(place: str) -> Iterator[tuple[str, re.Pattern[str], re.Pattern[str]]]:
    for name, drawing, english, chinese in read_table("planning/place_contents.txt"):
        if name != place:
            continue
        en, zh = (any_of(_words(cell)) for cell in (english, chinese))
        praise = _PRAISE.replace("COLOURS", "" if places()[place].kind == "indoor" else _COLOURS)
        yield (
            drawing or place,
            re.compile(rf" {_JOINS} {praise}(?:{en}){_END}"),
            re.compile(
                rf"(?:(?:{_FULL_ZH}|(?<=,)){_COUNT_ZH}(?:{zh})|(?:{zh}){_DOING_ZH}(?<!^)(?=的,))(?=的?(?:,|$|[和与、]))"
            ),
        )


def _words(cell: str) -> list[str]:
    return [word for word in map(str.strip, cell.split(",")) if word]
