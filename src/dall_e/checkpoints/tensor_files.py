"""Weight files of all projects as tables of tensors that are read from the disk one at a time.

Understood are safetensors, what `torch.save` writes (`pickle_files.py`), and their sharded forms
with an index; Flax's files are read by `flax_files.py`.
"""

from __future__ import annotations

import itertools
import json
import os
import struct
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import safetensors.torch
import torch

from dall_e.bounded_files import check_kind, naming, read_table
from dall_e.checkpoints.harmless_pickle import Record, other_format
from dall_e.checkpoints.pickle_files import open_pickle, weights_of_record
from dall_e.checkpoints.stored_tensor import StoredTensor, checked_numbers, row_major, span
from dall_e.errors import DallEWarning, UnusableFileError

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
_LONGEST_HEADER = 8 * 2**20
"""Bytes; a tensor takes about a hundred."""
_MOST_SHARDS = 1000
_MOST_TIMES_ITS_FILE = 4
"""Tensors may share numbers, but not so that they take more than this many times their file."""
_SMALL = 64 * 2**20
"""Bytes of memory that any file may ask for."""

PLAIN_WRAPPERS = ("state_dict", "model_state_dict", "model", "module", "params", "weights")
"""Names under which training codes keep the weights, the likeliest first."""
AVERAGED_WRAPPERS = ("ema", "model_ema", "params_ema", "ema_state_dict")
"""And under which they keep their running averages."""
_PREFIXES = ("module.", "_orig_mod.", "model.")
"""What DataParallel, torch.compile and a module around the network put before each name."""
_DEEPEST = 8
"""Wrappers and prefixes in each other."""


