"""What is true of English and Chinese words, whatever they are said of."""

from __future__ import annotations

import re
from typing import Literal

Language = Literal["en", "zh"]

COLOURS_ZH = {
    "black": "黑色", "grey": "灰色", "white": "白色", "brown": "棕色", "red": "红色",
    "pink": "粉色", "orange": "橙色", "yellow": "黄色", "green": "绿色", "blue": "蓝色",
    "purple": "紫色",
}  # fmt: skip
"""The colours that captions and prompts name, and their Chinese words."""
COLOUR_EN = "|".join((*COLOURS_ZH, "gray"))
"""The English ones as the ways of a pattern, with the other spelling of grey."""
HUES_ZH = {word[0]: colour for colour, word in COLOURS_ZH.items()}
"""The colours by the first character of their Chinese words: 红 is red."""
MEASURES_ZH = "个只支枝把辆朵条顶件本张双块颗盏艘头匹杯碗枚根株棵座栋粒幅位名"
"""Measure words of what is counted one by one."""
NUMBERS_EN = tuple(" one two three four five six seven eight nine ten eleven twelve".split(" "))
NUMBERS_ZH = tuple(" 一 两 三 四 五 六 七 八 九 十 十一 十二".split(" "))
"""Words of numbers up to twelve, each at its number. There is none at zero."""
NUMERALS_ZH = "一二两三四五六七八九十"
"""Characters that numbers below a hundred are made of."""
COUNT_EN = rf"(?:{'|'.join(NUMBERS_EN[2:])}|1[0-2]|[2-9])"
COUNT_ZH = "(?:十[一二]|[二两三四五六七八九十]|1[0-2]|[2-9])"
"""Patterns of numbers from two to twelve, in words or digits."""
QUANTITY_EN = (
    rf"(?:{COUNT_EN}|(?:half )?a dozen|(?:a )?(?:few|couple of)|several|some|many|lots of)"
)
"""Pattern of what says that there are several."""
DENIALS_EN = frozenset(("no", "not", "without", "zero", "0"))
"""Words before what is not there."""
DENIAL_ZH = "(?:没有?[带戴穿]?|不[要带戴穿是])"
"""Pattern of the same. 无, 零 and 0 deny as well, and are in words that deny nothing."""

_IRREGULAR = {
    "man": "men", "woman": "women", "person": "people", "child": "children", "baby": "babies",
    "foot": "feet", "tooth": "teeth", "wolf": "wolves", "leaf": "leaves", "shrimp": "shrimp",
    "bison": "bison", "police": "police", "fish": "fish", "sheep": "sheep", "deer": "deer",
    "salmon": "salmon", "trout": "trout", "koi": "koi", "carp": "carp", "goldfish": "goldfish",
    "potato": "potatoes", "tomato": "tomatoes", "hero": "heroes", "superhero": "superheroes",
    "mosquito": "mosquitoes", "mango": "mangoes", "elf": "elves", "shelf": "shelves",
    "bookshelf": "bookshelves", "loaf": "loaves", "thief": "thieves", "calf": "calves",
    "ox": "oxen", "dwarf": "dwarves", "housewife": "housewives",
    "half": "halves", "tornado": "tornadoes", "domino": "dominoes", "torpedo": "torpedoes",
}  # fmt: skip
_TONE_EN = re.compile(r"[,:]? [a-z-]+ skin tone")
_TONE_ZH = re.compile(r"，?(?:中等-|较)?(?:中等|浅|深)肤色")
_TONES = re.compile(
    r"\b(?:(?:medium-)?(?:light|dark) |medium )?skin tone\b|(?:较[浅深]|中等(?:-?[浅深])?)?肤色"
)
"""Names of hands and people that are no words of the tables: such a prompt is left alone."""
_MAN = re.compile(r"(?<=\w)man$")
_NO_MEN = frozenset("human german roman ottoman caiman talisman shaman norman".split())
"""Words that end like policeman and have another plural."""
_PEOPLE = ("man", "woman", "person")
_AFTER_HEADS = frozenset(("with", "in", "of", "on", "behind", "not", "getting"))
"""Words after the noun that becomes a plural."""
_NO_PLURALS = ("ss", "us", "is", "as", "os", "ops", "lens")
"""Ends of names of one thing that end like a plural."""
_ENDS_OF_PLURALS = (
    ("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ches", "ch"), ("shes", "sh"),
)  # fmt: skip
"""Ends of plurals with more than an s, and those of their singulars."""
_OTHER_WORDS = frozenset("short tight brief clothe custom knive".split())
"""Words that mean something else than their plurals."""
_LONGEST_PLURAL = 3
"""Words of a plural that has a singular."""
_OF_SENTENCES = re.compile(r"\w+ing|and|over|no")
"""Words of names that tell what happens."""
_SIDES = frozenset(("left", "right", "leftwards", "rightwards"))
_KINDS_WITH_A_SIDE = ("letter", "flag", "symbol", "clock")


