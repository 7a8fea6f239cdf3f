"""Guidance and filters on logits: pure functions, [..., C] to [..., C].

Shapes: B pictures, M tokens of a step, C codes.
"""

from __future__ import annotations

import torch
from torch import Tensor


def guide(conditional_BMC: Tensor, unconditional_BMC: Tensor, scale: float | Tensor) -> Tensor:
    """Classifier-free guidance u + s (c - u) (Ho and Salimans 2022, arXiv 2207.12598); s = 1 is off."""
    return unconditional_BMC + scale * (conditional_BMC - unconditional_BMC)


def keep_top_k(logits_BMC: Tensor, k: int) -> Tensor:
    """All but the k largest become -inf; k = 0 keeps all."""
    if not 0 < k < logits_BMC.shape[-1]:
        return logits_BMC
    smallest = logits_BMC.topk(k, dim=-1).values[..., -1:]
    return logits_BMC.masked_fill(logits_BMC < smallest, -torch.inf)


def keep_top_p(logits_BMC: Tensor, p: float) -> Tensor:
    """Keeps the smallest set of codes whose probabilities reach p, always the first (Holtzman 2019, 1904.09751)."""
    if p >= 1:
        return logits_BMC
    sorted_BMC, order_BMC = logits_BMC.sort(dim=-1, descending=True)
    share_BMC = sorted_BMC.softmax(-1)
    # A code stays if the ones before it have not yet reached p.
    out_BMC = share_BMC.cumsum(-1) - share_BMC >= p
    return logits_BMC.masked_fill(out_BMC.scatter(-1, order_BMC, out_BMC), -torch.inf)


def choose(logits_BMC: Tensor, noise_BMC: Tensor, *, temperature: float, top_k: int, top_p: float) -> Tensor:
    """Codes [B, M]: argmax of filtered logits / T + z. Temperature 0 takes the most likely code."""
    if temperature == 0:
        return logits_BMC.argmax(-1)
    scaled_BMC = keep_top_p(keep_top_k(logits_BMC.float() / temperature, top_k), top_p)
    return (scaled_BMC + noise_BMC).argmax(-1)
