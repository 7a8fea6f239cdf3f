"""Groups of one thing that differ in colour: "two red and three blue balls" are five balls.

Such a prompt is read as "5 balls", and its copies get the colours of their groups.
"""

from __future__ import annotations

import re

from dall_e.scenes.graph import MOST
from dall_e.text.language import (
    COLOUR_EN,
    COUNT_EN,
    HUES_ZH,
    MEASURES_ZH,
    NUMBERS_EN,
    NUMBERS_ZH,
    Language,
    plural_of,
)

_COLOUR = rf"(?:(?:light|dark|bright) )?(?:{COLOUR_EN})"
_SOME = rf"(?:{COUNT_EN}|one|an?|another)"
_JOIN = r"(?:, and |, | and | & )"
_NOUNS = r"(?P<what>(?:(?!(?:with|of|and|or|one|ones)\b)[\w'-]+ ){0,2}?(?!ones?\b)[\w'-]+)"
_REST = r"(?P<rest>(?:,? (?:in|on|at|over|under|against|floating|flying|standing|sitting) .+)?)$"
_GROUPS = rf"(?P<groups>{_SOME} {_COLOUR}(?:{_JOIN}{_SOME} {_COLOUR})+)"
_OTHER = rf"(?:{_JOIN}{_SOME} {_COLOUR}(?: ones?)?)"
_PART = (
    rf"(?:(?:the other |another )?{_SOME}(?: of (?:them|which|those|these))?"
    rf"(?: (?:is|are|in))? {_COLOUR}(?: ones?)?)"
)
_EN = (
    re.compile(rf"^(?:the )?{_GROUPS} {_NOUNS}{_REST}"),
    re.compile(rf"^(?:the )?(?P<groups>{_SOME} {_COLOUR}) {_NOUNS}(?P<more>{_OTHER}+){_REST}"),
    re.compile(
        rf"^(?:the )?(?P<total>{COUNT_EN}) {_NOUNS}(?:,|:|;| -)* (?P<groups>{_PART}"
        rf"(?:{_JOIN}{_PART})+){_REST}"
    ),
)
_ALL = re.compile(
    rf"^(?:the )?(?P<total>{COUNT_EN}) {_NOUNS}(?:,|:|;| -)* ?(?:(?:they|that|which|who) )?"
    r"(?:are )?(?:all(?: of (?:them|which|those|these))?|every one(?: of them)?|both(?: of them)?|"
    rf"each(?: of them| one)?)(?: (?:is|are|in|being))? (?P<colour>{_COLOUR}){_REST}"
)
_GROUP = re.compile(
    rf"\b(?P<number>{COUNT_EN}|one|an?|another)\b(?: of \w+)?(?: (?:is|are|in))? "
    rf"(?:(?:light|dark|bright) )?(?P<colour>{COLOUR_EN})\b"
)
_HUE_ZH = f"[{''.join(HUES_ZH)}]"
_NUMBER_ZH = "(?:十[一二]|[一二两三四五六七八九十]|1[0-2]|[1-9])"
_MEASURE_ZH = f"[{MEASURES_ZH}]"
_GROUP_ZH = f"{_NUMBER_ZH}{_MEASURE_ZH}{_HUE_ZH}色?的?"
_ZH = (
    re.compile(
        f"^(?P<groups>{_NUMBER_ZH}(?P<measure>{_MEASURE_ZH}){_HUE_ZH})色?的?"
        f"(?P<what>[\u4e00-\u9fff]{{1,5}}?)(?P<more>(?:(?:和|与|跟|还有|以及|[、，,])+"
        f"{_NUMBER_ZH}{_MEASURE_ZH}{_HUE_ZH}色?的)+)$"
    ),
    re.compile(
        f"^(?P<groups>{_NUMBER_ZH}(?P<measure>{_MEASURE_ZH}){_HUE_ZH}色?的?"
        f"(?:(?:和|与|跟|还有|以及|[、，,])+{_GROUP_ZH})+)(?P<what>[\u4e00-\u9fff]{{1,5}})$"
    ),
    re.compile(
        f"^(?P<total>{_NUMBER_ZH})(?P<measure>{_MEASURE_ZH})(?P<what>[\u4e00-\u9fff]{{1,5}}?)"
        f"[，,：:]?(?:其中)?(?P<groups>{_NUMBER_ZH}{_MEASURE_ZH}?是?{_HUE_ZH}色?的?"
        f"(?:[和与、，,]*{_NUMBER_ZH}{_MEASURE_ZH}?是?{_HUE_ZH}色?的?)+)$"
    ),
)
_ALL_ZH = re.compile(
    f"^(?P<total>{_NUMBER_ZH})(?P<measure>{_MEASURE_ZH})(?P<what>[\u4e00-\u9fff]{{1,5}}?)"
    f"[，,]?(?:全部|全都|都|全)(?:是|为)(?P<hue>{_HUE_ZH})色?的?$"
)
_EACH_ZH = re.compile(f"({_NUMBER_ZH}){_MEASURE_ZH}?是?({_HUE_ZH})")


