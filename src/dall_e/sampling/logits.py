"""Guidance and filters on logits: pure functions, [..., C] to [..., C].

Shapes: B pictures, M tokens of a step, C codes.
"""

from __future__ import annotations

import torch
from torch import Tensor

_LIKELIEST = 64
"""Codes among which top-p looks first: of a thousand, sorting all takes four times as long."""


def guide(conditional_BMC: Tensor, unconditional_BMC: Tensor, scale: float | Tensor) -> Tensor:
    """Classifier-free guidance u + s (c - u) (Ho and Salimans 2022, arXiv 2207.12598); s = 1 is
    off."""
    return unconditional_BMC + scale * (conditional_BMC - unconditional_BMC)


def keep_top_k(logits_BMC: Tensor, k: int) -> Tensor:
    """All but the k largest become -inf; k = 0 keeps all."""
    if not 0 < k < logits_BMC.shape[-1]:
        return logits_BMC
    smallest = logits_BMC.topk(k, dim=-1, sorted=False).values.amin(-1, keepdim=True)
    return logits_BMC.masked_fill(logits_BMC < smallest, -torch.inf)


def keep_top_p(logits_BMC: Tensor, p: float) -> Tensor:
    """Keeps the smallest set of codes whose probabilities reach p, always the first (Holtzman 2019,
    1904.09751)."""
    if p >= 1:
        return logits_BMC
    codes = logits_BMC.shape[-1]
    # A GPU sorts quickly, and asking it whether the likeliest were enough would make it wait.
    if logits_BMC.device.type != "cpu" or codes <= 2 * _LIKELIEST:
        return _reaching(logits_BMC, p, codes)[0]
    kept_BMC, reached_BM1 = _reaching(logits_BMC, p, _LIKELIEST)
    if bool(reached_BM1.all()):
        return kept_BMC
    # Row by row, so that a picture does not depend on what else needed the sort.
    return torch.where(reached_BM1, kept_BMC, _reaching(logits_BMC, p, codes)[0])


def _reaching(logits_BMC: Tensor, p: float, among: int) -> tuple[Tensor, Tensor]:
    """The logits of which only the likeliest are finite whose shares reach p, and [B, M, 1] whether
    they do so.

    Only the `among` likeliest are looked at.
    """
    sorted_BMK, order_BMK = logits_BMC.topk(among, dim=-1)
    fraction_BMK = (sorted_BMK - logits_BMC.logsumexp(-1, keepdim=True)).exp()
    sum_BMK = fraction_BMK.cumsum(-1)
    # A code stays if the ones before it have not yet reached p.
    kept_BMK = sorted_BMK.masked_fill(sum_BMK - fraction_BMK >= p, -torch.inf)
    return torch.full_like(logits_BMC, -torch.inf).scatter(-1, order_BMK, kept_BMK), sum_BMK[
        ..., -1:
    ] >= p


def choose(
    logits_BMC: Tensor, noise_BMC: Tensor, *, temperature: float | Tensor, top_k: int, top_p: float
) -> Tensor:
    """Codes [B, M]: argmax of filtered logits / T + z. Temperature 0 takes the most likely code; in
    a tensor, which broadcasts with the logits, it must be larger."""
    if not isinstance(temperature, Tensor) and temperature == 0:
        return logits_BMC.argmax(-1)
    scaled_BMC = keep_top_p(keep_top_k(logits_BMC.float() / temperature, top_k), top_p)
    return (scaled_BMC + noise_BMC).argmax(-1)
