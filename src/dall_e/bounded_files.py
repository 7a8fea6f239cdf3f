"""Files that somebody else wrote: read within a limit, and whatever is wrong with them named.

A reader of such files works inside `naming`, so that only `UnusableFileError` comes out of it, and
takes its bytes from `read_bytes`, which asks for the file's size before it reads.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dall_e.errors import UnusableFileError

SETTINGS_BYTES = 4 * 2**20
"""Longest file of settings, such as config.json."""
WORDS_BYTES = 32 * 2**20
"""Longest file of a text tokenizer."""
_LONGEST_REASON = 400

_OTHER_KINDS = (
    (
        (b"version https://git-lfs.github.com",),
        "it is a Git LFS pointer of a few lines, not the file itself",
        "run `git lfs pull` in its folder, or download the file",
    ),
    (
        (b"<!doctype html", b"<html", b"<?xml"),
        "it is a web page, not the file that it is named after",
        "download the file itself: on the hub that is the link with /resolve/",
    ),
    ((b"gguf",), "it is in GGUF, which is not read", "get the model as safetensors"),
    ((b"\x1f\x8b",), "it is packed with gzip", "unpack it first"),
)
"""First bytes of what is often found in place of a file, in lower case; why it is of no use, and
what to do."""


@contextlib.contextmanager
def naming(path: str | os.PathLike[str], what: str = "", mend: str = "") -> Iterator[None]:
    """Inside, every error becomes an UnusableFileError that says `what` is wrong with `path`.

    Parsers raise dozens of types for bad bytes, so all are meant. But a file that is missing, or
    may not be read, stays an OSError, which names it, and a missing package an ImportError.
    """
    try:
        yield
    except (UnusableFileError, ImportError, FileNotFoundError, PermissionError):
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.filename is not None:
            raise
        why = f"{what}: {_reason(error)}" if what else _reason(error)
        raise UnusableFileError(path, why, mend) from error


def _reason(error: Exception) -> str:
    """What a parser complained of, in one line that fits on a screen."""
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, MemoryError):
        return "it asks for more memory than there is"
    if isinstance(error, KeyError):
        return f"it has no entry {str(error)[:_LONGEST_REASON]}"
    told = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    text = " ".join(told[:_LONGEST_REASON].split())
    return text or type(error).__name__


def check_kind(path: Path, head: bytes) -> None:
    """Raise UnusableFileError if the first bytes of a file are those of quite another kind."""
    if not head:
        raise UnusableFileError(path, "it is empty: it was cut short", "download it again")
    start = head.lstrip()[:64].lower()
    for starts, why, mend in _OTHER_KINDS:
        if start.startswith(starts):
            raise UnusableFileError(path, why, mend)


def read_bytes(path: Path, most: int) -> bytes:
    """All of a file.

    Raises UnusableFileError if it has more than `most` bytes, is empty or of quite another kind,
    and OSError if it is missing.
    """
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        content = file.read(most + 1) if size <= most else b""
    if size > most or len(content) > most:
        raise UnusableFileError(path, f"it has {size} bytes, of such a file {most} are read")
    check_kind(path, content[:256])
    return content


def read_text(path: Path, most: int) -> str:
    """The text of a UTF-8 file. Raises as `read_bytes` does, and for bytes that are no text."""
    content = read_bytes(path, most)
    with naming(path, "it is no text in UTF-8"):
        return content.decode("utf-8")


def read_json(path: Path, most: int = SETTINGS_BYTES) -> Any:
    """What a JSON file holds. Raises as `read_bytes` does, and for a text that is malformed."""
    content = read_bytes(path, most)
    with naming(path, "it is malformed JSON"):
        return json.loads(content)


def read_table(path: Path, most: int = SETTINGS_BYTES) -> dict[str, Any]:
    """What a JSON file holds by name. Raises as `read_json` does, and if it holds no names."""
    held = read_json(path, most)
    if not isinstance(held, dict):
        raise UnusableFileError(path, f"it holds a {type(held).__name__}, not settings by name")
    return held
