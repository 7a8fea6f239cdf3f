"""Emoji in a text, read as their names: "a 🐱" is "a cat face", and 🐱🐱 are "2 cat faces"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from dall_e.text.language import QUANTITY_EN, Language, plural_of
from dall_e.text.tables import read_table

_TONES = {
    "\U0001f3fb": ("light skin tone", "较浅肤色"),
    "\U0001f3fc": ("medium-light skin tone", "中等-浅肤色"),
    "\U0001f3fd": ("medium skin tone", "中等肤色"),
    "\U0001f3fe": ("medium-dark skin tone", "中等-深肤色"),
    "\U0001f3ff": ("dark skin tone", "较深肤色"),
}
_JOINER = "\u200d"
_SELECTORS = re.compile("[\ufe0e\ufe0f]")
"""They choose between the picture and the sign of a character."""
_ONLY_IF_SELECTED = "©®™"
"""Signs of any text, which are emoji only where a selector says so."""
_TONE = re.compile(f"[{''.join(_TONES)}]")
_SEVERAL = re.compile(rf"(?:^|\s)(?:{QUANTITY_EN}|\d\d+)\s*$", re.IGNORECASE)
"""Before a name that stands in the plural."""
_LONGEST_NUMBER = 16
"""In characters, with blanks."""


@dataclass
class _Named:
    """One emoji of a text, or several equal ones side by side."""

    name: str
    count: int = 1


def name_emoji(text: str, language: Language) -> tuple[str, list[str]]:
    """Return a text with names instead of emoji, and what of the emoji was left out.

    The tone of skin is a part of a lone emoji's name; in a sentence it is left out. Emoji of
    sequences without a name are named one by one, and those without any name stay as they are.
    """
    matches = list(_cluster().finditer(text))
    is_alone = len(matches) == 1 and len(matches[0][0]) == len(text.strip())
    ignored: list[str] = []

    # Texts and emoji in turn
    parts: list[str | _Named] = []
    position = 0
    for match in matches:
        names, tone = _names_of(match[0], language)
        if not names:
            continue
        if tone and is_alone:
            names[-1] += ("，" if language == "zh" else ", ") + tone
        elif tone:
            ignored.append(tone)

        between = text[position : match.start()]
        for name in names:
            last = parts[-1] if parts else None
            if isinstance(last, _Named) and last.name == name and not between.strip():
                last.count += 1
            else:
                parts += [between, _Named(name)]
            between = ""
        position = match.end()
    return _joined([*parts, text[position:]], language), ignored


def _names_of(emoji: str, language: Language) -> tuple[list[str], str]:
    """The name of an emoji, or those of its parts; and its tone of skin, if it has just one."""
    tones = set(_TONE.findall(emoji))
    column = 1 if language == "zh" else 0
    tone = _TONES[tones.pop()][column] if len(tones) == 1 else ""

    bare = _TONE.sub("", _SELECTORS.sub("", emoji))
    known = _table()
    whole = [bare] if bare in known else bare.split(_JOINER)
    return [known[part][column] for part in whole if part in known], tone


def _joined(parts: list[str | _Named], language: Language) -> str:
    """One text. Neighbours are a list, and a name stands apart from a word."""
    pieces: list[str] = []
    is_behind_name = False
    for part in parts:
        if isinstance(part, str):
            if part.strip():
                needs_blank = is_behind_name and language == "en" and part[0].isalnum()
                pieces.append(f" {part}" if needs_blank else part)
                is_behind_name = False
            continue

        before = pieces[-1] if pieces else ""
        if is_behind_name:
            pieces.append("，" if language == "zh" else ", ")
        elif language == "en" and before and not before[-1].isspace():
            pieces.append(" ")
        pieces.append(_phrase(part, before, language))
        is_behind_name = True
    return "".join(pieces)


def _phrase(named: _Named, before: str, language: Language) -> str:
    """The name of an emoji, or of several, in the number that the words before it ask for."""
    if language == "zh":
        return named.name if named.count == 1 else f"{named.count}个{named.name}"
    if named.count > 1:
        return f"{named.count} {plural_of(named.name)}"
    return plural_of(named.name) if _SEVERAL.search(before[-_LONGEST_NUMBER:]) else named.name


@lru_cache(maxsize=1)
def _table() -> dict[str, tuple[str, str]]:
    """The English and the Chinese name of every emoji."""
    return {
        "".join(chr(int(part, 16)) for part in code.split("-")): (en, zh)
        for code, en, zh in read_table("text/emoji_names.txt")
    }


@lru_cache(maxsize=1)
def _cluster() -> re.Pattern[str]:
    """One emoji: a flag, a key, or characters that are joined, each with a tone of skin or not."""
    regional, tags = "\U0001f1e6-\U0001f1ff", "\U000e0020-\U000e007f"
    not_single = re.compile(rf"[\x00-\x7f\u20e3{_JOINER}{_ONLY_IF_SELECTED}{regional}{tags}]")
    single = "".join(sorted({sign for emoji in _table() for sign in not_single.sub("", emoji)}))

    one = rf"[{single}][\ufe0e\ufe0f]?{_TONE.pattern}?[\ufe0f]?"
    return re.compile(
        rf"[{regional}]{{2}}|[0-9#*]\ufe0f?\u20e3|\U0001f3f4[{tags}]+|[{_ONLY_IF_SELECTED}]\ufe0f"
        rf"|{one}(?:{_JOINER}{one})*|{_TONE.pattern}"
    )
