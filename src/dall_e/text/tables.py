"""Hand-made word tables: text files of the package, one row a line, cells between bars."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources


def read_table(name: str) -> Iterator[list[str]]:
    """Rows of a table, by its path in the package.

    Blank lines and lines that start with # are notes.
    """
    text = resources.files("dall_e").joinpath(name).read_text(encoding="utf-8")
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            yield [cell.strip() for cell in line.split("|")]
