"""Things on a map: the focal loss of middles, and the colours at those places.

Shapes: B pictures, K things, C colours, O objects of a batch, H W rows and columns of the map.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def middle_loss(*, logits_BKHW: Tensor, heat_BKHW: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
    """The focal loss of CenterNet (arXiv 1904.07850, eq. 1), summed over places and divided by the
    number of objects.

    -(1 - p)^2 log p where heat is 1, the middle of an object; -(1 - heat)^4 p^2 log(1 - p)
    elsewhere, where heat falls off around middles, so that a near miss costs little.
    """
    logits_BKHW = logits_BKHW.float()
    fraction_BKHW = logits_BKHW.sigmoid()
    there_BKHW = heat_BKHW == 1
    hit_BKHW = (1 - fraction_BKHW).square() * F.softplus(-logits_BKHW)
    miss_BKHW = (1 - heat_BKHW).pow(4) * fraction_BKHW.square() * F.softplus(logits_BKHW)
    loss = torch.where(there_BKHW, hit_BKHW, miss_BKHW).sum() / there_BKHW.sum().clamp_min(1)
    return loss, {"middle": loss.detach()}


def colour_loss(
    *, logits_BCHW: Tensor, places_O3: Tensor, colour_O: Tensor
) -> tuple[Tensor, dict[str, Tensor]]:
    """Cross-entropy of the colours at the middles of objects: (picture, row, column) each, -1 for
    an unknown colour."""
    logits_OC = logits_BCHW.float().permute(0, 2, 3, 1)[tuple(places_O3.T)]
    known_O = colour_O >= 0
    loss = F.cross_entropy(
        logits_OC, colour_O, ignore_index=-1, reduction="sum"
    ) / known_O.sum().clamp_min(1)
    right = (logits_OC.argmax(1) == colour_O)[known_O].float().sum() / known_O.sum().clamp_min(1)
    return loss, {"colour": loss.detach(), "colour_right": right}
