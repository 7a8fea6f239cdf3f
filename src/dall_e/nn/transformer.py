"""The transformer block: norms, attention, MLP.

A `BlockStyle` says which kinds. The native model's, the default, has root-mean-square norms,
attention with normalised queries and keys, and a gated MLP.

Shapes: B batch rows, T tokens of the call, S tokens of a text, D width, H heads, K head width, R
rows of a matrix.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from dall_e.config.published import BlockStyle
from dall_e.nn.attention import FixedMemory, Memory, NoMemory, Rotation, attend, cache_dtype, rotate
from dall_e.nn.norms import RMSNorm, make_norm, rms_norm
from dall_e.nn.quantization import PackedWeight, WeightFormat, pack_weight

NATIVE = BlockStyle()
_ROWS_OF_ONE_PATH, _MOST_ODD_ROWS = 16, 64
"""With AVX-512 the product of up to 8 rows (256 inputs) or 12 (384 and more) rounds differently
from that of more."""


def split_heads(x_BTD: Tensor, num_heads: int) -> Tensor:
    """[B, T, H K] to [B, H, T, K]."""
    x_BTHK: Tensor = x_BTD.unflatten(-1, (num_heads, -1))
    return x_BTHK.transpose(1, 2)


class Linear(nn.Linear):
    """A linear layer whose result for a row is the same, to the bit, whatever rows stand beside it.

    The CPU's float32 product takes another path for few rows, and for some numbers of rows that are
    no multiple of four, which rounds differently (measured on two processors; LOG.md). An image
    would then depend on its batch. So such inputs are padded.

    Its weight may be packed into eight or four bits; then this holds only up to rounding. It may
    learn by low rank (`nn/lora.py`).
    """

    def __init__(self, in_features: int, out_features: int, bias: bool = True) -> None:
        super().__init__(in_features, out_features, bias)
        self.packed: PackedWeight | None = None
        self.learns_low_rank = False

    def pack(self, packed: PackedWeight) -> None:
        """Compute with this weight from now on, and drop its own. For inference only."""
        assert packed.shape == (self.out_features, self.in_features)
        self.packed = packed
        self.register_parameter("weight", None)

    def forward(self, input: Tensor) -> Tensor:
        """[..., D] to [..., E]."""
        if self.packed is not None:
            product: Tensor = self.packed(input)
            return product if self.bias is None else product + self.bias

        if self.learns_low_rank and torch.is_grad_enabled():
            return after(_itself, self, input)

        num_rows = input.numel() // input.shape[-1]
        missing = -num_rows % _ROWS_OF_ONE_PATH
        is_safe = missing == 0 or num_rows > _MOST_ODD_ROWS
        if is_safe or torch.is_grad_enabled() or input.device.type != "cpu":
            return super().forward(input)
        padded_RD = F.pad(input.reshape(num_rows, -1), (0, 0, 0, missing))
        return super().forward(padded_RD)[:num_rows].view(*input.shape[:-1], -1)


def _itself(x: Tensor) -> Tensor:
    return x


def after(make: Callable[..., Tensor], layer: nn.Module, *made_of: Tensor) -> Tensor:
    """`layer(make(*made_of))`; to learn by low rank, what is made is made anew, and not kept."""
    y: Tensor
    if isinstance(layer, Linear) and layer.learns_low_rank and torch.is_grad_enabled():
        # The sum of the weights is never made, nor its gradient.
        layers: Any = layer.parametrizations
        y = layers.weight[0].product(make, layers.weight.original, layer.bias, *made_of)
    else:
        y = layer(make(*made_of))
    return y


class Attention(nn.Module):
    """Self-attention that may also look at a memory.

    Natively, queries and keys are normalised per head (QK-norm).
    """

    def __init__(self, width: int, num_heads: int, style: BlockStyle = NATIVE) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.qkv = Linear(width, 3 * width, bias=style.attention_bias)
        self.out = Linear(width, width, bias=style.attention_bias)
        self.q_norm = RMSNorm(width // num_heads) if style.qk_norm else nn.Identity()
        self.k_norm = RMSNorm(width // num_heads) if style.qk_norm else nn.Identity()

    def forward(
        self,
        x_BTD: Tensor,
        rotation: Rotation | None,
        memory: Memory,
        bias_TS: Tensor | None,
        before: Callable[[Tensor], Tensor] = _itself,
    ) -> Tensor:
        """[B, T, D] to [B, T, D]; the keys are the memory's, then the tokens' own."""
        qkv_BTD = after(before, self.qkv, x_BTD)
        mix = partial(self._mixed, rotation, memory, bias_TS)
        alone = isinstance(memory, NoMemory)
        return after(mix, self.out, qkv_BTD) if alone else after(_itself, self.out, mix(qkv_BTD))

    def probabilities(
        self,
        x_BTD: Tensor,
        rotation: Rotation | None,
        memory: Memory,
        bias_TS: Tensor | None,
        before: Callable[[Tensor], Tensor] = _itself,
    ) -> Tensor:
        """How much each token looks at each key, [B, H, T, S], rows that add up to 1.

        The arguments are those of `forward`, which computes the same without keeping it.
        """
        q_BHTK, k_BHTK, v_BHTK = self._split(self.qkv(before(x_BTD)), rotation)
        k_BHSK, _ = memory.extend(k_BHTK, v_BHTK)
        scores_BHTS = (q_BHTK * q_BHTK.shape[-1] ** -0.5) @ k_BHSK.transpose(-1, -2)
        if bias_TS is not None:
            scores_BHTS = scores_BHTS + bias_TS
        probabilities_BHTS: Tensor = scores_BHTS.softmax(-1)
        return probabilities_BHTS

    def _mixed(
        self, rotation: Rotation | None, memory: Memory, bias_TS: Tensor | None, qkv_BTD: Tensor
    ) -> Tensor:
        """What the tokens see, [B, T, D], of queries, keys and values [B, T, 3 D]."""
        q_BHTK, k_BHTK, v_BHTK = self._split(qkv_BTD, rotation)
        mixed_BHTK = attend(q_BHTK, *memory.extend(k_BHTK, v_BHTK), bias_TS)
        return mixed_BHTK.transpose(1, 2).flatten(2)

    def _split(self, qkv_BTD: Tensor, rotation: Rotation | None) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values, each [B, H, T, K]."""
        all_3BHTK = qkv_BTD.unflatten(-1, (3, self.num_heads, -1)).permute(2, 0, 3, 1, 4)
        both_2BHTK, v_BHTK = all_3BHTK[:2], all_3BHTK[2]
        # Queries and keys are normed and rotated together: half as many operations.
        if isinstance(self.q_norm, RMSNorm) and isinstance(self.k_norm, RMSNorm):
            weight_2K = torch.stack((self.q_norm.weight, self.k_norm.weight))
            both_2BHTK = rms_norm(both_2BHTK, weight_2K[:, None, None, None], self.q_norm.eps)
        if rotation is not None:
            both_2BHTK = rotate(both_2BHTK, rotation)
        return both_2BHTK[0], both_2BHTK[1], v_BHTK


