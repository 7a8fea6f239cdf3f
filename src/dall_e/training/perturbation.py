"""Tokens moved to neighbouring codes before decoding, so that the decoder forgives errors.

Shapes: B pictures of a batch, P of them perturbed, N tokens of a picture, D latent channels, H W
rows and columns.
"""

from __future__ import annotations

import torch
from torch import Tensor

from dall_e.models.quantizer import FSQ, Quantized


def moved_codes(
    codes_BN: Tensor,
    quantizer: FSQ,
    rng: torch.Generator | None,
    *,
    num_images: int,
    most_tokens: float,
) -> Tensor:
    """Codes [B, N], some of those of the first pictures moved to neighbours.

    Each of the first `num_images` pictures draws its own fraction of tokens to move, up to
    `most_tokens`. Without `rng` nothing is moved.
    """
    if not num_images or rng is None:
        return codes_BN
    first_PN, device = codes_BN[:num_images], codes_BN.device
    seed = int(torch.randint(2**62, (), generator=rng))
    own_rng = torch.Generator(device).manual_seed(seed)
    fraction_P1 = torch.rand(num_images, 1, generator=own_rng, device=device) * most_tokens
    draws_PN = torch.rand(first_PN.shape, generator=own_rng, device=device)
    neighbour_PN = quantizer.neighbours(first_PN, own_rng)
    moved_PN = torch.where(draws_PN < fraction_P1, neighbour_PN, first_PN)
    return torch.cat((moved_PN, codes_BN[num_images:]))


def perturb(
    quantized: Quantized,
    quantizer: FSQ,
    rng: torch.Generator,
    *,
    num_images: int,
    most_tokens: float,
) -> Tensor:
    """The latents [B, D, H, W] with some tokens of the first pictures moved to neighbours.

    Each of the first `num_images` pictures draws its own fraction of tokens to move, up to
    `most_tokens`. Gradients flow as if nothing had moved.
    """
    latents_BDHW = quantized.latents_BDHW
    if num_images == 0:
        return latents_BDHW

    codes_PHW = quantized.codes_BHW[:num_images]
    device = codes_PHW.device
    fraction_P11 = torch.rand(num_images, 1, 1, device=device, generator=rng)
    draws_PHW = torch.rand(codes_PHW.shape, device=device, generator=rng)
    is_moved_PHW = draws_PHW < fraction_P11 * most_tokens

    neighbour_PDHW = quantizer.embed(quantizer.neighbours(codes_PHW, rng))
    change_PDHW = (neighbour_PDHW - latents_BDHW[:num_images]).detach() * is_moved_PHW[:, None]
    moved_PDHW = latents_BDHW[:num_images] + change_PDHW
    return torch.cat((moved_PDHW, latents_BDHW[num_images:]))
