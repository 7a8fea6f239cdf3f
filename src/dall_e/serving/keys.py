"""Keys that clients identify themselves by: a file with their hashes.

A key has 256 random bits, so that a plain SHA-256 is as good at rest as a slow hash: there is
nothing to guess. A key is shown once, when it is made.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import time
from pathlib import Path
from typing import NamedTuple

from dall_e.atomic_files import replace_bytes
from dall_e.bounded_files import naming, read_table
from dall_e.errors import UnusableFileError

_PREFIX = "dalle-"
_BYTES = 32
_LONGEST_NAME = 64
_OPEN_TO_OTHERS = 0o026
"""Others may read or change it, or its group may change it. A hash may be read by a group, as
containers mount it."""


class KnownKey(NamedTuple):
    """A key as it is kept."""

    name: str
    """Whose it is."""
    sha256: str
    created: str
    """Day and time, UTC."""


class KeyFile:
    """The keys in a file. It is read anew when it changes, so that revoking works at once."""

    def __init__(self, path: Path) -> None:
        """The file may be missing, which is no keys."""
        self.path = path
        self._read_at: tuple[int, int] | None = None
        self._keys: tuple[KnownKey, ...] = ()

    @property
    def keys(self) -> tuple[KnownKey, ...]:
        """All keys, the oldest first. Raises UnusableFileError for a file that holds no keys."""
        try:
            status = self.path.stat()
        except FileNotFoundError:
            self._read_at, self._keys = None, ()
            return ()
        seen = status.st_mtime_ns, status.st_size
        if seen != self._read_at:
            held = read_table(self.path).get("keys")
            with naming(self.path, "it is no file of keys"):
                self._keys = tuple(KnownKey(**each) for each in held or ())
            self._read_at = seen
        return self._keys

    def owner_of(self, key: str) -> str | None:
        """Whose key it is; None for one that is not known. Takes as long for any key."""
        return self.owner_of_hash(hash_of(key))

    def owner_of_hash(self, digest: str) -> str | None:
        """Whose key has a hash; None for one that is not known."""
        owner = None
        for known in self.keys:
            if hmac.compare_digest(known.sha256, digest):
                owner = known.name
        return owner

    def add(self, name: str) -> str:
        """Make a key for somebody, and return it. Raises ValueError for a name that is taken."""
        name = name.strip()
        if not name or len(name) > _LONGEST_NAME or not name.isprintable():
            raise ValueError(
                f"a name has 1 to {_LONGEST_NAME} printable characters, got {name[:80]!r}"
            )
        if any(known.name == name for known in self.keys):
            raise ValueError(f"{name!r} has a key already: revoke it first, or take another name")
        key = _PREFIX + secrets.token_urlsafe(_BYTES)
        created = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
        self._write((*self.keys, KnownKey(name, hash_of(key), created)))
        return key

    def revoke(self, name: str) -> None:
        """Forget the key of somebody. Raises ValueError if there is none."""
        left = tuple(known for known in self.keys if known.name != name)
        if len(left) == len(self.keys):
            names = ", ".join(known.name for known in self.keys) or "nobody"
            raise ValueError(f"{name!r} has no key; these have one: {names}")
        self._write(left)

    def _write(self, keys: tuple[KnownKey, ...]) -> None:
        text = json.dumps({"keys": [key._asdict() for key in keys]}, indent=2, ensure_ascii=False)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        replace_bytes(self.path, f"{text}\n".encode())
        os.chmod(self.path, 0o600)
        self._read_at = None

    def check_private(self) -> None:
        """Raise UnusableFileError for a file that is open to others."""
        try:
            mode = self.path.stat().st_mode
        except FileNotFoundError:
            return
        if os.name == "posix" and mode & _OPEN_TO_OTHERS:
            raise UnusableFileError(
                self.path, f"others may use it, its mode is {mode & 0o777:o}", "chmod 600 it"
            )


def hash_of(key: str) -> str:
    """Return what is kept of a key."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()
