"""Pixels of drawings that are foreseen, decoded while their tokens are still drawn.

Where a memory recalls one image for a prompt, its tokens will most probably be the ones. Pixels are
a function of tokens, so a second core may decode them meanwhile; as in speculative decoding the
guess is checked, and what comes true is taken. Nothing but time depends on it.

Shapes: N image tokens, C H W channels (4, premultiplied RGBA), rows and columns.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future

import torch
from torch import Tensor

from dall_e.planning.drawing_jobs import DrawingJob
from dall_e.runtime import most_threads
from dall_e.sampling.memory import TokenMemory

Decode = Callable[[Tensor], Tensor]
"""From the tokens [1, N] of a drawing to its pixels [C, H, W]; can be called in any thread."""


@contextlib.contextmanager
def foreseeing(
    decode: Decode, memory: TokenMemory | None, jobs: Sequence[DrawingJob]
) -> Iterator[Decode]:
    """Decode in a thread of its own what the memory foresees of a single picture, if there is a
    core for it.

    Gives what decodes its drawings: at once where they came true.
    """
    guesses: list[Tensor] = []
    if memory is not None and len(jobs) == 1 and most_threads() > 1:
        guesses = foreseen_tokens(memory, jobs[0])
    foreseen = _Foreseen(decode, guesses)
    try:
        yield foreseen
    finally:
        foreseen.leave()


def foreseen_tokens(memory: TokenMemory, job: DrawingJob) -> list[Tensor]:
    """The tokens [1, N] of all drawings for which a memory has just one image."""
    recalled = [memory.recalled(prompt) for _, prompt, _ in job.drawings]
    return [memory.codes_IN[rows].to(torch.int64) for rows in recalled if len(rows) == 1]


class _Foreseen:
    """Decodes drawings; of some the pixels are there before they are asked for."""

    def __init__(self, decode: Decode, guesses: Sequence[Tensor]) -> None:
        self._decode = decode
        self._futures: dict[tuple[int, ...], Future[Tensor]] = {}
        for codes_1N in guesses:
            self._futures.setdefault(_key(codes_1N), Future())
        if self._futures:
            threading.Thread(target=self._work, name="foreseen", daemon=True).start()

    def __call__(self, codes_1N: Tensor) -> Tensor:
        """The pixels of one drawing, decoded here if they were not foreseen or not begun."""
        future = self._futures.get(_key(codes_1N))
        if future is None or future.cancel():
            return self._decode(codes_1N)
        return future.result()

    def leave(self) -> None:
        """Decode no more of what is foreseen."""
        for future in self._futures.values():
            future.cancel()

    def _work(self) -> None:
        for key, future in self._futures.items():
            if not future.set_running_or_notify_cancel():
                continue
            try:
                codes_1N = torch.tensor([key], dtype=torch.int64, device="cpu")
                future.set_result(self._decode(codes_1N))
            except BaseException as error:  # it belongs to whoever asks for the pixels
                future.set_exception(error)


def _key(codes_1N: Tensor) -> tuple[int, ...]:
    return tuple(codes_1N[0].tolist())
