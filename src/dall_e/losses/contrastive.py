"""Text against picture: the pairwise sigmoid loss, nearly right captions, and how often the own one
is found.

Shapes: B pairs or pictures, H pairs with a wrong caption, T captions, K distractors, D width of the
shared space.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def sigmoid_contrastive_loss(
    *, image_BD: Tensor, text_BD: Tensor, log_scale: Tensor, bias: Tensor, same_BB: Tensor
) -> tuple[Tensor, dict[str, Tensor]]:
    """-mean log sigma(y_ij (exp(log_scale) u_i . v_j + bias)), y = 1 for a pair, -1 else (SigLIP,
    arXiv 2303.15343).

    `same_BB` is True where picture i and caption j mean the same thing: off the diagonal such pairs
    do not count. The part "matched" is the fraction of pictures whose own caption, or one that means
    the same, scores highest.
    """
    image_BD, text_BD = F.normalize(image_BD.float(), dim=-1), F.normalize(text_BD.float(), dim=-1)
    logits_BB = log_scale.exp() * image_BD @ text_BD.T + bias
    own_BB = torch.eye(len(logits_BB), dtype=torch.bool, device=logits_BB.device)
    counted_BB = own_BB | ~same_BB
    pair_losses_BB = F.softplus(torch.where(own_BB, -logits_BB, logits_BB))
    loss = pair_losses_BB[counted_BB].sum() / len(logits_BB)
    best_B = logits_BB.argmax(1, keepdim=True)
    return loss, {"contrastive": loss.detach(), "matched": same_BB.gather(1, best_B).float().mean()}


def wrong_caption_loss(
    *, image_HD: Tensor, own_HD: Tensor, wrong_HD: Tensor, log_scale: Tensor
) -> tuple[Tensor, dict[str, Tensor]]:
    """-mean log sigma(exp(log_scale) (u . own - u . wrong)): each picture's own caption must beat a
    nearly right one.

    Unlike a further negative of the sigmoid loss it asks for nothing but the difference, so
    captions that share all but one word may stay close to each other and to the picture. The part
    "told_apart" is the share that is in order.
    """
    image_HD, own_HD, wrong_HD = (
        F.normalize(x.float(), dim=-1) for x in (image_HD, own_HD, wrong_HD)
    )
    margin_H = (image_HD * (own_HD - wrong_HD)).sum(-1)
    loss = F.softplus(-log_scale.exp() * margin_H).mean()
    return loss, {"wrong_caption": loss.detach(), "told_apart": (margin_H > 0).float().mean()}


def first_among(
    scores_BT: Tensor, own_B: Tensor, same_BT: Tensor, *, choices: int, seed: int
) -> Tensor:
    """R-precision at 1: bool [B], whether a picture's own caption scores highest among `choices`
    captions.

    scores_BT: of pictures against all captions; own_B: index of each picture's caption; same_BT:
    True where caption and picture mean the same, which are never drawn as distractors. The `choices
    - 1` distractors of each picture are drawn at random from the others, by the seed. A tie is
    lost. Raises ValueError if there are too few others.
    """
    others_BT = ~same_BT.scatter(1, own_B[:, None], True)
    fewest = int(others_BT.sum(1).min())
    if fewest < choices - 1:
        raise ValueError(
            f"{choices} choices need {choices - 1} captions that mean something else, there are {fewest}"
        )
    generator = torch.Generator().manual_seed(seed)
    draw_BT = (
        torch.rand(scores_BT.shape, generator=generator)
        .to(scores_BT.device)
        .masked_fill(~others_BT, -1.0)
    )
    distractors_BK = draw_BT.topk(choices - 1, dim=1).indices
    own_score_B1 = scores_BT.gather(1, own_B[:, None])
    return (own_score_B1 > scores_BT.gather(1, distractors_BK)).all(1)
