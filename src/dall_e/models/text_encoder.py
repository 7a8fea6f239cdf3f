"""The native text encoder: a small bidirectional transformer over prompt ids.

Shapes: B batch rows, L text tokens, D width.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from dall_e.config import TextConfig
from dall_e.nn.attention import NoMemory, visibility_bias
from dall_e.nn.norms import RMSNorm
from dall_e.nn.transformer import Block, initialise_transformer

PAD_ID, START_ID, END_ID = 0, 1, 2


class TextStates(NamedTuple):
    """What the generator knows of the prompts."""

    states_BLD: Tensor
    """One state per token, padding included: the generator learns that padding says nothing."""
    pooled_BD: Tensor
    """One state per prompt: the mean over its own tokens."""

    def select(self, rows: slice) -> TextStates:
        """Only these rows."""
        return TextStates(self.states_BLD[rows], self.pooled_BD[rows])

    def joined(self, others: TextStates) -> TextStates:
        """These rows, then the others."""
        states_BLD = torch.cat((self.states_BLD, others.states_BLD))
        return TextStates(states_BLD, torch.cat((self.pooled_BD, others.pooled_BD)))


class TextEncoder(nn.Module):
    """Turns prompt ids into states."""

    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.config = config
        self.tokens = nn.Embedding(config.vocab_size, config.width)
        self.places = nn.Embedding(config.max_tokens, config.width)
        mlp_width = config.width * 8 // 3 // 32 * 32
        self.blocks = nn.ModuleList(
            Block(config.width, config.num_heads, mlp_width) for _ in range(config.num_layers)
        )
        self.norm = RMSNorm(config.width)
        initialise_transformer(self, config.num_layers)

    def forward(self, ids_BL: Tensor) -> TextStates:
        """States of int64 ids [B, L], padded with PAD_ID; L is at most `max_tokens`.

        No token attends to padding.
        """
        real_BL = ids_BL != PAD_ID
        x_BLD = self.tokens(ids_BL) + self.places.weight[: ids_BL.shape[1]]
        bias_B11L = visibility_bias(real_BL[:, None, None, :], x_BLD.dtype)
        for block in self.blocks:
            x_BLD = block(x_BLD, rotation=None, memory=NoMemory(), bias_TS=bias_B11L)
        x_BLD = self.norm(x_BLD)

        weights_BL1 = real_BL[..., None].to(x_BLD.dtype)
        pooled_BD = (x_BLD * weights_BL1).sum(1) / weights_BL1.sum(1)
        return TextStates(x_BLD, pooled_BD)
