"""Batches made ahead of their use by other processes, so that a GPU need not wait for Python."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Generic

import torch

from dall_e.training.batches import BatchType


class Prefetch(Generic[BatchType]):
    """The batches `make(0)`, `make(stride)`, ..., made ahead by `workers` processes, if any.

    `make` returns a batch on the CPU and must depend on the position alone: worker k of n makes
    every n-th batch, and waits with a finished one until it is taken. Any position may be asked
    for; a leap starts the workers anew. They are forked, so `make` may hold anything, and end when
    this process does, however it ends.
    """

    def __init__(self, make: Callable[[int], BatchType], *, stride: int, workers: int) -> None:
        self._make = make
        self._stride = stride
        self._num_workers = workers
        self._next = -1
        self._processes: list[multiprocessing.process.BaseProcess] = []
        self._receivers: list[Connection] = []

    def __call__(self, position: int) -> BatchType:
        """The batch at `position`. Raises RuntimeError if a worker failed, with its reason."""
        if self._num_workers == 0:
            return self._make(position)
        if position != self._next:
            self._start(position)
        receiver = self._receivers.pop(0)
        try:
            made: BatchType | str = receiver.recv()
        except (EOFError, OSError) as error:  # ended between two batches, or in the middle of one
            raise RuntimeError(
                "a process that makes batches was ended from outside; start the run again"
            ) from error
        if isinstance(made, str):
            raise RuntimeError(f"a process that makes batches failed: {made}")
        self._receivers.append(receiver)
        self._next = position + self._stride
        return made.to_tensors()

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
        # The text tokenizer's library has threads, which a fork loses; told so, it does without.
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
        # With these open, the pipes would outlive the trainer, and this process too.
        for receiver in self._receivers:
            receiver.close()
        torch.set_num_threads(1)
        try:
            while True:
                sender.send(self._made(position))
                position += stride
        except BrokenPipeError:
            return

    def _made(self, position: int) -> BatchType | str:
        """The batch as arrays, which travel through a pipe as they are, or why there is none."""
        try:
            return self._make(position).to_arrays()
        except Exception as error:  # Whatever it is, the trainer must hear of it.
            return f"{type(error).__name__}: {error}"
