"""Several of a thing in several colours: "five balloons, all different colours", 红黄蓝三个气球.

Such a prompt is read as "5 colourful balloons", and its copies get the colours that it names, in
their order, or those of `HUES`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import NamedTuple

from dall_e.planning.lexicon import colourful
from dall_e.planning.vocabulary import Vocabulary
from dall_e.planning.wording.colour_groups import grouped
from dall_e.scenes.graph import MOST, Scene, SceneObject
from dall_e.text.language import (
    COLOUR_EN,
    COLOURS_ZH,
    COUNT_EN,
    HUES_ZH,
    MEASURES_ZH,
    NUMERALS_ZH,
    Language,
    plural_of,
)

HUES = ("red", "yellow", "blue", "green", "purple", "orange", "pink")
"""Colours of several things that are to be colourful, in their order."""
COATS = ("orange", "black", "white", "brown", "grey")
"""The same of animals."""
_LONGEST = 200
"""Characters of a prompt in which copies are looked for."""


class Copies(NamedTuple):
    """A prompt about several of a thing in several colours."""

    text: str
    """The prompt as the grammars read it."""
    colours: tuple[str, ...]
    """The colours that it names, one for each copy; none if they only are to be different."""


# English

_NUMBER = rf"(?:{COUNT_EN}|a dozen|several|some|many)"
_COLOUR = rf"(?:(?:light|dark|bright|pale|deep) )?(?:{COLOUR_EN})"
_EACH = (
    rf"(?:(?:and )?(?:(?:one|an?|another|(?:the )?(?:first|second|third|fourth|fifth|sixth|last|"
    rf"other|next))(?: one)? (?:is |in )?)?{_COLOUR}(?: one)?)"
)
_LIST = rf"(?P<list>{_EACH}(?:(?:, and |, | and | & | ){_EACH})+)"
_PLACE = (
    r"(?P<rest>(?:,? (?:in|on|at|over|under|against|floating|flying|standing|sitting|lying) .+)?)$"
)
_LEAD = rf"(?P<lead>(?:an? (?:row|line|pile|group|set|bunch) of )?(?:the )?(?:{_NUMBER} )?)"
_NOUNS = r"(?P<what>(?:(?!(?:with|of|and|holding|or)\b)[\w'-]+ ){0,4}?[\w'-]+)"
_LISTED_BEHIND = re.compile(
    rf"^{_LEAD}{_NOUNS}(?P<row> (?:in a row|side by side))?"
    r"(?:,|:|;| -)* ?(?:(?:in|colou?red|of|that are|which are|the|colou?rs?|painted) )*"
    rf"{_LIST}(?: ones| each| colou?rs?| respectively)?{_PLACE}"
)
_LISTED_BEFORE = re.compile(
    rf"^{_LEAD}(?P<list>{_COLOUR}(?:(?:, and |, | and | & ){_COLOUR})+) (?P<what>"
    r"(?!striped|checked|checkered|chequered|plaid|dotted|polka|and\b|stripes|spotted|pattern)"
    rf"[a-z][\w' -]*?){_PLACE}"
)
_EACH_NAMED = re.compile(
    rf"^(?P<list>an? {_COLOUR}(?:, an? {_COLOUR})*,? and an? {_COLOUR}) (?P<what>[a-z][\w' -]*?)"
    rf"{_PLACE}"
)
_DIFFERENT = r"(?:dif+e?r+e?nt|various|varying|assorted|mixed|multiple|rainbow|all|every|many)"
_DIFFERENT_BEHIND = re.compile(
    r"^(?P<lead>(?:an? (?:row|line|pile|group|set|bunch) of )?(?:the |an? )?"
    rf"(?:{_NUMBER} )?){_NOUNS}"
    r"(?P<row> (?:in a row|side by side))?"
    r",?(?: (?:all|each|each one|every one|each of them|they|are|is|with|in|of|a|an|have|has|that|"
    r"which|its|their|own|completely|totally|the|lots|two|three|four|five|six|seven|eight))*"
    rf" (?:(?:{_DIFFERENT} )+colou?rs?(?: each)?|(?:its|their) own colou?rs?|"
    rf"(?:all )?(?:the )?colou?rs of the rainbow){_PLACE}"
)
_DIFFERENT_BEFORE = re.compile(
    r"\b(?:multi|rainbow|many|dif+e?r+e?nt(?:ly)?|various(?:ly)?|vari|assorted|mixed|all)"
    r"[- ]?colou?r(?:ed|s)? (?=[a-z])|\b(?:brightly|assorted) colou?red (?=[a-z])"
)

# Chinese

_HUES_ZH = HUES_ZH | {"橘": "orange", "褐": "brown"}
_ONE_HUE = f"[{''.join(_HUES_ZH)}]"
_MEASURE = f"[{MEASURES_ZH}]"
_NUMBER_ZH = f"(?P<number>(?:[{NUMERALS_ZH}几]|1[0-2]|[2-9])+)(?P<measure>{_MEASURE})"
_LIST_ZH = f"(?P<list>{_ONE_HUE}色?(?:[、，,和与跟及]*{_ONE_HUE}色?)+)"
_EACH_ZH = f"(?:(?:一{_MEASURE}?|第[一二三四五六]{_MEASURE}|另一{_MEASURE})?是?{_ONE_HUE}色?的?)"
_REST_ZH = "(?P<rest>(?:[，,在排摆放].*)?)$"
_NOUN_ZH = r"(?P<what>[\u4e00-\u9fff]+?)"
_LISTED_ZH = tuple(
    re.compile(pattern)
    for pattern in (
        f"^{_LIST_ZH}(?:颜色|各色)?的?{_NUMBER_ZH}的?{_NOUN_ZH}(?P<rest>(?:[，,在排摆].*)?)$",
        f"^{_NUMBER_ZH}{_LIST_ZH}的?(?!相间|条纹|格子?|花纹|波点|圆点|交错){_NOUN_ZH}{_REST_ZH}",
        f"^{_NUMBER_ZH}{_NOUN_ZH}(?:[，,：: ]|颜色|分别|都?是|为)+"
        f"(?P<list>{_EACH_ZH}(?:[、，,和与跟及]*{_EACH_ZH})+){_REST_ZH}",
        f"^(?P<number>)(?P<measure>){_LIST_ZH}的?(?!相间|条纹|格子?|花纹|交错){_NOUN_ZH}{_REST_ZH}",
    )
)
_ANY_ZH = (
    "(?:(?:每[个只条朵把]的?)?颜色(?:都|全)?(?:各不相同|各不一样|各异|互不相同|不同|不一样|丰富)|"
    "(?:各种)?(?:五颜六色|五彩缤纷|五彩斑斓|花花绿绿|色彩缤纷|七彩|彩虹色)|"
    "(?:各种各样|不同|各种|多种|各不相同)颜色)的?"
)
_DIFFERENT_ZH = (
    re.compile(f"^(?:都是|全是)?{_ANY_ZH}{_NUMBER_ZH}(?P<what>.+)$"),
    re.compile(f"^{_NUMBER_ZH}{_ANY_ZH}(?P<what>[\u4e00-\u9fff].*)$"),
    re.compile(f"^{_NUMBER_ZH}{_NOUN_ZH}[，,]*(?:都是|全是|是|有)?{_ANY_ZH}$"),
)
_COLOURFUL_ZH = re.compile("^(?:各种)?彩色的?(?P<what>[\u4e00-\u9fff]+)$")


def find_copies(text: str, language: Language, vocabulary: Vocabulary) -> Copies | None:
    """Find in a prompt several of a thing that have different colours; None if there are none."""
    if len(text) > _LONGEST:
        return None
    find = _find_en if language == "en" else _find_zh
    plain = text.lower().rstrip(".。!！")
    groups = grouped(plain, language)
    if groups:
        read, noun, colours = groups
        is_known = noun in vocabulary.words_zh if language == "zh" else _name_of(noun, vocabulary)
        if is_known:
            return Copies(read, colours)
    found = find(plain, vocabulary)
    return found if found and found.text != plain else None


def _find_en(text: str, vocabulary: Vocabulary) -> Copies | None:
    text = _DIFFERENT_BEFORE.sub("colourful ", text)
    for pattern in (_LISTED_BEHIND, _LISTED_BEFORE, _EACH_NAMED):
        match = pattern.match(text)
        if match is None:
            continue
        colours = tuple(
            colour.replace("gray", "grey")
            for colour in re.findall(rf"\b(?:{COLOUR_EN})\b", match["list"])
        )
        lead, what = match.groupdict().get("lead") or "", match["what"]
        what = plural_of(what) if pattern is _EACH_NAMED else what
        is_before = pattern is _LISTED_BEFORE
        if _are_several(what, lead, colours, vocabulary, is_before=is_before):
            counted = lead if re.search(rf"\b{_NUMBER} $", lead) else f"{lead}{len(colours)} "
            row = match.groupdict().get("row") or ""
            return Copies(f"{counted}colourful {what}{row}{match['rest']}", colours)
    match = _DIFFERENT_BEHIND.match(text)
    if match and _name_of(match["what"], vocabulary):
        row = match["row"] or ""
        text = f"{match['lead']}colourful {match['what']}{row}{match['rest']}"
    return Copies(text, ())


def _name_of(noun: str, vocabulary: Vocabulary) -> str:
    """The thing of words or of the last of them; "" if there is none."""
    names = vocabulary.words_en
    return names.get(noun, "") or names.get(noun.rpartition(" ")[2], "")


def _are_several(
    noun: str, lead: str, colours: Sequence[str], vocabulary: Vocabulary, *, is_before: bool
) -> bool:
    """Whether each of some colours is that of another copy: a black and white cat is one."""
    name = _name_of(noun, vocabulary)
    if not name or noun in COLOURS_ZH:
        return False
    last = noun.rpartition(" ")[2]
    if not any(vocabulary.is_plural(each, name) for each in (noun, last)):
        return False
    is_counted = re.search(rf"\b{_NUMBER} $", lead) is not None
    if is_before and set(colours) == {"black", "white"}:
        return False
    return len(colours) > 2 or name in colourful() or (is_counted and not is_before)


def _find_zh(text: str, vocabulary: Vocabulary) -> Copies | None:
    for pattern in _LISTED_ZH:
        match = pattern.match(text)
        if match is None or match["what"] not in vocabulary.words_zh:
            continue
        colours = tuple(_HUES_ZH[each] for each in match["list"] if each in _HUES_ZH)
        is_pair = len(colours) == 2 and match["number"] not in ("两", "二", "2")
        if is_pair and pattern is not _LISTED_ZH[2]:
            continue
        number = match["number"] or str(min(len(colours), MOST))
        measure = match["measure"] or "个"
        return Copies(f"{number}{measure}彩色的{match['what']}{match['rest']}", colours)
    for pattern in _DIFFERENT_ZH:
        match = pattern.match(text)
        if match:
            return Copies(f"{match['number']}{match['measure']}彩色的{match['what']}", ())
    match = _COLOURFUL_ZH.match(text)
    if match:
        return _colourful_zh(match["what"], vocabulary)
    return None


def _colourful_zh(noun: str, vocabulary: Vocabulary) -> Copies | None:
    """Colourful things of which no number is said: by their own picture, or a few of them."""
    if f"彩色{noun}" in vocabulary.words_zh:
        return Copies(f"彩色{noun}", ())
    name = vocabulary.words_zh.get(noun, "")
    is_small = name in colourful() and vocabulary.thing(name).kind not in ("vehicle", "place")
    return Copies(f"几个彩色的{noun}", ()) if is_small else None


def in_turn(items: Sequence[SceneObject], colours: Sequence[str]) -> tuple[SceneObject, ...]:
    """Return each single one of some things as an object of its own, in colours that follow each
    other and start anew behind the last."""
    singles = [replace(item, count=1) for item in items for _ in range(item.count)]
    return tuple(
        replace(single, colour=colours[number % len(colours)])
        for number, single in enumerate(singles[:MOST])
    )


def hues_of(item: SceneObject) -> tuple[str, ...]:
    """The colours of several of a thing that are to be colourful, in their order."""
    has_coat = item.thing.kind == "animal" and "paint" not in item.thing.traits
    return COATS if has_coat else HUES


def with_colours(scene: Scene, colours: Sequence[str]) -> Scene | None:
    """Return a scene of several of one thing in colours that are named; None for any other scene.

    Without colours it stays as it is.
    """
    items = scene.objects
    if not colours:
        return scene
    are_alike = len({item.name for item in items}) == 1
    is_several = sum(item.count for item in items) > 1
    if not (are_alike and is_several) or scene.actions or scene.all_links:
        return None
    return replace(scene, objects=in_turn(items, colours))


def in_other_colours(scene: Scene, denied: Collection[str]) -> Scene:
    """Return a scene whose only thing, if it has no colour, has one that is not denied."""
    if not denied or len(scene.objects) != 1 or scene.objects[0].colour:
        return scene
    item = scene.objects[0]
    colour = next(hue for hue in (*hues_of(item), *HUES) if hue not in denied)
    return replace(scene, objects=(replace(item, colour=colour),))
