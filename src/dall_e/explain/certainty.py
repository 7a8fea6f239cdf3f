"""How sure the generator was of each token, and how much each step speaks for the prompt.

Shapes: N image tokens in raster order, C codes, S steps.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from dall_e.explain.oracle import Revealed
from dall_e.losses.adversarial import step_discriminators


@dataclass(frozen=True, kw_only=True)
class Certainty:
    """Numbers of each position, at temperature 1 and without guidance."""

    entropy_N: Tensor
    """Of the distribution that the token was drawn from, in nats: 0 is sure, ln C knows nothing."""
    rank_N: Tensor
    """How many codes were likelier than the one that was drawn, int64."""
    probability_N: Tensor
    """Of the token that was drawn, 0 to 1."""


def certainty_of(log_probabilities_NC: Tensor, codes_N: Tensor) -> Certainty:
    """Read off log-probabilities how sure the choice of each code was."""
    log_N1 = log_probabilities_NC.gather(-1, codes_N[:, None])
    return Certainty(
        entropy_N=-(log_probabilities_NC.exp() * log_probabilities_NC).sum(-1),
        rank_N=(log_probabilities_NC > log_N1).sum(-1),
        probability_N=log_N1[:, 0].exp(),
    )


def prompt_terms(log_N: Tensor, null_log_N: Tensor, revealed: Revealed) -> Tensor:
    """The terms d_i [S] of the discriminator between this prompt and none, in nats.

    `log_N`, `null_log_N`: log p of each token that was drawn, in raster order, with the prompt and
    without. As in `losses/adversarial.py` with beta 1, the generator without a prompt being the
    reference: a positive term says that what its step drew is likelier with the prompt.
    """
    ratio_N = (log_N - null_log_N)[revealed.positions_N]
    return step_discriminators(log_ratio_BN=ratio_N[None], groups_N=revealed.groups_N, beta=1.0)[0]
