"""Compiled libraries, kept in a folder that nobody else can write to, and checked before they run.

A library that is loaded runs with all rights of its user. So its folder and its file must be that
user's own, be no links, and be writable to no one else; and the file must be what the compiler
made, which its name tells: `NAME-DIGEST.so` has the digest of its content. What is damaged
is compiled again. Where a folder does not work (it is read-only, full, not to be run from, or there
is no home), the next one is used, down to a private one for this process alone.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import stat
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

_SUFFIX = ".so"
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def load_cached(name: str, compile_into: Callable[[Path], Path]) -> ctypes.CDLL:
    """The library of a name that tells all that it is made of, from the first folder that works.

    `compile_into` makes it in an empty folder, and returns its path. Raises SubprocessError if the
    compiler fails wherever it is let, else OSError with what is wrong with each folder.
    """
    made: list[bytes] = []

    def content(work: Path) -> bytes:
        if not made:
            made.append(compile_into(work).read_bytes())
        return made[0]

    reasons: list[str] = []
    failures: list[subprocess.CalledProcessError] = []
    for folder in _folders():
        try:
            return _load_from(folder, name, content)
        except subprocess.CalledProcessError as error:
            # Perhaps for want of space, so elsewhere it may succeed.
            failures.append(error)
        except OSError as error:
            reasons.append(f"{folder}: {error.strerror or error}")
    try:
        return _load_privately(content)
    except subprocess.CalledProcessError as error:
        failures.append(error)
    except OSError as error:
        reasons.append(f"a private folder: {error.strerror or error}")

    # What it made once is no fault of the compiler.
    if failures and not made:
        raise failures[-1]
    raise OSError("; ".join(reasons))


def _folders() -> Iterator[Path]:
    """Where libraries may be kept: the user's cache, then folders of this user among others'."""
    cache = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(cache):
        cache = os.path.expanduser("~/.cache")
    # Without a home, it stays as it is.
    if os.path.isabs(cache):
        yield Path(cache) / "dall_e"
    for shared in dict.fromkeys((*_temporary(), "/var/tmp")):
        yield Path(shared) / f"dall_e-{os.getuid()}"


def _temporary() -> list[str]:
    try:
        return [tempfile.gettempdir()]
    except OSError:
        return []


def _load_from(folder: Path, name: str, content: Callable[[Path], bytes]) -> ctypes.CDLL:
    """The library from one folder, put there if it is not. Raises OSError or SubprocessError."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _check_own(folder, folder.lstat(), stat.S_ISDIR)
    for path in folder.glob(f"{name}-*{_SUFFIX}"):
        if _is_whole(path):
            return ctypes.CDLL(str(path))
        path.unlink()

    with tempfile.TemporaryDirectory(dir=folder, ignore_cleanup_errors=True) as work:
        library = content(Path(work))
        path = folder / f"{name}-{_digest(library)}{_SUFFIX}"
        _place(library, Path(work) / path.name, path)
    return ctypes.CDLL(str(path))


def _load_privately(content: Callable[[Path], bytes]) -> ctypes.CDLL:
    """A library for this process alone; once it is loaded, its file is no longer needed."""
    with tempfile.TemporaryDirectory(prefix="dall_e-", ignore_cleanup_errors=True) as work:
        path = Path(work) / f"private{_SUFFIX}"
        _place(content(Path(work)), path.with_suffix(".part"), path)
        return ctypes.CDLL(str(path))


def _place(content: bytes, written: Path, path: Path) -> None:
    """Write a file whole or not at all, for its owner only, whoever else does the same now."""
    number = os.open(written, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with open(number, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(number)
    os.replace(written, path)


def _is_whole(path: Path) -> bool:
    """Whether a file is what was compiled. Raises PermissionError if it may be somebody else's."""
    number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with open(number, "rb") as file:
        _check_own(path, os.fstat(number), stat.S_ISREG)
        return path.stem.endswith("-" + _digest(file.read()))


def _check_own(path: Path, found: os.stat_result, is_kind: Callable[[int], bool]) -> None:
    """Raise PermissionError unless nobody but this user can have made or changed it."""
    is_linked = stat.S_ISREG(found.st_mode) and found.st_nlink > 1
    if not is_kind(found.st_mode) or is_linked:
        raise PermissionError(f"{path.name} is a link, or of another kind")
    if found.st_uid != os.getuid():
        raise PermissionError(f"{path.name} belongs to somebody else")
    if found.st_mode & _OTHERS_WRITE:
        raise PermissionError(f"others may write to {path.name}")


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
