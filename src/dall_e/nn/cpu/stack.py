"""A stack of blocks for the few tokens of a step, as one call of the compiled kernels
(`kernels.py`).

The same as the blocks one after the other, up to rounding; tests hold the two together. `stack_of`
gives it, or None where torch's operations have to do: on a GPU, in training, without a C compiler.

Shapes: B batch rows, T tokens of one call, S places of a cache, L layers, D width, H heads, K head
width, O I output and input channels.
"""

from __future__ import annotations

import ctypes
import time
import weakref
from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn

from dall_e.nn.attention import CacheSlot, Memory, Rotation
from dall_e.nn.cpu.kernels import (
    KINDS,
    MASKS,
    MLPS,
    NORMS,
    PANEL,
    BlockStruct,
    CacheStruct,
    Kernels,
    LinearStruct,
    NormStruct,
    RunStruct,
    kernels,
)
from dall_e.nn.quantized import as_eight_bits
from dall_e.nn.transformer import Block, CrossView, GatedMLP, Linear, RMSNorm
from dall_e.runtime import most_threads

Mask = Literal["all", "past", "alone"]

# With more rows and weights of fewer bits, torch's products win: bound by arithmetic, they use that
# of bfloat16.
_MOST_ROWS = 16
# Matrices up to this many numbers are copied into panels: cheap in memory, and fastest for the
# short rows they have.
_LARGEST_PANELS = 1 << 20

_stacks: weakref.WeakKeyDictionary[nn.ModuleList, Stack] = weakref.WeakKeyDictionary()


def stack_of(blocks: nn.ModuleList) -> Stack | None:
    """The blocks as one call, made anew where their weights have changed since the last time."""
    compiled = kernels()
    first = next(blocks.parameters(), None)
    if compiled is None or first is None or torch.is_grad_enabled() or blocks.training:
        return None
    held = _stacks.get(blocks)
    if held is None or held.state != _state(blocks):
        if not _possible(blocks, compiled):
            return None
        held = Stack(blocks, compiled)
        _stacks[blocks] = held
    return held


def _weights(blocks: nn.ModuleList) -> list[Tensor]:
    return [*blocks.parameters(), *blocks.buffers()]


def _state(blocks: nn.ModuleList) -> tuple[tuple[int, int], ...]:
    """Changes whenever a weight is replaced or written to."""
    return tuple((w.data_ptr(), 0 if w.is_inference() else w._version) for w in _weights(blocks))


def _possible(blocks: nn.ModuleList, compiled: Kernels) -> bool:
    for weight in _weights(blocks):
        if weight.device.type != "cpu" or weight.dtype == torch.float16:
            return False
    four_bits = any(
        isinstance(m, Linear) and m.packed is not None and m.packed.bits == 4
        for m in blocks.modules()
    )
    return compiled.reads_int4 or not four_bits


class ThreadTuner:
    """How many threads to compute with: those that were quicker of late.

    All are quicker on a quiet machine; where others have work for a core, threads wait for each
    other, and one is. The results are the same, so it may be tried while drawing.
    """

    _EVERY, _KEPT = 64, 0.8

    def __init__(self) -> None:
        self._calls = 0
        self._seconds: dict[int, float] = {}
        """Of a row, by threads, late ones counting more."""

    def threads(self, most: int) -> int:
        """For the next call, at most `most`: now and then the slower ones, in case that has
        changed."""
        self._calls += 1
        one, all_threads = (self._seconds.get(number) for number in (1, most))
        if all_threads is None or one is None:
            return most if all_threads is None else 1
        quicker = most if all_threads <= one else 1
        return quicker if self._calls % self._EVERY else 1 + most - quicker

    def note(self, threads: int, seconds: float) -> None:
        """What a call took for each of its rows."""
        before = self._seconds.get(threads, seconds)
        self._seconds[threads] = self._KEPT * before + (1 - self._KEPT) * seconds


