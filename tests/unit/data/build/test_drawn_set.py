"""The project's own drawings: every file has a row and keeps the rules of the set."""

import re
from xml.etree import ElementTree

import pytest

from dall_e.data.build.catalogue import SOURCES
from dall_e.data.build.drawn_set import GROUP_KINDS, own_drawings, read_drawn_set, read_names
from dall_e.data.build.emoji_names import EmojiEntry, EmojiNames
from dall_e.data.build.icons import Drawing, Skip, Vocabulary
from dall_e.data.build.rendering import Job, render_all

FILES = read_drawn_set()
ROWS = {row["file"]: row for row in read_names(FILES)}
DRAWN = {name.removesuffix(".svg"): data for name, data in FILES.items() if name.endswith(".svg")}
(SOURCE,) = (source for source in SOURCES if source.format == "drawings")
FORBIDDEN = ("Gradient", "<text", "<image", "<style", "<filter", "<script", "href", "opacity")


def test_every_file_has_a_row_and_every_row_a_file() -> None:
    assert DRAWN.keys() == ROWS.keys() and len(ROWS) > 1000


def test_names_are_whole_and_told_apart() -> None:
    single = [row for row in ROWS.values() if row["group"] != "place"]
    names = [row["en"].lower() for row in single]
    assert len(set(names)) == len(names)
    for row in ROWS.values():
        assert row["en"].strip() and row["measure"].strip() and row["group"].strip(), row
        assert re.search("[\u4e00-\u9fff]", row["zh"]) and not re.search("[a-z]", row["zh"]), row


@pytest.mark.parametrize("name", sorted(DRAWN))
def test_a_drawing_keeps_the_rules(name: str) -> None:
    text = DRAWN[name].decode("utf-8")
    root = ElementTree.fromstring(text)
    assert len(text) < 8000 and root.attrib["viewBox"] == "0 0 36 36"
    assert root[0].tag.endswith("title") and (root[0].text or "").strip()
    assert not [word for word in FORBIDDEN if word in text]
    for colour in ROWS[name]["recolour"].split(","):
        assert colour.strip().lower() in text.lower(), "what may be recoloured is in the drawing"


def drawings(*entries: EmojiEntry) -> dict[str, Drawing | Skip]:
    vocabulary = Vocabulary(EmojiNames(entries, {}))
    return {item.name: item for item in own_drawings(SOURCE, FILES, vocabulary)}


def test_places_and_what_other_sets_draw_are_left_out() -> None:
    broom = EmojiEntry(
        hex="1F9F9",
        base="1F9F9",
        en="broom",
        zh="扫帚",
        en_keywords=(),
        zh_keywords=(),
        group="objects",
        subgroup="household",
        kind="object",
        tone="",
    )
    assert isinstance(drawings()["broom"], Drawing)
    found = drawings(broom)
    assert isinstance(found["broom"], Skip) and isinstance(found["tennis-court"], Skip)
    lighthouse = found["lighthouse"]
    assert isinstance(lighthouse, Drawing)
    assert (lighthouse.facts.en, lighthouse.facts.zh) == ("lighthouse", "灯塔")
    assert lighthouse.facts.kind == GROUP_KINDS["building"] == "place"


def test_drawings_can_be_rendered() -> None:
    names = ("lighthouse", "cat-sleeping", "potion", "lawyer", "river")
    jobs = [Job(data=DRAWN[name], is_svg=True, crop=False, margin=0.0, size=48) for name in names]
    for rendering in render_all(jobs, workers=1):
        assert rendering.reason == "" and rendering.png
