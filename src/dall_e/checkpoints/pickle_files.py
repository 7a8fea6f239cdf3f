"""What `torch.save` writes, in both its formats, read without running anything.

The pickles in them are taken apart by `harmless_pickle.py`.
"""

from __future__ import annotations

import os
import struct
import zipfile
from pathlib import Path
from typing import Any, BinaryIO

import torch

from dall_e.bounded_files import check_kind, naming
from dall_e.checkpoints.harmless_pickle import MOST_BYTES, LimitedFile, Record, Storage, Unpickler
from dall_e.checkpoints.stored_tensor import StoredTensor
from dall_e.errors import UnusableFileError

_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_LEGACY_PROTOCOL = 1001
_LARGEST_DIRECTORY = 16 * 2**20
"""Bytes of an archive's table of contents; a record takes about a hundred."""
_DEEPEST = 64
"""Deeper than any network is nested."""
_MOST_PARTS = 100_000
"""Parts of a network that was pickled whole."""


def open_pickle(path: Path) -> Any:
    """What a file of `torch.save` holds, with a StoredTensor for each tensor.

    Raises UnusableFileError for a file that is damaged, of no known format, or whose pickle names
    anything that is not known to be harmless.
    """
    with naming(path, "it is damaged, or no weight file"):
        with open(path, "rb") as file:
            check_kind(path, file.read(256))
        return _open_zip(path) if zipfile.is_zipfile(path) else _open_legacy(path)


def check_archive(path: Path, mend: str = "") -> None:
    """Raise UnusableFileError if a zip archive's records would be larger in memory than on disk."""
    with naming(path, "it is a damaged archive", mend), open(path, "rb") as file:
        if zipfile.is_zipfile(file):
            with _archive(file, path) as archive:
                for record in archive.infolist():
                    _check_stored(record)


# The two formats


