"""A memory of images as a file, `memory.safetensors` beside a model's weights.

    codes      uint8 [C]      int16 [I, N], the image tokens of each image in raster order, by LZMA
    residuals  uint8 [R]      what the tokens leave out, image after image (`images/residuals.py`)
    lengths    int32 [I]      bytes of each image among them
    prompts    uint8 [P]      JSON, by LZMA: for each image a list of the prompts that recall it
    curves     uint8 [V]      of each image the drawing that it was made of, packed in blocks
                              (`images/packed_curves.py`)
    blocks     int32 [K]      bytes of each block
    sums       int64 [I]      the CRC-32 of each drawing

Files of before version 0.15 have no curves; their codes and prompts are as they are, unpacked.

Shapes: I images, N tokens, R bytes of all images, C, P and V bytes of what is packed, K blocks.
"""

from __future__ import annotations

import itertools
import json
import lzma
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from dall_e.bounded_files import naming
from dall_e.images.packed_curves import PackedCurves
from dall_e.sampling.memory import TokenMemory

MEMORY_FILE = "memory.safetensors"
_LARGEST = 2**30
"""Bytes of a file that is still read; that of the built-in model has 9 MB."""
_KINDS = {
    "codes": torch.uint8,
    "residuals": torch.uint8,
    "lengths": torch.int32,
    "prompts": torch.uint8,
    "curves": torch.uint8,
    "blocks": torch.int32,
    "sums": torch.int64,
}
_OF_CURVES = ("curves", "blocks", "sums")
_UNPACKED = 2**28
"""Bytes of codes or prompts that are still unpacked."""
_PACKED = b"\xfd7zXZ\x00"
"""How bytes begin that LZMA packed."""


def write_memory(path: Path, memory: TokenMemory) -> None:
    """Write a memory. Raises OSError."""
    curves = memory.curves
    packed = curves if isinstance(curves, PackedCurves) else PackedCurves.pack(curves)
    tensors = {
        "codes": _bytes(lzma.compress(memory.codes_IN.contiguous().numpy().tobytes(), preset=9)),
        "residuals": _bytes(b"".join(memory.residuals)),
        "lengths": torch.tensor(list(map(len, memory.residuals)), dtype=torch.int32),
        "prompts": _bytes(lzma.compress(_as_json(memory.prompts), preset=9)),
        "curves": _bytes(b"".join(packed.blocks)),
        "blocks": torch.tensor(list(map(len, packed.blocks)), dtype=torch.int32),
        "sums": torch.tensor(packed.sums, dtype=torch.int64),
    }
    path.write_bytes(save_tensors(tensors, metadata={"format": "pt"}))


def read_memory(path: Path) -> TokenMemory:
    """Read what `write_memory` wrote.

    Raises FileNotFoundError if there is no such file, UnusableFileError for one that is damaged or
    something else.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing")
    with naming(path, "it is not a memory of images"):
        if path.stat().st_size > _LARGEST:
            raise ValueError(f"it is larger than {_LARGEST} bytes")
        try:
            tensors = load_tensors(path.read_bytes())
        except SafetensorError as error:
            raise ValueError(str(error)) from error
        return _memory_of(tensors)


def _as_json(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def _bytes(content: bytes) -> Tensor:
    return torch.from_numpy(np.frombuffer(content, dtype=np.uint8).copy())


def _memory_of(tensors: dict[str, Tensor]) -> TokenMemory:
    """Raises KeyError or ValueError for tensors that are no memory."""
    for name, dtype in _KINDS.items():
        if name in _OF_CURVES and "curves" not in tensors:
            continue
        kind = (tensors[name].dtype, tensors[name].dim())
        was_plain = name == "codes" and kind == (torch.int16, 2)
        if kind != (dtype, 1) and not was_plain:
            raise ValueError(f"its {name} are {tensors[name].dtype} {list(tensors[name].shape)}")
    prompts = json.loads(_unpacked(tensors["prompts"]))
    if not isinstance(prompts, list) or not all(
        isinstance(each, list) and all(isinstance(prompt, str) for prompt in each)
        for each in prompts
    ):
        raise ValueError("its prompts are not lists of texts")

    residuals = _pieces(tensors["residuals"], tensors["lengths"], "residuals")
    curves = _curves_of(tensors) if "curves" in tensors else ()
    codes_IN = _codes_of(tensors["codes"], len(prompts))
    return TokenMemory(codes_IN, tuple(map(tuple, prompts)), residuals, curves)


def _codes_of(codes: Tensor, images: int) -> Tensor:
    """The image tokens [I, N], which older files have unpacked."""
    if codes.dim() == 2:
        return codes
    content = np.frombuffer(_unpacked(codes), dtype="<i2").copy()
    if len(content) % max(images, 1):
        raise ValueError(f"{len(content)} codes are not those of {images} images")
    return torch.from_numpy(content.astype(np.int16)).view(images, -1)


def _unpacked(packed: Tensor) -> bytes:
    """Bytes that LZMA packed, or that are as they are. Raises ValueError for damaged ones."""
    content = packed.numpy().tobytes()
    if not content.startswith(_PACKED):
        return content
    unpacker = lzma.LZMADecompressor()
    try:
        content = unpacker.decompress(content, max_length=_UNPACKED)
    except lzma.LZMAError as error:
        raise ValueError(f"it cannot be unpacked: {error}") from error
    if not unpacker.eof:
        raise ValueError(f"it has no end within {_UNPACKED} bytes")
    return content


def _curves_of(tensors: dict[str, Tensor]) -> PackedCurves:
    blocks = _pieces(tensors["curves"], tensors["blocks"], "curves")
    return PackedCurves(blocks, tensors["sums"].tolist())


def _pieces(content: Tensor, lengths: Tensor, name: str) -> tuple[bytes, ...]:
    """Bytes in pieces of some lengths. Raises ValueError for lengths that are not of them."""
    counts, packed = lengths.tolist(), content.numpy().tobytes()
    if min(counts, default=0) < 0 or sum(counts) != len(packed):
        raise ValueError(f"it has {len(packed)} bytes of {name}, and says {sum(counts)}")
    ends = list(itertools.accumulate(counts, initial=0))
    return tuple(packed[start:end] for start, end in itertools.pairwise(ends))
