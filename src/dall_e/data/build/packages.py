"""Package archives, fetched once with npm or apt into a cache folder.

They are read from there without any network.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Literal

Manager = Literal["npm", "apt"]

FETCH_SECONDS = 600
DEB_MAGIC = b"!<arch>\n"
DEB_HEADER = 60
"""Bytes before each member of an `ar` archive."""


class PackageUnavailable(ValueError):
    """A package is neither in the cache nor can it be fetched; the message says what to do."""


def fetch(manager: Manager, package: str, version: str, cache: Path) -> Path:
    """The package's archive in the cache folder, fetched first if it is not there yet.

    The archive appears under its final name only once it is complete. Raises PackageUnavailable.
    """
    if manager == "npm":
        extension, mend = "tgz", "install Node.js, which brings npm"
        command = ["npm", "pack", "--silent", f"{package}@{version}"]
    else:
        extension, mend = "deb", "this source needs Debian or Ubuntu"
        command = ["apt-get", "download", "-q", f"{package}={version}"]

    safe_name = f"{package}-{version}".replace("@", "").replace("/", "-").replace(":", "_")
    archive = cache / f"{safe_name}.{extension}"
    if archive.is_file():
        return archive
    if shutil.which(command[0]) is None:
        raise PackageUnavailable(
            f"{package} is not in {cache} and {command[0]} is not installed to fetch it: {mend}"
        )

    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix=".fetch-") as folder:
        _run(command, Path(folder), package)
        fetched = list(Path(folder).glob(f"*.{extension}"))
        if len(fetched) != 1:
            raise PackageUnavailable(
                f"{' '.join(command)} left {len(fetched)} archives instead of one"
            )
        # On the disk before it has its name: a power cut must not leave an empty archive.
        with open(fetched[0], "rb+") as file:
            os.fsync(file.fileno())
        os.replace(fetched[0], archive)
    return archive


def _run(command: list[str], folder: Path, package: str) -> None:
    """Run a package manager in a folder."""
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=FETCH_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise PackageUnavailable(
            f"{' '.join(command)} did not end within {FETCH_SECONDS} seconds"
        ) from error
    if done.returncode:
        reason = " ".join((done.stderr or done.stdout).split())[-300:]
        raise PackageUnavailable(
            f"could not fetch {package} ({' '.join(command)} ended with {done.returncode}): "
            f"{reason or 'no message'}. Is there a network connection? "
            "Packages that are already in the cache are not fetched again"
        )


def sha256(archive: Path) -> str:
    """Hex digest of a file."""
    return hashlib.sha256(archive.read_bytes()).hexdigest()


def read_npm(archive: Path, wanted: tuple[str, ...]) -> dict[str, bytes]:
    """Files of an npm archive, by path below its top folder.

    Only those are read whose path starts with one of `wanted`. Raises ValueError if the archive is
    damaged.
    """
    return _files(archive, archive.read_bytes(), wanted, depth=1)


def read_deb(archive: Path, wanted: tuple[str, ...]) -> dict[str, bytes]:
    """Files of a Debian archive, by path from the root.

    Only those are read whose path starts with one of `wanted`. A .deb is an `ar` archive (60-byte
    headers, even offsets) that holds a compressed tar named data.tar.*. Raises ValueError if the
    archive is damaged.
    """
    content = archive.read_bytes()
    if not content.startswith(DEB_MAGIC):
        raise ValueError(f"{archive} is not a Debian package: delete it, and it is fetched again")

    offset = len(DEB_MAGIC)
    while offset + DEB_HEADER <= len(content):
        name = content[offset : offset + 16].decode("ascii", "replace").strip(" /")
        size = int(content[offset + 48 : offset + 58])
        offset += DEB_HEADER
        if name.startswith("data.tar"):
            return _files(archive, content[offset : offset + size], wanted, depth=0)
        offset += size + size % 2
    raise ValueError(f"{archive} holds no data archive: delete it, and it is fetched again")


def _files(
    archive: Path, content: bytes, wanted: tuple[str, ...], *, depth: int
) -> dict[str, bytes]:
    """Regular files of a compressed tar, below `depth` folders.

    Nothing is ever unpacked onto the disk.
    """
    files = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:*") as tar:
            for member in tar:
                path = "/".join(member.name.removeprefix("./").split("/")[depth:])
                if member.isfile() and path.startswith(wanted):
                    extracted = tar.extractfile(member)
                    assert extracted is not None
                    files[path] = extracted.read()
    except (tarfile.TarError, OSError, EOFError) as error:
        raise ValueError(
            f"{archive} is damaged ({error}): delete it, and it is fetched again"
        ) from error
    return files
