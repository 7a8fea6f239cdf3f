"""Fields of JSON that somebody may have edited: each is checked, and named where it is wrong."""

from __future__ import annotations

import json
import math
import reprlib
from collections.abc import Mapping, Sequence
from typing import Any

_MOST_ENTRIES = 512
"""Entries of one list."""


class Fields:
    """The fields of one JSON object, taken one by one; what is left over is unknown.

    Every method raises ValueError that begins with the path of the field, such as
    "objects[0].seed".
    """

    def __init__(self, values: Any, path: str = "") -> None:
        """Raise ValueError for what is no object with fields."""
        if not isinstance(values, Mapping):
            raise ValueError(
                f"{path or 'a plan'} must be an object with fields, got {shown(values)}"
            )
        self._left = dict(values)
        self._path = path

    def path_of(self, name: str) -> str:
        """Return where a field stands."""
        return f"{self._path}.{name}" if self._path else name

    def has(self, name: str) -> bool:
        """Whether a field is there, and was not taken."""
        return name in self._left

    def skip(self, *names: str) -> None:
        """Take fields that only tell."""
        for name in names:
            self._left.pop(name, None)

    def end(self) -> None:
        """Raise ValueError if a field was not taken: nobody would read it."""
        if self._left:
            names = ", ".join(shown(self.path_of(name)) for name in sorted(map(str, self._left)))
            raise ValueError(f"unknown fields: {names}")

    def take(self, name: str, default: Any = ...) -> Any:
        """Take a field of any kind. Raises ValueError if it is missing and has no default."""
        if name not in self._left and default is ...:
            raise ValueError(f"{self.path_of(name)} is missing")
        return self._left.pop(name, default)

    def text(self, name: str, default: str | None = None, known: Sequence[str] = ()) -> str:
        """Take a text; nothing, or one of `known` if they are given."""
        value = self.take(name, ... if default is None else default)
        if not isinstance(value, str):
            raise ValueError(f"{self.path_of(name)} must be a text, got {shown(value)}")
        if known and value and value not in known:
            raise ValueError(
                f"{self.path_of(name)} is {shown(value)}, known are {', '.join(known)}"
            )
        return value

    def flag(self, name: str) -> bool:
        """Take true or false; false if it is missing."""
        value = self.take(name, False)
        if not isinstance(value, bool):
            raise ValueError(f"{self.path_of(name)} must be true or false, got {shown(value)}")
        return value

    def whole(self, name: str, most: int, default: Any = ...) -> Any:
        """Take a whole number from 0 to `most`; None only if that is the default."""
        value = self.take(name, default)
        if value is None and default is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
            raise ValueError(
                f"{self.path_of(name)} must be a whole number from 0 to {most}, got {shown(value)}"
            )
        return value

    def number(self, name: str, default: float) -> float:
        """Take a finite number."""
        return finite(self.take(name, default), self.path_of(name))

    def entries(self, name: str, default: Any = ...) -> list[Any]:
        """Take a list of at most 512 entries."""
        value = self.take(name, default)
        if not isinstance(value, list | tuple):
            raise ValueError(f"{self.path_of(name)} must be a list, got {shown(value)}")
        if len(value) > _MOST_ENTRIES:
            raise ValueError(
                f"{self.path_of(name)} has {len(value)} entries, at most {_MOST_ENTRIES} are read"
            )
        return list(value)

    def objects(self, name: str, default: Any = ...) -> list[Fields]:
        """Take a list of objects with fields."""
        entries = self.entries(name, default)
        return [
            Fields(entry, f"{self.path_of(name)}[{number}]") for number, entry in enumerate(entries)
        ]


def finite(value: Any, path: str) -> float:
    """Return a finite number as it is; raises ValueError for anything else."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or abs(value) > 1e9 or not math.isfinite(value):
        raise ValueError(f"{path} must be a finite number, got {shown(value)}")
    return float(value)


def parsed(text: str) -> Any:
    """Return what JSON says; raises ValueError for what is none, and for NaN and infinity."""

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is no number of JSON")

    try:
        return json.loads(text, parse_constant=refuse)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def shown(value: Any) -> str:
    """Return a value in a few words."""
    return reprlib.repr(value)
