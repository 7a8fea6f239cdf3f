"""The discriminator: its sum, its scales, its size."""

import pytest
import torch

from dall_e.config import DiscriminatorConfig
from dall_e.models.discriminator import Discriminator


def make(**settings: object) -> Discriminator:
    torch.manual_seed(0)
    return Discriminator(DiscriminatorConfig(**settings))  # type: ignore[arg-type]


def test_the_logit_is_the_sum_of_its_terms() -> None:
    judgement = make()(torch.rand(2, 4, 32, 32))
    assert judgement.logits_B.shape == (2,)
    assert [tuple(term.shape) for term in judgement.terms] == [(2, 4, 4), (2, 2, 2), (2, 1, 1)]
    wanted = sum(term.sum((1, 2)) for term in judgement.terms)
    assert torch.allclose(judgement.logits_B, wanted)
    assert len(judgement.features) == 9


def test_a_term_sees_only_its_patch() -> None:
    judge = make(num_scales=1)
    image = torch.rand(1, 4, 64, 64)
    changed = image.clone()
    changed[..., :8, :8] = 0
    difference = (judge(image).terms[0] - judge(changed).terms[0]).abs()[0]
    assert difference[0, 0] > 0 and (difference[4:, 4:] == 0).all()


def test_the_logit_has_the_same_size_at_every_picture_size() -> None:
    judge = make(num_scales=1)
    # A flat picture's inner patches all say the same, so the mean over patches hardly moves.
    small, large = (
        judge(torch.full((1, 4, size, size), 0.7)).logits_B.item() for size in (64, 256)
    )
    assert large == pytest.approx(small, rel=0.5)


def test_pictures_too_small_for_a_scale_are_judged_by_the_others() -> None:
    judge = make()
    assert len(judge(torch.rand(1, 4, 20, 20)).terms) == 2
    assert len(judge(torch.rand(1, 4, 8, 8)).terms) == 1
    with pytest.raises(ValueError, match="8 pixels or more, got 4"):
        judge(torch.rand(1, 4, 4, 4))


def test_it_can_be_differentiated_twice() -> None:
    judge = make(widths=(4, 8), num_scales=2)
    image = torch.rand(2, 4, 8, 8, requires_grad=True)
    (gradient,) = torch.autograd.grad(judge(image).logits_B.sum(), image, create_graph=True)
    gradient.square().sum().backward()
    weight = judge.get_parameter("scales.0.layers.0.weight")
    assert weight.grad is not None and weight.grad.abs().sum() > 0
