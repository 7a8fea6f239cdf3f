"""Batches made ahead are the batches, and who makes them ends with the trainer."""

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection

import pytest
import torch
from torch import Tensor

from dall_e.training.batches import Batch
from dall_e.training.prefetch import Prefetch

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")


@dataclass(frozen=True, kw_only=True, eq=False)
class Made(Batch):
    x: Tensor
    position: Tensor
    pid: Tensor
    flags: Tensor


def make(position: int) -> Made:
    if position >= 1000:
        raise ValueError(f"no batch at {position}")
    generator = torch.Generator().manual_seed(position)
    return Made(
        x=torch.rand(64, 64, generator=generator),
        position=torch.tensor(position),
        pid=torch.tensor(os.getpid()),
        flags=torch.rand(7, generator=generator) < 0.5,
    )


@pytest.fixture
def prefetch() -> Iterator[Prefetch[Made]]:
    ahead = Prefetch(make, stride=4, workers=2)
    yield ahead
    ahead.close()


def test_batches_come_in_order_and_from_other_processes(prefetch: Prefetch[Made]) -> None:
    batches = [prefetch(position) for position in range(0, 24, 4)]
    for number, batch in enumerate(batches):
        expected = make(4 * number)
        assert torch.equal(batch.x, expected.x) and torch.equal(batch.flags, expected.flags)
        assert batch.position.dtype == torch.int64 and int(batch.position) == 4 * number
    makers = [int(batch.pid) for batch in batches]
    assert (
        os.getpid() not in makers
        and makers[:2] == makers[2:4] == makers[4:]
        and len(set(makers)) == 2
    )


def test_any_position_may_be_asked_for(prefetch: Prefetch[Made]) -> None:
    for position in (8, 12, 100, 4, 4):
        assert int(prefetch(position).position) == position


def test_the_global_random_state_is_left_alone(prefetch: Prefetch[Made]) -> None:
    before = torch.get_rng_state()
    prefetch(0)
    prefetch(4)
    assert torch.equal(torch.get_rng_state(), before)


def test_without_workers_it_is_a_plain_call() -> None:
    assert int(Prefetch(make, stride=4, workers=0)(8).pid) == os.getpid()


def test_errors_come_with_their_reason(prefetch: Prefetch[Made]) -> None:
    with pytest.raises(RuntimeError, match="no batch at 1000"):
        prefetch(1000)
    victim = int(prefetch(0).pid)
    prefetch(4)
    os.kill(victim, signal.SIGKILL)
    with pytest.raises(RuntimeError, match="ended from outside"):
        for position in range(8, 200, 4):  # what it had finished before still comes
            prefetch(position)


def is_running(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().split()[2] != "Z"
    except OSError:
        return False


def train_and_end(how: str, sender: Connection) -> None:
    ahead = Prefetch(make, stride=1, workers=2)
    sender.send([int(ahead(position).pid) for position in (0, 1)])
    if how == "killed":
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs /proc to look at processes")
@pytest.mark.parametrize("how", ["at its end", "killed"])
def test_workers_end_with_the_trainer(how: str) -> None:
    fork = multiprocessing.get_context("fork")
    receiver, sender = fork.Pipe(duplex=False)
    trainer = fork.Process(target=train_and_end, args=(how, sender))
    trainer.start()
    makers = receiver.recv()
    trainer.join(30)
    deadline = time.monotonic() + 20
    while any(is_running(pid) for pid in makers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(is_running(pid) for pid in makers)
