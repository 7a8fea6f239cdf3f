"""One linear layer of the kernels: how its weight is described, and its product with a few rows.

Shapes: R rows, I input channels, O output channels.
"""

from __future__ import annotations

import ctypes
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from dall_e.nn.cpu.structures import WEIGHT_KINDS, LinearStruct, check_tensor, make_struct

PANEL = 16
"""Output channels of a panel, the form in which small matrices are kept."""

_DTYPES: dict[str, tuple[torch.dtype, torch.dtype | None]] = {
    "float32": (torch.float32, None),
    "bfloat16": (torch.bfloat16, None),
    "int8": (torch.int8, torch.bfloat16),
    "int4": (torch.uint8, torch.bfloat16),
    "panels": (torch.float32, None),
    "int8_panels": (torch.int8, torch.float32),
}
"""What values and scales must be, by the kind of weight."""
_PADDING = 64
"""Zeros behind a row: the kernels read it to the end of its last vector."""


def make_linear(
    kind: str,
    values: Tensor,
    *,
    scales: Tensor | None = None,
    bias: Tensor | None = None,
    outputs: int,
    inputs: int,
    stride: int = 0,
) -> LinearStruct:
    """Describe a weight [outputs, inputs] and bias to the kernels; see `linear` in `structures.h`.

    Raises TypeError where values or scales are not of the dtype that the kind needs.
    """
    values_dtype, scales_dtype = _DTYPES[kind]
    check_tensor("values", values, values_dtype)
    if scales_dtype is not None:
        check_tensor("scales", scales, scales_dtype)
    return make_struct(
        LinearStruct,
        values=values,
        scales=scales,
        bias=bias,
        outputs=outputs,
        inputs=inputs,
        stride=stride,
        kind=WEIGHT_KINDS.index(kind),
    )


def product(library: Any, weight: LinearStruct, x_RI: Tensor, threads: int = 1) -> Tensor:
    """x @ weight^T + bias, float32 [R, O]; x may have fewer channels than the padded weight."""
    missing = int(weight.inputs) - x_RI.shape[1]
    padded_RI = F.pad(x_RI.float(), (0, missing + _PADDING)).contiguous()
    y_RO = torch.empty(len(x_RI), int(weight.outputs), dtype=torch.float32, device="cpu")

    check_tensor("x", padded_RI, torch.float32)
    library.run_linear(
        ctypes.addressof(weight),
        padded_RI.data_ptr(),
        padded_RI.stride(0),
        len(padded_RI),
        y_RO.data_ptr(),
        y_RO.stride(0),
        threads,
    )
    return y_RO


def reads_int4(library: Any) -> bool:
    """Whether a product of four bits comes out as torch's own does.

    How torch packs four bits depends on the processor; the kernels know one way (`int4.h`).
    """
    side = 64
    values_OI = torch.arange(side * side, dtype=torch.int64, device="cpu").view(side, side) * 7 % 16
    packed = torch.ops.aten._convert_weight_to_int4pack_for_cpu(values_OI.int(), 1)
    half = torch.full((2, side), 0.5, dtype=torch.bfloat16, device="cpu")
    zeros = torch.arange(2 * side, dtype=torch.bfloat16, device="cpu").view(2, side)
    scales = torch.stack((half, zeros), dim=-1)
    x_RI = torch.eye(side, dtype=torch.float32, device="cpu")[::9].contiguous()

    expected_RO = torch.ops.aten._weight_int4pack_mm_for_cpu(x_RI.bfloat16(), packed, 32, scales)
    weight = make_linear("int4", packed, scales=scales, outputs=side, inputs=side, stride=side)
    found_RO = product(library, weight, x_RI)
    return bool(torch.allclose(found_RO, expected_RO.float(), rtol=0.01))
