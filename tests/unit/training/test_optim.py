"""Schedule, parameter groups and averaged weights, by hand."""

import math

import pytest
import torch
from torch import nn

from dall_e.config import LoopConfig, OptimizerConfig, TextConfig, TrainingConfig
from dall_e.models.text_encoder import TextEncoder
from dall_e.training.muon import orthogonalised
from dall_e.training.optim import (
    AveragedWeights,
    build_muon,
    build_optimizers,
    learning_rate_fraction,
)


def test_schedule_warms_up_and_falls_to_its_final_fraction() -> None:
    config = TrainingConfig(
        loop=LoopConfig(images=1000, batch_size=10),
        optimizer=OptimizerConfig(warmup_images=90, final_learning_rate=0.1),
    )
    assert learning_rate_fraction(config, 0) == pytest.approx(
        0.1
    )  # one batch of the ten of warm-up
    assert learning_rate_fraction(config, 90) == pytest.approx(1.0)
    assert learning_rate_fraction(config, 545) == pytest.approx(
        0.55
    )  # half of the cosine, between 1 and 0.1
    assert learning_rate_fraction(config, 1000) == pytest.approx(0.1)
    assert learning_rate_fraction(config, 5000) == pytest.approx(0.1)


def test_a_short_run_still_reaches_its_peak() -> None:
    config = TrainingConfig(
        loop=LoopConfig(images=100, batch_size=10),
        optimizer=OptimizerConfig(warmup_images=10_000),
    )
    assert max(learning_rate_fraction(config, seen) for seen in range(0, 100, 10)) > 0.99


def test_only_matrices_decay() -> None:
    module = nn.Sequential(nn.Linear(2, 3), nn.LayerNorm(3), nn.Linear(3, 1).requires_grad_(False))
    config = OptimizerConfig(learning_rate=0.1, weight_decay=0.5)
    (optimizer,) = build_optimizers(module, config, betas=(0.9, 0.95))
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


def muon_config(weight_decay: float) -> OptimizerConfig:
    return OptimizerConfig(optimizer="muon", learning_rate=0.1, weight_decay=weight_decay)


def test_muon_steps_the_matrices_of_blocks_and_adamw_the_rest() -> None:
    torch.manual_seed(0)
    encoder = TextEncoder(
        TextConfig(vocab_size=300, max_tokens=8, width=32, num_layers=1, num_heads=2)
    )
    muon, adamw = build_optimizers(encoder, muon_config(weight_decay=0.0), betas=(0.9, 0.95))
    by_id = {id(parameter): name for name, parameter in encoder.named_parameters()}
    names = [
        {by_id[id(p)] for group in optimizer.param_groups for p in group["params"]}
        for optimizer in (muon, adamw)
    ]
    assert names[0] == {
        f"blocks.0.{name}.weight"
        for name in ("attention.qkv", "attention.out", "mlp.gate_up", "mlp.down")
    }
    assert names[0].isdisjoint(names[1]) and names[0] | names[1] == set(by_id.values())
    weight = encoder.blocks[0].attention.out.weight
    before = weight.detach().clone()
    # A gradient of one strong and one weak direction: both move alike, which AdamW's signs would
    # not do.
    weight.grad = torch.zeros_like(weight)
    weight.grad[0, 0], weight.grad[1, 1] = 1.0, 0.1
    muon.step()
    moved = before - weight.detach()
    assert moved[0, 0] > 0 and 0.5 < float(moved[1, 1] / moved[0, 0]) < 2
    # The size of a step is that of AdamW: 0.2 times the learning rate, by root mean square of a
    # full-rank update.
    assert float(moved[0, 0]) == pytest.approx(0.1 * 0.2 * math.sqrt(32), rel=0.35)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_muon_steps_a_kernel_as_a_matrix_whatever_its_layout(layout: torch.memory_format) -> None:
    """The step of a kernel is that of the matrix [O, I k k] by PyTorch's own Muon."""
    torch.manual_seed(0)
    conv = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Conv2d(4, 2, 1))
    conv.to(memory_format=layout)  # type: ignore[call-overload]
    kernel = conv[0].weight
    matrix = nn.Parameter(kernel.detach().contiguous().flatten(1).clone())
    muon, adamw = build_optimizers(conv, muon_config(weight_decay=0.1), betas=(0.9, 0.95))
    assert [p.ndim for group in adamw.param_groups for p in group["params"]] == [1, 1]
    plain = torch.optim.Muon([matrix], lr=0.1, weight_decay=0.1, adjust_lr_fn="match_rms_adamw")
    for _ in range(2):
        kernel.grad = torch.randn(4, 3, 3, 3)  # in the usual layout, as a gradient may be
        matrix.grad = kernel.grad.flatten(1).clone()
        muon.step()
        plain.step()
    # Theirs computes in bfloat16 everywhere.
    torch.testing.assert_close(kernel.detach().flatten(1), matrix.detach(), atol=2e-3, rtol=0)
    assert conv[1].weight.grad is None
    muon.zero_grad()
    assert kernel.grad is None


@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (5, 5)])
def test_orthogonalised_keeps_directions_and_evens_their_strength(shape: tuple[int, int]) -> None:
    torch.manual_seed(0)
    rows, columns = shape
    u, _ = torch.linalg.qr(torch.randn(rows, 4))
    v, _ = torch.linalg.qr(torch.randn(columns, 4))
    strengths = torch.tensor([10.0, 3.0, 1.0, 0.3])
    made = u.T @ orthogonalised(u @ torch.diag(strengths) @ v.T) @ v
    assert made.dtype == torch.float32
    assert bool(((made.diagonal() > 0.6) & (made.diagonal() < 1.3)).all())
    torch.testing.assert_close(
        made - torch.diag(made.diagonal()), torch.zeros(4, 4), atol=0.02, rtol=0
    )


def test_muon_refuses_what_has_no_transformer_block() -> None:
    with pytest.raises(ValueError, match="Linear has neither"):
        build_muon(nn.Linear(2, 2), muon_config(weight_decay=0.0), betas=(0.9, 0.95))


def test_weights_that_do_not_learn_are_their_own_average() -> None:
    module = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 2))
    module[0].requires_grad_(False)
    average = AveragedWeights(module, 0.5)
    assert average.kept_bytes() == 4 * (4 * 2 + 2)
    before = {name: weight.clone() for name, weight in module.state_dict().items()}
    with torch.no_grad():
        module[1].weight += 1
    average.update(1000)
    stored = average.state_dict()
    assert stored.keys() == before.keys()
    assert stored["0.weight"].data_ptr() == module[0].weight.data_ptr()
    torch.testing.assert_close(stored["1.weight"], before["1.weight"] + 0.5)
    with average.swapped_in():
        torch.testing.assert_close(module[1].weight.detach(), before["1.weight"] + 0.5)
        assert torch.equal(module[0].weight, before["0.weight"])
    torch.testing.assert_close(module[1].weight.detach(), before["1.weight"] + 1)
