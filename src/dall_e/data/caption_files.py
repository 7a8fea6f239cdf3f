"""Caption files to the record of a picture: text files, JSON files, and the picture's own name."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from dall_e.data.grouping import extension
from dall_e.data.inventory import Inventory
from dall_e.data.text_files import decode_text
from dall_e.text.language import COLOURS_ZH

Record = dict[str, Any]
Captions = tuple[str, list[str]]
"""Where captions come from, such as ".txt", and what they are."""

LARGEST_CAPTION_FILE = 4 << 20
"""Bytes; a larger file is no caption."""
CAPTION_ENTRIES = ("captions", "text", "caption", "prompt", "description")
"""Entries of a JSON file, and columns of a table, that are looked for a caption, in this order."""

_ORDER = {".txt": 0, ".caption": 1, ".json": 2}
"""Which kind of file is asked first; tables come behind."""
_TEXT_FIELDS = ("en", "zh", "kind", "colour", "style_en", "style_zh", "split")
_LIST_FIELDS = ("en_keywords", "zh_keywords", "en_synonyms", "en_hypernyms")
_PLAIN_FOLDERS = frozenset(
    "image images img imgs picture pictures photo photos pics data dataset train training val "
    "valid validation test png jpg jpeg raw all new untitled dcim camera".split()
)
"""Names of folders that say nothing of the pictures in them."""
_UNTOLD = re.compile(
    r"(?:img|dsc|dscn|dscf|pict?|photo|image|picture|screenshot|mvimg|pxl|wechat|mmexport)?[\W\d_]*"
    r"|[0-9a-f-]{12,}",
    re.IGNORECASE,
)
"""File names that say nothing: numbers, what cameras and programs write, and hashes."""


def record_of(
    files: Mapping[str, bytes],
    image: str,
    inventory: Inventory,
    listed: Captions | None = None,
) -> Record:
    """The record of a picture, made of its caption files, by their names.

    `listed` are its captions in a table. Of several sources the first of these is used: a text
    file, a JSON file, a table, the picture's name. Raises ValueError if there is nothing but a JSON
    file that captions cannot be made of.
    """
    sources = _text_captions(files, inventory) + ([listed] if listed else [])
    record, from_json = _json_record(files, inventory, bool(sources))
    if record.get("en") and not from_json:
        inventory.captions[".json"] += 1
        return record
    sources += [(".json", from_json)] if from_json else []
    sources.sort(key=lambda source: _ORDER.get(source[0], len(_ORDER)))

    if not sources:
        text, kind = caption_of_name(image)
        sources = [(kind, [text])]
        if _UNTOLD.fullmatch(text):
            inventory.note("caption that is only a number or a camera's name", image)
    kind, captions = sources[0]
    if any(others != captions for _, others in sources):
        inventory.note(f"picture with other captions beside those in {kind}, not used", image)
    inventory.captions[kind] += 1
    record["text"] = captions[0]
    if len(captions) > 1:
        record["captions"] = captions
        inventory.note("picture with several captions, one a line, used by turns", image)
    return record


def caption_of_name(image: str) -> tuple[str, str]:
    """(caption, what it comes from): "red_car-2.png" is "red car 2".

    A name that says nothing, as "IMG_0123.jpg", gives way to that of the folder.
    """
    *folders, base = image.split("/")
    name = _words(base[: len(base) - len(extension(base))])
    if folders and _UNTOLD.fullmatch(name):
        folder = _words(folders[-1])
        if folder.lower() not in _PLAIN_FOLDERS and not _UNTOLD.fullmatch(folder):
            return folder, "folder names"
    return name, "file names"


def _words(name: str) -> str:
    return " ".join(name.replace("_", " ").replace("-", " ").split())


def _text_captions(files: Mapping[str, bytes], inventory: Inventory) -> list[Captions]:
    """(kind of file, its captions) of every text file with some."""
    found = []
    for name, content in files.items():
        kind = extension(name)
        if kind == ".json":
            continue
        captions = captions_in(read_text(content, name, inventory))
        if captions:
            found.append((kind, captions))
        else:
            inventory.note("empty caption file", name)
    return found


def read_text(content: bytes, name: str, inventory: Inventory) -> str:
    """The text of a file; what is not UTF-8 is noted."""
    decoded = decode_text(content)
    if decoded.encoding != "utf-8":
        inventory.note(f"text file read as {decoded.encoding.upper()}", name)
    if decoded.damaged:
        inventory.note("text file with bytes that are no text, shown as \ufffd", name)
    return decoded.text


def captions_in(text: str) -> list[str]:
    """The captions of a text: one a line, without empty ones and doubles, in order."""
    lines = (" ".join(line.replace("\0", " ").split()) for line in text.splitlines())
    return list(dict.fromkeys(line for line in lines if line))


def _json_record(
    files: Mapping[str, bytes], inventory: Inventory, has_captions: bool
) -> tuple[Record, list[str]]:
    """(the record in the JSON file, without captions; its captions), both empty without one.

    Raises ValueError if it cannot be used and nothing else has a caption.
    """
    name = next((name for name in files if extension(name) == ".json"), "")
    if not name:
        return {}, []
    try:
        record, captions = parse_record(read_text(files[name], name, inventory))
    except ValueError as error:
        if not has_captions:
            raise
        inventory.note("JSON file that cannot be used", f"{name} ({error})")
        return {}, []
    if not captions and not record.get("en") and not has_captions:
        inventory.note("JSON file without a caption", name)
    return record, captions


def parse_record(text: str) -> tuple[Record, list[str]]:
    """(a JSON object without its captions, its captions). Raises ValueError for anything else."""
    try:
        record = json.loads(text)
    except RecursionError as error:
        raise ValueError("too deep") from error
    if not isinstance(record, dict):
        raise ValueError(f"not a JSON object but {_shown(record)}")

    captions: list[str] = []
    for entry in CAPTION_ENTRIES:
        captions = captions or _captions_of(record.pop(entry, None))
    check_record(record)
    return record, captions


def _captions_of(value: Any) -> list[str]:
    """The captions of a text or a list of texts; none of anything else."""
    texts = value if isinstance(value, list) else [value]
    captions = [line for text in texts if isinstance(text, str) for line in captions_in(text)]
    "".join(captions).encode()  # a lone surrogate, half of a character, raises ValueError
    return list(dict.fromkeys(captions))


def check_record(record: Record) -> None:
    """Raise ValueError for a record that captions cannot be made of."""
    for name in _TEXT_FIELDS:
        text = record.get(name, "")
        if not isinstance(text, str):
            raise ValueError(f"its entry {name!r} is no text: {_shown(text)}")
        text.encode()  # a lone surrogate, half of a character, raises ValueError
    for name in _LIST_FIELDS:
        words = record.get(name, [])
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            raise ValueError(f"its entry {name!r} is no list of texts: {_shown(words)}")
        "".join(words).encode()
    for name, most in (("weight", math.inf), ("style_said", 1.0)):
        value = record.get(name, 1.0)
        if not isinstance(value, int | float) or not 0 <= value <= most or value == math.inf:
            raise ValueError(f"its entry {name!r} is no number of at least 0: {_shown(value)}")
    if record.get("en") and "kind" not in record:
        raise ValueError("it has no entry 'kind'")
    if record.get("colour", "") not in ("", *COLOURS_ZH):
        raise ValueError(f"its entry 'colour' is none of ours: {record['colour']!r}")


def _shown(value: Any) -> str:
    """A value in a message, at most a line."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