def grouped(text: str, language: Language) -> tuple[str, str, tuple[str, ...]] | None:
    """Return a prompt as it is read, its noun, and the colour of each copy; None for other prompts.

    text: in lower case. More copies than a scene has, and numbers that do not add up, are other
    prompts. Where all are of one colour the prompt names it, and no colours are returned.
    """
    return _grouped_zh(text) if language == "zh" else _grouped_en(text)


def _grouped_en(text: str) -> tuple[str, str, tuple[str, ...]] | None:
    match = _ALL.match(text)
    if match:
        plain = f"{match['total']} {match['colour']} {match['what']}{match['rest']}"
        return plain, match["what"], ()
    for pattern in _EN:
        match = pattern.match(text)
        if match is None:
            continue
        said = f"{match['groups']}{match.groupdict().get('more') or ''}"
        groups = [(_number_en(each["number"]), each["colour"]) for each in _GROUP.finditer(said)]
        colours = _colours([(number, hue.replace("gray", "grey")) for number, hue in groups])
        total = match.groupdict().get("total")
        if colours and total in (None, *_spellings(len(colours))):
            what = match["what"]
            by_noun = {_EN[0]: groups[-1], _EN[1]: groups[0]}.get(pattern)
            is_one = by_noun is not None and by_noun[0] == 1
            what = plural_of(what) if is_one else what
            return f"{len(colours)} {what}{match['rest']}", what, colours
    return None


def _grouped_zh(text: str) -> tuple[str, str, tuple[str, ...]] | None:
    match = _ALL_ZH.match(text)
    if match:
        plain = f"{match['total']}{match['measure']}{match['hue']}色的{match['what']}"
        return plain, match["what"], ()
    for pattern in _ZH:
        match = pattern.match(text)
        if match is None:
            continue
        said = f"{match['groups']}{match.groupdict().get('more') or ''}"
        colours = _colours(
            [(_number_zh(number), HUES_ZH[hue]) for number, hue in _EACH_ZH.findall(said)]
        )
        total = match.groupdict().get("total")
        if colours and (total is None or _number_zh(total) == len(colours)):
            return f"{len(colours)}{match['measure']}{match['what']}", match["what"], colours
    return None


def _colours(groups: list[tuple[int, str]]) -> tuple[str, ...]:
    """The colour of each copy of some groups; none if there are too many copies."""
    colours = tuple(colour for number, colour in groups for _ in range(number))
    return colours if len(groups) > 1 and len(colours) <= MOST else ()


def _spellings(number: int) -> tuple[str, ...]:
    return str(number), NUMBERS_EN[number]


def _number_en(word: str) -> int:
    if word.isdigit():
        return int(word)
    return NUMBERS_EN.index(word) if word in NUMBERS_EN else 1


def _number_zh(word: str) -> int:
    if word.isdigit():
        return int(word)
    return 2 if word == "二" else NUMBERS_ZH.index(word)
