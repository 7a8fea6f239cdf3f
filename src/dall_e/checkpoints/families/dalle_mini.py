"""DALL-E mini and mega as they were trained, in Flax: the same networks as min-dalle's, under other
names.

Names and sizes: borisdayma/dalle-mini, `src/dalle_mini/model/modeling.py`; patil-suraj/vqgan-jax.
Matrices are [in, out] and kernels of convolutions [height, width, in, out]; all layers of a
transformer lie behind each other in one array, as `nn.scan` makes them, or each under its own name.
Tensors are turned by their strides: nothing is copied.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from dall_e.checkpoints.families import taming_vqgan
from dall_e.checkpoints.keymap import Tensors
from dall_e.checkpoints.tensor_files import StoredTensor
from dall_e.config.published import VQGANConfig

_ENDS = {"kernel": "weight", "embedding": "weight", "scale": "weight", "bias": "bias"}
# Norms are numbered in the order in which a layer uses them.
_LAYER = {
    "LayerNorm_0": "pre_self_attn_layer_norm",
    "LayerNorm_1": "self_attn_layer_norm",
    "LayerNorm_2": "pre_encoder_attn_layer_norm",
    "LayerNorm_3": "encoder_attn_layer_norm",
    "FlaxBartAttention_0": "self_attn",
    "FlaxBartAttention_1": "encoder_attn",
    "GLU_0": "glu",
}
_GLU = {
    "LayerNorm_0": "ln0",
    "LayerNorm_1": "ln1",
    "Dense_0": "fc0",
    "Dense_1": "fc1",
    "Dense_2": "fc2",
}
_LAYERS = re.compile(r"layers/FlaxBart(?:En|De)coderLayer(?:s|_(\d+))/(.+)")
# What other models of the same code have; the published ones have none of it.
_EXPECTED = {
    "ln_positions": "normformer", "ln_type": "layernorm", "use_glu": True, "use_bias": False, "use_head_scale": False,
    "force_ln_scale": False, "use_cosine_attention": False, "use_deepnet_scaling": False, "use_alibi": False,
    "use_swin_position_embeddings": False, "use_absolute_position_embeddings": True, "scale_embedding": False,
    "sinkhorn_iters": 1, "activation_function": "gelu", "tie_word_embeddings": False,
}  # fmt: skip


def sides(given: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What min-dalle's adapter asks of encoder and decoder, from config.json. Raises ValueError for
    another network."""
    for name, value in _EXPECTED.items():
        if given.get(name, value) != value:
            raise ValueError(
                f"{name} is {given[name]!r}; the published models have {value!r}, and nothing else is read"
            )
    encoder, decoder = (
        {
            "embed_count": given["d_model"],
            "attention_head_count": given[f"{side}_attention_heads"],
            "glu_embed_count": given[f"{side}_ffn_dim"],
            "layer_count": given[f"{side}_layers"],
        }
        for side in ("encoder", "decoder")
    )
    encoder |= {
        "text_vocab_count": given["encoder_vocab_size"],
        "text_token_count": given["max_text_length"],
    }
    return encoder, decoder | {"image_vocab_count": given["image_vocab_size"]}


def parts(tensors: Tensors) -> tuple[dict[str, StoredTensor], dict[str, StoredTensor]]:
    """The tensors of encoder and decoder under min-dalle's names. What is not known keeps its
    name."""
    encoder: dict[str, StoredTensor] = {}
    decoder: dict[str, StoredTensor] = {}
    for name, tensor in tensors.items():
        side, rest = (
            (encoder, name.removeprefix("model/encoder/"))
            if "/encoder/" in name
            else (decoder, name)
        )
        side |= _renamed(rest.removeprefix("model/decoder/"), tensor)
    return encoder, decoder


def _renamed(name: str, tensor: StoredTensor) -> dict[str, StoredTensor]:
    found = _LAYERS.fullmatch(name)
    if not found:
        return _leaf(name.split("/"), tensor)
    number, rest = found.groups()
    path = rest.split("/")
    path[0] = _LAYER.get(path[0], path[0])
    if path[0] == "glu":
        path[1] = _GLU.get(path[1], path[1])
    layers = (
        [(number, tensor)]
        if number
        else [(str(layer), _row(tensor, layer)) for layer in range(tensor.shape[0])]
    )
    return {
        key: part
        for layer, row in layers
        for key, part in _leaf(["layers", layer, *path], row).items()
    }


def _row(tensor: StoredTensor, index: int) -> StoredTensor:
    """Row `index` along the first axis."""
    offset = tensor.offset + index * tensor.stride[0]
    return replace(tensor, shape=tensor.shape[1:], stride=tensor.stride[1:], offset=offset)


def _leaf(path: list[str], tensor: StoredTensor) -> dict[str, StoredTensor]:
    """One tensor with its axes in torch's order."""
    *front, end = path
    if end == "kernel":
        # [..., in, out] to [out, in, ...].
        axes = len(tensor.shape)
        order = [axes - 1, axes - 2, *range(axes - 2)]
        shape, stride = (
            tuple(sizes[axis] for axis in order) for sizes in (tensor.shape, tensor.stride)
        )
        tensor = replace(tensor, shape=shape, stride=stride)
    return {".".join([*front, _ENDS.get(end, end)]): tensor}


# The VQGAN


_NUMBERED = re.compile(r"\b(up|down)_(\d+)\.(block|attn|upsample|downsample)(?:_(\d+))?")


def vqgan_tensors(tensors: Tensors) -> dict[str, StoredTensor]:
    """The tensors of the VQGAN under taming's names."""
    found: dict[str, StoredTensor] = {}
    for name, tensor in tensors.items():
        for key, part in _leaf(name.split("/"), tensor).items():
            found[_NUMBERED.sub(_dotted, key)] = part
    return found


def _dotted(match: re.Match[str]) -> str:
    return ".".join(part for part in match.groups() if part is not None)


def vqgan_settings(given: dict[str, Any], tensors: Tensors) -> VQGANConfig:
    """As taming's, but it draws in [0, 1]."""
    return replace(taming_vqgan.settings(given, tensors), unit_range=True)
