"""Noise as a handle: samplers that are given their noise, or find it for an image that is there.

A code is argmax_k (s_k + z_k), with scores s of the network and noise z of the position. So the
same z under other words is the counterfactual image, and z can be found in hindsight: what it must
have been, given the code that it chose (Oberst and Sontag 2019, arXiv 1905.05824, section 3.4).

Filters would give codes a score of -inf, which no noise makes up for. Here they cost a fixed number
of nats instead, so that any image can be drawn.

Shapes: B images, R rows (B conditional, then B unconditional under guidance), M tokens of a step,
N tokens, C codes.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from dall_e.config import SamplingConfig
from dall_e.sampling.filters import guide, keep_top_k, keep_top_p
from dall_e.sampling.noise import HINDSIGHT_STREAM, MAXIMUM_STREAM, gumbel
from dall_e.sampling.token_sampler import cooling_temperatures

_FILTER_COST = 10.0
"""Nats that a code loses for being filtered out: then it is drawn once in some ten thousand
times."""
_MARGIN = 1e-3
"""By how much the code of an image wins at least: more than rounding may take away."""


def scores_of(
    logits_RMC: Tensor, settings: SamplingConfig, num_known_M: Tensor, num_tokens: int
) -> Tensor:
    """Scores [B, M, C], float32: log-probabilities but for a constant, to which noise is added.

    `num_known_M` tokens are known before each of the positions.
    """
    logits_BMC = logits_RMC.float()
    if settings.guidance_scale != 1:
        conditional_BMC, unconditional_BMC = logits_BMC.chunk(2)
        logits_BMC = guide(conditional_BMC, unconditional_BMC, settings.guidance_scale)

    temperature_M = cooling_temperatures(settings, num_known_M, num_tokens)
    scaled_BMC = logits_BMC / temperature_M[:, None].to(logits_BMC.device)
    kept_BMC = keep_top_p(keep_top_k(scaled_BMC, settings.top_k), settings.top_p)
    return torch.where(kept_BMC == -torch.inf, scaled_BMC - _FILTER_COST, kept_BMC)


class NoiseSampler:
    """Samples codes by noise that is given, one row per image."""

    def __init__(self, noise_BNC: Tensor, settings: SamplingConfig) -> None:
        self._noise_BNC, self._settings = noise_BNC, settings

    def __call__(self, logits_RMC: Tensor, positions_BM: Tensor, num_known_M: Tensor) -> Tensor:
        """Codes [B, M] of some positions, before each of which `num_known_M` tokens are known."""
        num_tokens = self._noise_BNC.shape[1]
        scores_BMC = scores_of(logits_RMC, self._settings, num_known_M, num_tokens)
        noise_BMC = rows_at(self._noise_BNC, positions_BM.cpu()).to(scores_BMC.device)
        return (scores_BMC + noise_BMC).argmax(-1)


class NoiseRecorder:
    """Takes the codes of images that are there, and finds noise that draws them.

    Where the noise of an image's seed would choose its code anyway, it is that noise; elsewhere a
    draw from what the noise can have been. Together it is a draw from the posterior of z.
    """

    def __init__(
        self, codes_BN: Tensor, seeds: list[int], settings: SamplingConfig, num_codes: int
    ) -> None:
        num_tokens = codes_BN.shape[1]
        self._codes_BN, self._settings = codes_BN.cpu(), settings
        self.noise_BNC = gumbel(seeds, num_tokens, num_codes)
        """What was found; before that, the noise of the seeds."""
        self._fresh_BNC = gumbel(seeds, num_tokens, num_codes, HINDSIGHT_STREAM)
        self._maximum_BN1 = gumbel(seeds, num_tokens, 1, MAXIMUM_STREAM)

    def __call__(self, logits_RMC: Tensor, positions_BM: Tensor, num_known_M: Tensor) -> Tensor:
        """The images' codes [B, M] of these positions; their noise is found on the way."""
        num_tokens, device = self._codes_BN.shape[1], logits_RMC.device
        positions_BM = positions_BM.cpu()
        codes_BM = self._codes_BN.gather(1, positions_BM)
        scores_BMC = scores_of(logits_RMC, self._settings, num_known_M, num_tokens).cpu()

        # Keep the seed's own noise where it is right.
        own_BMC = rows_at(self.noise_BNC, positions_BM)
        is_right_BM1 = ((scores_BMC + own_BMC).argmax(-1) == codes_BM)[..., None]
        found_BMC = hindsight_noise(
            scores_BMC,
            codes_BM,
            rows_at(self._fresh_BNC, positions_BM),
            rows_at(self._maximum_BN1, positions_BM),
        )
        noise_BMC = torch.where(is_right_BM1, own_BMC, found_BMC)
        noise_BMC = _with_margin(scores_BMC, noise_BMC, codes_BM)
        index_BMC = positions_BM[..., None].expand_as(noise_BMC)
        self.noise_BNC.scatter_(1, index_BMC, noise_BMC)
        return codes_BM.to(device)


