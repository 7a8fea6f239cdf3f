"""Emoji names and keywords in English and Chinese (CLDR, by way of emojibase), found by code point
or by icon name."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

GROUP_KINDS = {
    "smileys-emotion": "face", "people-body": "person", "animals-nature": "animal", "food-drink": "food",
    "travel-places": "place", "activities": "activity", "objects": "object", "symbols": "symbol", "flags": "flag",
}  # fmt: skip
# Where a subgroup is something else than its group.
SUBGROUP_KINDS = {
    "cat-face": "animal", "monkey-face": "animal", "heart": "heart", "emotion": "symbol", "hand-fingers-open": "hand",
    "hand-fingers-partial": "hand", "hand-single-finger": "hand", "hand-fingers-closed": "hand", "hands": "hand",
    "hand-prop": "hand", "body-parts": "object", "plant-flower": "plant", "plant-other": "plant", "dishware": "object",
    "transport-ground": "vehicle", "transport-water": "vehicle", "transport-air": "vehicle", "hotel": "object",
    "time": "object", "sky-weather": "weather", "keycap": "letter", "alphanum": "letter",
}  # fmt: skip
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
    """What is drawn, coarsely: face, person, hand, animal, plant, food, place, vehicle, weather,
    object ..."""
    tone: str
    """Skin tone in English, or empty."""


class EmojiNames:
    """The emoji of emojibase, by code and by the many names that icon sets give them."""

    def __init__(self, entries: Iterable[EmojiEntry], names: Mapping[str, str]):
        """`names` maps further names (any spelling) to codes."""
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
        """Remember that `name` (any spelling) means the emoji `code`; the first meaning of a name
        wins."""
        if normal_hex(code) in self.by_hex:
            self._hex_by_name.setdefault(glued(name), normal_hex(code))

    def by_code(self, code: str) -> EmojiEntry | None:
        return self.by_hex.get(normal_hex(code))

    def by_label(self, label: str) -> EmojiEntry | None:
        """The emoji whose CLDR name is exactly this; nicknames such as "in" for the flag of India
        do not count."""
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
    """A name's letters and digits only, lower case, without accents: icon sets differ in all the
    rest."""
    plain = unicodedata.normalize("NFKD", name.replace("&", " and "))
    return re.sub(r"[^a-z0-9#*+]", "", plain.lower().replace("’", ""))


def read_emojibase(files: Mapping[str, bytes]) -> EmojiNames:
    """Entries and names from the files of the npm package emojibase-data."""
    english = json.loads(files["en/data.json"])
    chinese = {item["hexcode"]: item for item in _flat(json.loads(files["zh/data.json"]))}
    meta = json.loads(files["meta/groups.json"])
    entries: list[EmojiEntry] = []
    names: dict[str, str] = {}
    for item in english:
        if "group" not in item:  # regional indicators: half a flag
            continue
        base = _entry(item, chinese.get(item["hexcode"], {}), meta)
        entries.append(base)
        names.setdefault(item["label"], item["hexcode"])
        if item["label"].startswith("flag: "):
            for form in ("flag for {}", "flag of {}", "{} flag"):
                names.setdefault(form.format(item["label"][6:]), item["hexcode"])
        for skin in item.get("skins", []):
            names.setdefault(skin["label"], skin["hexcode"])
            entries.append(_toned(base, skin, chinese.get(skin["hexcode"], {})))
    for path in sorted(files):
        if path.startswith(("en/shortcodes/", "meta/unicode-names")) and path.endswith(".json"):
            for code, given in json.loads(files[path]).items():
                for name in [given] if isinstance(given, str) else given:
                    names.setdefault(name, code)
    return EmojiNames(entries, names)


def _flat(items: list[dict[str, object]]) -> Iterable[dict[str, object]]:
    for item in items:
        yield item
        skins = item.get("skins", [])
        assert isinstance(skins, list)
        yield from skins


def _entry(
    item: dict[str, object], chinese: Mapping[str, object], meta: dict[str, dict[str, str]]
) -> EmojiEntry:
    group = meta["groups"][str(item["group"])]
    subgroup = meta["subgroups"][str(item["subgroup"])]
    label = str(item["label"])
    kind = SUBGROUP_KINDS.get(subgroup, GROUP_KINDS.get(group, "symbol"))
    if CLOCK_FACE.search(label):
        kind = "clock"
    code = normal_hex(str(item["hexcode"]))
    return EmojiEntry(
        hex=code, base=code, en=english_phrase(label), zh=chinese_phrase(str(chinese.get("label", ""))),
        en_keywords=_keywords(item), zh_keywords=_keywords(chinese), group=group, subgroup=subgroup, kind=kind, tone="",
    )  # fmt: skip


def _keywords(item: Mapping[str, object]) -> tuple[str, ...]:
    tags = item.get("tags", [])
    assert isinstance(tags, list)
    return tuple(str(tag) for tag in tags)


def _toned(base: EmojiEntry, skin: dict[str, object], chinese: Mapping[str, object]) -> EmojiEntry:
    tones = TONE_EN.findall(str(skin["label"]))
    mixed = isinstance(skin.get("tone"), list) and len(set(tones)) > 1
    return replace(
        base, hex=normal_hex(str(skin["hexcode"])), en=english_phrase(str(skin["label"])),
        zh=chinese_phrase(str(chinese.get("label", ""))), tone="mixed" if mixed else (tones or ["mixed"])[0],
    )  # fmt: skip


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
        people = " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
        return {"family": f"family, {people}", "kiss": f"{people} kissing"}.get(
            head, f"{head}, {people}"
        )
    tones = [part for part in parts if part.endswith("skin tone")]
    looks = [part for part in parts if part not in tones]
    for look in looks:
        if look == "bald":
            head = f"bald {head}"
        else:
            head = f"{head} with {look}" if look.endswith(("hair", "beard")) else f"{head}, {look}"
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
