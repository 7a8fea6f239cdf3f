"""Several processes, over gloo: the losses of one process, resumed bit for bit, one that writes."""

import contextlib
import functools
import importlib
import json
import multiprocessing
import os
import signal
import socket
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from dall_e.cli import run
from dall_e.config import GeneratorTraining, TokenizerTraining, with_values
from dall_e.training.generator_stage import run_generator_training
from dall_e.training.gradients import own_positions
from dall_e.training.loop import fit
from dall_e.training.running import run_stage
from dall_e.training.tokenizer_stage import run_tokenizer_training

from .test_loop import ToyStage, TwoPlayers, assert_same, settings, weights


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """What a forked process computes in, too."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


_PATIENCE = 10.0
"""Seconds after which a launcher ends those that another one's failure has left waiting."""


def in_processes(function: Callable[[], Any], count: int = 2) -> list[str]:
    """Call a function in processes that know of each other, as `torchrun` starts them.

    They are forked, as importing torch takes longer than these tests. Returns what each printed on
    its error stream; raises AssertionError with the traceback of one that failed, and ends all of
    them where one was killed, as a launcher does.
    """
    importlib.import_module("torch._dynamo")  # once for all, for steps on tensors without content
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    fork = multiprocessing.get_context("fork")
    results = [fork.Pipe(duplex=False) for _ in range(count)]
    processes = [
        fork.Process(target=_work, args=(function, rank, count, port, results[rank][1]))
        for rank in range(count)
    ]
    for process in processes:
        process.start()
    for _, sender in results:
        sender.close()
    told = []
    for receiver, _ in results:
        if any(failure for _, failure in told) and not receiver.poll(_PATIENCE):
            # It waits for one that has failed and is gone.
            for process in processes:
                process.kill()
        try:
            told.append(receiver.recv())
        except EOFError:  # killed
            for process in processes:
                process.kill()
            told.append(("", "killed"))
    for process in processes:
        process.join()
    failures = [failure for _, failure in told if failure]
    assert not failures, "\n".join(failures)
    return [said for said, _ in told]


def _work(function: Callable[[], Any], rank: int, count: int, port: int, sender: Any) -> None:
    import io

    from accelerate.state import PartialState

    PartialState._reset_state()
    os.environ |= {
        **{"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(count)},
        **{"LOCAL_WORLD_SIZE": str(count), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)},
    }
    said, failure = io.StringIO(), ""
    try:
        with contextlib.redirect_stderr(said):
            function()
    except BaseException:
        failure = traceback.format_exc()
    sender.send((said.getvalue(), failure))
    os._exit(0)  # The parent's clean-up is not this one's.


def losses(folder: Path, name: str) -> list[float]:
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [line[name] for line in lines if name in line]


def alone(config: Any, stage: Callable[..., Any] = ToyStage) -> None:
    fit(config, stage(config))


def test_two_processes_learn_what_one_does(tmp_path: Path) -> None:
    # One process with gradients of two micro-batches added up, and two processes with one each.
    alone(settings(tmp_path / "one", micro_batch=2), TwoPlayers)
    said = in_processes(lambda: run_stage(settings(tmp_path / "two"), TwoPlayers))
    for name in ("toy_loss", "toy_norm"):
        both = losses(tmp_path / "one", name), losses(tmp_path / "two", name)
        assert len(both[0]) == 10
        torch.testing.assert_close(*map(torch.tensor, both), rtol=1e-6, atol=1e-6)
    assert len(losses(tmp_path / "two", "images_per_second")) == 10
    shared = weights(tmp_path / "two")
    for name, weight in weights(tmp_path / "one").items():
        torch.testing.assert_close(shared[name], weight, rtol=1e-5, atol=1e-6)
    assert json.loads((tmp_path / "two" / "config.json").read_text())["loop"]["micro_batch"] == 2
    assert "training begins" in said[0] and not said[1], "one process speaks"
    assert len((tmp_path / "two" / "command.txt").read_text().splitlines()) == 1


def test_four_processes_learn_what_two_do_with_two_micro_batches_each(tmp_path: Path) -> None:
    config = functools.partial(settings, batch_size=8, micro_batch=2, images=24)
    in_processes(lambda: run_stage(config(tmp_path / "two"), ToyStage))
    in_processes(lambda: run_stage(config(tmp_path / "four"), ToyStage), count=4)
    found = [losses(tmp_path / name, "toy_loss") for name in ("two", "four")]
    torch.testing.assert_close(*map(torch.tensor, found), rtol=1e-6, atol=1e-6)