_DENIED_EN = re.compile(rf"(?:^|\s)(?:{'|'.join(sorted(DENIALS_EN))})\s+$")
_DENIED_ZH = re.compile("(?:不|没有?)(?:正?在)?$")
_LONGEST_DENIAL = 12
"""In characters."""


def is_denied(text: str, start: int, language: Language) -> bool:
    """Whether what starts at a character is said not to be so: "not riding a bike", 没戴帽子."""
    before = text[max(start - _LONGEST_DENIAL, 0) : start]
    return (_DENIED_ZH if language == "zh" else _DENIED_EN).search(before) is not None


def is_chinese(text: str) -> bool:
    """Whether a text has Chinese characters."""
    return re.search(r"[\u4e00-\u9fff]", text) is not None


def with_article(phrase: str) -> str:
    """Put "a" or "an" before a phrase: "an apple", "a unicorn"."""
    vowel = re.match(r"[aeio]|u(?!ni|s[aeiou]|k|f)|hour", phrase.lower())
    return f"{'an' if vowel else 'a'} {phrase}"


def without_article(phrase: str) -> str:
    """Take "a", "an" or "the" off the start of a phrase."""
    # Half of a model's names are compared so, and most begin with none of these letters.
    if phrase[:1] not in ("a", "A", "t", "T"):
        return phrase
    return re.sub(r"^(?:an?|the)(?: |$)", "", phrase, flags=re.IGNORECASE)


def spelled(prompt: str) -> str:
    """A prompt as it is compared: without case, article and the mark that ends it."""
    return without_article(" ".join(prompt.casefold().split())).rstrip(".。!！ ")


def regular_plural(name: str) -> str:
    """Turn "box" to "boxes", "candy" to "candies", "cat" to "cats"; only the last word changes."""
    if name.endswith(("s", "x", "z", "ch", "sh")):
        return f"{name}es"
    if name.endswith("y") and len(name) > 1 and name[-2] not in "aeiou":
        return f"{name[:-1]}ies"
    return f"{name}s"


def plural_of(name: str) -> str:
    """Turn "woman with veil" to "women with veil", "man fairy" to "men fairies".

    "French fries" are several already, and stay as they are.
    """
    start = name.split(" ")
    rest: list[str] = []
    for place, word in enumerate(start):
        if place and word in _AFTER_HEADS and place < len(start) - 1:
            start, rest = start[:place], start[place:]
            break
    last = start.pop()
    if start and start[0] in _PEOPLE:
        start[0] = _IRREGULAR[start[0]]

    # Of a face exhaling there is no plural, of a king and of an office building there is.
    acts = start and last.endswith("ing") and last != "building"
    is_plural = len(last) > 1 and last.endswith("s") and not last.endswith("ss")
    if not acts and not is_plural:
        is_man = last.endswith("man") and _MAN.search(last) and last not in _NO_MEN
        last = _IRREGULAR.get(last) or (_MAN.sub("men", last) if is_man else regular_plural(last))
    return " ".join([*start, last, *rest])


def singular_of(name: str) -> str:
    """Turn "chopsticks" to "chopstick", "French fries" to "French fry".

    Nothing for what is no plural, such as "cactus", and for what becomes another word: a short is
    not what shorts are.
    """
    if name.endswith(_NO_PLURALS) or plural_of(name) != name:
        return ""
    one = name.removesuffix("s")
    for end, instead in _ENDS_OF_PLURALS:
        if name.endswith(end):
            one = name.removesuffix(end) + instead
    words = one.split(" ")
    is_sentence = len(words) > _LONGEST_PLURAL or any(map(_OF_SENTENCES.fullmatch, words[:-1]))
    is_plural = plural_of(one) == name and not is_sentence
    return one if is_plural and words[-1] not in _OTHER_WORDS else ""


def without_tone(phrase: str, language: Language) -> str:
    """Take the skin tone off a name: "person running, dark skin tone" is "person running"."""
    return (_TONE_ZH if language == "zh" else _TONE_EN).sub("", phrase).strip()


def mirrors(record: dict[str, object]) -> bool:
    """Whether a record's picture means the same in a mirror, by its kind and its English name.

    Writing, flags and clocks do not, nor does what is named after a side.
    """
    if record.get("kind") in _KINDS_WITH_A_SIDE:
        return False
    words = str(record.get("en", "")).lower().replace("-", " ").split()
    return not _SIDES & set(words)


def has_tone(text: str) -> bool:
    """Whether a prompt in its normal form names a skin tone: no rule reads such names."""
    return _TONES.search(text) is not None


def without_tones(text: str) -> str:
    """A text with blanks for the skin tones that it names."""
    return _TONES.sub(" ", text)
