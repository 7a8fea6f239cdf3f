"""The VQGAN of DALL-E mini and mega in Flax: taming's network under other names.

Names: patil-suraj/vqgan-jax. Kernels of convolutions are [height, width, in, out]; they are turned
by their strides, so nothing is copied.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from dall_e.bounded_files import naming
from dall_e.checkpoints.families import taming_transformers
from dall_e.checkpoints.families.base import Settings, load_vqgan, read_weights
from dall_e.checkpoints.families.reference import ReferenceCase, vqgan_outputs
from dall_e.checkpoints.families.vqgan_keys import TAMING, vqgan_table
from dall_e.checkpoints.keymap import KeyTable, Tensors
from dall_e.config.published import VQGANConfig

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from dall_e.checkpoints.stored_tensor import StoredTensor
    from dall_e.models.vqgan import VQGAN

REPOSITORY = "dalle-mini/vqgan_imagenet_f16_16384"
WEIGHTS_FILE = "flax_model.msgpack"
SIGNATURES = (("quantize/embedding/embedding",),)

KEPT_UNDER = ()
KEYS = {"tokenizer": TAMING}
"""Taming's names, which `tensors_under_taming_names` gives the file."""

LEAF_NAMES = {"kernel": "weight", "embedding": "weight", "scale": "weight", "bias": "bias"}
"""Flax's names of the tensors of a layer, and torch's."""

# `up_0.block_1` is taming's `up.0.block.1`.
_NUMBERED = re.compile(r"\b(up|down)_(\d+)\.(block|attn|upsample|downsample)(?:_(\d+))?")


def tokenizer_table(settings: VQGANConfig) -> KeyTable:
    """Names of all weights."""
    return vqgan_table(settings, KEYS["tokenizer"])


def config(given: Settings, tensors: Tensors) -> VQGANConfig:
    """As taming's, from its config.json; but this one draws in [0, 1]."""
    return replace(taming_transformers.config(given, tensors), unit_range=True)


def load(path: Path, given: Settings, dtype: torch.dtype) -> VQGAN:
    """Load flax_model.msgpack; `given` is what its config.json holds."""
    with naming(path):
        tensors = tensors_under_taming_names(read_weights(path))
        settings = config(given, tensors)
    return load_vqgan(path, tensors, settings, tokenizer_table(settings), dtype)


def reference_outputs(case: ReferenceCase) -> dict[str, Tensor]:
    """Codes, quantized vectors and reconstruction of the image."""
    return vqgan_outputs(case, load)


def tensors_under_taming_names(tensors: Tensors) -> dict[str, StoredTensor]:
    """The tensors of the VQGAN as taming would have stored them."""
    renamed: dict[str, StoredTensor] = {}
    for flax_name, flax_tensor in tensors.items():
        name, tensor = in_torch_order(flax_name.split("/"), flax_tensor)
        renamed[_NUMBERED.sub(_with_dots, name)] = tensor
    return renamed


def _with_dots(match: re.Match[str]) -> str:
    return ".".join(part for part in match.groups() if part is not None)


def in_torch_order(path: list[str], tensor: StoredTensor) -> tuple[str, StoredTensor]:
    """A tensor of Flax under torch's name, its axes in torch's order; `path` is from the tree."""
    *layer, leaf = path
    if leaf == "kernel":
        # [..., in, out] becomes [out, in, ...].
        axes = len(tensor.shape)
        order = [axes - 1, axes - 2, *range(axes - 2)]
        shape = tuple(tensor.shape[axis] for axis in order)
        stride = tuple(tensor.stride[axis] for axis in order)
        tensor = replace(tensor, shape=shape, stride=stride)
    return ".".join([*layer, LEAF_NAMES.get(leaf, leaf)]), tensor
