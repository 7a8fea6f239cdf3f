"""Schedule, parameter groups and averaged weights, by hand."""

import pytest
import torch
from torch import nn

from dall_e.config import LoopConfig
from dall_e.training.optim import AveragedWeights, build_adamw, learning_rate_share


def test_schedule_warms_up_and_falls_to_its_final_share() -> None:
    config = LoopConfig(images=1000, batch_size=10, warmup_images=90, final_learning_rate=0.1)
    assert learning_rate_share(config, 0) == pytest.approx(0.1)  # one batch of the ten of warm-up
    assert learning_rate_share(config, 90) == pytest.approx(1.0)
    assert learning_rate_share(config, 545) == pytest.approx(0.55)  # half of the cosine, between 1 and 0.1
    assert learning_rate_share(config, 1000) == pytest.approx(0.1)
    assert learning_rate_share(config, 5000) == pytest.approx(0.1)


def test_a_short_run_still_reaches_its_peak() -> None:
    config = LoopConfig(images=100, batch_size=10, warmup_images=10_000)
    assert max(learning_rate_share(config, seen) for seen in range(0, 100, 10)) > 0.99


def test_only_matrices_decay() -> None:
    module = nn.Sequential(nn.Linear(2, 3), nn.LayerNorm(3), nn.Linear(3, 1).requires_grad_(False))
    optimizer = build_adamw(module, learning_rate=0.1, betas=(0.9, 0.95), weight_decay=0.5)
    by_decay = {group["weight_decay"]: group["params"] for group in optimizer.param_groups}
    assert [tuple(p.shape) for p in by_decay[0.5]] == [(3, 2)]
    assert [tuple(p.shape) for p in by_decay[0.0]] == [(3,), (3,), (3,)]


def test_average_by_hand_and_swap() -> None:
    module = nn.Linear(1, 1, bias=False)
    nn.init.constant_(module.weight, 1.0)
    average = AveragedWeights(module, decay=0.999)
    nn.init.constant_(module.weight, 2.0)
    average.update(num_steps=1)  # decay min(0.999, 2 / 11): 1 + (2 - 1) * 9 / 11
    assert average.state_dict()["weight"].item() == pytest.approx(1 + 9 / 11)
    with average.swapped_in():
        assert module.weight.item() == pytest.approx(1 + 9 / 11)
    assert module.weight.item() == 2.0


def test_stored_averages_must_fit() -> None:
    average = AveragedWeights(nn.Linear(2, 1), decay=0.9)
    with pytest.raises(ValueError, match="bias"):
        average.load_state_dict({"weight": torch.zeros(1, 2)})
