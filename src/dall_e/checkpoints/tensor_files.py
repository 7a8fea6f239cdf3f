"""Weight files of all projects as tables of tensors that are read from the disk one at a time.

Understood are safetensors, what `torch.save` writes (`pickle_files.py`), and their sharded forms
with an index; Flax's files are read by `flax_files.py`.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import safetensors.torch
import torch

from dall_e.checkpoints.pickle_files import Record, open_pickle, weights_of_record
from dall_e.checkpoints.stored_tensor import StoredTensor, row_major, span

DTYPE_OF_CODE = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
"""Number formats by their names in a safetensors file."""
CODE_OF_DTYPE = {dtype: code for code, dtype in DTYPE_OF_CODE.items()}
"""And the other way round."""
_LONGEST_HEADER = 100 * 2**20


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
    return _open_safetensors(path) if path.suffix == ".safetensors" else open_pickle(path)


def weights_in(
    tree: Any, path: Path, wrappers: Sequence[str] = ("state_dict", "model", "module")
) -> dict[str, StoredTensor]:
    """The weights by name in what `open_weights` gave.

    They are the tree itself, what is under one of `wrappers`, or those of a network pickled whole.
    Raises ValueError if there are none.
    """
    if isinstance(tree, Record):
        return weights_of_record(tree)

    for wrapper in wrappers:
        if isinstance(tree, dict) and isinstance(tree.get(wrapper), dict):
            tree = tree[wrapper]
            break
    values = tree.values() if isinstance(tree, dict) else ()
    if not any(isinstance(value, StoredTensor) for value in values):
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
    """Write a safetensors file."""
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    safetensors.torch.save_file(plain, path)


def _open_shards(index: Path) -> dict[str, StoredTensor]:
    try:
        file_of_tensor = json.loads(index.read_bytes())["weight_map"]
        # A shard lies beside its index, whatever folder its name points to.
        paths = {file: index.parent / Path(file).name for file in file_of_tensor.values()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{index} is not an index of shards: {error}") from error

    tensors: dict[str, StoredTensor] = {}
    for file, path in paths.items():
        held = open_weights(path)
        for name in (name for name, shard in file_of_tensor.items() if shard == file):
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

    try:
        return {
            name: _tensor_of_entry(path, name, entry, data_start=8 + length, size=size)
            for name, entry in header.items()
            if name != "__metadata__"
        }
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} has a header that is no safetensors header: {error}") from error
    except ValueError as error:
        raise ValueError(f"{path} is cut short or damaged: {error}") from error


def _tensor_of_entry(
    path: Path, name: str, entry: Any, *, data_start: int, size: int
) -> StoredTensor:
    """A tensor from its entry in the header. Raises ValueError if it is not within the file."""
    start, end = entry["data_offsets"]
    shape = tuple(entry["shape"])
    dtype = DTYPE_OF_CODE[entry["dtype"]]
    tensor = StoredTensor(path, data_start + start, dtype, shape, row_major(shape), 0)
    num_bytes = span(shape, tensor.stride) * dtype.itemsize
    if end - start != num_bytes or data_start + end > size:
        raise ValueError(f"tensor {name} does not fit into its {size} bytes")
    return tensor
