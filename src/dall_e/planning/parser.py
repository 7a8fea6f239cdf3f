"""A prompt to the record of a scene: what `scene_captions.py` says of it, read backwards, and a
little more.

Only prompts are read of which every word is understood: things that the table `scene_things.txt`
knows, their numbers, colours and sizes, how two of them stand to each other, and where they are. Of
any other prompt nothing is known.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

from dall_e.data.captions import COLOURS_ZH
from dall_e.scenes.graph import (
    MOST,
    NO_IMAGE,
    WORN,
    Scene,
    SceneObject,
    Thing,
    named_things,
    plural_of,
    thing_called,
    things,
)
from dall_e.scenes.phrases import (
    NUMBERS_EN,
    NUMBERS_ZH,
    OPPOSITE,
    PAIRS,
    PLACES_EN,
    PLACES_ZH,
    RELATIONS_EN,
    RELATIONS_ZH,
    SIZE_WORDS_EN,
)
from dall_e.text.tables import read_table

Items = tuple[SceneObject, ...]

SEVERAL = 3
"""How many are drawn of what is said to be more than one."""

_POLITE_EN = re.compile(
    r"^(?:please )?(?:draw |show |paint )?(?:me )?(?:there (?:is|are) |(?:a |an )?(?:picture|drawing|image|photo) of )?"
)
_STYLE_EN = re.compile(
    r"(?:,| in)(?: an?)? ((?:[\w-]+ ){1,3}style|clip art|(?:[\w-]+ ){0,3}icon(?: on a colou?red circle)?)$"
)
_PLAIN_EN = re.compile(r" on (?:an? )?(\w+)( background)?$")
_DETERMINED = re.compile(r"(?:an?|the|one|two|three|four|five|six|\d) ")
_DOING_EN = re.compile(r" ?\b(?:is |are )?(sleeping|asleep|playing(?: with a ball)?)\b")
_AND_EN = re.compile(r",? and |, | & ")
_STYLE_ZH = re.compile(r"^([\w ]+?风格)[，的]|[，,\s]([\w ]+风格|剪贴画|[\w ]+图标)$")
_POLITE_ZH = re.compile(r"^(?:请)?(?:画|有)(?=[一二两三四五六七八九\d])")
_DOING_ZH = tuple(
    map(
        re.compile,
        (
            r"(?P<who>.+?)正?在(?P<where>.+)(?P<doing>睡觉|玩耍|玩球|玩)",
            r"(?P<who>.+?)(?P<doing>睡)在(?P<where>.+)",
            r"(?P<who>.+?)(?P<where>)正?在(?P<doing>睡觉|玩耍|玩球|玩)",
            r"(?P<place>[^在]*)在(?P<where>.+)(?P<doing>睡觉|睡着|玩耍|玩球)的(?P<who>.+)",
            r"(?P<place>.*?)(?P<where>)正?在?(?P<doing>睡觉|睡着|玩耍|玩球)的(?P<who>.+)",
        ),
    )
)
_AND_ZH = re.compile(r"、|和|与|跟|以及|还有|，")


def read_scene(prompt: str) -> Scene | None:
    """The record of a prompt in English or Chinese; None for one that is not understood to the last
    word.

    No picture is chosen for its things, and no style; a style that the prompt names stays in
    `style_en` or `style_zh`.
    """
    text = tidied(prompt)
    return _read_zh(text) if is_chinese(text) else _read_en(text.lower())


def tidied(prompt: str) -> str:
    """A prompt without the blanks and the full stop that say nothing."""
    return re.sub(r"\s+", " ", prompt.strip().rstrip(".。!！")).strip()


def without_frame(text: str) -> tuple[str, str]:
    """A tidied prompt without "draw me" and the like and without the style that it names, and that
    style."""
    if is_chinese(text):
        style = _STYLE_ZH.search(text)
        return _POLITE_ZH.sub("", _STYLE_ZH.sub("", text, count=1)), (
            style[1] or style[2]
        ) if style else ""
    style = _STYLE_EN.search(text)
    return _POLITE_EN.sub("", text[: style.start()] if style else text), style[1] if style else ""


def is_chinese(text: str) -> bool:
    """Whether a prompt has Chinese characters."""
    return re.search(r"[\u4e00-\u9fff]", text) is not None


# English


def _read_en(text: str) -> Scene | None:
    text, style = without_frame(text)
    whole = _item_en(text)
    if whole:  # "Sun behind cloud" and "man in tuxedo" are names of single pictures.
        return scene_of((whole,), "", "", "", style_en=style)
    doing = _DOING_EN.search(text)
    state = "" if not doing else "playing" if doing[1].startswith("playing") else "sleeping"
    text = _DOING_EN.sub("", text, count=1).strip()
    for rest, background, colour in _placed_en(text):
        found = _related_en(rest) or _listed(_AND_EN.split(rest), _item_en)
        found = _acting(*found, state) if found else None
        if found:
            return scene_of(*found, background, colour, style_en=style)
    return None


def _placed_en(text: str) -> Iterator[tuple[str, str, str]]:
    """The text without the words for a place, and the place; last as if it named none."""
    for background, phrases in PLACES_EN.items():
        for phrase in phrases:
            if text.endswith(f" {phrase}"):
                yield text[: -len(phrase) - 1].rstrip(","), background, ""
    plain = _PLAIN_EN.search(text)
    if plain and plain[1] in COLOURS_ZH:
        yield text[: plain.start()], "plain", plain[1]
    yield text, "", ""


def _related_en(text: str) -> tuple[Items, str] | None:
    phrases = sorted(
        ((phrase, relation) for relation, known in RELATIONS_EN.items() for phrase in known),
        key=lambda pair: -len(pair[0]),
    )
    for phrase, relation in phrases:
        for match in re.finditer(rf" (?:is |are |sitting |standing )?{phrase} ", text):
            phrases_of_pair = text[: match.start()], text[match.end() :]
            pair = tuple(map(_item_en, phrases_of_pair))
            # "Sun behind cloud" is the name of one picture.
            # And who is in a hat wears it, of which scenes know nothing.
            worn = relation == "inside" and pair[1] is not None and pair[1].name in WORN
            if pair[0] and pair[1] and not worn and any(map(_DETERMINED.match, phrases_of_pair)):
                return (pair[0], pair[1]), relation
    return None


def _item_en(phrase: str) -> SceneObject | None:
    """ "three big red apples"."""
    words = phrase.split()
    count = 1
    if words and words[0] in ("a", "an", "the"):
        words = words[1:]
    elif words and _number(words[0], NUMBERS_EN):
        count, words = _number(words[0], NUMBERS_EN), words[1:]
    paired = words[:2] in (["pair", "of"], ["pairs", "of"])
    words = words[2:] if paired else words
    size = next((size for size, known in SIZE_WORDS_EN.items() if words and words[0] in known), "")
    words = words[1:] if size else words
    colour = words[0].replace("gray", "grey") if words else ""
    nouns = nouns_en()
    for named in (colour, "") if colour in COLOURS_ZH else ("",):
        noun = " ".join(words[1:] if named else words)
        name = nouns.get(f"{PAIRS}{noun}") if paired else nouns.get(noun)
        if name is None:
            continue
        several = noun in plurals_of(thing_called(name))
        if several and count == 1 and not paired:
            # "Cats" are a few, but of "houses" and of "eyes" there is a picture.
            name, count = (noun, 1) if noun in named_things() else (name, how_many(noun, name))
        if count == 1 or paired or several:
            return SceneObject(name=name, image=NO_IMAGE, count=count, colour=named, size=size)
    return None


def how_many(noun: str, name: str) -> int:
    """How many a noun without a number means: SEVERAL for cats, but 1 for noodles, as one bowl of
    them is called."""
    thing = thing_called(name)
    of_one = {word.lower() for word in (*_singulars(thing), *_everyday_en().get(name, ()))}
    return SEVERAL if noun in plurals_of(thing) and noun not in of_one else 1


def _number(word: str, names: Sequence[str]) -> int:
    """A number from 1 to MOST; 0 for any other word."""
    if word in names[1:]:
        return names.index(word)
    return int(word) if word.isdecimal() and 1 <= int(word) <= MOST else 0


def _singulars(thing: Thing) -> tuple[str, ...]:
    """What one of them is called. The picture of a lion is that of its face."""
    heads = [name for name, _ in thing.image_names[:1] if "head" in thing.traits]
    return (thing.name, *thing.other_names, *heads)


def plurals_of(thing: Thing) -> set[str]:
    """What several of them are called."""
    others = (*_singulars(thing)[1:], *_everyday_en().get(thing.name, ()))
    return {word.lower() for word in (thing.plural, *map(plural_of, others))}


@lru_cache(maxsize=1)
def _everyday_en() -> dict[str, tuple[str, ...]]:
    """What people say instead of the names of a thing's pictures, by the thing's name; named things
    have theirs."""
    known = things().items()
    owners = {
        image: name for name, thing in known for image, colour in thing.image_names if not colour
    }
    found: dict[str, tuple[str, ...]] = {}
    for image, *words in read_table("text/synonyms_en.txt"):
        if image in owners and image not in named_things():
            found[owners[image]] = (*found.get(owners[image], ()), *words)
    return found


@lru_cache(maxsize=1)
def nouns_en() -> dict[str, str]:
    """Every English word for a thing; of words for several things the first one's, and everyday
    words come last."""
    found: dict[str, str] = {}
    for name, thing in (things() | named_things()).items():
        for word in (*_singulars(thing), thing.plural, *map(plural_of, _singulars(thing)[1:])):
            found.setdefault(word.lower(), name)
    for name, words in _everyday_en().items():
        for word in (*words, *map(plural_of, words)):
            found.setdefault(word.lower(), name)
    return found


# Chinese


def _read_zh(text: str) -> Scene | None:
    text, style = without_frame(text)
    whole = _item_zh(text)
    if whole:
        return scene_of((whole,), "", "", "", style_zh=style)
    for without_state, state in _doing_zh(text):
        for rest, background, colour in _placed_zh(without_state):
            found = _related_zh(rest) or _listed(_AND_ZH.split(rest), _item_zh)
            found = _acting(*found, state) if found else None
            if found:
                return scene_of(*found, background, colour, style_zh=style)
    return None


def _doing_zh(text: str) -> Iterator[tuple[str, str]]:
    """The text without the words for what is done, and what that is; last as if it named
    nothing."""
    for pattern in _DOING_ZH:
        match = pattern.fullmatch(text)
        if match:
            parts = match.groupdict()
            where = f"在{parts['where']}" if parts["where"] else ""
            state = "sleeping" if "睡" in parts["doing"] else "playing"
            for link in ("", "的") if parts.get("place") else ("",):
                yield f"{parts.get('place', '')}{link}{parts['who']}{where}", state
    yield text, ""


def _placed_zh(text: str) -> Iterator[tuple[str, str, str]]:
    """The text without the words for a place, and the place; last as if it named none."""
    known = [
        (phrase, background, "") for background, phrases in PLACES_ZH.items() for phrase in phrases
    ]
    known += [(f"{word}背景上", "plain", colour) for colour, word in COLOURS_ZH.items()]
    for phrase, background, colour in sorted(known, key=lambda place: -len(place[0])):
        for link in ("有", "的", "，"):
            if text.startswith(f"{phrase}{link}"):
                yield text[len(phrase) + 1 :], background, colour
        if text.endswith(f"在{phrase}"):
            yield text[: -len(phrase) - 1], background, colour
    yield text, "", ""


def _related_zh(text: str) -> tuple[Items, str] | None:
    for relation, words in RELATIONS_ZH.items():
        for word in sorted(words, key=len, reverse=True):
            for pattern, first, second in (
                (rf"(.+?)的?{word}[有是的](.+)", 2, 1), (rf"(.+?)在(.+?)的?{word}", 1, 2),
            ):  # fmt: skip
                match = re.fullmatch(pattern, text)
                pair = (_item_zh(match[first]), _item_zh(match[second])) if match else (None, None)
                if pair[0] and pair[1]:
                    return (pair[0], pair[1]), relation
    return None


def _item_zh(phrase: str) -> SceneObject | None:
    """三个大的红苹果."""
    match = re.fullmatch(
        rf"(?:([一二{''.join(NUMBERS_ZH[1:])}]|\d)(?:{measures()}))?(.+)", phrase.strip()
    )
    if not match:
        return None
    number = (match[1] or "一").replace("二", "两")
    count = _number(number, NUMBERS_ZH)
    if not count:
        return None
    found = [
        SceneObject(name=nouns_zh()[rest], image=NO_IMAGE, count=count, colour=colour, size=size)
        for rest, colour, size in _described_zh(match[2])
        if rest in nouns_zh()
    ]
    # 红苹果 is a name too, but more is known of apples.
    return next((item for item in found if item.name in things()), found[0] if found else None)


def _described_zh(text: str) -> Iterator[tuple[str, str, str]]:
    """What is left without colour and size, in either order; first with neither, as 小狗 may be a
    word."""
    for without_colour, colour in _coloured_zh(text):
        yield without_colour, colour, ""
        for mark, size in (("大", "big"), ("小", "small")):
            match = re.fullmatch(rf"{mark}的?(.+)", without_colour)
            if match:
                yield match[1], colour, size
                for rest, later in _coloured_zh(match[1]):
                    yield rest, colour or later, size


def _coloured_zh(text: str) -> Iterator[tuple[str, str]]:
    yield text, ""
    for colour, word in COLOURS_ZH.items():
        match = re.fullmatch(rf"{word[0]}色?的?(.+)", text)
        if match:
            yield match[1], colour


@lru_cache(maxsize=1)
def measures() -> str:
    """A pattern of all measure words, the longest first."""
    known = {thing.measure for thing in things().values()}
    known |= {measure for thing in things().values() for _, measure in thing.other_zh}
    return "|".join(sorted({*known, "个", "位", "名"}, key=len, reverse=True))


@lru_cache(maxsize=1)
def nouns_zh() -> dict[str, str]:
    """Every Chinese word for a thing; of words for several things the first one's. Everyday words
    come last."""
    found: dict[str, str] = {}
    for name, thing in (things() | named_things()).items():
        found.setdefault(thing.zh, name)
    for name, thing in things().items():
        for word, _ in thing.other_zh:
            found.setdefault(word, name)
    for known, *words in read_table("text/synonyms_zh.txt"):
        for word in words if known in found else ():
            found.setdefault(word.lstrip("!"), found[known])
    for name, thing in things().items():
        if "head" in thing.traits:
            found.setdefault(thing.zh.removesuffix("脸"), name)
    return found


# Both


def _listed(
    phrases: list[str], read_item: Callable[[str], SceneObject | None]
) -> tuple[Items, str] | None:
    """One to three things, in no stated relation."""
    items = tuple(item for item in map(read_item, phrases) if item)
    return (items, "") if len(items) == len(phrases) <= 3 else None


def _acting(items: Items, relation: str, state: str) -> tuple[Items, str] | None:
    """The things, the first of them doing something; None if it is not said which one does."""
    if not state:
        return items, relation
    if len(items) > 1 and not relation:
        return None
    return (dataclasses.replace(items[0], state=state), *items[1:]), relation


def scene_of(
    items: Items,
    relation: str,
    background: str,
    colour: str,
    *,
    style_en: str = "",
    style_zh: str = "",
) -> Scene:
    """The record of one to three things; what is right of, below or behind another is said the
    other way round."""
    if relation in ("right", "below", "behind"):
        items, relation = (items[1], items[0]), OPPOSITE[relation]
    return Scene(
        objects=items, relation=relation, background=background, background_colour=colour, style_en=style_en,
        style_zh=style_zh,
    )  # fmt: skip
