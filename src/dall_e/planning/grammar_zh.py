"""Chinese: its words and patterns, and how they are put together. A token is a character."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from dall_e.planning.grammar import (
    NO_THINGS,
    Frame,
    Grammar,
    Mention,
    Objects,
    Related,
    small_number,
    whole_number,
)
from dall_e.planning.places import FoundPlace, find_place
from dall_e.planning.vocabulary import SEVERAL
from dall_e.scenes.graph import MOST, SceneObject
from dall_e.scenes.phrases import NUMBERS_ZH, PLACES_ZH, RELATIONS_ZH
from dall_e.scenes.vocabulary import things
from dall_e.text.language import COLOURS_ZH

# Around the matter of a prompt

_STYLE_BEFORE = re.compile(r"([\w ]+?风格)[，的]")
# Read from its end, as a search for its start would try every blank of a long prompt.
_STYLE_BEHIND_REVERSED = re.compile(r"((?:格风|标图)[\w ]+|画贴剪)[，,\s]")
_MEDIUM = r"((?:水墨|水彩|油画|国画|素描|简笔|像素|漫画|动漫|卡通|版画|铅笔|3d)(?:画|风|风格)?)"
"""How else a picture is made than by this program."""
_MEDIUM_BEFORE = re.compile(rf"(?:一?[幅张])?{_MEDIUM}[，的]", re.IGNORECASE)
_MEDIUM_BEHIND = re.compile(rf"[，,\s的](?:一?[幅张])?{_MEDIUM}$", re.IGNORECASE)
_POLITE = re.compile(r"(?:请)?(?:画|有)(?=[一二两三四五六七八九\d])")

# Of sentences that are understood to the last word

_SIZES = (("大", "big"), ("小", "small"))
_DOING = (
    re.compile(r"(?P<who>.+?)正?在(?P<where>.+)(?P<doing>睡觉|玩耍|玩球|玩)"),
    re.compile(r"(?P<who>.+?)(?P<doing>睡)在(?P<where>.+)"),
    re.compile(r"(?P<who>.+?)(?P<where>)正?在(?P<doing>睡觉|玩耍|玩球|玩)"),
    re.compile(r"(?P<place>[^在]*)在(?P<where>.+)(?P<doing>睡觉|睡着|玩耍|玩球)的(?P<who>.+)"),
    re.compile(r"(?P<place>.*?)(?P<where>)正?在?(?P<doing>睡觉|睡着|玩耍|玩球)的(?P<who>.+)"),
)
_AND = re.compile(r"、|和|与|跟|以及|还有|，")

# Of any sentence

_WORDS = re.compile(r"[^\W的了和与跟]+")
"""Runs of characters, but for those that say nothing by themselves."""
_LONGEST_NOUN = 8
"""In characters."""
_PHRASE_ENDS = re.compile("[和与跟在骑戴吃抱追看，,、]")
"""Behind one of these, what is said belongs to another thing."""
_EDGES = frozenset(" 。！？；：的和与跟在有是骑吃抱追看戴着、，,上下里旁前后左右睡玩色大小")
"""A word of one character is a word beside one of these; elsewhere it may be half of another."""
_VERBS = {"on": ("骑着", "骑在", "骑", "坐在"), "above": ("飞过", "跳过")}
"""What somebody does who is in a relation to something."""
_SHORT_RELATIONS = {
    "下": "under", "上": "on", "里": "inside", "中": "inside", "旁": "next to", "前": "in front",
    "后": "behind",
}  # fmt: skip


class Chinese(Grammar):
    """Reads prompts with Chinese characters, and what other words are in them."""

    longest_exact = 200
    separator = ""

    def frame(self, text: str) -> Frame:
        start, stop, style = 0, len(text), ""
        before = _STYLE_BEFORE.match(text) or _MEDIUM_BEFORE.match(text)
        behind = None if before else _STYLE_BEHIND_REVERSED.match(text[::-1])
        medium = None if before or behind else _MEDIUM_BEHIND.search(text)
        if before:
            start, style = before.end(), before[1]
        elif behind:
            stop, style = len(text) - behind.end(), behind[1][::-1]
        elif medium:
            stop, style = medium.start(), medium[1]
        polite = _POLITE.match(text, start, stop)
        return Frame(polite.end() if polite else start, stop, style)

    def item(self, phrase: str) -> SceneObject | None:
        match = _numbered().fullmatch(phrase.strip())
        if not match:
            return None
        number = (match[1] or "一").replace("二", "两")
        count = small_number(number, NUMBERS_ZH)
        if not count:
            return None

        words = self.vocabulary.words_zh
        candidates = [
            self.vocabulary.planned(words[noun], count=count, colour=colour, size=size)
            for noun, colour, size in _described(match[2])
            if noun in words
        ]
        # 红苹果 is a name too, but more is known of apples.
        in_table = [item for item in candidates if item.name in self.vocabulary.table_things]
        return next(iter((*in_table, *candidates)), None)

    def actions(self, text: str) -> Iterator[tuple[str, str]]:
        """The last one is the whole text, as if it named nothing."""
        for pattern in _DOING:
            match = pattern.fullmatch(text)
            if match:
                parts = match.groupdict()
                place, where = parts.get("place", ""), parts["where"]
                state = "sleeping" if "睡" in parts["doing"] else "playing"
                for link in ("", "的") if place else ("",):
                    yield f"{place}{link}{parts['who']}{f'在{where}' if where else ''}", state
        yield text, ""

    def places(self, text: str) -> Iterator[tuple[str, str, str]]:
        found = self.find_place(text)
        if found and len(found.spans) > 1:
            yield found.rest(text), found.setting, ""
        for phrase, background, colour in _place_phrases():
            for link in ("有", "的", "，"):
                if text.startswith(f"{phrase}{link}"):
                    yield text[len(phrase) + 1 :], background, colour
            if text.endswith(f"在{phrase}"):
                yield text[: -len(phrase) - 1], background, colour
        if found:
            yield found.rest(text), found.setting, ""
        yield text, "", ""

    def pair(self, text: str) -> tuple[Objects, str] | None:
        for pattern, relation in _pair_patterns():
            match = pattern.fullmatch(text)
            if match:
                first, second = self.item(match["first"]), self.item(match["second"])
                if first and second:
                    return (first, second), relation
        return None

    def split(self, text: str) -> list[str]:
        return _AND.split(text)

    def tokens(self, text: str) -> list[tuple[int, int]]:
        return [(position, position + 1) for position in range(len(text))]

    def noun_length(self, tokens: Sequence[str], position: int) -> int:
        words = self.vocabulary.words_zh
        for length in range(min(_LONGEST_NOUN, len(tokens) - position), 0, -1):
            stop = position + length
            name = words.get("".join(tokens[position:stop]))
            if name is not None and name not in NO_THINGS:
                beside = {*tokens[max(position - 1, 0) : position], *tokens[stop : stop + 1]}
                return length if length > 1 or beside <= _edges() else 0
        return 0

    def mention(self, tokens: Sequence[str], free: int, start: int, stop: int) -> Mention:
        text = _PHRASE_ENDS.split("".join(tokens[free:start]))[-1]
        spans: list[tuple[int, int]] = []

        # The last number that stands before a measure word
        counted = list(_counted().finditer(text))
        count = _count(counted[-1][1]) if counted else 1
        if counted and whole_number(counted[-1][1]) <= MOST:
            spans.append(counted[-1].span())

        # The first size, and the first colour of the table
        mark, size = next(((mark, size) for mark, size in _SIZES if mark in text), ("", ""))
        colour, colour_span = _colour_in(text)
        spans += [(text.find(mark), text.find(mark) + len(mark)), colour_span]

        offset = start - len(text)
        used = {offset + position for span in spans for position in range(*span)}
        name = self.vocabulary.words_zh["".join(tokens[start:stop])]
        item = self.vocabulary.planned(name, count=count, size=size, colour=colour)
        return Mention(item, start, stop, frozenset((*used, *range(start, stop))))

    def find_place(self, text: str) -> FoundPlace | None:
        return find_place(text, chinese=True, is_noun=self.vocabulary.words_zh.__contains__)

    def relate(self, between: str, after: str) -> Related | None:
        # 甲在乙的左边 says the relation behind both; 乙的左边有甲 between them, and turned.
        for relation, verbs in _VERBS.items():
            for verb in verbs:
                at = between.find(verb)
                if at >= 0:
                    return Related(relation, False, (at, at + len(verb)))
        for pattern, relation in _relation_patterns():
            behind = pattern.match(after)
            if "在" in between and behind:
                at = between.index("在")
                return Related(relation, False, (at, at + 1), behind.span())
            inside = pattern.match(between)
            if inside:
                return Related(relation, True, inside.span())
        return None

    def words(self, text: str) -> list[str]:
        return _WORDS.findall(text)

    def knows(self, word: str) -> bool:
        return word in self.vocabulary.words_zh


def _described(text: str) -> Iterator[tuple[str, str, str]]:
    """What is left without colour and size, and these, in either order.

    The first one has neither, as 小狗 may be a word.
    """
    for without_colour, colour in _coloured(text):
        yield without_colour, colour, ""
        for mark, size in _SIZES:
            match = re.fullmatch(rf"{mark}的?(.+)", without_colour)
            if match:
                yield match[1], colour, size
                for rest, later in _coloured(match[1]):
                    yield rest, colour or later, size


def _coloured(text: str) -> Iterator[tuple[str, str]]:
    yield text, ""
    for colour, word in COLOURS_ZH.items():
        match = re.fullmatch(rf"{word[0]}色?的?(.+)", text)
        if match:
            yield match[1], colour


def _count(number: str) -> int:
    if number in NUMBERS_ZH:
        return NUMBERS_ZH.index(number)
    count = whole_number(number) if number.isdecimal() else SEVERAL
    return min(max(count, 1), MOST)


def _colour_in(text: str) -> tuple[str, tuple[int, int]]:
    """A colour that a text has somewhere, or its first character at the end; and where."""
    for colour, word in COLOURS_ZH.items():
        at = text.find(word)
        if at >= 0:
            return colour, (at, at + len(word))
        if text.endswith(word[0]):
            return colour, (len(text) - 1, len(text))
    return "", (0, 0)


@lru_cache(maxsize=1)
def _measures() -> tuple[str, ...]:
    """All measure words, the longest first."""
    words = {thing.measure for thing in things().values()}
    words |= {measure for thing in things().values() for _, measure in thing.other_zh}
    return tuple(sorted({*words, "个", "位", "名"}, key=len, reverse=True))


@lru_cache(maxsize=1)
def _edges() -> frozenset[str]:
    return _EDGES.union("".join(_measures()), (word[0] for word in COLOURS_ZH.values()))


@lru_cache(maxsize=1)
def _numbered() -> re.Pattern[str]:
    """A number from one to six before a measure word, if there is one, and the rest."""
    numbers = f"一二{''.join(NUMBERS_ZH[1:])}"
    return re.compile(rf"(?:([{numbers}]|\d)(?:{'|'.join(_measures())}))?(.+)")


@lru_cache(maxsize=1)
def _counted() -> re.Pattern[str]:
    """Any number before a measure word. Digits are tried from their first one only."""
    numbers = "".join(NUMBERS_ZH[1:])
    return re.compile(rf"([{numbers}]|(?<!\d)\d+|[几多])(?:{'|'.join(_measures())})")


@lru_cache(maxsize=1)
def _place_phrases() -> list[tuple[str, str, str]]:
    """(words, background, its colour), the longest words first."""
    phrases = [(words, place, "") for place, known in PLACES_ZH.items() for words in known]
    phrases += [(f"{word}背景上", "plain", colour) for colour, word in COLOURS_ZH.items()]
    return sorted(phrases, key=lambda phrase: -len(phrase[0]))


@lru_cache(maxsize=1)
def _pair_patterns() -> list[tuple[re.Pattern[str], str]]:
    """Sentences that say how a first thing stands to a second."""
    patterns: list[tuple[re.Pattern[str], str]] = []
    for relation, words in RELATIONS_ZH.items():
        for word in sorted(words, key=len, reverse=True):
            turned = rf"(?P<second>.+?)的?{word}[有是的](?P<first>.+)"
            straight = rf"(?P<first>.+?)在(?P<second>.+?)的?{word}"
            patterns += [(re.compile(turned), relation), (re.compile(straight), relation)]
    return patterns


@lru_cache(maxsize=1)
def _relation_patterns() -> list[tuple[re.Pattern[str], str]]:
    relations = dict(_SHORT_RELATIONS)
    relations |= {word: relation for relation, words in RELATIONS_ZH.items() for word in words}
    words = sorted(relations, key=len, reverse=True)
    return [(re.compile(f"的?{word}"), relations[word]) for word in words]
