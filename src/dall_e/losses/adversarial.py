"""Adversarial losses: the game between generator and discriminator.

D(x) = sum of d_i(x) is the logit of "x is real". The game L(G, D) = E_real log sigma(D(x)) + E_fake
log(1 - sigma(D(x))) is played in two places.

*Pixels.* D sums over scales and patches, and plays in the relativistic pairing form
(Jolicoeur-Martineau 2018; R3GAN, Huang et al. 2024, arXiv 2501.05441 eq. 4-6): it must rank a real
image above *its own* reconstruction, which suits a tokenizer, whose reals and fakes come in pairs.

*Codes.* D sums over the steps of the generator, and is the generator itself: d_i = beta log(p_theta
/ p_ref) of the group that step i reveals, p_ref being the generator as it was when it drew the
fakes (direct discriminative optimisation, Zheng et al. 2025, arXiv 2503.01103 eq. 8 and 13).
Whoever tells real from fake best this way is the better generator: at the optimum p_theta is
proportional to p_ref^(1 - 1/beta) p_data^(1/beta).

Shapes: B batch, N tokens by rank, S steps; images are [B, C, H, W] in any range.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def discriminator_loss(*, real_B: Tensor, fake_B: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
    """mean softplus(-(D(real) - D(fake))), log 2 where D cannot tell; logits [B] in pairs.

    The parts are the mean margin, and the fraction of pairs in the right order, `ranked`.
    """
    margin_B = real_B - fake_B
    loss = F.softplus(-margin_B).mean()
    return loss, {
        "margin": margin_B.detach().mean(),
        "ranked": (margin_B.detach() > 0).float().mean(),
    }


def generator_loss(*, real_B: Tensor, fake_B: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
    """mean softplus(-(D(fake) - D(real))): the generator wants fakes ranked above their reals."""
    loss = F.softplus(-(fake_B - real_B.detach())).mean()
    return loss, {"adversarial": loss.detach()}


def gradient_penalty(
    judge: Callable[[Tensor], Tensor], x_BCHW: Tensor
) -> tuple[Tensor, dict[str, Tensor]]:
    """mean of |grad_x D(x)|^2: R1 on real images, R2 on fakes (Mescheder et al. 2018, eq. 9).

    `judge` maps images [B, C, H, W] to logits [B] and must be differentiable twice. Call it in
    float32: the gradient of a gradient in bfloat16 is mostly rounding.
    """
    x_BCHW = x_BCHW.detach().requires_grad_(True)
    with torch.enable_grad():
        (gradient_BCHW,) = torch.autograd.grad(judge(x_BCHW).sum(), x_BCHW, create_graph=True)
    penalty = gradient_BCHW.square().sum((1, 2, 3)).mean()
    return penalty, {"penalty": penalty.detach()}


def adaptive_weight(
    *, reconstruction: Tensor, adversarial: Tensor, weight: nn.Parameter, largest: float
) -> Tensor:
    """|grad L_rec| / (|grad L_adv| + 1e-4) at the decoder's last weight, at most `largest`.

    A detached scalar. Esser et al. 2021 (taming transformers), eq. 7: it keeps the adversarial
    gradient as large as the reconstruction's, however confident the discriminator is. Both graphs
    are kept for the backward pass that follows.
    """
    (grad_reconstruction,) = torch.autograd.grad(reconstruction, weight, retain_graph=True)
    (grad_adversarial,) = torch.autograd.grad(adversarial, weight, retain_graph=True)
    ratio: Tensor = grad_reconstruction.float().norm() / (grad_adversarial.float().norm() + 1e-4)
    return ratio.clamp(0, largest).detach()


def step_discriminators(*, log_ratio_BN: Tensor, groups_N: Tensor, beta: float) -> Tensor:
    """The terms d_i [B, S] of D = sum of d_i, one for each step.

    `log_ratio_BN`: log p_theta - log p_ref of each token given the groups before its own;
    `groups_N`: number of its group, from 1 (arXiv 2503.01103, eq. 8, with the likelihood factored
    into steps).
    """
    num_steps = int(groups_N.max())
    terms_BS = log_ratio_BN.new_zeros(len(log_ratio_BN), num_steps)
    return beta * terms_BS.index_add(1, groups_N - 1, log_ratio_BN)


def code_game_loss(
    *, real_B: Tensor, fake_B: Tensor, fake_weight: float = 1.0
) -> tuple[Tensor, dict[str, Tensor]]:
    """-E_real log sigma(D) - fake_weight E_fake log(1 - sigma(D)); logits [B] and [B'], no pairs.

    Equation 13 of arXiv 2503.01103. The parts "real" and "fake" are the fractions on the right side
    of 0.
    """
    loss = F.softplus(-real_B).mean() + fake_weight * F.softplus(fake_B).mean()
    parts = {
        "real": (real_B.detach() > 0).float().mean(),
        "fake": (fake_B.detach() < 0).float().mean(),
    }
    return loss, {**parts, "code_game": loss.detach()}
