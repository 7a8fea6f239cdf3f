"""Faces by what they express: 笑到流眼泪的脸 and "a face crying with laughter" are one picture.

The table `faces.txt` has what people say of an expression. It is looked up only where a prompt says
that it means a face, as the same words said of a cat or of a girl mean something else.
"""

from __future__ import annotations

import re
from functools import lru_cache

from dall_e.planning.vocabulary import Vocabulary
from dall_e.text.language import Language
from dall_e.text.tables import read_table

_FACE_ZH = re.compile(
    "(?:一[个张])?(?P<said>.+?)(?:的|着的)?(?:小黄脸|表情符号|表情包|表情|笑脸|面孔|脸蛋|脸|emoji)"
)
_FACE_EN = re.compile(
    r"(?:an? |the )?(?P<before>(?:[a-z'-]+ ){0,4})(?:face|smiley|emoji|emoticon|expression)"
    r"(?P<behind>(?:,? [a-z'-]+){0,9})"
)
_NEUTRAL = frozenset(
    "smiling smiley little round cute yellow funny cartoon very big so hard emoji and with the "
    "a an of in its his her from over out is that who".split()
)
"""Words beside an expression that change nothing."""


def as_face(text: str, vocabulary: Vocabulary, language: Language) -> str:
    """Return the name of a face's picture for a prompt that only says what it expresses."""
    if language == "zh":
        match = _FACE_ZH.fullmatch(text)
        name = _faces("zh").get(match["said"].removesuffix("的"), "") if match else ""
        is_known = name != "" and vocabulary.knows(name) and text not in vocabulary.words_zh
        return vocabulary.thing(name).zh if is_known else text
    lower = text.lower()
    match = _FACE_EN.fullmatch(lower)
    plain = re.sub("^(?:an?|the) ", "", lower)
    if not match or plain in vocabulary.words_en:
        return text
    said = f" {match['before'].strip()} {match['behind'].strip()} "
    for phrase in sorted(_faces("en"), key=len, reverse=True):
        if f" {phrase} " in said and vocabulary.knows(_faces("en")[phrase]):
            rest = said.replace(f" {phrase} ", " ", 1).split()
            if all(word.strip(",") in _NEUTRAL for word in rest):
                return _faces("en")[phrase]
    return text


@lru_cache(maxsize=2)
def _faces(language: Language) -> dict[str, str]:
    """The name of a face for each of its expressions."""
    column = 1 if language == "en" else 2
    found: dict[str, str] = {}
    for row in read_table("planning/faces.txt"):
        for words in (cell.strip() for cell in row[column].split(",")):
            found.setdefault(words, row[0])
    return found
