"""Words with one letter wrong, and words without blanks between them.

A word of five letters or more that nobody knows is taken for one that the model knows, if that is
the only one which a letter more, less, another letter or two letters in the wrong order make of it.
The first letter is hardly ever wrong. Words that people write so are left alone
(`spelled_right.txt`), and so are those for which something near is drawn (`nearest.py`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache

from dall_e.planning.nearest import has_nearest_en
from dall_e.text.tables import read_table

_SHORTEST = 5
_SHORT_WORDS = frozenset("a an and the of with in on".split())
_LONGEST = 60
"""Letters in a row that may be several words."""


class Spelling:
    """Finds the word that was meant among those that are known."""

    def __init__(self, known: Iterable[str]) -> None:
        self._known = frozenset(known)
        self._near: dict[str, set[str]] = defaultdict(set)
        for word in self._known:
            if len(word) >= _SHORTEST and word.isalpha():
                for form in _shortened(word):
                    self._near[form].add(word)

    def knows(self, word: str) -> bool:
        """Whether a word is spelled right."""
        return word in self._known or word in _spelled_right() or has_nearest_en(word)

    def spaced(self, text: str) -> str:
        """A text without blanks as the fewest known words; "" if it is none."""
        if not (text.isalpha() and text.isascii() and len(text) <= _LONGEST) or self.knows(text):
            return ""
        best: list[tuple[str, ...] | None] = [()]
        for stop in range(1, len(text) + 1):
            ways = [
                (*way, text[start:stop])
                for start, way in enumerate(best)
                if way is not None and self._is_word(text[start:stop])
            ]
            best.append(min(ways, key=len, default=None))
        words = best[-1] or ()
        return " ".join(words) if 1 < len(words) <= len(text) // 2 else ""

    def _is_word(self, text: str) -> bool:
        return text in _SHORT_WORDS or len(text) > 1 and text in self._known

    def meant(self, word: str) -> str:
        """The word that a misspelt one was meant to be; "" if it is none, or several may be."""
        if len(word) < _SHORTEST or not word.isalpha() or not word.isascii():
            return ""
        if self.knows(word):
            return ""
        candidates = {
            known
            for form in _shortened(word)
            for known in self._near.get(form, ())
            if known[0] == word[0] and _is_near(word, known)
        }
        # "Tigr" of tiger and tigers: one word, in two numbers.
        stems = {known.removesuffix("s") for known in candidates}
        return min(candidates, key=len) if len(stems) == 1 else ""


def _shortened(word: str) -> set[str]:
    """A word, and all that is left of it without one letter."""
    return {word, *(word[:at] + word[at + 1 :] for at in range(len(word)))}


def _is_near(word: str, other: str) -> bool:
    """Whether one letter, or the order of two neighbours, is all that differs."""
    start = 0
    while start < min(len(word), len(other)) and word[start] == other[start]:
        start += 1
    first, second = word[start:], other[start:]
    if len(word) == len(other):
        swapped = first[1::-1] + first[2:] == second
        return swapped or first[1:] == second[1:]
    return first[1:] == second or first == second[1:]


@lru_cache(maxsize=1)
def _spelled_right() -> frozenset[str]:
    return frozenset(
        word for (row,) in read_table("planning/spelled_right.txt") for word in row.split()
    )
