"""The losses of text against image, worked by hand.

Shapes: B pairs or images, D width.
"""

import math

import torch
from torch import Tensor

from dall_e.losses.contrastive import sigmoid_contrastive_loss, wrong_caption_loss

# Directions at 0 and 90 degrees against 0 and 60 degrees; lengths do not count. Cosines: 1, 1/2; 0,
# sin 60.
IMAGE_BD = torch.tensor([[2.0, 0.0], [0.0, 0.5]])
TEXT_BD = torch.tensor([[3.0, 0.0], [0.5, math.sqrt(0.75)]])
SCALE, BIAS = torch.tensor(math.log(4.0)), torch.tensor(-1.0)
DIFFERENT = torch.eye(2, dtype=torch.bool)


def softplus(x: float) -> float:
    return math.log1p(math.exp(x))


def loss_of(
    image_BD: Tensor, text_BD: Tensor, same_BB: Tensor, bias: Tensor = BIAS
) -> tuple[Tensor, dict[str, Tensor]]:
    return sigmoid_contrastive_loss(
        image_BD=image_BD, text_BD=text_BD, log_scale=SCALE, bias=bias, same_BB=same_BB
    )


def test_by_hand() -> None:
    loss, parts = loss_of(IMAGE_BD, TEXT_BD, DIFFERENT)
    sine = math.sqrt(0.75)
    # Logits 4 cos - 1: 3 and 1; -1 and 4 sin 60 - 1. Pairs want them high, the others low.
    expected = (softplus(-3) + softplus(1) + softplus(-1) + softplus(-(4 * sine - 1))) / 2
    torch.testing.assert_close(loss, torch.tensor(expected))
    assert parts["matched"].item() == 1.0 and not parts["contrastive"].requires_grad


def test_pairs_that_mean_the_same_do_not_count_against_each_other() -> None:
    same_BB = torch.tensor([[True, True], [False, True]])
    loss, _ = loss_of(IMAGE_BD, TEXT_BD, same_BB)
    expected = (softplus(-3) + softplus(-1) + softplus(-(4 * math.sqrt(0.75) - 1))) / 2
    torch.testing.assert_close(loss, torch.tensor(expected))


def test_matched_takes_any_caption_that_means_the_same() -> None:
    crossed = TEXT_BD.flip(0)
    assert loss_of(IMAGE_BD, crossed, DIFFERENT)[1]["matched"].item() == 0.0
    assert (
        loss_of(IMAGE_BD, crossed, torch.ones(2, 2, dtype=torch.bool))[1]["matched"].item() == 1.0
    )


def test_a_step_down_the_gradient_brings_pairs_together() -> None:
    torch.manual_seed(0)
    image_BD, text_BD = torch.randn(4, 8, requires_grad=True), torch.randn(4, 8, requires_grad=True)
    bias = torch.tensor(-10.0, requires_grad=True)
    same_BB = torch.eye(4, dtype=torch.bool)
    loss, _ = loss_of(image_BD, text_BD, same_BB, bias)
    loss.backward()
    assert image_BD.grad is not None and text_BD.grad is not None and bias.grad is not None

    def own_cosines(image: Tensor, text: Tensor) -> Tensor:
        return torch.cosine_similarity(image, text)

    closer = own_cosines(image_BD - 0.1 * image_BD.grad, text_BD - 0.1 * text_BD.grad)
    assert bool((closer > own_cosines(image_BD, text_BD)).all())
    # With the bias far too low, almost all of the loss is unmatched pairs' own ones: it must go up.
    assert bias.grad < 0


def test_wrong_captions_by_hand() -> None:
    # Cosines of picture 0: own 1, wrong 1/2; of picture 1: own sin 60, wrong 0. Margins 1/2 and sin
    # 60, scale 4.
    wrong_BD = torch.tensor([[0.5, math.sqrt(0.75)], [7.0, 0.0]])
    loss, parts = wrong_caption_loss(
        image_HD=IMAGE_BD, own_HD=TEXT_BD, wrong_HD=wrong_BD, log_scale=SCALE
    )
    torch.testing.assert_close(
        loss, torch.tensor((softplus(-2) + softplus(-4 * math.sqrt(0.75))) / 2)
    )
    assert parts["told_apart"].item() == 1.0
    swapped, parts = wrong_caption_loss(
        image_HD=IMAGE_BD, own_HD=wrong_BD, wrong_HD=TEXT_BD, log_scale=SCALE
    )
    torch.testing.assert_close(
        swapped, torch.tensor((softplus(2) + softplus(4 * math.sqrt(0.75))) / 2)
    )
    assert parts["told_apart"].item() == 0.0


def test_a_step_down_the_gradient_drives_the_wrong_caption_away() -> None:
    torch.manual_seed(0)
    image_HD, own_HD = torch.randn(2, 8), torch.randn(2, 8)
    wrong_HD = torch.randn(2, 8, requires_grad=True)
    loss, _ = wrong_caption_loss(
        image_HD=image_HD, own_HD=own_HD, wrong_HD=wrong_HD, log_scale=SCALE
    )
    loss.backward()
    assert wrong_HD.grad is not None
    moved = torch.cosine_similarity(image_HD, wrong_HD - 0.1 * wrong_HD.grad)
    assert bool((moved < torch.cosine_similarity(image_HD, wrong_HD)).all())
