"""What published transformers read of a prompt.

States of an encoder, embeddings of its ids, or projected features of another model.

Shapes: B batch rows, L prompt tokens, D width, F feature width.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dall_e.config.published import PromptConfig
from dall_e.nn.attention import NoMemory, visibility_bias
from dall_e.nn.norms import make_norm
from dall_e.nn.transformer import Block, Linear


class PromptStates(NamedTuple):
    """What a left-to-right transformer knows of the prompts."""

    states_BLD: Tensor
    """One state per prompt token, padding included."""
    visible_BL: Tensor
    """True where there is something to look at."""

    def select(self, rows: slice) -> PromptStates:
        """Only these rows."""
        return PromptStates(self.states_BLD[rows], self.visible_BL[rows])

    def joined(self, others: PromptStates) -> PromptStates:
        """These rows, then the others."""
        return PromptStates.stacked((self, others))

    @classmethod
    def stacked(cls, parts: Sequence[PromptStates]) -> PromptStates:
        """All rows in one batch; shorter ones are padded on the left, where nothing looks."""
        longest = max(part.states_BLD.shape[1] for part in parts)
        padded = [part._padded(longest - part.states_BLD.shape[1]) for part in parts]
        return cls(
            torch.cat([part.states_BLD for part in padded]),
            torch.cat([part.visible_BL for part in padded]),
        )

    def _padded(self, missing: int) -> PromptStates:
        """With so many more tokens on the left, which are not visible."""
        return PromptStates(
            F.pad(self.states_BLD, (0, 0, missing, 0)), F.pad(self.visible_BL, (missing, 0))
        )


class PromptEncoder(nn.Module):
    """A bidirectional transformer over prompt ids (DALL-E mini and mega)."""

    def __init__(self, config: PromptConfig) -> None:
        super().__init__()
        self.config = config
        width, style = config.width, config.style
        self.tokens = nn.Embedding(config.vocab_size, width)
        self.places = nn.Embedding(config.max_tokens, width)
        self.embedding_norm = make_norm(width, style)
        self.blocks = nn.ModuleList(
            Block(width, config.num_heads, config.mlp_width, style=style)
            for _ in range(config.num_layers)
        )
        self.norm = make_norm(width, style)

    def forward(self, ids_BL: Tensor) -> PromptStates:
        """States of int64 ids [B, L], padded with `pad_id`, which no token attends to."""
        visible_BL = ids_BL != self.config.pad_id
        x_BLD = self.embedding_norm(self.tokens(ids_BL) + self.places.weight[: ids_BL.shape[1]])
        bias_B11L = visibility_bias(visible_BL[:, None, None, :], x_BLD.dtype)
        for block in self.blocks:
            x_BLD = block(x_BLD, rotation=None, memory=NoMemory(), bias_TS=bias_B11L)
        return PromptStates(self.norm(x_BLD), visible_BL)


class PromptTable(nn.Module):
    """Embeddings of prompt ids, or of one class.

    Padding is a token like any other unless `pad_id` says otherwise.
    """

    def __init__(self, config: PromptConfig) -> None:
        super().__init__()
        self.config = config
        self.tokens = nn.Embedding(config.vocab_size, config.width)
        self.places = nn.Embedding(config.max_tokens, config.width) if config.places else None

    def forward(self, ids_BL: Tensor) -> PromptStates:
        """Embeddings of int64 ids [B, L]."""
        x_BLD = self.tokens(ids_BL)
        if self.places is not None:
            x_BLD = x_BLD + self.places.weight[: ids_BL.shape[1]]
        return PromptStates(x_BLD, ids_BL != self.config.pad_id)


class PromptFeatures(nn.Module):
    """A two-layer projection of another model's features of the prompt (LlamaGen: flan-t5-xl)."""

    def __init__(self, config: PromptConfig) -> None:
        super().__init__()
        self.config = config
        self.wide = Linear(config.feature_width, config.width, bias=False)
        self.out = Linear(config.width, config.width, bias=False)
        self.nothing = nn.Parameter(
            torch.zeros(config.max_tokens, config.feature_width), requires_grad=False
        )

    def forward(self, features_BLF: Tensor, visible_BL: Tensor) -> PromptStates:
        """States of features, which are 0 where nothing is visible."""
        states_BLD = self.out(F.gelu(self.wide(features_BLF), approximate="tanh"))
        return PromptStates(states_BLD, visible_BL)

    def unconditional(self, visible_BL: Tensor) -> PromptStates:
        """What stands for no prompt: learned features, visible where the prompt's own would be."""
        nothing_BLF = self.nothing.expand(visible_BL.shape[0], -1, -1)
        states: PromptStates = self(nothing_BLF, visible_BL)
        return states


PromptNetwork = PromptEncoder | PromptTable | PromptFeatures


def build_prompts(config: PromptConfig) -> PromptNetwork:
    """The network that the settings describe."""
    if config.kind == "encoder":
        return PromptEncoder(config)
    return PromptFeatures(config) if config.kind == "features" else PromptTable(config)
