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
_PLACES = {
    "\U0001f3d6": ("beach", "seaside", "沙滩", "海滩", "海边"),
    "\U0001f3dd": ("beach", "island", "沙滩", "海滩", "海岛", "岛上"),
    "\U0001f30a": ("beach", "sea", "ocean", "沙滩", "海滩", "海边", "海里"),
    "\U0001f3dc": ("desert", "沙漠"),
    "\U0001f3d5": ("campsite", "camping", "露营", "营地"),
    "\u26f0": ("mountains", "山里", "山上"),
    "\U0001f3d4": ("mountains", "山里", "山上", "雪山"),
    "\U0001f3d9": ("city", "城市"),
    "\U0001f3de": ("park", "公园"),
}
"""Emoji of places, and words that name the same place."""
_FAMILIES = {3: ("family of three", "一家三口"), 4: ("family of four", "一家四口")}
"""Families by how many emoji are joined."""
_IN_PLACE = re.compile(r"\b(?:at|in|on|by|to) (?:an? |the )?(?:[\w-]+ )?$")
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
        if _JOINER in match[0] and len(names) == 1:
            names = [_as_one(names[0], match[0], language, is_alone=is_alone)]
        if _is_said(match[0], text):
            parts.append(text[position : match.start()])
            position = match.end()
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


def _as_one(name: str, emoji: str, language: Language, *, is_alone: bool) -> str:
    """The name of a joined emoji that is no list: "family, man, woman and boy" is one of three."""
    column = 1 if language == "zh" else 0
    first, _, others = name.partition("，" if language == "zh" else ", ")
    families = _FAMILIES.get(emoji.count(_JOINER) + 1)
    if families and others and first in ("family", "家庭"):
        return families[column]
    return name if is_alone else first


def _is_said(emoji: str, text: str) -> bool:
    """Whether an emoji is that of a place which the words beside it name."""
    words = _PLACES.get(_SELECTORS.sub("", emoji), ())
    return any(
        word in text if not word.isascii() else _IN_PLACE.search(text[: match.start()].lower())
        for word in words
        for match in re.finditer(rf"\b{word}\b" if word.isascii() else word, text.lower())
    )


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
