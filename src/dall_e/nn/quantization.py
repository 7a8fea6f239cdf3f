"""Weights of eight and of four bits: how they are rounded, and linear layers that compute with
them.

Only weights are rounded; what flows through the network keeps its precision. A left-to-right model
reads all weights once for each token, so their bytes are its time.

Shapes: O output channels (first axis of the weight), I input channels, G groups of them, K channels
of a group, R rows, ... all other axes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dall_e.nn.cpu.kernels import kernels
from dall_e.nn.cpu.linear import make_linear, product
from dall_e.nn.cpu.structures import LinearStruct
from dall_e.runtime import most_threads

WeightFormat = Literal["int8", "int4"]
WEIGHT_FORMATS: tuple[WeightFormat, ...] = get_args(WeightFormat)

_LEVELS = 127
"""Symmetric, -127..127, so that zero is exact and negation is free."""
_GROUP = 32
"""Input channels that share a scale and a zero in four bits."""
_INT4_OUTPUTS = 64
"""The CPU's four-bit kernel takes output channels in blocks of this many; of 16 too, which it packs
in another way."""

# Up to so many rows the eight-bit kernel wins: bound by memory at 2 rows (38 GB/s of weights), by
# arithmetic at 16 (10 GB/s); beyond, unpacking to bfloat16 and multiplying as usual takes less
# (2048 x 2048, 2 cores; LOG.md). Fixed, not timed at load: the two round differently, and an image
# must not depend on how busy the machine was.
_MOST_PACKED_ROWS = 16
# Up to so many our own kernels win, if there are any; their result is not rounded to bfloat16.
_MOST_COMPILED_ROWS = 4
# Weights that are unpacked at a time: a megabyte of bfloat16. A whole matrix of 11264 x 2048 takes
# 3.5 times as long.
_UNPACKED_AT_A_TIME = 1 << 19


# Eight bits: one scale per output channel


def quantizable(weight: Tensor) -> bool:
    """Whether a tensor is a matrix or kernel that eight bits serve well.

    Norms, biases and single rows are not.
    """
    return weight.is_floating_point() and weight.dim() >= 2 and weight.shape[0] > 1


def quantize(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Round each output channel to 255 levels between its largest values.

    weight: floating point [O, ...]. Returns values int8 [O, ...] and scale_O float32 with weight ~
    values * scale; the error is at most half a scale. Raises ValueError on a weight that is not
    finite.
    """
    _check_finite(weight)
    flat = weight.detach().float().flatten(1)
    scale_O = flat.abs().amax(dim=1) / _LEVELS

    # A channel of zeros (or of denormals) has no scale to divide by; any does.
    is_zero_O = scale_O < torch.finfo(torch.float32).tiny
    scale_O = torch.where(is_zero_O, torch.ones_like(scale_O), scale_O)
    values = (flat / scale_O[:, None]).round().clamp(-_LEVELS, _LEVELS).to(torch.int8)
    return values.view(weight.shape), scale_O


