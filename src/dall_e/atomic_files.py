"""Write files whole or not at all: a reader sees the old file or the new one, never half of one.

The new content is written to a temporary file in the same folder, flushed to the disk, and only
then renamed over the old file; POSIX does that rename in one step. If anything fails before it, a
full disk or an interruption, the old file is still there and the temporary one is removed. Each
writer has a temporary file of its own, so that of several writers at once the last to finish wins,
or, with `overwrite=False`, the first, and the others are told.

A link is followed: its target is replaced. A file that nobody may write is not replaced, though a
rename could do it, nor is a device or a pipe. Modes are those of the umask; none is ever changed,
since some file systems refuse that.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_TEMPORARY = re.compile(r"\..+\.[0-9a-f]{8}\.part")


@contextlib.contextmanager
def write_atomically(path: str | os.PathLike[str], *, overwrite: bool = True) -> Iterator[BinaryIO]:
    """Open a binary file that takes the place of `path` when the block ends without an error.

    Raises OSError that names `path` if it cannot be written; what was there is kept.
    """
    with replace_files(path, overwrite=overwrite) as (temporary,):
        with open(temporary, "wb") as file:
            yield file


@contextlib.contextmanager
def replace_files(
    *paths: str | os.PathLike[str], overwrite: bool = True
) -> Iterator[tuple[Path, ...]]:
    """Give a temporary file for each of `paths`, to be written by name inside the block.

    When the block ends without an error, all of them are flushed to the disk before the first one
    is renamed, so a full disk leaves every old file. The renames are in the order of `paths`.
    Raises OSError if a file cannot be created, flushed or renamed, and FileExistsError if there is
    one already and `overwrite` is False.
    """
    temporary: dict[Path, Path] = {}
    claimed: list[Path] = []
    try:
        targets = [_checked(path) for path in paths]
        for target in targets:
            temporary[_create_beside(target)] = target
        yield tuple(temporary)

        for written in temporary:
            _flush_to_disk(written)
        if not overwrite:
            for target in targets:
                # Of several writers of one new file, one gets the name.
                os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
                claimed.append(target)
        for written, target in temporary.items():
            os.replace(written, target)
        claimed.clear()
    except OSError as error:
        raise _naming(error, temporary, paths) from error
    finally:
        for leftover in (*temporary, *claimed):
            with contextlib.suppress(OSError):
                leftover.unlink(missing_ok=True)


def replace_bytes(path: str | os.PathLike[str], content: bytes, *, overwrite: bool = True) -> None:
    """Write a whole file at once. Raises OSError and keeps the old file if that fails."""
    with write_atomically(path, overwrite=overwrite) as file:
        file.write(content)


def replace_text(path: str | os.PathLike[str], text: str, *, overwrite: bool = True) -> None:
    """Write a whole UTF-8 text file at once; raises as `replace_bytes` does."""
    replace_bytes(path, text.encode("utf-8"), overwrite=overwrite)


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files that killed writers have left in a folder.

    It is for a folder in which nobody writes at the time.
    """
    for path in folder.glob(".*.part"):
        if _TEMPORARY.fullmatch(path.name):
            with contextlib.suppress(OSError):
                path.unlink()


def check_writable(path: str | os.PathLike[str]) -> None:
    """Find out before the work whether a file can be written; its folder is made if need be.

    The mode bits do not tell of read-only disks; a file does, with a name as long as the one to
    come. Raises OSError that names what is in the way.
    """
    target = _checked(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    _create_beside(target).unlink()


def _checked(path: str | os.PathLike[str]) -> Path:
    """Where `path` leads to. Raises OSError if what is there is not to be replaced."""
    target = Path(os.path.realpath(path)) if os.path.islink(path) else Path(path)
    try:
        found = target.stat()
    except FileNotFoundError:
        return target

    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, "it is a folder", str(path))
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "it is not a regular file", str(path))
    # Root may write everything; but who took the right away from everybody meant it.
    if not found.st_mode & 0o222 or not os.access(target, os.W_OK):
        raise PermissionError(
            errno.EACCES, "the file is read-only; make it writable or give another name", str(path)
        )
    return target


def _create_beside(target: Path) -> Path:
    """Create an empty temporary file in the folder of `target`, readable as the umask says."""
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        # O_EXCL: never write into a file, or through a link, that somebody else has put there.
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(target)) from error
    return temporary


def _flush_to_disk(path: Path) -> None:
    with open(path, "rb+") as file:
        os.fsync(file.fileno())


def _naming(
    error: OSError, temporary: dict[Path, Path], paths: tuple[str | os.PathLike[str], ...]
) -> OSError:
    """The same error with a file that the caller knows: a full disk names none by itself."""
    if error.errno is None or not paths:
        return error
    named = None if error.filename is None else Path(os.fsdecode(error.filename))
    if named is not None and named not in temporary:
        return error
    return OSError(error.errno, error.strerror, str(temporary.get(named) if named else paths[0]))
