"""Left-to-right transformers over image tokens, as published projects trained them.

DALL-E mini and mega, LlamaGen, minDALL-E, ruDALL-E and Janus are one network in the parts of `nn/`;
what differs between them is in `LeftToRightConfig`. The prompt is a prefix of the sequence, or the
states that cross-attention looks at. `forward` predicts a whole image at once; `prefill`, `predict`
and `append` do the same, one token after the other, with preallocated caches.

Shapes: B batch rows, L prefix tokens, N image tokens, T tokens of one call, S tokens seen, D width,
C logits, M layers, P patterns of lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dall_e.config.published import LeftToRightConfig
from dall_e.models.prompt_networks import PromptStates
from dall_e.nn.attention import (
    KVCache,
    Memory,
    NoMemory,
    Rotation,
    axial_rotation,
    cache_dtype,
    line_rotation,
    visibility_bias,
)
from dall_e.nn.cpu.stack import Stack, stack_of
from dall_e.nn.norms import make_norm
from dall_e.nn.sparse_masks import LINES, line_of_layer, visible
from dall_e.nn.transformer import Block, CrossView, Linear


@dataclass
class LeftToRightCache:
    """What sampling remembers of the prompt and of the tokens so far."""

    layers: list[KVCache]
    cross: list[CrossView | None]
    bias_B11S: Tensor | None
    """What hides the padding of the prefix, for the whole sequence; None where there is none."""
    prefix: int
    """Tokens before the first image token."""
    length: int
    """Filled positions."""
    num_known: int
    """Image tokens appended."""
    state_BD: Tensor
    """Normed state of the last position: what a head makes the next token's logits of."""
    stack: Stack | None = None
    """The blocks as one call, where that can be had."""

    @property
    def num_rows(self) -> int:
        """Batch rows, with those of guidance."""
        return self.state_BD.shape[0]


class TwoLayers(nn.Module):
    """out(gelu(wide x)) with biases: Janus' embedding of codes, and its head."""

    def __init__(self, width: int, inner_width: int, out_width: int) -> None:
        super().__init__()
        self.wide = Linear(width, inner_width)
        self.out = Linear(inner_width, out_width)

    def forward(self, x_BTD: Tensor) -> Tensor:
        """[..., width] to [..., out_width]."""
        y_BTD: Tensor = self.out(F.gelu(self.wide(x_BTD)))
        return y_BTD