class CrossAttention(nn.Module):
    """Attention to the states of a text encoder, whose keys and values are computed once."""

    def __init__(self, width: int, num_heads: int, style: BlockStyle) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.q = Linear(width, width, bias=style.attention_bias)
        self.kv = Linear(width, 2 * width, bias=style.attention_bias)
        self.out = Linear(width, width, bias=style.attention_bias)

    def remember(self, states_BSD: Tensor) -> FixedMemory:
        """Keys and values of the text, laid out as every step will read them."""
        kv_BSD = self.kv(states_BSD)
        if not torch.is_grad_enabled():
            kv_BSD = kv_BSD.to(cache_dtype(states_BSD))
        k_BSD, v_BSD = kv_BSD.chunk(2, dim=-1)
        return FixedMemory(
            split_heads(k_BSD, self.num_heads).contiguous(),
            split_heads(v_BSD, self.num_heads).contiguous(),
        )

    def forward(self, x_BTD: Tensor, text: FixedMemory, bias_TS: Tensor | None) -> Tensor:
        """[B, T, D] to [B, T, D]."""
        q_BHTK = split_heads(self.q(x_BTD), self.num_heads)
        mixed_BHTK = attend(q_BHTK, text.k_BHSK, text.v_BHSK, bias_TS)
        return after(_itself, self.out, mixed_BHTK.transpose(1, 2).flatten(2))


def _quick_gelu(x_BTD: Tensor) -> Tensor:
    return x_BTD * torch.sigmoid(1.702 * x_BTD)


_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "silu_gated": F.silu,
    "gelu_gated": F.gelu,
    "gelu": F.gelu,
    "gelu_tanh": partial(F.gelu, approximate="tanh"),
    "quick_gelu": _quick_gelu,
}


class GatedMLP(nn.Module):
    """down(act(gate x) * up x), natively with silu (SwiGLU, Shazeer 2020, arXiv 2002.05202)."""

    def __init__(self, width: int, inner_width: int, style: BlockStyle = NATIVE) -> None:
        super().__init__()
        self.gate_up = Linear(width, 2 * inner_width, bias=style.mlp_bias)
        self.norm = make_norm(inner_width, style) if style.norm_inside_mlp else nn.Identity()
        self.down = Linear(inner_width, width, bias=style.mlp_bias)
        self.kind = style.mlp
        self.activation = _ACTIVATIONS[style.mlp]

    def forward(self, x_BTD: Tensor, before: Callable[[Tensor], Tensor] = _itself) -> Tensor:
        """Same shape."""
        return after(self._inside, self.down, after(before, self.gate_up, x_BTD))

    def _inside(self, both_BTD: Tensor) -> Tensor:
        gate, up = both_BTD.chunk(2, dim=-1)
        y_BTD: Tensor = self.norm(self.activation(gate) * up)
        return y_BTD


