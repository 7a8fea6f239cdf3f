"""The losses of the detector, worked by hand.

Shapes: B pictures, K things, C colours, O objects, H W the map.
"""

import math

import torch

from dall_e.losses.detection import colour_loss, middle_loss


def test_middles_by_hand() -> None:
    # One thing on a map of 1 x 3: a middle (p = 0.8), next to it (heat 0.5, p = 0.5), far away (p =
    # 0.1).
    shares = torch.tensor([0.8, 0.5, 0.1])
    heat_BKHW = torch.tensor([1.0, 0.5, 0.0]).reshape(1, 1, 1, 3)
    loss, parts = middle_loss(logits_BKHW=shares.logit().reshape(1, 1, 1, 3), heat_BKHW=heat_BKHW)
    hit = -(0.2**2) * math.log(0.8)
    near = -(0.5**4) * 0.5**2 * math.log(0.5)
    far = -(0.1**2) * math.log(0.9)
    torch.testing.assert_close(loss, torch.tensor(hit + near + far))
    assert not parts["middle"].requires_grad


def test_middles_are_divided_by_the_number_of_things() -> None:
    logits_BKHW, heat_BKHW = (
        torch.zeros(1, 1, 1, 4),
        torch.tensor([1.0, 1.0, 0.0, 0.0]).reshape(1, 1, 1, 4),
    )
    one, _ = middle_loss(logits_BKHW=logits_BKHW, heat_BKHW=heat_BKHW)
    # Each of four places costs log 2 / 4; two things.
    torch.testing.assert_close(one, torch.tensor(4 * math.log(2) / 4 / 2))
    none, _ = middle_loss(logits_BKHW=logits_BKHW, heat_BKHW=torch.zeros_like(heat_BKHW))
    torch.testing.assert_close(none, torch.tensor(4 * math.log(2) / 4))


def test_a_step_down_the_gradient_raises_the_middle_and_lowers_the_rest() -> None:
    logits_BKHW = torch.zeros(1, 1, 1, 2, requires_grad=True)
    middle_loss(logits_BKHW=logits_BKHW, heat_BKHW=torch.tensor([1.0, 0.0]).reshape(1, 1, 1, 2))[
        0
    ].backward()
    assert logits_BKHW.grad is not None
    assert logits_BKHW.grad[..., 0] < 0 < logits_BKHW.grad[..., 1]


def test_colours_by_hand() -> None:
    logits_BCHW = torch.zeros(2, 3, 2, 2)
    logits_BCHW[0, 1, 0, 1], logits_BCHW[1, 2, 1, 1] = 2.0, 1.0
    places_O3 = torch.tensor([[0, 0, 1], [1, 1, 1], [1, 0, 0]])
    loss, parts = colour_loss(
        logits_BCHW=logits_BCHW, places_O3=places_O3, colour_O=torch.tensor([1, 0, -1])
    )
    right = -math.log(math.exp(2) / (math.exp(2) + 2))
    wrong = -math.log(1 / (math.exp(1) + 2))
    torch.testing.assert_close(loss, torch.tensor((right + wrong) / 2))
    assert parts["colour_right"].item() == 0.5


def test_no_known_colours() -> None:
    nothing = torch.zeros(0, 3, dtype=torch.int64)
    loss, parts = colour_loss(
        logits_BCHW=torch.zeros(1, 3, 2, 2, requires_grad=True),
        places_O3=nothing,
        colour_O=nothing[:, 0],
    )
    assert loss.item() == 0 and parts["colour_right"].item() == 0
    loss.backward()