class LeftToRight(nn.Module):
    """Predicts logits of the next token from a prompt and the tokens so far."""

    rotation_cos: Tensor
    rotation_sin: Tensor
    lines_PSS: Tensor

    def __init__(self, config: LeftToRightConfig) -> None:
        super().__init__()
        self.config = config
        width, style = config.width, config.style

        # Embeddings of codes and positions.
        self.codes = nn.Embedding(config.code_rows, config.code_width or width)
        self.code_in = (
            TwoLayers(config.code_width, width, width) if config.code_width else nn.Identity()
        )
        self.places = nn.Embedding(config.num_tokens, width) if config.places == "table" else None
        self.embedding_norm = make_norm(width, style) if config.embedding_norm else nn.Identity()

        # Blocks.
        self.blocks = nn.ModuleList(
            Block(width, config.num_heads, config.mlp_width, style=style)
            for _ in range(config.num_layers)
        )
        self.norm = make_norm(width, style)

        # Heads over codes and over words.
        self.head = (
            TwoLayers(width, config.head_width, config.num_logits)
            if config.head_width
            else Linear(width, config.num_logits, bias=config.head_bias)
        )
        self.head_norm = make_norm(width, style) if config.head_norm else nn.Identity()
        self.text_head = (
            Linear(width, config.text_logits, bias=False) if config.text_logits else None
        )

        # Tables of what each position looks like, and what it sees.
        layers = range(config.num_layers)
        self._lines_by_layer = [LINES.index(line_of_layer(i, config.num_layers)) for i in layers]
        table = _rotation_table(config)
        self.register_buffer("rotation_cos", table.cos, persistent=False)
        self.register_buffer("rotation_sin", table.sin, persistent=False)
        self.register_buffer("lines_PSS", _lines(config), persistent=False)

    # All at once

    def forward(self, prompt: PromptStates, codes_BN: Tensor) -> Tensor:
        """Logits [B, N + 1, num_logits]; entry i is of token i given the prompt and i codes."""
        first = 0 if self.config.style.cross_attention else prompt.states_BLD.shape[1] - 1
        return self._logits(self.states(prompt, codes_BN)[:, first:])

    def states(self, prompt: PromptStates, codes_BN: Tensor) -> Tensor:
        """Normed states [B, S, D] of all that is read: the prefix or the start code, then codes."""
        num_codes = codes_BN.shape[1]
        prefix_BLD = self._prefix(prompt)
        x_BSD = torch.cat((prefix_BLD, self._embed(codes_BN, slice(0, num_codes))), dim=1)
        length = x_BSD.shape[1]

        visible_BS = F.pad(self._prefix_visible(prompt), (0, num_codes), value=True)
        causal_bias = visibility_bias(_causal(visible_BS), x_BSD.dtype)
        biases = self._biases(slice(0, length), length, causal_bias)

        rotation = self._rotation(slice(0, length), prefix_BLD.shape[1])
        memories = [NoMemory()] * len(self.blocks)
        x_BSD = self._run_blocks(x_BSD, rotation, memories, biases, self._cross(prompt))
        states_BSD: Tensor = self.norm(x_BSD)
        return states_BSD

    # One after the other

    def prefill(self, prompt: PromptStates, room: int | None = None) -> LeftToRightCache:
        """A cache for B rows that has read the prompt.

        `room` is for how many tokens after it; those of an image by default.
        """
        config = self.config
        x_BTD = self._prefix(prompt)
        num_rows, prefix = x_BTD.shape[:2]
        # The last token of an image is never read, so it needs no room.
        room = config.num_tokens - 1 if room is None else room
        head_width = config.width // config.num_heads

        # What hides the padding of prompts.
        visible_BL = self._prefix_visible(prompt)
        bias_B11S = None
        if not bool(visible_BL.all()):
            visible_BS = F.pad(visible_BL, (0, room), value=True)
            bias_B11S = visibility_bias(visible_BS[:, None, None], x_BTD.dtype)

        cache = LeftToRightCache(
            layers=[
                KVCache(num_rows, config.num_heads, prefix + room, head_width, x_BTD)
                for _ in self.blocks
            ],
            cross=self._cross(prompt),
            bias_B11S=bias_B11S,
            prefix=prefix,
            length=0,
            num_known=0,
            state_BD=x_BTD.new_empty(num_rows, 0),
            stack=stack_of(self.blocks),
        )
        bias = visibility_bias(_causal(visible_BL), x_BTD.dtype) if prefix > 1 else None
        self._advance(cache, x_BTD, bias)
        return cache

    def row_bytes(self) -> int:
        """Memory in bytes of one row of the caches that `prefill` makes for the longest prompt."""
        config = self.config
        capacity = config.prefix_tokens + config.num_tokens
        numbers = 2 * config.num_layers * config.width * capacity
        return numbers * cache_dtype(self.codes.weight).itemsize

    def predict(self, cache: LeftToRightCache, positions_B1: Tensor) -> Tensor:
        """Logits [B, 1, num_codes] of the next token, whose position must be the one given."""
        assert positions_B1.shape[1] == 1, "a left-to-right model reveals one token at a time"
        return self._logits(cache.state_BD)[:, None, : self.config.num_codes].float()

    def append(self, cache: LeftToRightCache, codes_BM: Tensor, positions_BM: Tensor) -> None:
        """Make the next tokens known, one after the other, as if they had been drawn.

        The last one of an image is not read: nothing comes after.
        """
        assert positions_BM.shape == codes_BM.shape
        for code_B1 in codes_BM.split(1, dim=1):
            number = cache.num_known
            cache.num_known += 1
            if cache.num_known < self.config.num_tokens:
                self.read(cache, self._embed(code_B1, slice(number, number + 1)))

    def read(self, cache: LeftToRightCache, x_B1D: Tensor) -> None:
        """Read one more embedded token: a code, or a word (`models/vision_encoder.py`)."""
        bias_B11S = None if cache.bias_B11S is None else cache.bias_B11S[..., : cache.length + 1]
        self._advance(cache, x_B1D, bias_B11S)

    def append_at(
        self, cache: LeftToRightCache, codes_B1: Tensor, number_1: Tensor, seen: int
    ) -> Tensor:
        """Append image token `number_1`, int64 [1]; return logits [B, 1, num_codes] of the next.

        The same as `append` and `predict`, with all that changes from token to token in tensors, so
        that a CUDA graph can repeat it. Attention goes over the first `seen` positions of the
        cache, which must hold this token's.
        """
        x_B1D = self._embed(codes_B1, number_1)
        position_1 = number_1 + cache.prefix

        # The cache is seen whole, so what is not filled has to be hidden.
        visible_S = torch.arange(seen, dtype=torch.int64, device=number_1.device) <= position_1
        bias = visibility_bias(visible_S, x_B1D.dtype)[None, None, None]
        if cache.bias_B11S is not None:
            bias = bias + cache.bias_B11S[..., :seen]
        biases = self._biases(position_1, seen, bias)

        memories = [layer.at_tensor(position_1, seen) for layer in cache.layers]
        rotation = self._rotation(position_1, cache.prefix)
        x_B1D = self._run_blocks(x_B1D, rotation, memories, biases, cache.cross)
        return self._logits(self.norm(x_B1D))[..., : self.config.num_codes].float()

    # Parts of both

    def _advance(self, cache: LeftToRightCache, x_BTD: Tensor, bias: Tensor | None) -> None:
        """Run new tokens behind those in the cache and leave the last one's state."""
        end = cache.length + x_BTD.shape[1]
        rotation = self._rotation(slice(cache.length, end), cache.prefix)
        memories = [layer.at(cache.length) for layer in cache.layers]
        if cache.stack and x_BTD.shape[1] == 1 and cache.stack.pays(x_BTD):
            bias_MS = None
            if len(self.lines_PSS):
                capacity = cache.layers[0].k_BHSK.shape[2]
                bias_MS = self.lines_PSS[self._lines_by_layer, cache.length, :capacity]
            x_BTD = cache.stack(
                x_BTD,
                rotation=rotation,
                memories=memories,
                bias_BS=None if cache.bias_B11S is None else cache.bias_B11S[:, 0, 0],
                bias_LS=bias_MS,
                cross=cache.cross,
            )
        else:
            biases = self._biases(slice(cache.length, end), end, bias)
            x_BTD = self._run_blocks(x_BTD, rotation, memories, biases, cache.cross)
        cache.state_BD = self.norm(x_BTD[:, -1])
        cache.length = end

    def _run_blocks(
        self,
        x_BTD: Tensor,
        rotation: Rotation | None,
        memories: Sequence[Memory],
        biases: Sequence[Tensor | None],
        cross: list[CrossView | None],
    ) -> Tensor:
        """All blocks in torch's operations, each with its own memory, bias and view of the text."""
        for block, memory, bias, view in zip(self.blocks, memories, biases, cross, strict=True):
            x_BTD = block(x_BTD, rotation=rotation, memory=memory, bias_TS=bias, cross=view)
        return x_BTD

    def _biases(
        self, positions: slice | Tensor, seen: int, bias: Tensor | None
    ) -> list[Tensor | None]:
        """For each layer what is added to the scores of tokens at some positions.

        They see at most the first `seen` positions; `bias` is common to all layers.
        """
        if not len(self.lines_PSS):
            return [bias] * len(self.blocks)
        lines_PTS = self.lines_PSS[:, positions, :seen].to(self.codes.weight.dtype)
        by_line = [lines_TS if bias is None else lines_TS + bias for lines_TS in lines_PTS]
        return [by_line[line] for line in self._lines_by_layer]

    def _logits(self, state: Tensor) -> Tensor:
        """Normed states [..., D] to logits [..., num_logits]."""
        logits: Tensor = self.head(self.head_norm(state))
        return logits

    def _prefix(self, prompt: PromptStates) -> Tensor:
        """What is read before the first image token, [B, L, D]."""
        if self.config.start_code < 0:
            prefix_BLD: Tensor = self.embedding_norm(prompt.states_BLD)
            return prefix_BLD
        rows = prompt.states_BLD.shape[0]
        start_B1 = torch.full(
            (rows, 1), self.config.start_code, dtype=torch.int64, device=prompt.states_BLD.device
        )
        # The start code stands at position 0, and token i is read at position i + 1.
        return self._embed(start_B1, slice(0, 1), shift=0)

    def _embed(self, codes_BT: Tensor, numbers: slice | Tensor, shift: int | None = None) -> Tensor:
        """Embeddings of the image tokens of these numbers; a tensor is int64 [T]."""
        x_BTD = self.code_in(self.codes(codes_BT))
        if self.places is not None:
            if shift is None:
                shift = 0 if self.config.start_code < 0 else 1
            x_BTD = x_BTD + self.places.weight[shift:][numbers]
        embedded_BTD: Tensor = self.embedding_norm(x_BTD)
        return embedded_BTD

    def _prefix_visible(self, prompt: PromptStates) -> Tensor:
        if self.config.style.cross_attention:
            return prompt.visible_BL.new_ones(prompt.visible_BL.shape[0], 1)
        return prompt.visible_BL

    def _cross(self, prompt: PromptStates) -> list[CrossView | None]:
        views: list[CrossView | None] = []
        bias_B11L = visibility_bias(prompt.visible_BL[:, None, None], prompt.states_BLD.dtype)
        for block in self.blocks:
            assert isinstance(block, Block)
            views.append(
                CrossView(block.cross.remember(prompt.states_BLD), bias_B11L)
                if block.cross
                else None
            )
        return views

    def _rotation(self, positions: slice | Tensor, prefix: int) -> Rotation | None:
        """Of some positions of the sequence, whose first `prefix` are the prompt's.

        A tensor is int64 [T].
        """
        if self.config.places == "table":
            return None
        # The table of a grid model starts with the longest prefix; a shorter one ends where that
        # ends.
        skipped = self.config.prefix_tokens - prefix if self.config.places == "grid" else 0
        return Rotation(self.rotation_cos[skipped:], self.rotation_sin[skipped:]).at(positions)


