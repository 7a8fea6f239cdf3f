"""Tables of captions in a folder of pictures: `metadata.jsonl`, `captions.csv` and their like.

`metadata.jsonl` and `metadata.csv` are as in Hugging Face's imagefolder: a row for each picture,
with its path in `file_name`, seen from the table's folder, and its caption in `text`.
"""

from __future__ import annotations

import csv
import io
import json
import posixpath
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from dall_e.data.caption_files import CAPTION_ENTRIES, Captions, captions_in, read_text
from dall_e.data.grouping import extension, stem
from dall_e.data.inventory import Inventory

TABLE_EXTENSIONS = (".jsonl", ".csv", ".tsv", ".json")
_TABLE_NAMES = ("metadata", "captions", "caption", "labels", "prompts")
LARGEST_TABLE = 1 << 30
"""Bytes."""
FILE_COLUMNS = (
    "file_name", "filename", "file", "image", "image_file", "image_path", "path", "picture", "img",
    "name", "id", "key",
)  # fmt: skip
"""Columns that are looked for the picture's path, in this order."""
TEXT_COLUMNS = (*CAPTION_ENTRIES, "label", "title", "sentence", "comment")
"""Columns that are looked for the caption, in this order."""
_DELIMITERS = ",\t;|"

Row = tuple[str, str]
"""A picture's path as the table has it, and its caption."""


def is_table(name: str) -> bool:
    """Whether a file is a table of captions, by its name."""
    base = stem(name).rpartition("/")[2].lower()
    return base in _TABLE_NAMES and extension(name) in TABLE_EXTENSIONS


class CaptionTables:
    """The captions that tables have for the pictures of a folder."""

    def __init__(self, images: Iterable[str], inventory: Inventory) -> None:
        """`images` are paths seen from the folder, with slashes."""
        self._inventory = inventory
        self._captions: dict[str, Captions] = {}
        self._names: dict[str, list[str]] = {}
        for image in images:
            base = image.rpartition("/")[2]
            # A row may name a picture by its path, without its ending, or without its folder.
            for name in dict.fromkeys((image, stem(image), "*/" + base, "*/" + stem(base))):
                self._names.setdefault(_same(name), []).append(image)

    def captions(self, image: str) -> Captions | None:
        """(the table's name, the captions) of a picture."""
        return self._captions.get(image)

    def read(self, table: str, content: bytes) -> None:
        """Take the captions of one more table; rows without a picture are counted as losses."""
        text = read_text(content, table, self._inventory)
        try:
            rows = list(self._rows(table, text))
        except (ValueError, csv.Error) as error:
            self._inventory.lose("table of captions that cannot be read", table, str(error))
            return

        found: dict[str, list[str]] = {}
        for name, caption in rows:
            image = self._image(name, table.rpartition("/")[0])
            if not image:
                self._inventory.lose(f"row of {table} whose picture is not there", name)
            elif captions := captions_in(caption):
                found.setdefault(image, []).extend(captions)
            else:
                self._inventory.note(f"row of {table} with an empty caption", name)
        for image, captions in found.items():
            source = table.rpartition("/")[2]
            self._captions.setdefault(image, (source, list(dict.fromkeys(captions))))

    def _image(self, name: str, folder: str) -> str:
        """The picture that a row means, or nothing."""
        name = posixpath.normpath(name.strip().replace("\\", "/"))
        base = name.rpartition("/")[2]
        for candidate in (posixpath.join(folder, name), name, "*/" + base):
            images = self._names.get(_same(candidate), [])
            if len(images) == 1:
                return images[0]
        return ""

    def _rows(self, table: str, text: str) -> Iterator[Row]:
        """The rows of a table. Raises ValueError if it is none."""
        if extension(table) == ".jsonl":
            for number, line in enumerate(text.split("\n"), 1):
                try:
                    yield from _json_rows(_parsed(line)) if line.strip() else ()
                except ValueError as error:
                    self._lose_row(table, number, str(error))
        elif extension(table) == ".json":
            yield from _json_rows(_parsed(text))
        else:
            yield from self._csv_rows(table, text)

    def _lose_row(self, table: str, number: int, why: str) -> None:
        kind = "row of a table of captions that cannot be read"
        self._inventory.lose(kind, f"{table}, line {number}", why)

    def _csv_rows(self, table: str, text: str) -> Iterator[Row]:
        lines = text.splitlines()
        first = next((line for line in lines if line.strip()), "")
        delimiter = max(_DELIMITERS, key=first.count)
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        header = [cell.strip().lower() for cell in next(rows, [])]
        columns = _columns(header)
        if columns is None:
            # Without a head, the first column has paths and the second has captions.
            if not header or len(header) < 2 or not self._image(header[0], ""):
                raise ValueError(_no_columns(header))
            columns = 0, 1
            rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        file_column, text_column = columns
        for row in rows:
            if not any(cell.strip() for cell in row):
                continue
            if len(row) <= max(columns):
                self._lose_row(table, rows.line_num, f"it has {len(row)} cells only")
                continue
            yield row[file_column], row[text_column]


def _columns(names: Sequence[str]) -> tuple[int, int] | None:
    """(the column of paths, the column of captions) of these names."""
    file = next((name for name in FILE_COLUMNS if name in names), "")
    text = next((name for name in TEXT_COLUMNS if name in names and name != file), "")
    return (names.index(file), names.index(text)) if file and text else None


def _no_columns(names: Sequence[str]) -> str:
    return (
        f"no column with paths ({', '.join(FILE_COLUMNS[:4])}) and one with captions "
        f"({', '.join(TEXT_COLUMNS[:4])}) among {', '.join(names)[:80] or 'none'}"
    )


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("too deep") from error


def _json_rows(value: Any) -> Iterator[Row]:
    """Rows of an object of a picture, a list of such, or an object of captions by picture."""
    if isinstance(value, list):
        for item in value:
            yield from _json_rows(item)
        return
    if not isinstance(value, dict):
        raise ValueError(f"not a JSON object but {str(value)[:60]!r}")

    names = [str(name).lower() for name in value]
    columns = _columns(names)
    cells = list(value.values())
    if columns:
        yield str(cells[columns[0]]), _joined(cells[columns[1]])
    elif all(isinstance(cell, str | list) for cell in cells):
        yield from ((name, _joined(cell)) for name, cell in value.items())
    elif all(isinstance(cell, dict) for cell in cells):
        for name, cell in value.items():
            yield from _json_rows({"file_name": name, **cell})
    else:
        raise ValueError(_no_columns(names))


def _joined(value: Any) -> str:
    """A caption, or several, one a line."""
    if isinstance(value, list):
        return "\n".join(_joined(item) for item in value)
    return value if isinstance(value, str) else ""


def _same(name: str) -> str:
    return unicodedata.normalize("NFC", name)
