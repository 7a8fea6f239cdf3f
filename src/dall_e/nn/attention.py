"""Attention, rotary positions, and the key-value cache.

Shapes: B batch rows, H heads, T tokens that attend, S tokens that are seen, K head width, P
positions of a table.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor


class Rotation(NamedTuple):
    """Cosines and sines, [..., T, K/2], that rotate the pairs (x_k, x_{k + K/2}) of a head."""

    cos: Tensor
    sin: Tensor

    def at(self, positions: Tensor | slice) -> Rotation:
        """The rows of a table that belong to some positions; a tensor is int64 of any shape."""
        return Rotation(self.cos[positions], self.sin[positions])


def grid_rotation(grid_size: int, head_width: int, base: float) -> Rotation:
    """Table [P, K/2] for a grid in raster order.

    Half of the pairs rotate with the row, half with the column, by frequencies base^(-2i / (K/2))
    for i in 0..K/4-1 (Su et al. 2021, arXiv 2104.09864, per axis). Coordinates count in sixteenths
    of the canvas whatever the grid, so that a model that grows to a finer grid keeps its sense of
    place.
    """
    axis = (torch.arange(grid_size, dtype=torch.float64) + 0.5) * (16 / grid_size)
    return axial_rotation(axis, head_width, base)


def axial_rotation(axis: Tensor, head_width: int, base: float) -> Rotation:
    """Table [P, K/2] for a square grid in raster order; `axis`, float64, says where its rows and
    columns stand."""
    grid_size, quarter = len(axis), head_width // 4
    frequencies = base ** (-torch.arange(quarter, dtype=torch.float64) / quarter)
    angles = axis[:, None] * frequencies

    rows = angles[:, None, :].expand(-1, grid_size, -1)
    columns = angles[None, :, :].expand(grid_size, -1, -1)
    angles_PK = torch.cat((rows, columns), dim=-1).flatten(0, 1)
    return Rotation(angles_PK.cos().float(), angles_PK.sin().float())


def line_rotation(length: int, head_width: int, base: float) -> Rotation:
    """Table [P, K/2] for positions 0 to length - 1 of a sequence (arXiv 2104.09864)."""
    half = head_width // 2
    frequencies = base ** (-torch.arange(half, dtype=torch.float64) / half)
    angles_PK = torch.arange(length, dtype=torch.float64)[:, None] * frequencies
    return Rotation(angles_PK.cos().float(), angles_PK.sin().float())


def rotate(x_BHTK: Tensor, rotation: Rotation) -> Tensor:
    """Rotate queries or keys by their positions; `rotation` is [T, K/2] or [B, T, K/2]."""
    cos, sin = (table.to(x_BHTK.dtype).unsqueeze(-3) for table in rotation)
    real, imaginary = x_BHTK.chunk(2, dim=-1)
    return torch.cat((real * cos - imaginary * sin, imaginary * cos + real * sin), dim=-1)


def visibility_bias(visible_TS: Tensor, dtype: torch.dtype) -> Tensor:
    """A mask, True where a query may look, as a bias on scores: 0, or what exp makes 0."""
    bias_TS = torch.zeros(visible_TS.shape, dtype=dtype, device=visible_TS.device)
    # float16 ends at -65504, which exp makes 0 too.
    return bias_TS.masked_fill_(~visible_TS, max(-1e9, torch.finfo(dtype).min))


def attend(q_BHTK: Tensor, k_BHSK: Tensor, v_BHSK: Tensor, bias_TS: Tensor | None = None) -> Tensor:
    """softmax(q k^T / sqrt(K) + bias) v, [B, H, T, K].

    `bias_TS` comes from `visibility_bias` and broadcasts to [B, H, T, S].

    On a CPU, training uses the plain products: for the short sequences here they took 37 ms forward
    and backward where the fused kernel took 103 (B 64, H 4, T = S = 176, K 64, bf16, 2 cores;
    LOG.md). Drawing uses the fused kernel on float32 keys and values, which for a single query is
    1.5 to 8 times as fast as either in bfloat16 (LOG.md); `KVCache` and `CrossAttention.remember`
    keep them so.
    """
    if q_BHTK.device.type != "cpu":
        return F.scaled_dot_product_attention(q_BHTK, k_BHSK, v_BHSK, attn_mask=bias_TS)
    if k_BHSK.dtype == torch.float32 and not torch.is_grad_enabled():
        bias_TS = None if bias_TS is None else bias_TS.float()
        mixed_BHTK = F.scaled_dot_product_attention(
            q_BHTK.float(), k_BHSK, v_BHSK, attn_mask=bias_TS
        )
        return mixed_BHTK.to(q_BHTK.dtype)

    scores_BHTS: Tensor = (q_BHTK * q_BHTK.shape[-1] ** -0.5) @ k_BHSK.transpose(-1, -2)
    if bias_TS is not None:
        scores_BHTS = scores_BHTS + bias_TS
    mixed_BHTK = scores_BHTS.softmax(-1) @ v_BHSK
    return mixed_BHTK


def cache_dtype(like: Tensor) -> torch.dtype:
    """The dtype of keys and values while drawing: on a CPU float32, see `attend`."""
    return torch.float32 if like.device.type == "cpu" else like.dtype


class Memory(Protocol):
    """What a block attends to besides its own tokens."""

    def extend(self, k_BHTK: Tensor, v_BHTK: Tensor) -> tuple[Tensor, Tensor]:
        """All keys and values to look at, the given ones last."""
        ...


class NoMemory:
    """A block that sees its own tokens only."""

    def extend(self, k_BHTK: Tensor, v_BHTK: Tensor) -> tuple[Tensor, Tensor]:
        """The given ones."""
        return k_BHTK, v_BHTK


class FixedMemory:
    """Keys and values computed before, seen by every block of a stack in training."""

    def __init__(self, k_BHSK: Tensor, v_BHSK: Tensor) -> None:
        self.k_BHSK = k_BHSK
        self.v_BHSK = v_BHSK

    def extend(self, k_BHTK: Tensor, v_BHTK: Tensor) -> tuple[Tensor, Tensor]:
        """The fixed ones, then the given ones."""
        return torch.cat((self.k_BHSK, k_BHTK), dim=2), torch.cat((self.v_BHSK, v_BHTK), dim=2)


class KVCache:
    """Preallocated keys and values of one attention layer, indexed by position.

    `at(position)` is a memory that writes new tokens from `position` on and shows all up to their
    end. What lies beyond the positions that the caller counts as filled may be written over.
    """

    def __init__(
        self, rows: int, num_heads: int, capacity: int, head_width: int, like: Tensor
    ) -> None:
        self.k_BHSK = like.new_zeros(rows, num_heads, capacity, head_width, dtype=cache_dtype(like))
        self.v_BHSK = torch.zeros_like(self.k_BHSK)

    def write(self, position: int, k_BHTK: Tensor, v_BHTK: Tensor) -> int:
        """Store T tokens from `position` on; return the position behind them."""
        end = position + k_BHTK.shape[2]
        assert end <= self.k_BHSK.shape[2], (
            f"cache of {self.k_BHSK.shape[2]} tokens cannot take token {end}"
        )
        self.k_BHSK[:, :, position:end] = k_BHTK
        self.v_BHSK[:, :, position:end] = v_BHTK
        return end

    def at(self, position: int) -> CacheSlot:
        """The memory from 0 to `position`, to be extended there."""
        return CacheSlot(self, position)

    def at_tensor(self, position_1: Tensor, seen: int) -> TensorSlot:
        """The first `seen` positions, to be extended by one token at the position in a tensor."""
        return TensorSlot(self, position_1, seen)


class CacheSlot:
    """A cache seen from one position."""

    def __init__(self, cache: KVCache, position: int) -> None:
        self.cache = cache
        self.position = position

    def extend(self, k_BHTK: Tensor, v_BHTK: Tensor) -> tuple[Tensor, Tensor]:
        """Everything before the position, then the given ones, without copying what is there."""
        end = self.cache.write(self.position, k_BHTK, v_BHTK)
        return self.cache.k_BHSK[:, :, :end], self.cache.v_BHSK[:, :, :end]


class TensorSlot:
    """A cache as a step of fixed shapes sees it.

    It always shows as many positions, of which a bias must hide the empty ones.
    """

    def __init__(self, cache: KVCache, position_1: Tensor, seen: int) -> None:
        self.cache = cache
        self.position_1 = position_1
        self.seen = seen

    def extend(self, k_BHTK: Tensor, v_BHTK: Tensor) -> tuple[Tensor, Tensor]:
        """The first `seen` positions, after writing one token among them."""
        assert k_BHTK.shape[2] == 1
        k_BHSK, v_BHSK = self.cache.k_BHSK, self.cache.v_BHSK
        k_BHSK.index_copy_(2, self.position_1, k_BHTK.to(k_BHSK.dtype))
        v_BHSK.index_copy_(2, self.position_1, v_BHTK.to(v_BHSK.dtype))
        return k_BHSK[:, :, : self.seen], v_BHSK[:, :, : self.seen]