def open_weights(path: Path) -> Any:
    """What a weight file holds: dicts, lists and plain values, with a StoredTensor for each tensor.

    An index of shards, *.index.json, gives the tensors of all its shards. Raises FileNotFoundError,
    or UnusableFileError for a file that is damaged, of no known format, or whose pickle names
    anything that is not known to be harmless.
    """
    if path.name.endswith(".index.json"):
        return _open_shards(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing")
    return _open_safetensors(path) if path.suffix == ".safetensors" else open_pickle(path)


# The weights in what was opened


def weights_in(
    tree: Any,
    path: Path,
    kept_under: Sequence[str] = (),
    *,
    own_prefix: str = "",
    say: bool = True,
) -> dict[str, StoredTensor]:
    """The weights by name in what `open_weights` gave.

    They are the tree itself, what is under names such as state_dict in it, or those of a network
    pickled whole; prefixes that training put before all names are taken off.

    kept_under: where the project's own files have them, the best first.
    own_prefix: a start of names that is the project's own.
    say: whether to warn of what was unwrapped that is not so in the project's own files.
    Raises UnusableFileError if there are none, or if they take many times more memory than disk.
    """
    with naming(path, "its weights cannot be told"):
        inner, wrappers = _unwrapped(tree, kept_under)
        held = weights_of_record(inner) if isinstance(inner, Record) else _tensors_of(inner)
        if not held:
            raise UnusableFileError(path, "it holds no weights by name")
        _check_memory(held, path)
        held, prefixes = _without_prefixes(held, own_prefix)

    unusual = wrappers[1:] if wrappers and wrappers[0] in kept_under else wrappers
    if say and (unusual or prefixes):
        told = [f"its weights are those under {'.'.join(wrappers)!r}"] if unusual else []
        told += [f"{prefix!r} was taken off the start of every name" for prefix in prefixes]
        warnings.warn(f"{path}: {', and '.join(told)}", DallEWarning, stacklevel=3)
    return held


def _unwrapped(tree: Any, kept_under: Sequence[str]) -> tuple[Any, list[str]]:
    """The innermost dict or network that has the weights, and the names that lead to it."""
    wrappers: list[str] = []
    order = dict.fromkeys((*kept_under, *PLAIN_WRAPPERS, *AVERAGED_WRAPPERS))
    while isinstance(tree, dict) and len(wrappers) < _DEEPEST:
        held = (name for name in order if isinstance(tree.get(name), dict | Record))
        name = next((name for name in held if tree[name]), None)
        if name is None:
            break
        tree = tree[name]
        wrappers.append(name)
    return tree, wrappers


def _tensors_of(tree: Any) -> dict[str, StoredTensor]:
    values = tree.items() if isinstance(tree, dict) else ()
    return {
        name: value
        for name, value in values
        if isinstance(name, str) and isinstance(value, StoredTensor)
    }


def _without_prefixes(
    held: dict[str, StoredTensor], own_prefix: str
) -> tuple[dict[str, StoredTensor], list[str]]:
    """Weights without what stands before all of their names, and what that was."""
    taken: list[str] = []
    while len(taken) < _DEEPEST:
        common = [
            prefix
            for prefix in _PREFIXES
            if prefix != own_prefix and all(name.startswith(prefix) for name in held)
        ]
        if not common:
            break
        held = {name.removeprefix(common[0]): tensor for name, tensor in held.items()}
        taken.append(common[0])
    return held, taken


def _check_memory(held: dict[str, StoredTensor], path: Path) -> None:
    """Raise UnusableFileError if tensors that share numbers are far larger than their file."""
    wanted = sum(tensor.num_bytes for tensor in held.values())
    files = {tensor.path for tensor in held.values()}
    most = _MOST_TIMES_ITS_FILE * sum(file.stat().st_size for file in files) + _SMALL
    if wanted > most:
        raise UnusableFileError(
            path, f"its tensors would take {wanted} bytes, of such a file at most {most} are read"
        )


# Safetensors


def read_tensors(path: Path) -> dict[str, torch.Tensor]:
    """All tensors of a safetensors file, in memory. Raises as `open_weights` does."""
    return {name: tensor.read() for name, tensor in _open_safetensors(path).items()}


def write_tensors(path: Path, tensors: dict[str, torch.Tensor]) -> None:
    """Write a safetensors file."""
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    safetensors.torch.save_file(plain, path)


def _open_shards(index: Path) -> dict[str, StoredTensor]:
    with naming(index, "it is not an index of shards"):
        file_of_tensor = read_table(index, _LONGEST_HEADER)["weight_map"]
        # A shard lies beside its index, whatever folder its name points to.
        paths = {file: index.parent / Path(file).name for file in file_of_tensor.values()}
        if len(paths) > _MOST_SHARDS:
            raise ValueError(f"it has {len(paths)} shards, at most {_MOST_SHARDS} are read")

    tensors: dict[str, StoredTensor] = {}
    shards = {file: open_weights(path) for file, path in paths.items()}
    for name, file in file_of_tensor.items():
        held = shards[file].get(name) if isinstance(shards[file], dict) else None
        if not isinstance(held, StoredTensor):
            raise UnusableFileError(
                paths[file], f"it has no tensor {name}, which {index.name} promises"
            )
        tensors[name] = held
    return tensors


def _open_safetensors(path: Path) -> dict[str, StoredTensor]:
    with open(path, "rb") as file, naming(path, "it is cut short, or no safetensors file"):
        size = os.fstat(file.fileno()).st_size
        check_kind(path, file.read(256))
        file.seek(0)
        (length,) = struct.unpack("<Q", file.read(8).ljust(8, b"\xff"))
        if length > size - 8:
            raise ValueError(f"its header is to have {length} bytes, the file has {size}")
        if length > _LONGEST_HEADER:
            raise ValueError(f"its header has {length} bytes, at most {_LONGEST_HEADER} are read")

        header = json.loads(file.read(length))
        tensors = {
            name: _tensor_of_entry(path, name, entry, data_start=8 + length, size=size)
            for name, entry in header.items()
            if name != "__metadata__"
        }
        _check_apart(tensors)
        return tensors


def _tensor_of_entry(
    path: Path, name: str, entry: Any, *, data_start: int, size: int
) -> StoredTensor:
    """A tensor from its entry in the header. Raises ValueError if it is not within the file."""
    start, end = checked_numbers(entry["data_offsets"])
    shape = checked_numbers(entry["shape"])
    if entry["dtype"] not in DTYPE_OF_CODE:
        raise other_format(path, str(entry["dtype"])[:40])

    dtype = DTYPE_OF_CODE[entry["dtype"]]
    tensor = StoredTensor(path, data_start + start, dtype, shape, row_major(shape), 0)
    num_bytes = span(shape, tensor.stride) * dtype.itemsize
    if end - start != num_bytes or data_start + end > size:
        raise ValueError(f"tensor {name[:200]} does not fit into its {size} bytes")
    return tensor


def _check_apart(tensors: dict[str, StoredTensor]) -> None:
    """Raise ValueError if two tensors share bytes, as the format does not allow."""
    places = sorted((held.first_byte, held.num_bytes, name) for name, held in tensors.items())
    for (start, length, name), (after, _, other) in itertools.pairwise(places):
        if start + length > after:
            raise ValueError(f"tensors {name[:200]} and {other[:200]} share bytes")
