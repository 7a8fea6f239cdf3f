"""What `torch.save` writes, in both its formats, read without running anything.

A pickle is a program: unpickled as usual, it may call any function. Here it is taken apart by an
unpickler that knows a short list of names. Tensors and plain containers become what they are, some
classes become inert records, and any other name is refused before anything is called.
"""

from __future__ import annotations

import pickle
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import torch

from dall_e.checkpoints.stored_tensor import StoredTensor, span

_STORAGES = {
    "DoubleStorage": torch.float64,
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}
_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_LEGACY_PROTOCOL = 1001


def open_pickle(path: Path) -> Any:
    """What a file of `torch.save` holds, with a StoredTensor for each tensor.

    Raises ValueError for a file that is damaged, of no known format, or whose pickle names anything
    that is not known to be harmless.
    """
    try:
        return _open_zip(path) if zipfile.is_zipfile(path) else _open_legacy(path)
    except (
        pickle.UnpicklingError,
        EOFError,
        zipfile.BadZipFile,
        struct.error,
        IndexError,
        KeyError,
    ) as error:
        raise ValueError(
            f"{path} is damaged, or no weight file: {error or type(error).__name__}"
        ) from error
    except (TypeError, AttributeError, UnicodeDecodeError, OverflowError, RecursionError) as error:
        raise ValueError(
            f"{path} is not a file of weights: its pickle is malformed ({error})"
        ) from error


# Stand-ins for what a pickle names


class Record:
    """Stands for an object of a known class that is not needed: keeps its state, does nothing."""

    def __init__(self, *_arguments: Any) -> None:
        self.state: dict[str, Any] = {}

    def __setstate__(self, state: Any) -> None:
        self.state = state if isinstance(state, dict) else {"state": state}


class _Storage(NamedTuple):
    """Numbers on the disk that tensors are views of."""

    path: Path
    first_byte: int
    dtype: torch.dtype
    numel: int


class _StorageKind(NamedTuple):
    """Stands for a storage class of torch."""

    dtype: torch.dtype


def _rebuild_tensor(
    storage: Any, offset: int, shape: Any, stride: Any, *_rest: Any
) -> StoredTensor:
    if not isinstance(storage, _Storage):
        raise pickle.UnpicklingError("a tensor without a storage")

    # A tensor must lie within its storage, whatever the file says.
    shape, stride = tuple(shape), tuple(stride)
    numbers = (*shape, *stride, offset)
    are_counts = all(isinstance(number, int) and number >= 0 for number in numbers)
    if not are_counts or len(shape) != len(stride):
        raise pickle.UnpicklingError(f"a tensor of shape {shape} and stride {stride} at {offset}")
    if offset + span(shape, stride) > storage.numel:
        raise pickle.UnpicklingError(
            f"a tensor of shape {shape} in a storage of {storage.numel} numbers"
        )
    return StoredTensor(storage.path, storage.first_byte, storage.dtype, shape, stride, offset)


def _rebuild_parameter(tensor: Any, *_rest: Any) -> Any:
    return tensor


_INERT_CLASSES = (
    "torch.device",
    "_codecs.encode",
    "numpy.dtype",
    "numpy.core.multiarray.scalar",
    "numpy._core.multiarray.scalar",
    "argparse.Namespace",
    "pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint",
    "pytorch_lightning.utilities.parsing.AttributeDict",
)
"""Objects that lie beside the weights: of no use here."""

_MODULE_CLASSES = (
    "dall_e.encoder.Encoder",
    "dall_e.encoder.EncoderBlock",
    "dall_e.decoder.Decoder",
    "dall_e.decoder.DecoderBlock",
    "dall_e.utils.Conv2d",
    "torch.nn.modules.activation.ReLU",
    "torch.nn.modules.container.Sequential",
    "torch.nn.modules.linear.Identity",
    "torch.nn.modules.pooling.MaxPool2d",
    "torch.nn.modules.upsampling.Upsample",
)
"""Networks that were pickled whole: OpenAI's dVAE. `weights_of_record` collects their tensors."""

_KNOWN: dict[str, Any] = {
    "collections.OrderedDict": OrderedDict,
    "builtins.set": set,
    "__builtin__.set": set,
    "torch.Size": tuple,
    "torch._utils._rebuild_tensor_v2": _rebuild_tensor,
    "torch._utils._rebuild_parameter": _rebuild_parameter,
    "torch._utils._rebuild_parameter_with_state": _rebuild_parameter,
    **{f"torch.{name}": _StorageKind(dtype) for name, dtype in _STORAGES.items()},
    **{str(dtype): str(dtype) for dtype in _STORAGES.values()},
    **dict.fromkeys(_INERT_CLASSES, Record),
    **dict.fromkeys(_MODULE_CLASSES, Record),
}
"""All names that a pickle may use, and what stands for each."""

Locate = Callable[[str, torch.dtype, int], _Storage]
"""Finds a storage by its key, number format and length."""


