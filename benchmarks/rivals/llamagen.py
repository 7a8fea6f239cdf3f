"""LlamaGen's way of drawing, written anew: its project publishes scripts, no package to install.

It follows arXiv 2406.06525 and the description in FoundationVision/LlamaGen: a pre-norm decoder
with rotary positions in two dimensions (pairs are neighbours), caches of full length made
beforehand and masked, condition and guidance rows in one batch, the plain attention kernel, which
it forces, logits in float32, and of them the k largest kept. Nothing is compiled. Pixels are drawn
by our own decoder in float32, the same network for both sides.

Shapes: B batch rows, L tokens of the prompt, N tokens of an image, T tokens of a call, S length of
the cache, D width, H heads, K width of a head, P = K / 2 rotated pairs of a head, C codes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from benchmarks.clock import Clock, Steps, Times
from benchmarks.random_models import any_codes, random_networks, text_reader
from benchmarks.shapes import Shape
from dall_e.config.published import LeftToRightConfig

if TYPE_CHECKING:
    from dall_e.models.left_to_right import LeftToRight


# The network


class _Norm(nn.Module):
    def __init__(self, width: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, x_BTD: Tensor) -> Tensor:
        x = x_BTD.float()
        scaled = x * torch.rsqrt(x.square().mean(-1, keepdim=True) + self.eps)
        return scaled.type_as(x_BTD) * self.weight


class _Layer(nn.Module):
    def __init__(self, config: LeftToRightConfig) -> None:
        super().__init__()
        width, eps = config.width, config.style.norm_eps
        self.num_heads = config.num_heads
        self.attention_norm, self.mlp_norm = _Norm(width, eps), _Norm(width, eps)
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.gate = nn.Linear(width, config.mlp_width, bias=False)
        self.up = nn.Linear(width, config.mlp_width, bias=False)
        self.down = nn.Linear(config.mlp_width, width, bias=False)
        self.k_BHSK = self.v_BHSK = torch.empty(0)

    def allocate(self, rows: int, length: int) -> None:
        weight = self.qkv.weight
        shape = rows, self.num_heads, length, weight.shape[1] // self.num_heads
        self.k_BHSK, self.v_BHSK = weight.new_zeros(shape), weight.new_zeros(shape)

    def forward(
        self, x_BTD: Tensor, rotation_TP2: Tensor, positions_T: Tensor, mask_B1TS: Tensor
    ) -> Tensor:
        # Queries, keys and values; keys and values go into the cache.
        q, k, v = self.qkv(self.attention_norm(x_BTD)).chunk(3, dim=-1)
        q_BTHK, k_BTHK, v_BTHK = (part.unflatten(-1, (self.num_heads, -1)) for part in (q, k, v))
        q_BTHK, k_BTHK = _rotate(q_BTHK, rotation_TP2), _rotate(k_BTHK, rotation_TP2)
        self.k_BHSK[:, :, positions_T] = k_BTHK.transpose(1, 2)
        self.v_BHSK[:, :, positions_T] = v_BTHK.transpose(1, 2)

        # Attention over the whole cache, masked.
        mixed_BHTK = F.scaled_dot_product_attention(
            q_BTHK.transpose(1, 2), self.k_BHSK, self.v_BHSK, attn_mask=mask_B1TS
        )
        x_BTD = x_BTD + self.out(mixed_BHTK.transpose(1, 2).flatten(2))

        y_BTD = self.mlp_norm(x_BTD)
        added_BTD: Tensor = x_BTD + self.down(F.silu(self.gate(y_BTD)) * self.up(y_BTD))
        return added_BTD


class Transformer(nn.Module):
    """Reads states of the prompt, then codes one after the other, and gives logits."""

    rotations_SP2: Tensor

    def __init__(self, config: LeftToRightConfig) -> None:
        super().__init__()
        self.config = config
        self.codes = nn.Embedding(config.code_rows, config.width)
        self.layers = nn.ModuleList(_Layer(config) for _ in range(config.num_layers))
        self.norm = _Norm(config.width, config.style.norm_eps)
        self.head = nn.Linear(config.width, config.num_logits, bias=False)
        self.mask_BSS = torch.empty(0)
        self.register_buffer("rotations_SP2", _rotations(config), persistent=False)

    def prefill(self, states_BLD: Tensor, visible_BL: Tensor) -> Tensor:
        """Read the prompt; return the logits [B, C] of the first token.

        Makes the caches for the whole image.
        """
        rows, prefix = visible_BL.shape
        length = -(-(prefix + self.config.num_tokens) // 8) * 8  # A multiple of 8, as theirs.
        for layer in self.layers:
            assert isinstance(layer, _Layer)
            layer.allocate(rows, length)

        # Padding of the prompt is hidden from everybody but itself.
        mask_SS = torch.ones(length, length, dtype=torch.bool, device=states_BLD.device).tril()
        self.mask_BSS = mask_SS.repeat(rows, 1, 1)
        self.mask_BSS[:, :, :prefix] &= visible_BL[:, None]
        self.mask_BSS |= torch.eye(length, dtype=torch.bool, device=states_BLD.device)
        return self._logits(states_BLD, torch.arange(prefix, device=states_BLD.device))

    def step(self, codes_B1: Tensor, position_1: Tensor) -> Tensor:
        """Read the code at a position of the sequence; return the next one's logits [B, C]."""
        return self._logits(self.codes(codes_B1), position_1)

    def _logits(self, x_BTD: Tensor, positions_T: Tensor) -> Tensor:
        rotation_TP2 = self.rotations_SP2[positions_T]
        mask_B1TS = self.mask_BSS[:, None, positions_T]
        for layer in self.layers:
            x_BTD = layer(x_BTD, rotation_TP2, positions_T, mask_B1TS)
        logits_BTC: Tensor = self.head(self.norm(x_BTD)).float()
        return logits_BTC[:, -1]


