"""Where a bulk job puts its pictures: a folder, or whatever else fsspec knows an address of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from dall_e.atomic_files import replace_bytes
from dall_e.bounded_files import naming

MANIFEST = "job.json"
"""Says what a job draws, so that it can go on."""


class Target:
    """A folder of files that come whole or not at all.

    On a disk a file is written beside itself and renamed; stores of objects have no half of one.
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

    def place_of(self, name: str) -> str:
        """Where people find a file."""
        return f"{self.address.rstrip('/')}/{name}"

    def names(self) -> set[str]:
        """All files that are there, below the address."""
        self._files.invalidate_cache()
        if not self._files.exists(self._root):
            return set()
        below = f"{self._root.rstrip('/')}/"
        return {str(path).removeprefix(below) for path in self._files.find(self._root)}

    def write(self, name: str, content: bytes) -> None:
        """Write a file whole; one that is there already is replaced."""
        path = f"{self._root.rstrip('/')}/{name}"
        if self._is_local:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            replace_bytes(path, content)
        else:
            self._files.pipe_file(path, content)

    def manifest(self) -> dict[str, Any] | None:
        """What the job that draws here has noted, if there is one."""
        path = f"{self._root.rstrip('/')}/{MANIFEST}"
        if not self._files.exists(path):
            return None
        with naming(self.place_of(MANIFEST), "it is no note of a job"):
            noted = json.loads(self._files.cat_file(path))
            if not isinstance(noted, dict):
                raise ValueError("it is no object")
            return noted

    def note(self, manifest: dict[str, Any]) -> None:
        """Note what a job draws."""
        text = json.dumps(manifest, ensure_ascii=False, indent=2) + "\n"
        self.write(MANIFEST, text.encode())
