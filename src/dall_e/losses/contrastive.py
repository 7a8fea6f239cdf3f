"""Losses of text against image: the pairwise sigmoid loss, and nearly right captions.

Shapes: B pairs, H pairs with a wrong caption, D width of the shared space.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def sigmoid_contrastive_loss(
    *, image_BD: Tensor, text_BD: Tensor, log_scale: Tensor, bias: Tensor, same_BB: Tensor
) -> tuple[Tensor, dict[str, Tensor]]:
    """-mean log sigma(y_ij (exp(log_scale) u_i . v_j + bias)), y = 1 for a pair, -1 otherwise.

    SigLIP, arXiv 2303.15343. `same_BB` is True where image i and caption j mean the same thing: off
    the diagonal such pairs do not count. The part "matched" is the fraction of images whose own
    caption, or one that means the same, scores highest.
    """
    image_BD, text_BD = F.normalize(image_BD.float(), dim=-1), F.normalize(text_BD.float(), dim=-1)
    logits_BB = log_scale.exp() * image_BD @ text_BD.T + bias

    is_pair_BB = torch.eye(len(logits_BB), dtype=torch.bool, device=logits_BB.device)
    counted_BB = is_pair_BB | ~same_BB
    pair_losses_BB = F.softplus(torch.where(is_pair_BB, -logits_BB, logits_BB))
    loss = pair_losses_BB[counted_BB].sum() / len(logits_BB)
    best_B = logits_BB.argmax(1, keepdim=True)
    return loss, {"contrastive": loss.detach(), "matched": same_BB.gather(1, best_B).float().mean()}


def wrong_caption_loss(
    *, image_HD: Tensor, own_HD: Tensor, wrong_HD: Tensor, log_scale: Tensor
) -> tuple[Tensor, dict[str, Tensor]]:
    """-mean log sigma(exp(log_scale) (u . own - u . wrong)).

    Each image's own caption must beat a nearly right one. Unlike a further negative of the sigmoid
    loss it asks for nothing but the difference, so captions that share all but one word may stay
    close to each other and to the image. The part "told_apart" is the fraction in the right order.
    """
    image_HD, own_HD, wrong_HD = (
        F.normalize(x.float(), dim=-1) for x in (image_HD, own_HD, wrong_HD)
    )
    margin_H = (image_HD * (own_HD - wrong_HD)).sum(-1)
    loss = F.softplus(-log_scale.exp() * margin_H).mean()
    return loss, {"wrong_caption": loss.detach(), "told_apart": (margin_H > 0).float().mean()}
