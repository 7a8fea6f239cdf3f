"""The weights file of our own format: safetensors, in float32 or in eight bits.

In eight bits a matrix has one scale per output channel (`name` int8 and `name.scale` float32), and
norms and biases are bfloat16. Tensors are written and read one at a time.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from dall_e.checkpoints.stored_tensor import (
    StoredTensor,
    beyond,
    is_finite,
    read_weight_in,
)
from dall_e.checkpoints.tensor_files import CODE_OF_DTYPE
from dall_e.nn.quantization import dequantize, quantizable, quantize

_SCALE = ".scale"
_ROUNDED_AT_A_TIME = 1 << 20
"""Numbers of a weight that are brought to eight bits at once."""


def write_weights_file(path: Path, tensors: Mapping[str, torch.Tensor], *, int8: bool) -> None:
    """Write tensors by name.

    Where each tensor lies follows from the shapes alone, so the header is written first, and of the
    rounded tensors there is never more than one in memory. Raises OSError.
    """
    kinds: dict[str, tuple[torch.dtype, torch.Size]] = {}
    for name, tensor in tensors.items():
        for suffix, kind in _stored_kinds(tensor, int8).items():
            assert name + suffix not in kinds, name + suffix
            kinds[name + suffix] = kind

    # Wide numbers first, as the format's own library has it: all of them are aligned then.
    order = sorted(kinds, key=lambda name: (-kinds[name][0].itemsize, name))
    header: dict[str, dict[str, Any]] = {}
    end = 0
    for name in order:
        dtype, shape = kinds[name]
        start, end = end, end + shape.numel() * dtype.itemsize
        offsets = [start, end]
        header[name] = {
            "dtype": CODE_OF_DTYPE[dtype],
            "shape": list(shape),
            "data_offsets": offsets,
        }
    text = json.dumps(header, separators=(",", ":")).encode("utf-8")
    text += b" " * (-len(text) % 8)

    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        data_start = file.tell()
        for name, tensor in tensors.items():
            for suffix, part in _as_stored(tensor, int8).items():
                file.seek(data_start + header[name + suffix]["data_offsets"][0])
                file.write(part.contiguous().flatten().view(torch.uint8).numpy().data)


def _stored_kinds(tensor: torch.Tensor, int8: bool) -> dict[str, tuple[torch.dtype, torch.Size]]:
    """Number format and shape of what a tensor is stored as, by the suffix of its name."""
    if int8 and quantizable(tensor):
        return {"": (torch.int8, tensor.shape), _SCALE: (torch.float32, tensor.shape[:1])}
    if tensor.is_floating_point():
        return {"": (torch.bfloat16 if int8 else torch.float32, tensor.shape)}
    return {"": (tensor.dtype, tensor.shape)}


def _as_stored(tensor: torch.Tensor, int8: bool) -> dict[str, torch.Tensor]:
    """The tensors that `_stored_kinds` announces."""
    plain = tensor.detach().cpu()
    if int8 and quantizable(plain):
        # Channels are rounded each on its own, so a few at a time: all at once takes six times the
        # tensor's memory.
        channels = max(1, _ROUNDED_AT_A_TIME // max(1, plain[0].numel()))
        values, scales = zip(*(quantize(part) for part in plain.split(channels)), strict=True)
        return {"": torch.cat(values), _SCALE: torch.cat(scales)}
    return {suffix: plain.to(dtype) for suffix, (dtype, _) in _stored_kinds(plain, int8).items()}


def is_scale(held: Mapping[str, StoredTensor], name: str) -> bool:
    """Whether a tensor of a weights file is the scale of another, in eight bits."""
    weight = held.get(name.removesuffix(_SCALE))
    return name.endswith(_SCALE) and weight is not None and weight.dtype == torch.int8


def read_weight(held: Mapping[str, StoredTensor], name: str, dtype: torch.dtype) -> torch.Tensor:
    """Read one weight, in `dtype` unless it holds whole numbers; eight bits are dequantised.

    Raises UnusableFileError for one that is not finite.
    """
    stored, scale = held[name], held.get(name + _SCALE)
    if stored.dtype != torch.int8 or scale is None:
        return read_weight_in(stored, name, dtype)
    scale_O = read_weight_in(scale, name + _SCALE, torch.float32)
    weight = dequantize(stored.read(), scale_O, dtype)

    # Bytes are finite, so only a large scale is worth a look at all products.
    is_large = float(scale_O.abs().amax()) > torch.finfo(dtype).max / 128
    if is_large and not is_finite(weight):
        raise beyond(stored.path, name, dtype)
    return weight
