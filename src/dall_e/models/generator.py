"""The native generator: a two-pass, any-order transformer over the grid of image tokens.

Pass 1 (content) reads the text and the tokens that are known; a token sees its own group and
earlier ones. Its output is projected once to keys and values, which every layer of pass 2 shares.
Pass 2 (queries) holds one query for each position to predict; a query sees the text, the content of
earlier groups, and the other queries of its own group. The loss over all queries is therefore the
exact likelihood of the sampler that reveals group after group:

    p(T | text) = prod_i prod_{j in G_i} p(t_j | T_{G_<i}, text)

Two passes with shared keys and values: ARPG (Li et al. 2025, arXiv 2503.10568). Block masks over
random groups: LPD (Zhang et al. 2025, arXiv 2507.01957). `forward` is for training; `prefill`,
`predict` and `append` are for sampling, with explicit caches. A test holds their logits together.

Shapes: B batch rows, L text tokens, N all image tokens, M tokens of one call, S tokens that may be
seen, D width, H heads, K head width, C codes. Tensors over N in `forward` are in the order of
revelation ("rank"), not in raster order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from dall_e.config import GeneratorConfig
from dall_e.models.text_encoder import TextStates
from dall_e.nn.attention import (
    FixedMemory,
    KVCache,
    Memory,
    NoMemory,
    Rotation,
    cache_dtype,
    grid_rotation,
    rotate,
    visibility_bias,
)
from dall_e.nn.cpu.stack import Mask, Stack, stack_of
from dall_e.nn.norms import RMSNorm
from dall_e.nn.transformer import Block, Linear, initialise_transformer, split_heads


class GeneratorOutput(NamedTuple):
    """Logits of a training pass, both [B, N, C] in order of revelation."""

    logits_BNC: Tensor
    """Of each token given the text and the groups before its own."""
    correction_BNC: Tensor
    """Of the true token where the context may hold a wrong one; sees groups up to its own."""


@dataclass
class GeneratorCache:
    """What sampling remembers of the text and of the tokens appended so far."""

    condition_BD: Tensor
    """What the pooled text adds to every token."""
    content: list[KVCache]
    """Keys and values of each layer of pass 1."""
    shared: KVCache
    """Those that all layers of pass 2 share."""
    length: int
    """Filled positions: text tokens, then appended image tokens."""
    content_stack: Stack | None
    """The blocks of pass 1 as one call, where that can be had."""
    query_stack: Stack | None
    """The blocks of pass 2 as one call, where that can be had."""


def block_masks(groups_N: Tensor, text_tokens: int) -> tuple[Tensor, Tensor]:
    """Which token may see which, given the group number (from 1) of each rank.

    Returns the mask of pass 1, [L + N, L + N], and that of pass 2, [N, (L + N) + N]; True is
    visible.
    """
    content_S = torch.cat((groups_N.new_zeros(text_tokens), groups_N))
    content_SS = content_S[:, None] >= content_S[None, :]
    earlier_NS = groups_N[:, None] > content_S[None, :]
    siblings_NN = groups_N[:, None] == groups_N[None, :]
    return content_SS, torch.cat((earlier_NS, siblings_NN), dim=1)


class Generator(nn.Module):
    """Predicts logits of image tokens from text states and known tokens."""

    rotation_cos: Tensor
    rotation_sin: Tensor

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        self.config = config
        width, heads = config.width, config.num_heads

        # Inputs: text, codes, positions, the noise level of the context.
        self.text_in = Linear(config.text_width, width, bias=False)
        self.condition_in = Linear(config.text_width, width, bias=False)
        self.codes = nn.Embedding(config.num_codes, width)
        self.places = nn.Embedding(config.num_tokens, width)
        self.query = nn.Parameter(torch.zeros(width))
        self.level = nn.Parameter(torch.zeros(width))

        # Pass 1, and the keys and values that it leaves for pass 2.
        self.content_blocks = nn.ModuleList(
            Block(width, heads, config.mlp_width, config.dropout)
            for _ in range(config.content_layers)
        )
        self.content_norm = RMSNorm(width)
        self.shared_kv = Linear(width, 2 * width, bias=False)
        self.shared_k_norm = RMSNorm(width // heads)

        # Pass 2, and the heads.
        self.query_blocks = nn.ModuleList(
            Block(width, heads, config.mlp_width, config.dropout)
            for _ in range(config.query_layers)
        )
        self.query_norm = RMSNorm(width)
        self.head = Linear(width, config.num_codes)
        self.correction_head = Linear(width, config.num_codes)

        table = grid_rotation(config.grid_size, width // heads, config.rope_base)
        self.register_buffer("rotation_cos", table.cos, persistent=False)
        self.register_buffer("rotation_sin", table.sin, persistent=False)
        initialise_transformer(self, config.content_layers + config.query_layers)

    # Training

    def forward(
        self,
        text: TextStates,
        codes_BN: Tensor,
        positions_BN: Tensor,
        groups_N: Tensor,
        level_B: Tensor,
    ) -> GeneratorOutput:
        """Predict all tokens at once.

        `codes_BN`: context codes, possibly with noise; `positions_BN`: raster index of each rank;
        `groups_N`: group number of each rank, from 1, ascending; `level_B`: standard deviation of
        the noise in the context.
        """
        text_BLD = self.text_in(text.states_BLD)
        condition_BD = self.condition_in(text.pooled_BD)
        image_rotation = self._rotation(positions_BN)
        # Under autocast the scores have the dtype of a linear layer's output: so must what is added
        # to them.
        masks = block_masks(groups_N, self.config.text_tokens)
        content_bias, query_bias = (visibility_bias(mask, text_BLD.dtype) for mask in masks)

        # Pass 1: text and context.
        noise_level = level_B[:, None, None] * self.level
        context_BND = self._embed(codes_BN, positions_BN, condition_BD) + noise_level
        x_BSD = torch.cat((text_BLD, context_BND), dim=1)
        rotation = self._behind_text(image_rotation)
        for block in self.content_blocks:
            x_BSD = block(x_BSD, rotation=rotation, memory=NoMemory(), bias_TS=content_bias)
        x_BSD = self.content_norm(x_BSD)
        correction_BNC = self.correction_head(x_BSD[:, self.config.text_tokens :])

        # Pass 2: one query for each token.
        memory = FixedMemory(*self._shared_keys_values(x_BSD, rotation))
        queries_BND = self._queries(positions_BN, condition_BD)
        logits_BNC = self._run_queries(queries_BND, image_rotation, memory, query_bias)
        return GeneratorOutput(logits_BNC, correction_BNC)

    # Sampling

    def prefill(self, text: TextStates) -> GeneratorCache:
        """A cache for B rows that knows the text, and no image token yet."""
        config, states_BLD = self.config, text.states_BLD
        capacity = config.text_tokens + config.num_tokens
        head_width = config.width // config.num_heads

        def empty() -> KVCache:
            return KVCache(len(states_BLD), config.num_heads, capacity, head_width, states_BLD)

        cache = GeneratorCache(
            condition_BD=self.condition_in(text.pooled_BD),
            content=[empty() for _ in self.content_blocks],
            shared=empty(),
            length=0,
            content_stack=stack_of(self.content_blocks),
            query_stack=stack_of(self.query_blocks),
        )
        self._run_content(cache, self.text_in(states_BLD), self._text_rotation(states_BLD))
        return cache

    def row_bytes(self) -> int:
        """Memory in bytes of one row of the caches that `prefill` makes."""
        config = self.config
        num_caches = config.content_layers + 1
        capacity = config.text_tokens + config.num_tokens
        numbers = 2 * num_caches * config.width * capacity
        return numbers * cache_dtype(self.places.weight).itemsize

    def append(
        self,
        cache: GeneratorCache,
        codes_BM: Tensor,
        positions_BM: Tensor,
        *,
        sequential: bool = False,
    ) -> Tensor:
        """Make a group of tokens known to the cache; returns its states [B, M, D].

        `sequential`: as if they were appended one after the other.
        """
        content_BMD = self._embed(codes_BM, positions_BM, cache.condition_BD)
        rotation = self._rotation(positions_BM)
        return self._run_content(cache, content_BMD, rotation, sequential=sequential)

    def truncate(self, cache: GeneratorCache, num_known: int) -> None:
        """Forget all but the first `num_known` image tokens."""
        cache.length = self.config.text_tokens + num_known

    def predict(self, cache: GeneratorCache, positions_BM: Tensor) -> Tensor:
        """Logits [B, M, C] of one group's positions, given all that was appended."""
        x_BMD = self._queries(positions_BM, cache.condition_BD)
        rotation = self._rotation(positions_BM)
        memory = cache.shared.at(cache.length)
        if cache.query_stack and cache.query_stack.pays(x_BMD):
            memories = [memory] * len(self.query_blocks)
            return self._logits(cache.query_stack(x_BMD, rotation=rotation, memories=memories))
        return self._run_queries(x_BMD, rotation, memory, None)

    def predict_sequential(
        self, cache: GeneratorCache, positions_BM: Tensor, num_known: int
    ) -> Tensor:
        """Logits [B, M, C] of positions as if they were predicted one after the other.

        Each is a group of its own. The first one knows the first `num_known` image tokens that were
        appended, each following one knows one more; if there are not as many, the last ones know
        them all.
        """
        x_BMD = self._queries(positions_BM, cache.condition_BD)
        rotation = self._rotation(positions_BM)
        position = self.config.text_tokens + num_known
        if cache.query_stack and cache.query_stack.pays(x_BMD):
            memories = [cache.shared.at(position)] * len(self.query_blocks)
            x_BMD = cache.query_stack(
                x_BMD, rotation=rotation, memories=memories, mask="independent", filled=cache.length
            )
            return self._logits(x_BMD)

        # Query m sees what is cached before position + m, and itself.
        shared = cache.shared
        memory = FixedMemory(
            shared.k_BHSK[:, :, : cache.length], shared.v_BHSK[:, :, : cache.length]
        )
        rank_M = torch.arange(x_BMD.shape[1], dtype=torch.int64, device=x_BMD.device)
        cached_S = torch.arange(cache.length, dtype=torch.int64, device=x_BMD.device)
        sees_cached_MS = cached_S < position + rank_M[:, None]
        sees_query_MM = rank_M == rank_M[:, None]
        visible_MS = torch.cat((sees_cached_MS, sees_query_MM), dim=1)
        bias_MS = visibility_bias(visible_MS, x_BMD.dtype)
        return self._run_queries(x_BMD, rotation, memory, bias_MS)

    def is_batch_invariant(self) -> bool:
        """Whether a row comes out the same, to the bit, whatever stands beside it."""
        stacks = stack_of(self.content_blocks), stack_of(self.query_blocks)
        return all(stack is not None and stack.is_float32 for stack in stacks)

    # Parts of both

    def _embed(self, codes_BM: Tensor, positions_BM: Tensor, condition_BD: Tensor) -> Tensor:
        x_BMD: Tensor = self.codes(codes_BM) + self.places(positions_BM) + condition_BD[:, None]
        return x_BMD

    def _queries(self, positions_BM: Tensor, condition_BD: Tensor) -> Tensor:
        x_BMD: Tensor = self.query + self.places(positions_BM) + condition_BD[:, None]
        return x_BMD

    def _run_content(
        self, cache: GeneratorCache, x_BMD: Tensor, rotation: Rotation, *, sequential: bool = False
    ) -> Tensor:
        """Pass 1 of new tokens behind those in the cache."""
        memories = [layer.at(cache.length) for layer in cache.content]
        if cache.content_stack and cache.content_stack.pays(x_BMD):
            mask: Mask = "causal" if sequential else "full"
            x_BMD = cache.content_stack(x_BMD, rotation=rotation, memories=memories, mask=mask)
        else:
            bias_MS = None
            if sequential:
                end = cache.length + x_BMD.shape[1]
                places_S = torch.arange(end, dtype=torch.int64, device=x_BMD.device)
                visible_MS = places_S <= places_S[cache.length :, None]
                bias_MS = visibility_bias(visible_MS, x_BMD.dtype)
            for block, memory in zip(self.content_blocks, memories, strict=True):
                x_BMD = block(x_BMD, rotation=rotation, memory=memory, bias_TS=bias_MS)

        x_BMD = self.content_norm(x_BMD)
        cache.length = cache.shared.write(cache.length, *self._shared_keys_values(x_BMD, rotation))
        return x_BMD

    def _shared_keys_values(self, x_BSD: Tensor, rotation: Rotation) -> tuple[Tensor, Tensor]:
        k_BSD, v_BSD = self.shared_kv(x_BSD).chunk(2, dim=-1)
        k_BHSK = self.shared_k_norm(split_heads(k_BSD, self.config.num_heads))
        return rotate(k_BHSK, rotation), split_heads(v_BSD, self.config.num_heads)

    def _run_queries(
        self, x_BMD: Tensor, rotation: Rotation, memory: Memory, bias_MS: Tensor | None
    ) -> Tensor:
        """Pass 2 of queries, to logits."""
        for block in self.query_blocks:
            x_BMD = block(x_BMD, rotation=rotation, memory=memory, bias_TS=bias_MS)
        return self._logits(x_BMD)

    def _logits(self, x_BMD: Tensor) -> Tensor:
        logits_BMC: Tensor = self.head(self.query_norm(x_BMD))
        return logits_BMC

    def _rotation(self, positions_BM: Tensor) -> Rotation:
        return Rotation(self.rotation_cos, self.rotation_sin).at(positions_BM)

    def _text_rotation(self, like: Tensor) -> Rotation:
        """The identity, as text has no position in the image.

        Never zeros, which would make attention to the text uniform.
        """
        shape = (like.shape[0], self.config.text_tokens, self.rotation_cos.shape[-1])
        return Rotation(self.rotation_cos.new_ones(shape), self.rotation_cos.new_zeros(shape))

    def _behind_text(self, image: Rotation) -> Rotation:
        text = self._text_rotation(image.cos)
        return Rotation(
            torch.cat((text.cos, image.cos), dim=1), torch.cat((text.sin, image.sin), dim=1)
        )
