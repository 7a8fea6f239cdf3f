"""Text files of people: bytes to text, in whatever encoding they were saved.

UTF-8 is tried first, then UTF-16 by its zeros. What is left goes to charset-normalizer, which says
what the bytes could be. A caption is often too short for it to decide, so of what it holds for
possible the encoding is taken whose characters are most usual in its language.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from typing import NamedTuple

from charset_normalizer import from_bytes

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""Byte order marks; that of UTF-32 begins as that of UTF-16 does."""

# The lead bytes of the characters that each of these encodings sorts first, as the usual ones. What
# comes first here wins a draw.
_USUAL_LEADS = {
    "gb18030": range(0xB0, 0xD8),
    "cp932": range(0x88, 0x98),
    "big5": range(0xA4, 0xC7),
    "euc_jp": range(0xB0, 0xD0),
    "cp949": range(0xB0, 0xC9),
}
_HIGH_TRAILS = ("gb18030", "euc_jp", "cp949")
"""Encodings whose usual characters have a second byte of at least 0xA1."""
_ENCODINGS = [*_USUAL_LEADS, "cp1252", "cp1251"]
_WIDE = ("utf-16-le", "utf-16-be")
_SAMPLE = 1 << 16
_CLOSE = 0.08
"""Two encodings whose disorder (charset-normalizer's "chaos") differs by less are both possible."""
_SURE = 0.5
"""A reading that is less plausible than this is doubted."""
_VERY_SURE = 0.9
"""As plausible as this, another encoding is more likely than damaged UTF-8."""
_PUNCTUATION = frozenset(
    "“”‘’„–—…•€™，。、！？：；（）「」『』《》・ー～　" + "".join(map(chr, range(0xA0, 0xC0)))
)


class DecodedText(NamedTuple):
    """A text, and what its file is in."""

    text: str
    """Without byte order mark."""
    encoding: str
    """In Python's spelling; "utf-8" also for plain ASCII."""
    damaged: bool
    """Whether some bytes were none of this encoding's, and are now U+FFFD."""