class Stack:
    """Structures that point to the weights of some blocks."""

    def __init__(self, blocks: nn.ModuleList, compiled: Kernels) -> None:
        self.state = _state(blocks)
        self._library = compiled.library
        self._tuner = ThreadTuner()
        self._kept: list[Tensor] = []
        """Tensors that only structures point to."""
        layers: list[Any] = list(blocks)
        self.structs = (BlockStruct * len(layers))(*(self._block(layer) for layer in layers))
        first: Block = layers[0]
        self._heads = first.attention.num_heads
        self._mlp_width = first.mlp.down.in_features
        self.exact = not any(
            m.packed or m.weight.dtype != torch.float32
            for m in blocks.modules()
            if isinstance(m, Linear)
        )
        """Whether all of it is float32, so that it is taken for any number of rows."""

    def pays(self, x_BTD: Tensor) -> bool:
        """Whether these rows are done sooner so. Always in float32: a picture must not depend on
        its batch."""
        return self.exact or x_BTD.shape[0] * x_BTD.shape[1] <= _MOST_ROWS

    def __call__(
        self,
        x_BTD: Tensor,
        *,
        rotation: Rotation | None,
        memories: Sequence[Memory],
        bias_BS: Tensor | None = None,
        bias_LS: Tensor | None = None,
        cross: Sequence[CrossView | None] = (),
        mask: Mask = "all",
        filled: int = 0,
    ) -> Tensor:
        """[B, T, D] to [B, T, D]: new tokens behind those in the caches, which must be seen from
        one position.

        `bias_BS`, for all places of a cache, is added to the scores, `bias_LS` to those of each
        layer; `rotation` is [T, K / 2] or [B, T, K / 2]. A token sees what is before the position
        and "all" tokens of the call, or those of the "past" and itself. Or it is "alone": it sees
        as many positions as if those before it stood in the cache, at most the `filled` ones, and
        itself, and leaves nothing there.
        """
        entries, tokens, width = x_BTD.shape
        slots = [slot for slot in memories if isinstance(slot, CacheSlot)]
        assert len(slots) == len(self.structs)
        caches = (CacheStruct * len(slots))(
            *(
                CacheStruct(slot.cache.k_BHSK.data_ptr(), slot.cache.v_BHSK.data_ptr())
                for slot in slots
            )
        )
        capacity = slots[0].cache.k_BHSK.shape[2]
        last = (
            slots[0].position + tokens
            if mask != "alone"
            else min(slots[0].position + tokens, filled + 1)
        )
        assert last <= capacity, f"a cache of {capacity} tokens is full"
        # A copy: the kernels write into it.
        rows_BTD = torch.empty(x_BTD.shape, dtype=torch.float32).copy_(x_BTD)
        run = RunStruct(
            entries=entries, tokens=tokens, width=width, heads=self._heads, mlp_width=self._mlp_width,
            layers=len(slots), position=slots[0].position, filled=filled, capacity=capacity,
            mask=MASKS.index(mask), rows=rows_BTD.data_ptr(), threads=self._tuner.threads(most_threads()),
        )  # fmt: skip
        used: list[Tensor] = []
        if rotation is not None:
            for name, table in (("cosines", rotation.cos), ("sines", rotation.sin)):
                used.append(table.float().expand(entries, tokens, -1).contiguous())
                setattr(run, name, used[-1].data_ptr())
        if bias_LS is not None:
            bias_1BS = torch.zeros(1, 1) if bias_BS is None else bias_BS.float()
            used.append(
                (bias_LS.float()[:, None] + bias_1BS)
                .expand(len(slots), entries, capacity)
                .contiguous()
            )
            run.bias, run.bias_step = used[-1].data_ptr(), entries * capacity
        elif bias_BS is not None:
            used.append(bias_BS.float().expand(entries, capacity).contiguous())
            run.bias = used[-1].data_ptr()
        texts = self._texts(cross, run, used)
        # Of zeros, as what fills rows up has to be; and of each call's own: several threads may
        # draw at once.
        scratch = torch.zeros(self._library.scratch_size(ctypes.addressof(run)))
        run.scratch = scratch.data_ptr()
        before = time.perf_counter()
        self._library.run_blocks(
            ctypes.addressof(self.structs),
            ctypes.addressof(caches),
            ctypes.addressof(texts),
            ctypes.addressof(run),
        )
        self._tuner.note(run.threads, (time.perf_counter() - before) / (entries * tokens))
        return rows_BTD.to(x_BTD.dtype)

    def _texts(self, cross: Sequence[CrossView | None], run: RunStruct, used: list[Tensor]) -> Any:
        views = [view for view in cross if view is not None]
        texts = (CacheStruct * max(1, len(views)))()
        for number, view in enumerate(views):
            keys, values = view.text.k_BHSK.float(), view.text.v_BHSK.float()
            assert keys.is_contiguous() and values.is_contiguous()
            used += [keys, values]
            texts[number] = CacheStruct(keys.data_ptr(), values.data_ptr())
            run.cross_capacity = keys.shape[2]
            if number == 0 and view.bias_TS is not None:
                # The same for all layers.
                used.append(view.bias_TS.float().reshape(run.entries, -1).contiguous())
                run.cross_bias = used[-1].data_ptr()
        return texts

    # Weights

    def _block(self, block: Block) -> BlockStruct:
        attention, mlp = block.attention, block.mlp
        up = mlp.gate_up if isinstance(mlp, GatedMLP) else mlp.up
        struct = BlockStruct(
            attention_norm=self._norm(block.attention_norm), attention_after=self._norm(block.attention_after),
            q_norm=self._norm(attention.q_norm), k_norm=self._norm(attention.k_norm), qkv=self._linear(attention.qkv),
            out=self._linear(attention.out), mlp_norm=self._norm(block.mlp_norm), up=self._linear(up),
            mlp_inside=self._norm(mlp.norm if isinstance(mlp, GatedMLP) else None), down=self._linear(mlp.down),
            mlp_after=self._norm(block.mlp_after), mlp_kind=MLPS.index(mlp.kind),
        )  # fmt: skip
        if block.cross is not None:
            struct.cross_norm, struct.cross_after = (
                self._norm(block.cross_norm),
                self._norm(block.cross_after),
            )
            struct.cross_q, struct.cross_out = (
                self._linear(block.cross.q),
                self._linear(block.cross.out),
            )
        return struct

    def _pointer(
        self, tensor: Tensor | None, dtype: torch.dtype | None = torch.float32
    ) -> int | None:
        if tensor is None:
            return None
        self._kept.append(tensor.detach().to(dtype or tensor.dtype).contiguous())
        return self._kept[-1].data_ptr()

    def _norm(self, norm: nn.Module | None) -> NormStruct:
        if isinstance(norm, RMSNorm):
            return NormStruct(
                weight=self._pointer(norm.weight), eps=norm.eps, kind=NORMS.index("rms")
            )
        if isinstance(norm, nn.LayerNorm):
            weight, bias = self._pointer(norm.weight), self._pointer(norm.bias)
            return NormStruct(weight=weight, bias=bias, eps=norm.eps, kind=NORMS.index("layer"))
        return NormStruct(kind=NORMS.index("none"))

    def _linear(self, linear: Linear) -> LinearStruct:
        struct = LinearStruct(
            outputs=linear.out_features, inputs=linear.in_features, bias=self._pointer(linear.bias)
        )
        packed = linear.packed
        if packed is not None:
            struct.kind = KINDS.index("int8" if packed.bits == 8 else "int4")
            struct.values = self._pointer(packed.values, None)
            struct.scales = self._pointer(packed.scales, torch.bfloat16)
            # Filled up: eight bits along the inputs, four bits along both.
            struct.inputs = struct.stride = packed.filled[1]
            if packed.bits == 4:
                struct.stride = packed.filled[0]
            return struct
        weight_OI = linear.weight
        whole = linear.out_features % PANEL == 0
        if weight_OI.dtype == torch.float32 and whole and weight_OI.numel() <= _LARGEST_PANELS:
            eight_bits = as_eight_bits(weight_OI)
            values_OI, scale_O = eight_bits or (weight_OI.detach(), None)
            panels = values_OI.view(-1, PANEL, linear.in_features).transpose(1, 2)
            struct.values, struct.kind = (
                self._pointer(panels, None),
                KINDS.index("int8_panels" if eight_bits else "panels"),
            )
            struct.scales = self._pointer(scale_O)
            return struct
        struct.kind = KINDS.index(str(weight_OI.dtype).removeprefix("torch."))
        struct.values, struct.stride = self._pointer(weight_OI, None), linear.in_features
        return struct
