"""Random views of pictures: moved, scaled and mirrored a little, as a person would still caption
them the same.

Shapes: B pictures, C channels (4, premultiplied RGBA in [0, 1]), H W rows and columns.
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
    """One random view of each picture. What moves in from outside is transparent.

    `scales`: smallest and largest size against the original; `shift`: largest move as a fraction of
    the side; `mirror_B`: True where the picture means the same in a mirror, which then happens to
    half of them.
    """
    draw_B4 = torch.rand(len(x_BCHW), 4, generator=random)
    scale_B = scales[0] + (scales[1] - scales[0]) * draw_B4[:, 0]
    sign_B = torch.where(mirror_B & (draw_B4[:, 1] < 0.5), -1.0, 1.0)
    move_B2 = (draw_B4[:, 2:] * 2 - 1) * (2 * shift)
    matrix_B23 = torch.zeros(len(x_BCHW), 2, 3)
    matrix_B23[:, 0, 0] = sign_B / scale_B
    matrix_B23[:, 1, 1] = 1 / scale_B
    matrix_B23[:, :, 2] = move_B2
    grid_BHW2 = F.affine_grid(matrix_B23.to(x_BCHW.device), list(x_BCHW.shape), align_corners=False)
    return F.grid_sample(
        x_BCHW, grid_BHW2, mode="bilinear", padding_mode="zeros", align_corners=False
    )
