"""What would have been drawn without a word: the same noise, the same order, another prompt.

At each position the tokens drawn before are given, so that every difference is due to the word
alone and not to what another beginning would have led to. The noise z of a position is the same
under both prompts, so a token that flips is what the word changed there (Oberst and Sontag 2019,
arXiv 1905.05824: a counterfactual of the Gumbel-max sampler).

Shapes: W words, R rows (W + 1 prompts, then as many null prompts under guidance), N image tokens,
C codes.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from dall_e.config import SamplingConfig
from dall_e.explain.oracle import Revealed, forced_logits
from dall_e.models.generator import Generator
from dall_e.models.text_encoder import TextStates
from dall_e.sampling.token_sampler import TokenSampler


@dataclass(frozen=True, kw_only=True)
class Counterfactuals:
    """The effect of each word on each position, in raster order."""

    divergence_WN: Tensor
    """KL(p || p without the word) of the next token, in nats, 0 or more."""
    evidence_WN: Tensor
    """log p - log p without the word, of the token that was drawn, in nats; below 0 where the word
    made it less likely."""
    codes_WN: Tensor
    """The token that the same noise draws there without the word."""
    replayed_N: Tensor
    """The token that the noise draws with all words: that of the drawing, but for rounding."""
    log_probabilities_NC: Tensor
    """log p under the whole prompt, at temperature 1 and without guidance."""

    @property
    def flipped_WN(self) -> Tensor:  # noqa: N802
        """Where the token would have been another one without the word."""
        return self.codes_WN != self.replayed_N


def counterfactuals(
    generator: Generator,
    text: TextStates,
    null: TextStates,
    revealed: Revealed,
    *,
    seed: int,
    settings: SamplingConfig,
) -> Counterfactuals:
    """Compare a drawing's own prompt with the prompts that each lack a word.

    `text` has W + 1 rows, first the whole prompt, then without each word; `null` is the row that
    guidance steers away from. seed, settings: those of the drawing.
    """
    num_prompts = len(text.states_BLD)
    logits_BNC = forced_logits(generator, text, revealed)
    log_BNC = logits_BNC.log_softmax(-1)
    codes_N = revealed.codes_N[revealed.positions_N]

    # Each word: how far the distribution moves, and how much less likely the token becomes.
    log_NC, without_WNC = log_BNC[0], log_BNC[1:]
    divergence_WN = (log_NC.exp() * (log_NC - without_WNC)).sum(-1).clamp(min=0)
    drawn_BN = log_BNC.gather(-1, codes_N.expand(num_prompts, -1)[..., None])[..., 0]

    # The same noise under each prompt, as the sampler uses it: guided, cooled and filtered.
    rows_RNC = logits_BNC
    if settings.guidance_scale != 1:
        null_1NC = forced_logits(generator, null, revealed)
        rows_RNC = torch.cat((logits_BNC, null_1NC.expand(num_prompts, -1, -1)))
    num_tokens, num_codes = logits_BNC.shape[1:]
    sampler = TokenSampler([seed] * num_prompts, settings, num_tokens, num_codes)
    chosen_BN = sampler(
        rows_RNC.contiguous(),
        revealed.positions_N.expand(num_prompts, -1).contiguous(),
        _known_before(revealed),
    )

    return Counterfactuals(
        divergence_WN=revealed.in_raster_order(divergence_WN),
        evidence_WN=revealed.in_raster_order(drawn_BN[0] - drawn_BN[1:]),
        codes_WN=revealed.in_raster_order(chosen_BN[1:]),
        replayed_N=revealed.in_raster_order(chosen_BN[0]),
        log_probabilities_NC=revealed.in_raster_order(log_NC.mT).mT,
    )


def _known_before(revealed: Revealed) -> Tensor:
    """How many tokens were known before the step of each rank, [N] on the CPU."""
    groups_N = revealed.groups_N.cpu()
    return (groups_N[None, :] < groups_N[:, None]).sum(1)
