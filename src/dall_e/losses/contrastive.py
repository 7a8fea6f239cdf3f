"""Text against picture: the pairwise sigmoid loss.

Shapes: B pairs, D width of the shared space.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def sigmoid_contrastive_loss(
    *, image_BD: Tensor, text_BD: Tensor, log_scale: Tensor, bias: Tensor, same_BB: Tensor
) -> tuple[Tensor, dict[str, Tensor]]:
    """-mean log sigma(y_ij (exp(log_scale) u_i . v_j + bias)), y = 1 for a pair, -1 else (SigLIP, arXiv 2303.15343).

    `same_BB` is True where picture i and caption j mean the same thing: off the diagonal such pairs do not count. The
    part "matched" is the share of pictures whose own caption, or one that means the same, scores highest.
    """
    image_BD, text_BD = F.normalize(image_BD.float(), dim=-1), F.normalize(text_BD.float(), dim=-1)
    logits_BB = log_scale.exp() * image_BD @ text_BD.T + bias
    own_BB = torch.eye(len(logits_BB), dtype=torch.bool, device=logits_BB.device)
    counted_BB = own_BB | ~same_BB
    pair_losses_BB = F.softplus(torch.where(own_BB, -logits_BB, logits_BB))
    loss = pair_losses_BB[counted_BB].sum() / len(logits_BB)
    best_B = logits_BB.argmax(1, keepdim=True)
    return loss, {"contrastive": loss.detach(), "matched": same_BB.gather(1, best_B).float().mean()}
