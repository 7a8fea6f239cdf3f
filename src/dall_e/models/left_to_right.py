"""Published left-to-right transformers over image tokens: DALL-E mini and mega, LlamaGen,
minDALL-E, ruDALL-E, Janus.

One network in the parts of `nn/`; what differs between the projects is in `LeftToRightConfig`. The
prompt is a prefix of the sequence, or the states that cross-attention looks at. `forward` answers
for a whole picture at once; `prefill`, `predict` and `append` are the same, one token after the other,
with preallocated caches, as the decode loop wants them.

Shapes: B batch rows, L prefix tokens, N image tokens, T tokens of one call, S tokens seen, D width,
C logits, M layers.
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
from dall_e.nn.sparse_masks import LINES, line_of_layer, visible
from dall_e.nn.transformer import Block, CrossView, Linear, make_norm


@dataclass
class LeftToRightCache:
    """All that sampling remembers of the prompt and of the tokens so far."""

    layers: list[KVCache]
    cross: list[CrossView | None]
    bias_B11S: Tensor | None
    """What hides the padding of the prefix, for the whole sequence; None where there is none."""
    prefix: int
    """Tokens before the first image token."""
    length: int
    """Filled positions."""
    done: int
    """Image tokens absorbed."""
    state_BD: Tensor
    """Normed state of the last position: what a head makes the next token's logits of."""
    stack: Stack | None = None
    """The blocks as one call, where that can be had."""

    @property
    def num_rows(self) -> int:
        """Batch rows, with those of guidance."""
        return self.state_BD.shape[0]


class TwoLayers(nn.Module):
    """out(gelu(wide x)), with biases: Janus' way in for codes, and its head."""

    def __init__(self, width: int, inner_width: int, out_width: int) -> None:
        super().__init__()
        self.wide = Linear(width, inner_width)
        self.out = Linear(inner_width, out_width)

    def forward(self, x_BTD: Tensor) -> Tensor:
        """[..., width] to [..., out_width]."""
        y_BTD: Tensor = self.out(F.gelu(self.wide(x_BTD)))
        return y_BTD


