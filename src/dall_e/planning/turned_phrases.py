"""What is said behind a noun, or of many, as the grammars read it: a house in blue is a blue house,
a rainy night is where something is, and a pattern of lemons is six of them.
"""

from __future__ import annotations

import re

from dall_e.planning.lexicon import attributes
from dall_e.planning.place_conditions import ADJECTIVES_EN
from dall_e.planning.vocabulary import Vocabulary
from dall_e.text.language import COLOUR_EN, Language, plural_of
from dall_e.text.plain_order import in_plain_order

_COLOUR_BEHIND = re.compile(
    r"^(?P<article>(?:an?|the|my) )?(?P<thing>[a-z][\w' -]*?)(?:, (?:in |all )?| in | colou?red )"
    rf"(?P<colour>{COLOUR_EN})(?: colou?r)?$"
)
_REPEATED = re.compile(
    r"^(?:an? )?(?:(?:seamless|repeating|repeat|tileable|simple|cute|colou?rful) )*"
    r"(?:pattern|wallpaper|wrapping paper|fabric print|texture) (?:made )?(?:of|with) "
    r"(?:an? |the |some |many |little |small |cute )*(?P<of>[a-z][\w' -]*)$|"
    r"^(?:an? )?(?:seamless |repeating |tileable |cute )*(?P<noun>[a-z][\w' -]*?)(?: print)?"
    r" (?:seamless |repeat(?:ing)? |wallpaper )*(?:pattern|motif|wrapping paper)"
    r"(?: (?:wallpaper|background|paper|texture))?$"
)
_REPEATED_ZH = re.compile(
    "^(?:无缝|重复|一[个张幅种])?的?(?P<noun>[\u4e00-\u9fff]{1,6}?)的?(?:无缝|重复|平铺)?的?"
    "(?:图案|花纹|印花|底纹|纹样|壁纸|包装纸)$"
)
_JOINS = re.compile(r"\b(?:with|in|on|of|for|from|at|by)\b")
_CONTAINER = re.compile(r"\b([a-z]+) (basket|bowl|plate|box|crate|bucket|tray|bag)\b")
_FULL = re.compile(
    r"\b(?P<container>jar|bowl|basket|box|bag|bucket|glass|cup|bottle|crate|vase|pot)s?"
    r"(?P<full>,? (?:that is |is )?(?:of|full of|filled (?:up )?with|full with|containing|"
    r"packed with|stuffed with) )(?:(?:some|lots of|many) )?(?=[a-z])"
)
"""A container and what is in it."""
_OF_GLASS = ("jar", "bottle")
"""Containers that are of glass in drawings."""
_MOST_LOOKS = 3
"""Words behind "full of", the last of which is the content."""
_MANY_OF = "six {}"
"""As many as are drawn of one thing."""


_DAYS = {
    "rain": "on a rainy day", "snow": "on a snowy day", "fog": "on a foggy day",
    "storm": "on a stormy day", "clouds": "on a cloudy day", "sun": "on a sunny day",
    "wind": "on a windy day", "autumn": "on an autumn day", "spring": "on a spring day",
}  # fmt: skip
"""How a day of each weather and season is said where something is."""
_MORE_DAYS = {"hot": "sun", "warm": "sun", "cold": "snow", "chilly": "autumn", "blustery": "wind"}
_HOURS = {"night": " at night", "evening": " at sunset", "dusk": " at sunset", "dawn": " at dawn"}
_PLAIN = (
    "very|hot|warm|cold|chilly|freezing|cool|quiet|calm|peaceful|beautiful|lovely|lazy|long|late|"
    "early|perfect|nice|bright|dark|typical|fine|clear|blustery|grey|gray|gloomy"
)
"""What else is said of days."""
_DAY = re.compile(
    r"^(?:(?:an?|the|on an?|it is an?|what an?) )?(?P<looks>(?:(?:"
    + "|".join((_PLAIN, *(" ".join(ADJECTIVES_EN.values()).split())))
    + r") ){1,3})"
    r"(?P<hour>day|morning|afternoon|evening|night|dusk|dawn|weather|season)(?: scene)?$"
)


