"""Names that a prompt writes in another way: "sun glasses", "icecream", "jack o lantern".

They are the same letters with and without blanks, hyphens and apostrophes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from dall_e.planning.lexicon import attributes, verbs
from dall_e.planning.vocabulary import Vocabulary
from dall_e.text.language import COLOURS_ZH, plural_of

_WORD = re.compile(r"[a-z0-9'-]+")
_BETWEEN_LETTERS = re.compile(r"[ '-]")
_MOST_WORDS, _LONGEST = 4, 8
"""Of a name that is looked for, and of one that may have such words in it."""
_FEWEST_LETTERS = 6
"""Of a name: shorter ones are too often something else, as "a corn"."""
_SHORTEST = 3
"""Letters of the first and the last word of a name: no mango is in "man go"."""
_LITTLE = frozenset(
    "and but for the his her its our are was has had not one two six ten can may out off any all "
    "who with from over into onto your their that this some each very".split()
)
"""Words that are no part of a name: no herring is in "her ring"."""
_ALIVE = ("animal", "person", "face")


def with_known_writing(text: str, vocabulary: Vocabulary) -> str:
    """Return an English text in lower case with its names written as the vocabulary has them."""
    spans = [match.span() for match in _WORD.finditer(text)]
    pieces: list[str] = []
    done = position = 0
    while position < len(spans):
        step = 1
        for length in range(min(_LONGEST, len(spans) - position), 0, -1):
            start, stop = spans[position][0], spans[position + length - 1][1]
            name = _known_as(text[start:stop], vocabulary)
            if name:
                pieces += [text[done:start], name]
                done, step = stop, length
                break
        position += step
    return "".join((*pieces, text[done:]))


def _known_as(said: str, vocabulary: Vocabulary) -> str:
    """Some words as the vocabulary writes them; "" if it does not have them."""
    if said in vocabulary.words_en:
        return said
    if said.endswith("'s") and " " not in said:
        return ""  # A pirate's hat is not the hat of pirates.
    written = _by_letters(vocabulary).get(_letters(said), "")
    words = said.split(" ")
    if not written or len(words) > _MOST_WORDS or any(map(_is_said_of_a_thing, (said, words[0]))):
        return ""
    return written if len(words) == 1 or _is_a_name(words, written, vocabulary) else ""


def _is_said_of_a_thing(word: str) -> bool:
    """Whether a word is an adjective or a verb: a blue bell is no bluebell."""
    return word in COLOURS_ZH or word in attributes("en") or word in verbs("en")[1]


def _is_a_name(words: Sequence[str], written: str, vocabulary: Vocabulary) -> bool:
    """Whether the words of a name are none of a sentence: a dragon flies, and is no dragonfly."""
    if any(word in _LITTLE for word in words) or min(map(len, (words[0], words[-1]))) < _SHORTEST:
        return False
    first = vocabulary.words_en.get(words[0])
    is_alive = first is not None and vocabulary.thing(first).kind in _ALIVE
    return not (is_alive and plural_of(written) == written)


def _letters(words: str) -> str:
    return _BETWEEN_LETTERS.sub("", words)


@lru_cache(maxsize=4)
def _by_letters(vocabulary: Vocabulary) -> dict[str, str]:
    """The English words for things by their letters alone, the likeliest word first."""
    found: dict[str, str] = {}
    for word in vocabulary.words_en:
        if word.count(" ") < _MOST_WORDS and len(letters := _letters(word)) >= _FEWEST_LETTERS:
            found.setdefault(letters, word)
    return found
