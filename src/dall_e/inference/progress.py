"""The progress bar of the project: one line per task, on a terminal's stderr or in a notebook.

And what is called after each step of a drawing.
"""

from __future__ import annotations

import inspect
import sys
import time
import warnings
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol

from dall_e.inference.validation import check_callback

if TYPE_CHECKING:
    from dall_e.sampling.decode import DecodeStep

ProgressCallback = Callable[[str, int, int], None]
"""Called with the name of a task, how many of its steps are done, and how many there are."""

StepCallback = Callable[["DecodeStep"], "bool | None"]
"""Called after each step of each batch; True stops the drawing with DecodeInterrupted."""

AnyStepCallback = Callable[..., Any]
"""A `StepCallback`, or a function in the form of diffusers: (pipe, step, timestep, kwargs)."""

# The bar comes after half a second, so that a quick drawing never waits for the import of rich
# (0.1 s), and is redrawn ten times a second.
_DELAY, _INTERVAL = 0.5, 0.1


class ProgressBar:
    """A bar for each task while the `with` block runs: by rich, or in a notebook by tqdm.

    It is a `ProgressCallback`. Where there is neither a notebook nor a terminal at stderr, or
    `shown` is False, it does nothing.
    """

    def __init__(self, shown: bool = True) -> None:
        self._in_notebook = is_notebook()
        self.is_shown = shown and (self._in_notebook or sys.stderr.isatty())
        self._bars: _Bars | None = None
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
        if self._bars is not None:
            self._bars.close()

    def __call__(self, task: str, done: int, total: int) -> None:
        """Shows that `done` of the `total` steps of a task are done."""
        now = time.monotonic()
        is_complete = self._bars is not None and done == total
        if not self.is_shown or (now < self._next_time and not is_complete):
            return

        self._next_time = now + _INTERVAL
        self._bars = self._bars or (_NotebookBars() if self._in_notebook else _TerminalBars())
        self._bars.show(task, done, total)


def is_notebook() -> bool:
    """Whether this runs in a cell of a notebook, where stderr is no terminal."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    # A kernel serves notebooks; the shell of a terminal has none.
    return shell is not None and hasattr(shell, "kernel")


def counted_steps(
    on_step: StepCallback | None,
    on_progress: ProgressCallback | None,
    batch: int,
    num_batches: int,
) -> StepCallback | None:
    """What the decode loop calls in one of the batches; None if nobody wants to know.

    The caller's function runs with the caller's number of threads.
    """
    from dall_e.runtime import caller_threads

    if on_progress is None and on_step is None:
        return None

    def report(step: DecodeStep) -> bool | None:
        if on_progress is not None:
            done = batch * step.num_steps + step.step
            on_progress("drawing", done, num_batches * step.num_steps)
        if on_step is None:
            return None
        with caller_threads():
            return on_step(step)

    return report


def step_callback(callback: AnyStepCallback | None, pipe: Any) -> StepCallback | None:
    """A caller's function as the decode loop calls it.

    One of four parameters is in the form of diffusers: it gets the model, the number of the step
    from 0, how many steps are left, and a dict with the `codes` so far and which are `known`, both
    [B, N]. What it returns is not read; `pipe._interrupt = True` stops the drawing. Raises
    ValueError for what is no function.
    """
    check_callback(callback)
    if callback is None or not _takes_four(callback):
        return callback

    pipe._interrupt = False

    def report(step: DecodeStep) -> bool:
        tensors = {"codes": step.codes_BN, "known": step.known_BN}
        callback(pipe, step.step - 1, step.num_steps - step.step, tensors)
        return bool(pipe._interrupt)

    return report


def _takes_four(callback: AnyStepCallback) -> bool:
    """Whether four values can be given to a function, and one cannot."""
    try:
        signature = inspect.signature(callback)
    except (TypeError, ValueError):
        return False  # Some functions in C do not say what they take.

    def fits(*values: None) -> bool:
        try:
            signature.bind(*values)
        except TypeError:
            return False
        return True

    return fits(None, None, None, None) and not fits(None)


class _Bars(Protocol):
    """One bar for each task."""

    def show(self, task: str, done: int, total: int) -> None: ...

    def close(self) -> None: ...


class _TerminalBars:
    """Bars of rich on stderr, redrawn when they are told to, by no thread of their own."""

    def __init__(self) -> None:
        from rich import progress
        from rich.console import Console

        self._tasks: dict[str, Any] = {}
        self._progress = progress.Progress(
            progress.TextColumn("{task.description}"),
            progress.BarColumn(),
            progress.MofNCompleteColumn(),
            progress.TimeRemainingColumn(),
            console=Console(stderr=True),
            auto_refresh=False,
        )
        self._progress.start()

    def show(self, task: str, done: int, total: int) -> None:
        if task not in self._tasks:
            self._tasks[task] = self._progress.add_task(task, total=total)
        self._progress.update(self._tasks[task], completed=done, total=total, refresh=True)

    def close(self) -> None:
        self._progress.stop()


class _NotebookBars:
    """Bars of tqdm: widgets, or text where the notebook has no widgets."""

    def __init__(self) -> None:
        with warnings.catch_warnings():
            # That there are no widgets is no news to whoever has none.
            warnings.simplefilter("ignore")
            from tqdm.auto import tqdm

        self._make: Any = tqdm
        self._tasks: dict[str, Any] = {}

    def show(self, task: str, done: int, total: int) -> None:
        if task not in self._tasks:
            self._tasks[task] = self._make(desc=task, total=total, mininterval=0)
        bar = self._tasks[task]
        bar.total = total
        bar.update(done - bar.n)

    def close(self) -> None:
        for bar in self._tasks.values():
            bar.close()
