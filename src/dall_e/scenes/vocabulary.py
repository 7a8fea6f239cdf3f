"""The things that scenes are composed of, as the table `scenes/things.txt` has them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from dall_e.text.language import regular_plural
from dall_e.text.tables import read_table

EYEWEAR = frozenset(("glasses", "sunglasses", "goggles"))
"""Things that are worn before the eyes."""
WORN = EYEWEAR.union(
    ("hat", "crown", "top hat", "billed cap", "woman's hat", "rescue worker's helmet")
)
"""Things that are put on a head: who is "in a hat" wears it."""

_CELLS = 9
# Named animals of which a face is shown.
_FACE = re.compile(r" face$|(?<!black) cat$|^cat with |^(?:boar|hamster|moose|polar bear|raccoon)$")


@dataclass(frozen=True, kw_only=True)
class Thing:
    """Something that pictures show by itself, and the words for it."""

    name: str
    plural: str
    zh: str
    measure: str
    """The Chinese measure word."""
    kind: str
    traits: frozenset[str]
    """What can be done with it; the head of the table explains each."""
    image_names: tuple[tuple[str, str], ...]
    """Pairs of a picture's name and the colour that all pictures of that name have, or nothing."""
    other_names: tuple[str, ...]
    other_zh: tuple[tuple[str, str], ...]
    """Pairs of another Chinese word and its measure word."""


@lru_cache(maxsize=1)
def things() -> dict[str, Thing]:
    """All things by name, in the order of the table."""
    return {thing.name: thing for thing in map(_thing, read_table("scenes/things.txt"))}


def is_head(thing: Thing) -> bool:
    """Whether its pictures show a face from the front, with the eyes where eyes are."""
    if "head" in thing.traits or thing.kind in ("face", "person"):
        return True
    return _FACE.search(thing.name) is not None


def _thing(cells: list[str]) -> Thing:
    missing = [""] * (_CELLS - len(cells))
    name, plural, zh, measure, kind, traits, images, other_names, other_zh = [*cells, *missing]
    other_words = [_word_and_ending(word) for word in _list(other_zh)]
    return Thing(
        name=name,
        plural=plural or regular_plural(name),
        zh=zh,
        measure=measure,
        kind=kind,
        traits=frozenset(traits.split()),
        image_names=tuple(_word_and_ending(image) for image in _list(images)),
        other_names=_list(other_names),
        other_zh=tuple((word, its_measure or measure) for word, its_measure in other_words),
    )


def _list(cell: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in cell.split(",") if part.strip())


def _word_and_ending(text: str) -> tuple[str, str]:
    """Split a word from what it has after its last colon, which may be nothing."""
    word, colon, ending = text.rpartition(":")
    return (word, ending) if colon else (text, "")
