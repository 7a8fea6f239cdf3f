"""The normal form of a prompt: plain characters, names for emoji, simplified Chinese, no marks."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from dall_e.text.emoji_words import name_emoji
from dall_e.text.language import Language, is_chinese
from dall_e.text.prompt_marks import without_marks
from dall_e.text.tables import read_table

LONGEST = 1_000
"""Characters of a prompt that are read. A model has room for some dozens of words."""

_LONG_NUMBER = re.compile(r"(\d{12})\d+")
"""Digits of which the first ones say enough."""
_QUOTES = str.maketrans("‘’‚‛“”„‟‐‑‒", "''''\"\"\"\"---")
_CHINESE_SIGNS = re.compile("([，。、！？：；（）]+)")
"""Signs that the rules of Chinese know, and whose normal form would be that of English."""
_ENGLISH_SIGNS = str.maketrans({"，": ", ", "、": ", ", "。": ". ", "؛": "; ", "،": ", "})
_MINUS = re.compile(r"(?<!\S)-(?=\d)")
"""A hyphen that makes a number negative."""
_LISTING = re.compile(r"(?<=[^\W\d_])(?<!\bw)\s*[/+]\s*(?=[^\W\d_])")
"""What some people write between two words of a list."""
_LOOSE_QUOTES = re.compile(r"(?<![\w-])'|'(?![\w-])")
"""Those that are no apostrophe of a word."""
_MARKS = re.compile("[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u20d0-\u20f0\ufe20-\ufe2f]")
"""Marks over and under letters. What is left of them after composing is in no word."""
_UNSEEN = ("Cf", "Cs")
"""Unicode categories of what only steers others: zero-width spaces, directions, tags."""
_SYMBOLS = ("So", "Sm", "Sk", "Sc", "Cn", "Co")
"""Unicode categories of signs that are no part of a word."""
_OTHER = re.compile(r"[^\x20-\x7e\w，。、！？：；（）]")


@dataclass(frozen=True, kw_only=True)
class NormalForm:
    """What is read of a prompt, and what is not."""

    text: str
    """What is read; empty if nothing is left."""
    written: str
    """The same, as long, in the characters of the prompt: traditional Chinese is as it was."""
    ignored: tuple[str, ...]
    """What was left out."""

    def as_written(self, words: Iterable[str]) -> list[str]:
        """Return words of `text`, in any case, as the prompt has them; of equal ones the next.

        A word that `text` does not have, as it was put into other words, stays as it is.
        """
        lower = self.text.lower()
        if len(lower) != len(self.written):
            return list(words)
        found, position = [], 0
        for word in words:
            at = lower.find(word.lower(), position)
            at = lower.find(word.lower()) if at < 0 else at
            if at < 0:
                found.append(word)
                continue
            position = at + len(word)
            found.append(self.written[at:position])
        return found


@lru_cache(maxsize=64)
def normal_form(prompt: str) -> NormalForm:
    """Bring a prompt to its normal form, in a time that grows with its length."""
    text, rest = _cut(_LONG_NUMBER.sub(r"\1", prompt))
    language: Language = "zh" if is_chinese(text) else "en"
    text, marks = without_marks(text.translate(_QUOTES), "" if language == "zh" else " ")
    text = _LISTING.sub("、" if language == "zh" else ", ", _MINUS.sub("−", text))
    text, tones = name_emoji(text, language)

    if language == "zh":
        parts = _CHINESE_SIGNS.split(text)
        text = "".join(
            part if _CHINESE_SIGNS.match(part) else unicodedata.normalize("NFKC", part)
            for part in parts
        )
    else:
        text = unicodedata.normalize("NFKC", text.translate(_ENGLISH_SIGNS))
    # A sign may become a long sentence.
    text = _MARKS.sub("", text)[: 2 * LONGEST].translate(_QUOTES)

    symbols: list[str] = []

    def kept(match: re.Match[str]) -> str:
        category = unicodedata.category(match[0])
        if category in _SYMBOLS:
            symbols.append(match[0])
        is_blank = match[0].isspace() or category in (*_SYMBOLS, "Cc")
        return " " if is_blank else "" if category in _UNSEEN else match[0]

    text = _LOOSE_QUOTES.sub(" ", _OTHER.sub(kept, text))
    text = re.sub(r"\s+", " ", text)
    written = re.sub(r" (?=[,;.!?，。])", "", text).strip(" ,;")
    return NormalForm(
        text=written.translate(_simplified()),
        written=written,
        ignored=(*marks, *tones, *symbols, *filter(None, [rest])),
    )


def _cut(prompt: str) -> tuple[str, str]:
    """The part of a prompt that is read, whole words, and the rest."""
    if len(prompt) <= LONGEST:
        return prompt, ""
    blank = prompt.rfind(" ", LONGEST // 2, LONGEST)
    stop = blank if blank > 0 else LONGEST
    return prompt[:stop], prompt[stop:].strip()


@lru_cache(maxsize=1)
def _simplified() -> dict[int, str]:
    """The simplified character of each traditional one."""
    rows = read_table("text/traditional_zh.txt")
    return {ord(pair[0]): pair[1] for (line,) in rows for pair in line.split()}