def _causal(visible_BS: Tensor) -> Tensor:
    """Which token may see which, [B, 1, S, S]: visible ones before it, and itself in any case."""
    length, device = visible_BS.shape[1], visible_BS.device
    before_SS = torch.ones(length, length, dtype=torch.bool, device=device).tril()
    itself_SS = torch.eye(length, dtype=torch.bool, device=device)
    return (before_SS & visible_BS[:, None] | itself_SS)[:, None]


def _lines(config: LeftToRightConfig) -> Tensor:
    """What each of LINES hides of the whole sequence; empty where all is seen."""
    if config.attention_mask == "all":
        return torch.zeros(0, 0, 0, dtype=torch.float32)
    length = config.prefix_tokens + config.num_tokens
    prompt = config.prefix_tokens - config.prompt_marks
    wrapped = config.attention_mask == "wrapped_lines"
    masks = [visible(lines, prompt, config.grid_size, length, wrapped=wrapped) for lines in LINES]
    return visibility_bias(torch.stack(masks), torch.float32)


def _rotation_table(config: LeftToRightConfig) -> Rotation:
    """Of all positions of the sequence; empty where positions are learned."""
    head_width = config.width // config.num_heads
    length = config.prefix_tokens + config.num_tokens
    if config.places == "line":
        return line_rotation(length, head_width, config.rope_base)
    if config.places == "table":
        nothing = torch.zeros(0, dtype=torch.float32)
        return Rotation(nothing, nothing.clone())
    axis = torch.arange(config.grid_size, dtype=torch.float64)
    grid = axial_rotation(axis, head_width, config.rope_base)
    # LlamaGen's prefix has cosine and sine 0: its queries and keys vanish, and it is attended to
    # evenly.
    nothing = torch.zeros(config.prefix_tokens, head_width // 2, dtype=torch.float32)
    return Rotation(torch.cat((nothing, grid.cos)), torch.cat((nothing, grid.sin)))
