"""Weight files of other projects as tables of tensors that are read from the disk one at a time.

Understood are safetensors, what `torch.save` writes (both its formats), and their sharded forms
with an index; Flax's files are read by `flax_files.py`. A pickle is taken apart by an unpickler
that knows a short list of names: tensors and plain containers become what they are, some classes
become inert records, and any other name is refused before anything is called.
"""

from __future__ import annotations

import json
import pickle
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import safetensors.torch
import torch

_DTYPES = {
    "F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16, "I64": torch.int64,
    "I32": torch.int32, "I16": torch.int16, "I8": torch.int8, "U8": torch.uint8, "BOOL": torch.bool,
}  # fmt: skip
_STORAGES = {
    "DoubleStorage": torch.float64, "FloatStorage": torch.float32, "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16, "LongStorage": torch.int64, "IntStorage": torch.int32,
    "ShortStorage": torch.int16, "CharStorage": torch.int8, "ByteStorage": torch.uint8, "BoolStorage": torch.bool,
}  # fmt: skip
_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_LEGACY_PROTOCOL = 1001
_LONGEST_HEADER = 100 * 2**20


@dataclass(frozen=True)
class StoredTensor:
    """A tensor that is still on the disk."""

    path: Path
    """The file."""
    first_byte: int
    """Where its storage starts."""
    dtype: torch.dtype
    """Number format in the file."""
    shape: tuple[int, ...]
    """Its sizes."""
    stride: tuple[int, ...]
    """Steps between neighbours along each axis, in numbers."""
    offset: int
    """Its first number in the storage."""

    def read(self) -> torch.Tensor:
        """The tensor, in the file's number format, in memory of its own. Raises ValueError if the
        file ends before."""
        span = _span(self.shape, self.stride)
        content = bytearray(span * self.dtype.itemsize)
        with open(self.path, "rb") as file:
            file.seek(self.first_byte + self.offset * self.dtype.itemsize)
            read = file.readinto(content)
        if read != len(content):
            raise ValueError(f"{self.path} ends before its tensors do: it was cut short")
        if not content:
            return torch.empty(self.shape, dtype=self.dtype)
        return (
            torch.frombuffer(content, dtype=self.dtype)
            .as_strided(self.shape, self.stride)
            .contiguous()
        )


class Record:
    """Stands for an object of a class that is known and not wanted: it keeps the object's state and
    does nothing."""

    def __init__(self, *_arguments: Any) -> None:
        self.state: dict[str, Any] = {}

    def __setstate__(self, state: Any) -> None:
        self.state = state if isinstance(state, dict) else {"state": state}


def open_weights(path: Path) -> Any:
    """What a weight file holds: dicts, lists and plain values, with a StoredTensor for each tensor.

    An index of shards, *.index.json, gives the tensors of all its shards. Raises FileNotFoundError,
    or ValueError for a file that is damaged, of no known format, or whose pickle names anything
    that is not known to be harmless.
    """
    if path.name.endswith(".index.json"):
        return _open_shards(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing")
    if path.suffix == ".safetensors":
        return _open_safetensors(path)
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


def _open_shards(index: Path) -> dict[str, StoredTensor]:
    try:
        names = json.loads(index.read_bytes())["weight_map"]
        files = {file: index.parent / Path(file).name for file in dict.fromkeys(names.values())}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{index} is not an index of shards: {error}") from error
    tensors: dict[str, StoredTensor] = {}
    for file, path in files.items():
        held = open_weights(path)
        for name in (name for name, place in names.items() if place == file):
            if name not in held:
                raise ValueError(f"{path} has no tensor {name}, which {index.name} promises")
            tensors[name] = held[name]
    return tensors


def _open_safetensors(path: Path) -> dict[str, StoredTensor]:
    size = path.stat().st_size
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8).ljust(8, b"\xff"))
        if length > min(size, _LONGEST_HEADER):
            raise ValueError(f"{path} is cut short, or no safetensors file")
        try:
            header = json.loads(file.read(length))
        except ValueError as error:
            raise ValueError(f"{path} is no safetensors file: {error}") from error
    tensors: dict[str, StoredTensor] = {}
    try:
        for name, entry in header.items():
            if name == "__metadata__":
                continue
            first, end = entry["data_offsets"]
            shape = tuple(entry["shape"])
            dtype = _DTYPES[entry["dtype"]]
            tensor = StoredTensor(path, 8 + length + first, dtype, shape, row_major(shape), 0)
            if (
                end - first != _span(shape, tensor.stride) * dtype.itemsize
                or 8 + length + end > size
            ):
                raise ValueError(f"tensor {name} does not fit into its {size} bytes")
            tensors[name] = tensor
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} has a header that is no safetensors header: {error}") from error
    except ValueError as error:
        raise ValueError(f"{path} is cut short or damaged: {error}") from error
    return tensors


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
    shape, stride = tuple(shape), tuple(stride)
    numbers = (*shape, *stride, offset)
    if not all(isinstance(number, int) and number >= 0 for number in numbers) or len(shape) != len(
        stride
    ):
        raise pickle.UnpicklingError(f"a tensor of shape {shape} and stride {stride} at {offset}")
    if offset + _span(shape, stride) > storage.numel:
        raise pickle.UnpicklingError(
            f"a tensor of shape {shape} in a storage of {storage.numel} numbers"
        )
    return StoredTensor(storage.path, storage.first_byte, storage.dtype, shape, stride, offset)


