"""The progress bar of the project: one line per task on stderr, and only on a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dall_e.sampling.decode import DecodeStep, StepCallback

ProgressCallback = Callable[[str, int, int], None]
"""Called with the name of a task, how many of its steps are done, and how many there are."""

# The bar comes after half a second, so that a quick drawing never waits for the import of rich
# (0.1 s), and is redrawn ten times a second.
_DELAY, _INTERVAL = 0.5, 0.1


class ProgressBar:
    """A bar for each task, drawn by rich while the `with` block runs.

    It is a `ProgressCallback`. Where stderr is no terminal, or `shown` is False, it does nothing.
    """

    def __init__(self, shown: bool = True) -> None:
        self.is_shown = shown and sys.stderr.isatty()
        self._tasks: dict[str, Any] = {}
        self._bar: Any = None
        self._next_time = 0.0

    def __enter__(self) -> ProgressBar:
        self._next_time = time.monotonic() + _DELAY
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, task: str, done: int, total: int) -> None:
        """Shows that `done` of the `total` steps of a task are done."""
        now = time.monotonic()
        is_complete = self._bar is not None and done == total
        if not self.is_shown or (now < self._next_time and not is_complete):
            return

        self._next_time = now + _INTERVAL
        self._bar = self._bar or _started_bar()
        if task not in self._tasks:
            self._tasks[task] = self._bar.add_task(task, total=total)
        self._bar.update(self._tasks[task], completed=done, total=total, refresh=True)


def _started_bar() -> Any:
    """A bar of rich on stderr, which is redrawn when it is told to, by no thread of its own."""
    from rich import progress
    from rich.console import Console

    bar = progress.Progress(
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TimeRemainingColumn(),
        console=Console(stderr=True),
        auto_refresh=False,
    )
    bar.start()
    return bar


def step_callback(
    on_step: StepCallback | None,
    on_progress: ProgressCallback | None,
    batch: int,
    num_batches: int,
) -> StepCallback | None:
    """What the decode loop calls in one of the batches; None if nobody wants to know."""
    if on_progress is None:
        return on_step

    def report(step: DecodeStep) -> bool | None:
        done = batch * step.num_steps + step.step
        on_progress("drawing", done, num_batches * step.num_steps)
        return on_step(step) if on_step else None

    return report
