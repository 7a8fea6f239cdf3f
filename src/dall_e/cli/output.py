"""Standard output: what commands print for other programs, whether or not somebody reads it."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from typing import TextIO

Say = Callable[[object], None]


@contextlib.contextmanager
def steady_output(stream: TextIO | None = None) -> Iterator[Say]:
    """A function that prints a line at once, and never stops the work inside the block.

    stream: standard output as it was, for a block in which libraries print, too.
    A reader that is gone, as in `| head -1`, has what it wanted. A full disk is an OSError, but
    only at the end.
    """
    failures: list[OSError] = []

    def say(line: object) -> None:
        try:
            print(line, file=stream, flush=True)
        except OSError as error:
            failures.append(error)
            drop_output(stream)

    yield say
    if failures and not isinstance(failures[0], BrokenPipeError):
        raise OSError(f"cannot write the output: {failures[0].strerror}") from failures[0]


def drop_output(stream: TextIO | None = None) -> None:
    """Let what is still to be printed go nowhere, silently."""
    # A stand-in for standard output need not have a number.
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, (stream or sys.stdout).fileno())
        os.close(nowhere)
