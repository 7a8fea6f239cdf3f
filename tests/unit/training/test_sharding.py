"""Weights in shards (FSDP2), over gloo: the losses of one process, resumed bit for bit."""

import contextlib
import importlib
import io
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from dall_e.checkpoints.run_files import load_stage
from dall_e.config import GeneratorTraining, with_values
from dall_e.training import muon, sharding
from dall_e.training.generator_networks import GeneratorBatch
from dall_e.training.generator_stage import GeneratorStage, run_generator_training
from dall_e.training.gradients import SharedGradients
from dall_e.training.running import run_stage
from dall_e.training.sharding import wants_shards

from .test_loop import ToyStage, assert_same, settings
from .test_processes import in_processes, losses


@pytest.fixture(scope="module", autouse=True)
def setting() -> Iterator[None]:
    """One thread, as a forked process has; what FSDP imports, once for all; Muon in float32.

    In bfloat16 Muon's steps differ by a hundredth where a gradient does by its last bit.
    """
    importlib.import_module("torch._dynamo")
    importlib.import_module("torch.distributed.fsdp")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(muon, "computes_bf16", lambda device: False)
        yield
    torch.set_num_threads(before)


def config(folders: Path, out: Path, **changes: Any) -> GeneratorTraining:
    """Four steps of the smallest generator; half of the captions are left out."""
    small = {
        **{"data": str(folders / "data"), "tokenizer": str(folders / "tokenizer")},
        **{"preset": "tiny", "images": 16, "batch_size": 4, "micro_batch": 1, "views": 1},
        **{"precision": "fp32", "device": "cpu", "log_every": 1, "track": "none"},
        **{"sample_minutes": 60.0, "caption_drop": 0.5, "optimizer": "muon"},
    }
    return with_values(GeneratorTraining(), {**small, "out": str(out), **changes})


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_stage(folder).weights("generator")


def kept(said: str) -> dict[str, float]:
    """What a process keeps in memory, of its line in the profile, MiB."""
    line = next(line for line in said.splitlines() if line.startswith("memory in MiB"))
    pairs = line.removeprefix("memory in MiB: ").partition(";")[0].split(", ")
    return {name: float(number) for name, number in (pair.split() for pair in pairs)}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, folders: Path) -> tuple[Path, str, str]:
    """One process ("one") and two with shards ("two"), and what each said."""
    root = tmp_path_factory.mktemp("sharding")
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        run_generator_training(config(folders, root / "one", profile=True))
    made = config(folders, root / "two", profile=True, sharding="fsdp")
    both = in_processes(lambda: run_generator_training(made))
    assert not both[1], "one process speaks"
    return root, said.getvalue(), both[0]


def test_shards_learn_what_one_process_does(runs: tuple[Path, str, str]) -> None:
    root, *said = runs
    for name in ("generator_loss", "generator_norm", "nats", "held_out_nats"):
        both = [torch.tensor(losses(root / run, name)) for run in ("one", "two")]
        assert len(both[0]) == (1 if name == "held_out_nats" else 4)
        torch.testing.assert_close(both[1], both[0], rtol=1e-5, atol=1e-5)
    alone, sharded = (kept(text) for text in said)
    for name in ("weights", "gradients", "optimizer", "averages"):
        assert sharded[name] <= 0.55 * alone[name], name


def test_shards_resume_bit_for_bit_and_one_process_goes_on(
    runs: tuple[Path, str, str], tmp_path: Path, folders: Path
) -> None:
    def stopped(images: int, **changes: Any) -> None:
        class Stopped(GeneratorStage):
            def batch(self, images_seen: int) -> GeneratorBatch:
                if images_seen // 4 * 4 == images:
                    signal.raise_signal(signal.SIGTERM)
                return super().batch(images_seen)

        with contextlib.suppress(SystemExit):
            run_stage(config(folders, tmp_path, **changes), Stopped)

    in_processes(lambda: stopped(0, sharding="fsdp"))
    shutil.copytree(tmp_path, tmp_path / "alone")
    in_processes(lambda: stopped(-1, sharding="fsdp"))
    assert_same(weights(tmp_path), weights(runs[0] / "two"))

    run_generator_training(config(folders, tmp_path / "alone"))
    nats = [torch.tensor(losses(run, "nats")) for run in (tmp_path / "alone", runs[0] / "one")]
    torch.testing.assert_close(*nats, rtol=1e-5, atol=1e-5)


def test_shards_that_cannot_be_had_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = settings(tmp_path, sharding="fsdp").loop
    with pytest.raises(ValueError, match="start several"):
        wants_shards(loop)
    monkeypatch.setenv("ACCELERATE_USE_FSDP", "true")
    assert not wants_shards(settings(tmp_path).loop), "one process has all"
    monkeypatch.setattr(sharding, "num_processes", lambda: 2)
    with pytest.raises(ValueError, match="fsdp_version"):
        wants_shards(loop)
    monkeypatch.setenv("FSDP_VERSION", "2")
    assert wants_shards(settings(tmp_path).loop), "as accelerate launch was told"
    assert not wants_shards(settings(tmp_path, sharding="none").loop)
    with pytest.raises(ValueError, match="--compile"):
        wants_shards(settings(tmp_path, compile=True).loop)
    with pytest.raises(ValueError, match="leave --sharding fsdp out"):
        SharedGradients(ToyStage(settings(tmp_path)), loop)
