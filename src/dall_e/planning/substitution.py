"""What of a prompt is read as something else: the nearest known thing for every unknown noun."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from dall_e.planning.grammar_en import English
from dall_e.planning.nearest import Nearest, substitutes_en, substitutes_zh
from dall_e.planning.vocabulary import Vocabulary
from dall_e.text.language import is_chinese
from dall_e.text.patterns import any_of

_WORDS = re.compile(r"[\w'-]+|[^\w\s]")
_SOMEBODYS = frozenset(("hair", "头发", "发丝"))
"""What somebody has anyway: nobody with long hair has a wig beside them."""
_FULL_NAME = re.compile(r"\b([A-Z][a-z]+) ([A-Z][a-z]+)\b")


def substitutes_for(
    text: str, unread: Sequence[str], vocabulary: Vocabulary, *, nothing_read: bool
) -> dict[str, Nearest]:
    """Find what to read instead of words of a text that no rule read, by the words in lower case.

    unread: these words. nothing_read: whether no rule read any thing of the text.
    """
    unread = [word for word in unread if nothing_read or not _is_somebodys(word)]
    if is_chinese(text):
        runs = [word for word in unread if word in text]
        return substitutes_zh(text, runs, vocabulary, nothing_read=nothing_read)

    # Not the words for its place, and not the second name of somebody.
    grammar, lower = English(vocabulary), text.lower()
    words = {word.lower() for word in unread}
    if grammar.find_place(lower):
        words = {word for word in words if not grammar.find_place(f"in the {word}")}
    words -= {last.lower() for first, last in _FULL_NAME.findall(text) if first.lower() in words}
    return substitutes_en(_WORDS.findall(lower), frozenset(words), vocabulary)


def _is_somebodys(word: str) -> bool:
    return word.lower() in _SOMEBODYS or word.endswith("头发")


def with_substitutes(text: str, substitutes: Mapping[str, Nearest]) -> str:
    """Return a text with what is read instead of its words: English words, Chinese characters."""
    edge = "" if is_chinese(text) else r"\b"
    words = any_of(substitutes)
    pattern = re.compile(f"{edge}(?:{words}){edge}", re.IGNORECASE)
    said = {word.lower(): nearest.said for word, nearest in substitutes.items()}
    return pattern.sub(lambda match: said[match[0].lower()], text)
