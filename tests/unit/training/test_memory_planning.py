"""The memory of a step, found without making one, and micro-batches that fit."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils._pytree import tree_iter
from torch.utils.weak import WeakIdKeyDictionary

from dall_e.config import GeneratorTraining, LoopConfig, TokenizerTraining, with_values
from dall_e.runtime import autocast, pick_dtype
from dall_e.training import memory_planning
from dall_e.training.generator_stage import (
    GeneratorRehearsal,
    GeneratorStage,
    run_generator_training,
)
from dall_e.training.gradients import recompute_where_asked
from dall_e.training.loop import fit
from dall_e.training.player import PlayerTrainer
from dall_e.training.rehearsal import MemoryNeed, _NoContent, rehearse
from dall_e.training.stage import Stage
from dall_e.training.tokenizer_stage import TokenizerRehearsal, run_tokenizer_training

from .test_memory_fitting import settings
from .test_tokenizer_stage import make as make_tokenizer
from .test_tokenizer_stage import settings as tokenizer_settings


class Counted(_NoContent):
    """The same count of a step that is really made."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        for tensor in tree_iter(args):
            if isinstance(tensor, torch.Tensor):
                # It was there before, and what works in place gives it back.
                self._seen.setdefault(tensor.untyped_storage(), 0)
        result = func(*args, **(kwargs or {}))
        for tensor in tree_iter(result):
            if isinstance(tensor, torch.Tensor):
                self._count(tensor.untyped_storage())
        return result


def really(config: Any, stage: Stage[Any]) -> MemoryNeed:
    """What the third step of a stage takes."""
    recompute_where_asked(stage, config.loop)
    trainers = {player.name: PlayerTrainer(player) for player in stage.players}
    dtype = pick_dtype(config.loop.precision, stage.device)
    counted = Counted()
    for number in range(3):
        batch = stage.batch(number * 8)
        turns = stage.losses(batch, progress=1.0)
        if number == 2:
            kept = [trainer.kept_bytes() for trainer in trainers.values()]
            counted.now = counted.peak = 0
        while True:
            with counted, autocast(stage.device, dtype):
                turn = next(turns, None)
            if turn is None:
                break
            with counted:
                trainers[turn[0]].add(turn[1].loss)
                trainers[turn[0]].step(1.0)
    together = {kind: sum(each[kind] for each in kept) for kind in kept[0]}
    return MemoryNeed(images=8, kept=together, computed=counted.peak)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"gradient_checkpointing": True},
        {"lora_rank": 4},
        {"optimizer": "muon", "correction_weight": 0.0},
        {"precision": "bf16"},
    ],
    ids=lambda changes: "-".join(changes) or "plain",
)
def test_a_generator_takes_what_was_foreseen(
    folders: Path, tmp_path: Path, changes: dict[str, Any]
) -> None:
    config = settings(folders, out=str(tmp_path), **changes)
    foreseen = rehearse(config.loop, partial(GeneratorRehearsal, config))
    found = really(config, GeneratorStage(config))
    assert foreseen.images == 8 and foreseen.kept == found.kept
    assert foreseen.computed == pytest.approx(found.computed, rel=0.15)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_low_rank_takes_at_most_half_of_what_all_weights_take(precision: str) -> None:
    values = {"preset": "xs", "precision": precision, "batch_size": 8, "device": "cpu"}
    needs = []
    for more in ({}, {"init": "dall-e-emoji", "lora_rank": 16}):
        config = with_values(GeneratorTraining(), {**values, **more})
        needs.append(rehearse(config.loop, partial(GeneratorRehearsal, config)).total)
    assert needs[1] <= 0.5 * needs[0], needs


def test_a_tokenizer_and_its_discriminator_take_what_was_foreseen(tmp_path: Path) -> None:
    # Launchers number the CPU; it is one device all the same.
    config = tokenizer_settings(tmp_path, coarse_fraction=0.0, device="cpu:0")
    foreseen = rehearse(config.loop, partial(TokenizerRehearsal, config))
    found = really(config, make_tokenizer(config))
    assert foreseen.kept == found.kept
    assert foreseen.computed == pytest.approx(found.computed, rel=0.15)


def test_a_rehearsal_leaves_no_trace_in_a_run(folders: Path, tmp_path: Path) -> None:
    found = []
    for name in ("first", "second"):
        config = settings(folders, out=str(tmp_path / name))
        if name == "second":
            rehearse(config.loop, partial(GeneratorRehearsal, config))
        stage = GeneratorStage(config)
        fit(config, stage)
        found.append(stage.module.state_dict())
    assert all(torch.equal(found[0][name], found[1][name]) for name in found[0])


