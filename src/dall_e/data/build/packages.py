"""Package archives: fetched once with npm or apt into a cache folder, then read from there without
any network."""

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


class PackageUnavailable(ValueError):
    """A package is neither in the cache nor can it be fetched; the message says what to do."""


def fetch(manager: Manager, package: str, version: str, cache: Path) -> Path:
    """The package's archive in the cache folder, fetched first if it is not there yet.

    The archive appears under its final name only once it is complete. Raises PackageUnavailable.
    """
    extension = "tgz" if manager == "npm" else "deb"
    safe_name = f"{package}-{version}".replace("@", "").replace("/", "-").replace(":", "_")
    archive = cache / f"{safe_name}.{extension}"
    if archive.is_file():
        return archive
    tool = {"npm": "npm", "apt": "apt-get"}[manager]
    if shutil.which(tool) is None:
        raise PackageUnavailable(
            f"{package} is not in {cache} and {tool} is not installed to fetch it: "
            + (
                "install Node.js, which brings npm"
                if manager == "npm"
                else "this source needs Debian or Ubuntu"
            )
        )
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix=".fetch-") as folder:
        command = {
            "npm": ["npm", "pack", "--silent", f"{package}@{version}"],
            "apt": ["apt-get", "download", "-q", f"{package}={version}"],
        }[manager]
        _run(command, Path(folder), package)
        fetched = list(Path(folder).glob(f"*.{extension}"))
        if len(fetched) != 1:
            raise PackageUnavailable(
                f"{' '.join(command)} left {len(fetched)} archives instead of one"
            )
        os.replace(fetched[0], archive)
    return archive


def _run(command: list[str], folder: Path, package: str) -> None:
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
            f"could not fetch {package} ({' '.join(command)} ended with {done.returncode}): {reason or 'no message'}. "
            "Is there a network connection? Packages that are already in the cache are not fetched again"
        )


def sha256(archive: Path) -> str:
    """Hex digest of a file."""
    return hashlib.sha256(archive.read_bytes()).hexdigest()


def read_npm(archive: Path, wanted: tuple[str, ...]) -> dict[str, bytes]:
    """Files of an npm archive by path below its top folder; those whose path starts with one of
    `wanted`.

    Raises ValueError if the archive is damaged.
    """
    try:
        with tarfile.open(archive, "r:gz") as tar:
            return _files(tar, wanted, depth=1)
    except (tarfile.TarError, OSError, EOFError) as error:
        raise ValueError(
            f"{archive} is damaged ({error}): delete it, and it is fetched again"
        ) from error


def read_deb(archive: Path, wanted: tuple[str, ...]) -> dict[str, bytes]:
    """Files of a Debian archive by path from the root; those whose path starts with one of
    `wanted`.

    A .deb is an `ar` archive (60-byte headers, even offsets) that holds a compressed tar named
    data.tar.*.
    """
    content = archive.read_bytes()
    if content[:8] != b"!<arch>\n":
        raise ValueError(f"{archive} is not a Debian package: delete it, and it is fetched again")
    offset = 8
    while offset + 60 <= len(content):
        name = content[offset : offset + 16].decode("ascii", "replace").strip(" /")
        size = int(content[offset + 48 : offset + 58])
        offset += 60
        if name.startswith("data.tar"):
            try:
                with tarfile.open(
                    fileobj=io.BytesIO(content[offset : offset + size]), mode="r:*"
                ) as tar:
                    return _files(tar, wanted, depth=0)
            except (tarfile.TarError, OSError, EOFError) as error:
                raise ValueError(
                    f"{archive} is damaged ({error}): delete it, and it is fetched again"
                ) from error
        offset += size + size % 2
    raise ValueError(f"{archive} holds no data archive: delete it, and it is fetched again")


def _files(tar: tarfile.TarFile, wanted: tuple[str, ...], depth: int) -> dict[str, bytes]:
    """Regular files only: nothing is ever unpacked onto the disk."""
    files = {}
    for member in tar:
        path = "/".join(member.name.removeprefix("./").split("/")[depth:])
        if member.isfile() and path.startswith(wanted):
            extracted = tar.extractfile(member)
            assert extracted is not None
            files[path] = extracted.read()
    return files