def _rotations(config: LeftToRightConfig) -> Tensor:
    """Return cosines and sines [S, P, 2].

    They are 0 for the prompt; then half of the pairs turn by row, half by column.
    """
    num_pairs = config.width // config.num_heads // 2
    side = config.grid_size
    frequencies = config.rope_base ** (-torch.arange(0, num_pairs, 2).float() / num_pairs)
    angles = torch.outer(torch.arange(side).float(), frequencies)

    by_row, by_column = angles[:, None].expand(-1, side, -1), angles[None].expand(side, -1, -1)
    grid_NP = torch.cat((by_row, by_column), -1).flatten(0, 1)
    grid_NP2 = torch.stack((grid_NP.cos(), grid_NP.sin()), -1)
    return torch.cat((torch.zeros(config.prefix_tokens, num_pairs, 2), grid_NP2))


def _rotate(x_BTHK: Tensor, rotation_TP2: Tensor) -> Tensor:
    """Turn neighbouring pairs of numbers by their angles."""
    pairs = x_BTHK.float().unflatten(-1, (-1, 2))
    even, odd = pairs[..., 0], pairs[..., 1]
    cos, sin = rotation_TP2[None, :, None, :, 0], rotation_TP2[None, :, None, :, 1]
    turned = torch.stack((even * cos - odd * sin, odd * cos + even * sin), -1)
    return turned.flatten(3).type_as(x_BTHK)


# Our weights in it


