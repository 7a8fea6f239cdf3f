"""How networks that judge pictures look at them: opaque, at a side of their own.

Shapes: B pictures, C 4 channels (premultiplied RGBA), 3 channels of RGB, H W rows and columns, S
the side looked at.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def composite_and_resize(side: int, x_BCHW: Tensor, background_BC: Tensor | None = None) -> Tensor:
    """Pictures of any side, premultiplied RGBA in [0, 1], as [B, 3, S, S] on flat colours [B, 3],
    or on white."""
    colour_B3HW, alpha_B1HW = x_BCHW.split((3, 1), dim=1)
    white_B3 = colour_B3HW.new_ones(len(x_BCHW), 3)
    background_B311 = (white_B3 if background_BC is None else background_BC)[..., None, None]
    opaque_B3HW: Tensor = colour_B3HW + background_B311 * (1 - alpha_B1HW)
    if opaque_B3HW.shape[2:] == (side, side):
        return opaque_B3HW
    # A CPU resizes in float32 only.
    seen_B3SS: Tensor = F.interpolate(
        opaque_B3HW.float(), size=(side, side), mode="bilinear", antialias=True, align_corners=False
    )
    return seen_B3SS.to(x_BCHW.dtype)
