"""What a run must survive: signals that end it, and random numbers that others draw."""

from __future__ import annotations

import contextlib
import random
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any

import torch

from dall_e.runtime import num_launched


def random_state() -> dict[str, Any]:
    """The state of the random numbers of torch and Python."""
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    return {"torch": torch.get_rng_state(), "cuda": cuda, "python": random.getstate()}


def set_random_state(state: dict[str, Any]) -> None:
    """Takes back what `random_state` gave."""
    torch.set_rng_state(state["torch"])
    if state["cuda"] and torch.cuda.is_available():
        torch.cuda.set_rng_state_all(state["cuda"])
    random.setstate(state["python"])


@contextlib.contextmanager
def catch_signals() -> Iterator[list[int]]:
    """A list that gets the first SIGINT or SIGTERM; a second one ends the program at once."""
    caught: list[int] = []
    # Only the main thread may set handlers.
    is_main_thread = threading.current_thread() is threading.main_thread()
    watched = (signal.SIGINT, signal.SIGTERM) if is_main_thread else ()
    before = {number: signal.getsignal(number) for number in watched}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def note(number: int, frame: FrameType | None) -> None:
        caught.append(number)
        if num_launched() > 1:
            return  # A launcher passes on what every process got already, and kills who is late.
        restore()
        print("\nsaving; once more stops at once, without saving", file=sys.stderr)

    for number in watched:
        signal.signal(number, note)
    try:
        yield caught
    finally:
        restore()
