"""Seconds of a drawing: to its first token, of the others, of its pixels. On a GPU, by events in
its own queue."""

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
    """Until the first token was drawn, reading the prompt included; 0 where that is counted in
    `rest`."""
    rest: float
    """Of the other tokens that were drawn."""
    drawn: int
    """Tokens that were drawn."""
    pixels: float
    """From tokens to pixels; 0 where pixels are left out."""

    def image(self, num_tokens: int) -> float:
        """Of a whole picture. Tokens that were not drawn count as much as those behind the first
        one did."""
        if self.drawn == num_tokens:
            return self.first + self.rest + self.pixels
        return self.first + self.rest * (num_tokens - 1) / (self.drawn - 1) + self.pixels


class Clock:
    """Stamps, and the seconds between two of them."""

    def __init__(self, device: torch.device) -> None:
        self._device = device

    def wait(self) -> None:
        """Until the device has done all that it was given."""
        if self._device.type == "cuda":
            import torch

            torch.cuda.synchronize(self._device)

    def stamp(self) -> Any:
        """Now; on a GPU, when it gets here, so that nothing has to wait."""
        if self._device.type != "cuda":
            return time.perf_counter()
        import torch

        event = torch.cuda.Event(enable_timing=True)
        event.record()
        return event

    def seconds(self, begun: Any, ended: Any) -> float:
        """Between two stamps."""
        if self._device.type != "cuda":
            return float(ended - begun)
        self.wait()
        return float(begun.elapsed_time(ended)) / 1000

    def timed(self, work: Callable[[], object]) -> float:
        """Seconds of some work, by the wall clock, until its result is there."""
        self.wait()
        begun = time.perf_counter()
        work()
        self.wait()
        return time.perf_counter() - begun


class _EnoughError(Exception):
    """All tokens that were asked for are drawn."""


class Steps:
    """Times the steps of a loop that it only sees from inside, and ends the loop after so many."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._stamps: list[Any] = []
        self._wanted = 0

    def counted(self, step: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, counted."""

        def call(*args: Any, **keywords: Any) -> Any:
            result = step(*args, **keywords)
            self.done()
            return result

        return call

    def done(self) -> None:
        """A step is over."""
        self._stamps.append(self._clock.stamp())
        if len(self._stamps) == self._wanted:
            raise _EnoughError

    def run(self, loop: Callable[[], object], tokens: int) -> tuple[float, float]:
        """Seconds until the first token, and of the others up to `tokens`; the loop is left there.

        Raises RuntimeError for a loop that ends before.
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