def dequantize(values: Tensor, scale_O: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """The weight that `quantize` rounded; values: int8 [O, ...].

    Raises ValueError unless each channel has a scale.
    """
    if scale_O.shape != values.shape[:1]:
        raise ValueError(
            f"scales of shape {list(scale_O.shape)} do not fit "
            f"a weight of shape {list(values.shape)}"
        )
    broadcast = scale_O.float().view(-1, *[1] * (values.dim() - 1))
    return values.float().mul_(broadcast).to(dtype)


def as_eight_bits(weight: Tensor) -> tuple[Tensor, Tensor] | None:
    """The values and scales that `dequantize` made a float32 weight of.

    None if it was made of none, or of others. What is stored in eight bits holds no more than they
    do, whatever it is computed in.
    """
    if not bool(torch.isfinite(weight).all()):
        return None
    values, scale_O = quantize(weight)
    is_exact = torch.equal(dequantize(values, scale_O), weight.detach())
    return (values, scale_O) if is_exact else None


# Four bits: a scale and a zero per output channel and group of input channels


def quantize_groups(weight_OI: Tensor) -> tuple[Tensor, Tensor]:
    """Round each group of 32 input channels of an output channel to 16 levels.

    The levels lie between the group's least and largest value. Returns values uint8 [O, I] of
    0..15, and float32 [G, O, 2] with scale and zero: weight ~ (value - 8) * scale + zero. Raises
    ValueError on a weight that is not finite.
    """
    _check_finite(weight_OI)
    grouped_OGK = weight_OI.detach().float().unflatten(1, (-1, _GROUP))
    least_OG, most_OG = grouped_OGK.amin(-1), grouped_OGK.amax(-1)
    scale_OG = ((most_OG - least_OG) / 15).clamp(min=torch.finfo(torch.float32).tiny)
    zero_OG = least_OG + 8 * scale_OG

    levels_OGK = (grouped_OGK - least_OG[..., None]) / scale_OG[..., None]
    values_OGK = levels_OGK.round().clamp(0, 15).to(torch.uint8)
    return values_OGK.flatten(1), torch.stack((scale_OG.T, zero_OG.T), dim=-1).contiguous()


def _check_finite(weight: Tensor) -> None:
    if not bool(torch.isfinite(weight).all()):
        raise ValueError(f"a weight of shape {list(weight.shape)} has entries that are not finite")


# Layers


class PackedWeight(nn.Module):
    """The weight [O, I] of a linear layer in eight or four bits, and its product with rows.

    Eight bits have one scale per output channel, as in `quantize`. Four bits have a scale and a
    zero per output channel and group of 32 input channels. Channels are padded with zeros to what
    the kernels take. Products are bfloat16, summed in float32, whatever comes in.
    """

    values: Tensor
    scales: Tensor

    def __init__(self, values: Tensor, scales: Tensor, shape: tuple[int, int]) -> None:
        """Take over what `pack_weight` or a file made."""
        super().__init__()
        self.shape = shape
        self.bits = 8 if values.dtype == torch.int8 else 4
        self.padded_shape = (_round_up(shape[0], _INT4_OUTPUTS), _round_up(shape[1], _GROUP))
        """O and I with padding: four bits are padded along both, eight bits along the second."""
        self.register_buffer("values", values, persistent=False)
        # What rounding the scales does to a product is a tenth of what rounding the values does.
        self.register_buffer("scales", scales.bfloat16(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """x [..., I] to x @ weight^T [..., O], in the dtype of x."""
        x_RI = x.reshape(-1, x.shape[-1]).bfloat16()
        if self.shape[1] % _GROUP:
            x_RI = F.pad(x_RI, (0, self.padded_shape[1] - self.shape[1]))
        x_RI = x_RI.contiguous()
        y_RO = self._int4_product(x_RI) if self.bits == 4 else self._int8_product(x_RI)
        return y_RO.to(x.dtype).reshape(*x.shape[:-1], -1)

    def _int4_product(self, x_RI: Tensor) -> Tensor:
        y_RO: Tensor = torch.ops.aten._weight_int4pack_mm_for_cpu(
            x_RI, self.values, _GROUP, self.scales
        )
        return y_RO[:, : self.shape[0]]

    def _int8_product(self, x_RI: Tensor) -> Tensor:
        """By whichever way is quickest for so many rows."""
        if x_RI.device.type == "cpu":
            compiled = kernels() if len(x_RI) <= _MOST_COMPILED_ROWS else None
            if compiled is not None:
                return product(compiled.library, self.to_struct(), x_RI, most_threads())
            if len(x_RI) <= _MOST_PACKED_ROWS:
                return torch._weight_int8pack_mm(x_RI, self.values, self.scales)
        return self._unpacked_product(x_RI)

    def _unpacked_product(self, x_RI: Tensor) -> Tensor:
        y_RO = x_RI.new_empty(len(x_RI), self.shape[0])
        step = max(1, _UNPACKED_AT_A_TIME // self.shape[1])
        for first in range(0, self.shape[0], step):
            part = slice(first, first + step)
            y_RO[:, part] = F.linear(x_RI, self.values[part].bfloat16()) * self.scales[part]
        return y_RO

    def to_struct(self, bias: Tensor | None = None) -> LinearStruct:
        """The weight as the kernels read it, with a float32 bias [O]."""
        padded_outputs, padded_inputs = self.padded_shape
        return make_linear(
            f"int{self.bits}",
            self.values,
            scales=self.scales,
            bias=bias,
            outputs=self.shape[0],
            inputs=padded_inputs,
            stride=padded_inputs if self.bits == 8 else padded_outputs,
        )

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> PackedWeight:
        """Move between devices; a change of dtype leaves the weight alone."""
        moved = fn(self.values)
        if moved.device.type != "cpu" and self.bits == 4:
            raise ValueError(
                "weights of four bits are for the CPU: load the model with int8 or bf16 for a GPU"
            )
        self.values, self.scales = moved, self.scales.to(moved.device)
        return self


def pack_weight(weight_OI: Tensor, kind: WeightFormat) -> PackedWeight:
    """Round a weight to eight or four bits. Raises ValueError on one that is not finite."""
    assert weight_OI.ndim == 2
    num_outputs, num_inputs = weight_OI.shape

    # The eight-bit kernel of torch 2.13 reads past the end of rows that are no multiple of 16, and
    # crashes.
    weight_OI = F.pad(weight_OI, (0, -num_inputs % _GROUP))
    if kind == "int8":
        return PackedWeight(*quantize(weight_OI), (num_outputs, num_inputs))

    weight_OI = F.pad(weight_OI, (0, 0, 0, -num_outputs % _INT4_OUTPUTS))
    nibbles_OI, scales_GO2 = quantize_groups(weight_OI)
    # The second argument matters to GPUs only.
    packed = torch.ops.aten._convert_weight_to_int4pack_for_cpu(nibbles_OI.int(), 1)
    return PackedWeight(packed, scales_GO2, (num_outputs, num_inputs))


def _round_up(number: int, multiple: int) -> int:
    return -(-number // multiple) * multiple
