"""Names of pictures that are as long as a sentence, found before any rule takes them apart.

"bride throwing her bouquet" is one picture. A prompt may say it with other articles, as "the bride
is throwing a bouquet", and still means it. Acts, clothes and parts that are words of such a name
are no words of their own.
"""

from __future__ import annotations

import re
from functools import lru_cache

from dall_e.planning.face_words import as_face
from dall_e.planning.vocabulary import Vocabulary
from dall_e.text.language import COUNT_EN, Language

_WORD = re.compile(r"[a-z0-9'-]+")
_LITTLE = frozenset("a an the his her its their my is are was one some".split())
"""Words with which a name is said as well as without them."""
_USUAL = {
    "puppy": "dog", "pup": "dog", "kitten": "cat", "kitty": "cat", "bunny": "rabbit",
    "kid": "child", "bike": "bicycle", "veterinarian": "vet", "photo": "picture",
    "repairing": "fixing", "mending": "fixing", "tv": "television", "plane": "airplane",
    "policeman": "officer", "mom": "woman", "mum": "woman", "mother": "woman", "mommy": "woman",
    "dad": "man", "father": "man", "daddy": "man", "lady": "woman", "guy": "man",
}  # fmt: skip
"""Words that mean the same on a picture."""
_LITTLE_ZH = re.compile("正在|[在着了的]|[一这那][只个位名头条匹张群对]")
_NUMBER = re.compile(f"{COUNT_EN} ")
_FEWEST, _MOST = 3, 12
"""Words of a long name, little ones aside."""
_FEWEST_WRITTEN = 4
"""Words, all of them, of names that are looked for as they are written."""
_FEWEST_ZH, _MOST_ZH = 5, 16
"""Characters of a long name."""
_LONGEST_PROMPT = 300
"""In characters: a longer one tells of many things, and would take long to be searched."""
_ALIVE = ("animal", "person", "face")


def with_long_name(text: str, vocabulary: Vocabulary, language: Language) -> str:
    """Return a prompt whose longest such name is spelled as the vocabulary spells it.

    In Chinese the whole prompt has to be the name, and becomes that of the picture. What is
    said of a face is its name, too.
    """
    if len(text) > _LONGEST_PROMPT:
        return text
    text = as_face(text, vocabulary, language)
    if language == "zh":
        name = _long_names_zh(vocabulary).get(_plain_zh(text), "")
        return vocabulary.thing(name).zh if name else text
    words = [match for match in _WORD.finditer(text.lower()) if match[0] not in _LITTLE]
    if len(words) < _FEWEST:
        return text
    known = _long_names_en(vocabulary)
    for length in range(min(_MOST, len(words)), _FEWEST - 1, -1):
        for first in range(len(words) - length + 1):
            some = words[first : first + length]
            said = " ".join(match[0] for match in some)
            name = known.get(said) or known.get(_in_usual_words(said), "")
            start, stop = some[0].start(), some[-1].end()
            # A comma is no part of a name.
            if name and "," not in text[start:stop]:
                if _NUMBER.match(name):  # A pair is one picture.
                    name = vocabulary.words_en[name]
                return f"{text[:start]}{name}{text[stop:]}"
    return text


def _in_usual_words(said: str) -> str:
    """A name with other words for those that most names have: a puppy is a dog."""
    return " ".join(_USUAL.get(word, word) for word in said.split(" "))


def long_names(text: str, vocabulary: Vocabulary, language: Language) -> list[tuple[int, int, str]]:
    """Return where a text in lower case has long names of somebody, with the pictures' names."""
    if len(text) > _LONGEST_PROMPT:
        return []
    if language == "zh":
        name = vocabulary.words_zh.get(text, "")
        is_long = len(text) >= _FEWEST_ZH and _is_alive(name, vocabulary)
        return [(0, len(text), name)] if is_long else []
    spans = [match.span() for match in _WORD.finditer(text)]
    found: list[tuple[int, int, str]] = []
    position = 0
    while position < len(spans):
        step = 1
        for length in range(min(_MOST, len(spans) - position), _FEWEST_WRITTEN - 1, -1):
            start, stop = spans[position][0], spans[position + length - 1][1]
            name = vocabulary.words_en.get(text[start:stop], "")
            if _is_alive(name, vocabulary):
                found.append((start, stop, name))
                step = length
                break
        position += step
    return found


def _is_alive(name: str, vocabulary: Vocabulary) -> bool:
    return name != "" and vocabulary.thing(name).kind in _ALIVE


@lru_cache(maxsize=4)
def _long_names_en(vocabulary: Vocabulary) -> dict[str, str]:
    """Long names as they are written, by their words without the little ones."""
    known: dict[str, str] = {}
    for word, name in vocabulary.words_en.items():
        if word.count(" ") >= _FEWEST - 1 and _is_alive(name, vocabulary):
            words = [each for each in _WORD.findall(word) if each not in _LITTLE]
            if len(words) >= _FEWEST:
                known.setdefault(" ".join(words), word)
    usual = {
        _in_usual_words(said): word
        for said, word in reversed(known.items())
        if not _USUAL.keys().isdisjoint(said.split(" "))
    }
    return usual | known


@lru_cache(maxsize=4)
def _long_names_zh(vocabulary: Vocabulary) -> dict[str, str]:
    """The names of pictures by their long Chinese names without the little characters."""
    return {
        _plain_zh(word): name
        for word, name in reversed(vocabulary.words_zh.items())
        if _FEWEST_ZH <= len(word) <= _MOST_ZH and _is_alive(name, vocabulary)
    }


def _plain_zh(text: str) -> str:
    return _LITTLE_ZH.sub("", text)
