"""Weights of eight and of four bits: how they are rounded, and linear layers that compute with them.

Only weights are rounded; what flows through the network keeps its precision. A left-to-right model reads all weights
once for each token, so their bytes are its time.

Shapes: O output channels (first axis of the weight), I input channels, G groups of them, R rows, ... all other axes.
"""

from __future__ import annotations

from typing import Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

WeightFormat = Literal["int8", "int4"]
WEIGHT_FORMATS: tuple[str, ...] = get_args(WeightFormat)

_LEVELS = 127  # Symmetric: -127..127, so that zero is exact and negation is free.
# Input channels that share a scale and a zero in four bits.
_GROUP = 32
# The CPU's four-bit kernel takes output channels in blocks of this many.
_INT4_OUTPUTS = 16
# From this many rows on, unpacking the weight and multiplying as usual is faster than the kernels for few rows. Fixed,
# not measured at load: the two round differently, and a picture must not depend on how busy the machine was.
_MOST_PACKED_ROWS = 48


def quantizable(weight: Tensor) -> bool:
    """Whether a tensor is a matrix or kernel that eight bits serve well; norms, biases and single rows are not."""
    return weight.is_floating_point() and weight.dim() >= 2 and weight.shape[0] > 1


def quantize(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Rounds each output channel to 255 levels between its largest values.

    weight: floating point [O, ...]. Returns values int8 [O, ...] and scale_O float32 with weight ~ values * scale; the
    error is at most half a scale. Raises ValueError on a weight that is not finite.
    """
    if not bool(torch.isfinite(weight).all()):
        raise ValueError(f"a weight of shape {list(weight.shape)} has entries that are not finite")
    flat = weight.detach().float().flatten(1)
    scale_O = flat.abs().amax(dim=1) / _LEVELS
    # A channel of zeros (or of denormals) has no scale to divide by; any does.
    scale_O = torch.where(scale_O < torch.finfo(torch.float32).tiny, torch.ones_like(scale_O), scale_O)
    values = (flat / scale_O[:, None]).round().clamp(-_LEVELS, _LEVELS).to(torch.int8)
    return values.view(weight.shape), scale_O


def dequantize(values: Tensor, scale_O: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """The weight that `quantize` rounded. values: int8 [O, ...]. Raises ValueError unless each channel has a scale."""
    if scale_O.shape != values.shape[:1]:
        raise ValueError(f"scales of shape {list(scale_O.shape)} do not fit a weight of shape {list(values.shape)}")
    broadcast = scale_O.float().view(-1, *[1] * (values.dim() - 1))
    return values.float().mul_(broadcast).to(dtype)


class PackedWeight(nn.Module):
    """The weight [O, I] of a linear layer in eight or four bits, and its product with rows of inputs.

    Eight bits have one scale per output channel, as in `quantize`. Four bits have a scale and a zero per output channel
    and group of 32 input channels; where a matrix cannot be cut so, it gets eight bits.
    """

    values: Tensor
    scales: Tensor

    def __init__(self, weight_OI: Tensor, kind: WeightFormat) -> None:
        super().__init__()
        assert weight_OI.ndim == 2
        self.shape = tuple(weight_OI.shape)
        self.bits = 4 if kind == "int4" and _fits_four_bits(weight_OI) else 8
        if self.bits == 8:
            values, scales = quantize(weight_OI)
        else:
            nibbles_OI, scales = quantize_groups(weight_OI)
            values = torch.ops.aten._convert_weight_to_int4pack_for_cpu(nibbles_OI.int(), 1)
        self.register_buffer("values", values, persistent=False)
        # In the precision of what flows through, as the kernels ask for.
        self.register_buffer("scales", scales.to(weight_OI.dtype), persistent=False)

    @classmethod
    def of_stored(cls, values_OI: Tensor, scale_O: Tensor, dtype: torch.dtype) -> PackedWeight:
        """Takes over eight bits that were rounded before."""
        packed = cls.__new__(cls)
        nn.Module.__init__(packed)
        packed.shape, packed.bits = tuple(values_OI.shape), 8
        packed.register_buffer("values", values_OI, persistent=False)
        packed.register_buffer("scales", scale_O.to(dtype), persistent=False)
        return packed

    def forward(self, x: Tensor) -> Tensor:
        """x [..., I] to x @ weight^T [..., O]."""
        x_RI = x.reshape(-1, x.shape[-1])
        if len(x_RI) > _MOST_PACKED_ROWS or x.device.type != "cpu":
            return F.linear(x, self.unpacked(x.dtype))
        scales = self.scales.to(x.dtype)
        y_RO: Tensor
        if self.bits == 8:
            y_RO = torch._weight_int8pack_mm(x_RI, self.values, scales)
        else:
            y_RO = torch.ops.aten._weight_int4pack_mm_for_cpu(x_RI, self.values, _GROUP, scales)
        return y_RO.view(*x.shape[:-1], -1)

    def unpacked(self, dtype: torch.dtype) -> Tensor:
        """The weight [O, I] as a matrix again."""
        if self.bits == 8:
            return self.values.to(dtype) * self.scales.to(dtype)[:, None]
        # The kernel's own layout of nibbles is undone by the kernel itself: it multiplies the unit matrix.
        unit_II = torch.eye(self.shape[1], dtype=dtype, device="cpu")
        weight_IO = torch.ops.aten._weight_int4pack_mm_for_cpu(
            unit_II, self.values.cpu(), _GROUP, self.scales.to("cpu", dtype)
        )
        weight_OI: Tensor = weight_IO.T.contiguous().to(self.values.device)
        return weight_OI


def quantize_groups(weight_OI: Tensor) -> tuple[Tensor, Tensor]:
    """Rounds each group of 32 input channels of an output channel to 16 levels between its least and largest value.

    Returns values uint8 [O, I] of 0..15, and float32 [G, O, 2] with scale and zero:
    weight ~ (value - 8) * scale + zero. Raises ValueError on a weight that is not finite.
    """
    if not bool(torch.isfinite(weight_OI).all()):
        raise ValueError(f"a weight of shape {list(weight_OI.shape)} has entries that are not finite")
    grouped_OGK = weight_OI.detach().float().unflatten(1, (-1, _GROUP))
    least_OG, most_OG = grouped_OGK.amin(-1), grouped_OGK.amax(-1)
    scale_OG = ((most_OG - least_OG) / 15).clamp(min=torch.finfo(torch.float32).tiny)
    zero_OG = least_OG + 8 * scale_OG
    values_OGK = ((grouped_OGK - least_OG[..., None]) / scale_OG[..., None]).round().clamp(0, 15).to(torch.uint8)
    return values_OGK.flatten(1), torch.stack((scale_OG.T, zero_OG.T), dim=-1).contiguous()


def _fits_four_bits(weight_OI: Tensor) -> bool:
    return weight_OI.shape[0] % _INT4_OUTPUTS == 0 and weight_OI.shape[1] % _GROUP == 0
