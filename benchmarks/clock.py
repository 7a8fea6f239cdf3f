"""Seconds of a drawing: until its first token, of the other tokens, of its pixels.

On a GPU, time is taken by events in its own queue.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True)
class Times:
    """What one drawing took, in seconds."""

    first: float
    """Until the first token, reading the prompt included; 0 where `rest` includes it."""
    rest: float
    """Of the other tokens that were drawn."""
    drawn: int
    """Number of tokens that were drawn."""
    pixels: float
    """From tokens to pixels; 0 where pixels are left out."""

    def image(self, num_tokens: int) -> float:
        """Return the seconds of a whole image.

        Tokens that were not drawn count as much as those after the first one did.
        """
        if self.drawn == num_tokens:
            return self.first + self.rest + self.pixels
        scaled_rest = self.rest * (num_tokens - 1) / (self.drawn - 1)
        return self.first + scaled_rest + self.pixels


class Clock:
    """Takes stamps, and tells the seconds between two of them."""

    def __init__(self, device: torch.device) -> None:
        self._device = device

    def wait(self) -> None:
        """Wait until the device has done all that it was given."""
        if self._device.type == "cuda":
            import torch

            torch.cuda.synchronize(self._device)

    def stamp(self) -> Any:
        """Stamp this moment; on a GPU the moment its queue gets here, so that nothing waits."""
        if self._device.type != "cuda":
            return time.perf_counter()

        import torch

        event = torch.cuda.Event(enable_timing=True)
        event.record()
        return event

    def seconds(self, begun: Any, ended: Any) -> float:
        """Return the seconds between two stamps."""
        if self._device.type != "cuda":
            return float(ended - begun)
        self.wait()
        return float(begun.elapsed_time(ended)) / 1000

    def timed(self, work: Callable[[], object]) -> float:
        """Return the seconds of some work by the wall clock, until its result is there."""
        self.wait()
        begun = time.perf_counter()
        work()
        self.wait()
        return time.perf_counter() - begun


class _EnoughError(Exception):
    """All tokens that were asked for are drawn."""


class Steps:
    """Times the steps of a loop from inside, and ends the loop after so many."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._stamps: list[Any] = []
        self._wanted = 0

    def counted(self, step: Callable[..., Any]) -> Callable[..., Any]:
        """Return the same function, each call of which counts as a step."""

        def call(*args: Any, **keywords: Any) -> Any:
            result = step(*args, **keywords)
            self.done()
            return result

        return call

    def done(self) -> None:
        """Note that a step is over."""
        self._stamps.append(self._clock.stamp())
        if len(self._stamps) == self._wanted:
            raise _EnoughError

    def run(self, loop: Callable[[], object], tokens: int) -> tuple[float, float]:
        """Return the seconds until the first token, and of the others up to `tokens`.

        The loop is left there. Raises RuntimeError for a loop that ends before.
        """
        self._stamps, self._wanted = [], tokens
        self._clock.wait()
        begun = self._clock.stamp()
        try:
            loop()
        except _EnoughError:
            pass
        if len(self._stamps) != tokens:
            raise RuntimeError(f"{len(self._stamps)} tokens were drawn instead of {tokens}")

        first, last = self._stamps[0], self._stamps[-1]
        return self._clock.seconds(begun, first), self._clock.seconds(first, last)
