"""Waiting for work without keeping it: a client that leaves takes its work along."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any, NamedTuple

from starlette.requests import Request

from dall_e.serving.batcher import Batcher
from dall_e.serving.failures import ClientGoneError
from dall_e.serving.work import Work


async def results_of(request: Request, batcher: Batcher, works: Sequence[Work]) -> list[Any]:
    """Let work wait, and return the results in order.

    Raises what the first one raises that fails, and ClientGoneError. Either way nothing of it is
    drawn any more.
    """
    batcher.submit(works)
    futures = [asyncio.wrap_future(work.future) for work in works]
    everything = asyncio.gather(*futures)
    gone = asyncio.ensure_future(_until_gone(request))
    awaited: set[asyncio.Future[Any]] = {everything, gone}
    try:
        await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
        if not everything.done():
            raise ClientGoneError
        return await everything
    finally:
        gone.cancel()
        for each in futures:
            each.cancel()
        with contextlib.suppress(BaseException):
            await everything


async def _until_gone(request: Request) -> None:
    """Return when the client has closed its connection. The body must have been read."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


class Progress(NamedTuple):
    """What happens while work is done: something on the way, or a result, or an error."""

    number: int
    """Of the piece of work."""
    value: Any
    is_final: bool


class ProgressFeed:
    """Progress of work, from the threads that do it to whoever answers."""

    def __init__(self) -> None:
        """To be made where it is read."""
        self._loop = asyncio.get_running_loop()
        self._events: asyncio.Queue[Progress] = asyncio.Queue()

    def put(self, number: int, value: Any) -> None:
        """Tell of something on the way; from any thread."""
        self._send(Progress(number, value, is_final=False))

    async def follow(self, works: Sequence[Work]) -> AsyncIterator[Progress]:
        """Give all progress of work that waits already, until all of it is done.

        If the reader stops, so does the work.
        """
        for number, work in enumerate(works):
            work.future.add_done_callback(partial(self._end, number))
        try:
            left = len(works)
            while left:
                event = await self._events.get()
                left -= event.is_final
                yield event
        finally:
            for work in works:
                work.future.cancel()

    def _end(self, number: int, future: Future[Any]) -> None:
        self._send(Progress(number, future, is_final=True))

    def _send(self, event: Progress) -> None:
        # The loop may be closed by the time that work ends.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._events.put_nowait, event)
