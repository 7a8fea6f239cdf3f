"""A memory of images as a file, `memory.safetensors` beside a model's weights.

    codes      int16 [I, N]   the image tokens of each image, in raster order
    residuals  uint8 [R]      what the tokens leave out, image after image (`images/residuals.py`)
    lengths    int32 [I]      bytes of each image among them
    prompts    uint8 [P]      JSON: for each image a list of the prompts that recall it
    curves     uint8 [V]      JSON, packed by LZMA: of each image the drawing that it was made of

Files of before version 0.15 have no curves.

Shapes: I images, N tokens, R bytes of all images, P and V bytes of text.
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
from dall_e.images.curves import check_curves
from dall_e.sampling.memory import TokenMemory

MEMORY_FILE = "memory.safetensors"
_LARGEST = 2**30
"""Bytes of a file that is still read; that of the built-in model has 3 MB."""
_KINDS = {
    "codes": torch.int16,
    "residuals": torch.uint8,
    "lengths": torch.int32,
    "prompts": torch.uint8,
    "curves": torch.uint8,
}
_MOST_CURVES = 2**28
"""Bytes of all curves that are still unpacked."""


def write_memory(path: Path, memory: TokenMemory) -> None:
    """Write a memory. Raises OSError."""
    curves = lzma.compress(_as_json(memory.curves), preset=9)
    tensors = {
        "codes": memory.codes_IN.contiguous(),
        "residuals": _bytes(b"".join(memory.residuals)),
        "lengths": torch.tensor(list(map(len, memory.residuals)), dtype=torch.int32),
        "prompts": _bytes(_as_json(memory.prompts)),
        "curves": _bytes(curves),
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
        if name == "curves" and name not in tensors:
            continue
        dims = 2 if name == "codes" else 1
        if tensors[name].dtype != dtype or tensors[name].dim() != dims:
            raise ValueError(f"its {name} are {tensors[name].dtype} {list(tensors[name].shape)}")
    prompts = json.loads(tensors["prompts"].numpy().tobytes())
    if not isinstance(prompts, list) or not all(
        isinstance(each, list) and all(isinstance(prompt, str) for prompt in each)
        for each in prompts
    ):
        raise ValueError("its prompts are not lists of texts")

    lengths, content = tensors["lengths"].tolist(), tensors["residuals"].numpy().tobytes()
    if min(lengths, default=0) < 0 or sum(lengths) != len(content):
        raise ValueError(f"it has {len(content)} bytes of residuals, and says {sum(lengths)}")
    ends = list(itertools.accumulate(lengths, initial=0))
    residuals = tuple(content[start:end] for start, end in itertools.pairwise(ends))
    curves = _curves_of(tensors["curves"]) if "curves" in tensors else ()
    return TokenMemory(tensors["codes"], tuple(map(tuple, prompts)), residuals, curves)


def _curves_of(packed: Tensor) -> tuple[str, ...]:
    """Raises ValueError for bytes that are no curves."""
    unpacker = lzma.LZMADecompressor(memlimit=_MOST_CURVES)
    try:
        content = unpacker.decompress(packed.numpy().tobytes(), max_length=_MOST_CURVES)
    except lzma.LZMAError as error:
        raise ValueError(f"its curves cannot be unpacked: {error}") from error
    if not unpacker.eof:
        raise ValueError(f"its curves have no end within {_MOST_CURVES} bytes")
    curves = json.loads(content)
    if not isinstance(curves, list) or not all(isinstance(each, str) for each in curves):
        raise ValueError("its curves are no texts")
    for each in curves:
        check_curves(each)
    return tuple(curves)
