"""From the tokens of one drawing to its pixels: image tokenizer, memory, upsampler.

Shapes: N image tokens, C H W channels (4, premultiplied RGBA), rows and columns, S side of a patch.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from dall_e.checkpoints.families.base import PublishedNetworks
from dall_e.images.residuals import smoothed_residual, unpack_residual
from dall_e.inference.loading import Networks
from dall_e.models.image_tokenizer import ImageTokenizer, as_premultiplied
from dall_e.nn.precision import entering, weight_of
from dall_e.sampling.memory import TokenMemory

_RIPPLE = 8 / 255
"""Alpha that is no drawing."""
_AT_A_TIME = 32
"""Images of the memory that are decoded together."""


def decode_pixels(
    networks: Networks | PublishedNetworks,
    memory: TokenMemory | None,
    codes_1N: Tensor,
    *,
    upsample: bool = False,
) -> Tensor:
    """One drawing [4, H, W] in [0, 1], at the model's own size or upsampled.

    memory: has the details of patches that it knows. One drawing at a time: convolutions over a
    batch may round differently, and the pixels of an image must not depend on the others.
    """
    tokenizer, upsampler = networks.tokenizer, networks.upsampler
    x_1CHW = tokenizer.detokenize(entering(tokenizer, codes_1N))
    if memory is not None and isinstance(tokenizer, ImageTokenizer):
        sizes = tokenizer.config
        residual_CHW = recalled_residual(memory, codes_1N, sizes.image_size, sizes.patch_size)
        if residual_CHW.any():
            plain_CHW = x_1CHW[0].float().cpu().numpy()
            smooth_CHW = smoothed_residual(plain_CHW, residual_CHW.numpy(), sizes.patch_size)
            residual_CHW = torch.from_numpy(smooth_CHW)
        x_1CHW = as_premultiplied(x_1CHW + residual_CHW.to(x_1CHW))
        # Rounded cosines leave a faint ripple where nothing is.
        x_1CHW = torch.where(x_1CHW[:, 3:] > _RIPPLE, x_1CHW, 0.0)
    if upsample and upsampler:
        x_1CHW = upsampler(entering(upsampler, x_1CHW.clamp(0, 1))).float()
    return x_1CHW[0]


def decode_remembered(
    networks: Networks | PublishedNetworks, memory: TokenMemory, rows: Sequence[int]
) -> Tensor:
    """Images of a memory [B, 4, H, W] in [0, 1], each with its own details.

    Many at a time, so they may be a rounding off what is drawn.
    """
    tokenizer = networks.tokenizer
    assert isinstance(tokenizer, ImageTokenizer)
    sizes = tokenizer.config
    decoded: list[Tensor] = []
    for start in range(0, len(rows), _AT_A_TIME):
        some = list(rows[start : start + _AT_A_TIME])
        codes_BN = memory.codes_IN[some].to(weight_of(tokenizer).device, torch.int64)
        x_BCHW = tokenizer.detokenize(codes_BN)
        residuals = [
            torch.from_numpy(
                unpack_residual(memory.residuals[row], sizes.image_size, sizes.patch_size)
            )
            for row in some
        ]
        x_BCHW = as_premultiplied(x_BCHW + torch.stack(residuals).to(x_BCHW))
        decoded.append(torch.where(x_BCHW[:, 3:] > _RIPPLE, x_BCHW, 0.0))
    return torch.cat(decoded)


def recalled_residual(memory: TokenMemory, codes_1N: Tensor, size: int, side: int) -> Tensor:
    """What the codes of a drawing leave out [4, H, W], float32; 0 where the memory has none alike.

    size: of the image; side: of a patch, both in pixels.
    """
    rows_1N, is_found_1N = memory.nearest(codes_1N)
    row_N = torch.where(is_found_1N[0], rows_1N[0], -1)
    row_HW = row_N.unflatten(0, (size // side, -1))
    row_pixels_HW = row_HW.repeat_interleave(side, 0).repeat_interleave(side, 1)

    total_CHW = torch.zeros(4, size, size, dtype=torch.float32, device="cpu")
    for row in row_N.unique().tolist():
        if row >= 0:
            residual_CHW = torch.from_numpy(unpack_residual(memory.residuals[row], size, side))
            total_CHW = torch.where(row_pixels_HW == row, residual_CHW, total_CHW)
    return total_CHW
