"""Token losses: values worked by hand, and gradients that point the right way.

Shapes: B pictures, N tokens in order of revelation, C codes.
"""

import math

import torch

from dall_e.losses.tokens import correction_loss, token_loss

# Two tokens, three codes: log-probabilities of (1/2, 1/4, 1/4) and (1/8, 1/8, 3/4), shifted by 0
# and 2.
LOGITS_BNC = torch.tensor([[[0.5, 0.25, 0.25], [0.125, 0.125, 0.75]]]).log() + torch.tensor(
    [[[0.0], [2.0]]]
)
TARGETS_BN = torch.tensor([[0, 1]])


def test_token_loss_by_hand() -> None:
    loss, parts = token_loss(
        logits_BNC=LOGITS_BNC, targets_BN=TARGETS_BN, first_weight=2.0, log_partition_weight=0.01
    )
    first, second = math.log(2), math.log(8)
    # Weights 2 and 1, scaled to mean 1; log partitions 0 and 2, whose squares have mean 2.
    expected = (first * 4 / 3 + second * 2 / 3) / 2 + 0.01 * 2
    torch.testing.assert_close(loss, torch.tensor(expected))
    torch.testing.assert_close(parts["nats"], torch.tensor((first + second) / 2))
    assert not parts["nats"].requires_grad


def test_token_loss_pushes_the_target_up_and_the_others_down() -> None:
    logits_BNC = LOGITS_BNC.clone().requires_grad_()
    token_loss(logits_BNC=logits_BNC, targets_BN=TARGETS_BN, log_partition_weight=0.0)[0].backward()
    assert logits_BNC.grad is not None
    # The gradient of cross-entropy is (probability - 1 for the target) / number of tokens.
    expected = torch.tensor([[[-0.5, 0.25, 0.25], [0.125, -0.875, 0.75]]]) / 2
    torch.testing.assert_close(logits_BNC.grad, expected)


def test_log_partition_term_pulls_logits_back() -> None:
    logits_BNC = (torch.zeros(1, 1, 3) + 5).requires_grad_()
    token_loss(logits_BNC=logits_BNC, targets_BN=torch.tensor([[0]]), log_partition_weight=1.0)[
        0
    ].backward()
    assert logits_BNC.grad is not None and logits_BNC.grad.sum() > 0


def test_correction_counts_replaced_and_clean_places_only() -> None:
    logits_BNC = torch.tensor(
        [[[0.5, 0.25, 0.25], [0.125, 0.125, 0.75], [0.1, 0.8, 0.1], [0.2, 0.2, 0.6]]]
    ).log()
    logits_BNC.requires_grad_()
    loss, parts = correction_loss(
        logits_BNC=logits_BNC,
        targets_BN=torch.tensor([[0, 1, 1, 2]]),
        replaced_BN=torch.tensor([[True, True, False, False]]),
        clean_BN=torch.tensor([[False, False, True, False]]),
    )
    expected = -(math.log(0.5) + math.log(0.125) + math.log(0.8)) / 3
    torch.testing.assert_close(loss, torch.tensor(expected))
    # Of the two replaced ones, the first is found; the clean one does not count here.
    assert parts["found"].item() == 0.5
    loss.backward()
    assert logits_BNC.grad is not None
    assert logits_BNC.grad[0, 3].abs().sum() == 0
    assert bool((logits_BNC.grad[0].gather(-1, torch.tensor([[0], [1], [1], [2]]))[:3] < 0).all())


def test_correction_of_a_clean_batch_is_zero_with_a_gradient() -> None:
    logits_BNC = torch.randn(1, 2, 3, requires_grad=True)
    nowhere = torch.zeros(1, 2, dtype=torch.bool)
    loss, parts = correction_loss(
        logits_BNC=logits_BNC, targets_BN=TARGETS_BN, replaced_BN=nowhere, clean_BN=nowhere
    )
    loss.backward()
    assert loss.item() == 0 and parts["found"].item() == 0
    assert logits_BNC.grad is not None and logits_BNC.grad.abs().sum() == 0
