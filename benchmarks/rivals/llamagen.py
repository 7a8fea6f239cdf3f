"""LlamaGen's way of drawing, written anew: its project publishes scripts, no package, so there is
nothing to install.

After the description in arXiv 2406.06525 and of FoundationVision/LlamaGen: a pre-norm decoder with
rotary places in two dimensions (pairs are neighbours), caches of full length made beforehand and
masked, condition and guidance rows in one batch, keys attended to with the plain kernel as it
forces there, logits in float32, and of them the k largest kept. Nothing is compiled. Pixels are
drawn with our own decoder in float32, for both sides the same network.

Shapes: B batch rows, T tokens of a call, S length of the cache, D width, H heads, K head width, C
codes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from benchmarks.clock import Clock, Steps, Times
from benchmarks.shapes import Shape, random_networks, text_reader
from dall_e.config.published import LeftToRightConfig

if TYPE_CHECKING:
    from dall_e.models.left_to_right import LeftToRight


class _Norm(nn.Module):
    def __init__(self, width: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, x_BTD: Tensor) -> Tensor:
        x = x_BTD.float()
        return (x * torch.rsqrt(x.square().mean(-1, keepdim=True) + self.eps)).type_as(
            x_BTD
        ) * self.weight


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
        self, x_BTD: Tensor, turn_TK2: Tensor, positions_T: Tensor, mask_B1TS: Tensor
    ) -> Tensor:
        q, k, v = self.qkv(self.attention_norm(x_BTD)).chunk(3, dim=-1)
        q_BTHK, k_BTHK, v_BTHK = (part.unflatten(-1, (self.num_heads, -1)) for part in (q, k, v))
        q_BTHK, k_BTHK = _turned(q_BTHK, turn_TK2), _turned(k_BTHK, turn_TK2)
        self.k_BHSK[:, :, positions_T] = k_BTHK.transpose(1, 2)
        self.v_BHSK[:, :, positions_T] = v_BTHK.transpose(1, 2)
        mixed_BHTK = F.scaled_dot_product_attention(
            q_BTHK.transpose(1, 2), self.k_BHSK, self.v_BHSK, attn_mask=mask_B1TS
        )
        x_BTD = x_BTD + self.out(mixed_BHTK.transpose(1, 2).flatten(2))
        y_BTD = self.mlp_norm(x_BTD)
        added_BTD: Tensor = x_BTD + self.down(F.silu(self.gate(y_BTD)) * self.up(y_BTD))
        return added_BTD


def _turned(x_BTHK: Tensor, turn_TK2: Tensor) -> Tensor:
    pairs = x_BTHK.float().unflatten(-1, (-1, 2))
    cos, sin = turn_TK2[None, :, None, :, 0], turn_TK2[None, :, None, :, 1]
    first, second = pairs[..., 0], pairs[..., 1]
    return (
        torch.stack((first * cos - second * sin, second * cos + first * sin), -1)
        .flatten(3)
        .type_as(x_BTHK)
    )


class Transformer(nn.Module):
    """States of the prompt, then codes one after the other, to logits."""

    turns_SK2: Tensor

    def __init__(self, config: LeftToRightConfig) -> None:
        super().__init__()
        self.config = config
        self.codes = nn.Embedding(config.code_rows, config.width)
        self.layers = nn.ModuleList(_Layer(config) for _ in range(config.num_layers))
        self.norm = _Norm(config.width, config.style.norm_eps)
        self.head = nn.Linear(config.width, config.num_logits, bias=False)
        self.mask_BSS = torch.empty(0)
        self.register_buffer("turns_SK2", _turns(config), persistent=False)

    def start(self, states_BLD: Tensor, visible_BL: Tensor) -> Tensor:
        """Logits [B, C] of the first token; caches for the whole picture."""
        rows, prefix = visible_BL.shape
        length = -(-(prefix + self.config.num_tokens) // 8) * 8
        for layer in self.layers:
            assert isinstance(layer, _Layer)
            layer.allocate(rows, length)
        mask_SS = torch.ones(length, length, dtype=torch.bool, device=states_BLD.device).tril()
        self.mask_BSS = mask_SS.repeat(rows, 1, 1)
        self.mask_BSS[:, :, :prefix] &= visible_BL[:, None]
        self.mask_BSS |= torch.eye(length, dtype=torch.bool, device=states_BLD.device)
        return self._logits(states_BLD, torch.arange(prefix, device=states_BLD.device))

    def step(self, codes_B1: Tensor, position_1: Tensor) -> Tensor:
        """Logits [B, C] of the token behind the one that is read at this place of the sequence."""
        return self._logits(self.codes(codes_B1), position_1)

    def _logits(self, x_BTD: Tensor, positions_T: Tensor) -> Tensor:
        turn_TK2, mask_B1TS = self.turns_SK2[positions_T], self.mask_BSS[:, None, positions_T]
        for layer in self.layers:
            x_BTD = layer(x_BTD, turn_TK2, positions_T, mask_B1TS)
        logits_BTC: Tensor = self.head(self.norm(x_BTD)).float()
        return logits_BTC[:, -1]


def _turns(config: LeftToRightConfig) -> Tensor:
    """Cosines and sines [S, K / 2, 2]: 0 for the prompt, then half of the pairs by row, half by
    column."""
    half = config.width // config.num_heads // 2
    frequencies = config.rope_base ** (-torch.arange(0, half, 2).float() / half)
    angles = torch.outer(torch.arange(config.grid_size).float(), frequencies)
    side = config.grid_size
    grid = torch.cat(
        (angles[:, None].expand(-1, side, -1), angles[None].expand(side, -1, -1)), -1
    ).flatten(0, 1)
    turns = torch.stack((grid.cos(), grid.sin()), -1)
    return torch.cat((torch.zeros(config.prefix_tokens, half, 2), turns))


def with_weights_of(raster: LeftToRight) -> Transformer:
    """The same network as ours, in the same number format."""
    config = raster.config
    network = Transformer(config).to(raster.codes.weight.dtype)
    ours = raster.state_dict()
    weights = {f"{name}.weight": ours[f"{name}.weight"] for name in ("codes", "norm", "head")}
    for layer in range(config.num_layers):
        block = f"blocks.{layer}"
        held = {
            "attention_norm": ours[f"{block}.attention_norm.weight"],
            "mlp_norm": ours[f"{block}.mlp_norm.weight"],
            "qkv": _pairs_from_halves(ours[f"{block}.attention.qkv.weight"], config),
            "out": ours[f"{block}.attention.out.weight"],
            "down": ours[f"{block}.mlp.down.weight"],
        }
        held["gate"], held["up"] = ours[f"{block}.mlp.gate_up.weight"].chunk(2)
        weights |= {f"layers.{layer}.{name}.weight": tensor for name, tensor in held.items()}
    network.load_state_dict(weights, strict=True, assign=True)
    # The table stays exact whatever the weights are.
    network.turns_SK2 = _turns(config)
    return network.eval().requires_grad_(False)


def _pairs_from_halves(qkv: Tensor, config: LeftToRightConfig) -> Tensor:
    """Our rows of queries and keys, halves of a head apart, as neighbours."""
    rows = 2 * config.width
    paired = qkv[:rows].unflatten(0, (2, config.num_heads, 2, -1)).transpose(2, 3).flatten(0, 3)
    return torch.cat((paired, qkv[rows:]))


def choose(logits_BC: Tensor, scale: float, top_k: int) -> Tensor:
    """Codes [B / 2]: guidance over the two halves of the batch, the k largest kept, one drawn."""
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

        dtype = torch.bfloat16 if computes_bf16(device) else torch.float32
        self.name = f"LlamaGen's way, written anew, {'bf16' if dtype == torch.bfloat16 else 'fp32'}"
        self._shape, self._device = shape, device
        self._clock = Clock(device)
        self._steps = Steps(self._clock)
        networks = random_networks(shape, dtype)
        self._reader, self._text = (
            text_reader(shape),
            networks.text.eval().requires_grad_(False).to(device),
        )
        self._decoder = networks.tokenizer.eval().requires_grad_(False).to(device)
        self._transformer = with_weights_of(networks.generator).to(device)

    def draw(self, tokens: int) -> Times:
        """Prompt, tokens, and the pixels of as many codes as a picture has."""
        config = self._shape.config.generator
        codes_1N = (
            torch.arange(config.num_tokens, device=self._device)[None] * 31 % config.num_codes
        )
        with torch.no_grad():
            first, rest = self._steps.run(self._loop, tokens)
            pixels = self._clock.timed(lambda: self._decoder.detokenize(codes_1N).cpu())
        return Times(first=first, rest=rest, drawn=tokens, pixels=pixels)

    def _loop(self) -> None:
        from dall_e.inference.prompt_encoding import make_reader

        config, sampling = self._shape.config.generator, self._shape.config.sampling
        reader: Any = make_reader(self._text, self._reader)  # type: ignore[arg-type]
        pair = reader.read("", "")
        rows = pair.text.joined(pair.null)
        logits_BC = self._transformer.start(rows.states_BLD, rows.visible_BL)
        prefix = rows.visible_BL.shape[1]
        for number in range(config.num_tokens):
            code_1 = choose(logits_BC, sampling.guidance_scale, sampling.top_k)
            self._steps.done()
            position_1 = torch.tensor([prefix + number], device=self._device)
            with sdpa_kernel(SDPBackend.MATH):
                logits_BC = self._transformer.step(code_1.repeat(2)[:, None], position_1)
