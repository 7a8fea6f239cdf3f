"""The transformer block: root-mean-square norms, attention with normalised queries and keys, gated MLP.

Shapes: B batch rows, T tokens asked, S tokens seen, D width, H heads, K head width.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dall_e.nn.attention import Memory, Rotation, attend, rotate

_ROWS_OF_ONE_PATH, _MOST_ODD_ROWS = 4, 64


def split_heads(x_BTD: Tensor, num_heads: int) -> Tensor:
    """[B, T, H K] to [B, H, T, K]."""
    x_BTHK: Tensor = x_BTD.unflatten(-1, (num_heads, -1))
    return x_BTHK.transpose(1, 2)


class Linear(nn.Linear):
    """nn.Linear whose result for a row is the same, to the bit, whatever rows stand beside it.

    The CPU's float32 product takes another path for a few rows that are no multiple of four, which rounds differently
    (measured: rows 1-11; LOG.md). A picture would then depend on its batch. So such inputs are filled up.
    """

    def forward(self, input: Tensor) -> Tensor:
        """[..., D] to [..., E]."""
        num_rows = input.numel() // input.shape[-1]
        missing = -num_rows % _ROWS_OF_ONE_PATH
        if missing == 0 or num_rows > _MOST_ODD_ROWS or torch.is_grad_enabled() or input.device.type != "cpu":
            return super().forward(input)
        filled_ND = F.pad(input.reshape(num_rows, -1), (0, 0, 0, missing))
        return super().forward(filled_ND)[:num_rows].view(*input.shape[:-1], -1)


class RMSNorm(nn.Module):
    """x / rms(x) * scale (Zhang and Sennrich 2019, arXiv 1910.07467)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x_BTD: Tensor) -> Tensor:
        """Same shape and dtype."""
        return F.rms_norm(x_BTD, self.weight.shape, self.weight.to(x_BTD.dtype), eps=1e-6)


class Attention(nn.Module):
    """Self-attention that may also look at a memory. Queries and keys are normalised per head (QK-norm)."""

    def __init__(self, width: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.qkv = Linear(width, 3 * width, bias=False)
        self.out = Linear(width, width, bias=False)
        self.q_norm = RMSNorm(width // num_heads)
        self.k_norm = RMSNorm(width // num_heads)

    def forward(self, x_BTD: Tensor, rotation: Rotation | None, memory: Memory, bias_TS: Tensor | None) -> Tensor:
        """[B, T, D] to [B, T, D]; the keys are the memory's, then the tokens' own."""
        q_BHTK, k_BHTK, v_BHTK = (split_heads(part, self.num_heads) for part in self.qkv(x_BTD).chunk(3, dim=-1))
        q_BHTK, k_BHTK = self.q_norm(q_BHTK), self.k_norm(k_BHTK)
        if rotation is not None:
            q_BHTK, k_BHTK = rotate(q_BHTK, rotation), rotate(k_BHTK, rotation)
        mixed_BHTK = attend(q_BHTK, *memory.extend(k_BHTK, v_BHTK), bias_TS)
        mixed_BTD: Tensor = self.out(mixed_BHTK.transpose(1, 2).flatten(2))
        return mixed_BTD


class GatedMLP(nn.Module):
    """down(silu(gate x) * up x) (SwiGLU, Shazeer 2020, arXiv 2002.05202)."""

    def __init__(self, width: int, inner_width: int) -> None:
        super().__init__()
        self.gate_up = Linear(width, 2 * inner_width, bias=False)
        self.down = Linear(inner_width, width, bias=False)

    def forward(self, x_BTD: Tensor) -> Tensor:
        """Same shape."""
        gate, up = self.gate_up(x_BTD).chunk(2, dim=-1)
        y_BTD: Tensor = self.down(F.silu(gate) * up)
        return y_BTD


class Block(nn.Module):
    """Pre-norm block: x + attention(norm x), then x + mlp(norm x)."""

    def __init__(self, width: int, num_heads: int, mlp_width: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.attention_norm = RMSNorm(width)
        self.attention = Attention(width, num_heads)
        self.mlp_norm = RMSNorm(width)
        self.mlp = GatedMLP(width, mlp_width)
        self.dropout = dropout

    def forward(
        self, x_BTD: Tensor, *, rotation: Rotation | None, memory: Memory, bias_TS: Tensor | None = None
    ) -> Tensor:
        """[B, T, D] to [B, T, D]."""
        mixed_BTD = self.attention(self.attention_norm(x_BTD), rotation, memory, bias_TS)
        x_BTD = x_BTD + F.dropout(mixed_BTD, self.dropout, self.training)
        return x_BTD + F.dropout(self.mlp(self.mlp_norm(x_BTD)), self.dropout, self.training)


def initialise_transformer(network: nn.Module, num_blocks: int) -> None:
    """All initialisation of a transformer: linear layers normal 0.02, embeddings normal 0.3, depth-scaled outputs.

    Layers that write to the residual stream are scaled by 1 / sqrt(2 x blocks), as in GPT-2, which keeps the stream's
    variance independent of depth. A linear layer of width 256 makes 0.02 x sqrt(256) = 0.32 of a normed input; with
    embeddings of 0.02 beside it, codes and places were drowned by the text, and nothing was learnt for 300 steps.
    """
    for module in network.modules():
        if isinstance(module, nn.Embedding):
            nn.init.normal_(module.weight, std=0.3)
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=0.02)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    for module in network.modules():
        if isinstance(module, Block):
            for layer in (module.attention.out, module.mlp.down):
                nn.init.normal_(layer.weight, std=0.02 / math.sqrt(2 * num_blocks))