class MLP(nn.Module):
    """down(act(up x))."""

    def __init__(self, width: int, inner_width: int, style: BlockStyle) -> None:
        super().__init__()
        self.up = Linear(width, inner_width, bias=style.mlp_bias)
        self.down = Linear(inner_width, width, bias=style.mlp_bias)
        self.kind = style.mlp
        self.activation = _ACTIVATIONS[style.mlp]

    def forward(self, x_BTD: Tensor, before: Callable[[Tensor], Tensor] = _itself) -> Tensor:
        """Same shape."""
        return after(self.activation, self.down, after(before, self.up, x_BTD))


class CrossView(NamedTuple):
    """The text as one block sees it."""

    text: FixedMemory
    """Its keys and values."""
    bias_TS: Tensor | None
    """What hides its padding."""


class Block(nn.Module):
    """A pre-norm block: x + attention(norm x), x + cross-attention(norm x) if any, x + mlp(norm x).

    Styles may also norm what attention and MLP return.
    """

    def __init__(
        self,
        width: int,
        num_heads: int,
        mlp_width: int,
        dropout: float = 0.0,
        style: BlockStyle = NATIVE,
    ) -> None:
        super().__init__()
        norm = partial(make_norm, width, style)

        self.attention_norm = norm()
        self.attention = Attention(width, num_heads, style)
        self.attention_after = norm() if style.norm_after else nn.Identity()

        self.cross: CrossAttention | None = None
        if style.cross_attention:
            self.cross_norm = norm()
            self.cross = CrossAttention(width, num_heads, style)
            self.cross_after = norm() if style.norm_after else nn.Identity()

        mlp_class = GatedMLP if style.mlp.endswith("gated") else MLP
        self.mlp_norm = norm()
        self.mlp: GatedMLP | MLP = mlp_class(width, mlp_width, style)
        self.mlp_after = norm() if style.norm_after_mlp else nn.Identity()
        self.dropout = dropout
        self.recomputes = False

    def forward(
        self,
        x_BTD: Tensor,
        *,
        rotation: Rotation | None,
        memory: Memory,
        bias_TS: Tensor | None = None,
        cross: CrossView | None = None,
    ) -> Tensor:
        """[B, T, D] to [B, T, D]; `cross` must be given for a block with cross-attention."""
        rest = (rotation, memory, bias_TS, cross)
        if not self.recomputes or not torch.is_grad_enabled():
            return self._forward(x_BTD, *rest)
        y_BTD: Tensor = checkpoint(self._forward, x_BTD, *rest, use_reentrant=False)
        return y_BTD

    def _forward(
        self,
        x_BTD: Tensor,
        rotation: Rotation | None,
        memory: Memory,
        bias_TS: Tensor | None,
        cross: CrossView | None,
    ) -> Tensor:
        y_BTD = self.attention(x_BTD, rotation, memory, bias_TS, self.attention_norm)
        x_BTD = x_BTD + F.dropout(self.attention_after(y_BTD), self.dropout, self.training)

        if self.cross is not None:
            assert cross is not None
            y_BTD = self.cross(self.cross_norm(x_BTD), *cross)
            x_BTD = x_BTD + self.cross_after(y_BTD)

        y_BTD = self.mlp(x_BTD, self.mlp_norm)
        return x_BTD + F.dropout(self.mlp_after(y_BTD), self.dropout, self.training)


def recompute_blocks(network: nn.Module) -> int:
    """Let blocks keep their input alone and compute what is inside anew for the backward pass.

    It takes a third more arithmetic, and of each block the memory of its input only; gradients are
    the same (Chen et al. 2016, arXiv 1604.06174). Returns how many blocks there are.
    """
    blocks = [part for part in network.modules() if isinstance(part, Block)]
    for block in blocks:
        block.recomputes = True
    return len(blocks)


def assign_weights(
    network: nn.Module, weights: Iterable[tuple[str, Tensor]], packing: WeightFormat | None = None
) -> None:
    """Make tensors the weights of a network, one after the other.

    With `packing`, those of its `Linear` layers are packed into eight or four bits. `weights` may
    make each tensor only when it is asked for: never more than one is unpacked. Instead of four
    bits, layers that end in logits (named "head") get eight: they are small, and an error in them
    is an error of the result.
    """
    for name, weight in weights:
        owner_name, _, leaf = name.rpartition(".")
        owner = network.get_submodule(owner_name)
        if packing and isinstance(owner, Linear) and leaf == "weight":
            owner.pack(pack_weight(weight, "int8" if "head" in owner_name else packing))
        else:
            owner.load_state_dict({leaf: weight}, strict=False, assign=True)


def initialise_transformer(network: nn.Module, num_blocks: int) -> None:
    """Initialise a transformer: linear layers normal 0.02, embeddings normal 0.3.

    Layers that write to the residual stream are scaled by 1 / sqrt(2 x blocks), as in GPT-2, which
    keeps the stream's variance independent of depth. A linear layer of width 256 makes 0.02 x
    sqrt(256) = 0.32 of a normed input; with embeddings of 0.02 beside it, codes and positions were
    drowned by the text, and nothing was learnt for 300 steps.
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
