"""Chinese: its words and patterns, and how they are put together. A token is a character."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

from dall_e.planning.grammar import (
    NO_THINGS,
    Frame,
    Grammar,
    Mention,
    Objects,
    PartSaid,
    Related,
    drawn_number,
    small_number,
)
from dall_e.planning.lexicon import LOOKING_ZH, Deed, attributes_zh, containers, last_deed
from dall_e.planning.partitives import is_bunch, number_of, whole_of
from dall_e.planning.phrases_zh import parts_said, qualities, says_attribute
from dall_e.planning.places import FoundPlace, find_place
from dall_e.scenes.graph import SceneObject
from dall_e.scenes.phrases import PLACES_ZH, RELATIONS_ZH
from dall_e.scenes.vocabulary import things
from dall_e.text.language import COLOURS_ZH, DENIAL_ZH, NUMBERS_ZH, NUMERALS_ZH

# Around the matter of a prompt

_STYLE_BEFORE = re.compile(r"([\w ]+?风格)[，的]")
# Read from its end, as a search for its start would try every blank of a long prompt.
_STYLE_BEHIND_REVERSED = re.compile(r"((?:格风|标图)[\w ]+|画贴剪)[，,\s]")
_MEDIUM = r"((?:水墨|水彩|油画|国画|素描|简笔|像素|漫画|动漫|卡通|版画|铅笔|3d)(?:画|风|风格)?)"
"""How else a picture is made than by this program."""
_MEDIUM_BEFORE = re.compile(rf"(?:一?[幅张])?{_MEDIUM}[，的]", re.IGNORECASE)
_MEDIUM_BEHIND = re.compile(rf"[，,\s的](?:一?[幅张])?{_MEDIUM}$", re.IGNORECASE)
_POLITE = re.compile(rf"(?:请)?(?:画|有)(?=[{NUMERALS_ZH}\d])")

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
_LONGEST_NOUN = 12
"""In characters."""
_VERB = re.compile("[骑读看吃喝戴穿拿抱弹]")
_ENGLISH_WORD = re.compile(r"(?:(?<= )|^)[A-Za-z]+(?![A-Za-z])")
_NUMERALS = f"{NUMERALS_ZH}百千万"
_MORE_MEASURES = "打个位名件朵棵座盏顶架艘部台枚颗尊道扇面张匹峰栋间家"
_NEGATED = re.compile(rf"(?:{DENIAL_ZH}|不|无|零|(?<!\d)0)(?:任何|一?[个只件顶])?$")
_MADE = re.compile("(?:做成?|制成?|编成?|织成?)的")
"""Behind what something is made of, which is no thing of its own."""
_JOINED = re.compile(r"^(?:和|与|跟|以及|还有|、|，|,)[^在有]{0,6}$")
_EDGES = frozenset(
    " 。！？；：的和与跟在有是之中间骑吃抱追看戴着、，,上下里旁前后左右睡玩色大小喷喝读拿穿举"
    f"巨铁木石金银铜冰站坐飞跑跳挂放摆画都几多拉拖推踢牵遛叼吹抱给喂{_NUMERALS}"
)
"""A word of one character is a word beside one of these; elsewhere it may be half of another."""
_IN_WORDS = frozenset("长高热")
"""Of what is said of things, characters that are parts of many words."""
_LONGEST_OWNER = 24
"""Characters that may say whose a thing is; without an end, each owner of an owner would count."""
_BEFORE_OWNERS = frozenset("，,。 ")
"""Only these stand between something and who owns the next thing."""
_VERBS = {
    "on": ("骑着", "骑在", "骑", "坐在"), "above": ("飞过", "跳过"),
    "right": ("追着", "追赶", "追逐", "在追", "追", *LOOKING_ZH),
}  # fmt: skip
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
        if match[1] and phrase.strip() in words:  # 三头犬 is one dog with three heads.
            return self.vocabulary.planned(words[phrase.strip()])
        candidates = [
            self.vocabulary.planned(words[noun], count=count, colour=colour, size=size)
            for noun, colour, size in _described(match[3])
            if noun in words
        ]
        # 红苹果 is a name too, but more is known of apples.
        # 红包 is no red bag.
        is_word = len(match[3]) == 2 and match[3] in words
        in_table = [
            item
            for item in candidates
            if item.name in self.vocabulary.table_things
            and not (is_word and item.thing.kind == "object")
        ]
        item = next(iter((*in_table, *candidates)), None)

        # A plate of something is more than one of it.
        container = containers("zh").get(match[2] or "")
        is_own = item is not None and match[2] == item.thing.measure
        is_one = container is None or container.sort == "part"
        if item is None or not (is_own or is_one and match[2] != "打"):
            return None
        is_pair = container is not None and container.sort == "pair"
        number, is_shown = (count, True) if is_pair else drawn_number(item.name, count)
        return replace(item, count=number) if is_shown else None

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
        before = "".join(tokens[max(position - 6, 0) : position])
        if _NEGATED.search(before) or says_attribute(tokens, position):
            return 0
        if tokens[position].isascii():
            return self._english_length(tokens, position)
        ahead = "".join(tokens[position : position + _LONGEST_NOUN])
        for length in range(len(ahead), 0, -1):
            stop, noun = position + length, ahead[:length]
            name = self.vocabulary.words_zh.get(noun)
            if name is None or name in NO_THINGS:
                continue
            if _MADE.match("".join(tokens[stop : stop + 4])):
                return 0
            # Who rides a bicycle has a picture, and does so to it: 骑自行车的熊.
            is_verb = length > 2 and tokens[stop : stop + 1] == ["的"] and _VERB.match(noun)
            if is_verb:
                continue
            beside = {*tokens[max(position - 1, 0) : position], *tokens[stop : stop + 1]}
            is_word = length > 1 or beside <= _edges() or before.endswith(_before_words())
            return length if is_word else 0
        return 0

    def _english_length(self, tokens: Sequence[str], position: int) -> int:
        """The length of an English noun in a Chinese prompt."""
        before = tokens[position - 1] if position else ""
        if before.isascii() and before.isalpha():
            return 0
        text = "".join(tokens[position : position + 40])
        ends = [match.end() for match in _ENGLISH_WORD.finditer(text)][:3]
        words = self.vocabulary.words_en
        return next((end for end in reversed(ends) if text[:end].lower() in words), 0)

    def _name(self, noun: str) -> str:
        names = self.vocabulary.words_en if noun.isascii() else self.vocabulary.words_zh
        return names[noun.lower()]

    def mentions(
        self, tokens: Sequence[str], free: int, start: int, stop: int
    ) -> tuple[Mention, ...]:
        own = qualities("".join(tokens[free:start]), start, _counted())
        name = self._name("".join(tokens[start:stop]))
        container = containers("zh").get(own.measure)
        if container is None:
            return (self.mention(name, own, start, stop),)

        # A measure word that holds things, or counts them
        whole = whole_of(self.vocabulary, container, name, is_plural=True)
        own.count = number_of(whole, container, own.count)
        if is_bunch(self.vocabulary, container, whole):
            own.said["bunch"] = "flowers"
        if not whole.container:
            return (self.mention(whole.name, own, start, stop),)
        at = own.said_at.pop("count", frozenset())
        item = self.vocabulary.planned(whole.container, count=max(own.count, 1))
        outer = Mention(item, min(at, default=start), start, at, is_counted=True)
        own.count = 0
        return outer, replace(self.mention(name, own, start, stop), is_content=True)

    def is_owner(self, tokens: Sequence[str], free: int, owner: Mention, thing: Mention) -> bool:
        between = range(owner.stop, thing.start)
        before = set(range(free, owner.start)) - owner.used
        is_joined = tokens[owner.stop : owner.stop + 1] == ["的"]
        if not is_joined or len(owner.used) > _LONGEST_OWNER:
            return False
        is_first = all(tokens[position] in _BEFORE_OWNERS for position in before)
        return is_first and set(between) - thing.used == {owner.stop}

    def parts(self, tokens: Sequence[str]) -> list[PartSaid]:
        return parts_said("".join(tokens))

    def deed(self, text: str) -> Deed | None:
        return last_deed(text, "zh")

    def state_behind(self, tokens: Sequence[str], start: int, stop: int) -> tuple[str, int]:
        text = "".join(tokens[start : min(stop, start + 8)])
        for word, attribute in attributes_zh():
            at = text.find(word) if attribute.field == "state" else -1
            if at >= 0:
                return attribute.value, start + at
        return "", -1

    def state_tokens(self, tokens: Sequence[str], position: int) -> int:
        text = "".join(tokens[position : position + 3])
        states = (word for word, said in attributes_zh() if said.field == "state")
        return next((len(word) for word in states if text.startswith(word)), 1)

    def link(self, between: str) -> str:
        return "and" if _JOINED.search(between) else ""

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
            inside = pattern.match(between, max(map(between.rfind, ",，")) + 1)
            if inside:
                return Related(relation, True, inside.span())
        return None

    def words(self, text: str) -> list[str]:
        return [word for word in _WORDS.findall(text) if not _silent().fullmatch(word)]

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


@lru_cache(maxsize=1)
def _measures() -> tuple[str, ...]:
    """All measure words, the longest first."""
    words = {thing.measure for thing in things().values()}
    words |= {measure for thing in things().values() for _, measure in thing.other_zh}
    return tuple(sorted({*words, *containers("zh"), *_MORE_MEASURES}, key=len, reverse=True))


@lru_cache(maxsize=1)
def _before_words() -> tuple[str, ...]:
    """What things are made of, and how they are: 玻璃瓶 and 胖猫 end in a thing."""
    return tuple(
        word
        for word, said in attributes_zh()
        if (said.field == "material" and len(word) > 1)
        or (said.field in ("build", "condition") and word not in _IN_WORDS)
    )


@lru_cache(maxsize=1)
def _edges() -> frozenset[str]:
    return _EDGES.union("".join(_measures()), (word[0] for word in COLOURS_ZH.values()))


@lru_cache(maxsize=1)
def _numbered() -> re.Pattern[str]:
    """A number from one to twelve before a measure word, if there is one, and the rest."""
    numbers = "|".join(reversed(("二", *NUMBERS_ZH[1:])))
    return re.compile(rf"(?:({numbers}|1[0-2]|\d)({'|'.join(_measures())}))?(.+)")


@lru_cache(maxsize=1)
def _silent() -> re.Pattern[str]:
    """Runs that say nothing by themselves: one of something, and where it is done."""
    measures = "|".join(measure for measure in _measures() if measure != "打")
    return re.compile(rf"[上里中]|一(?:{measures})")


@lru_cache(maxsize=1)
def _counted() -> re.Pattern[str]:
    """Any number before a measure word. Digits are tried from their first one only."""
    return re.compile(
        rf"([几多]|[很许好众]多|(?<!\d)\d+|(?<![{_NUMERALS}])[{_NUMERALS}]{{1,9}})({'|'.join(_measures())})"
    )


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
    return [(re.compile(f"的?{word}(?:[有是][个只条把张双]?)?"), relations[word]) for word in words]
