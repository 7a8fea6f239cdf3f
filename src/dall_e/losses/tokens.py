"""Losses over image codes.

Shapes: B images, N tokens in order of revelation, M chosen tokens, C codes.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def token_loss(
    *,
    logits_BNC: Tensor,
    targets_BN: Tensor,
    first_weight: float = 1.0,
    log_partition_weight: float = 1e-4,
) -> tuple[Tensor, dict[str, Tensor]]:
    """Cross-entropy in nats per token: the negative log-likelihood of the sampler.

    A token's weight falls linearly from `first_weight` for the first revealed to 1 for the last,
    scaled to mean 1: the first tokens decide what the image is, and are learnt last.
    `log_partition_weight` times (log sum exp)^2 keeps logits from drifting (PaLM, arXiv
    2204.02311). The part "nats" is the plain mean, without weights.
    """
    ramp_N = torch.linspace(first_weight, 1, logits_BNC.shape[1], device=logits_BNC.device)
    ramp_N = ramp_N / ramp_N.mean()
    logits_BNC = logits_BNC.float()
    log_partition_BN = logits_BNC.logsumexp(-1)
    nats_BN = log_partition_BN - logits_BNC.gather(-1, targets_BN[..., None])[..., 0]
    loss = (ramp_N * nats_BN).mean() + log_partition_weight * log_partition_BN.square().mean()
    return loss, {"nats": nats_BN.mean().detach()}


def correction_loss(
    *, logits_BNC: Tensor, targets_BN: Tensor, replaced_BN: Tensor, clean_BN: Tensor
) -> tuple[Tensor, dict[str, Tensor]]:
    """Cross-entropy of the true token where the context has a replaced one, and where it is clean.

    Without the clean ones the head would learn never to trust its input, without the replaced ones
    to copy it. The part "found" is the fraction of replaced tokens for which the true one comes
    first.
    """
    chosen_BN = replaced_BN | clean_BN
    if not bool(chosen_BN.any()):
        zero = logits_BNC.sum() * 0
        return zero, {"correction": zero.detach(), "found": zero.detach()}

    logits_MC, targets_M = logits_BNC[chosen_BN].float(), targets_BN[chosen_BN]
    loss = F.cross_entropy(logits_MC, targets_M)
    hits_M = (logits_MC.argmax(-1) == targets_M)[replaced_BN[chosen_BN]]
    return loss, {
        "correction": loss.detach(),
        "found": hits_M.float().sum() / max(1, hits_M.numel()),
    }
