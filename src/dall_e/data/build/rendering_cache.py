"""Renderings that are kept: a second build, or one that was interrupted, renders only what is new.

One SQLite file beside the packages. An entry is found by the drawing, by how it was to be rendered,
and by the code that does it, so a changed drawing or renderer is rendered anew. The file may be
deleted at any time, and a build without it makes the same bytes.
"""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
import warnings
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import ModuleType

from dall_e.data.build import rendering
from dall_e.data.build.cluster_rendering import render_on_cluster
from dall_e.data.build.rendering import Job, Rendering, render_all, render_job
from dall_e.errors import DallEWarning
from dall_e.images import areas, colour_words, curves, encoding, files, headers, painting

FILE = "renderings.sqlite"
_CODE: tuple[ModuleType, ...] = (
    rendering,
    areas,
    colour_words,
    curves,
    encoding,
    files,
    headers,
    painting,
)
"""The modules whose change changes what a rendering is."""
_PACKAGES = ("resvg-py", "picosvg", "skia-pathops", "pillow", "numpy")
_WAIT_SECONDS = 30.0
"""For another build that writes into the same file."""
_A_COMMIT = 200
"""Renderings that are written together; so many are lost at most when a build is killed."""


def cached_renderings(
    jobs: Sequence[Job], workers: int, folder: Path, *, cluster: int = 0
) -> Iterator[Rendering]:
    """Renderings of all jobs, in their order: those kept in `folder`, and the others made now.

    `workers` processes render (0: one per core), or `cluster` of a Ray cluster, unless it is 0.
    Where the cache cannot be read or written, a warning says so, and everything is rendered.
    """
    try:
        cache = _Cache(folder / FILE)
    except (OSError, sqlite3.Error) as error:
        _warn(folder / FILE, error)
        yield from _rendered(jobs, workers, cluster)
        return

    with contextlib.closing(cache):
        keys = [_key(job) for job in jobs]
        kept = cache.known()
        missing = (job for job, key in zip(jobs, keys, strict=True) if key not in kept)
        fresh = _rendered(missing, workers, cluster)
        for job, key in zip(jobs, keys, strict=True):
            if key in kept:
                yield cache.read(key) or render_job(job)
            else:
                rendering = next(fresh)
                cache.add(key, rendering)
                yield rendering


def _rendered(jobs: Iterable[Job], workers: int, cluster: int) -> Iterator[Rendering]:
    return render_on_cluster(jobs, cluster) if cluster else render_all(jobs, workers)


def code_version() -> str:
    """A digest of the code that renders, in hexadecimal digits."""
    digest = hashlib.sha256()
    for module in _CODE:
        assert module.__file__ is not None
        digest.update(Path(module.__file__).read_bytes())
    for package in _PACKAGES:
        with contextlib.suppress(PackageNotFoundError):
            digest.update(f"{package} {version(package)}\n".encode())
    return digest.hexdigest()


def _key(job: Job) -> bytes:
    """A digest of a drawing and of how it is rendered."""
    how = (job.is_svg, job.crop, job.margin, job.size, job.curves)
    return hashlib.sha256(repr(how).encode() + b"\0" + job.data).digest()


def _warn(file: Path, error: Exception) -> None:
    warnings.warn(
        f"{file}: renderings are not kept, {error}; delete it if that stays so",
        DallEWarning,
        stacklevel=3,
    )


class _Cache:
    """The kept renderings of today's code; those of other code are dropped."""

    def __init__(self, file: Path) -> None:
        """Open or make the file. Raises OSError, sqlite3.Error."""
        file.parent.mkdir(parents=True, exist_ok=True)
        self.file = file
        self.waiting = 0
        self.writes = True
        self.database = sqlite3.connect(file, timeout=_WAIT_SECONDS)
        try:
            self._prepare()
        except BaseException:
            self.database.close()
            raise

    def _prepare(self) -> None:
        code = code_version()
        self.database.execute(
            "CREATE TABLE IF NOT EXISTS renderings (key BLOB PRIMARY KEY, png BLOB, reason TEXT, "
            "digest BLOB, pale INTEGER, mono INTEGER, colour TEXT, curves TEXT)"
        )
        self.database.execute("CREATE TABLE IF NOT EXISTS code (version TEXT)")
        if self.database.execute("SELECT version FROM code").fetchall() != [(code,)]:
            self.database.execute("DELETE FROM renderings")
            self.database.execute("DELETE FROM code")
            self.database.execute("INSERT INTO code VALUES (?)", (code,))
        self.database.commit()

    def known(self) -> set[bytes]:
        """The keys of what is kept."""
        return {key for (key,) in self.database.execute("SELECT key FROM renderings")}

    def read(self, key: bytes) -> Rendering | None:
        """What is kept under a key; None where it has gone since or is damaged."""
        columns = "png, reason, digest, pale, mono, colour, curves"
        try:
            row = self.database.execute(
                f"SELECT {columns} FROM renderings WHERE key = ?", (key,)
            ).fetchone()
        except sqlite3.Error:
            return None
        if row is None:
            return None
        png, reason, digest, pale, mono, colour, curves = row
        return Rendering(
            png=png,
            reason=reason,
            digest=digest,
            pale=bool(pale),
            mono=bool(mono),
            colour=colour,
            curves=curves,
        )

    def add(self, key: bytes, rendering: Rendering) -> None:
        """Keep a rendering; after the first that cannot be kept (a full disk), none."""
        if not self.writes:
            return
        row = (
            key,
            rendering.png,
            rendering.reason,
            rendering.digest,
            rendering.pale,
            rendering.mono,
            rendering.colour,
            rendering.curves,
        )
        try:
            self.database.execute(
                "INSERT OR REPLACE INTO renderings VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row
            )
            self.waiting += 1
            if self.waiting >= _A_COMMIT:
                self.database.commit()
                self.waiting = 0
        except sqlite3.Error as error:
            self.writes = False
            _warn(self.file, error)

    def close(self) -> None:
        """Write what waits, and close the file."""
        with contextlib.suppress(sqlite3.Error):
            self.database.commit()
        self.database.close()
