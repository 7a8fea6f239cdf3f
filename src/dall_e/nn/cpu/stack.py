"""A stack of blocks for the few tokens of a step, as one call of the compiled kernels.

The same as the blocks one after the other, up to rounding; tests hold the two together. `stack_of`
gives it, or None where torch's operations have to do: on a GPU, in training, without a C compiler.

Shapes: B batch rows, T tokens of one call, S positions of a cache, L layers, D width, K head width.
"""

from __future__ import annotations

import ctypes
import time
import weakref
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn

from dall_e.nn.attention import CacheSlot, KVCache, Memory, Rotation
from dall_e.nn.cpu.kernels import Kernels, kernels
from dall_e.nn.cpu.structures import (
    MASK_KINDS,
    BlockStruct,
    CacheStruct,
    StackCallStruct,
    make_struct,
    set_fields,
)
from dall_e.nn.cpu.threads import ThreadTuner
from dall_e.nn.cpu.weights import block_struct
from dall_e.nn.transformer import CrossView, Linear
from dall_e.runtime import most_threads

Mask = Literal["full", "causal", "independent"]

_MOST_ROWS = 16
"""With more rows and weights of fewer bits, torch's products win: bound by arithmetic, they use
that of bfloat16."""

_READ = (torch.float32, torch.bfloat16, torch.int8, torch.uint8)
"""What weights may be: as they are, or packed into eight bits, or into four."""

_stacks: weakref.WeakKeyDictionary[nn.ModuleList, Stack] = weakref.WeakKeyDictionary()
_cache_structs: weakref.WeakKeyDictionary[KVCache, CacheStruct] = weakref.WeakKeyDictionary()


def stack_of(blocks: nn.ModuleList) -> Stack | None:
    """The blocks as one call, made anew where their weights have changed since the last time."""
    compiled = kernels()
    is_empty = next(blocks.parameters(), None) is None
    if compiled is None or is_empty or torch.is_grad_enabled() or blocks.training:
        return None

    stack = _stacks.get(blocks)
    if stack is None or stack.state != _state(blocks):
        _stacks.pop(blocks, None)
        if not _is_possible(blocks, compiled):
            return None
        stack = _stacks[blocks] = Stack(blocks, compiled)
    return stack


def _weights(blocks: nn.ModuleList) -> list[Tensor]:
    return [*blocks.parameters(), *blocks.buffers()]


def _state(blocks: nn.ModuleList) -> tuple[tuple[int, torch.dtype, int], ...]:
    """Changes whenever a weight is replaced or written to."""
    return tuple(
        (weight.data_ptr(), weight.dtype, 0 if weight.is_inference() else weight._version)
        for weight in _weights(blocks)
    )


def _is_possible(blocks: nn.ModuleList, compiled: Kernels) -> bool:
    """Whether the kernels can read all weights."""
    for weight in _weights(blocks):
        if weight.device.type != "cpu" or weight.dtype not in _READ:
            return False
    packed = [linear.packed for linear in _linears(blocks) if linear.packed is not None]
    return compiled.reads_int4 or all(weight.bits != 4 for weight in packed)


def _linears(blocks: nn.ModuleList) -> list[Linear]:
    return [module for module in blocks.modules() if isinstance(module, Linear)]