def decode_text(data: bytes) -> DecodedText:
    """The text of a file. Never raises: bytes that mean nothing become U+FFFD."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _decoded(data, encoding)

    # Zeros are in no text but UTF-16 and UTF-32.
    if b"\0" in data:
        return _decoded(data, _wide_encoding(data))
    text = _strict(data, "utf-8")
    if text is None:
        return _decoded(data, _encoding_of(data))

    # A few Chinese words in GBK happen to be good UTF-8 as well, of letters that make no word.
    if not text.isascii() and _is_doubtful(text) and _plausibility(data, "gb18030") == 1:
        return _decoded(data, "gb18030")
    return DecodedText(text, "utf-8", damaged=False)


def _decoded(data: bytes, encoding: str) -> DecodedText:
    text = data.decode(encoding, "replace")
    name = "utf-8" if encoding == "utf-8-sig" else encoding
    return DecodedText(text.lstrip("\ufeff"), name, damaged="\ufffd" in text)


def _strict(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def _wide_encoding(data: bytes) -> str:
    """Which UTF-16 or UTF-32 a text with zeros and no mark is in; UTF-8 if in none."""
    for encoding in ("utf-32-le", "utf-32-be"):
        if _strict(data, encoding) is not None:
            return encoding

    def usual(encoding: str) -> float:
        text = data[:_SAMPLE].decode(encoding, "replace")
        values = [
            float(letter.isprintable() or letter in "\t\r\n")
            if letter.isascii()
            else _usualness(text, index, encoding)
            for index, letter in enumerate(text)
        ]
        return sum(values) / len(values)

    if len(data) % 2:
        return "utf-8"
    return max(_WIDE, key=usual)


def _is_doubtful(text: str) -> bool:
    """Whether the letters above ASCII do not go together, and none is of a script as Chinese."""
    if any(letter >= "\u0800" for letter in text):
        return False
    values = [_fits_in_word(text, i) for i, letter in enumerate(text) if letter > "\x7f"]
    return sum(values) / len(values) < _SURE


def _encoding_of(data: bytes) -> str:
    """The encoding of what is no good UTF-8; that may be damaged UTF-8 too."""
    text = data.decode("utf-8", "replace")
    good = [letter for letter in text if letter > "\x7f" and letter != "\ufffd"]
    high = sum(byte > 0x7F for byte in data)
    is_mostly_utf8 = sum(len(letter.encode()) for letter in good) * 2 > high
    scores = _scores(data)
    best = max(scores, key=lambda name: scores[name], default="utf-8")
    least = _VERY_SURE if is_mostly_utf8 else 0.01
    return best if scores.get(best, 0.0) >= least else "utf-8"


def _scores(data: bytes) -> dict[str, float]:
    """How plausible each of the encodings is that the bytes may be in; first what wins a draw."""
    sample = data[:_SAMPLE]
    matches = list(from_bytes(sample, cp_isolation=_ENCODINGS))
    least = min((match.chaos for match in matches), default=0.0)
    possible = {match.encoding for match in matches if match.chaos <= least + _CLOSE}
    # Texts of a few bytes may be too odd for the library, whatever they are in.
    names = ["cp1252"] if possible else _ENCODINGS
    possible.update(name for name in names if _strict(sample, name) is not None)
    if len(sample) % 2 == 0:
        possible.update(_WIDE)
    scores = {
        name: round(_plausibility(sample, name), 2)
        for name in (*_ENCODINGS, *_WIDE)
        if name in possible
    }
    # Any text of an even length is some UTF-16.
    return {
        name: score for name, score in scores.items() if name not in _WIDE or score >= _VERY_SURE
    }


def _plausibility(data: bytes, encoding: str) -> float:
    """How usual the characters above ASCII are in the languages of an encoding, from -1 to 1."""
    text = data.decode(encoding, "replace")
    values = [
        _usualness(text, index, encoding) for index, letter in enumerate(text) if letter > "\x7f"
    ]
    # What is no text at all counts too: control characters come of reading with the wrong one.
    values += [-1.0 for letter in text if letter < " " and letter not in "\t\r\n"]
    if encoding in _USUAL_LEADS and encoding != "cp949":
        # Only Korean has spaces between its words.
        values += [-1.0] * len(re.findall(r"(?<=[^\x00-\x7f]) (?=[^\x00-\x7f])", text))
    return sum(values) / len(values) if values else 0.0


def _usualness(text: str, index: int, encoding: str) -> float:
    letter = text[index]
    if letter in _PUNCTUATION:
        return 0.9
    if encoding in ("cp1252", "cp1251"):
        return _fits_in_word(text, index)
    encoding = "gb18030" if encoding in _WIDE else encoding

    name = unicodedata.name(letter, "")
    if name.startswith(("HIRAGANA", "KATAKANA")):
        return 1.1 if encoding in ("cp932", "euc_jp") else 0.1
    if name.startswith("HANGUL SYLLABLE") and encoding != "cp949":
        return 0.1
    if not name.startswith(("CJK UNIFIED", "HANGUL SYLLABLE")):
        return 0.0 if name.startswith(("HALFWIDTH", "FULLWIDTH")) else -0.5
    lead, *trail = letter.encode(encoding, "ignore") or b"\0"
    is_usual = lead in _USUAL_LEADS[encoding]
    alone = len(text) > 1 and sum(other > "\x7f" for other in text) == 1
    if is_usual and alone and trail and trail[0] < 0x80:
        return 0.6  # "°C" is more often a degree than the one Chinese character of a text.
    if encoding in _HIGH_TRAILS:
        is_usual = is_usual and len(trail) == 1 and trail[0] >= 0xA1
    return 1.0 if is_usual else 0.1


def _fits_in_word(text: str, index: int) -> float:
    """Whether a letter above ASCII stands in a word of its own script and case."""
    letter = text[index]
    if letter in _PUNCTUATION:
        return 0.9
    if letter in "×÷":
        beside = text[:index][-1:] + text[index + 1 :][:1]
        return -0.5 if any(other.isalpha() for other in beside) else 0.9
    if not letter.isalpha():
        return -0.5
    before = re.findall(r"\w*$", text[:index])[0]
    after = re.findall(r"^\w*", text[index + 1 :])[0]
    others = [other for other in before + after if other.isalpha()]
    if not others:
        return 0.3

    # A capital inside a word of small letters, two scripts in one word: read with the wrong one.
    script = unicodedata.name(letter, "").split(" ")[0]
    same = all(unicodedata.name(other, "").split(" ")[0] == script for other in others)
    odd_case = letter.isupper() and before and not before.isupper()
    if odd_case or not same:
        return -0.5
    is_mostly_plain = sum(other.isascii() for other in others) * 2 >= len(others)
    return 1.0 if is_mostly_plain or script != "LATIN" else 0.2
