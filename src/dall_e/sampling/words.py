"""Words one after the other: the likeliest, drawn ones, or the best of several beams.

Shapes: I images, B captions, K beams of an image, L text tokens, V entries of the vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

from dall_e.sampling.filters import choose
from dall_e.sampling.noise import gumbel

PAD_ID, START_ID, END_ID = 0, 1, 2
_NEVER_WRITTEN = (PAD_ID, START_ID)


class WordNetwork(Protocol):
    """A network that predicts the next word of captions of images."""

    @property
    def config(self) -> Any:
        """Has max_tokens."""
        ...

    def __call__(self, memory: Any, ids_BL: Tensor, language_B: Tensor, /) -> Tensor:
        """Logits [B, L, V] of the word after each token."""
        ...


class WrittenWords(NamedTuple):
    """Captions as ids."""

    ids_BL: Tensor
    """int64: start mark, words, end mark, padding; without end mark where the room was too
    small."""
    log_probability_B: Tensor
    """float32: of all words and of the end mark, in nats; at most 0."""


class WordChoice(NamedTuple):
    """How the next word is taken."""

    temperature: float = 0.0
    """0 takes the likeliest."""
    top_k: int = 0
    """Among the k likeliest; 0 among all."""
    top_p: float = 1.0
    """Among the likeliest that have this probability together."""


LIKELIEST = WordChoice()


@torch.no_grad()
def write_words(
    network: WordNetwork,
    memory: Any,
    language: int,
    *,
    seeds: Sequence[int],
    choice: WordChoice = LIKELIEST,
) -> WrittenWords:
    """One caption for each row of a memory, word by word.

    seeds: one a row. Noise is addressed by seed and position, as that of images is, so a caption
    does not depend on those beside it.
    """
    language_B, ids_BL = _begun(memory, language)
    count = len(ids_BL)
    total_B = torch.zeros(count, dtype=torch.float32, device=ids_BL.device)
    is_done_B = torch.zeros(count, dtype=torch.bool, device=ids_BL.device)

    for position in range(network.config.max_tokens - 1):
        logits_BV = _next_logits(network, memory, ids_BL, language_B)
        noise_BV = logits_BV.new_zeros(1, 1)
        if choice.temperature:
            noise_B1V = gumbel(list(seeds), 1, logits_BV.shape[-1], first_position=position)
            noise_BV = noise_B1V[:, 0].to(logits_BV.device)
        word_B = choose(
            logits_BV,
            noise_BV,
            temperature=choice.temperature,
            top_k=choice.top_k,
            top_p=choice.top_p,
        )

        # What is finished gets padding, and its probability stays.
        log_B = logits_BV.log_softmax(-1).gather(1, word_B[:, None])[:, 0]
        total_B = total_B + log_B.masked_fill(is_done_B, 0.0)
        word_B = word_B.masked_fill(is_done_B, PAD_ID)
        ids_BL = torch.cat((ids_BL, word_B[:, None]), dim=1)
        is_done_B = is_done_B | (word_B == END_ID)
        if bool(is_done_B.all()):
            break
    return WrittenWords(ids_BL, total_B)


def greedy_captions(network: WordNetwork, memory: Any, language: int) -> Tensor:
    """Ids [B, L] of the caption that takes the likeliest word each time."""
    count = len(memory)
    return write_words(network, memory, language, seeds=[0] * count).ids_BL


@torch.no_grad()
def search_words(
    network: WordNetwork, memory: Any, language: int, *, num_beams: int
) -> WrittenWords:
    """The `num_beams` likeliest captions that a beam search finds for each row of a memory.

    Returns I K rows: those of one image stand together, the likeliest first. What counts is the
    probability of the whole caption.
    """
    num_images, device = len(memory), memory.device
    row_B = torch.arange(num_images, dtype=torch.int64, device=device).repeat_interleave(num_beams)
    memory = memory.select(row_B)
    language_B, ids_BL = _begun(memory, language)

    # All beams of an image begin alike, so only the first one goes on.
    total_IK = torch.full((num_images, num_beams), -torch.inf, dtype=torch.float32, device=device)
    total_IK[:, 0] = 0.0
    for _ in range(network.config.max_tokens - 1):
        log_BV = _next_logits(network, memory, ids_BL, language_B).log_softmax(-1)

        # A finished caption goes on with padding alone, at no cost.
        is_done_B = (ids_BL == END_ID).any(1)
        log_BV = log_BV.masked_fill(is_done_B[:, None], -torch.inf)
        log_BV[:, PAD_ID] = log_BV[:, PAD_ID].masked_fill(is_done_B, 0.0)

        num_words = log_BV.shape[-1]
        all_IX = (total_IK.flatten()[:, None] + log_BV).view(num_images, -1)
        total_IK, best_IK = all_IX.topk(num_beams, dim=1)
        from_B = (row_B.view(num_images, -1) * num_beams + best_IK // num_words).flatten()
        word_B = (best_IK % num_words).flatten()
        ids_BL = torch.cat((ids_BL[from_B], word_B[:, None]), dim=1)
        if bool((ids_BL == END_ID).any(1).all()):
            break
    return WrittenWords(ids_BL, total_IK.flatten())


def _begun(memory: Any, language: int) -> tuple[Tensor, Tensor]:
    """Languages [B] and first ids [B, 1] of a caption for each row."""
    count, device = len(memory), memory.device
    language_B = torch.full((count,), language, dtype=torch.int64, device=device)
    return language_B, torch.full((count, 1), START_ID, dtype=torch.int64, device=device)


def _next_logits(network: WordNetwork, memory: Any, ids_BL: Tensor, language_B: Tensor) -> Tensor:
    """Logits [B, V] of the next word, without the marks that no caption has."""
    logits_BV = network(memory, ids_BL, language_B)[:, -1].float()
    logits_BV[:, _NEVER_WRITTEN] = -torch.inf
    return logits_BV