_NIGHT_AT = re.compile(
    rf"^(?:(?:an?|the) )?(?:(?:{_PLAIN}|silent|busy|lonely) ){{0,2}}(night|evening|morning) "
    r"((?:in|at|on|by|over) (?:an? |the ).+)$"
)


def with_days(text: str) -> str:
    """An English prompt that is a day and its weather, as where something is: "a rainy night"."""
    where = _NIGHT_AT.match(text)
    if where:
        return f"{where[2]}{_HOURS.get(where[1], ' in the morning')}"
    match = _DAY.match(text)
    for word in match["looks"].split() if match else ():
        meanings = (day for day in _DAYS if word in ADJECTIVES_EN[day].split())
        meaning = next(meanings, _MORE_DAYS.get(word, ""))
        if match and meaning:
            return _DAYS[meaning] + _HOURS.get(match["hour"], "")
    return text


def with_looks_first(text: str, vocabulary: Vocabulary, language: Language) -> str:
    """Return a prompt in lower case with such phrases as the grammars read them, whose thing has
    its colour before it, and of which a pattern is many: "a house in blue" is a blue house.
    """
    text = in_plain_order(text, language)
    if language == "zh":
        match = _REPEATED_ZH.match(text)
        noun = match["noun"] if match else ""
        nouns = [(noun[:at], noun[at:]) for at in range(2, len(noun) - 1)]
        both = next((two for two in nouns if all(each in vocabulary.words_zh for each in two)), ())
        if both and noun not in vocabulary.words_zh:
            return "和".join(f"三个{each}" for each in both)
        is_thing = noun in vocabulary.words_zh and text not in vocabulary.words_zh
        return f"六个{noun}" if is_thing else text
    text = _filled(with_days(text), vocabulary)
    behind = _COLOUR_BEHIND.match(text)
    if behind and _is_made(behind["thing"], vocabulary):
        return f"{behind['article'] or ''}{behind['colour']} {behind['thing']}"
    match = _REPEATED.match(text)
    if match is None or re.sub("^an? ", "", text) in vocabulary.words_en:
        return text
    noun = match["of"] or match["noun"]
    name = _name_of(noun, vocabulary)
    if not name or noun in attributes("en") or _JOINS.search(noun):
        return text
    last = noun.rpartition(" ")[2]
    is_many = any(vocabulary.is_plural(each, name) for each in (noun, last))
    return _MANY_OF.format(noun if is_many else plural_of(noun))


def _filled(text: str, vocabulary: Vocabulary) -> str:
    """A text with what is in a container behind it, if there is a picture of that: a fruit basket
    is a basket of fruit."""
    words = vocabulary.words_en
    for match in _CONTAINER.finditer(text):
        content, container = match.groups()
        full = (f"{container} of {each}" for each in (content, plural_of(content)))
        known = next(filter(words.__contains__, full), "")
        if known and match[0] not in words:
            return f"{text[: match.start()]}{known}{text[match.end() :]}"
    for match in reversed([*_FULL.finditer(text)]):
        behind = re.findall(r"[\w'-]+", text[match.end() :])[:_MOST_LOOKS]
        if any(f"{match['container']} of {content}" in words for content in behind):
            before = text[: match.start()]
            before = before.removesuffix("glass ") if match["container"] in _OF_GLASS else before
            container = text[match.start() : match.start("full")]
            text = f"{before}{container} of {text[match.end() :]}"
    return text


def _name_of(noun: str, vocabulary: Vocabulary) -> str:
    """The thing of a noun or of its last word."""
    names = vocabulary.words_en
    return names.get(noun, "") or names.get(noun.rpartition(" ")[2], "")


def _is_made(noun: str, vocabulary: Vocabulary) -> bool:
    """Whether a noun names something that is not alive: a woman in red wears it."""
    name = _name_of(noun, vocabulary)
    return name != "" and vocabulary.thing(name).kind not in ("person", "face", "animal")