def test_killed_processes_resume_bit_for_bit(tmp_path: Path) -> None:
    in_processes(lambda: run_stage(settings(tmp_path / "straight"), ToyStage))
    config = settings(tmp_path / "killed", save_minutes=0.0)

    def killed() -> None:
        kill = {20: lambda: os.kill(os.getpid(), signal.SIGKILL)}
        run_stage(config, lambda config: ToyStage(config, kill))

    with pytest.raises(AssertionError, match="killed"):
        in_processes(killed)
    assert torch.load(tmp_path / "killed" / "checkpoint.pt", weights_only=True)["images_seen"] == 20
    in_processes(lambda: run_stage(config, ToyStage))
    assert_same(weights(tmp_path / "killed"), weights(tmp_path / "straight"))
    assert losses(tmp_path / "killed", "toy_loss") == losses(tmp_path / "straight", "toy_loss")


def test_one_process_goes_on_with_the_micro_batches_of_two(tmp_path: Path) -> None:
    def stopped() -> None:
        stop = {16: lambda: signal.raise_signal(signal.SIGTERM)}
        with contextlib.suppress(SystemExit):
            run_stage(settings(tmp_path), lambda config: ToyStage(config, stop))

    in_processes(stopped)
    run_stage(settings(tmp_path), ToyStage)
    alone(settings(tmp_path / "one", micro_batch=2))
    found = weights(tmp_path)
    for name, weight in weights(tmp_path / "one").items():
        torch.testing.assert_close(found[name], weight, rtol=1e-5, atol=1e-6)


def test_a_signal_to_one_process_stops_all(tmp_path: Path) -> None:
    def stopped() -> None:
        def raise_in_second() -> None:
            if os.environ["RANK"] == "1":
                signal.raise_signal(signal.SIGTERM)

        config = settings(tmp_path)
        try:
            run_stage(config, lambda config: ToyStage(config, {10: raise_in_second}))
        except SystemExit as ended:
            assert os.environ["RANK"] == "1" and ended.code == 143

    said = in_processes(stopped)
    assert "stopped at 12 of 40 pictures" in said[0]


@pytest.mark.parametrize("adversarial_start", [0.0, 1.0])
def test_the_tokenizer_and_its_discriminator(
    tmp_path: Path, folders: Path, adversarial_start: float
) -> None:
    settings = {
        **{"data": str(folders / "data"), "preset": "tiny", "images": 32, "batch_size": 16},
        **{"micro_batch": 8, "precision": "fp32", "device": "cpu", "log_every": 1, "track": "none"},
        **{"adversarial_start": adversarial_start, "sample_minutes": 60.0},
    }

    def train(out: str) -> None:
        config = with_values(TokenizerTraining(), {**settings, "out": str(tmp_path / out)})
        run_tokenizer_training(config)

    train("one")
    in_processes(lambda: train("two"))
    played = {0.0: ("discriminator_loss", "adaptive", "ranked"), 1.0: ()}[adversarial_start]
    for name in ("tokenizer_loss", "tokenizer_norm", "codes_used", "code_perplexity", *played):
        both = losses(tmp_path / "one", name), losses(tmp_path / "two", name)
        torch.testing.assert_close(*map(torch.tensor, both), rtol=2e-4, atol=2e-4)


def test_the_generator_with_one_cache_of_codes(tmp_path: Path, folders: Path) -> None:
    settings = {
        **{"data": str(folders / "data"), "tokenizer": str(folders / "tokenizer")},
        **{"preset": "tiny", "images": 16, "batch_size": 8, "micro_batch": 4, "views": 1},
        **{"precision": "fp32", "device": "cpu", "log_every": 1, "track": "none"},
        "sample_minutes": 60.0,
    }

    def train(out: str) -> None:
        config = with_values(GeneratorTraining(), {**settings, "out": str(tmp_path / out)})
        run_generator_training(config)

    train("one")
    said = in_processes(lambda: train("two"))
    for name in ("generator_loss", "generator_norm", "nats", "contrastive"):
        both = losses(tmp_path / "one", name), losses(tmp_path / "two", name)
        torch.testing.assert_close(*map(torch.tensor, both), rtol=1e-4, atol=1e-4)
    assert "turning 23 pictures into codes" in said[0] and not said[1]


def test_batches_that_do_not_share_out_are_refused_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(AssertionError, match="--batch-size 4 is no multiple of 3 processes with"):
        in_processes(lambda: run_stage(settings(tmp_path), ToyStage), count=3)
    assert own_positions(settings(tmp_path, micro_batch=2).loop, 8) == [8, 10]
    with pytest.raises(ValueError, match="batch_size 4 is no multiple of micro_batch 3"):
        settings(tmp_path, micro_batch=3)

    monkeypatch.setenv("RANK", "1")
    wrong = ["train", "generator", "--batch-size", "0"]
    assert run(wrong) and "batch_size" in capsys.readouterr().err, "a variable alone is no launcher"
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert run(wrong) and not capsys.readouterr().err, "the main process says it"
