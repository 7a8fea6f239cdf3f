"""What a prompt says is not there, and what is left without it.

"a girl without an umbrella"       "a girl"
"a bird that isn't flying"         "a bird"
没骑自行车的男孩                    男孩
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from dall_e.text.language import COLOUR_EN, HUES_ZH, Language

_LONGEST = 200
"""Characters of a prompt in which denials are looked for."""
_MOST = 4
"""So many denials of a prompt are looked for."""
_STOPS = (
    "in|on|at|under|by|beside|near|next|and|but|with|who|that|which|behind|over|above|below|"
    "inside|standing|sitting|is|are|or|nor|between|just|only"
)
_IS_NOT = r"(?:is not|are not|isn'?t|aren'?t|was not|wasn'?t|does not|doesn'?t|do not|don'?t)"
_ONE = (
    r"(?:(?:an?|the|any|his|her|its|their) )?"
    rf"(?:(?:have|has|wear|hold|carry|(?!(?:{_STOPS})\b)\w+ing) "
    r"(?:(?:an?|the|any|his|her|its|their) )?)?"
    rf"(?:(?!(?:{_STOPS})\b)[\w'-]+ ){{0,2}}?(?!(?:{_STOPS})\b)[\w'-]+"
)
_EN = re.compile(
    r"(?:,? (?:but )?(?:with|have|has|having) neither|,? (?:but |and )?(?:without|with no|has no|"
    r"have no|having no|who has no|that has no)|,? (?:but )?(?:that|which|who) "
    rf"{_IS_NOT}|,? {_IS_NOT}|,? (?:but )?not (?=\w+ing\b))"
    rf" ?(?!only\b|just\b|far\b|allowed\b)(?P<what>{_ONE}(?:,? (?:or|nor) {_ONE})*)"
    rf"(?=$|[,.;](?! (?:just|only)\b)| (?:{_STOPS})\b(?! (?:just|only)\b))"
)
_NEITHER = re.compile(r"^neither (.+?),? nor ")
_LETS_ZH = "拿带戴穿骑撑打抱坐举牵背睡飞跑站吃喝"
_DONE_ZH = "(?:正?在)?"
_HUE_ZH = f"[{''.join(HUES_ZH)}]"
_ZH = tuple(
    re.compile(pattern)
    for pattern in (
        f"(?<![淹出沉埋吞])(?:没有?|不在|不(?=[{_LETS_ZH}])|不(?=是{_HUE_ZH}色?的)){_DONE_ZH}"
        "(?!精|劲|落|人|一个人|什么)(?P<what>[^的，,。没不]{1,8})的(?=[\u4e00-\u9fff])",
        f"(?<=[\u4e00-\u9fff])(?<![淹出沉埋吞])[，,]?(?:但|可|而)?(?:也|都)?"
        f"(?:没有?|不在|不(?=[{_LETS_ZH}])){_DONE_ZH}(?!精|劲|落|人|一个人|什么)"
        "(?P<what>[^的，,。没不]{1,8})$",
    )
)
_COLOURS = re.compile(rf"\b(?:{COLOUR_EN})\b")
_PARTS = re.compile(
    r"\b(?:handle|lid|wheel|wing|tail|leg|arm|ear|eye|nose|mouth|head|hair|fur|horn|beard|teeth|"
    r"feet|foot|leaf|leaves|petal|stem|seed|roof|door|window|wall|light|lace|string|button|sleeve|"
    r"pocket|sail|candle|stripe|spot|dot|shadow|background)s?\b"
)
_PARTS_ZH = re.compile(
    "[把盖轮翅尾腿臂耳眼鼻嘴头毛角胡牙脚叶瓣茎籽顶门窗墙灯带弦扣袖帆纹点影]子?[膀巴朵睛发须齿户]?$"
)
"""What a picture may show of a thing, said or not."""
_WORD = re.compile(r"[\w'-]+")


class Denied(NamedTuple):
    """A prompt without what it denies."""

    text: str
    """The prompt without its denials."""
    colours: frozenset[str]
    """The colours that something is said not to have."""
    kept: tuple[str, ...]
    """The words of denials that change no picture, in their order: a cup with no handle has one."""


def without_denials(text: str, language: Language, is_name: Callable[[str], bool]) -> Denied | None:
    """Return a prompt without what it says is not there; None if it denies nothing, or all.

    is_name: whether words in lower case are the name of something, which keeps all its words:
    a face without mouth.
    """
    lower = text.lower()
    if len(text) > _LONGEST or len(lower) != len(text) or is_name(re.sub("^(an?|the) ", "", lower)):
        return None
    patterns = (_EN,) if language == "en" else _ZH
    colours: set[str] = set()
    kept: list[str] = []
    left = text
    for pattern in patterns:
        position = 0
        for _ in range(_MOST):
            match = pattern.search(left.lower(), position)
            if match is None:
                break
            position = match.end()
            if not _in_a_name(left.lower(), match, language, is_name):
                colours |= _colours_of(match["what"], language)
                if not _goes(match["what"], language, is_name):
                    kept += _WORD.findall(left[match.start() : match.end()])
                left, position = left[: match.start()] + left[match.end() :], match.start()
    left = left.strip(" ,，")
    is_left = re.search(r"\w", re.sub("^(?:an?|the|it|一[个只]?)$", "", left.lower()))
    return Denied(left, frozenset(colours), tuple(kept)) if left != text and is_left else None


def plain_denials(text: str) -> str:
    """Return an English prompt whose "neither" and "nor" are said as "no"."""
    return _NEITHER.sub(r"no \1, no ", text.lower()) if _NEITHER.match(text.lower()) else text


def _colours_of(what: str, language: Language) -> set[str]:
    """The colours that are denied, if nothing else is."""
    if language == "zh":
        bare = what.removeprefix("是").removesuffix("色")
        return {HUES_ZH[bare]} if bare in HUES_ZH else set()
    words = set(_WORD.findall(what)) - {"or", "nor"}
    return {word.replace("gray", "grey") for word in words} if _is_colours(words) else set()


def _goes(what: str, language: Language, is_name: Callable[[str], bool]) -> bool:
    """Whether what is denied is gone once nobody asks for it: parts of a thing are on its picture,
    and of unknown words nobody knows."""
    what = what.lower()
    if language == "zh":
        return _PARTS_ZH.search(what) is None
    words = [word for word in _WORD.findall(what) if word not in ("or", "nor")]
    if _PARTS.search(what):
        return False
    return _is_colours(set(words)) or any(
        word.endswith("ing") or is_name(word) or is_name(" ".join(words[-2:])) for word in words
    )


def _is_colours(words: set[str]) -> bool:
    return all(_COLOURS.fullmatch(word) for word in words)


def _in_a_name(
    text: str, match: re.Match[str], language: Language, is_name: Callable[[str], bool]
) -> bool:
    """Whether a denial is a part of a name."""
    if language == "zh":
        starts = range(max(match.start() - 4, 0), match.start() + 1)
        stops = (match.end("what"), *range(match.end(), min(match.end() + 4, len(text)) + 1))
        return any(is_name(text[start:stop]) for start in starts for stop in stops)
    words = [word.start() for word in _WORD.finditer(text) if word.start() < match.end("what")]
    ends = [word.end() for word in _WORD.finditer(text) if word.end() >= match.end("what")][:2]
    firsts = [start for start in words if start <= match.start() + 1][-5:]
    return any(is_name(text[start:end]) for start in firsts for end in ends)
