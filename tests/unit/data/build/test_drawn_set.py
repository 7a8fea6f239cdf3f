"""The project's own drawings: every file has a row and keeps the rules of the set."""

import io
import re
from xml.etree import ElementTree

import numpy as np
from PIL import Image

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
    assert len({name.rpartition("/")[2] for name in ROWS}) == len(ROWS)


def test_names_are_whole_and_told_apart() -> None:
    single = [row for row in ROWS.values() if row["group"] != "place"]
    names = [row["en"].lower() for row in single]
    assert len(set(names)) == len(names)
    for row in ROWS.values():
        assert row["en"].strip() and row["measure"].strip() and row["group"].strip(), row
        assert re.search("[\u4e00-\u9fff]", row["zh"]) and not re.search("[a-z]", row["zh"]), row


def test_drawings_keep_the_rules() -> None:
    broken = {name: rule for name in DRAWN if (rule := broken_rule(name))}
    assert not broken


def broken_rule(name: str) -> str:
    """Which rule of the set a drawing breaks; "" if it keeps them all."""
    text = DRAWN[name].decode("utf-8")
    root = ElementTree.fromstring(text)
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    if len(text) >= 8000 or not 36 <= width == height <= 48:
        return f"{len(text)} bytes in a box of {root.attrib['viewBox']}"
    if not root[0].tag.endswith("title") or not (root[0].text or "").strip():
        return "it has no title"
    if forbidden := [word for word in FORBIDDEN if word in text]:
        return f"it has {forbidden}"
    colours = [colour.strip().lower() for colour in ROWS[name]["recolour"].split(",")]
    lacking = [colour for colour in colours if colour not in text.lower()]
    return f"what may be recoloured is not in it: {lacking}" if lacking else ""


def test_drawings_do_not_reach_the_border_of_their_square() -> None:
    """Every fifteenth: what touches it looks cut. Busts end at the lower border, and may."""
    single = [name for name in sorted(DRAWN) if ROWS[name]["group"] != "place"][::15]
    jobs = [Job(data=DRAWN[name], is_svg=True, crop=False, margin=0.0, size=72) for name in single]
    for name, rendering in zip(single, render_all(jobs, 1), strict=True):
        alpha_SS = np.asarray(Image.open(io.BytesIO(rendering.png)))[..., 3]
        left_top_right = (alpha_SS[:, 0], alpha_SS[0], alpha_SS[:, -1])
        assert max(int(line_S[:-1].max()) for line_S in left_top_right) < 128, name


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