def hindsight_noise(
    scores_BMC: Tensor, codes_BM: Tensor, fresh_BMC: Tensor, maximum_BM1: Tensor
) -> Tensor:
    """Noise z [B, M, C] that is Gumbel but for choosing these codes.

    fresh_BMC, maximum_BM1: independent Gumbel(0, 1) numbers. The maximum of all scores plus noise
    is logsumexp(scores) + Gumbel whichever code has it; the code that was chosen has it, and the
    others lie below (Maddison, Tarlow and Minka 2014, arXiv 1411.0030).
    """
    top_BM1 = scores_BMC.logsumexp(-1, keepdim=True) + maximum_BM1
    below_BMC = -torch.logaddexp(-top_BM1.expand_as(scores_BMC), -(scores_BMC + fresh_BMC))
    return below_BMC.scatter(-1, codes_BM[..., None], top_BM1) - scores_BMC


def mixed_noise(first: Tensor, second: Tensor, weight: float) -> Tensor:
    """Noise between two: `first` at weight 0, `second` at 1, Gumbel(0, 1) at every weight.

    max(z_a + log(1 - w), z_b + log w) is Gumbel again, as the largest of many Gumbel numbers is.
    Raises ValueError for a weight outside of 0 to 1.
    """
    if not 0 <= weight <= 1:
        raise ValueError(f"a weight between two noises must be from 0 to 1, got {weight}")
    if weight in (0, 1):
        return (second if weight else first).clone()
    return torch.maximum(first + math.log(1 - weight), second + math.log(weight))


def check_noise(noise_BNC: Tensor, num_tokens: int, num_codes: int) -> None:
    """Check that noise is of a network's grid and vocabulary. Raises ValueError if not."""
    shape = list(noise_BNC.shape)
    if len(shape) != 3 or shape[1:] != [num_tokens, num_codes]:
        raise ValueError(f"noise must be [pictures, {num_tokens}, {num_codes}], got {shape}")
    if not bool(noise_BNC.isfinite().all()):
        raise ValueError("noise must be finite numbers, and some of it is not")


def check_noise_counts(settings: SamplingConfig) -> None:
    """Check that noise plays a part at these temperatures. Raises ValueError if not."""
    if settings.temperature == 0 or settings.final_temperature == 0:
        raise ValueError(
            f"at temperature {settings.temperature} to {settings.final_temperature} the likeliest "
            "code is taken and noise has no say: give a temperature above 0"
        )


def rows_at(values_BNC: Tensor, positions_BM: Tensor) -> Tensor:
    """The rows [B, M, C] of some positions, which differ from image to image."""
    return values_BNC.gather(1, positions_BM[..., None].expand(-1, -1, values_BNC.shape[-1]))


def _with_margin(scores_BMC: Tensor, noise_BMC: Tensor, codes_BM: Tensor) -> Tensor:
    """The noise, raised at the codes where others come so near that rounding might decide."""
    sums_BMC = scores_BMC + noise_BMC
    index_BM1 = codes_BM[..., None]
    others_BMC = sums_BMC.scatter(-1, index_BM1, -torch.inf)
    needed_BM1 = others_BMC.amax(-1, keepdim=True) + _MARGIN - sums_BMC.gather(-1, index_BM1)
    return noise_BMC.scatter_add(-1, index_BM1, needed_BM1.clamp(min=0))
