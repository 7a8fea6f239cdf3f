"""Random views of images: moved, scaled and mirrored a little, so that captions still fit.

Shapes: B images, C 4 channels (premultiplied RGBA in [0, 1]), H W rows and columns.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def random_views(
    x_BCHW: Tensor,
    random: torch.Generator,
    *,
    mirror_B: Tensor,
    scales: tuple[float, float] = (0.8, 1.08),
    shift: float = 0.06,
) -> Tensor:
    """One random view of each image. What moves in from outside is transparent.

    `scales` are the smallest and the largest size against the original, and `shift` is the largest
    move as a fraction of the side. `mirror_B` is True where the image means the same in a mirror;
    half of those are mirrored.
    """
    draw_B4 = torch.rand(len(x_BCHW), 4, generator=random)
    scale_B = scales[0] + (scales[1] - scales[0]) * draw_B4[:, 0]
    sign_B = torch.where(mirror_B & (draw_B4[:, 1] < 0.5), -1.0, 1.0)
    move_B2 = (draw_B4[:, 2:] * 2 - 1) * (2 * shift)

    # An affine matrix for each image; coordinates run from -1 to 1.
    matrix_B23 = torch.zeros(len(x_BCHW), 2, 3)
    matrix_B23[:, 0, 0] = sign_B / scale_B
    matrix_B23[:, 1, 1] = 1 / scale_B
    matrix_B23[:, :, 2] = move_B2

    grid_BHW2 = F.affine_grid(matrix_B23.to(x_BCHW.device), list(x_BCHW.shape), align_corners=False)
    return F.grid_sample(
        x_BCHW, grid_BHW2, mode="bilinear", padding_mode="zeros", align_corners=False
    )
