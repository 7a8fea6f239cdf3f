"""Steps of a drawing, passed on to the caller's callback and to a bar on stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable

from dall_e.sampling.decode import DecodeStep

StepCallback = Callable[[DecodeStep], "bool | None"]


class Reporter:
    """Passes steps on to the caller's callback and to a bar on stderr."""

    def __init__(self, callback: StepCallback | None, progress: bool) -> None:
        if callback is not None and not callable(callback):
            raise ValueError(
                f"callback_on_step_end must be a function, got {type(callback).__name__}"
            )
        self._callback = callback
        self._bar = progress and sys.stderr.isatty()
        self.batches, self._batch = 1, 0
        self.active = self._bar or callback is not None

    def step(self, step: DecodeStep) -> bool | None:
        """After each step of each batch."""
        if self._bar:
            done, most = self._batch * step.num_steps + step.step, self.batches * step.num_steps
            bar = "#" * (30 * done // most)
            end = "\n" if done == most else ""
            print(f"\rdrawing [{bar:.<30}] {done}/{most}", end=end, file=sys.stderr, flush=True)
        return self._callback(step) if self._callback else None

    def next_batch(self) -> None:
        """After the last step of a batch."""
        self._batch += 1
