"""The project's own drawings: an SVG for each thing, with names in `drawings/names.tsv`."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from importlib import resources

from dall_e.data.build.catalogue import Source
from dall_e.data.build.icons import Drawing, Facts, Skip, Vocabulary

FOLDER, NAMES = "drawings", "names.tsv"

GROUP_KINDS = {
    "building": "place",
    "landscape": "place",
    "vehicle": "vehicle",
    "animal": "animal",
    "food": "food",
    "plant": "plant",
    "person": "person",
    "sport": "activity",
}
"""Groups of `names.tsv` as kinds of captions; things of all other groups are objects."""


def read_drawn_set() -> dict[str, bytes]:
    """Read all files of the set, by name."""
    folder = resources.files("dall_e.data.build") / FOLDER
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def read_names(files: Mapping[str, bytes]) -> Iterator[dict[str, str]]:
    """Read the rows of `names.tsv`, each by column."""
    table = io.StringIO(files[NAMES].decode("utf-8"))
    yield from csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE)


def own_drawings(
    source: Source, files: Mapping[str, bytes], vocabulary: Vocabulary
) -> Iterator[Drawing | Skip]:
    """The drawings of single things.

    Places are left out, as they are painted behind things, and so is what another set draws as an
    emoji of the same name: two designs behind one name would blur.
    """
    for row in read_names(files):
        name = row["file"]
        if row["group"] == "place":
            yield Skip(name=name, reason="a place")
        elif vocabulary.emoji.by_label(row["en"]):
            yield Skip(name=name, reason="an emoji of this name is in the other sets")
        else:
            facts = Facts(
                en=row["en"],
                zh=row["zh"],
                zh_source="hand",
                kind=GROUP_KINDS.get(row["group"], "object"),
                en_keywords=_listed(row["synonyms_en"]),
                zh_keywords=_listed(row["synonyms_zh"]),
                group=row["group"],
            )
            svg = files[f"{name}.svg"]
            yield Drawing(source=source, name=name, data=svg, is_svg=True, facts=facts)


def _listed(cell: str) -> tuple[str, ...]:
    """Words of a cell, which has commas of either language between them."""
    return tuple(word.strip() for word in cell.replace("，", ",").split(",") if word.strip())
