"""What waits in the queue of a server: drawings, which can be drawn together, and other work."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future
from typing import Any

from dall_e.images.files import PILImage
from dall_e.inference.partial_images import ImageCallback, PartialImages
from dall_e.inference.request import GeneratedImage, GenerationRequest
from dall_e.inference.together import Participant
from dall_e.pipeline import DALL_E
from dall_e.serving.failures import Refusal, too_slow


class Work:
    """One piece of work for somebody, who may leave before it is done."""

    def __init__(self, owner: str, seconds: float) -> None:
        """`owner` is whose it is, for fairness. After `seconds` it is given up."""
        self.owner = owner
        self.seconds = seconds
        self.accepted = time.monotonic()
        self.future: Future[Any] = Future()
        """Holds the result; to cancel it is to leave."""
        self.is_for_helpers = False
        """Whether another process may do it."""
        self.num_bytes = 0
        """Memory of the pictures that were sent with it, which it keeps until it is done."""

    @property
    def is_late(self) -> bool:
        """Whether its time is over."""
        return time.monotonic() - self.accepted > self.seconds

    @property
    def is_wanted(self) -> bool:
        """Whether somebody still waits for it."""
        return not self.future.done() and not self.is_late

    def settle(self, make: Callable[[], Any]) -> None:
        """Make the result, unless nobody waits for it, and hand it over, or the error."""
        error: BaseException | None = None
        result: Any = None
        if self.is_wanted:
            try:
                result = make()
            except BaseException as caught:  # whatever it is, it belongs to whoever waits
                error = caught
        if self.is_late:
            error = too_slow(self.seconds)
        self._hand_over(result, error)

    def refuse(self, refusal: Refusal | BaseException) -> None:
        """Hand over an error."""
        self._hand_over(None, refusal)

    def _hand_over(self, result: Any, error: BaseException | None) -> None:
        if self.future.done() or not self.future.set_running_or_notify_cancel():
            return
        if error is not None:
            self.future.set_exception(error)
        else:
            self.future.set_result(result)


class Drawing(Work):
    """One image, drawn together with others that have the same settings."""

    def __init__(
        self,
        owner: str,
        seconds: float,
        model: DALL_E,
        request: GenerationRequest,
        finish: Callable[[GeneratedImage], Any],
        *,
        previews: int = 0,
        on_image: ImageCallback | None = None,
    ) -> None:
        """`finish` makes the result of the finished image, in a thread of its own.

        on_image: sees the image at most `previews` times while it is drawn.
        """
        super().__init__(owner, seconds)
        self.model, self.request, self.finish = model, request, finish
        self._partial = None
        if on_image and previews:
            # The last of the steps that are evenly spread is the finished image.
            self._partial = PartialImages(on_image, previews + 1)
        self.is_for_helpers = self._partial is None

    @property
    def group(self) -> Hashable:
        """What drawings must agree on to be drawn together."""
        return id(self.model), self.request.sampling

    def participant(self) -> Participant:
        """The drawing as the engine takes it."""
        return Participant(
            request=self.request, partial=self._partial, is_wanted=lambda: self.is_wanted
        )


class Task(Work):
    """Any other work with the networks, done by itself."""

    def __init__(
        self, owner: str, seconds: float, call: Callable[[], Any], images: Sequence[PILImage] = ()
    ) -> None:
        """`call` makes the result. images: that it keeps until then."""
        super().__init__(owner, seconds)
        self.call = call
        self.num_bytes = sum(image.width * image.height * len(image.getbands()) for image in images)