class _Unpickler(pickle.Unpickler):
    """Looks names up in the table above, imports nothing, and asks `locate` for storages."""

    def __init__(self, file: BinaryIO, path: Path, locate: Locate) -> None:
        super().__init__(file, encoding="utf-8")
        self._path, self._locate = path, locate

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        """The harmless stand-in for a name. Raises ValueError if it is not in the table."""
        name = f"{module_name}.{global_name}"
        if name not in _KNOWN:
            raise ValueError(
                f"{self._path} asks to run {name}, which weights do not need: "
                "it was refused and nothing of it was run"
            )
        return _KNOWN[name]

    def persistent_load(self, pid: Any, /) -> Any:
        """A storage by its key.

        In the old format also a class with its source text, which is not looked at.
        """
        if isinstance(pid, tuple) and len(pid) == 4 and pid[0] == "module":
            return pid[1]

        kind, storage, key, _location, numel = pid[:5]
        is_storage = kind == "storage" and isinstance(storage, _StorageKind)
        if not is_storage or not isinstance(numel, int) or numel < 0:
            raise pickle.UnpicklingError(f"an unknown kind of storage, {kind!r}")
        if len(pid) > 5 and pid[5] is not None:
            raise pickle.UnpicklingError(
                "a view of a storage, as only very old versions of torch wrote"
            )
        return self._locate(str(key), storage.dtype, numel)


# The two formats


def _open_zip(path: Path) -> Any:
    """The format of torch since 1.6: an archive of one pickle and a record for each storage."""
    with zipfile.ZipFile(path) as archive, open(path, "rb") as raw:
        records = {record.filename: record for record in archive.infolist()}
        heads = [name for name in records if name.endswith("/data.pkl")]
        if len(heads) != 1:
            raise ValueError(f"{path} is an archive, but not one that torch.save wrote")
        root = heads[0].removesuffix("data.pkl")
        order = f"{root}byteorder"
        if order in records and archive.read(order) != b"little":
            raise ValueError(f"{path} was written on a machine with another byte order")

        def locate(key: str, dtype: torch.dtype, numel: int) -> _Storage:
            record = records[f"{root}data/{key}"]
            is_stored = record.compress_type == zipfile.ZIP_STORED
            if not is_stored or record.file_size < numel * dtype.itemsize:
                raise pickle.UnpicklingError(f"storage {key} is compressed or too short")

            # The local header repeats the name and has padding of its own: the data lie behind
            # both.
            raw.seek(record.header_offset + 26)
            name_length, extra_length = struct.unpack("<HH", raw.read(4))
            first_byte = record.header_offset + 30 + name_length + extra_length
            return _Storage(path, first_byte, dtype, numel)

        with archive.open(heads[0]) as head:
            return _Unpickler(head, path, locate).load()  # type: ignore[arg-type]


def _open_legacy(path: Path) -> Any:
    """The format of torch before 1.6: pickles one after the other, then the storages."""
    asked: dict[str, tuple[torch.dtype, int]] = {}

    def note(key: str, dtype: torch.dtype, numel: int) -> _Storage:
        # Where the storage lies is known only at the end; until then its key stands for the path.
        asked[key] = (dtype, numel)
        return _Storage(Path(key), -1, dtype, numel)

    with open(path, "rb") as file:
        if _Unpickler(file, path, note).load() != _LEGACY_MAGIC:
            raise ValueError(f"{path} is not a file that torch.save wrote")
        if _Unpickler(file, path, note).load() != _LEGACY_PROTOCOL:
            raise ValueError(f"{path} is of an unknown version of torch's format")
        system = _Unpickler(file, path, note).load()
        if not system.get("little_endian", True):
            raise ValueError(f"{path} was written on a machine with another byte order")
        tree = _Unpickler(file, path, note).load()

        first_bytes: dict[str, int] = {}
        for key in map(str, _Unpickler(file, path, note).load()):
            dtype, numel = asked[key]
            (held,) = struct.unpack("<q", file.read(8))
            first_bytes[key] = file.tell()
            if held != numel or file.seek(numel * dtype.itemsize, 1) > path.stat().st_size:
                raise ValueError(
                    f"{path} is cut short: storage {key} has {held} of {numel} numbers"
                )
    return _placed(tree, path, first_bytes)


def _placed(tree: Any, path: Path, first_bytes: dict[str, int]) -> Any:
    """The tree with each tensor's storage where it turned out to be."""
    if isinstance(tree, StoredTensor):
        first_byte = first_bytes[str(tree.path)]
        return StoredTensor(path, first_byte, tree.dtype, tree.shape, tree.stride, tree.offset)
    if isinstance(tree, dict):
        return {key: _placed(value, path, first_bytes) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [_placed(value, path, first_bytes) for value in tree]
    if isinstance(tree, Record):
        tree.state = _placed(tree.state, path, first_bytes)
    return tree


def weights_of_record(record: Record, prefix: str = "") -> dict[str, StoredTensor]:
    """The tensors of a network that was pickled whole, named as its `state_dict` would name it."""
    weights: dict[str, StoredTensor] = {}
    for kind in ("_parameters", "_buffers"):
        for name, value in (record.state.get(kind) or {}).items():
            if isinstance(value, StoredTensor):
                weights[f"{prefix}{name}"] = value
    for name, part in (record.state.get("_modules") or {}).items():
        if isinstance(part, Record):
            weights |= weights_of_record(part, f"{prefix}{name}.")
    return weights