def _rebuild_parameter(tensor: Any, *_rest: Any) -> Any:
    return tensor


_MODULES = "torch.nn.modules."
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
    # Objects that lie beside the weights: of no use here, and inert.
    **dict.fromkeys(
        (
            "torch.device",
            "_codecs.encode",
            "numpy.dtype",
            "numpy.core.multiarray.scalar",
            "numpy._core.multiarray.scalar",
            "argparse.Namespace",
            "pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint",
            "pytorch_lightning.utilities.parsing.AttributeDict",
        ),
        Record,
    ),
}
_MODULE_CLASSES = (
    "dall_e.encoder.Encoder",
    "dall_e.encoder.EncoderBlock",
    "dall_e.decoder.Decoder",
    "dall_e.decoder.DecoderBlock",
    "dall_e.utils.Conv2d",
    f"{_MODULES}activation.ReLU",
    f"{_MODULES}container.Sequential",
    f"{_MODULES}linear.Identity",
    f"{_MODULES}pooling.MaxPool2d",
    f"{_MODULES}upsampling.Upsample",
)
"""Networks that were pickled whole: OpenAI's dVAE. `weights_of_record` collects their tensors."""
_KNOWN |= dict.fromkeys(_MODULE_CLASSES, Record)


class _Unpickler(pickle.Unpickler):
    """Looks names up in the table above, imports nothing, and finds storages where `locate` says
    they are."""

    def __init__(
        self, file: BinaryIO, path: Path, locate: Callable[[str, torch.dtype, int], _Storage]
    ) -> None:
        super().__init__(file, encoding="utf-8")
        self._path, self._locate = path, locate

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        """The harmless stand-in for a name. Raises ValueError for a name that is not in the
        table."""
        name = f"{module_name}.{global_name}"
        if name not in _KNOWN:
            raise ValueError(
                f"{self._path} asks to run {name}, which weights do not need: it was refused and nothing of it was run"
            )
        return _KNOWN[name]

    def persistent_load(self, pid: Any, /) -> Any:
        """A storage by its key, or, in the old format, a class with its source text, which is not
        looked at."""
        if isinstance(pid, tuple) and len(pid) == 4 and pid[0] == "module":
            return pid[1]
        kind, storage, key, _location, numel = pid[:5]
        if (
            kind != "storage"
            or not isinstance(storage, _StorageKind)
            or not isinstance(numel, int)
            or numel < 0
        ):
            raise pickle.UnpicklingError(f"an unknown kind of storage, {kind!r}")
        if len(pid) > 5 and pid[5] is not None:
            raise pickle.UnpicklingError(
                "a view of a storage, as only very old versions of torch wrote"
            )
        return self._locate(str(key), storage.dtype, numel)


def _open_zip(path: Path) -> Any:
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
            if (
                record.compress_type != zipfile.ZIP_STORED
                or record.file_size < numel * dtype.itemsize
            ):
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


def weights_in(
    tree: Any, path: Path, wrappers: Sequence[str] = ("state_dict", "model", "module")
) -> dict[str, Any]:
    """The weights by name: the tree itself, what is under one of `wrappers`, or those of a network
    pickled whole.

    Raises ValueError if there are none.
    """
    if isinstance(tree, Record):
        return weights_of_record(tree)
    for wrapper in wrappers:
        if isinstance(tree, dict) and isinstance(tree.get(wrapper), dict):
            tree = tree[wrapper]
            break
    if not isinstance(tree, dict) or not any(
        isinstance(value, StoredTensor) for value in tree.values()
    ):
        raise ValueError(f"{path} holds no weights by name")
    return {
        name: value
        for name, value in tree.items()
        if isinstance(name, str) and isinstance(value, StoredTensor)
    }


def read_tensors(path: Path) -> dict[str, torch.Tensor]:
    """All tensors of a safetensors file, in memory. Raises as `open_weights` does."""
    return {name: tensor.read() for name, tensor in _open_safetensors(path).items()}


def write_tensors(path: Path, tensors: dict[str, torch.Tensor]) -> None:
    """Writes a safetensors file."""
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    safetensors.torch.save_file(plain, path)


def weights_of_record(record: Record, prefix: str = "") -> dict[str, StoredTensor]:
    """The tensors of a network that was pickled whole, named as its `state_dict` would name
    them."""
    weights: dict[str, StoredTensor] = {}
    for kind in ("_parameters", "_buffers"):
        held = record.state.get(kind) or {}
        weights |= {
            f"{prefix}{name}": value
            for name, value in held.items()
            if isinstance(value, StoredTensor)
        }
    for name, part in (record.state.get("_modules") or {}).items():
        if isinstance(part, Record):
            weights |= weights_of_record(part, f"{prefix}{name}.")
    return weights


def row_major(shape: Sequence[int]) -> tuple[int, ...]:
    """Steps between neighbours along each axis of an array without gaps, the last axis first."""
    steps = [1]
    for length in reversed(shape[1:]):
        steps.append(steps[-1] * length)
    return tuple(reversed(steps)) if shape else ()


def _span(shape: tuple[int, ...], stride: tuple[int, ...]) -> int:
    """Numbers from a tensor's first to behind its last."""
    if 0 in shape:
        return 0
    return 1 + sum((length - 1) * step for length, step in zip(shape, stride, strict=True))
