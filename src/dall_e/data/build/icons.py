"""Icon packages to drawings: what each file shows, in words, before anything is rendered."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from dall_e.data.build.catalogue import Source
from dall_e.data.build.emoji_names import EmojiEntry, EmojiNames
from dall_e.text.tables import read_table

TONES = ("light", "medium-light", "medium", "medium-dark", "dark")
ANIMATION = re.compile(r"<animate[^>]*/>|<animate\w*[^>]*>.*?</animate\w*>", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a picture shows, in both languages."""

    en: str
    kind: str
    zh: str = ""
    zh_source: str = ""
    """How the Chinese was found.

    That is "cldr" by code, "cldr-name" by the same English name, or "hand" from the word list.
    """
    hex: str = ""
    en_keywords: tuple[str, ...] = ()
    zh_keywords: tuple[str, ...] = ()
    group: str = ""
    subgroup: str = ""
    tone: str = ""


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """One picture of a source that is worth rendering."""

    source: Source
    name: str
    """Unique within the source."""
    data: bytes
    is_svg: bool
    facts: Facts


@dataclass(frozen=True, kw_only=True)
class Skip:
    """One picture of a source that is left out, and why."""

    name: str
    reason: str


def facts_of_emoji(entry: EmojiEntry) -> Facts:
    """Everything known about an emoji."""
    return Facts(
        en=entry.en,
        kind=entry.kind,
        zh=entry.zh,
        zh_source="cldr" if entry.zh else "",
        hex=entry.hex,
        en_keywords=entry.en_keywords,
        zh_keywords=entry.zh_keywords,
        group=entry.group,
        subgroup=entry.subgroup,
        tone=entry.tone,
    )


@dataclass(frozen=True, kw_only=True)
class Word:
    """A line of the hand-made word list."""

    en: str
    zh: str
    kind: str


class Vocabulary:
    """Words by hand and by CLDR: from an English name to Chinese and to the kind of thing."""

    def __init__(self, emoji: EmojiNames):
        self.emoji = emoji
        self.words = {word.en: word for word in _read_words()}
        self.icons = _read_icon_names()
        known = " ".join([*self.words, *(entry.en for entry in emoji.by_hex.values())])
        self.known = frozenset(re.findall(r"[a-z]+", known.lower())) - {"o", "s", "skin", "tone"}

    def facts(self, en: str, kind: str) -> Facts:
        """Facts about an English name; `kind` is used where the name tells nothing better."""
        word = self.words.get(en)
        if word:
            return Facts(en=en, zh=word.zh, zh_source="hand", kind=word.kind or kind)

        # Group, keywords and code belong to the emoji, not to this picture of another set.
        entry = self.emoji.by_label(en) or (self.emoji.by_name(en) if " " in en else None)
        if entry:
            zh_source = "cldr-name" if entry.zh else ""
            return Facts(en=en, zh=entry.zh, zh_source=zh_source, kind=entry.kind)

        # Of an unknown compound, the last word tells the kind.
        head = en.split()[-1] if en else ""
        for known in (self.words.get(head), self.emoji.by_label(head)):
            if known and known.kind:
                return Facts(en=en, kind=known.kind)
        return Facts(en=en, kind=kind)


def _read_words() -> Iterator[Word]:
    """The hand-made word list."""
    for cells in read_table("data/build/words_zh.txt"):
        yield Word(en=cells[0], zh=cells[1], kind=cells[2])


def _read_icon_names() -> dict[tuple[str, str], str]:
    """(source, icon) -> English name, from the list of icons of general use."""
    return {(cells[0], cells[1]): cells[2] for cells in read_table("data/build/icon_names.txt")}


# Icon sets


def iconify_drawings(
    source: Source, files: Mapping[str, bytes], vocabulary: Vocabulary
) -> Iterator[Drawing | Skip]:
    """The icons of an @iconify-json package.

    Emoji sets are matched by code or name, others through the icon list.
    """
    icons = json.loads(files["icons.json"])
    codes = {name: code for code, name in json.loads(files.get("chars.json", b"{}")).items()}

    # An alias is another name, or the mirror image of an icon.
    aliases: dict[str, list[str]] = {}
    flipped: dict[str, str] = {}
    for alias, target in icons.get("aliases", {}).items():
        if target.get("hFlip"):
            flipped[alias] = target["parent"]
        elif len(target) == 1:
            aliases.setdefault(target["parent"], []).append(alias)

    for name in sorted([*icons["icons"], *flipped]):
        icon = icons["icons"][flipped.get(name, name)]
        if icon.get("hidden"):
            continue
        names = [name, *aliases.get(name, [])]
        facts = _icon_facts(source, name, names, codes.get(name, ""), vocabulary)
        if isinstance(facts, Skip):
            yield facts
        else:
            svg = _svg(icon, icons, flip=name in flipped)
            yield Drawing(source=source, name=name, data=svg.encode(), is_svg=True, facts=facts)


