"""The project's own drawings: an SVG for each thing, with names in `drawings/names.tsv`.

Series have folders of their own within it, each with its `names.tsv`: `drawings/animals` are
animals that do what people do, `drawings/people` people at what they do.
"""

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
    """Read all files of the set by name, those of series by "series/name"."""
    folder = resources.files("dall_e.data.build") / FOLDER
    files: dict[str, bytes] = {}
    for path in folder.iterdir():
        if path.is_dir():
            files |= {f"{path.name}/{each.name}": each.read_bytes() for each in path.iterdir()}
        else:
            files[path.name] = path.read_bytes()
    return files


def read_names(files: Mapping[str, bytes]) -> Iterator[dict[str, str]]:
    """Read the rows of each `names.tsv`, each by column; files of series are "series/name"."""
    for name in sorted(files):
        series, _, file = name.rpartition("/")
        if file == NAMES:
            table = io.StringIO(files[name].decode("utf-8"))
            for row in csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE):
                yield row | {"file": f"{series}/{row['file']}" if series else row["file"]}


def own_drawings(
    source: Source, files: Mapping[str, bytes], vocabulary: Vocabulary
) -> Iterator[Drawing | Skip]:
    """The drawings of single things.

    Places are left out, as they are painted behind things, and so is what another set draws as an
    emoji of the same name: two designs behind one name would blur.
    """
    for row in read_names(files):
        name = row["file"].rpartition("/")[2]
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
            svg = files[f"{row['file']}.svg"]
            yield Drawing(source=source, name=name, data=svg, is_svg=True, facts=facts)


def _listed(cell: str) -> tuple[str, ...]:
    """Words of a cell, which has commas of either language between them."""
    return tuple(word.strip() for word in cell.replace("，", ",").split(",") if word.strip())
