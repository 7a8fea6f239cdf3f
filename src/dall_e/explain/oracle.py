"""The oracle: one pass over a finished drawing that gives all logits and attention at once.

The tokens of a drawing are shown to the generator in the order in which they were drawn, each
group seeing those before it, as in training (`models/generator.py`). What comes out is what the
sampler saw step by step; a test holds both together. Drawing itself is not slowed down by it.

Shapes: B rows, L text tokens, N image tokens, C codes, Y query layers. Tensors over N by rank are
in the order of revelation, others in raster order.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from dall_e.config import SamplingConfig
from dall_e.models.generator import Generator
from dall_e.models.text_encoder import TextStates
from dall_e.nn.transformer import Block
from dall_e.sampling.noise import ORDER_STREAM, uniform
from dall_e.sampling.orders import group_numbers, group_sizes, make_orders


@dataclass(frozen=True, kw_only=True)
class Revealed:
    """The tokens of one drawing, and the order in which they came."""

    codes_N: Tensor
    """int64, in raster order."""
    positions_N: Tensor
    """Raster index of each rank, int64."""
    groups_N: Tensor
    """Step in which each rank was drawn, from 1, ascending."""

    @classmethod
    def by_seed(cls, codes_N: Tensor, seed: int, settings: SamplingConfig) -> Revealed:
        """In the order that a seed and settings give, as `sampling/decode.py` takes it."""
        num_tokens = len(codes_N)
        sizes = group_sizes(
            num_tokens, settings.num_inference_steps, settings.schedule, settings.max_group
        )
        uniform_BN = uniform([seed], 1, num_tokens, ORDER_STREAM)[:, 0]
        (positions_N,) = make_orders(settings.order, uniform_BN, sizes)
        device = codes_N.device
        return cls(
            codes_N=codes_N,
            positions_N=positions_N.to(device),
            groups_N=group_numbers(sizes).to(device),
        )

    @property
    def steps_N(self) -> Tensor:  # noqa: N802
        """Step in which each position was drawn, in raster order."""
        return self.in_raster_order(self.groups_N)

    def in_raster_order(self, values_N: Tensor) -> Tensor:
        """Values [..., N] by rank, sorted by position."""
        return values_N.index_select(-1, self.positions_N.argsort())


def forced_logits(generator: Generator, text: TextStates, revealed: Revealed) -> Tensor:
    """Logits [B, N, C], float32, by rank: of each token under each of B texts, given the tokens of
    the steps before its own."""
    rows = len(text.states_BLD)
    positions_BN = revealed.positions_N.expand(rows, -1)
    context_BN = revealed.codes_N.expand(rows, -1).gather(1, positions_BN)
    level_B = torch.zeros(rows, dtype=text.states_BLD.dtype, device=context_BN.device)
    output = generator(text, context_BN, positions_BN, revealed.groups_N, level_B)
    logits_BNC: Tensor = output.logits_BNC.float()
    return logits_BNC


def forced_log_probabilities(generator: Generator, text: TextStates, revealed: Revealed) -> Tensor:
    """log p [B, N], by rank, of each token that is there, as `forced_logits` predicts it."""
    log_BNC = forced_logits(generator, text, revealed).log_softmax(-1)
    codes_BN1 = revealed.codes_N[revealed.positions_N].expand(len(log_BNC), -1)[..., None]
    return log_BNC.gather(-1, codes_BN1)[..., 0]


def forced_attention(generator: Generator, text: TextStates, revealed: Revealed) -> Tensor:
    """How much each query looks at each text token, [Y, N, L], by rank; the mean over heads.

    `text` is of one row. What a row lacks to 1 is attention to image tokens.
    """
    seen: list[Tensor] = []
    with _watched(generator, seen):
        forced_logits(generator, text, revealed)
    return torch.stack(seen)


@contextmanager
def _watched(generator: Generator, seen: list[Tensor]) -> Iterator[None]:
    """Inside, `seen` gets the attention [N, L] of each query layer that the generator runs."""
    num_text = generator.config.text_tokens

    def watch(attention: Any, inputs: tuple[Any, ...]) -> None:
        seen.append(attention.probabilities(*inputs)[0, :, :, :num_text].float().mean(0))

    blocks = [block for block in generator.query_blocks if isinstance(block, Block)]
    hooks = [block.attention.register_forward_pre_hook(watch) for block in blocks]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
