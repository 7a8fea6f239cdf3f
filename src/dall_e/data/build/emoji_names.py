"""Emoji names and keywords in English and Chinese, found by code point or by icon name.

They are those of Unicode CLDR, by way of emojibase.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

GROUP_KINDS = {
    "smileys-emotion": "face", "people-body": "person", "animals-nature": "animal",
    "food-drink": "food", "travel-places": "place", "activities": "activity", "objects": "object",
    "symbols": "symbol", "flags": "flag",
}  # fmt: skip
SUBGROUP_KINDS = {
    "cat-face": "animal", "monkey-face": "animal", "heart": "heart", "emotion": "symbol",
    "hand-fingers-open": "hand", "hand-fingers-partial": "hand", "hand-single-finger": "hand",
    "hand-fingers-closed": "hand", "hands": "hand", "hand-prop": "hand", "body-parts": "object",
    "plant-flower": "plant", "plant-other": "plant", "dishware": "object",
    "transport-ground": "vehicle", "transport-water": "vehicle", "transport-air": "vehicle",
    "hotel": "object", "time": "object", "sky-weather": "weather", "keycap": "letter",
    "alphanum": "letter",
}  # fmt: skip
"""Where a subgroup is something else than its group."""

CLOCK_FACE = re.compile(r"(o’clock|-thirty)$")
TONE_EN = re.compile(r"(medium-light|medium-dark|light|medium|dark) skin tone")


@dataclass(frozen=True, kw_only=True)
class EmojiEntry:
    """One emoji, or one skin tone of it."""

    hex: str
    """Code points joined by hyphens, upper case, without the variation selector FE0F."""
    base: str
    """`hex` of the emoji without skin tone."""
    en: str
    """CLDR short name in English, rewritten as a phrase."""
    zh: str
    """CLDR short name in Chinese, rewritten as a phrase; empty if there is none."""
    en_keywords: tuple[str, ...]
    zh_keywords: tuple[str, ...]
    group: str
    subgroup: str
    kind: str
    """What is drawn, coarsely: face, person, animal, plant, food, place, vehicle, object ..."""
    tone: str
    """Skin tone in English, or empty."""


class EmojiNames:
    """The emoji of emojibase, by code and by the many names that icon sets give them."""

    def __init__(self, entries: Iterable[EmojiEntry], names: Mapping[str, str]):
        """Know emoji by their own names, and by further `names` (any spelling) of a code."""
        self.by_hex = {entry.hex: entry for entry in entries}
        self._hex_by_label = {
            entry.en.lower(): entry.hex for entry in reversed(self.by_hex.values())
        }
        self._hex_by_name: dict[str, str] = {}
        for entry in self.by_hex.values():
            self.learn(entry.en, entry.hex)
        for name, code in names.items():
            self.learn(name, code)

    def learn(self, name: str, code: str) -> None:
        """Remember that `name` (any spelling) means the emoji `code`.

        The first meaning of a name wins.
        """
        if normal_hex(code) in self.by_hex:
            self._hex_by_name.setdefault(glued(name), normal_hex(code))

    def by_code(self, code: str) -> EmojiEntry | None:
        """The emoji of a code, however that is spelt."""
        return self.by_hex.get(normal_hex(code))

    def by_label(self, label: str) -> EmojiEntry | None:
        """The emoji whose CLDR name is exactly this.

        Nicknames such as "in" for the flag of India do not count.
        """
        code = self._hex_by_label.get(label.lower())
        return self.by_hex[code] if code else None

    def by_name(self, name: str) -> EmojiEntry | None:
        """The emoji of this name; spaces, hyphens, accents and case do not matter."""
        code = self._hex_by_name.get(glued(name))
        return self.by_hex[code] if code else None


def normal_hex(code: str) -> str:
    """One spelling for a code: upper case, hyphens, no variation selectors."""
    parts = re.split(r"[-_ ]+", code.upper())
    return "-".join(part.lstrip("0").rjust(4, "0") for part in parts if part != "FE0F")


def glued(name: str) -> str:
    """A name's letters and digits only, in lower case and without accents.

    Icon sets differ in all the rest.
    """
    plain = unicodedata.normalize("NFKD", name.replace("&", " and "))
    return re.sub(r"[^a-z0-9#*+]", "", plain.lower().replace("’", ""))


def read_emojibase(files: Mapping[str, bytes]) -> EmojiNames:
    """Entries and names from the files of the npm package emojibase-data."""
    chinese = {}
    for item in json.loads(files["zh/data.json"]):
        for form in (item, *item.get("skins", [])):
            chinese[form["hexcode"]] = form

    meta = json.loads(files["meta/groups.json"])
    entries: list[EmojiEntry] = []
    names: dict[str, str] = {}
    for item in json.loads(files["en/data.json"]):
        # Regional indicators have no group: each is half a flag.
        if "group" not in item:
            continue
        label, code = item["label"], item["hexcode"]
        base = _entry(item, chinese.get(code, {}), meta)
        entries.append(base)
        names.setdefault(label, code)
        if label.startswith("flag: "):
            for form in ("flag for {}", "flag of {}", "{} flag"):
                names.setdefault(form.format(label[6:]), code)
        for skin in item.get("skins", []):
            names.setdefault(skin["label"], skin["hexcode"])
            entries.append(_toned(base, skin, chinese.get(skin["hexcode"], {})))

    for name, code in _further_names(files):
        names.setdefault(name, code)
    return EmojiNames(entries, names)


def _further_names(files: Mapping[str, bytes]) -> Iterator[tuple[str, str]]:
    """Names and codes from the lists of short codes and of Unicode names."""
    for path in sorted(files):
        if path.startswith(("en/shortcodes/", "meta/unicode-names")) and path.endswith(".json"):
            for code, names in json.loads(files[path]).items():
                for name in [names] if isinstance(names, str) else names:
                    yield name, code


def _entry(
    item: dict[str, object], chinese: Mapping[str, object], meta: dict[str, dict[str, str]]
) -> EmojiEntry:
    """An emoji without skin tone, from its English and its Chinese item."""
    group = meta["groups"][str(item["group"])]
    subgroup = meta["subgroups"][str(item["subgroup"])]
    label = str(item["label"])
    kind = SUBGROUP_KINDS.get(subgroup, GROUP_KINDS.get(group, "symbol"))
    if CLOCK_FACE.search(label):
        kind = "clock"
    code = normal_hex(str(item["hexcode"]))
    return EmojiEntry(
        hex=code,
        base=code,
        en=english_phrase(label),
        zh=chinese_phrase(str(chinese.get("label", ""))),
        en_keywords=_keywords(item),
        zh_keywords=_keywords(chinese),
        group=group,
        subgroup=subgroup,
        kind=kind,
        tone="",
    )


def _keywords(item: Mapping[str, object]) -> tuple[str, ...]:
    """The tags of an item."""
    tags = item.get("tags", [])
    assert isinstance(tags, list)
    return tuple(str(tag) for tag in tags)


def _toned(base: EmojiEntry, skin: dict[str, object], chinese: Mapping[str, object]) -> EmojiEntry:
    """An emoji with a skin tone; people of several tones are "mixed"."""
    label = str(skin["label"])
    tones = TONE_EN.findall(label)
    is_mixed = isinstance(skin.get("tone"), list) and len(set(tones)) > 1
    return replace(
        base,
        hex=normal_hex(str(skin["hexcode"])),
        en=english_phrase(label),
        zh=chinese_phrase(str(chinese.get("label", ""))),
        tone=tones[0] if tones and not is_mixed else "mixed",
    )


def english_phrase(label: str) -> str:
    """A CLDR label as words that one would say: "man: red hair" -> "man with red hair"."""
    label = re.sub(r" \(.*\)|[“”\"]", "", label).replace("’", "'")
    head, _, rest = label.partition(": ")
    if not rest:
        return label
    parts = rest.split(", ")
    if head == "flag":
        return f"flag of {rest}"
    if head == "keycap":
        return f"keycap {rest}"
    if head in ("family", "kiss", "couple with heart") and "tone" not in rest:
        *others, last = parts
        people = f"{', '.join(others)} and {last}" if others else last
        return f"{people} kissing" if head == "kiss" else f"{head}, {people}"

    tones = [part for part in parts if part.endswith("skin tone")]
    for look in parts:
        if look in tones:
            continue
        if look == "bald":
            head = f"bald {head}"
        elif look.endswith(("hair", "beard")):
            head = f"{head} with {look}"
        else:
            head = f"{head}, {look}"
    return ", ".join([head, *tones])


def chinese_phrase(label: str) -> str:
    """A Chinese CLDR label as one would write it: "旗: 法国" -> "法国国旗"."""
    label = re.sub(r"\(.*\)|（.*）|[“”]", "", label)
    head, _, rest = re.sub(r"[:：]\s*", ": ", label).partition(": ")
    if not rest:
        return label
    if head == "旗":
        return rest if rest.endswith("旗") else f"{rest}国旗"
    if head == "按键":
        return f"按键 {rest}"

    tone = re.search(r"(较浅|中等-浅|中等-深|中等|较深)肤色", rest)
    look = re.sub(r"[,，、\s]*(较浅|中等-浅|中等-深|中等|较深)肤色[,，、\s]*", "", rest)
    if head in ("家庭", "亲吻", "情侣"):
        return f"{head}，{rest}"
    if look:
        head = f"{look}的{head}" if look.startswith("面向") else f"{look}{head}"
    return f"{head}，{tone.group()}" if tone else head
