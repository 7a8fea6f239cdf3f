"""An English prompt in plain words, before anything else is read of it: colours, patterns and
places by the names that are known, and nothing that cannot be shown.
"""

from __future__ import annotations

import re

from dall_e.planning.phrases_en import attribute_of
from dall_e.planning.shown_parts import without_shown_parts
from dall_e.planning.vocabulary import Vocabulary
from dall_e.planning.wording.colour_names import with_known_colours
from dall_e.planning.wording.laid_tables import with_things_on_table
from dall_e.text.bearing import without_bearing
from dall_e.text.language import Language
from dall_e.text.plain_looks import in_plain_looks

_DRESSED = re.compile(r"\b(?:in|wearing|wears) (?:an?|the|his|her) [\w' -]+ with ")
"""Where parts of clothes are said, which are no things of who wears them."""
_FORM = re.compile(
    r"\b(?P<form>square|round|oval|rectangular) (?P<looks>(?:[a-z]+ ){1,2}?)(?P<noun>[a-z]+)\b"
)
"""A form before other adjectives: "a round red table"."""
_LONGEST = 500
"""Characters of a prompt that is put into other words: longer ones are no sentences."""


def said_plainly(
    text: str, language: Language, vocabulary: Vocabulary
) -> tuple[str, tuple[str, ...]]:
    """Return an English prompt in words that are read, and the words that nothing can show.

    It is as it was if there is nothing to change, and if it is the name of a thing. Chinese stays.
    """
    lower = text.lower()
    is_name = re.sub("^(?:an?|the) ", "", lower) in vocabulary.words_en
    if language == "zh" or is_name or len(text) > _LONGEST:
        return text, ()
    plain, unseen = without_bearing(with_known_colours(lower, vocabulary))
    plain = with_things_on_table(in_plain_looks(plain), vocabulary)
    plain = _with_forms_last(plain, vocabulary)
    if _DRESSED.search(plain):
        plain = without_shown_parts(plain, vocabulary, "en")
    return (text if plain == lower else plain), unseen


def _with_forms_last(text: str, vocabulary: Vocabulary) -> str:
    """A text with forms before their nouns, where a thing is called so: "a red round table"."""

    def turned(match: re.Match[str]) -> str:
        form, looks, noun = match.groups()
        words = vocabulary.words_en
        is_called = f"{form} {noun}" in words and match[0] not in words
        is_looks = all(attribute_of(word) for word in looks.split())
        return f"{looks}{form} {noun}" if is_called and is_looks else match[0]

    return _FORM.sub(turned, text)
