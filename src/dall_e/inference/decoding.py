"""From the tokens of one drawing to its pixels: image tokenizer, memory, upsampler.

Shapes: N image tokens, C H W channels (4, premultiplied RGBA), rows and columns, S side of a patch.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from dall_e.checkpoints.families.base import PublishedNetworks
from dall_e.images.curves import curves_document
from dall_e.images.painting import painted_svg
from dall_e.images.residuals import smoothed_residual, unpack_residual
from dall_e.inference.loading import Networks
from dall_e.models.image_tokenizer import ImageTokenizer, as_premultiplied
from dall_e.models.upsampler import FACTOR
from dall_e.nn.precision import entering, weight_of
from dall_e.sampling.memory import TokenMemory

_RIPPLE = 8 / 255
"""Alpha that is no drawing."""


def decode_pixels(
    networks: Networks | PublishedNetworks,
    memory: TokenMemory | None,
    codes_1N: Tensor,
    *,
    upsample: bool = False,
) -> Tensor:
    """One drawing [4, H, W] in [0, 1], at the model's own size or upsampled.

    memory: has drawings that it knows, and the details of patches. One drawing at a time:
    convolutions over a batch may round differently, and the pixels of an image must not depend on
    the others.
    """
    tokenizer, upsampler = networks.tokenizer, networks.upsampler
    curves = memory.curves_of(codes_1N[0]) if memory is not None else ""
    if curves:
        scale = FACTOR if upsample and upsampler else 1
        return _drawn(curves, scale * tokenizer.config.image_size).to(codes_1N.device)

    x_1CHW = tokenizer.detokenize(entering(tokenizer, codes_1N))
    if memory is not None and isinstance(tokenizer, ImageTokenizer):
        residual_CHW = recalled_residual(memory, tokenizer, codes_1N, x_1CHW[0])
        x_1CHW = as_premultiplied(x_1CHW + residual_CHW.to(x_1CHW))
        # Rounded cosines leave a faint ripple where nothing is.
        x_1CHW = torch.where(x_1CHW[:, 3:] > _RIPPLE, x_1CHW, 0.0)
    if upsample and upsampler:
        x_1CHW = upsampler(entering(upsampler, x_1CHW.clamp(0, 1))).float()
    return x_1CHW[0]


def decode_remembered(
    networks: Networks | PublishedNetworks, memory: TokenMemory, rows: Sequence[int]
) -> Tensor:
    """Images of a memory [B, 4, H, W] in [0, 1]."""
    codes_BN = memory.codes_IN[list(rows)].to(weight_of(networks.tokenizer).device, torch.int64)
    return torch.stack([decode_pixels(networks, memory, codes_N[None]) for codes_N in codes_BN])


def recalled_residual(
    memory: TokenMemory, tokenizer: ImageTokenizer, codes_1N: Tensor, plain_CHW: Tensor
) -> Tensor:
    """What the codes of a drawing leave out [4, H, W], float32; 0 where the memory has none alike.

    plain_CHW: the drawing as its codes say it.
    """
    rows_1N, is_found_1N = memory.nearest(codes_1N)
    row_N = torch.where(is_found_1N[0], rows_1N[0], -1)
    row_HW = row_N.unflatten(0, (tokenizer.config.grid_size, -1))
    side = tokenizer.config.patch_size
    row_pixels_HW = row_HW.repeat_interleave(side, 0).repeat_interleave(side, 1)
    rows = [row for row in row_N.unique().tolist() if row >= 0]

    # What was rounded first, as it is smoothed together.
    size = tokenizer.config.image_size
    total_CHW = torch.zeros(4, size, size, dtype=torch.float32, device="cpu")
    for row in rows:
        if memory.residuals[row]:
            residual_CHW = torch.from_numpy(unpack_residual(memory.residuals[row], size, side))
            total_CHW = torch.where(row_pixels_HW == row, residual_CHW, total_CHW)
    if total_CHW.any():
        plain = plain_CHW.float().cpu().numpy()
        total_CHW = torch.from_numpy(smoothed_residual(plain, total_CHW.numpy(), side))

    for row in rows:
        if memory.curves[row]:
            row_1N = entering(tokenizer, memory.codes_IN[row : row + 1].long())
            known_CHW = tokenizer.detokenize(row_1N)[0].float().cpu()
            residual_CHW = _drawn(memory.curves[row], size) - known_CHW
            total_CHW = torch.where(row_pixels_HW == row, residual_CHW, total_CHW)
    return total_CHW


def _drawn(curves: str, side: int) -> Tensor:
    """Curves as pixels [4, S, S] in [0, 1]."""
    pixels_SSC = painted_svg(curves_document(curves), side)
    return torch.from_numpy(pixels_SSC.transpose(2, 0, 1).astype(np.float32) / 255)
