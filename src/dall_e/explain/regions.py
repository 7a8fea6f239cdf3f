"""Which region of a picture a word has, by attention and by counterfactuals.

    regions = word_regions(engine, codes_N, "a cat and a dog")
    regions[0].word.text, regions[0].evidence_GG.argmax()

Any picture can be asked about, not only one that was drawn: its tokens are shown to the generator
in several orders, of which the mean is taken. `python -m benchmarks pointing` measures how often a
map's highest value lies on the thing that the word names: nearly always for the evidence, about
half the time for attention.

Shapes: W words, Y query layers, N image tokens in raster order, G the side of their grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from dall_e.config import SamplingConfig
from dall_e.explain.attention_maps import attention_maps
from dall_e.explain.oracle import Revealed, forced_log_probabilities
from dall_e.explain.prompt_words import PromptWord, prompt_words, token_rows
from dall_e.explain.reading import explainable, states_of
from dall_e.inference.engine import Engine
from dall_e.runtime import inference, one_thread

ORDERS = 2
"""Orders of which the mean is taken."""
STEPS = 16
"""Steps of an order: with few, many tokens are judged by the text before their neighbours tell."""


@dataclass(frozen=True, kw_only=True)
class WordRegion:
    """Where in a picture a word is."""

    word: PromptWord
    attention_GG: Tensor
    """How much each position looks at it, 0 to 1, smoothed over neighbours."""
    evidence_GG: Tensor
    """How much likelier it makes each token, in nats, smoothed likewise; below 0 where the token
    would be likelier without it."""


def word_regions(
    engine: Engine,
    codes_N: Tensor,
    prompt: str,
    *,
    words: Sequence[PromptWord] | None = None,
    seed: int = 0,
) -> list[WordRegion]:
    """Find the region of each word of a prompt in a picture, given by its image tokens.

    words: those of `prompt_words` unless given. seed: chooses the orders. Raises ValueError for a
    model of another project, which draws in one order only.
    """
    generator = explainable(engine)
    found = prompt_words(prompt, engine.vocabulary) if words is None else list(words)
    if not found:
        return []

    rows = [
        token_rows(word, prompt, engine.text_tokenizer, generator.config.text_tokens)
        for word in found
    ]
    with inference(engine.device), one_thread():
        prompts = [prompt, *(word.without(prompt) for word in found)]
        text, _ = states_of(engine, prompts)
        whole = text.select(slice(0, 1))

        attention: list[Tensor] = []
        evidence: list[Tensor] = []
        for number in range(ORDERS):
            revealed = Revealed.by_seed(codes_N, seed + number, _few_steps(engine))
            attention.append(attention_maps(generator, whole, revealed, rows).mean(1))
            drawn_BN = forced_log_probabilities(generator, text, revealed)
            evidence.append(revealed.in_raster_order(drawn_BN[0] - drawn_BN[1:]))

        maps = zip(found, _smoothed(attention), _smoothed(evidence), strict=True)
        return [
            WordRegion(word=word, attention_GG=looked_GG, evidence_GG=likelier_GG)
            for word, looked_GG, likelier_GG in maps
        ]


def _few_steps(engine: Engine) -> SamplingConfig:
    """Settings of an order in which a picture is shown again."""
    most = explainable(engine).config.num_tokens
    return replace(
        engine.config.sampling, num_inference_steps=min(STEPS, most), order="random", max_group=most
    )


def _smoothed(maps: Sequence[Tensor]) -> Tensor:
    """The mean [W, G, G] of maps [W, N], and over each position and its eight neighbours."""
    mean_WN = torch.stack(list(maps)).mean(0)
    grid = round(mean_WN.shape[-1] ** 0.5)
    mean_W1GG = mean_WN.view(-1, 1, grid, grid)
    return F.avg_pool2d(mean_W1GG, 3, stride=1, padding=1, count_include_pad=False)[:, 0]
