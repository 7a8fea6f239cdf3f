"""What a drawing shows, from its code, its name or the word lists."""

import json

import pytest

from dall_e.data.build.catalogue import SOURCES
from dall_e.data.build.clipart import ROOT, clipart_drawings
from dall_e.data.build.emoji_names import EmojiEntry, EmojiNames
from dall_e.data.build.icons import Drawing, Skip, Vocabulary, iconify_drawings, picked_tone
from dall_e.text.tables import read_table

BY_NAME = {source.name: source for source in SOURCES}


def entry(en: str, zh: str, code: str, **more: str) -> EmojiEntry:
    settings = {"base": code, "group": "g", "subgroup": "s", "kind": "animal", "tone": "", **more}
    return EmojiEntry(hex=code, en=en, zh=zh, en_keywords=(), zh_keywords=(), **settings)


@pytest.fixture
def vocabulary() -> Vocabulary:
    cat, flag = (
        entry("cat face", "猫脸", "1F431"),
        entry("flag of India", "印度国旗", "1F1EE-1F1F3", kind="flag"),
    )
    hands = [
        entry(f"hand, {tone} skin tone", "手", f"270B-{tone}", base="270B", tone=tone)
        for tone in ("light", "dark")
    ]
    return Vocabulary(EmojiNames([cat, flag, *hands], {"kitty": "1F431", "in": "1F1EE-1F1F3"}))


def icons(*names: str, **more: object) -> dict[str, bytes]:
    bodies = {name: {"body": f"<path id='{name}'/>"} for name in names}
    return {"icons.json": json.dumps({"icons": bodies, "width": 16, "height": 16, **more}).encode()}


def found(drawings: object) -> tuple[dict[str, Drawing], dict[str, str]]:
    items = list(drawings)  # type: ignore[call-overload]
    kept = {item.name: item for item in items if isinstance(item, Drawing)}
    return kept, {item.name: item.reason for item in items if isinstance(item, Skip)}


def test_names_aliases_numbers_and_mirrored_icons_are_understood(vocabulary: Vocabulary) -> None:
    aliases = {"kitty": {"parent": "odd"}, "cat-face-2": {"parent": "odd", "hFlip": True}}
    kept, skipped = found(
        iconify_drawings(
            BY_NAME["noto-v1"], icons("odd", "CatFace-1", "nothing", aliases=aliases), vocabulary
        )
    )
    assert {name: drawing.facts.hex for name, drawing in kept.items()} == dict.fromkeys(
        ["odd", "CatFace-1", "cat-face-2"], "1F431"
    )
    assert b"scale(-1 1)" in kept["cat-face-2"].data and b"scale" not in kept["odd"].data
    assert skipped == {"nothing": "no known emoji"}


def test_one_skin_tone_is_picked_by_source(vocabulary: Vocabulary) -> None:
    files = icons("hand-light-skin-tone", "hand-dark-skin-tone")
    kept, skipped = found(iconify_drawings(BY_NAME["noto"], files, vocabulary))
    assert len(kept) + len(skipped) == 2 and len(kept) <= 1
    assert len({picked_tone(source, "270B") for source in BY_NAME}) > 2


def test_listed_sets_take_only_what_is_listed(vocabulary: Vocabulary) -> None:
    kept, skipped = found(
        iconify_drawings(
            BY_NAME["flat-color-icons"], icons("alarm-clock", "add-column"), vocabulary
        )
    )
    assert kept["alarm-clock"].facts.zh == "闹钟" and kept["alarm-clock"].facts.zh_source == "hand"
    assert list(skipped) == ["add-column"]


def test_animations_are_shown_whole(vocabulary: Vocabulary) -> None:
    files = icons("sunset-fill")
    animated = "<animate attributeName='opacity' values='0;1'/>"
    body = f"<g opacity='1'><path opacity=\"0\">{animated}</path></g>"
    files["icons.json"] = files["icons.json"].replace(
        b"<path id='sunset-fill'/>", json.dumps(body)[1:-1].encode()
    )
    kept, _ = found(iconify_drawings(BY_NAME["meteocons"], files, vocabulary))
    assert b"animate" not in kept["sunset-fill"].data and b'opacity="1"' in kept["sunset-fill"].data


def clip(title: str = "", body: str = "<path/>") -> bytes:
    return f"<svg><dc:title>{title}</dc:title>{body}</svg>".encode()


def test_clip_art_is_named_by_title_or_file_and_filtered(vocabulary: Vocabulary) -> None:
    files = {
        "animals/rabbit_anna_01.svg": clip("Various Cliparts"),
        "food/x.svg": clip("Red apple"),
        "food/flute_in.svg": clip("in"),
        "food/lion.svg": clip("Lion"),
        "tools/label.svg": clip("hammer", "<text>x</text>"),
        "special/hammer.svg": clip("hammer"),
        "unsorted/gatto.svg": clip("Gatto"),
    }
    kept, skipped = found(
        clipart_drawings(
            BY_NAME["openclipart"], {ROOT + name: data for name, data in files.items()}, vocabulary
        )
    )
    assert {name: drawing.facts.en for name, drawing in kept.items()} == {
        "animals/rabbit_anna_01.svg": "rabbit",
        "food/x.svg": "red apple",
        "food/flute_in.svg": "flute",
    }
    assert skipped == {
        "food/lion.svg": "title and folder disagree",
        "tools/label.svg": "contains text",
        "special/hammer.svg": "folder left out",
        "unsorted/gatto.svg": "no usable title",
    }


def test_at_most_twelve_clips_share_a_title(vocabulary: Vocabulary) -> None:
    files = {f"{ROOT}animals/rabbit_{number}.svg": clip("rabbit") for number in range(20)}
    kept, _ = found(clipart_drawings(BY_NAME["openclipart"], files, vocabulary))
    assert len(kept) == 12


def test_the_word_lists_are_well_formed() -> None:
    words = list(read_table("data/build/words_zh.txt"))
    assert all(len(row) == 3 and row[0] == row[0].lower() for row in words)
    assert all(row[1] or row[2] == "quality" for row in words)
    assert len({row[0] for row in words}) == len(words), "a word is listed twice"
    listed = list(read_table("data/build/icon_names.txt"))
    assert all(len(row) == 3 and row[0] in BY_NAME for row in listed)
    assert len({(row[0], row[1]) for row in listed}) == len(listed), "an icon is listed twice"
    assert all(len(row) == 2 for row in read_table("text/measures_zh.txt"))
    for language in ("en", "zh"):
        rows = list(read_table(f"text/synonyms_{language}.txt"))
        assert all(len(row) >= 2 and all(row) for row in rows)
        assert len({row[0] for row in rows}) == len(rows)
