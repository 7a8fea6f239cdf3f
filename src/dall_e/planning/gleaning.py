"""A prompt that is not understood to the last word: the things that it names, and what is said of
them in known words.

"An astronaut riding a big horse through the stars" names an astronaut, a big horse and the night. A
small model that is given such a sentence draws one lump; asked for the things one by one, it draws
them. What is left over is not understood, and the plan of the picture says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from dall_e.data.captions import COLOURS_ZH
from dall_e.images.animals import SPECIES
from dall_e.planning.parser import (
    SEVERAL,
    how_many,
    is_chinese,
    measures,
    nouns_en,
    nouns_zh,
    plurals_of,
    scene_of,
    tidied,
    without_frame,
)
from dall_e.scenes.graph import (
    MOST,
    NO_IMAGE,
    WORN,
    Scene,
    SceneObject,
    named_things,
    thing_called,
    things,
)
from dall_e.scenes.phrases import (
    NUMBERS_EN,
    NUMBERS_ZH,
    PLACES_EN,
    PLACES_ZH,
    RELATIONS_EN,
    RELATIONS_ZH,
    SIZE_WORDS_EN,
)

_MOST_THINGS = 3
_LONGEST_EN, _LONGEST_ZH = 6, 8
# The model has seen hands of every tone, under names that are no words of the tables.
_TONES = re.compile(r"\bskin tone\b|肤色")
# Names of pictures that hardly ever are meant by these words.
_NO_THINGS = frozenset(
    "back end on soon top dash link mate up cool free new ok light cooking dizzy person people sunset "
    "sunrise cityscape plus minus multiply divide information recycling customs infinity selfie".split()
).union(("night with stars", "sunrise over mountains", "cityscape at dusk"))
# Of a penguin family the penguin is meant.
_GROUPS = frozenset(("family", "families", "couple", "couples"))
# Behind one of these, what is said belongs to another thing.
_STOPS = frozenset(
    ", and with on in of under behind over near to by at is are while from through into".split()
)
_MOST_ADJECTIVES = 4
_MANY = frozenset("many dozen seven eight nine ten twelve hundred".split())
_LOOSE_PLACES = {
    "snow": "snow winter ice", "beach": "beach seaside shore coast", "sea": "ocean sea lake river water waves",
    "desert": "desert dunes", "grass": "grass meadow garden park field lawn farm", "road": "road street highway",
    "city": "city town downtown", "forest": "forest woods jungle trees", "sunset": "sunset sunrise dusk dawn",
    "rain": "rain storm", "space": "space galaxy", "sky": "sky air clouds", "night": "night moonlight stars dark",
    "room": "room kitchen bedroom house library", "table": "table desk", "windowsill": "windowsill",
}  # fmt: skip
_PLACE_OF_WORD = {word: place for place, words in _LOOSE_PLACES.items() for word in words.split()}
_WHERE_EN = re.compile(
    r"\b(?:in|on|at|by|under|across|through|among|over|down|along|near)(?: (?:a|an|the|some))?(?: \w+)?? "
    rf"({'|'.join(_PLACE_OF_WORD)})\b"
)
_LOOSE_PLACES_ZH = {
    "snow": "雪地 雪山 雪", "grass": "草地 草坪 草原 花园 公园 农场", "beach": "沙滩 海滩 海边",
    "sea": "大海 海里 海上 海中 海面 湖里 湖上 湖边 湖面 河里 河上 河边 水里 水中 水上 水面", "desert": "沙漠",
    "road": "马路 公路 街道 街", "city": "城市", "forest": "森林 树林 丛林", "sunset": "夕阳 黄昏",
    "rain": "雨中 雨里 雨天", "space": "太空 宇宙", "sky": "天空 云里 云中 云端", "night": "夜晚 夜 星空 晚上",
    "room": "房间 屋 厨房 图书馆", "table": "桌", "windowsill": "窗台",
}  # fmt: skip
_PLACE_OF_WORD_ZH = {
    word: place for place, words in _LOOSE_PLACES_ZH.items() for word in words.split()
}
_WHERE_ZH = re.compile(rf"在({'|'.join(_PLACE_OF_WORD_ZH)})子?(?:里面|上面|[里上中下边])?")
_RIDING = ("riding", "rides", "ride", "sits on", "climbing")
_RIDING_ZH = ("骑着", "骑在", "骑", "坐在")
_LEAPING = ("flying over", "flies over", "jumping over", "jumps over")
_LEAPING_ZH = ("飞过", "跳过")
# Who wears something has it on the head, which is what is under a hat.
_WEARING = re.compile(r"wear|\bwith\b|\bin\b|戴")
_SLEEPING, _PLAYING = (
    re.compile(r"\b(?:sleeping|asleep|sleeps|napping)\b|睡"),
    re.compile(r"\bplay(?:ing|s)\b|玩"),
)
# A word of one character is a word beside one of these; elsewhere it may be half of another.
_EDGES_ZH = frozenset("的和与跟在有是骑吃抱追看戴着、，,上下里旁前后左右睡玩色大小").union(
    word[0] for word in COLOURS_ZH.values()
)
_IDIOMS = re.compile(r"马上|马虎|世上|\bhand (?=drawn|painted|made|written)")
_SHORT_ZH = {
    "下": "under", "上": "on", "里": "inside", "中": "inside", "旁": "next to", "前": "in front", "后": "behind",
}  # fmt: skip


@dataclass(frozen=True)
class _Named:
    """A thing where a text names it; places are numbers of words or characters."""

    item: SceneObject
    start: int
    """Of its noun, without what is said of it."""
    stop: int


def glean_scene(prompt: str) -> Scene | None:
    """What is known of a prompt in English or Chinese; None if it names nothing that is known."""
    text = tidied(prompt)
    chinese = is_chinese(text)
    text, style = without_frame(text if chinese else text.lower())
    if _TONES.search(text):
        return None
    background, text = _placed(_IDIOMS.sub("，", text), chinese)
    words = list(text) if chinese else re.findall(r"[a-z0-9'.-]+|[,;:]", text)
    named: list[_Named] = []
    for one in _named(words, chinese):
        # What is named twice is one thing still.
        if len(named) < _MOST_THINGS and one.item.name not in {other.item.name for other in named}:
            named.append(one)
    if not named:
        return None
    items, relation = [one.item for one in named], ""
    if len(named) == 2:
        first, second = named
        parts = words[: first.start], words[first.stop : second.start], words[second.stop :]
        items, relation = _related(
            first.item, second.item, *("".join(p) if chinese else " ".join(p) for p in parts)
        )
    items = _acting(items, text)
    styled = {"style_zh" if chinese else "style_en": style}
    return scene_of(tuple(items), relation, background, "", **styled)


def _placed(text: str, chinese: bool) -> tuple[str, str]:
    """The place that a text names, and the text with a comma instead of it."""
    known = PLACES_ZH if chinese else PLACES_EN
    phrases = sorted(
        ((phrase, place) for place, all_ in known.items() for phrase in all_),
        key=lambda pair: -len(pair[0]),
    )
    for phrase, place in phrases:
        match = re.search(f"在?{phrase}" if chinese else rf"\b{phrase}\b", text)
        if match:
            return place, f"{text[: match.start()]},{text[match.end() :]}"
    match = (_WHERE_ZH if chinese else _WHERE_EN).search(text)
    if not match:
        return "", text
    place = (_PLACE_OF_WORD_ZH if chinese else _PLACE_OF_WORD)[match[1]]
    return place, f"{text[: match.start()]},{text[match.end() :]}"


def _named(words: list[str], chinese: bool) -> Iterator[_Named]:
    """The things that words or characters name. Of two that stand together the last is meant: an
    apple pie is a pie."""
    before: _Named | None = None
    free = place = 0
    while place < len(words):
        length = _noun_zh(words, place) if chinese else _noun_en(words, place)
        is_group = before is not None and before.stop == place and words[place] in _GROUPS
        if length and not is_group:
            said, noun = words[free:place], words[place : place + length]
            item = _described_zh(said, noun) if chinese else _described_en(said, noun)
            if before and before.stop < place:
                yield before
            before = _Named(item, place, place + length)
            free = before.stop
        place += max(length, 1)
    if before:
        yield before


def _noun_en(words: list[str], place: int) -> int:
    """Of how many words the longest noun at a place is; 0 if there is none."""
    if {"no", "without"} & set(words[max(place - 2, 0) : place]):
        return 0
    for length in range(min(_LONGEST_EN, len(words) - place), 0, -1):
        noun = " ".join(words[place : place + length])
        if noun in nouns_en() and not {noun, nouns_en()[noun]} & _NO_THINGS:
            return length
    return 0


def _noun_zh(characters: list[str], place: int) -> int:
    for length in range(min(_LONGEST_ZH, len(characters) - place), 0, -1):
        if (
            nouns_zh().get("".join(characters[place : place + length]), "cityscape")
            not in _NO_THINGS
        ):
            beside = {
                *characters[max(place - 1, 0) : place],
                *characters[place + length : place + length + 1],
            }
            return length if length > 1 or beside <= _beside_zh() else 0
    return 0


@lru_cache(maxsize=1)
def _beside_zh() -> frozenset[str]:
    return _EDGES_ZH.union(measures().replace("|", ""), (word[0] for word in COLOURS_ZH.values()))


def _behind_stops(said: list[str]) -> list[str]:
    """Up to four words before a noun, of those that say something of it."""
    stops = [number for number, word in enumerate(said) if word in _STOPS or word.endswith("ing")]
    return said[stops[-1] + 1 if stops else 0 :][-_MOST_ADJECTIVES:]


def _described_en(said: list[str], noun: list[str]) -> SceneObject:
    """A thing with the number, size and colour that the words right before it say."""
    called = " ".join(noun)
    name = nouns_en()[called]
    is_plural = called in plurals_of(thing_called(name))
    item = SceneObject(name=name, image=NO_IMAGE, count=how_many(called, name))
    for word in _behind_stops(said):
        size = next((size for size, known in SIZE_WORDS_EN.items() if word in known), "")
        colour = word.replace("gray", "grey")
        item = replace(
            item, size=size or item.size, colour=colour if colour in COLOURS_ZH else item.colour
        )
        number = (
            NUMBERS_EN.index(word) if word in NUMBERS_EN else int(word) if word.isdecimal() else 0
        )
        if is_plural and number or word in _MANY:
            item = replace(item, count=min(number or MOST, MOST))
    return item


def _described_zh(said: list[str], noun: list[str]) -> SceneObject:
    text = re.split("[和与跟在骑戴吃抱追看，,、]", "".join(said))[-1]
    counted = re.findall(rf"([{''.join(NUMBERS_ZH[1:])}]|\d+|[几多])(?:{measures()})", text)
    number = counted[-1] if counted else "一"
    count = (
        NUMBERS_ZH.index(number)
        if number in NUMBERS_ZH
        else int(number)
        if number.isdecimal()
        else SEVERAL
    )
    count = min(max(count, 1), MOST)
    size = next((size for mark, size in (("大", "big"), ("小", "small")) if mark in text), "")
    colour = next(
        (colour for colour, word in COLOURS_ZH.items() if word in text or text.endswith(word[0])),
        "",
    )
    return SceneObject(
        name=nouns_zh()["".join(noun)], image=NO_IMAGE, count=count, size=size, colour=colour
    )


def _related(
    first: SceneObject, second: SceneObject, before: str, between: str, after: str
) -> tuple[list[SceneObject], str]:
    """Two things in the order of their relation, and this; words stand before, between and after
    them."""
    if second.name in WORN and _WEARING.search(between):
        return [second, _head_of(first)], "on"
    if first.name in WORN and re.search("戴着?[^，,]{0,5}$", before) and between.startswith("的"):
        return [first, _head_of(second)], "on"
    relation, turned = _relation(between, after)
    return ([second, first] if turned else [first, second]), relation


def _head_of(item: SceneObject) -> SceneObject:
    head = f"{item.name} face"
    return replace(item, name=head) if head in things() or head in named_things() else item


def _relation(between: str, after: str) -> tuple[str, bool]:
    """The relation that words between two things or behind both name, and whether it is of the
    second to the first."""
    if is_chinese(between + after):
        for words, relation in ((_RIDING_ZH, "on"), (_LEAPING_ZH, "above")):
            if any(word in between for word in words):
                return relation, False
        return _relation_zh(between, after)
    known = {**{word: "on" for word in _RIDING}, **{word: "above" for word in _LEAPING}}
    known |= {word: relation for relation, words in RELATIONS_EN.items() for word in words}
    for word in sorted(known, key=len, reverse=True):
        if re.search(rf"\b{word}\b", between):
            return known[word], False
    return "", False


def _relation_zh(between: str, after: str) -> tuple[str, bool]:
    """甲在乙的左边 says it behind both, 乙的左边有甲 between them, and turned round."""
    known = _SHORT_ZH | {
        word: relation for relation, words in RELATIONS_ZH.items() for word in words
    }
    for word in sorted(known, key=len, reverse=True):
        relation = known[word]
        if "在" in between and re.match(f"的?{word}", after):
            return relation, False
        if re.match(f"的?{word}", between):
            return relation, True
    return "", False


def _acting(items: list[SceneObject], text: str) -> list[SceneObject]:
    """The first of those that are known asleep or at play, if the text says that somebody is."""
    state = "sleeping" if _SLEEPING.search(text) else "playing" if _PLAYING.search(text) else ""
    actor = next(
        (number for number, item in enumerate(items) if state and item.name in SPECIES), -1
    )
    return [
        replace(item, state=state) if number == actor else item for number, item in enumerate(items)
    ]
