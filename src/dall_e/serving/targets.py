"""Where a bulk job puts its pictures: a folder, or whatever else fsspec knows an address of."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dall_e.atomic_files import replace_bytes
from dall_e.bounded_files import naming

MANIFEST = "job.json"
"""Says what a job draws, so that it can go on."""


_OBJECT_STORES = frozenset(
    ("s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "oss", "oci", "r2", "tos", "memory")
)
"""Kinds of addresses at which there is a whole object or none."""
_PART = ".part"


class Target:
    """A folder of files that come whole or not at all.

    On a disk, and wherever else there may be half of a file, one is written beside itself and
    renamed; stores of objects have no half of one.
    """

    def __init__(self, address: str) -> None:
        """address: a folder, or a URL such as s3://bucket/pictures.

        Raises ImportError for a kind of address whose package is missing, and ValueError for one
        that nobody knows.
        """
        import fsspec
        from fsspec.implementations.local import LocalFileSystem

        self.address = address
        is_url = "://" in address
        self._files, self._root = fsspec.core.url_to_fs(
            address if is_url else str(Path(address).expanduser().absolute())
        )
        self._is_local = isinstance(self._files, LocalFileSystem)
        kinds = self._files.protocol
        self._is_store = not _OBJECT_STORES.isdisjoint([kinds] if isinstance(kinds, str) else kinds)

    def place_of(self, name: str) -> str:
        """Where people find a file."""
        return f"{self.address.rstrip('/')}/{name}"

    def names(self) -> set[str]:
        """All files that are there, below the address."""
        below = f"{self._root.rstrip('/')}/"
        with self._reached():
            self._files.invalidate_cache()
            if not self._files.exists(self._root):
                return set()
            return {str(path).removeprefix(below) for path in self._files.find(self._root)}

    def write(self, name: str, content: bytes) -> None:
        """Write a file whole; one that is there already is replaced. Raises OSError."""
        path = f"{self._root.rstrip('/')}/{name}"
        if self._is_local:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            replace_bytes(path, content)
            return
        with self._reached():
            if self._is_store:
                self._files.pipe_file(path, content)
                return
            self._files.makedirs(path.rpartition("/")[0], exist_ok=True)
            self._files.pipe_file(path + _PART, content)
            self._files.mv(path + _PART, path)

    def manifest(self) -> dict[str, Any] | None:
        """What the job that draws here has noted, if there is one."""
        path = f"{self._root.rstrip('/')}/{MANIFEST}"
        with self._reached():
            if not self._files.exists(path):
                return None
            content = self._files.cat_file(path)
        with naming(self.place_of(MANIFEST), "it is no note of a job"):
            noted = json.loads(content)
            if not isinstance(noted, dict):
                raise ValueError("it is no object")
            return noted

    def note(self, manifest: dict[str, Any]) -> None:
        """Note what a job draws."""
        text = json.dumps(manifest, ensure_ascii=False, indent=2) + "\n"
        self.write(MANIFEST, text.encode())

    @contextlib.contextmanager
    def _reached(self) -> Iterator[None]:
        """Turn whatever a store that cannot be used raises into an OSError that names it."""
        try:
            yield
        except (ValueError, ImportError):
            raise
        # Each package has errors of its own.
        except Exception as error:
            raise OSError(f"{self.address} cannot be used: {error}") from error
