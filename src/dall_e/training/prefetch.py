"""Batches made ahead of their use by other processes, so that a GPU need not wait for Python."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import torch
from torch import Tensor

Tensors = dict[str, Tensor]


class Prefetch:
    """`make(position)` for positions that grow by `stride`; with `workers` > 0, made ahead by that
    many processes.

    `make` returns tensors on the CPU and must depend on the position alone: worker k of n makes
    every n-th batch, and waits with a finished one until it is taken. Any position may be asked
    for; a leap starts the workers anew. They are forked, so `make` may hold anything, and end when
    this process does, however it ends.
    """

    def __init__(self, make: Callable[[int], Tensors], *, stride: int, workers: int) -> None:
        self._make = make
        self._stride = stride
        self._num_workers = workers
        self._next = -1
        self._processes: list[multiprocessing.process.BaseProcess] = []
        self._receivers: list[Connection] = []

    def __call__(self, position: int) -> Tensors:
        """The batch at `position`. Raises RuntimeError if a worker failed, with its reason."""
        if self._num_workers == 0:
            return self._make(position)
        if position != self._next:
            self._start(position)
        receiver = self._receivers.pop(0)
        try:
            made = receiver.recv()
        except (EOFError, OSError) as error:  # ended between two batches, or in the middle of one
            raise RuntimeError(
                "a process that makes batches was ended from outside; start the run again"
            ) from error
        if isinstance(made, str):
            raise RuntimeError(f"a process that makes batches failed: {made}")
        self._receivers.append(receiver)
        self._next = position + self._stride
        return {name: torch.from_numpy(array) for name, array in made.items()}

    def close(self) -> None:
        """Ends the workers."""
        for receiver in self._receivers:
            receiver.close()
        for process in self._processes:
            process.terminate()
            process.join()
        self._receivers, self._processes, self._next = [], [], -1

    def _start(self, position: int) -> None:
        self.close()
        # The text tokenizer's library has threads, which a fork loses; told so, it does without
        # them.
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        fork = multiprocessing.get_context("fork")
        for worker in range(self._num_workers):
            receiver, sender = fork.Pipe(duplex=False)
            self._receivers.append(receiver)
            positions = position + worker * self._stride, self._num_workers * self._stride
            process = fork.Process(target=self._work, args=(*positions, sender), daemon=True)
            process.start()
            sender.close()
            self._processes.append(process)
        self._next = position

    def _work(self, position: int, stride: int, sender: Connection) -> None:
        # A session of its own: Ctrl-C and the SIGTERM of a time limit go to the whole group, but
        # only the trainer, who still needs batches to end its step, may act on them.
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        for receiver in self._receivers:
            receiver.close()  # With these open, the pipes would outlive the trainer, and this process too.
        torch.set_num_threads(1)
        try:
            while True:
                sender.send(_arrays(self._make, position))
                position += stride
        except BrokenPipeError:
            return


def _arrays(make: Callable[[int], Tensors], position: int) -> dict[str, Any] | str:
    """The batch as arrays, which travel through a pipe as they are, or why there is none."""
    try:
        return {name: tensor.numpy() for name, tensor in make(position).items()}
    except Exception as error:  # Whatever it is, the trainer must hear of it.
        return f"{type(error).__name__}: {error}"
