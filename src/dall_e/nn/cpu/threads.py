"""How many threads a kernel computes with, found out while drawing."""

from __future__ import annotations


class ThreadTuner:
    """Chooses between one thread and all of them: whichever was quicker of late.

    On a quiet machine all are quicker. Where others have work for a core, threads wait for each
    other, and one is. All are taken only if that is clearly quicker, as a thread that waits keeps
    its core from others. Results do not depend on the number, so both may be tried while drawing.
    """

    _RETRY_EVERY = 64
    """Calls after which the slower choice is tried again."""
    _DECAY = 0.8
    """How much of the running mean a new measurement leaves."""
    _GAIN = 1.2
    """How many times as quick all threads have to be."""

    def __init__(self) -> None:
        self._calls = 0
        self._seconds: dict[int, float] = {}
        """Running mean of the seconds per row, by number of threads."""

    def threads(self, most: int) -> int:
        """The number for the next call: 1 or `most`."""
        self._calls += 1

        # Both are measured first.
        if most not in self._seconds:
            return most
        if 1 not in self._seconds:
            return 1

        quicker = most if self._GAIN * self._seconds[most] <= self._seconds[1] else 1
        slower = 1 + most - quicker
        return quicker if self._calls % self._RETRY_EVERY else slower

    def note(self, threads: int, seconds: float) -> None:
        """Record how long a call took for each of its rows."""
        mean = self._seconds.get(threads, seconds)
        self._seconds[threads] = self._DECAY * mean + (1 - self._DECAY) * seconds
