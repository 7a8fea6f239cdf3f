"""Words that say something of a thing, count it or hold it, from the tables beside this module."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from dall_e.text.language import Language
from dall_e.text.patterns import any_of
from dall_e.text.tables import read_table

LOOKING_EN = (
    "looking at", "looks at", "looking into", "looking in", "looking up at", "looking down at",
    "staring at", "stares at", "watching", "watches", "gazing at", "peeking at", "peering at",
    "peering into", "peeking into", "admiring", "examining", "inspecting", "sniffing", "smelling",
    "facing", "barking at", "talking to", "waiting for", "stalking", "hunting", "listening to",
    "waving at",
)  # fmt: skip
LOOKING_ZH = (
    "看着", "望着", "盯着", "注视着", "凝视着", "瞪着", "瞧着", "闻着", "守着", "等着", "对着",
    "面对着", "朝着",
)  # fmt: skip
"""What somebody does who faces a thing."""
RELATING_EN = {
    "on": ("riding", "rides", "ride", "sits on", "climbing"),
    "above": ("flying over", "flies over", "jumping over", "jumps over"),
    "next to": ("near", "by", "close to", "alongside", "leaning against"),
    "under": ("beneath", "lying under"),
    # Animals are drawn looking to the left, at what they run after.
    "right": ("chasing", "chases", "running after", "following", *LOOKING_EN),
}
"""What somebody does who is in a relation to something, and words that no caption has."""


class Attribute(NamedTuple):
    """What a word says of a thing."""

    field: str
    """material, pattern, age, size, colour, hair, state, or "does"."""
    value: str


class Container(NamedTuple):
    """What is counted, or holds something."""

    sort: str
    """holds, part, pair, heap, bunch, crowd or kind: `containers.txt` tells what each means."""
    words: tuple[str, ...]
    """English words for it."""
    drawings: tuple[str, ...]
    """Names of its drawings, the best first."""


class Deed(NamedTuple):
    """A verb where a text says it, in characters."""

    verb: str
    """One of the scene graph's VERBS."""
    start: int
    stop: int


@lru_cache(maxsize=2)
def attributes(language: Language) -> dict[str, Attribute]:
    """Every word or pair of words that says something, in lower case."""
    column = 2 if language == "en" else 3
    return {
        word: Attribute(cells[0], cells[1])
        for cells in read_table("planning/attributes.txt")
        for word in _words(cells[column])
    }


@lru_cache(maxsize=1)
def attributes_zh() -> tuple[tuple[str, Attribute], ...]:
    """The Chinese words and what they say, the longest first."""
    return tuple(sorted(attributes("zh").items(), key=lambda item: -len(item[0])))


@lru_cache(maxsize=2)
def verbs(language: Language) -> tuple[re.Pattern[str], dict[str, str]]:
    """A pattern of all verbs, and the scene graph's verb for each."""
    column = 1 if language == "en" else 2
    meanings = {
        word: cells[0]
        for cells in read_table("planning/verbs.txt")
        for word in _words(cells[column])
    }
    words = any_of(meanings)
    # Kites are flown, 放风筝; an apple that lies on a table, 放在桌上, does nothing.
    words = rf"\b(?:{words})\b" if language == "en" else f"(?!放[在着满有到入进了置])(?:{words})"
    return re.compile(words), meanings


def last_deed(text: str, language: Language) -> Deed | None:
    """The last verb of a text that says what is done with a thing."""
    pattern, meanings = verbs(language)
    found = [*pattern.finditer(text)]
    return Deed(meanings[found[-1][0]], *found[-1].span()) if found else None


@lru_cache(maxsize=2)
def containers(language: Language) -> dict[str, Container]:
    """Every word for what counts or holds something; in English in the singular."""
    column = 1 if language == "en" else 2
    return {
        word: Container(cells[0].split()[0], _words(cells[1]), _words(cells[3]))
        for cells in read_table("planning/containers.txt")
        for word in _words(cells[column])
    }


@lru_cache(maxsize=1)
def life_stages() -> dict[tuple[str, str], str]:
    """The picture of a young or an old one, by age and name."""
    return {(age, name): young for age, name, young in read_table("planning/life_stages.txt")}


@lru_cache(maxsize=1)
def pictured_acts() -> dict[tuple[str, str], tuple[str, ...]]:
    """The things on a picture of somebody who does something, by its name and the verb."""
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for drawing, verb, names, *_ in read_table("planning/pictured_acts.txt"):
        found[drawing, verb] = (*found.get((drawing, verb), ()), *_words(names))
    return found


@lru_cache(maxsize=1)
def images_of_acts() -> dict[tuple[str, str], tuple[str, ...]]:
    """The pictures on which somebody does something with a thing, by their name and the verb."""
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for drawing, verb, _, *more in read_table("planning/pictured_acts.txt"):
        for who in _words(more[0]) if more else ():
            found[who, verb] = (*found.get((who, verb), ()), drawing)
    return found


@lru_cache(maxsize=1)
def states_of_others() -> dict[tuple[str, str], tuple[str, str]]:
    """The picture of somebody else and its colour, or nothing, by a state and who is in it."""
    return {
        (state, who): (drawing, colour.removeprefix("-"))
        for state, drawing, colour, names in read_table("planning/states_of_others.txt")
        for who in _words(names)
    }


@lru_cache(maxsize=1)
def _pictured_numbers() -> dict[str, int]:
    return {
        name: int(number)
        for number, names in read_table("planning/pictured_numbers.txt")
        for name in _words(names)
    }


def pictured_number(name: str) -> int:
    """How many of a thing its picture shows: two cherries hang on one stem."""
    return _pictured_numbers().get(name, 1)


@lru_cache(maxsize=1)
def colourful() -> frozenset[str]:
    """Names of things that come in many colours."""
    return frozenset(
        name for (row,) in read_table("planning/colourful.txt") for name in _words(row)
    )


def _words(cell: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in cell.split(",") if word.strip())