def _svg(icon: Mapping[str, object], icons: Mapping[str, object], *, flip: bool) -> str:
    """An icon's body as a whole SVG; icons that are not square get a square view box."""

    def number(key: str, default: object) -> float:
        return float(str(icon.get(key, icons.get(key, default))))

    left, top, width = number("left", 0), number("top", 0), number("width", 16)
    height = number("height", icons.get("width", 16))
    side = max(width, height)
    box = f"{left - (side - width) / 2:g} {top - (side - height) / 2:g} {side:g} {side:g}"

    # Animations start invisible: show every part, and let none of them move.
    body = str(icon["body"])
    if "<animate" in body:
        body = ANIMATION.sub("", body)
        body = re.sub(r'\b((?:stroke-|fill-)?opacity)="0(?:\.0*)?"', r'\1="1"', body)
    if flip:
        body = f'<g transform="translate({2 * left + width:g} 0) scale(-1 1)">{body}</g>'
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'width="{side:g}" height="{side:g}" viewBox="{box}">{body}</svg>'
    )


def _icon_facts(
    source: Source, name: str, names: Sequence[str], code: str, vocabulary: Vocabulary
) -> Facts | Skip:
    """What an icon shows, by its code or by one of its names."""
    if source.suffix and not name.endswith(source.suffix):
        return Skip(name=name, reason=f"name does not end in {source.suffix}")
    if source.listed:
        listed = vocabulary.icons.get((source.name, name.removesuffix(source.suffix)))
        if listed is None:
            return Skip(name=name, reason="not in the list of icons of general use")
        return vocabulary.facts(listed, kind="icon")
    if source.name == "circle-flags":
        if len(name) != 2:
            return Skip(name=name, reason="not the flag of a country")
        names, code = (), _flag_code(name)

    emoji = vocabulary.emoji
    entry = emoji.by_code(code) if code else None
    for candidate in names:
        # Some sets number their variants: "man-farmer-1".
        unnumbered = re.sub(r"-[1-9]$", "", candidate)
        entry = entry or emoji.by_name(candidate) or emoji.by_name(unnumbered)
    return _checked(source, name, entry, vocabulary)


def _flag_code(country: str) -> str:
    """The code of a flag: a regional indicator for each letter of the country's code."""
    letters = [letter for letter in country if "a" <= letter <= "z"]
    return "-".join(f"{0x1F1E6 + ord(letter) - ord('a'):X}" for letter in letters)


def _checked(
    source: Source, name: str, entry: EmojiEntry | None, vocabulary: Vocabulary
) -> Facts | Skip:
    """Facts about an emoji, unless it is unknown or of a skin tone that is not picked for it."""
    if entry is None:
        known = vocabulary.icons.get((source.name, name))
        if known is None:
            return Skip(name=name, reason="no known emoji")
        entry = vocabulary.emoji.by_label(known)
        return facts_of_emoji(entry) if entry else vocabulary.facts(known, kind="object")
    if entry.tone and entry.tone != picked_tone(source.name, entry.base):
        return Skip(name=name, reason="a skin tone besides the one picked")
    if set(re.findall(r"\w+", entry.en.lower())) & {"regional"}:
        return Skip(name=name, reason="half a flag")
    return facts_of_emoji(entry)


def picked_tone(source: str, base: str) -> str:
    """The one skin tone of an emoji that a source contributes; over the sources, all occur."""
    digest = hashlib.sha256(f"tone/{source}/{base}".encode()).digest()
    return TONES[digest[0] % len(TONES)]


def raster_drawings(
    source: Source, files: Mapping[str, bytes], vocabulary: Vocabulary
) -> Iterator[Drawing | Skip]:
    """Picture files that are named by code, as in "1f170-fe0f.webp"."""
    for path in sorted(files):
        stem, _, extension = path.rpartition("/")[2].rpartition(".")
        if extension not in ("webp", "png"):
            continue
        facts = _checked(source, stem, vocabulary.emoji.by_code(stem), vocabulary)
        if isinstance(facts, Skip):
            yield facts
        else:
            yield Drawing(source=source, name=stem, data=files[path], is_svg=False, facts=facts)
