"""What an SVG document says of itself: title, size, and the names of its groups."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any
from xml.parsers import expat

_MOST_NAMES = 64
_SVG = "svg"


class _Reader:
    """Collects what is asked for while the document is parsed; nothing else is kept."""

    def __init__(self) -> None:
        self.root: dict[str, str] = {}
        self.things: Counter[str] = Counter()
        self.elements: Counter[str] = Counter()
        self.title = ""
        self._path: list[str] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        name = name.rpartition(":")[2]
        if not self._path:
            if name != _SVG:
                raise ValueError(f"its first element is {name!r}, not 'svg'")
            self.root = attributes
        self._path.append(name)
        self.elements[name] += 1
        if name == "g" and attributes.get("data-name"):
            self.things[attributes["data-name"]] += 1

    def end(self, _name: str) -> None:
        """An element ends."""
        self._path.pop()

    def text(self, words: str) -> None:
        """Text between elements, of which the title counts."""
        if self._path == [_SVG, "title"]:
            self.title += words


def svg_facts(content: bytes) -> dict[str, Any]:
    """Return what a document says, in the order in which it is shown.

    Raises ValueError for what is no SVG, and for one that declares entities, which may grow without
    end.
    """
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.EntityDeclHandler = _refuse_entity
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise ValueError(f"it is no well-formed XML: {error}") from error

    things = [
        name if count == 1 else f"{count} x {name}"
        for name, count in reader.things.most_common(_MOST_NAMES)
    ]
    return {
        "title": " ".join(reader.title.split()),
        "pixels": _size(reader.root),
        "view box": reader.root.get("viewBox", ""),
        "things": ", ".join(things),
        "groups": reader.elements["g"],
        "paths": reader.elements["path"],
    }


def _refuse_entity(name: str, *_others: Any) -> None:
    raise ValueError(f"it declares the entity {name!r}, which is not read")


def _size(root: dict[str, str]) -> str:
    """Width and height as a document has them, without their px; nothing if it says none."""
    sides = [re.sub(r"px$", "", root.get(name, "").strip()) for name in ("width", "height")]
    return "x".join(sides) if all(sides) else ""
