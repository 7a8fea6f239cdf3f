"""Processes that draw for a server, beside the one that answers.

Each has the models in its own memory, and Python's lock to itself. It draws batches of plain
drawings and finishes their images; the queue, the filters, the files and everything that a client
sees on the way stay with the server. If one dies, its work is not lost: the server draws it.
"""

from __future__ import annotations

import contextlib
import logging
import pickle
import signal
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection

from dall_e.errors import DallEWarning
from dall_e.inference.request import GeneratedImage, GenerationRequest
from dall_e.inference.together import DrawnTokens, Participant, draw_together
from dall_e.pipeline import DALL_E
from dall_e.runtime import divide_threads
from dall_e.sampling.decode import DecodeInterrupted

Load = Callable[[], dict[str, DALL_E]]
"""Loads models by name, in any process."""
Result = GeneratedImage | Exception
_LOOK_SECONDS = 0.05
_CLOSE_SECONDS = 5.0
_LOG = logging.getLogger("dall_e.serving")


class HelperLostError(Exception):
    """A process has ended, or does not start."""


class Helper:
    """One process; to be used by one thread."""

    def __init__(self, load: Load, models: Mapping[str, DALL_E], processes: int = 2) -> None:
        """`load` makes in the process what `models` are here. Nothing is started yet.

        processes: how many there are, that of the server included, to have threads for all.
        """
        self._load, self._processes = load, processes
        self._numbers = {id(model): number for number, model in enumerate(models.values())}
        # A process that is forked has locks of threads that it does not have.
        self._context = get_context("spawn")

    def start(self, is_stopped: Callable[[], bool]) -> None:
        """Start the process, and return when it can draw. Raises HelperLostError if it cannot."""
        self._pipe, theirs = self._context.Pipe()
        self._process = self._context.Process(
            target=_draw_for,
            args=(theirs, self._load, self._processes),
            name="drawing",
            daemon=True,
        )
        self._process.start()
        theirs.close()
        while not self._pipe.poll(_LOOK_SECONDS):
            self._check()
            if is_stopped():
                self._process.kill()
                raise HelperLostError("the server stops")
        self._receive()

    def draw(
        self,
        model: DALL_E,
        requests: Sequence[GenerationRequest],
        is_wanted: Callable[[int], bool],
    ) -> list[Result] | None:
        """Return the images of requests that can be drawn together, or what is wrong with each.

        None if nobody wants any of them any more; `is_wanted` takes the number of a request. Raises
        HelperLostError if the process dies.
        """
        told: set[int] = set()
        try:
            self._pipe.send((self._numbers[id(model)], list(requests)))
            while not self._pipe.poll(_LOOK_SECONDS):
                self._check()
                left = [each for each in range(len(requests)) if not is_wanted(each)]
                for number in set(left) - told:
                    self._pipe.send(number)
                    told.add(number)
        except OSError as error:
            raise HelperLostError(str(error)) from error
        results: list[Result] | None = self._receive()
        return results

    def close(self) -> None:
        """End the process."""
        with contextlib.suppress(OSError):
            self._pipe.send(None)
        self._process.join(_CLOSE_SECONDS)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._pipe.close()

    def _check(self) -> None:
        if not self._process.is_alive() and not self._pipe.poll():
            raise HelperLostError(f"it ended with {self._process.exitcode}")

    def _receive(self) -> list[Result] | None:
        try:
            received: list[Result] | None = self._pipe.recv()
        except (EOFError, OSError) as error:
            raise HelperLostError(str(error) or "it ended") from error
        return received


# In the process


def _draw_for(pipe: Connection, load: Load, processes: int) -> None:
    """Draw what comes through a pipe, until the server ends."""
    # Ctrl-C goes to all processes of a terminal; the server says when this one shall end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A warning has words of the prompt in it.
    warnings.filterwarnings("ignore", category=DallEWarning)
    divide_threads(processes)
    models = list(load().values())
    with contextlib.suppress(EOFError, OSError):
        pipe.send([])
        while (asked := pipe.recv()) is not None:
            # A number is that of a request that was done before it was unwanted.
            if not isinstance(asked, int):
                number, requests = asked
                pipe.send(_drawn(models[number], requests, pipe))


def _drawn(
    model: DALL_E, requests: Sequence[GenerationRequest], pipe: Connection
) -> list[Result] | None:
    """The images of requests, or what is wrong with them; None if all of them are unwanted."""
    unwanted: set[int] = set()

    def is_wanted(number: int) -> bool:
        while pipe.poll():
            unwanted.add(pipe.recv())
        return number not in unwanted

    participants = [
        Participant(request=request, is_wanted=partial(is_wanted, number))
        for number, request in enumerate(requests)
    ]
    try:
        return _images_of(participants, model)
    except DecodeInterrupted:
        return None


def _images_of(participants: Sequence[Participant], model: DALL_E) -> list[Result]:
    """The images of those who are drawn together; a fault of one is nobody else's."""
    try:
        tokens = draw_together(model.engine, participants)
    except DecodeInterrupted:
        raise
    except Exception as error:
        if len(participants) > 1:
            return [_image_alone(each, model) for each in participants]
        return [_sendable(error)]
    return [_image_of(each, model) for each in tokens]


def _image_alone(participant: Participant, model: DALL_E) -> Result:
    try:
        (result,) = _images_of([participant], model)
    except DecodeInterrupted as error:
        return _sendable(error)
    return result


def _image_of(tokens: DrawnTokens, model: DALL_E) -> Result:
    try:
        return tokens.image_of(model.engine)
    except Exception as error:
        return _sendable(error)


def _sendable(error: Exception) -> Exception:
    """An error as it is, if a pipe can carry it; else its words."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error
