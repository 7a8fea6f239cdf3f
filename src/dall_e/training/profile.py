"""Where the time of training steps goes, and what a run keeps in memory (`--profile`)."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterable, Iterator

import torch

from dall_e.training.player import PlayerTrainer

_PARTS = ("data", "forward", "backward", "optimizer")
_MB = 2**20


class Profile:
    """Seconds by part of a step. Costs nothing unless it is `on`."""

    def __init__(self, device: torch.device, *, on: bool) -> None:
        self.is_on = on
        self._device = device
        self._seconds = dict.fromkeys(_PARTS, 0.0)
        self._all = 0.0
        self._steps = 0
        self._began_with = self._peak = _peak_bytes() if on else 0

    @contextlib.contextmanager
    def step(self) -> Iterator[None]:
        """A whole step; the first is left out, as it makes what later ones find."""
        begun = self._now()
        yield
        self._all += self._now() - begun
        if self._steps == 0:
            self._seconds, self._all = dict.fromkeys(_PARTS, 0.0), 0.0
        self._steps += 1
        if self.is_on:
            self._peak = _peak_bytes()  # Not at the end: sheets take memory of their own.

    @contextlib.contextmanager
    def part(self, name: str) -> Iterator[None]:
        """A part of a step: data, forward, backward or optimizer."""
        begun = self._now()
        yield
        self._seconds[name] += self._now() - begun

    def lines(self, trainers: Iterable[PlayerTrainer]) -> list[str]:
        """What was measured, in words; nothing of fewer than two steps."""
        if self._steps < 2:
            return []
        fractions = {name: seconds / self._all for name, seconds in self._seconds.items()}
        outside = 1 - sum(fractions[name] for name in ("forward", "backward", "optimizer"))
        told = ", ".join(f"{name} {fraction:.1%}" for name, fraction in fractions.items())
        kept: dict[str, int] = {}
        for trainer in trainers:
            for name, number in trainer.kept_bytes().items():
                kept[name] = kept.get(name, 0) + number
        memory = ", ".join(f"{name} {number / _MB:.1f}" for name, number in kept.items())
        risen = (self._peak - self._began_with) / _MB
        return [
            f"profile of {self._steps - 1} steps: {self._all / (self._steps - 1):.3g} s a step; "
            f"{told}; outside of forward, backward and optimizer {outside:.1%}",
            f"memory in MiB: {memory}; the peak of the process rose by {risen:.1f} in its steps, "
            f"to {self._peak / _MB:.1f}",
            *self._gpu_line(),
        ]

    def _gpu_line(self) -> list[str]:
        if self._device.type != "cuda":
            return []
        return [f"peak of the GPU: {torch.cuda.max_memory_allocated(self._device) / _MB:.1f} MiB"]

    def _now(self) -> float:
        if not self.is_on:
            return 0.0
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        return time.perf_counter()


def _peak_bytes() -> int:
    """The most memory that this process ever had; macOS tells it in bytes, Linux in KiB.

    0 where the system does not say.
    """
    try:
        import resource
    except ImportError:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