class Stack:
    """Structures that point to the weights of some blocks."""

    def __init__(self, blocks: nn.ModuleList, compiled: Kernels) -> None:
        self.state = _state(blocks)
        # Kept, so that no other weight comes to lie where one of these lay: its state would be the
        # same.
        self._weights = [weight.detach() for weight in _weights(blocks)]
        self.is_float32 = all(
            linear.packed is None and linear.weight.dtype == torch.float32
            for linear in _linears(blocks)
        )
        """Whether all weights are float32: then it is used for any number of rows."""
        self._library = compiled.library
        self._tuners: dict[int, ThreadTuner] = defaultdict(ThreadTuner)
        """By the binary digits of the number of rows: threads pay the more, the more rows."""

        # An array holds copies of its structures; the structures keep the tensors alive.
        layers: list[Any] = list(blocks)
        self._blocks = [block_struct(layer) for layer in layers]
        self.structs = (BlockStruct * len(layers))(*self._blocks)
        self._num_heads = layers[0].attention.num_heads
        self._mlp_width = layers[0].mlp.down.in_features

    def pays(self, x_BTD: Tensor) -> bool:
        """Whether these rows are done sooner than by torch.

        In float32 always: an image must not depend on its batch.
        """
        return self.is_float32 or x_BTD.shape[0] * x_BTD.shape[1] <= _MOST_ROWS

    def __call__(
        self,
        x_BTD: Tensor,
        *,
        rotation: Rotation | None,
        memories: Sequence[Memory],
        bias_BS: Tensor | None = None,
        bias_LS: Tensor | None = None,
        cross: Sequence[CrossView | None] = (),
        mask: Mask = "full",
        filled: int = 0,
    ) -> Tensor:
        """Run new tokens [B, T, D] behind those in the caches through all blocks, to [B, T, D].

        The caches, one for each layer, must be seen from one position. A token attends to what is
        before that position, and by `mask` to
        - "full": all tokens of the call;
        - "causal": those before it, and itself;
        - "independent": itself. It sees as many positions as if the tokens before it stood in the
          cache, at most the first `filled` ones, and leaves nothing there.

        `rotation` is [T, K / 2] or [B, T, K / 2]. `bias_BS`, for all positions of a cache, is added
        to the scores of every layer, `bias_LS` to those of each.
        """
        entries, tokens, width = x_BTD.shape
        slots = [memory for memory in memories if isinstance(memory, CacheSlot)]
        assert len(slots) == len(self.structs)
        position, capacity = slots[0].position, slots[0].cache.k_BHSK.shape[2]
        tuner = self._tuners[(entries * tokens).bit_length()]
        end = position + tokens if mask != "independent" else min(position + tokens, filled + 1)
        assert end <= capacity, f"a cache of {capacity} tokens is full"

        # A copy, as the kernels write into it.
        rows_BTD = torch.empty(x_BTD.shape, dtype=torch.float32, device="cpu").copy_(x_BTD)
        call = make_struct(
            StackCallStruct,
            entries=entries,
            tokens=tokens,
            width=width,
            heads=self._num_heads,
            mlp_width=self._mlp_width,
            layers=len(slots),
            position=position,
            filled=filled,
            capacity=capacity,
            mask=MASK_KINDS.index(mask),
            rows=rows_BTD,
            threads=tuner.threads(most_threads()),
        )
        caches = [_cache_struct(slot.cache) for slot in slots]
        _set_rotation(call, rotation)
        _set_bias(call, bias_BS, bias_LS)
        texts = _set_cross(call, cross)
        started = time.perf_counter()
        self._run(call, caches, texts)
        seconds = time.perf_counter() - started
        tuner.note(call.threads, seconds / (entries * tokens))
        return rows_BTD.to(x_BTD.dtype)

    def _run(
        self, call: StackCallStruct, caches: list[CacheStruct], texts: list[CacheStruct]
    ) -> None:
        # Zeros, as what pads rows has to be; of this call alone, as several threads may draw.
        size = self._library.scratch_size(ctypes.addressof(call))
        set_fields(call, scratch=torch.zeros(size, dtype=torch.float32, device="cpu"))

        cache_array = (CacheStruct * len(caches))(*caches)
        text_array = (CacheStruct * max(1, len(texts)))(*texts)
        self._library.run_blocks(
            ctypes.addressof(self.structs),
            ctypes.addressof(cache_array),
            ctypes.addressof(text_array),
            ctypes.addressof(call),
        )


# Arguments that a call may have or not


def _cache_struct(cache: KVCache) -> CacheStruct:
    """Made once for each cache: its tensors stay where they are while an image is drawn."""
    struct = _cache_structs.get(cache)
    if struct is None or struct.tensors[0] is not cache.k_BHSK:
        struct = make_struct(CacheStruct, keys=cache.k_BHSK, values=cache.v_BHSK)
        _cache_structs[cache] = struct
    return struct


def _set_rotation(call: StackCallStruct, rotation: Rotation | None) -> None:
    """Cosines and sines [B, T, K / 2]."""
    if rotation is None:
        return
    cos_BTK, sin_BTK = (
        table.float().expand(call.entries, call.tokens, -1).contiguous() for table in rotation
    )
    set_fields(call, cosines=cos_BTK, sines=sin_BTK)


def _set_bias(call: StackCallStruct, bias_BS: Tensor | None, bias_LS: Tensor | None) -> None:
    """A bias [B, S] for all layers, or [L, B, S]."""
    shape_BS = call.entries, call.capacity
    if bias_LS is not None:
        bias_LBS = bias_LS.float()[:, None]
        if bias_BS is not None:
            bias_LBS = bias_LBS + bias_BS.float()
        bias_LBS = bias_LBS.expand(call.layers, *shape_BS).contiguous()
        set_fields(call, bias=bias_LBS, bias_step=call.entries * call.capacity)
    elif bias_BS is not None:
        set_fields(call, bias=bias_BS.float().expand(shape_BS).contiguous())


def _set_cross(call: StackCallStruct, cross: Sequence[CrossView | None]) -> list[CacheStruct]:
    """The texts that the layers attend to; what hides their padding is the same for all layers."""
    views = [view for view in cross if view is not None]
    if not views:
        return []
    set_fields(call, cross_capacity=views[0].text.k_BHSK.shape[2])
    bias_TS = views[0].bias_TS
    if bias_TS is not None:
        bias_BS = bias_TS.float().reshape(call.entries, -1).contiguous()
        set_fields(call, cross_bias=bias_BS)
    return [
        make_struct(CacheStruct, keys=view.text.k_BHSK.float(), values=view.text.v_BHSK.float())
        for view in views
    ]
