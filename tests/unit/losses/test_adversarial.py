"""Adversarial losses against numbers worked by hand."""

import math

import pytest
import torch
from torch import nn

from dall_e.losses.adversarial import (
    adaptive_weight,
    code_game_loss,
    discriminator_loss,
    generator_loss,
    gradient_penalty,
    step_discriminators,
)


def test_discriminator_loss_value_and_gradient() -> None:
    real, fake = (
        torch.tensor([1.0, 0.0], requires_grad=True),
        torch.tensor([0.0, 0.0], requires_grad=True),
    )
    loss, parts = discriminator_loss(real_B=real, fake_B=fake)
    # softplus(-1) = log(1 + 1/e), softplus(0) = log 2.
    assert loss.item() == pytest.approx((math.log(1 + math.exp(-1)) + math.log(2)) / 2)
    assert parts["margin"].item() == 0.5 and parts["ranked"].item() == 0.5
    loss.backward()
    assert real.grad is not None and fake.grad is not None
    assert (real.grad < 0).all() and (
        fake.grad > 0
    ).all()  # descending raises reals and lowers fakes


def test_generator_loss_value_and_gradient() -> None:
    real, fake = torch.tensor([1.0], requires_grad=True), torch.tensor([0.0], requires_grad=True)
    loss, _ = generator_loss(real_B=real, fake_B=fake)
    assert loss.item() == pytest.approx(math.log(1 + math.e))
    loss.backward()
    assert real.grad is None and fake.grad is not None
    assert fake.grad.item() == pytest.approx(-1 / (1 + math.exp(-1)))  # descending raises fakes


def test_gradient_penalty_of_a_linear_judge() -> None:
    # D(x) = 3 sum x, so |grad D|^2 = 9 per pixel, 16 pixels.
    scale = torch.tensor(3.0, requires_grad=True)
    penalty, _ = gradient_penalty(lambda x: scale * x.sum((1, 2, 3)), torch.rand(2, 1, 4, 4))
    assert penalty.item() == pytest.approx(9 * 16)
    penalty.backward()
    assert scale.grad is not None and scale.grad.item() == pytest.approx(2 * 3 * 16)


def test_adaptive_weight_is_the_ratio_of_gradients() -> None:
    weight = nn.Parameter(torch.tensor([1.0, 1.0]))
    reconstruction, adversarial = (weight * torch.tensor([3.0, 4.0])).sum(), weight[0] * 0.5
    ratio = adaptive_weight(
        reconstruction=reconstruction, adversarial=adversarial, weight=weight, largest=100.0
    )
    assert ratio.item() == pytest.approx(5 / (0.5 + 1e-4)) and not ratio.requires_grad
    (reconstruction + adversarial).backward()  # the graphs are still there
    assert adaptive_weight(
        reconstruction=weight.sum(), adversarial=(weight * 0).sum(), weight=weight, largest=100.0
    ).item() == pytest.approx(100.0)


def test_the_discriminator_of_codes_is_a_sum_over_steps() -> None:
    ratio_BN = torch.tensor([[0.5, -1.0, 2.0, 4.0]])
    terms_BS = step_discriminators(
        log_ratio_BN=ratio_BN, groups_N=torch.tensor([1, 2, 2, 3]), beta=0.1
    )
    assert terms_BS.tolist() == [pytest.approx([0.05, 0.1, 0.4])]


def test_code_game_value_and_gradient() -> None:
    real = torch.tensor([0.0, 2.0], requires_grad=True)
    fake = torch.tensor([1.0], requires_grad=True)
    loss, parts = code_game_loss(real_B=real, fake_B=fake, fake_weight=3.0)
    softplus = [math.log(2), math.log(1 + math.exp(-2)), math.log(1 + math.e)]
    assert loss.item() == pytest.approx((softplus[0] + softplus[1]) / 2 + 3 * softplus[2])
    assert (parts["real"].item(), parts["fake"].item()) == (0.5, 0.0)
    loss.backward()
    assert real.grad is not None and fake.grad is not None
    # -(1 - sigma(D)) / 2 for the two reals, 3 sigma(D) for the fake: descending raises reals and
    # lowers fakes.
    assert real.grad.tolist() == pytest.approx([-0.25, -0.5 / (1 + math.exp(2))])
    assert fake.grad.item() == pytest.approx(3 / (1 + math.exp(-1)))
