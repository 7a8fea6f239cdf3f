"""Gradient checkpointing: the same gradients, to the bit, of far less that is kept."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from dall_e.checkpoints.run_files import load_stage
from dall_e.config import GeneratorTraining, with_values
from dall_e.nn.transformer import Block
from dall_e.training.generator_stage import GeneratorStage
from dall_e.training.gradients import recompute_where_asked
from dall_e.training.loop import fit

from .test_loop import assert_same


def kept_bytes(stage: GeneratorStage) -> tuple[int, dict[str, Tensor]]:
    """What a forward pass keeps beside the weights, and the gradients it leads to."""
    weights = {weight.untyped_storage().data_ptr() for weight in stage.module.parameters()}
    kept: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    torch.manual_seed(5)
    stage.module.zero_grad(set_to_none=True)
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        loss = stage.loss(stage.batch(8)).loss
    loss.backward()  # type: ignore[no-untyped-call]
    named = stage.module.named_parameters()
    return sum(kept.values()), {name: w.grad for name, w in named if w.grad is not None}


def settings(folders: Path, **changes: object) -> GeneratorTraining:
    config = {
        **{"data": str(folders / "data"), "tokenizer": str(folders / "tokenizer"), "views": 1},
        **{"init": str(folders / "generator"), "preset": "tiny", "precision": "fp32"},
        **{"images": 16, "batch_size": 8, "device": "cpu", "track": "none", "log_every": 1},
    }
    return with_values(GeneratorTraining(), {**config, **changes})


@pytest.mark.parametrize("rank", [0, 4])
def test_recomputed_blocks_have_the_same_gradients(
    folders: Path, tmp_path: Path, rank: int
) -> None:
    more = {"out": str(tmp_path), "lora_rank": rank}
    config = settings(folders, gradient_checkpointing=True, **more)
    stage = GeneratorStage(config)
    for block in stage.module.modules():
        if isinstance(block, Block):
            block.dropout = 0.2
    before, plain = kept_bytes(stage)
    recompute_where_asked(stage, config.loop)
    after, recomputed = kept_bytes(stage)
    assert_same(plain, recomputed)
    assert len(plain) > 20 and any(gradient.abs().max() > 0 for gradient in plain.values())
    assert after < 0.6 * before, (after, before)


def test_a_run_with_recomputed_blocks_is_the_same_run(folders: Path, tmp_path: Path) -> None:
    for name, recomputes in (("plain", False), ("less", True)):
        out = str(tmp_path / name)
        config = settings(folders, out=out, gradient_checkpointing=recomputes)
        fit(config, GeneratorStage(config))
    found = [load_stage(tmp_path / name).weights("generator") for name in ("plain", "less")]
    assert_same(*found)
    # It changes how things are computed only, so a run goes on with and without it.
    config = settings(folders, out=str(tmp_path / "plain"), gradient_checkpointing=True, images=24)
    assert fit(config, GeneratorStage(config)) == 24