def test_memory_is_given_back_to_the_count() -> None:
    with Counted() as counted:
        first = torch.zeros(1000)
        view = first[10:]
        assert counted.now == counted.peak == 4000
        del first
        assert counted.now == 4000, "a view keeps it"
        del view
        second = torch.zeros(500)
        assert (counted.now, counted.peak) == (2000, 4000)
        del second
    assert isinstance(counted._seen, WeakIdKeyDictionary) and not len(counted._seen)


# What is done with it


@pytest.fixture(scope="module")
def rehearsed() -> dict[int, MemoryNeed]:
    """By the number of pictures, as the tests with `needs` differ in nothing else."""
    return {}


@pytest.fixture
def needs(
    folders: Path,
    tmp_path: Path,
    rehearsed: dict[int, MemoryNeed],
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[int], int]:
    """Bytes that a run's steps need with so many pictures at once; each is found out once."""

    def once(loop: LoopConfig, make: Callable[[], Stage[Any]]) -> MemoryNeed:
        size = loop.micro_batch_size
        if size not in rehearsed:
            rehearsed[size] = rehearse(loop, make)
        return rehearsed[size]

    def total(size: int) -> int:
        config = settings(folders, out=str(tmp_path / "run"), micro_batch=size)
        return once(config.loop, partial(GeneratorRehearsal, config)).total

    monkeypatch.setattr(memory_planning, "rehearse", once)
    return total


def test_a_batch_is_made_of_parts_that_fit(
    folders: Path,
    tmp_path: Path,
    needs: Callable[[int], int],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    config = settings(folders, out=str(tmp_path / "run"))
    room = int(needs(4) * 1.1) + 2**20
    assert room < needs(8)
    monkeypatch.setattr(memory_planning, "free_memory", lambda device: room)
    run_generator_training(config)
    said = capsys.readouterr().err
    assert "memory for steps: about " in said and "computed of 8 pictures at once" in said
    assert f"this machine has {room / 2**20:.0f} MiB free" in said
    assert "so a process learns from 4 pictures at a time: about " in said
    assert "The gradients of 2 times are added up, and a step still learns from 8" in said
    state = torch.load(tmp_path / "run" / "checkpoint.pt", weights_only=True)
    assert state["config"]["loop"]["micro_batch"] == 4 and state["images_seen"] == 16

    # It goes on with them, also where there is more by now, or just enough.
    for free in (2**40, needs(4)):
        monkeypatch.setattr(memory_planning, "free_memory", lambda device, free=free: free)
        run_generator_training(with_values(config, {"images": 24}))
        said = capsys.readouterr().err
        assert "computed of 4 pictures at once" in said and "at a time" not in said


def test_what_cannot_fit_is_refused_before_data_are_read(
    folders: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = settings(folders, out=str(tmp_path / "run"), data=str(tmp_path / "missing"))
    monkeypatch.setattr(memory_planning, "free_memory", lambda device: 2**20)
    message = (
        r"not enough memory to learn from a single picture: about \d+ MiB \(weights \d+ MiB, .* of "
        r"1 picture at once .*has 1 MiB free. Try --gradient-checkpointing, a smaller --preset"
    )
    with pytest.raises(ValueError, match=message):
        run_generator_training(config)
    single = with_values(config, {"gradient_checkpointing": True, "micro_batch": 1})
    with pytest.raises(ValueError, match="not enough memory .*Try a smaller --preset"):
        run_generator_training(single, dry_run=True)
    assert not (tmp_path / "run").exists()

    values = {"preset": "tiny", "data": str(tmp_path / "no"), "micro_batch": 1}
    tokenizer = with_values(TokenizerTraining(), values)
    with pytest.raises(ValueError, match="not enough memory to learn from a single picture"):
        run_tokenizer_training(tokenizer)


def test_parts_are_shared_out_among_processes(
    folders: Path, tmp_path: Path, needs: Callable[[int], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two on one machine have half of it each, and DDP a copy of the gradients."""
    monkeypatch.setattr(memory_planning, "num_processes", lambda: 2)
    monkeypatch.setattr(memory_planning, "free_memory", lambda device: int(2.2 * needs(2)) + 2**20)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    config = settings(folders, out=str(tmp_path / "run"), micro_batch=4)
    fitted = memory_planning.fitted_to_memory(config, GeneratorRehearsal)
    assert fitted.loop.micro_batch == 2
    monkeypatch.setattr(memory_planning, "free_memory", lambda device: None)
    assert memory_planning.fitted_to_memory(config, GeneratorRehearsal) == config


def test_shards_of_weights_are_not_foreseen(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(memory_planning, "wants_shards", lambda loop: True)
    config = GeneratorTraining()
    assert memory_planning.fitted_to_memory(config, GeneratorRehearsal) is config
    assert not capsys.readouterr().err and "LOCAL_WORLD_SIZE" not in os.environ
