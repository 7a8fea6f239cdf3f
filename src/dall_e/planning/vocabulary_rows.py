"""Rows of a vocabulary: out of the cells of a file, and out of the records of training pictures."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from dall_e.images.animals import SPECIES
from dall_e.scenes.graph import COLOURS, STATES
from dall_e.scenes.vocabulary import Thing, things
from dall_e.text.language import singular_of
from dall_e.text.tables import table_rows

KINDS = (
    "animal", "plant", "food", "vehicle", "object", "activity", "place", "weather", "heart", "face",
    "person", "hand", "symbol", "clock", "flag",
)  # fmt: skip
"""Kinds of pictures that have a name to ask for, in the order of the file."""
NONE, _MOST_CELLS = "-", 6
"""What stands in an empty cell, and how many cells a row may have."""
_COUNTED = ("object", "food", "plant", "activity")
"""Kinds of things that have a singular."""
STYLE = "style"
_KNOWN_STYLE = 0.25
"""A style is known that training sees so often, as a part of how often it sees the first."""
_NOT_SINGLE = re.compile(r"[,:|]")
"""Marks of names that say more than a thing, such as "woman: red hair"."""


class KnownName(NamedTuple):
    """A row of the file."""

    name: str
    zh: str
    kind: str
    seen_with: frozenset[str] = frozenset()
    """Colours and states."""
    words_en: tuple[str, ...] = ()
    words_zh: tuple[str, ...] = ()
    """Other words for it."""


def known_name(cells: list[str]) -> KnownName:
    """Read the cells of a row. Raises ValueError for a row that is none."""
    if not 3 <= len(cells) <= _MOST_CELLS or not all(cells[:3]):
        raise ValueError(
            f"row {' | '.join(cells)!r} has {len(cells)} cells: it needs an English name, a "
            "Chinese name and a kind, and may have colours and states, and other words in English "
            "and in Chinese"
        )
    name, zh, kind, *more = cells
    seen, words_en, words_zh = (
        "" if cell == NONE else cell for cell in (*more, "", "", "")[: _MOST_CELLS - 3]
    )
    seen_with = frozenset(seen.split())
    unknown = seen_with.difference(COLOURS, STATES)
    if unknown:
        named, known = ", ".join(sorted(unknown)), ", ".join((*COLOURS, *STATES))
        raise ValueError(f"row {name!r} names {named}: known are {known}")
    return KnownName(name, zh, kind, seen_with, _words(words_en), _words(words_zh))


def _words(cell: str) -> tuple[str, ...]:
    """The words of a cell, which has commas between them."""
    return tuple(filter(None, (word.strip() for word in cell.split(","))))


def singulars_of(thing: Thing) -> tuple[str, ...]:
    """What one of a thing is called. The picture of a lion is that of its face."""
    heads = [name for name, _ in thing.image_names[:1] if "head" in thing.traits]
    return (thing.name, *thing.other_names, *heads)


def singulars_of_plurals(rows: Iterable[KnownName]) -> Iterator[tuple[str, tuple[str]]]:
    """The names of things that are plurals, as "chopsticks", and what one of these is called."""
    for row in rows:
        one = singular_of(row.name) if row.kind in _COUNTED else ""
        if one:
            yield row.name, (one.lower(),)


def table_names(records: Sequence[dict[str, Any]], composed: bool) -> Iterator[KnownName]:
    """The things of the table of which there are pictures, and the colours of these."""
    shown = {str(record.get("en", "")) for record in records}
    shown |= {f"{record.get('source', '')}/{record.get('name', '')}" for record in records}
    for thing in things().values():
        images = [(name, colour) for name, colour in thing.image_names if name in shown]
        if not images:
            continue
        colours = {colour for name, own_colour in images for colour in (own_colour, *name.split())}
        # A drawing of just that is better than what scenes taught.
        drawn = {state for state in STATES if f"{state} {thing.name}" in shown}
        states = set(STATES) - drawn if composed and thing.name in SPECIES else set[str]()
        seen_with = frozenset(colours.intersection(COLOURS)).union(states)
        yield KnownName(thing.name, thing.zh, thing.kind, seen_with)


def single_names(records: Sequence[dict[str, Any]]) -> Iterator[KnownName]:
    """The names of single pictures in the style that training sees most."""
    weights = Counter[str]()
    for record in records:
        weights[_style_of(record)] += record.get("weight", 1.0)
    house_style = max(weights, key=lambda style: weights[style], default="")

    rows: dict[str, KnownName] = {}
    for record in records:
        name, zh, kind = (str(record.get(field, "")) for field in ("en", "zh", "kind"))
        is_single = kind in KINDS and not record.get("tone") and not _NOT_SINGLE.search(name)
        in_style = _style_of(record) == house_style
        fits = _fits_a_cell(name) and _fits_a_cell(zh)
        if in_style and is_single and fits and name not in things():
            rows[name] = KnownName(name, zh, kind, frozenset(), *_hand_words(record))
    yield from sorted(rows.values(), key=lambda row: (KINDS.index(row.kind), row.name.lower()))


def _style_of(record: dict[str, Any]) -> str:
    """The style of a record's picture: sets that share one have the same name for it."""
    return str(record.get("style_en") or record.get("source", ""))


def _hand_words(record: dict[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Other English and other Chinese words for what a record shows, if people wrote its names.

    The keywords of other sets say what a picture has to do with.
    """
    if record.get("zh_source") != "hand":
        return (), ()
    words_en, words_zh = (
        tuple(word for word in record.get(field, ()) if _fits_a_cell(word) and "," not in word)
        for field in ("en_keywords", "zh_keywords")
    )
    return words_en, words_zh


def style_names(records: Sequence[dict[str, Any]]) -> Iterator[KnownName]:
    """The styles that training sees often or always by their names, with a Chinese name, too."""
    weights = _weights(records, "style_en")
    often = _KNOWN_STYLE * max(weights.values(), default=0.0)
    known = {record["style_en"] for record in records if record.get("style_said") == 1}
    known |= {name for name, weight in weights.items() if weight >= often}

    names = {str(record.get("style_en", "")): str(record.get("style_zh", "")) for record in records}
    for name, zh in names.items():
        if name in known and name and zh and _fits_a_cell(name) and _fits_a_cell(zh):
            yield KnownName(name, zh, STYLE)


def _weights(records: Sequence[dict[str, Any]], field: str) -> Counter[str]:
    """How often training sees what has each value of a field."""
    weights: Counter[str] = Counter()
    for record in records:
        weights[str(record.get(field, ""))] += record.get("weight", 1.0)
    return weights


def _fits_a_cell(text: str) -> bool:
    """Whether a text comes back from the file as it is: no blank, no note, not two cells."""
    return list(table_rows(text)) == [[text]]


def as_caption(text: str) -> str:
    """A caption as it is kept and compared: small letters, single blanks, no mark that ends it.

    Bars and a leading # would mean something else in the file.
    """
    return " ".join(text.lower().replace("|", " ").split()).lstrip("# ").rstrip(".。!！ ")
