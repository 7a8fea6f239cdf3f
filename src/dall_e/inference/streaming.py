"""A drawing as a stream of events, which can be cancelled.

The drawing runs in a thread of its own and waits for whoever takes the events: it is never more
than one event ahead.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any

from dall_e.images.files import PILImage
from dall_e.images.films import checked_film, checked_frames, cross_faded, save_film
from dall_e.images.metadata import texts_of
from dall_e.inference.partial_images import ImageCallback, PartialImages
from dall_e.inference.planned import DRAWN_SOURCES, PlanSource
from dall_e.inference.validation import check_callback, is_int

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from dall_e.inference.request import DrawingKeywords

_FILM_PREVIEWS = 36
"""Partial pictures of a film."""
_FADED = 3
"""Mixtures between two pictures of a film."""
_POLL = 0.05
"""Seconds after which a waiting thread looks whether it is still wanted."""


@dataclass(frozen=True)
class StreamEvent:
    """How far a drawing is."""

    step: int
    """Steps done."""
    total: int
    """Steps in all."""
    image: PILImage
    """The image so far; of the last event, the finished one with its story."""

    @property
    def is_finished(self) -> bool:
        """Whether this is the finished image, and so the last event."""
        return self.step == self.total


class DrawingStream(Iterator[StreamEvent]):
    """The events of one drawing. Leaving a `with` block, or `close`, ends the work."""

    def __init__(self, draw: Callable[[ImageCallback], PILImage]) -> None:
        """Begin to draw, and wait for the first event.

        draw: draws the image, and tells the function that it is given of each partial one. Raises
        what it raises before that.
        """
        self._events: queue.Queue[Any] = queue.Queue(maxsize=1)
        self._cancelled = threading.Event()
        # The thread must not hold this object, so that it is closed when nobody has it any more.
        self._thread = threading.Thread(
            target=_work, args=(draw, self._events, self._cancelled), daemon=True
        )
        self._is_over = False
        self._thread.start()
        self._next: Any = self._events.get()
        if isinstance(self._next, BaseException):
            self.close()
            raise self._next

    def __next__(self) -> StreamEvent:
        """The next event. Raises StopIteration behind the last one, and when it was cancelled."""
        if self._is_over:
            raise StopIteration
        event = self._events.get() if self._next is None else self._next
        self._next = None
        if isinstance(event, StreamEvent):
            self._is_over = event.is_finished
            return event
        self._is_over = True
        raise event

    def cancel(self) -> None:
        """Stop the drawing at its next step, and wait until it has stopped."""
        self._is_over = True
        self._cancelled.set()
        if self._thread is not threading.current_thread():
            self._thread.join()

    def close(self) -> None:
        """The same, by the name that generators have for it."""
        self.cancel()

    def __enter__(self) -> DrawingStream:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.cancel()

    def __del__(self) -> None:
        self._cancelled.set()


class Streaming:
    """The method of a model that gives a drawing as a stream."""

    def stream(
        self, prompt: str | PlanSource, *, previews: int = 16, **keywords: Unpack[DrawingKeywords]
    ) -> DrawingStream:
        """Draw one picture, and give it a few times while it is drawn: an iterator of events.

        Each event has `step`, `total` and `image`; the last one's image is the finished picture,
        the same as a call gives. What is not drawn yet is pale: the likeliest, or nothing for
        left-to-right models. `cancel` stops the work at its next step, and so does leaving a `with`
        block.

        Args:
            prompt: what to draw; or a plan, as `draw_plan` takes it, a file of one as a Path.
            previews: partial pictures at most, evenly spread over the steps.
            keywords: those of a call; of `draw_plan` for a plan.

        Raises ValueError as a call does, at once, and for more than one picture.
        """
        if not isinstance(prompt, DRAWN_SOURCES):
            raise ValueError(
                f"stream draws one prompt, a text, or a plan, got {type(prompt).__name__}"
            )
        if keywords.get("best_of", 1) != 1:
            raise ValueError("stream shows one picture while it is drawn: leave out best_of")
        if not is_int(previews) or previews < 0:
            raise ValueError(f"previews must be a whole number of at least 0, got {previews!r}")
        own_callback = keywords.pop("callback_on_step_end", None)
        check_callback(own_callback)

        def draw(on_image: ImageCallback) -> PILImage:
            partial = PartialImages(on_image, previews, own_callback)
            model: Any = self
            call = model if isinstance(prompt, str) else model.draw_plan
            image: PILImage = call(prompt, **keywords, callback_on_step_end=partial)
            return image

        return DrawingStream(draw)

    def film(
        self,
        source: str | PlanSource | Sequence[PILImage],
        path: str | os.PathLike[str],
        *,
        seconds: float = 0.08,
        overwrite: bool = True,
        **keywords: Unpack[DrawingKeywords],
    ) -> PILImage:
        """Write a film, GIF or WebP as the path ends, and return its last picture.

        Args:
            source: a prompt or a plan, a file of one as a Path: the film shows how it is drawn; or
                pictures of one size, such as those of `interpolate`, which fade into each other.
            path: of the file.
            seconds: for which each picture is shown; the last one stays longer.
            overwrite: without it, a file that is there is a FileExistsError.
            keywords: those of a call, for a prompt; of `draw_plan`, for a plan.

        Raises ValueError for another type of file, for no pictures, and as a call does.
        """
        checked_film(path)
        shown: Any = source
        if isinstance(source, DRAWN_SOURCES):
            with self.stream(shown, previews=_FILM_PREVIEWS, **keywords) as events:
                images = [event.image for event in events]
        else:
            if keywords:
                raise ValueError(f"pictures are not drawn: leave out {', '.join(sorted(keywords))}")
            images = cross_faded(checked_frames(shown), _FADED)
        last = images[-1]
        save_film(images, path, seconds=seconds, texts=texts_of(last.info), overwrite=overwrite)
        return last


def _work(
    draw: Callable[[ImageCallback], PILImage],
    events: queue.Queue[Any],
    cancelled: threading.Event,
) -> None:
    """Draw, and put each event where the stream finds it, or the error that ended it."""
    total = 1

    def put(event: Any) -> bool:
        while not cancelled.is_set():
            try:
                events.put(event, timeout=_POLL)
            except queue.Full:
                continue
            return False
        return True

    def on_image(done: int, steps: int, image: PILImage) -> bool:
        nonlocal total
        total = steps
        return put(StreamEvent(done, steps, image))

    try:
        image = draw(on_image)
    except BaseException as error:
        put(error)
    else:
        put(StreamEvent(total, total, image))