class LeftToRight(nn.Module):
    """What is known of a prompt, and the tokens so far, to logits of the next token."""

    rotation_cos: Tensor
    rotation_sin: Tensor
    lines_MSS: Tensor

    def __init__(self, config: LeftToRightConfig) -> None:
        super().__init__()
        self.config = config
        width, style = config.width, config.style
        self.codes = nn.Embedding(config.code_rows, config.code_width or width)
        self.code_in = (
            TwoLayers(config.code_width, width, width) if config.code_width else nn.Identity()
        )
        self.places = nn.Embedding(config.num_tokens, width) if config.places == "table" else None
        self.embedding_norm = make_norm(width, style) if config.embedding_norm else nn.Identity()
        self.blocks = nn.ModuleList(
            Block(width, config.num_heads, config.mlp_width, style=style)
            for _ in range(config.num_layers)
        )
        self.norm = make_norm(width, style)
        self.head = (
            TwoLayers(width, config.head_width, config.num_logits)
            if config.head_width
            else Linear(width, config.num_logits, bias=config.head_bias)
        )
        self.head_norm = make_norm(width, style) if config.head_norm else nn.Identity()
        self._lines_by_layer = [
            LINES.index(line_of_layer(i, config.num_layers)) for i in range(config.num_layers)
        ]
        self.text_head = (
            Linear(width, config.text_logits, bias=False) if config.text_logits else None
        )
        table = _rotation_table(config)
        self.register_buffer("rotation_cos", table.cos, persistent=False)
        self.register_buffer("rotation_sin", table.sin, persistent=False)
        self.register_buffer("lines_MSS", _lines(config), persistent=False)

    # All at once

    def forward(self, prompt: PromptStates, codes_BN: Tensor) -> Tensor:
        """Logits [B, N + 1, num_logits]: entry i is of token i given the prompt and `codes_BN[:,
        :i]`."""
        first = 0 if self.config.style.cross_attention else prompt.states_BLD.shape[1] - 1
        return self._logits(self.states(prompt, codes_BN)[:, first:])

    def states(self, prompt: PromptStates, codes_BN: Tensor) -> Tensor:
        """Normed states [B, S, D] of all that is read: the prefix, or the start mark, then the
        codes."""
        x_BSD = torch.cat(
            (self._first(prompt), self._embed(codes_BN, slice(0, codes_BN.shape[1]))), dim=1
        )
        length = x_BSD.shape[1]
        prefix = length - codes_BN.shape[1]
        visible_BS = F.pad(self._prefix_visible(prompt), (0, codes_BN.shape[1]), value=True)
        bias = visibility_bias(_causal(visible_BS), x_BSD.dtype)
        rotation = self._rotation(slice(0, length), prefix)
        memories = [NoMemory()] * len(self.blocks)
        hidden = self._hidden_by_layer(slice(0, length), length, bias)
        normed_BSD: Tensor = self.norm(
            self._through(x_BSD, rotation, memories, hidden, self._cross(prompt))
        )
        return normed_BSD

    # One after the other

    def prefill(self, prompt: PromptStates, room: int | None = None) -> LeftToRightCache:
        """Caches for B rows, with the prompt read. `room` is for how many tokens after it; a
        picture's by default."""
        config = self.config
        x_BTD = self._first(prompt)
        rows, prefix = x_BTD.shape[:2]
        visible_BL = self._prefix_visible(prompt)
        # The last token of a picture is never read, so it needs no room.
        room = config.num_tokens - 1 if room is None else room
        capacity = prefix + room
        head_width = config.width // config.num_heads
        layers = [KVCache(rows, config.num_heads, capacity, head_width, x_BTD) for _ in self.blocks]
        bias_B11S = None
        if not bool(visible_BL.all()):
            visible_BS = F.pad(visible_BL, (0, room), value=True)
            bias_B11S = visibility_bias(visible_BS[:, None, None], x_BTD.dtype)
        nothing_BD = x_BTD.new_empty(rows, 0)
        cache = LeftToRightCache(
            layers, self._cross(prompt), bias_B11S, prefix, 0, 0, nothing_BD, stack_of(self.blocks)
        )
        bias = visibility_bias(_causal(visible_BL), x_BTD.dtype) if prefix > 1 else None
        self._advance(cache, x_BTD, bias)
        return cache

    def row_bytes(self) -> int:
        """Memory of one row of the caches that `prefill` makes for the longest prompt."""
        config = self.config
        numbers = 2 * config.num_layers * config.width * (config.prefix_tokens + config.num_tokens)
        return numbers * cache_dtype(self.codes.weight).itemsize

    def predict(self, cache: LeftToRightCache, positions_B1: Tensor) -> Tensor:
        """Logits [B, 1, num_codes] of the next token, whose position all rows must ask for."""
        assert positions_B1.shape[1] == 1, "a left-to-right model reveals one token at a time"
        return self._logits(cache.state_BD)[:, None, : self.config.num_codes].float()

    def append(self, cache: LeftToRightCache, codes_B1: Tensor, positions_B1: Tensor) -> None:
        """Reads a drawn token. The last one of a picture is not read: nothing comes after it."""
        assert positions_B1.shape == codes_B1.shape and codes_B1.shape[1] == 1
        cache.done += 1
        if cache.done == self.config.num_tokens:
            return
        self.read(cache, self._embed(codes_B1, slice(cache.done - 1, cache.done)))

    def read(self, cache: LeftToRightCache, x_B1D: Tensor) -> None:
        """Reads one more token, embedded: a code, or a word of an answer
        (`models/vision_encoder.py`)."""
        bias_B11S = None if cache.bias_B11S is None else cache.bias_B11S[..., : cache.length + 1]
        self._advance(cache, x_B1D, bias_B11S)

    def append_at(
        self, cache: LeftToRightCache, codes_B1: Tensor, done_1: Tensor, seen: int
    ) -> Tensor:
        """Reads image token number `done_1`, int64 [1], and returns the logits [B, 1, num_codes] of
        the next one.

        The same as `append` and `predict`, with all that changes from token to token in tensors, so
        that a CUDA graph can repeat it. Attention goes over the first `seen` positions of the cache,
        which must hold this token's.
        """
        x_B1D = self._embed(codes_B1, done_1)
        position_1 = done_1 + cache.prefix
        visible_S = torch.arange(seen, device=done_1.device) <= position_1
        bias = visibility_bias(visible_S, x_B1D.dtype)[None, None, None]
        if cache.bias_B11S is not None:
            bias = bias + cache.bias_B11S[..., :seen]
        memories = [layer.somewhere(position_1, seen) for layer in cache.layers]
        hidden = self._hidden_by_layer(position_1, seen, bias)
        x_B1D = self._through(
            x_B1D, self._rotation(position_1, cache.prefix), memories, hidden, cache.cross
        )
        return self._logits(self.norm(x_B1D))[..., : self.config.num_codes].float()

    # Shared by both

    def _advance(self, cache: LeftToRightCache, x_BTD: Tensor, bias: Tensor | None) -> None:
        """Runs new tokens behind those in the cache and leaves the last one's state."""
        end = cache.length + x_BTD.shape[1]
        rotation = self._rotation(slice(cache.length, end), cache.prefix)
        memories = [layer.at(cache.length) for layer in cache.layers]
        if cache.stack and x_BTD.shape[1] == 1 and cache.stack.pays(x_BTD):
            bias_BS = None if cache.bias_B11S is None else cache.bias_B11S[:, 0, 0]
            bias_MS = None
            if len(self.lines_MSS):
                capacity = cache.layers[0].k_BHSK.shape[2]
                bias_MS = self.lines_MSS[self._lines_by_layer, cache.length, :capacity]
            x_BTD = cache.stack(
                x_BTD,
                rotation=rotation,
                memories=memories,
                bias_BS=bias_BS,
                bias_LS=bias_MS,
                cross=cache.cross,
            )
        else:
            hidden = self._hidden_by_layer(slice(cache.length, end), end, bias)
            x_BTD = self._through(x_BTD, rotation, memories, hidden, cache.cross)
        cache.state_BD = self.norm(x_BTD[:, -1])
        cache.length = end

    def _through(
        self,
        x_BTD: Tensor,
        rotation: Rotation | None,
        memories: Sequence[Memory],
        hidden: Sequence[Tensor | None],
        cross: list[CrossView | None],
    ) -> Tensor:
        """Tokens through all blocks, each with its own memory, view of the text, and bias of what
        it does not see."""
        for block, memory, bias, view in zip(self.blocks, memories, hidden, cross, strict=True):
            x_BTD = block(x_BTD, rotation=rotation, memory=memory, bias_TS=bias, cross=view)
        return x_BTD

    def _hidden_by_layer(
        self, places: slice | Tensor, seen: int, bias: Tensor | None
    ) -> list[Tensor | None]:
        """For each layer what is added to the scores of tokens at some positions, which see at most
        the first `seen`."""
        if not len(self.lines_MSS):
            return [bias] * len(self.blocks)
        hidden_MTS = self.lines_MSS[:, places, :seen].to(self.codes.weight.dtype)
        by_line = [hidden_TS if bias is None else hidden_TS + bias for hidden_TS in hidden_MTS]
        return [by_line[line] for line in self._lines_by_layer]

    def _logits(self, state: Tensor) -> Tensor:
        """Normed states [..., D] to logits [..., num_logits]."""
        logits: Tensor = self.head(self.head_norm(state))
        return logits

    def _first(self, prompt: PromptStates) -> Tensor:
        """What is read before the first image token."""
        if self.config.start_code < 0:
            prefix_BLD: Tensor = self.embedding_norm(prompt.states_BLD)
            return prefix_BLD
        rows = prompt.states_BLD.shape[0]
        start_B1 = torch.full((rows, 1), self.config.start_code, device=prompt.states_BLD.device)
        # The start mark stands at position 0, and token i is read at position i + 1.
        return self._embed(start_B1, slice(0, 1), shift=0)

    def _embed(self, codes_BT: Tensor, numbers: slice | Tensor, shift: int | None = None) -> Tensor:
        """Embeddings of the codes of the image tokens of these numbers, int64 [T] if a tensor."""
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

    def _rotation(self, places: slice | Tensor, prefix: int) -> Rotation | None:
        """Of some positions of the sequence, int64 [T] if a tensor, the first `prefix` of all being
        the prompt's."""
        if self.config.places == "table":
            return None
        # The table of a grid model starts with the longest prefix; a shorter one ends where that
        # ends.
        skipped = self.config.prefix_tokens - prefix if self.config.places == "grid" else 0
        return Rotation(self.rotation_cos[skipped:][places], self.rotation_sin[skipped:][places])


