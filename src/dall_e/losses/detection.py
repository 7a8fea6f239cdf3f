"""Losses of the detector: the focal loss of the middles of things, and their colours.

Shapes: B images, K things, C colours, O objects of a batch, H W rows and columns of the map.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def middle_loss(*, logits_BKHW: Tensor, heat_BKHW: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
    """The focal loss of CenterNet, summed over the map and divided by the number of objects.

    Equation 1 of arXiv 1904.07850: -(1 - p)^2 log p where heat is 1, the middle of an object;
    -(1 - heat)^4 p^2 log(1 - p) elsewhere, where heat falls off around middles, so that a near miss
    costs little.
    """
    logits_BKHW = logits_BKHW.float()
    probability_BKHW = logits_BKHW.sigmoid()
    is_middle_BKHW = heat_BKHW == 1
    positive_BKHW = (1 - probability_BKHW).square() * F.softplus(-logits_BKHW)
    negative_BKHW = (1 - heat_BKHW).pow(4) * probability_BKHW.square() * F.softplus(logits_BKHW)
    losses_BKHW = torch.where(is_middle_BKHW, positive_BKHW, negative_BKHW)
    loss = losses_BKHW.sum() / is_middle_BKHW.sum().clamp_min(1)
    return loss, {"middle": loss.detach()}


def colour_loss(
    *, logits_BCHW: Tensor, places_O3: Tensor, colour_O: Tensor
) -> tuple[Tensor, dict[str, Tensor]]:
    """Cross-entropy of the colours at the middles of objects.

    `places_O3` holds image, row and column of each object, `colour_O` its colour, -1 if unknown.
    The part "colour_right" is the fraction of known colours that come first.
    """
    logits_OC = logits_BCHW.float().permute(0, 2, 3, 1)[tuple(places_O3.T)]
    known_O = colour_O >= 0
    num_known = known_O.sum().clamp_min(1)
    loss = F.cross_entropy(logits_OC, colour_O, ignore_index=-1, reduction="sum") / num_known
    right = (logits_OC.argmax(1) == colour_O)[known_O].float().sum() / num_known
    return loss, {"colour": loss.detach(), "colour_right": right}
