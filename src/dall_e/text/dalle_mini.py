"""Prompts as the captions were that DALL-E mini and mega were trained on.

They are lower case, ASCII, with commas as the only marks. The steps are those of
borisdayma/dalle-mini, `src/dalle_mini/model/text.py`, but for what only captions of data sets have.
Hashtags lose their mark and are not taken apart, which needs a list of word frequencies.
"""

from __future__ import annotations

import html
import re
import unicodedata

# Marks that stay for now, as characters that no ASCII text has.
_DOT, _QUOTE, _SLASH = "\ue000", "\ue001", "\ue002"
_RULES = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"<[^<]+?>", " "),  # markup
        (r"http\S+", ""),
        (r"(\d),(\d{3})", r"\1\2"),  # 1,000,000
        (r"(\d),(\d{3})", r"\1\2"),
        (r"(\w)\.(\w)", rf"\1{_DOT}\2"),  # 3.5
        (r"'(?=(?:[stdm]|ll|re|ve)\b)", _QUOTE),  # cat's, don't
        (r"(\d)/(\d)", rf"\1{_SLASH}\2"),  # 24/12
        (r"(\w)-(\w)", r"\1 \2"),
        (r"([%&/$*])", r" \1 "),
        (r"[_#\\]", " "),
        (r"['\"`]", ' " '),
        (r"[()\[\].,|:;?!=+~\-/{}]", ","),
        (_DOT, "."),
        (_QUOTE, "'"),
        (_SLASH, "/"),
        (r"(\D)\1{3,}", r"\1"),  # sooooo
        (r"(?:\s*\"+\s*)+", ' " '),
        (r"(?:\s*,+\s*)+", ", "),
        (r"\s+", " "),
    )
)
"""What is replaced, in this order."""


def normalised(text: str) -> str:
    """The prompt as the network knows prompts. Letters that have no ASCII form are lost."""
    unescaped = html.unescape(html.unescape(text))
    plain = to_ascii(named_emoji(unescaped)).lower()
    for pattern, replacement in _RULES:
        plain = pattern.sub(replacement, plain)
    return plain.strip().removesuffix(",").removeprefix(",").strip()


def to_ascii(text: str) -> str:
    """Letters without their accents.

    With the package `unidecode`, letters of other scripts are written by their sound.
    """
    try:
        from unidecode import unidecode
    except ImportError:
        return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return str(unidecode(text))


def named_emoji(text: str, mark: str = ":") -> str:
    """Emoji by their names between marks, if the package `emoji` is installed."""
    try:
        from emoji import demojize
    except ImportError:
        return text
    return str(demojize(text, delimiters=(mark, mark)))
