"""Pictures made soft: those of a model are softer than those of a designer.

Shapes: B pictures, P of them soft, C 4 channels (premultiplied RGBA), H W rows and columns.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def softened(x_BCHW: Tensor, soft_B: Tensor) -> Tensor:
    """Pictures, those marked at half of their resolution."""
    if not bool(soft_B.any()):
        return x_BCHW
    half_PCHW = F.interpolate(
        x_BCHW[soft_B], scale_factor=0.5, mode="bilinear", antialias=True, align_corners=False
    )
    x_BCHW[soft_B] = F.interpolate(
        half_PCHW, size=x_BCHW.shape[2:], mode="bilinear", align_corners=False
    )
    return x_BCHW
