"""The structures that the kernels read: `structures.h` has the same fields in the same order.

A `ctypes.Structure` takes any keyword and any address: a misspelt field stays 0, and a tensor of
float64 is read as if it were float32. So `make_struct` is the only way to one: it refuses unknown
names, and tensors that C would misread.
"""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any, ClassVar, NamedTuple, TypeVar

import torch
from torch import Tensor

WEIGHT_KINDS = ("float32", "bfloat16", "int8", "int4", "panels", "int8_panels")
NORM_KINDS = ("none", "rms", "layer")
MLP_KINDS = ("silu_gated", "gelu_gated", "gelu", "gelu_tanh", "quick_gelu")
MASK_KINDS = ("full", "causal", "independent")
"""The enumerations of `structures.h`: a kind is its index here."""


class _Pointer(ctypes.c_void_p):
    """The address of a tensor of any dtype; whoever fills it in checks that."""

    dtype: ClassVar[torch.dtype | None] = None


class _FloatPointer(_Pointer):
    dtype = torch.float32


class _LongPointer(_Pointer):
    dtype = torch.int64


_Int, _Long, _Float = ctypes.c_int32, ctypes.c_int64, ctypes.c_float


class Struct(ctypes.Structure):
    """A structure that keeps the tensors alive whose addresses it holds."""

    tensors: list[Tensor]


class LinearStruct(Struct):
    """`linear`: a linear layer. Made by `linear.make_linear`."""

    _fields_ = (
        ("values", _Pointer),
        ("scales", _Pointer),
        ("bias", _FloatPointer),
        ("outputs", _Long),
        ("inputs", _Long),
        ("stride", _Long),
        ("kind", _Int),
    )


class NormStruct(Struct):
    """`norm`: a norm, or none."""

    _fields_ = (
        ("weight", _FloatPointer),
        ("bias", _FloatPointer),
        ("eps", _Float),
        ("kind", _Int),
    )


class BlockStruct(Struct):
    """`block`: the weights of a transformer block."""

    _fields_ = (
        ("attention_norm", NormStruct),
        ("attention_after", NormStruct),
        ("q_norm", NormStruct),
        ("k_norm", NormStruct),
        ("qkv", LinearStruct),
        ("out", LinearStruct),
        ("cross_norm", NormStruct),
        ("cross_after", NormStruct),
        ("cross_q", LinearStruct),
        ("cross_out", LinearStruct),
        ("mlp_norm", NormStruct),
        ("mlp_inside", NormStruct),
        ("mlp_after", NormStruct),
        ("up", LinearStruct),
        ("down", LinearStruct),
        ("mlp_kind", _Int),
    )


class CacheStruct(Struct):
    """`cache`: the keys and values of one layer."""

    _fields_ = (("keys", _FloatPointer), ("values", _FloatPointer))


class StackCallStruct(Struct):
    """`stack_call`: the arguments of `run_blocks`."""

    _fields_ = (
        ("entries", _Long),
        ("tokens", _Long),
        ("width", _Long),
        ("heads", _Long),
        ("mlp_width", _Long),
        ("layers", _Long),
        ("position", _Long),
        ("filled", _Long),
        ("capacity", _Long),
        ("cross_capacity", _Long),
        ("mask", _Long),
        ("cosines", _FloatPointer),
        ("sines", _FloatPointer),
        ("bias", _FloatPointer),
        ("bias_step", _Long),
        ("cross_bias", _FloatPointer),
        ("rows", _FloatPointer),
        ("scratch", _FloatPointer),
        ("threads", _Long),
    )


class SamplingCallStruct(Struct):
    """`sampling_call`: the arguments of `sample_codes`."""

    _fields_ = (
        ("logits", _FloatPointer),
        ("images", _Long),
        ("positions", _Long),
        ("codes", _Long),
        ("copies", _Long),
        ("guidance_scale", _Float),
        ("temperatures", _FloatPointer),
        ("seeds", _LongPointer),
        ("position_ids", _LongPointer),
        ("sampled", _LongPointer),
        ("scratch", _FloatPointer),
        ("stream", _Long),
        ("top_k", _Long),
        ("threads", _Long),
        ("top_p", _Float),
    )


StructT = TypeVar("StructT", bound=Struct)


def make_struct(struct_type: type[StructT], **values: Any) -> StructT:
    """A structure of these values; fields that are not named are 0 or NULL.

    A pointer takes a tensor or None, any other field a number or a structure. Raises TypeError on
    an unknown field, on the wrong sort of value, and on a tensor that C would misread: it must lie
    on the CPU without gaps and have the field's dtype.
    """
    struct = struct_type()
    struct.tensors = []
    set_fields(struct, **values)
    return struct


def set_fields(struct: Struct, **values: Any) -> None:
    """Set some fields of a structure; raises TypeError as `make_struct` does."""
    fields = _fields_of(type(struct))
    for name, value in values.items():
        if name not in fields:
            known = ", ".join(fields)
            raise TypeError(f"{type(struct).__name__} has no field {name!r}; it has {known}")

        field = fields[name]
        if field.is_pointer:
            if value is None:
                continue
            check_tensor(name, value, field.dtype)
            struct.tensors.append(value)
            value = value.data_ptr()
        elif field.is_struct:
            struct.tensors += value.tensors
        setattr(struct, name, value)


def check_tensor(name: str, tensor: Any, dtype: torch.dtype | None) -> None:
    """Raises TypeError unless C may read this tensor from its address; None leaves the dtype."""
    if not isinstance(tensor, Tensor):
        raise TypeError(f"{name} must be a tensor, got {tensor!r}")
    if dtype is not None and tensor.dtype != dtype:
        raise TypeError(f"{name} must be {dtype}, got {tensor.dtype}")
    if not tensor.is_cpu or not tensor.is_contiguous():
        raise TypeError(
            f"{name} must be contiguous on the CPU, got a tensor on {tensor.device} "
            f"with strides {tensor.stride()} for shape {list(tensor.shape)}"
        )


class _Field(NamedTuple):
    is_pointer: bool
    dtype: torch.dtype | None
    """Of the tensor that a pointer points to; None if any."""
    is_struct: bool


@cache
def _fields_of(struct_type: type[Struct]) -> dict[str, _Field]:
    fields: dict[str, _Field] = {}
    for name, field_type in struct_type._fields_:  # type: ignore[misc]
        dtype = getattr(field_type, "dtype", None)
        is_pointer, is_struct = issubclass(field_type, _Pointer), issubclass(field_type, Struct)
        fields[name] = _Field(is_pointer, dtype, is_struct)
    return fields