def _archive(file: BinaryIO, path: Path) -> zipfile.ZipFile:
    """An open archive, whose table of contents was looked at before it is read."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - 2**16 - 128))
    tail = file.read()
    end = len(tail) - 22 if tail[-22:-18] == b"PK\5\6" else tail.rfind(b"PK\5\6")
    (directory,) = struct.unpack_from("<I", tail, end + 12)
    if directory == 0xFFFFFFFF:
        (directory,) = struct.unpack_from("<Q", tail, tail.rfind(b"PK\6\6", 0, end) + 40)
    if directory > _LARGEST_DIRECTORY:
        raise UnusableFileError(
            path,
            f"its table of contents has {directory} bytes, at most {_LARGEST_DIRECTORY} are read",
        )
    return zipfile.ZipFile(file)


def _check_stored(record: zipfile.ZipInfo) -> None:
    """Raise ValueError for a record that is not in the archive as it is: torch packs none."""
    if record.flag_bits & 1:
        raise ValueError(f"its record {record.filename[:100]} is encrypted")
    if record.compress_type != zipfile.ZIP_STORED or record.file_size != record.compress_size:
        raise ValueError(f"its record {record.filename[:100]} is compressed")


def _open_zip(path: Path) -> Any:
    """The format of torch since 1.6: an archive of one pickle and a record for each storage."""
    with open(path, "rb") as raw, _archive(raw, path) as archive:
        size = os.fstat(raw.fileno()).st_size
        records = {record.filename: record for record in archive.infolist()}
        heads = [name for name in records if name.endswith("/data.pkl")]
        if len(heads) != 1:
            raise UnusableFileError(path, "it is an archive, but not one that torch.save wrote")
        root = heads[0].removesuffix("data.pkl")

        def open_record(name: str, most: int) -> Any:
            record = records[name]
            _check_stored(record)
            if record.file_size > most:
                raise ValueError(f"its {name} has {record.file_size} bytes, {most} are read")
            return archive.open(record)

        order = f"{root}byteorder"
        if order in records and open_record(order, 64).read() != b"little":
            raise UnusableFileError(path, "it was written on a machine with another byte order")

        def locate(key: str, dtype: torch.dtype, numel: int) -> Storage:
            record = records[f"{root}data/{key}"]
            _check_stored(record)
            if record.file_size < numel * dtype.itemsize:
                raise ValueError(f"storage {key} is too short")

            # The local header repeats the name and has padding of its own: the data lie behind
            # both.
            raw.seek(record.header_offset + 26)
            name_length, extra_length = struct.unpack("<HH", raw.read(4))
            first_byte = record.header_offset + 30 + name_length + extra_length
            if first_byte + numel * dtype.itemsize > size:
                raise ValueError(f"storage {key} reaches beyond the end of the file")
            return Storage(path, first_byte, dtype, numel)

        with open_record(heads[0], MOST_BYTES) as head:
            return Unpickler(LimitedFile(head, path), locate).load()


def _open_legacy(path: Path) -> Any:
    """The format of torch before 1.6: pickles one after the other, then the storages."""
    asked: dict[str, tuple[torch.dtype, int]] = {}

    def note(key: str, dtype: torch.dtype, numel: int) -> Storage:
        # Where the storage lies is known only at the end; until then its key stands for the path.
        asked[key] = (dtype, numel)
        return Storage(Path(key), -1, dtype, numel)

    with open(path, "rb") as file:
        limited = LimitedFile(file, path)

        def load() -> Any:
            return Unpickler(limited, note).load()

        if load() != _LEGACY_MAGIC:
            raise UnusableFileError(path, "it is not a file that torch.save wrote")
        if load() != _LEGACY_PROTOCOL:
            raise UnusableFileError(path, "it is of an unknown version of torch's format")
        if not load().get("little_endian", True):
            raise UnusableFileError(path, "it was written on a machine with another byte order")
        tree = load()

        first_bytes: dict[str, int] = {}
        size = os.fstat(file.fileno()).st_size
        for key in load():
            if not isinstance(key, str | int):
                raise ValueError("a storage without a name")
            dtype, numel = asked[str(key)]
            (held,) = struct.unpack("<q", file.read(8))
            first_bytes[str(key)] = file.tell()
            if held != numel or file.seek(numel * dtype.itemsize, 1) > size:
                raise UnusableFileError(
                    path, f"it is cut short: storage {key} has {held} of {numel} numbers"
                )
    return _Placer(path, first_bytes).placed(tree)


class _Placer:
    """Gives the tensors of a tree the places where their storages turned out to be.

    What the tree holds in several places is looked at once: a few lists in each other can stand
    for more places than there is time.
    """

    def __init__(self, path: Path, first_bytes: dict[str, int]) -> None:
        self._path, self._first_bytes = path, first_bytes
        self._done: dict[int, Any] = {}

    def placed(self, tree: Any) -> Any:
        """The tree; lists and tables are changed in place, tuples become lists."""
        if isinstance(tree, StoredTensor):
            first_byte = self._first_bytes[str(tree.path)]
            return StoredTensor(
                self._path, first_byte, tree.dtype, tree.shape, tree.stride, tree.offset
            )
        if not isinstance(tree, dict | list | tuple | Record):
            return tree
        if id(tree) not in self._done:
            held = list(tree) if isinstance(tree, tuple) else tree
            # The tree itself is kept too, so that no other object gets its id.
            self._done[id(tree)] = (tree, held)
            self._place_parts(held)
        return self._done[id(tree)][1]

    def _place_parts(self, held: Any) -> None:
        if isinstance(held, Record):
            held.state = self.placed(held.state)
        elif isinstance(held, dict):
            for key, value in held.items():
                held[key] = self.placed(value)
        else:
            held[:] = [self.placed(value) for value in held]


def weights_of_record(record: Record) -> dict[str, StoredTensor]:
    """The tensors of a network that was pickled whole, named as its `state_dict` would name it.

    Raises ValueError for one that is nested too deeply or has too many parts.
    """
    weights: dict[str, StoredTensor] = {}
    waiting = [(record, "", 0)]
    for _ in range(_MOST_PARTS):
        if not waiting:
            return weights
        part, prefix, depth = waiting.pop()
        if depth > _DEEPEST:
            break
        for kind in ("_parameters", "_buffers"):
            for name, value in (part.state.get(kind) or {}).items():
                if isinstance(value, StoredTensor):
                    weights[f"{prefix}{name}"] = value
        for name, inner in (part.state.get("_modules") or {}).items():
            if isinstance(inner, Record):
                waiting.append((inner, f"{prefix}{name}.", depth + 1))
    raise ValueError(
        f"its network has more than {_MOST_PARTS} parts or is more than {_DEEPEST} deep"
    )
