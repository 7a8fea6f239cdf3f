"""Package archives, fetched once with npm or apt into a cache folder.

They are read from there without any network.
"""

from __future__ import annotations

import bz2
import hashlib
import lzma
import os
import shutil
import subprocess
import tarfile
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Literal

from dall_e.bounded_files import naming
from dall_e.errors import UnusableFileError

Manager = Literal["npm", "apt"]

FETCH_SECONDS = 600
DEB_MAGIC = b"!<arch>\n"
DEB_HEADER = 60
"""Bytes before each member of an `ar` archive."""
MOST_TIMES_PACKED = 20
"""Drawings in text shrink to a seventh when they are packed; what shrinks to less is not drawings.
"""
MOST_KEPT = 512 * 2**20
"""Bytes of all files that are read of an archive."""
SMALL_ARCHIVE = 64 * 2**20
"""Bytes that any archive may have unpacked."""
_MOST_DICTIONARY = 256 * 2**20
_CHUNK = 1 << 16
_DAMAGED, _MEND = "it is damaged", "delete it, and it is fetched again"


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
    digest = hashlib.sha256()
    with open(archive, "rb") as file:
        while piece := file.read(1 << 22):
            digest.update(piece)
    return digest.hexdigest()


# Reading


def read_npm(archive: Path, wanted: tuple[str, ...]) -> dict[str, bytes]:
    """Files of an npm archive, by path below its top folder.

    Only those are read whose path starts with one of `wanted`. Raises UnusableFileError if the
    archive is damaged, or far larger unpacked than packed.
    """
    with naming(archive, _DAMAGED, _MEND), open(archive, "rb") as file:
        return _files(file, os.fstat(file.fileno()).st_size, wanted, depth=1)


def read_deb(archive: Path, wanted: tuple[str, ...]) -> dict[str, bytes]:
    """Files of a Debian archive, by path from the root.

    Only those are read whose path starts with one of `wanted`. A .deb is an `ar` archive (60-byte
    headers, even offsets) that holds a compressed tar named data.tar.*. Raises as `read_npm` does.
    """
    with naming(archive, _DAMAGED, _MEND), open(archive, "rb") as file:
        if file.read(len(DEB_MAGIC)) != DEB_MAGIC:
            raise UnusableFileError(archive, "it is not a Debian package", _MEND)
        end = os.fstat(file.fileno()).st_size
        while len(header := file.read(DEB_HEADER)) == DEB_HEADER:
            digits = header[48:58].strip()
            if not digits.isdigit() or file.tell() + int(digits) > end:
                raise ValueError(f"a part has the size {digits[:10]!r}")
            size = int(digits)
            if header.startswith(b"data.tar"):
                return _files(file, size, wanted, depth=0)
            file.seek(size + size % 2, os.SEEK_CUR)
    raise UnusableFileError(archive, "it holds no data archive", _MEND)


def _files(file: BinaryIO, size: int, wanted: tuple[str, ...], *, depth: int) -> dict[str, bytes]:
    """Regular files of a compressed tar of `size` bytes that starts here, below `depth` folders.

    Nothing is ever unpacked onto the disk.
    """
    files: dict[str, bytes] = {}
    kept = 0
    with tarfile.open(fileobj=_Unpacked(file, size), mode="r|") as tar:  # type: ignore[call-overload]
        for member in tar:
            path = "/".join(member.name.removeprefix("./").split("/")[depth:])
            if member.isfile() and path.startswith(wanted):
                extracted = tar.extractfile(member)
                assert extracted is not None
                kept += member.size
                if kept > MOST_KEPT:
                    raise ValueError(f"its files have more than {MOST_KEPT} bytes")
                files[path] = extracted.read()
            # What tar keeps of the members before is of no use.
            tar.members = []
    return files


class _Unpacked:
    """The tar within a compressed part of a file, unpacked as it is read, up to a limit."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self._packed_left = file, size
        self._left = MOST_TIMES_PACKED * size + SMALL_ARCHIVE
        self._most = self._left
        start = file.read(min(6, size))
        file.seek(-len(start), os.SEEK_CUR)
        self._unpack = _unpacker(start)
        self._unread = b""

    def read(self, length: int) -> bytes:
        """The next bytes, fewer at the end. Raises ValueError beyond the limit."""
        pieces: list[bytes] = []
        wanted = length
        while wanted and (piece := self._piece(wanted)):
            pieces.append(piece)
            wanted -= len(piece)
        self._left -= length - wanted
        if self._left < 0:
            raise ValueError(f"unpacked it has more than {self._most} bytes")
        return b"".join(pieces)

    def _piece(self, length: int) -> bytes:
        """At most `length` bytes; none at the end."""
        piece = b""
        while not piece:
            packed = self._unread or self._file.read(min(_CHUNK, self._packed_left))
            if not self._unread:
                self._packed_left -= len(packed)
            piece, self._unread, ended = self._unpack(packed, length)
            if ended:
                break
            if not packed and not piece:
                raise EOFError("it was cut short")
        return piece


Unpack = Callable[[bytes, int], tuple[bytes, bytes, bool]]
"""Packed bytes and how many to give; those, the packed bytes that are left, whether it ended."""


def _unpacker(start: bytes) -> Unpack:
    """What unpacks the format of these first bytes. Raises ValueError for one not known."""
    if start.startswith(b"\x1f\x8b"):
        inflater = zlib.decompressobj(wbits=31)

        def inflate(packed: bytes, length: int) -> tuple[bytes, bytes, bool]:
            piece = inflater.decompress(packed, length)
            return piece, inflater.unconsumed_tail, inflater.eof

        return inflate

    decompressor: lzma.LZMADecompressor | bz2.BZ2Decompressor
    if start.startswith(b"\xfd7zXZ"):
        decompressor = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MOST_DICTIONARY)
    elif start.startswith(b"BZh"):
        decompressor = bz2.BZ2Decompressor()
    else:
        raise ValueError("it is packed in no known way: gzip, xz and bzip2 are read")

    def unpack(packed: bytes, length: int) -> tuple[bytes, bytes, bool]:
        if decompressor.eof:
            return b"", b"", True
        # What is left over stays inside.
        return decompressor.decompress(packed, length), b"", decompressor.eof

    return unpack
