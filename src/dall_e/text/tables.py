"""Hand-made word tables: text files of the package, one row a line, cells between bars."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources


def read_table(name: str) -> Iterator[list[str]]:
    """Yield the rows of a table of the package, by its path in it."""
    return table_rows(resources.files("dall_e").joinpath(name).read_text(encoding="utf-8"))


def table_rows(text: str) -> Iterator[list[str]]:
    """Yield the rows of a table; blank lines and lines that start with # are notes."""
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            yield [cell.strip() for cell in line.split("|")]
