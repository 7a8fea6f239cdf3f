"""From a word that no picture has to the names of pictures near it, by WordNet.

Near is what means the same, what it is a kind of, a kind of it, another kind of the same, and what
it is a part of. Words are read in their most frequent sense only, and only if that is something to
be seen: "quantum" is near nothing. What is so broad that its picture would mislead, such as an
animal or a person, is nobody's neighbour.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property

from dall_e.data.build.wordnet import WordNet
from dall_e.text.tables import read_table

_TABLES = "data/build"
MOST_NAMES = 3
"""Neighbours of a word that are kept: a model may lack the first."""
_MOST_KINDS = 150
"""A sense with more kinds than this below it is too broad to be drawn for each of them."""
_MOST_SISTERS = 25
"""Kinds of one thing that are few enough to be alike."""
_PLAIN = re.compile(r"[a-z][a-z' -]{2,}")
_VISIBLE = {
    "animal": (5, 13), "food": (13, 20), "plant": (20, 13), "person": (18,),
    "vehicle": (6,), "place": (6, 17, 15), "object": (6, 8, 13, 17), "weather": (19, 17, 15),
    "activity": (6,),
}  # fmt: skip
"""In which of WordNet's files of nouns the words for each kind of picture are (`lexnames`)."""
_SEEN = frozenset((5, 6, 8, 13, 17, 18, 20))
"""Files of nouns that can be seen: animals, artifacts, bodies, food, objects, persons, plants."""
_PERSON, _BODY = 18, 8
_FEW_SENSES = 3
_NOUN = "1"
_FEW_TIMES = 3
"""Too seldom in texts to say what a word is."""
_MOST_STEPS, _MOST_STEPS_OF_PERSON = 3, 2
_KIN, _IS_PART = 2.0, 2.5
"""Steps to another kind of the same, and to what something is a part of."""

Similarity = Callable[[str, str], float]
"""How near two words are, from -1 to 1."""


class NameGraph:
    """Which names are near a word."""

    def __init__(self, wordnet: WordNet, kinds: Mapping[str, str], words: Mapping[str, str]):
        """`kinds` has the kind of each name that is drawn, `words` the name for each word."""
        self._wordnet = wordnet
        self._names = defaultdict[int, list[str]](list)
        self._broad = {wordnet.named(label) for (label,) in read_table(f"{_TABLES}/too_broad.txt")}
        broad_enough = {
            wordnet.named(label) for (label,) in read_table(f"{_TABLES}/broad_enough.txt")
        }
        self._broad_enough = broad_enough - {None}
        self._dropped = {
            word
            for _, *words in read_table(f"{_TABLES}/nearest_dropped.txt")
            for word in words[0].split()
        }
        never = {name for row in read_table(f"{_TABLES}/nearest_never.txt") for name in row}

        own_first = sorted(words.items(), key=lambda pair: pair[0] != pair[1].lower())
        for word, name in own_first:
            sense = self._sense_of(word, kinds.get(name, ""), is_name=word == name.lower())
            is_new = sense is not None and name not in self._names[sense]
            if sense is not None and is_new and name not in never:
                self._names[sense].append(name)

    def _sense_of(self, word: str, kind: str, *, is_name: bool) -> int | None:
        """The most frequent sense of a word among those that a picture of a kind can show.

        A word that is not the name itself counts in its first sense, and if it has few: a plate is
        not only what food is on.
        """
        files = _VISIBLE.get(kind, ())
        senses = self._wordnet.senses(word)
        if not is_name:
            files = tuple(file for file in files if file != _BODY)
            senses = senses[:1] if len(senses) <= _FEW_SENSES else ()
        for sense in senses[:3]:
            if self._wordnet.synset(sense).file in files:
                return sense
        return None

    def near(self, word: str, alike: Similarity | None = None) -> tuple[str, ...]:
        """The names near a word, the nearest first; of equally near ones the most alike."""
        senses = self._wordnet.senses(word)
        if not senses or word in self._dropped or not _PLAIN.fullmatch(word):
            return ()
        synset = self._wordnet.synset(senses[0])
        if synset.file not in _SEEN or synset.is_individual:
            return ()

        steps: dict[str, float] = {}
        for distance, sense in self._around(senses[0]):
            for name in self._names.get(sense, ()):
                steps.setdefault(name, distance)
        ranked = sorted(
            steps, key=lambda name: (steps[name], -alike(word, name) if alike else 0.0, name)
        )
        return tuple(ranked[:MOST_NAMES])

    def _around(self, sense: int) -> Iterator[tuple[float, int]]:
        """Senses near one, and in how many steps, in no order."""
        yield 0.0, sense
        is_person = self._wordnet.synset(sense).file == _PERSON

        # What it is a kind of, up to three steps, where that is not too broad.
        if sense in self._broad:
            return
        above = [sense]
        for level in range(1, 1 + (_MOST_STEPS_OF_PERSON if is_person else _MOST_STEPS)):
            above = [up for each in above for up in self._wordnet.synset(each).broader]
            above = [up for up in above if self._is_narrow(up)]
            for up in above:
                yield float(level), up
                kinds = self._kinds.get(up, ())
                is_small = level == 1 and len(kinds) <= _MOST_SISTERS and not is_person
                for sister in kinds if is_small else ():
                    yield _KIN, sister

        # Its kinds, and what it is a part of. Of people, neither is alike.
        if not is_person:
            for below in self._kinds.get(sense, ()):
                yield 1.0, below
        for whole in self._wordnet.synset(sense).wholes:
            if self._wordnet.synset(whole).file in _SEEN - {_PERSON}:
                yield _IS_PART, whole

    def _is_narrow(self, sense: int) -> bool:
        if sense in self._broad:
            return False
        return sense in self._broad_enough or self._number_below(sense) <= _MOST_KINDS

    def _number_below(self, sense: int) -> int:
        """How many senses lie below one; counting ends where there are too many."""
        below, seen = [sense], 0
        while below and seen <= _MOST_KINDS:
            kinds = self._kinds.get(below.pop(), ())
            seen += len(kinds)
            below.extend(kinds)
        return seen

    @cached_property
    def _kinds(self) -> dict[int, list[int]]:
        """The senses right below each."""
        kinds = defaultdict[int, list[int]](list)
        for sense in self._wordnet.all_senses():
            for up in self._wordnet.synset(sense).broader:
                kinds[up].append(sense)
        return dict(kinds)


def nearest_table(
    graph: NameGraph, words: Iterable[str], known: Iterable[str], alike: Similarity | None = None
) -> dict[str, tuple[str, ...]]:
    """The names near each of some words that have none of their own, by word."""
    taken = set(known)
    table = {word: graph.near(word, alike) for word in words if word not in taken}
    return {word: names for word, names in sorted(table.items()) if names}


def is_mostly_noun(index_sense: str) -> Callable[[str], bool]:
    """Whether a word is a noun in its most frequent sense, by the counts of `index.sense`.

    Each line has a key, "plant%1:06:01::", whose first number is the part of speech, an offset, the
    number of the sense, and how often it is in texts.
    """
    first, total = Counter[str](), Counter[str]()
    for line in index_sense.splitlines():
        key, _, number, times = line.split()
        word, _, sense = key.partition("%")
        total[word] += int(times)
        if sense[0] == _NOUN and number == "1":
            first[word] += int(times)
    return lambda word: total[word] < _FEW_TIMES or 2 * first[word] >= total[word]
