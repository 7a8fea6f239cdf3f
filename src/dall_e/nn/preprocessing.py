"""What networks that judge images make of them first: opaque, at a size of their own.

Shapes: B images, C 4 channels (premultiplied RGBA), 3 channels of RGB, H W rows and columns, S the
network's side.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def composite_and_resize(side: int, x_BCHW: Tensor, background_BC: Tensor | None = None) -> Tensor:
    """Put images on a flat background and resize them, to opaque RGB [B, 3, S, S].

    Images are premultiplied RGBA [B, 4, H, W] in [0, 1]. The background is [B, 3], or white.
    """
    colour_B3HW, alpha_B1HW = x_BCHW.split((3, 1), dim=1)
    white_B3 = colour_B3HW.new_ones(len(x_BCHW), 3)
    background_B311 = (white_B3 if background_BC is None else background_BC)[..., None, None]
    opaque_B3HW: Tensor = colour_B3HW + background_B311 * (1 - alpha_B1HW)
    if opaque_B3HW.shape[2:] == (side, side):
        return opaque_B3HW

    # A CPU resizes in float32 only.
    resized_B3SS: Tensor = F.interpolate(
        opaque_B3HW.float(), size=(side, side), mode="bilinear", antialias=True, align_corners=False
    )
    return resized_B3SS.to(x_BCHW.dtype)
