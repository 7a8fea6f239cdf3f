"""Guidance and filters on logits: pure functions, [..., C] to [..., C].

Shapes: B images, M tokens of a step, C codes, K of them in order of probability.
"""

from __future__ import annotations

import torch
from torch import Tensor

_LIKELIEST = 64
"""Codes among which top-p looks first: of a thousand, sorting all takes four times as long."""


def guide(conditional_BMC: Tensor, unconditional_BMC: Tensor, scale: float | Tensor) -> Tensor:
    """Classifier-free guidance u + s (c - u); s = 1 is off (Ho and Salimans 2022, 2207.12598)."""
    return unconditional_BMC + scale * (conditional_BMC - unconditional_BMC)


def keep_top_k(logits_BMC: Tensor, k: int) -> Tensor:
    """Set all but the k largest logits to -inf; k = 0 keeps all."""
    if not 0 < k < logits_BMC.shape[-1]:
        return logits_BMC
    smallest = logits_BMC.topk(k, dim=-1, sorted=False).values.amin(-1, keepdim=True)
    return logits_BMC.masked_fill(logits_BMC < smallest, -torch.inf)


def keep_top_p(logits_BMC: Tensor, p: float) -> Tensor:
    """Keep the smallest set of codes whose probabilities reach p, always the likeliest.

    The other logits become -inf (nucleus sampling, Holtzman et al. 2019, arXiv 1904.09751).
    """
    if p >= 1:
        return logits_BMC
    num_codes = logits_BMC.shape[-1]

    # A GPU sorts quickly, and asking it whether the likeliest were enough would make it wait.
    if logits_BMC.device.type != "cpu" or num_codes <= 2 * _LIKELIEST:
        return _nucleus(logits_BMC, p, num_codes)[0]

    kept_BMC, is_whole_BM1 = _nucleus(logits_BMC, p, _LIKELIEST)
    if bool(is_whole_BM1.all()):
        return kept_BMC
    # Row by row, so that an image does not depend on what else needed the sort.
    return torch.where(is_whole_BM1, kept_BMC, _nucleus(logits_BMC, p, num_codes)[0])


def _nucleus(logits_BMC: Tensor, p: float, among: int) -> tuple[Tensor, Tensor]:
    """The nucleus among the `among` likeliest codes, and whether it reaches p, bool [B, M, 1]."""
    sorted_BMK, order_BMK = logits_BMC.topk(among, dim=-1)
    probability_BMK = (sorted_BMK - logits_BMC.logsumexp(-1, keepdim=True)).exp()
    sum_BMK = probability_BMK.cumsum(-1)

    # A code stays if the ones before it have not yet reached p.
    kept_BMK = sorted_BMK.masked_fill(sum_BMK - probability_BMK >= p, -torch.inf)
    nothing_BMC = torch.full_like(logits_BMC, -torch.inf)
    return nothing_BMC.scatter(-1, order_BMK, kept_BMK), sum_BMK[..., -1:] >= p


def choose(
    logits_BMC: Tensor, noise_BMC: Tensor, *, temperature: float | Tensor, top_k: int, top_p: float
) -> Tensor:
    """Codes [B, M]: argmax of filtered logits / T + z.

    Temperature 0 takes the likeliest code; in a tensor, which broadcasts with the logits, it must
    be larger.
    """
    if not isinstance(temperature, Tensor) and temperature == 0:
        return logits_BMC.argmax(-1)
    scaled_BMC = keep_top_p(keep_top_k(logits_BMC.float() / temperature, top_k), top_p)
    return (scaled_BMC + noise_BMC).argmax(-1)
