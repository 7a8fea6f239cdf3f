"""Phrases for what people do and wear, from the tables `acts_of_people.txt` and `garments.txt`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from dall_e.text.language import COLOURS_ZH, HUES_ZH, NUMERALS_ZH, Language, is_denied
from dall_e.text.tables import read_table

_OTHER_COLOURS = {
    "gray": "grey", "navy": "blue", "beige": "brown", "golden": "yellow", "gold": "yellow",
    "turquoise": "blue", "violet": "purple", "crimson": "red", "silver": "grey",
}  # fmt: skip
_COLOURS_OF_ZH = HUES_ZH | {
    "金": "yellow", "银": "grey", "褐": "brown", "青": "green",
}  # fmt: skip
_ARTICLES = r"(?:an?|the|his|her|their|its|my)"
_HOW = (
    "(?:(?:very|really|quite|heavy|big|large|huge|small|little|tiny|giant|new|old|delicious|tasty|"
    "cold|hot|warm|fresh|beautiful|pretty|nice|cute|lovely|long|short|tall|thick|soft|broken|dirty|"
    "good|funny|interesting|favou?rite|colou?rful|cosy|cozy|fancy|simple|own) ){0,3}"
)
"""What is said of a thing and not drawn."""
_LOOKS = (
    "(?:(?:long|short|beautiful|elegant|fancy|traditional|thick|warm|big|oversized|cute|little|"
    "light|dark|bright|new|nice|classic|fluffy|chinese|japanese|pretty|lovely|stylish) )*"
)
"""What is said of clothes and not drawn."""
_COLOUR = "|".join((*COLOURS_ZH, *_OTHER_COLOURS))
_BEHIND = (
    rf"(?:,? and (?:{_ARTICLES} )?{_LOOKS}(?:(?P<other>{_COLOUR}) )?"
    r"(?P<legs>jeans|pants|trousers|shorts|skirt)\b)?"
)
"""What is worn below it."""
_COLOUR_ZH = "(?:粉|浅|深|淡|大|鲜|天|墨)?"
_BEHIND_ZH = (
    rf"(?:[和与、]{_COLOUR_ZH}(?P<other>[{''.join(_COLOURS_OF_ZH)}])?色?的?"
    "(?P<legs>牛仔裤|裤子|短裤|长裤|裙子|半身裙|短裙))?"
)
_DOZEN_ZH = "打"
"""A measure word behind a number, and a verb elsewhere: 一打鸡蛋 are twelve eggs."""
_BEFORE_MEASURES = tuple(f"{NUMERALS_ZH}半几0123456789")
_WORD = re.compile(r"[\w'-]+")
_NOTHING = "(?!)"
"""A pattern that is nowhere."""
_JEANS = ("jeans", "牛仔裤")


@dataclass(frozen=True, kw_only=True)
class Act:
    """What somebody does, of which there are pictures."""

    image: str
    """Their names, with {} for whose picture it is: "{} doing yoga"."""
    en: tuple[str, ...]
    zh: tuple[str, ...]
    things: tuple[str, ...]
    """Names of things that are on these pictures."""

    @property
    def is_adjective(self) -> bool:
        """Whether it is said before somebody, too: a dancing girl."""
        return self.image.endswith("{}")

    def image_of(self, name: str) -> str:
        """The name of the picture on which somebody does it."""
        return self.image.format(name)


@dataclass(frozen=True, kw_only=True)
class Garment:
    """Clothes in which there are pictures of people."""

    image: str
    """Their names, with {} for whose picture it is: "{} in a hoodie"."""
    part: str
    """The part of somebody that has the colour of these clothes: clothes, top or bottom."""
    en: tuple[str, ...]
    zh: tuple[str, ...]
    things: tuple[str, ...] = ()

    def image_of(self, name: str) -> str:
        """The name of the picture on which somebody wears it."""
        return self.image.format(name)


@dataclass(frozen=True, kw_only=True)
class Phrase:
    """An act or a garment where a text says it, in characters."""

    start: int
    stop: int
    shows: Act | Garment
    parts: tuple[tuple[str, str], ...] = ()
    """Parts of somebody, and the colours that are said of them."""


def phrases_in(text: str, language: Language) -> list[Phrase]:
    """Return the acts and the clothes that a text says of people, in its order."""
    lower = text.lower() if language == "en" else text
    found = [
        _worn(match, language)
        for match in _garment_pattern(language).finditer(lower)
        if not is_denied(lower, match.start(), language)
    ]
    taken = {at for phrase in found for at in range(phrase.start, phrase.stop)}
    known = _acts_by_phrase(language)
    for match in _act_pattern(lower, language).finditer(lower):
        is_counted = match[0][0] == _DOZEN_ZH and lower[: match.start()].endswith(_BEFORE_MEASURES)
        if is_denied(lower, match.start(), language):
            continue
        if not is_counted and taken.isdisjoint(range(*match.span())):
            act = known[_plain(match[0]) if language == "en" else match[0]]
            found.append(Phrase(start=match.start(), stop=match.end(), shows=act))
    return sorted(found, key=lambda phrase: phrase.start)


def _worn(match: re.Match[str], language: Language) -> Phrase:
    """Clothes, with the colours that are said of them."""
    garment = _garments_by_word(language)[match["garment"]]
    colours = {**{colour: colour for colour in COLOURS_ZH}, **_OTHER_COLOURS, **_COLOURS_OF_ZH}
    parts = {}
    if match["colour"]:
        parts[garment.part] = colours[match["colour"]]
    if match["legs"] and garment.part == "top":
        below = colours[match["other"]] if match["other"] else ""
        below = below or ("blue" if match["legs"] in _JEANS else "")
        parts |= {"bottom": below} if below else {}
    return Phrase(
        start=match.start(), stop=match.end(), shows=garment, parts=tuple(sorted(parts.items()))
    )


def _plain(phrase: str) -> str:
    """A phrase without its articles: "riding a bike" and "riding his bike" are one."""
    return re.sub(rf"(?<= )(?:{_ARTICLES} )?{_HOW}", "", phrase)


@lru_cache(maxsize=1)
def acts() -> tuple[Act, ...]:
    """All acts of which there are pictures."""
    return tuple(
        Act(image=image, en=_words(en), zh=_words(zh), things=_words("".join(more)))
        for image, en, zh, *more in read_table("planning/acts_of_people.txt")
    )


@lru_cache(maxsize=1)
def garments() -> tuple[Garment, ...]:
    """All clothes of which there are pictures."""
    return tuple(
        Garment(image=image, part=part, en=_words(en), zh=_words(zh))
        for image, part, en, zh in read_table("planning/garments.txt")
    )


@lru_cache(maxsize=1)
def figures() -> dict[str, tuple[tuple[str, tuple[tuple[str, str], ...]], ...]]:
    """Whose pictures are taken for somebody who has none of an act, the nearest first, and what is
    painted on those: a student is drawn as a boy."""
    found: dict[str, tuple[tuple[str, tuple[tuple[str, str], ...]], ...]] = {}
    for figure, names, *more in read_table("planning/figures.txt"):
        parts = tuple((part, colour) for part, _, colour in (each.partition("=") for each in more))
        for name in _words(names):
            found[name] = (*found.get(name, ()), (figure, parts))
    return found


@lru_cache(maxsize=512)
def figure_in(name: str) -> str:
    """Who is on a picture of an act: of "woman doing yoga" that is "woman"."""
    return next(filter(None, (who_in(act.image, name) for act in acts())), name)


def part_at_act(name: str, part: str) -> str:
    """The part that is painted on a picture: of somebody at an act only what is like their top."""
    is_act = part == "clothes" and figure_in(name) != name
    return "garment" if is_act else part


def who_in(image: str, name: str) -> str:
    """Who is on a picture of a kind, such as "{} doing yoga"; "" if it is none of these."""
    before, _, behind = image.partition("{}")
    is_its = name.startswith(before) and name.endswith(behind)
    return name[len(before) : len(name) - len(behind)] if is_its else ""


def is_figure(name: str) -> bool:
    """Whether a picture shows somebody from head to foot, at an act or in clothes of the tables."""
    return figure_in(name) != name or any(who_in(worn.image, name) for worn in garments())


@lru_cache(maxsize=2)
def _acts_by_phrase(language: Language) -> dict[str, Act]:
    """The act of each phrase, the longest phrases first."""
    known: dict[str, Act] = {}
    for act in acts():
        for phrase in act.en if language == "en" else act.zh:
            known.setdefault(_plain(phrase) if language == "en" else phrase, act)
    return {phrase: known[phrase] for phrase in sorted(known, key=len, reverse=True)}


@lru_cache(maxsize=1)
def _words_of_phrases() -> dict[str, frozenset[str]]:
    """The words of each English phrase for an act."""
    return {phrase: frozenset(phrase.split(" ")) for phrase in _acts_by_phrase("en")}


def _act_pattern(text: str, language: Language) -> re.Pattern[str]:
    """A pattern of the acts whose words a text has, the longest first.

    That of all acts would be compiled for a second.
    """
    if language == "zh":
        known = _acts_by_phrase("zh")
        said = [phrase for phrase in known if phrase in text]
        # Behind a numeral it is a measure word: 一堆积木.
        acts = "|".join(map(re.escape, said))
        return re.compile(f"(?<![一两几])(?:{acts})" if said else _NOTHING)
    there = frozenset(_WORD.findall(text))
    said = [phrase for phrase, words in _words_of_phrases().items() if words <= there]
    article = rf" (?:{_ARTICLES} )?{_HOW}"
    spaced = "|".join(article.join(map(re.escape, phrase.split(" "))) for phrase in said)
    return re.compile(rf"\b(?:{spaced})\b(?!-)" if said else _NOTHING)


@lru_cache(maxsize=2)
def _garments_by_word(language: Language) -> dict[str, Garment]:
    return {
        word: garment
        for garment in reversed(garments())
        for word in (garment.en if language == "en" else garment.zh)
    }


@lru_cache(maxsize=2)
def _garment_pattern(language: Language) -> re.Pattern[str]:
    """A pattern of clothes that somebody is said to wear, with their colour."""
    words = sorted(_garments_by_word(language), key=len, reverse=True)
    garment = f"(?P<garment>{'|'.join(map(re.escape, words))})"
    if language == "en":
        return re.compile(
            rf"\b(?:in|wearing|wears|dressed in|with) (?:{_ARTICLES} )?{_LOOKS}"
            rf"(?:(?P<colour>{_COLOUR}) )?{_LOOKS}{garment}\b{_BEHIND}"
        )
    return re.compile(
        "(?:身?穿着?|穿上|身着|披着?|系着?|围着?|戴着?)(?:了)?(?:一[件条身套])?(?:漂亮|美丽|传统|可爱|长|厚)*的?"
        rf"{_COLOUR_ZH}(?P<colour>[{''.join(_COLOURS_OF_ZH)}])?(?:红|蓝|绿)?色?的?{garment}{_BEHIND_ZH}"
    )


def _words(cell: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in cell.split(",") if word.strip())
