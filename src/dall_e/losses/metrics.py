"""Metrics that training and evaluation share: PSNR of images, R-precision of a dual encoder.

Shapes: B images, C 4 channels, H W rows and columns, T captions, K distractors.
"""

from __future__ import annotations

import torch
from torch import Tensor


def peak_signal_to_noise(*, original_BCHW: Tensor, reconstruction_BCHW: Tensor) -> Tensor:
    """PSNR in dB of each image [B], over all channels.

    Images are [B, 4, H, W] in [0, 1]; the reconstruction is clamped. At most 100 dB.
    """
    error_BCHW = reconstruction_BCHW.float().clamp(0, 1) - original_BCHW.float()
    mean_square_B = error_BCHW.square().mean((1, 2, 3))
    return -10 * torch.log10(mean_square_B.clamp_min(1e-10))


def r_precision_hits(
    scores_BT: Tensor, own_B: Tensor, same_BT: Tensor, *, choices: int, seed: int
) -> Tensor:
    """R-precision at 1: bool [B], whether an image's own caption scores highest among `choices`.

    `scores_BT`: of images against all captions; `own_B`: index of each image's caption; `same_BT`:
    True where caption and image mean the same, which are never drawn as distractors. The `choices
    - 1` distractors of each image are drawn at random from the others, by the seed. A tie is lost.
    Raises ValueError if there are too few others.
    """
    others_BT = ~same_BT.scatter(1, own_B[:, None], True)
    fewest = int(others_BT.sum(1).min())
    if fewest < choices - 1:
        raise ValueError(
            f"{choices} choices need {choices - 1} captions that mean something else, "
            f"there are {fewest}"
        )

    # The distractors are the others with the largest random numbers.
    generator = torch.Generator().manual_seed(seed)
    random_BT = torch.rand(scores_BT.shape, generator=generator).to(scores_BT.device)
    random_BT = random_BT.masked_fill(~others_BT, -1.0)
    distractors_BK = random_BT.topk(choices - 1, dim=1).indices

    own_score_B1 = scores_BT.gather(1, own_B[:, None])
    return (own_score_B1 > scores_BT.gather(1, distractors_BK)).all(1)
