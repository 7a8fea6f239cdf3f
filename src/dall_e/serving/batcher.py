"""The queue of a server: what waits is drawn together, one owner after the other.

One thread draws tokens, batch after batch. A drawing that comes while a batch is drawn joins the
next one: the rows of a batch know equally many tokens at each step, so none can join between. The
images of a batch are finished in threads of their own, while the next batch is drawn already.

Beside that thread there may be helpers, processes that draw plain drawings; a thread here hands
each its batches.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from dall_e.config import ServingConfig
from dall_e.inference.request import GeneratedImage
from dall_e.inference.together import draw_together
from dall_e.sampling.decode import DecodeInterrupted
from dall_e.serving.drawing_processes import Helper, HelperLostError, Result
from dall_e.serving.failures import Refusal, stopping, too_slow
from dall_e.serving.metrics import Metrics
from dall_e.serving.work import Drawing, Task, Work

_LOG = logging.getLogger("dall_e.serving")
_MEMORY = 0.8
"""How much the time of the last pictures counts in the estimate of the next."""
_FIRST_GUESS = 2.0
"""Seconds for a picture, before one was drawn."""
_RESTART_SECONDS = 1.0
"""Before a process that was lost is started anew."""
Make = Callable[[], GeneratedImage]
_LONGEST_RETRY = 300
"""Seconds after which a client may always try again."""


class Batcher:
    """Draws what waits."""

    def __init__(
        self, settings: ServingConfig, metrics: Metrics, helpers: Sequence[Helper] = ()
    ) -> None:
        """Nothing is drawn before `start`. helpers: processes that draw, too."""
        self._helpers = tuple(helpers)
        self._lanes: list[threading.Thread] = []
        """One for each helper."""
        self._num_idle = 0
        """Threads that wait for work."""
        self._settings, self._metrics = settings, metrics
        self._changed = threading.Condition()
        self._waiting: dict[str, deque[Work]] = {}
        """By owner; whose turn it is stands first."""
        self._num_finishing = 0
        self._is_draining = False
        self._is_stopped = False
        self._seconds_each = _FIRST_GUESS
        self._thread: threading.Thread | None = None
        self._finishers = ThreadPoolExecutor(settings.finishing_threads, "finishing")
        metrics.watch(self)

    # From outside

    def start(self) -> None:
        """Begin to draw."""
        self._thread = threading.Thread(target=self._run, name="drawing", daemon=True)
        self._thread.start()
        for helper in self._helpers:
            lane = threading.Thread(target=self._run_lane, args=(helper,), daemon=True)
            self._lanes.append(lane)
            lane.start()

    def submit(self, works: Sequence[Work]) -> None:
        """Let work wait, all of it or none.

        Raises Refusal 429 with the seconds to wait where the queue is full, and 503 where the
        server stops.
        """
        with self._changed:
            if self._is_draining:
                raise stopping()
            # What nobody waits for any more keeps its pictures until it is gone.
            for queue in self._waiting.values():
                self._let_go_unwanted(queue)
            self._check_room(works)
            for work in works:
                self._waiting.setdefault(work.owner, deque()).append(work)
            self._changed.notify_all()

    def _check_room(self, works: Sequence[Work]) -> None:
        """Raise Refusal 429 where the queue is full, or its owner's half of it."""
        most = self._settings.max_waiting
        of_one = max(self._settings.max_images, most // 2)
        own = self._waiting.get(works[0].owner, ())
        for taken, places, whose in (
            (self.num_waiting, most, "of all"),
            (sum(work.is_wanted for work in own), of_one, "of one owner"),
        ):
            if taken + len(works) > places:
                self._metrics.refused.labels("queue_full").inc(len(works))
                raise Refusal(
                    429,
                    f"{taken} of {places} places in the queue {whose} are taken, and {len(works)} "
                    "are asked for: come again later",
                    code="queue_full",
                    retry_after=self.seconds_to_wait(),
                )
        self._check_memory(works)

    def _check_memory(self, works: Sequence[Work]) -> None:
        """Raise Refusal 429 where pictures that wait to be changed would take too much memory."""
        most = self._settings.waiting_megabytes * 2**20
        held = sum(work.num_bytes for queue in self._waiting.values() for work in queue)
        # One that is too large by itself is let in when nothing else waits.
        if held and held + sum(work.num_bytes for work in works) > most:
            self._metrics.refused.labels("queue_full").inc(len(works))
            raise Refusal(
                429,
                f"pictures of {held // 2**20} MB wait to be changed already, of {most // 2**20}: "
                "come again later",
                code="queue_full",
                retry_after=self.seconds_to_wait(),
            )

    def seconds_to_wait(self) -> int:
        """After how many seconds there will probably be room."""
        seconds = self._seconds_each * max(1, self.num_waiting + self._num_finishing)
        return min(_LONGEST_RETRY, max(1, math.ceil(seconds)))

    @property
    def num_waiting(self) -> int:
        """Pieces of work in the queue that somebody waits for."""
        return sum(work.is_wanted for queue in list(self._waiting.values()) for work in list(queue))

    @property
    def is_draining(self) -> bool:
        """Whether it takes no more."""
        return self._is_draining

    @property
    def has_begun(self) -> bool:
        """Whether it was started."""
        return self._thread is not None

    @property
    def is_alive(self) -> bool:
        """Whether its thread runs."""
        return self._thread is not None and self._thread.is_alive()

    def drain(self) -> None:
        """Take no more; what waits is still drawn."""
        with self._changed:
            self._is_draining = True
            self._changed.notify_all()

    def refund(self) -> None:
        """Send away what still waits, so that it can be asked for elsewhere."""
        with self._changed:
            left = [work for queue in self._waiting.values() for work in queue]
            self._waiting.clear()
        for work in left:
            work.refuse(stopping())

    def stop(self) -> None:
        """Draw to the end what is being drawn, send away what waits, and end."""
        self.drain()
        self.refund()
        with self._changed:
            self._is_stopped = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()
        for lane in self._lanes:
            lane.join()
        self._finishers.shutdown()

    # The thread that draws

    def _run(self) -> None:
        while True:
            works = self._next_works()
            if not works:
                return
            first = works[0]
            if isinstance(first, Task):
                first.settle(first.call)
                continue
            drawings = [work for work in works if isinstance(work, Drawing)]
            for failed in self._draw_safely(drawings):
                self._draw_safely([failed])

    def _next_works(self, *, is_helper: bool = False) -> list[Work]:
        """The next batch, or one other piece of work; nothing once it is to stop."""
        most = 2 * self._settings.batch_size
        with self._changed:
            while True:
                works = self._take(is_helper=is_helper) if self._num_finishing < most else []
                if works or self._is_stopped:
                    return works
                self._num_idle += 1
                self._changed.wait()
                self._num_idle -= 1

    def _take(self, *, is_helper: bool) -> list[Work]:
        """Take what is drawn next out of the queue: one piece of each owner in turn.

        is_helper: only what a helper can draw. What any can draw is divided among those who are
        idle.
        """
        whole = self._settings.batch_size
        part = min(whole, math.ceil(self.num_waiting / (self._num_idle + 1)) or 1)
        taken: list[Work] = []
        owners = deque(self._waiting)
        while owners and len(taken) < (part if not taken or taken[0].is_for_helpers else whole):
            owner = owners.popleft()
            queue = self._waiting[owner]
            self._drop_unwanted(queue)
            is_possible = bool(queue) and (not is_helper or queue[0].is_for_helpers)
            if is_possible and _go_together(taken, queue[0]):
                taken.append(queue.popleft())
                owners.append(owner)

                # Whoever had a turn goes to the end of the line.
                self._waiting[owner] = self._waiting.pop(owner)
            if not queue:
                del self._waiting[owner]
                owners = deque(each for each in owners if each != owner)
        return taken

    def _drop_unwanted(self, queue: deque[Work]) -> None:
        """Take what nobody waits for off the front of a queue."""
        while queue and not queue[0].is_wanted:
            self._let_go(queue.popleft())

    def _let_go_unwanted(self, queue: deque[Work]) -> None:
        """Take what nobody waits for out of a queue, wherever it stands."""
        if all(work.is_wanted for work in queue):
            return
        works = list(queue)
        queue.clear()
        for work in works:
            if work.is_wanted:
                queue.append(work)
            else:
                self._let_go(work)

    def _let_go(self, work: Work) -> None:
        if work.is_late and not work.future.done():
            self._metrics.refused.labels("deadline").inc()
            work.refuse(too_slow(work.seconds))
        else:
            self._metrics.cancelled.inc()

    def _draw_safely(self, drawings: list[Drawing]) -> list[Drawing]:
        """Draw a batch, and return those that are to be drawn by themselves.

        A fault must not end the thread: it goes to whoever asked for what has it, and to nobody
        who was drawn along with that.
        """
        try:
            self._draw(drawings)
        except Exception as error:
            if len(drawings) > 1:
                return drawings
            drawings[0].refuse(error)
        return []

    def _draw(self, drawings: list[Drawing]) -> None:
        """Draw the tokens of a batch, and let its images be finished."""
        started = self._begun(drawings)
        engine = drawings[0].model.engine
        try:
            tokens = draw_together(engine, [work.participant() for work in drawings])
        except DecodeInterrupted:
            self._left(drawings)
            return
        self._let_finish(drawings, [partial(drawn.image_of, engine) for drawn in tokens], started)

    def _begun(self, drawings: Sequence[Drawing]) -> float:
        """Note that a batch is begun, and return when."""
        started = time.monotonic()
        for work in drawings:
            self._metrics.seconds_waiting.observe(started - work.accepted)
        self._metrics.batch_size.observe(len(drawings))
        return started

    def _left(self, drawings: Sequence[Drawing]) -> None:
        """Note that nobody waits for a batch any more."""
        self._metrics.cancelled.inc(len(drawings))
        for work in drawings:
            work.refuse(too_slow(work.seconds))

    def _let_finish(
        self, drawings: Sequence[Drawing], makes: Sequence[Make], started: float
    ) -> None:
        """Let the images of a batch be finished; `makes` gives each of them, or raises."""
        seconds = time.monotonic() - started
        self._metrics.seconds_drawing.observe(seconds)
        self._seconds_each += (1 - _MEMORY) * (seconds / len(drawings) - self._seconds_each)
        with self._changed:
            self._num_finishing += len(drawings)
        for work, make in zip(drawings, makes, strict=True):
            self._finishers.submit(self._finish, work, make)

    def _finish(self, work: Drawing, make: Make) -> None:
        """Make the answer of an image, in one of the threads for that."""
        try:
            work.settle(partial(self._image, work, make))
        # An error in handing it over has nobody to go to.
        except Exception:
            _LOG.exception("a picture could not be handed over")
        finally:
            with self._changed:
                self._num_finishing -= 1
                self._changed.notify_all()

    def _image(self, work: Drawing, make: Make) -> object:
        started = time.monotonic()
        result = work.finish(make())
        self._metrics.seconds_finishing.observe(time.monotonic() - started)
        self._metrics.images.inc()
        return result

    # The threads that hand batches to helpers

    def _run_lane(self, helper: Helper) -> None:
        """Keep a helper busy, and start it anew if it dies."""
        while not self._is_stopped:
            try:
                helper.start(lambda: self._is_stopped)
                while works := self._next_works(is_helper=True):
                    self._draw_with(helper, [work for work in works if isinstance(work, Drawing)])
            except HelperLostError as error:
                if not self._is_stopped:
                    self._metrics.helpers_lost.inc()
                    _LOG.warning("a process that draws was lost, and is started anew: %s", error)
                    time.sleep(_RESTART_SECONDS)
            finally:
                helper.close()

    def _draw_with(self, helper: Helper, drawings: list[Drawing]) -> None:
        """Let a helper draw a batch. Raises HelperLostError once its work is back in the queue."""
        started = self._begun(drawings)
        try:
            results = helper.draw(
                drawings[0].model,
                [work.request for work in drawings],
                lambda number: drawings[number].is_wanted,
            )
        except HelperLostError:
            self._take_back(drawings)
            raise
        if results is None:
            self._left(drawings)
            return
        self._let_finish(drawings, [partial(_given, result) for result in results], started)

    def _take_back(self, drawings: Sequence[Drawing]) -> None:
        """Put work of a helper that was lost in front again. It may be why, so none gets it."""
        with self._changed:
            for work in reversed(drawings):
                work.is_for_helpers = False
                self._waiting.setdefault(work.owner, deque()).appendleft(work)
            self._changed.notify_all()


def _given(result: Result) -> GeneratedImage:
    """The image that a helper has made. Raises what kept it from that."""
    if isinstance(result, Exception):
        raise result
    return result


def _go_together(taken: list[Work], work: Work) -> bool:
    """Whether work can be done along with what is taken already."""
    if not taken:
        return True
    first = taken[0]
    if not isinstance(first, Drawing) or not isinstance(work, Drawing):
        return False
    return first.group == work.group
