"""What is drawn for a word that a model does not know: the nearest thing that it does know.

Tables have what is near a word: `nearest_by_hand.txt`, `nearest_en.txt` (from WordNet) and
`heads_zh.txt` (the last character of a Chinese word). What is near nothing stays unread: a wrong
picture is worse than none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from dall_e.planning.vocabulary import Vocabulary
from dall_e.text.language import (
    COLOURS_ZH,
    DENIAL_ZH,
    DENIALS_EN,
    NUMERALS_ZH,
    Language,
    plural_of,
    with_article,
)
from dall_e.text.tables import read_table

MOST = 3
"""Words of one prompt for which something else is drawn."""
_LONGEST_ZH = 6
"""Characters of the longest Chinese word of the tables."""
_FEWEST_ZH = 2
_LONGEST_PHRASE = 3
"""Words of the longest English phrase of the tables."""
_NOT_A_NOUN_BEHIND = frozenset(
    "to i you we they he she it who which can will does do very so".split()
).union(DENIALS_EN)
"""Behind one of these an English word is a verb, or is not to be drawn."""
_MADE = ("object", "vehicle", "food")
"""Kinds of things that are named after what is done with them, as a hunting knife."""
_BEFORE_NAMES = ("", "a", "an", "the")
"""Words behind which such a name starts."""
_ALIVE = ("animal", "person", "face")
"""Kinds of those who do something: a dragon flies."""
_DENIED_ZH = re.compile("没|无|不|别")
"""What is not to be drawn."""
_BEFORE_ZH = re.compile(
    rf"^(?:{DENIAL_ZH}(?:任何)?|[零无](?=.$)|[零0](?=[个只]))?"
    rf"(?:[{NUMERALS_ZH}几多\d]*[个只辆座艘条张把件朵棵头匹位名架台幅本杯碗块盏]|[大小])?"
)
"""What is said before a Chinese word: that it is not there, its number, its size."""


class Nearest(NamedTuple):
    """What a word is read as."""

    word: str
    """As the prompt has it."""
    said: str
    """What is drawn for it, in the words of the model: one or several, as the word says."""
    name: str
    """The name of that thing."""

    def in_words(self, language: Language = "en") -> str:
        """What happened, as whoever asked is told."""
        if language == "zh":
            return f"把“{self.word}”画成“{self.said}”"
        is_one_in_english = self.said == self.name
        return (
            f"drew {with_article(self.said) if is_one_in_english else self.said} for {self.word!r}"
        )


def nearest_name(word: str, vocabulary: Vocabulary, language: Language) -> Nearest | None:
    """What is known that is nearest to a word that is not known; None if nothing is near."""
    return _near_zh(word, vocabulary) if language == "zh" else _near_en(word, vocabulary)


def _near_en(word: str, vocabulary: Vocabulary) -> Nearest | None:
    """A thing that is near an English word. Of several things, several near ones."""
    names = _table_en().get(word.lower(), ())
    known = next((name for name in names if vocabulary.knows(name)), None)
    if known:
        return Nearest(word, known, known)
    names = _table_en().get(_singular(word.lower()), ())
    known = next((name for name in names if vocabulary.knows(name)), None)
    return Nearest(word, plural_of(known), known) if known else None


def _near_zh(word: str, vocabulary: Vocabulary) -> Nearest | None:
    """A thing that is near a Chinese word."""
    known = next((name for name in _by_hand().get(word, ()) if vocabulary.knows(name)), None)
    return Nearest(word, vocabulary.thing(known).zh, known) if known else None


def _by_head_zh(word: str, vocabulary: Vocabulary) -> Nearest | None:
    """The kind of thing that the last character of a Chinese word names."""
    word = _BEFORE_ZH.sub("", word)
    name = _heads_zh().get(word[-1:])
    if name is None or not vocabulary.knows(name) or not _FEWEST_ZH <= len(word) <= _LONGEST_ZH:
        return None
    return Nearest(word, vocabulary.thing(name).zh, name)


def has_nearest_en(word: str) -> bool:
    """Whether an English word has something near: then it is not misspelt."""
    return word in _table_en() or bool(_singular(word))


# In a prompt


def substitutes_en(
    tokens: Sequence[str], unread: frozenset[str], vocabulary: Vocabulary
) -> dict[str, Nearest]:
    """What to read instead of the words of an English prompt that no rule read, by word.

    Only nouns are replaced: a word behind "to", or that something does, is none. Of words that
    stand together the last one is the thing, but for phrases of the tables: a seat belt is no belt.
    """
    found = _phrases_en(tokens, vocabulary)
    found |= _kinds_en(tokens, unread, vocabulary, MOST - len(found))
    for position, word in enumerate(tokens):
        if len(found) == MOST or word not in unread or word in found:
            continue
        # What is known, and not read, is no thing of its own here: "with long hair".
        if word in vocabulary.words_en:
            continue
        before = tokens[position - 1] if position else ""
        after = tokens[position + 1] if position + 1 < len(tokens) else ""
        is_done = before in _NOT_A_NOUN_BEHIND or _is_done(word, before, vocabulary)
        near = None if is_done or _is_noun(after, vocabulary) else _near_en(word, vocabulary)
        if near:
            found[word] = near
    return found


def _phrases_en(tokens: Sequence[str], vocabulary: Vocabulary) -> dict[str, Nearest]:
    """What to read instead of phrases of several words whose last word alone would mislead."""
    found: dict[str, Nearest] = {}
    for length in range(_LONGEST_PHRASE, 1, -1):
        # Each once, in order: a long prompt says much again.
        runs = zip(*(tokens[start:] for start in range(length)), strict=False)
        for phrase in dict.fromkeys(map(" ".join, runs)):
            near = None if phrase in vocabulary.words_en else _near_en(phrase, vocabulary)
            if near and len(found) < MOST:
                found[phrase] = near
    return found


def _kinds_en(
    tokens: Sequence[str], unread: frozenset[str], vocabulary: Vocabulary, most: int
) -> dict[str, Nearest]:
    """Up to `most` things that are known, with a noun before them that says what kind they are.

    A soup spoon is a spoon. What has the name of its picture from elsewhere is not meant: no potato
    chip is a computer chip.
    """
    found: dict[str, Nearest] = {}
    for before, kind, noun, after in zip(
        ("", *tokens), tokens, tokens[1:], (*tokens[2:], ""), strict=False
    ):
        name = vocabulary.words_en.get(noun, "")
        if len(found) == most or kind not in unread or noun in unread or not name:
            continue
        thing = vocabulary.thing(name)
        # Who is taking bread takes it.
        is_made = kind.endswith("ing") and thing.kind in _MADE and before in _BEFORE_NAMES
        is_kind = is_made or _is_noun(kind, vocabulary)
        is_itself = noun in (name, thing.plural) and noun not in COLOURS_ZH
        is_kind = is_kind and not (noun == thing.plural and _is_alive(kind, vocabulary))
        if is_kind and is_itself and not _is_noun(after, vocabulary):
            found[f"{kind} {noun}"] = Nearest(f"{kind} {noun}", noun, name)
    return found


def _is_noun(word: str, vocabulary: Vocabulary) -> bool:
    return word in vocabulary.words_en or word in _table_en()


def _is_alive(word: str, vocabulary: Vocabulary) -> bool:
    name = vocabulary.words_en.get(word)
    return name is not None and vocabulary.thing(name).kind in _ALIVE


def _is_done(word: str, before: str, vocabulary: Vocabulary) -> bool:
    """Whether a word is what somebody does: a dog barks."""
    name = vocabulary.words_en.get(before)
    return name is not None and bool(_singular(word)) and not vocabulary.is_plural(before, name)


def substitutes_zh(
    text: str, runs: Sequence[str], vocabulary: Vocabulary, *, nothing_read: bool
) -> dict[str, Nearest]:
    """What to read instead of parts of a Chinese prompt that no rule read, by part.

    runs: these parts. nothing_read: whether the prompt names nothing that is known; only then its
    last characters count.
    """
    found: dict[str, Nearest] = {}
    for run in runs:
        near = _inside_zh(run, vocabulary) or _around_zh(text, run, vocabulary)
        if near is None and nothing_read and not _DENIED_ZH.search(run):
            near = _by_head_zh(run, vocabulary)
        if near and len(found) < MOST:
            found[near.word] = near
    return found


def _inside_zh(run: str, vocabulary: Vocabulary) -> Nearest | None:
    """The last and longest word of a run of characters that is near something."""
    for stop in range(len(run), 0, -1):
        for start in range(max(stop - _LONGEST_ZH, 0), stop):
            word = run[start:stop]
            near = _near_zh(word, vocabulary) if len(word) >= _FEWEST_ZH or word == run else None
            if near:
                return near
    return None


def _around_zh(text: str, run: str, vocabulary: Vocabulary) -> Nearest | None:
    """The longest word that a run of characters is a part of: no pollen is a flower."""
    first = text.find(run)
    for length in range(_LONGEST_ZH, len(run), -1):
        for start in range(max(first + len(run) - length, 0), first + 1):
            word = text[start : start + length]
            near = None if word in vocabulary.words_zh else _near_zh(word, vocabulary)
            if near:
                return near
    return None


# Tables


@lru_cache(maxsize=1)
def _by_hand() -> dict[str, tuple[str, ...]]:
    rows = read_table("planning/nearest_by_hand.txt")
    return {word: tuple(names) for word, *names in rows}


@lru_cache(maxsize=1)
def _table_en() -> dict[str, tuple[str, ...]]:
    rows = read_table("planning/nearest_en.txt")
    return {word: tuple(names) for word, *names in rows} | _by_hand()


def _singular(word: str) -> str:
    """The word of the table of which an English word is the plural; "" if it is none."""
    for end, instead in (("ies", "y"), ("ves", "f"), ("ves", "fe"), ("es", ""), ("s", "")):
        singular = word.removesuffix(end) + instead
        if word.endswith(end) and singular in _table_en() and plural_of(singular) == word:
            return singular
    return ""


@lru_cache(maxsize=1)
def _heads_zh() -> dict[str, str]:
    return {head: name for head, name in read_table("planning/heads_zh.txt")}