def with_weights_of(raster: LeftToRight) -> Transformer:
    """Build the same network as ours, in the same number format."""
    config = raster.config
    network = Transformer(config).to(raster.codes.weight.dtype)
    ours = raster.state_dict()

    weights = {f"{name}.weight": ours[f"{name}.weight"] for name in ("codes", "norm", "head")}
    for layer in range(config.num_layers):
        block = f"blocks.{layer}"
        gate, up = ours[f"{block}.mlp.gate_up.weight"].chunk(2)
        theirs = {
            "attention_norm": ours[f"{block}.attention_norm.weight"],
            "mlp_norm": ours[f"{block}.mlp_norm.weight"],
            "qkv": _pairs_from_halves(ours[f"{block}.attention.qkv.weight"], config),
            "out": ours[f"{block}.attention.out.weight"],
            "gate": gate,
            "up": up,
            "down": ours[f"{block}.mlp.down.weight"],
        }
        weights |= {f"layers.{layer}.{name}.weight": tensor for name, tensor in theirs.items()}
    network.load_state_dict(weights, strict=True, assign=True)

    # The table of rotations stays exact whatever the weights are.
    network.rotations_SP2 = _rotations(config)
    return network.eval().requires_grad_(False)


def _pairs_from_halves(qkv: Tensor, config: LeftToRightConfig) -> Tensor:
    """Reorder our rows of queries and keys: pairs are half a head apart here, neighbours there."""
    rows = 2 * config.width
    paired = qkv[:rows].unflatten(0, (2, config.num_heads, 2, -1)).transpose(2, 3).flatten(0, 3)
    return torch.cat((paired, qkv[rows:]))


# Drawing


def sample(logits_BC: Tensor, scale: float, top_k: int) -> Tensor:
    """Draw codes [B / 2]: guidance over the two halves of the batch, then the k largest."""
    conditional, unconditional = logits_BC.chunk(2)
    guided = unconditional + (conditional - unconditional) * scale
    if 0 < top_k < guided.shape[-1]:
        least = guided.topk(top_k).values[..., -1:]
        guided = guided.masked_fill(guided < least, -torch.inf)
    return torch.multinomial(guided.softmax(-1), 1)[:, 0]


class LlamaGen:
    """Draws with the transformer above, guidance as a doubled batch."""

    def __init__(self, shape: Shape, device: torch.device) -> None:
        from dall_e.runtime import computes_bf16

        in_bf16 = computes_bf16(device)
        self.name = f"LlamaGen's way, written anew, {'bf16' if in_bf16 else 'fp32'}"
        self._shape, self._device = shape, device
        self._clock = Clock(device)
        self._steps = Steps(self._clock)

        networks = random_networks(shape, torch.bfloat16 if in_bf16 else torch.float32)
        self._reader = text_reader(shape)
        self._text = networks.text.eval().requires_grad_(False).to(device)
        self._decoder = networks.tokenizer.eval().requires_grad_(False).to(device)
        self._transformer = with_weights_of(networks.generator).to(device)

    def draw(self, tokens: int) -> Times:
        """Draw the tokens of a prompt, and the pixels of as many codes as an image has."""
        codes_1N = any_codes(self._shape, self._device)
        with torch.no_grad():
            first, rest = self._steps.run(self._loop, tokens)
            pixels = self._clock.timed(lambda: self._decoder.detokenize(codes_1N).cpu())
        return Times(first=first, rest=rest, drawn=tokens, pixels=pixels)

    def _loop(self) -> None:
        from dall_e.inference.prompt_encoding import PublishedReader

        # The prompt and no prompt, as two rows.
        config, sampling = self._shape.config.generator, self._shape.config.sampling
        reader: Any = PublishedReader(self._text, self._reader)  # type: ignore[arg-type]
        pair = reader.read("", "")
        rows = pair.text.joined(pair.null)
        logits_BC = self._transformer.prefill(rows.states_BLD, rows.visible_BL)

        prefix = rows.visible_BL.shape[1]
        for number in range(config.num_tokens):
            code_1 = sample(logits_BC, sampling.guidance_scale, sampling.top_k)
            self._steps.done()
            position_1 = torch.tensor([prefix + number], device=self._device)
            with sdpa_kernel(SDPBackend.MATH):
                logits_BC = self._transformer.step(code_1.repeat(2)[:, None], position_1)
