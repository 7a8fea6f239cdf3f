"""What one model knows by name: the file `vocabulary.txt` of its folder.

A planner asks a model only for what its vocabulary has. A model without a vocabulary draws every
prompt whole. One row of the file is one thing, with up to six cells between bars:

    cat | 猫 | animal | black sleeping playing
    stool | 凳子 | object | - | wooden stool | 板凳, 圆凳

These are the English name, the Chinese name, the kind, what else the model has seen it with
(colours in which there are pictures of it, and states; - is nothing), and other English and other
Chinese words for it. Things of the table that scenes are composed of (`scenes/things.txt`) have all
further words from there. Every other row is the name of single pictures, or of a style, which is
the kind of those that the model draws well. A row of one cell is a caption of a maker's own
picture: a prompt that says just this is drawn as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from dall_e.bounded_files import naming, read_text
from dall_e.images.restyling.fitted_style import FittedStyle
from dall_e.planning.vocabulary_rows import (
    NONE,
    STYLE,
    KnownName,
    as_caption,
    known_name,
    single_names,
    singulars_of,
    singulars_of_plurals,
    style_names,
    table_names,
)
from dall_e.scenes.graph import COLOURS, STATES, SceneObject
from dall_e.scenes.vocabulary import Thing, things
from dall_e.text.language import plural_of
from dall_e.text.tables import read_table, table_rows

_MOST_BYTES = 2**22
"""Longest file; that of the built-in model has 0.9 MB."""
SEVERAL = 3
"""How many are meant by what is said to be more than one."""

_HEAD = """\
# What the model has seen under its name: first things that scenes are composed of, then names of
# single pictures.
# Written by `dall-e export`. Unicode CLDR names through emojibase-data (MIT), as in the data set.
# English | Chinese | kind | colours and states in which it was seen, too | other words for it, in
# English | and in Chinese; - is nothing
"""
_MADE = ("object", "place", "vehicle")
_IN_SKY = re.compile("cloud|moon|sun|star|planet|comet|milky")


class Vocabulary:
    """The things that one model knows, and every word for them."""

    def __init__(
        self,
        known: Iterable[KnownName],
        captions: Iterable[str] = (),
        fitted: Iterable[FittedStyle] = (),
    ) -> None:
        rows = tuple(known)
        self.fitted = {style.name: style for style in fitted}
        """Styles that were found in pictures, by name; they are in a file of their own."""
        self._known = {row.name: row for row in rows if row.kind != STYLE}
        self._styles = tuple(row for row in rows if row.kind == STYLE)
        self.captions = tuple(dict.fromkeys(filter(None, map(as_caption, captions))))
        """What makers wrote under their own pictures, in the spelling in which it is compared."""
        self._captions = frozenset(self.captions)
        self.table_things = {name: row for name, row in things().items() if name in self._known}
        """Those of the table that scenes are composed of, in its order."""
        self.single_things = {
            name: _single(row) for name, row in self._known.items() if name not in things()
        }
        """All others. They are drawn and put into plans, but never cut out."""
        self._singulars_and_plurals: dict[str, tuple[set[str], set[str]]] = {}

    def __len__(self) -> int:
        return len(self._known) + len(self.captions)

    @property
    def has_things(self) -> bool:
        """Whether there is anything to plan with."""
        return bool(self._known)

    def is_caption(self, prompt: str) -> bool:
        """Whether a maker wrote just this under a picture, whatever the case and the blanks."""
        return as_caption(prompt) in self._captions

    def thing(self, name: str) -> Thing:
        """Return what is known of a name. Raises KeyError for one that the model does not know."""
        return self.table_things.get(name) or self.single_things[name]

    def knows(self, name: str) -> bool:
        """Whether the model knows a name."""
        return name in self._known

    def comes_in(self, name: str, colour: str) -> bool:
        """Whether the model has seen a thing in just this colour, as blue books and black birds."""
        return colour in self._known[name].seen_with or colour in name.split()

    def acts(self, name: str, state: str) -> bool:
        """Whether the model has seen a thing in a state, "sleeping" or "playing"."""
        return state in self._known[name].seen_with

    @property
    def styles(self) -> tuple[tuple[str, str], ...]:
        """The English and the Chinese name of each style that the model has learned."""
        return tuple((row.name, row.zh) for row in self._styles)

    def has_style(self, words: str) -> bool:
        """Whether the model draws in a style; every style if it does not say which ones it has."""
        known = {word.lower() for names in self.styles for word in names}
        return not words or not known or words.lower() in known

    def with_fitted(self, styles: Iterable[FittedStyle]) -> Vocabulary:
        """Return what is known here, with styles that were found in pictures."""
        same = copy(self)
        same.fitted = {**self.fitted, **{style.name: style for style in styles}}
        return same

    def planned(self, name: str, **said: Any) -> SceneObject:
        """Return a thing that the model is to draw, with what is `said` of it."""
        model_thing = self.single_things.get(name)
        return SceneObject(name=name, image=None, model_thing=model_thing, **said)

    # Its words

    @cached_property
    def words_en(self) -> dict[str, str]:
        """The name of the thing for every English word; everyday words come last.

        A word for several things stands for the first of them. Names come first, then the words of
        the table, then those that people wrote beside a picture.
        """
        names: dict[str, str] = {}
        for word, name in self._pairs_en():
            names.setdefault(word.lower(), name)
        for head, whole in self._whole_bodies.items():
            base = head.removesuffix(" face")
            names |= {base: whole, plural_of(base): whole}
            if base == head:
                names |= {word: whole for word, name in names.items() if name == head}
                names |= {f"{base} {part}": head for part in ("face", "head")}
        for name, words in self._first_meanings:
            names |= {word: name for each in words for word in (each, plural_of(each))}
        return {word: name for word, name in names.items() if not self._is_painted(word, names)}

    def _is_painted(self, word: str, names: Mapping[str, str]) -> bool:
        """Whether a word for a made thing only says its colour: a white shirt is a shirt."""
        colour, _, noun = word.partition(" ")
        if colour not in COLOURS or self.knows(word):
            return False
        name = names[word]
        return self.thing(name).kind in _MADE and names.get(noun) == name

    @cached_property
    def _whole_bodies(self) -> dict[str, str]:
        """Pictures of whole animals by the names of their faces, where the model knows both.

        A fox in the snow is more than a face.
        """
        faces = [name for name in self.table_things if name.endswith(" face")]
        bases = {face: face.removesuffix(" face") for face in faces}
        standing = {
            face: f"standing {base}"
            for face, base in bases.items()
            if f"standing {base}" in self.single_things and base not in self.table_things
        }
        rows = read_table("planning/whole_animals.txt")
        return standing | {
            head: whole for head, whole in rows if self.knows(head) and self.knows(whole)
        }

    def _pairs_en(self) -> Iterator[tuple[str, str]]:
        """Every English word with the name of its thing, the likeliest name first."""
        for name, thing in self.table_things.items():
            yield from ((word, name) for word in (name, thing.plural))
        for name, thing in self.table_things.items():
            yield from ((word, name) for word in singulars_of(thing))
            yield from ((plural_of(word), name) for word in singulars_of(thing)[1:])
        for name, thing in self.single_things.items():
            yield from ((word, name) for word in (name, thing.plural))
        written = ((row.words_en, name) for name, row in self._known.items())
        for words, name in (*written, *self._singular_words(), *self._everyday_words()):
            yield from ((word, name) for word in (*words, *map(plural_of, words)))

    def _singular_words(self) -> Iterator[tuple[tuple[str, ...], str]]:
        for name, thing in self._things():
            yield singulars_of(thing)[1:], name

    def _everyday_words(self) -> Iterator[tuple[tuple[str, ...], str]]:
        for name, words in self._everyday_en.items():
            yield words, name

    @cached_property
    def parts_en(self) -> frozenset[str]:
        """Every single word of the English names and words, in lower case."""
        return frozenset(part for words in self.words_en for part in re.findall(r"[\w'-]+", words))

    def names_in(self, language: str) -> dict[str, str]:
        """The name of the thing for every word of a language, "en" or "zh"."""
        return self.words_en if language == "en" else self.words_zh

    @cached_property
    def words_zh(self) -> dict[str, str]:
        """The name of the thing for every Chinese word; everyday words come last.

        A word for several things stands for the first of them.
        """
        names: dict[str, str] = {}
        for name, thing in self._things():
            names.setdefault(thing.zh, name)
        for name, thing in self._things():
            for word, _ in thing.other_zh:
                names.setdefault(word, name)

        for known, *words in read_table("text/synonyms_zh.txt"):
            for word in words if known in names else ():
                names.setdefault(word.lstrip("!"), names[known])
        for known, *words in read_table("planning/everyday_zh.txt"):
            for word in words if self.knows(known) else ():
                names.setdefault(word, known)

        # Where only a head is known, the word for the animal means it.
        for name, thing in self.table_things.items():
            if "head" in thing.traits:
                names.setdefault(thing.zh.removesuffix("脸"), name)
        first = {word: name for name, words in self._first_meanings for word in words}
        return names | self._bodies_zh | first

    @cached_property
    def _bodies_zh(self) -> dict[str, str]:
        """The whole animals by their Chinese names, and their heads by "face" and "head"."""
        names: dict[str, str] = {}
        for head, whole in self._whole_bodies.items():
            base = self.thing(head).zh.removesuffix("脸")
            names |= {base: whole, f"{base}脸": head, f"{base}头": head}
        return names

    @cached_property
    def _first_meanings(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Known names with the words that mean them first, whatever else other tables say.

        A word that is itself a known name means that.
        """
        rows = read_table("planning/first_meanings.txt")
        return tuple(
            (name, tuple(word for word in words if not self.knows(word)))
            for name, *words in rows
            if self.knows(name)
        )

    def is_plural(self, noun: str, name: str) -> bool:
        """Whether an English noun is what several of a thing are called."""
        return noun in self._number_words(name)[1]

    def how_many(self, noun: str, name: str) -> int:
        """How many an English noun without a number means.

        SEVERAL for cats, but 1 for noodles, as one bowl of them is called.
        """
        singulars, plurals = self._number_words(name)
        return SEVERAL if noun in plurals and noun not in singulars else 1

    def _number_words(self, name: str) -> tuple[set[str], set[str]]:
        """What one of a thing is called, and what several are."""
        if name not in self._singulars_and_plurals:
            thing = self.thing(name)
            singulars = (*singulars_of(thing), *self._everyday_en.get(name, ()))
            plurals = (thing.plural, *map(plural_of, singulars[1:]))
            self._singulars_and_plurals[name] = (
                {word.lower() for word in singulars},
                {word.lower() for word in plurals},
            )
        return self._singulars_and_plurals[name]

    def _things(self) -> Iterator[tuple[str, Thing]]:
        yield from self.table_things.items()
        yield from self.single_things.items()

    @cached_property
    def _everyday_en(self) -> dict[str, tuple[str, ...]]:
        """What people say instead of the names of a thing's pictures, by the thing's name.

        Single things have those of `text/synonyms_en.txt` among their own already.
        """
        owners = {
            image: name
            for name, thing in self.table_things.items()
            for image, colour in thing.image_names
            if not colour
        }
        everyday: dict[str, tuple[str, ...]] = {}
        for image, words in _synonyms_en().items():
            if image in owners and image not in self.single_things:
                everyday[owners[image]] = (*everyday.get(owners[image], ()), *words)
        for head, whole in self._whole_bodies.items():
            everyday[whole] = (head.removesuffix(" face"),)
        rows = ((name, more) for name, *more in read_table("planning/everyday_en.txt"))
        ones = singulars_of_plurals(self._known.values())
        for name, more in (*rows, *self._first_meanings, *ones):
            if self.knows(name):
                everyday[name] = (*everyday.get(name, ()), *more)
        return everyday

    @classmethod
    def from_text(cls, text: str) -> Vocabulary:
        """Read the text of a `vocabulary.txt`. Raises ValueError for a row that is none."""
        rows = list(table_rows(text))
        captions = [cells[0] for cells in rows if len(cells) == 1]
        return cls((known_name(cells) for cells in rows if len(cells) > 1), captions)

    @classmethod
    def load(cls, path: str | Path) -> Vocabulary:
        """Read a `vocabulary.txt`; files that say the same give one object, which none changes.

        Raises UnusableFileError for a row that is none.
        """
        with naming(path):
            return _of_text(read_text(Path(path), _MOST_BYTES))

    @classmethod
    def from_captions(
        cls, records: Sequence[dict[str, Any]], *, composed: bool = False
    ) -> Vocabulary:
        """Collect what a model knows that was trained on pictures with these records.

        Of the table that scenes are composed of, these are the things that any picture shows. Other
        names count in the style that training sees most: in no other is a picture asked for without
        naming its style. They need a Chinese name and a kind. composed: whether the model trained
        on composed scenes, too, in which animals sleep and play. The captions that makers wrote
        themselves are known as they are.
        """
        names = (*table_names(records, composed), *single_names(records))
        captions = [str(record["text"]) for record in records if record.get("text")]
        return cls([*names, *style_names(records)], captions)

    def joined(self, others: Vocabulary) -> Vocabulary:
        """All that this one knows, and all that the others know; of one name, what is said here."""
        rows = {row.name: row for each in (others, self) for row in each._known.values()}
        styles = {row.name: row for each in (others, self) for row in each._styles}
        return Vocabulary(
            [*rows.values(), *styles.values()],
            (*self.captions, *others.captions),
            (*others.fitted.values(), *self.fitted.values()),
        )

    def to_text(self) -> str:
        """Write the text that `from_text` reads."""
        order = [*COLOURS, *STATES]
        lines = []
        for name in (*self.table_things, *self.single_things):
            row = self._known[name]
            seen_with = " ".join(sorted(row.seen_with, key=order.index))
            words = (", ".join(row.words_en), ", ".join(row.words_zh))
            cells = [row.name, row.zh, row.kind, *(cell or NONE for cell in (seen_with, *words))]
            while cells[-1] == NONE:
                cells.pop()
            lines.append(" | ".join(cells))
        lines += [f"{row.name} | {row.zh} | {STYLE}" for row in self._styles]
        return _HEAD + "\n".join([*lines, *self.captions]) + "\n"


def _single(row: KnownName) -> Thing:
    """What is known of the name of single pictures: its words, and whether it is in the sky."""
    in_sky = row.kind == "weather" and _IN_SKY.search(row.name) is not None
    return Thing(
        name=row.name,
        plural=plural_of(row.name),
        zh=row.zh,
        measure="个",
        kind=row.kind,
        traits=frozenset(("air",) if in_sky else ()),
        image_names=((row.name, ""),),
        other_names=(*_synonyms_en().get(row.name, ()), *row.words_en),
        other_zh=tuple((word, "") for word in row.words_zh),
    )


@lru_cache(maxsize=2)
def _of_text(text: str) -> Vocabulary:
    """What is found out of its words as prompts are read is found once for all models with them."""
    return Vocabulary.from_text(text)


@lru_cache(maxsize=1)
def _synonyms_en() -> dict[str, tuple[str, ...]]:
    return {name: tuple(words) for name, *words in read_table("text/synonyms_en.txt")}
