"""What Chinese words before and behind a noun say of its thing. Positions are characters."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from dall_e.planning.grammar import PartSaid, whole_number
from dall_e.planning.lexicon import attributes, attributes_zh, verbs
from dall_e.planning.qualities import Qualities
from dall_e.planning.vocabulary import SEVERAL
from dall_e.scenes.graph import MOST, MOST_COMPOSED
from dall_e.text.language import COLOURS_ZH, NUMBERS_ZH

_PHRASE_ENDS = "和与跟在骑戴穿吃喝抱追看拿举,，、"
"""Behind one of these, what is said belongs to another thing."""
_TOO_MANY = re.compile("[十百千万]")
_MANY = re.compile("(?:[很许好众]多|无数|大量|不少)的?")
_SIZES = (("大", "big"), ("小", "small"))
_LONGEST_ATTRIBUTE = 5
"""In characters, with 的."""
_COLOURS = {
    "金": "yellow", "银": "grey", "灰": "grey", "白": "white", "黑": "black", "红": "red",
    "棕": "brown", "褐": "brown", "粉": "pink", "橙": "orange", "黄": "yellow", "绿": "green",
    "蓝": "blue", "紫": "purple",
}  # fmt: skip
"""Colours of hair and clothes, by their first characters."""
# A run of sizes is read from its first character only: from each, it would be read again and again.
_PARTS = re.compile(
    r"(?:有|留着?|长着?|穿着?|一头|一身)*(?:(?<![长短卷大])[长短卷大]+的?)?"
    rf"({'|'.join(_COLOURS)})[色发]?的?"
    r"(?:[长短卷大]+的?)?(头发|卷发|长发|短发|(?<=金)发|胡子|胡须|衣服|上衣|服装)的?"
)
_LOOKING = re.compile(
    r"(?<![有留长着])(?:有|留着?|长着?|一头)*(?P<curly>卷[曲]?(?:的|着)?)?(?:[长短]的?)?"
    r"(?:(?P<hair>头发|(?<=卷)发)|(?P<beard>(?:络腮|大)?胡[子须]))的?"
)
"""Hair and beards of which no colour is said."""
_BODY = re.compile(r"在?(?:嘴|手|怀|头|脖子|爪子?|鼻子|脸)[里上中](?=[拿叼抱戴举有的着])")
_PART_OF_WORD = {"胡子": "beard", "胡须": "beard", "衣服": "clothes", "上衣": "clothes"}
_PART_OF_WORD |= {"服装": "clothes"}


def qualities(text: str, start: int, counted: re.Pattern[str]) -> Qualities:
    """Return what the characters before a noun, which starts at `start`, say of it."""
    verb_ends = [match.end() for match in verbs("zh")[0].finditer(text)]
    text = text[max(verb_ends, default=0) :]
    text = text[max(map(text.rfind, _PHRASE_ENDS)) + 1 :]
    offset, found = start - len(text), Qualities()

    # The last number that stands before a measure word
    numbers = list(counted.finditer(text))
    if numbers:
        last = numbers[-1]
        found.count, found.measure = _count(last[1]), last[2]
        is_dozen = last[2] == "打"
        found.count = MOST if is_dozen else found.count
        # More than are drawn is not what was said.
        is_more = last[1] not in NUMBERS_ZH and _TOO_MANY.search(last[1])
        if whole_number(last[1]) <= MOST and not (is_more or (is_dozen and last[1] not in "一1")):
            found.said_at["count"] = frozenset(range(offset + last.start(), offset + last.end()))
        text, offset = text[last.end() :], offset + last.end()

    many = _MANY.match(text)
    if many and not found.count:
        found.count, found.said_at["count"] = (
            MOST_COMPOSED,
            frozenset(range(offset, offset + many.end())),
        )
        text, offset = text[many.end() :], offset + many.end()

    if not text:
        return found

    # Colours of the table, then all that the table of attributes has, then sizes
    taken: set[int] = set()

    def say(field: str, value: str, at: int, length: int) -> None:
        if at >= 0 and field not in found.said and taken.isdisjoint(range(at, at + length)):
            found.said[field] = value
            found.said_at[field] = frozenset(range(offset + at, offset + at + length))
            taken.update(range(at, at + length))

    characters = set(text)
    said = [pair for pair in attributes_zh() if pair[0][0] in characters]
    for word, attribute in said:
        at = text.find(word) if len(word) > 1 else _last_character(text, word)
        say(*attribute, at, len(word))
    for colour, word in COLOURS_ZH.items():
        say("colour", colour, text.find(word), 2)
        say("colour", colour, _last_character(text, word[0]), 1)
    for mark, size in _SIZES:
        say("size", size, text.find(mark), 1)
    return found


def _last_character(text: str, character: str) -> int:
    """Where a word of one character ends a text, or stands before 的; -1 if it does not."""
    bare = text.removesuffix("的")
    return len(bare) - 1 if bare.endswith(character) else -1


def _count(number: str) -> int:
    number = "两" if number == "二" else number
    if number in NUMBERS_ZH:
        return NUMBERS_ZH.index(number)
    count = whole_number(number) if number.isdecimal() else SEVERAL
    count = MOST if _TOO_MANY.search(number) else count
    count = MOST_COMPOSED if _MANY.fullmatch(number) else count
    return min(max(count, 1), MOST)


def says_attribute(tokens: Sequence[str], position: int) -> bool:
    """Whether a word that may be a noun says something of the next one: 木头的椅子."""
    text = "".join(tokens[position : position + _LONGEST_ATTRIBUTE])
    return text.startswith(_before_nouns())


@lru_cache(maxsize=1)
def _before_nouns() -> tuple[str, ...]:
    """Every word that says something of what comes next, as it stands before that."""
    return tuple(f"{word}的" for word in attributes("zh"))


def parts_said(text: str) -> list[PartSaid]:
    """What is said of somebody's hair, beard and clothes: 红头发的."""
    return (
        [
            PartSaid(
                start=match.start(),
                stop=match.end(),
                part=_PART_OF_WORD.get(match[2], "hair"),
                colour=_COLOURS[match[1]],
                is_before=not match[0].startswith(("有", "留", "长着")) or match[0].endswith("的"),
            )
            for match in _PARTS.finditer(text)
        ]
        + [
            PartSaid(match.start(), match.end(), "", "", is_before=True, is_mouth="嘴" in match[0])
            for match in _BODY.finditer(text)
        ]
        + [_look(match) for match in _LOOKING.finditer(text)]
    )


def _look(match: re.Match[str]) -> PartSaid:
    """What is said of hair or a beard without a colour: its look, or only that it is there."""
    return PartSaid(
        start=match.start(),
        stop=match.end(),
        part="beard" if match["beard"] else "hair",
        colour="curly" if match["curly"] else "",
        is_before=match[0].endswith("的"),
    )