def _causal(visible_BS: Tensor) -> Tensor:
    """Who may look at whom, [B, 1, S, S]: the visible ones before it, and each token at itself,
    hidden or not."""
    length = visible_BS.shape[1]
    square_SS = torch.ones(length, length, dtype=torch.bool, device=visible_BS.device)
    seen_BSS = square_SS.tril() & visible_BS[:, None] | square_SS.tril().triu()
    return seen_BSS[:, None]


def _lines(config: LeftToRightConfig) -> Tensor:
    """What lines and squares hide of the whole sequence, for each of LINES; none where all is
    seen."""
    if config.attention_mask == "all":
        return torch.zeros(0, 0, 0)
    length, prompt = (
        config.prefix_tokens + config.num_tokens,
        config.prefix_tokens - config.prompt_marks,
    )
    wrapped = config.attention_mask == "wrapped_lines"
    seen_MSS = torch.stack(
        [visible(lines, prompt, config.grid_size, length, wrapped=wrapped) for lines in LINES]
    )
    return visibility_bias(seen_MSS, torch.float32)


def _rotation_table(config: LeftToRightConfig) -> Rotation:
    """For all positions of the sequence; empty for learned positions."""
    head_width = config.width // config.num_heads
    length = config.prefix_tokens + config.num_tokens
    if config.places == "line":
        return line_rotation(length, head_width, config.rope_base)
    if config.places == "table":
        return Rotation(torch.zeros(0), torch.zeros(0))
    grid = axial_rotation(
        torch.arange(config.grid_size, dtype=torch.float64), head_width, config.rope_base
    )
    # LlamaGen's prefix has cosine and sine 0: its queries and keys vanish, and it is attended to
    # evenly.
    nothing = torch.zeros(config.prefix_tokens, head_width // 2)
    return Rotation(torch.cat((nothing, grid.cos)), torch.cat((nothing, grid.sin)))
