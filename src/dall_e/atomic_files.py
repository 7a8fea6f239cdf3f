"""Write files whole or not at all: a reader sees the old file or the new one, never half of one.

The new content is written to a temporary file in the same folder, flushed to the disk, and only
then renamed over the old file; POSIX does that rename in one step. If anything fails before it, a
full disk or an interruption, the old file is still there and the temporary one is removed. Each
writer has a temporary file of its own, so that of several writers at once the last to finish wins.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO


@contextlib.contextmanager
def write_atomically(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a binary file that takes the place of `path` when the block ends without an error.

    Raises OSError if the file cannot be written; what was at `path` is kept.
    """
    with replace_files(path) as (temporary,), open(temporary, "wb") as file:
        yield file


@contextlib.contextmanager
def replace_files(*paths: str | os.PathLike[str]) -> Iterator[tuple[Path, ...]]:
    """Give a temporary file for each of `paths`, to be written by name inside the block.

    When the block ends without an error, all of them are flushed to the disk before the first one
    is renamed, so a full disk leaves every old file. The renames are in the order of `paths`.
    Raises OSError if a file cannot be created, flushed or renamed.
    """
    temporary: list[Path] = []
    try:
        for path in paths:
            temporary.append(_create_beside(Path(path)))
        yield tuple(temporary)

        for written in temporary:
            _flush_to_disk(written)
        for written, path in zip(temporary, paths, strict=True):
            os.replace(written, path)
    finally:
        for written in temporary:
            with contextlib.suppress(OSError):
                written.unlink(missing_ok=True)


def replace_bytes(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a whole file at once. Raises OSError and keeps the old file if that fails."""
    with write_atomically(path) as file:
        file.write(content)


def replace_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a whole UTF-8 text file at once; raises as `replace_bytes` does."""
    replace_bytes(path, text.encode("utf-8"))


def _create_beside(path: Path) -> Path:
    """Create an empty temporary file in the folder of `path`, readable as the umask says."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        # O_EXCL: never write into a file, or through a link, that somebody else has put there.
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    return temporary


def _flush_to_disk(path: Path) -> None:
    with open(path, "rb+") as file:
        os.fsync(file.fileno())
