"""Tar files to their members, with every gap noticed.

Python's `tarfile` ends without a word at a bad or cut header, as if the archive ended there. Here
an archive ends at its end mark, two blocks of zeros with nothing behind them. At anything else the
damage is told, and reading goes on at the next good header.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import tempfile
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import IO, NamedTuple

from dall_e.errors import UnusableFileError

BLOCK = tarfile.BLOCKSIZE
LARGEST_MEMBER = 256 << 20
"""Bytes; larger files are not read. No picture to train on is this large."""
MOST_EXPANSION = 50
"""A compressed archive of pictures is at most this many times as large when it is unpacked: what is
padded in it are captions and headers. More is no archive of pictures."""
LEAST_EXPANDED = 64 << 20
"""Bytes that any archive may unpack to."""
LZMA_MEMORY = 512 << 20
"""Bytes that the head of an xz file may ask for."""

_CHUNK = 1 << 20
_DAMAGE = (lzma.LZMAError, zlib.error, EOFError, OSError, ValueError)
_BAD_HEADER = (tarfile.TarError, ValueError, OverflowError, EOFError, OSError, RecursionError)


class Member(NamedTuple):
    """A file in an archive."""

    name: str
    content: bytes | None
    """None for what is not read."""
    kind: str
    """What it is: file, folder, link, no plain file, too large, or unwanted."""


class Damage(NamedTuple):
    """A place where the archive could not be read, or where it ends too early."""

    what: str


def read_tar(path: Path, wanted: Collection[str]) -> Iterator[Member | Damage]:
    """Every member of an archive (plain, gzip, bzip2 or xz), and every damage, in their order.

    Contents are read of members whose name ends in one of `wanted`, in small letters. Raises
    UnusableFileError for what is no such archive or unpacks to too much, OSError for a file that
    cannot be opened.
    """
    with path.open("rb") as file:
        magic = file.read(6)
        file.seek(0)
        unpacker = _UNPACKERS.get(magic[:2]) or _UNPACKERS.get(magic)
        if unpacker is None:
            yield from _members(file, path, wanted)
            return

        # Into a file without a name, since going back in a compressed one unpacks it again.
        with tempfile.TemporaryFile() as unpacked:
            problem = _unpack(unpacker(file), unpacked, path)
            if problem:
                yield Damage(problem)
            if unpacked.tell():
                yield from _members(unpacked, path, wanted)


def _unpack(chunks: Iterator[bytes], out: IO[bytes], path: Path) -> str:
    """Write all chunks; returns what is wrong with them. Raises UnusableFileError for too many."""
    size = path.stat().st_size
    most = max(LEAST_EXPANDED, MOST_EXPANSION * size)
    written = 0
    while True:
        try:
            chunk = next(chunks, b"")
        except _DAMAGE as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            return f"damaged: only {written:,} bytes of it unpack ({reason})"
        if not chunk:
            return ""

        written += len(chunk)
        if written > most:
            raise UnusableFileError(
                path,
                f"its {size:,} bytes unpack to more than {most:,}, which pictures never do",
                "unpack it yourself if you trust it",
            )
        out.write(chunk)


def _gzip_chunks(file: IO[bytes]) -> Iterator[bytes]:
    with gzip.GzipFile(fileobj=file) as source:
        while chunk := source.read1(_CHUNK):
            yield chunk


def _bzip2_chunks(file: IO[bytes]) -> Iterator[bytes]:
    with bz2.BZ2File(file) as source:
        while chunk := source.read1(_CHUNK):
            yield chunk


def _xz_chunks(file: IO[bytes]) -> Iterator[bytes]:
    """As the others; `lzma.LZMAFile` would give as much memory as the file asks for."""
    waiting = file.read(_CHUNK)
    while waiting:
        decompressor = lzma.LZMADecompressor(memlimit=LZMA_MEMORY)
        while not decompressor.eof:
            if decompressor.needs_input and not waiting:
                waiting = file.read(_CHUNK)
                if not waiting:
                    raise EOFError("it is cut")
            chunk = decompressor.decompress(waiting, max_length=_CHUNK)
            waiting = b""
            if chunk:
                yield chunk
        # Streams may follow each other, with zeros between.
        waiting = (decompressor.unused_data or file.read(_CHUNK)).lstrip(b"\0")


_UNPACKERS = {b"\x1f\x8b": _gzip_chunks, b"BZ": _bzip2_chunks, b"\xfd7zXZ\0": _xz_chunks}


def _members(file: IO[bytes], path: Path, wanted: Collection[str]) -> Iterator[Member | Damage]:
    """All members of an unpacked archive, and all damages."""
    total = file.seek(0, io.SEEK_END)
    if not total:
        raise UnusableFileError(path, "it is empty")
    position, found = 0, False
    while True:
        # A run of good members, up to the first block that is no header.
        for member, end in _run(file, position, total, wanted):
            found, position = True, end
            yield member
        zeros = _zeros_from(file, position, total)
        if zeros == total and total - position >= 2 * BLOCK:
            return  # the end mark, and nothing behind it

        # Damage: go on at the next good header behind it.
        restart = _next_header(file, zeros if zeros > position else position + BLOCK, total)
        if not found and restart is None and _next_header(file, 0, BLOCK) is None:
            raise UnusableFileError(path, "it is no tar file, or its head is damaged")
        yield Damage(_said(position, zeros, restart, total))
        if restart is None:
            return
        position = restart


def _run(
    file: IO[bytes], start: int, total: int, wanted: Collection[str]
) -> Iterator[tuple[Member, int]]:
    """(member, its end) of the good members from `start` on."""
    file.seek(start)
    end = start
    try:
        with tarfile.TarFile(fileobj=file, errors="surrogateescape") as tar:
            while (info := tar.next()) is not None:
                tar.members.clear()  # type: ignore[attr-defined]  # else it keeps all headers
                length = info.size if info.isreg() else 0
                is_whole = info.size >= 0 and info.offset_data + length <= total
                if not is_whole or tar.offset <= end:
                    return
                end = tar.offset
                yield _member(tar, info, wanted), end
    except _BAD_HEADER:
        return


def _member(tar: tarfile.TarFile, info: tarfile.TarInfo, wanted: Collection[str]) -> Member:
    if info.isdir():
        return Member(info.name, None, "folder")
    if not info.isreg() or info.issparse():
        return Member(info.name, None, "link" if info.issym() or info.islnk() else "no plain file")
    if not info.name.lower().endswith(tuple(wanted)):
        return Member(info.name, None, "unwanted")
    if info.size > LARGEST_MEMBER:
        return Member(info.name, None, "too large")
    source = tar.extractfile(info)
    assert source is not None  # of a plain file there is one
    return Member(info.name, source.read(), "file")


def _zeros_from(file: IO[bytes], start: int, total: int) -> int:
    """Where the zeros that begin at `start` end, in whole blocks; `total` if at the end."""
    file.seek(start)
    while block := file.read(BLOCK):
        if block.count(0) != len(block):
            return start
        start += len(block)
    return total


def _next_header(file: IO[bytes], start: int, total: int) -> int | None:
    """Where the first good header at or behind `start` is."""
    file.seek(start)
    while start < total:
        block = file.read(BLOCK)
        if len(block) < BLOCK:
            return None
        # Only what looks like one: the checksum is six octal digits.
        if block[148:154].strip(b" \0").isdigit():
            try:
                tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
            except _BAD_HEADER:
                pass
            else:
                return start
        start += BLOCK
    return None


def _said(position: int, zeros: int, restart: int | None, total: int) -> str:
    """What is wrong at `position`, in words."""
    if zeros == total:
        return f"it has no end mark, so it may have been cut (at byte {position:,})"
    if restart is not None:
        lost = f"what lies in {restart - position:,} bytes is lost, and reading goes on behind them"
        return f"damaged at byte {position:,}: {lost}"
    return f"damaged or cut at byte {position:,}: nothing of the last {total - position:,} is read"
