"""Reconstruction losses: colours and alpha, edges, scales, and a network's features.

Images are premultiplied RGBA in [0, 1]. On a flat background g an image is rgb + g (1 - alpha),
which is linear in the image; so are the bands of a Laplacian pyramid. All terms are therefore
computed from one difference image.

Shapes: B batch, C channels (4 for images), H W rows and columns.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor


def over_background(x_BCHW: Tensor, background_BC: Tensor) -> Tensor:
    """Put premultiplied images [B, 4, H, W] on flat colours [B, 3] in [0, 1].

    Returns opaque RGB, then the alpha as it was. Linear in the image up to a constant: see
    `difference_on_background`.
    """
    colour_BCHW, alpha_BCHW = x_BCHW.split((3, 1), dim=1)
    opaque_BCHW = torch.addcmul(colour_BCHW, background_BC[..., None, None], 1 - alpha_BCHW)
    return torch.cat((opaque_BCHW, alpha_BCHW), dim=1)


def difference_on_background(error_BCHW: Tensor, background_BC: Tensor) -> Tensor:
    """`over_background(x + error) - over_background(x)`, for any x; the same shapes."""
    colour_BCHW, alpha_BCHW = error_BCHW.split((3, 1), dim=1)
    opaque_BCHW = torch.addcmul(colour_BCHW, background_BC[..., None, None], alpha_BCHW, value=-1)
    return torch.cat((opaque_BCHW, alpha_BCHW), dim=1)


def edge_weights(original_BCHW: Tensor, edge_weight: float) -> Tensor:
    """1 + edge_weight |grad x|, [B, 1, H, W].

    The gradient is the largest step to a right or lower neighbour over all channels. An eye or a
    thin line covers few pixels; without this a blurred one costs almost nothing.
    """
    down_BCHW = (original_BCHW[:, :, 1:] - original_BCHW[:, :, :-1]).abs().amax(1, keepdim=True)
    right_BCHW = (original_BCHW[..., 1:] - original_BCHW[..., :-1]).abs().amax(1, keepdim=True)
    # An edge belongs to the pixels on both of its sides.
    vertical_BCHW = torch.maximum(F.pad(down_BCHW, (0, 0, 0, 1)), F.pad(down_BCHW, (0, 0, 1, 0)))
    horizontal_BCHW = torch.maximum(F.pad(right_BCHW, (0, 1)), F.pad(right_BCHW, (1, 0)))
    return 1 + edge_weight * torch.maximum(vertical_BCHW, horizontal_BCHW)


def pyramid_l1(difference_BCHW: Tensor, num_levels: int = 3) -> Tensor:
    """Mean absolute value of each band of a Laplacian pyramid, summed over the bands; scalar.

    Bojanowski et al. 2018, eq. 3 (arXiv 1707.05776), with 2x2 means as the filter. The bands are
    what a level loses in the next coarser one; the last level counts as a band. H and W that are
    odd lose their last row or column.
    """
    total = difference_BCHW.new_zeros(())
    for _ in range(num_levels):
        coarse_BCHW = F.avg_pool2d(difference_BCHW, 2)
        height, width = coarse_BCHW.shape[-2] * 2, coarse_BCHW.shape[-1] * 2
        band_BCHW = difference_BCHW[..., :height, :width] - F.interpolate(
            coarse_BCHW, scale_factor=2.0, mode="nearest"
        )
        total = total + band_BCHW.abs().mean()
        difference_BCHW = coarse_BCHW
    return total + difference_BCHW.abs().mean()


def image_loss(
    *,
    original_BCHW: Tensor,
    reconstruction_BCHW: Tensor,
    background_BC: Tensor,
    edge_weight: float,
    pyramid_weight: float,
) -> tuple[Tensor, dict[str, Tensor]]:
    """Edge-weighted L1 of colour on a background and of alpha, plus Laplacian-pyramid L1.

    Images are float [B, 4, H, W] in [0, 1], premultiplied; backgrounds [B, 3] in [0, 1]. With a
    random background a decoder that guesses the colour behind transparent pixels is wrong on
    average, so it learns the transparency. Returns the scalar and its parts `l1` (unweighted) and
    `pyramid`.
    """
    error_BCHW = reconstruction_BCHW.float() - original_BCHW
    difference_BCHW = difference_on_background(error_BCHW, background_BC)
    absolute_BCHW = difference_BCHW.abs()
    weighted = (absolute_BCHW * edge_weights(original_BCHW, edge_weight)).mean()
    pyramid = pyramid_l1(difference_BCHW)
    parts = {"l1": absolute_BCHW.detach().mean(), "pyramid": pyramid.detach()}
    return weighted + pyramid_weight * pyramid, parts


def feature_matching_loss(
    *, original: Sequence[Tensor], reconstruction: Sequence[Tensor]
) -> tuple[Tensor, dict[str, Tensor]]:
    """Mean L1 between features of both images, relative to the original's, averaged over layers.

    Wang et al. 2018 (pix2pixHD), eq. 4, made independent of the features' scale, which grows while
    their network learns. It can be used as a tokenizer's reals and fakes come in pairs. No gradient
    flows to the original. Raises ValueError on different numbers of layers.
    """
    if len(original) != len(reconstruction):
        raise ValueError(f"{len(original)} layers of features against {len(reconstruction)}")
    layer_losses: list[Tensor] = []
    for real, fake in zip(original, reconstruction, strict=True):
        target = real.detach().float()
        scale = target.abs().mean().clamp_min(1e-6)
        layer_losses.append(F.l1_loss(fake.float(), target) / scale)
    loss = torch.stack(layer_losses).mean()
    return loss, {"features": loss.detach()}
