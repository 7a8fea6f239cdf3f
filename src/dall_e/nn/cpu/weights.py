"""The weights of transformer blocks as the kernels read them.

Shapes: O output channels, I input channels.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from dall_e.nn.cpu.linear import PANEL, make_linear
from dall_e.nn.cpu.structures import (
    MLP_KINDS,
    NORM_KINDS,
    BlockStruct,
    LinearStruct,
    NormStruct,
    make_struct,
)
from dall_e.nn.norms import RMSNorm
from dall_e.nn.quantization import as_eight_bits
from dall_e.nn.transformer import Block, GatedMLP, Linear

_LARGEST_PANELS = 1 << 20
"""Matrices up to this many numbers are copied into panels: cheap in memory, and fastest for the
short rows they have."""


def block_struct(block: Block) -> BlockStruct:
    """All weights of a block. The structure keeps copies of those that had to change their form."""
    attention, mlp = block.attention, block.mlp
    up, norm_inside = (mlp.gate_up, mlp.norm) if isinstance(mlp, GatedMLP) else (mlp.up, None)
    fields = {
        "attention_norm": _norm_struct(block.attention_norm),
        "attention_after": _norm_struct(block.attention_after),
        "q_norm": _norm_struct(attention.q_norm),
        "k_norm": _norm_struct(attention.k_norm),
        "qkv": _linear_struct(attention.qkv),
        "out": _linear_struct(attention.out),
        "mlp_norm": _norm_struct(block.mlp_norm),
        "mlp_inside": _norm_struct(norm_inside),
        "mlp_after": _norm_struct(block.mlp_after),
        "up": _linear_struct(up),
        "down": _linear_struct(mlp.down),
    }
    if block.cross is not None:
        fields |= {
            "cross_norm": _norm_struct(block.cross_norm),
            "cross_after": _norm_struct(block.cross_after),
            "cross_q": _linear_struct(block.cross.q),
            "cross_out": _linear_struct(block.cross.out),
        }
    return make_struct(BlockStruct, mlp_kind=MLP_KINDS.index(mlp.kind), **fields)


def _norm_struct(norm: nn.Module | None) -> NormStruct:
    if isinstance(norm, RMSNorm):
        kind, weight, bias = "rms", norm.weight, None
    elif isinstance(norm, nn.LayerNorm):
        kind, weight, bias = "layer", norm.weight, norm.bias
    else:
        return make_struct(NormStruct, kind=NORM_KINDS.index("none"))
    return make_struct(
        NormStruct,
        weight=_as_float32(weight),
        bias=_as_float32(bias),
        eps=norm.eps,
        kind=NORM_KINDS.index(kind),
    )


def _linear_struct(linear: Linear) -> LinearStruct:
    if linear.packed is not None:
        return linear.packed.to_struct(_as_float32(linear.bias))

    weight_OI = linear.weight.detach()
    has_whole_panels = linear.out_features % PANEL == 0
    is_small = weight_OI.numel() <= _LARGEST_PANELS
    if weight_OI.dtype == torch.float32 and has_whole_panels and is_small:
        return _panels_struct(linear)
    return make_linear(
        str(weight_OI.dtype).removeprefix("torch."),
        weight_OI.contiguous(),
        bias=_as_float32(linear.bias),
        outputs=linear.out_features,
        inputs=linear.in_features,
        stride=linear.in_features,
    )


def _panels_struct(linear: Linear) -> LinearStruct:
    """Panels [O / 16, I, 16]: of bytes, where the weight was stored in eight bits."""
    eight_bits = as_eight_bits(linear.weight)
    values_OI, scale_O = eight_bits or (linear.weight.detach(), None)
    panels = values_OI.view(-1, PANEL, linear.in_features).transpose(1, 2).contiguous()
    return make_linear(
        "int8_panels" if eight_bits else "panels",
        panels,
        scales=scale_O,
        bias=_as_float32(linear.bias),
        outputs=linear.out_features,
        inputs=linear.in_features,
    )


def _as_float32(weight: Tensor | None) -> Tensor | None:
    return None if weight is None else weight.detach().float().contiguous()
