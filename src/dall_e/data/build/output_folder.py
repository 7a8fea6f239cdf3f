"""The folder that a build writes: it appears under its name only once it is complete."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

OWNER = "process"
"""The file in an unfinished folder that names the process which writes it."""


@contextmanager
def complete_or_absent(out: Path) -> Iterator[Path]:
    """A folder to write into, which replaces `out` when the block ends without an error.

    Raises ValueError if `out` is something else than a data set or is being built by another
    process, OSError if the disk is full or read-only.
    """
    # A link is followed: its target is replaced, not the link.
    out = out.resolve() if out.is_symlink() else out
    partial = _start(out)
    try:
        yield partial
        (partial / OWNER).unlink()
        _replace(partial, out)
    except OSError as error:
        shutil.rmtree(partial, ignore_errors=True)
        # A full disk says neither which disk nor what to do.
        raise OSError(
            f"{error.strerror or error} while writing {error.filename or partial}: "
            "free some space or choose another --out"
        ) from error
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def _start(out: Path) -> Path:
    """An empty folder beside `out`; one that a killed build left is cleared."""
    if out.exists() and any(out.iterdir()) and not (out / "report.json").is_file():
        raise ValueError(
            f"{out} holds something else than a data set of this command: "
            "choose another folder with --out"
        )
    partial = out.with_name(out.name + ".partial")
    owner = partial / OWNER
    if owner.is_file() and _is_running(owner.read_text(encoding="ascii")):
        raise ValueError(
            f"another build writes to {partial} "
            f"(process {owner.read_text(encoding='ascii')}): wait for it or stop it"
        )
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        owner.write_text(str(os.getpid()), encoding="ascii")
    except OSError as error:
        raise OSError(
            f"cannot write to {partial.parent}: {error.strerror or error}; "
            "choose another folder with --out"
        ) from error
    return partial


def _is_running(process: str) -> bool:
    """Whether another process of this number runs; where that cannot be told, it does not."""
    if os.name != "posix" or not process.isdigit() or int(process) == os.getpid():
        return False
    try:
        os.kill(int(process), 0)
    except PermissionError:
        return True
    except OSError:
        return False
    return True


def _replace(partial: Path, out: Path) -> None:
    """Put the finished folder in place of an older one, which is deleted last."""
    old = out.with_name(out.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if out.exists():
        os.replace(out, old)
    os.replace(partial, out)
    shutil.rmtree(old, ignore_errors=True)
