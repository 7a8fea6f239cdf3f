"""The filters of a server at work: what is looked at, what is answered, what is counted."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from dall_e.images.files import PILImage
from dall_e.images.metadata import texts_of
from dall_e.serving.failures import Refusal
from dall_e.serving.filters import ContentFilter
from dall_e.serving.metrics import Metrics

_LOG = logging.getLogger("dall_e.serving")
_CODE = "content_policy_violation"
"""OpenAI's word for it."""
NEGATIVE = "negative_prompt"
"""What is steered away from may be named."""

ContentT = TypeVar("ContentT", str, PILImage)


class Moderation:
    """Asks all filters of a server. Without filters everything may pass."""

    def __init__(self, filters: Sequence[ContentFilter], metrics: Metrics) -> None:
        """Refusals are counted in `metrics`."""
        self._filters, self._metrics = tuple(filters), metrics

    def check_prompts(self, *prompts: str) -> None:
        """Raise Refusal 400 with the reason if one of the prompts is not drawn here."""
        for prompt in filter(None, prompts):
            self._check("prompt", prompt, [each.refuse_prompt for each in self._filters])

    def check_plan(self, plan: Mapping[str, Any]) -> None:
        """Do the same for every text in the record of a plan."""
        if self._filters:
            self.check_prompts(*_texts_in(plan))

    def check_image(self, image: PILImage) -> None:
        """Raise Refusal 400 with the reason if an image is not given away."""
        self._check("image", image, [each.refuse_image for each in self._filters])

    def check_upload(self, image: PILImage) -> None:
        """Do the same for an image that is sent in.

        What it says of itself, such as the prompt that it was drawn from, counts as a prompt: it
        may be drawn again.
        """
        if not self._filters:
            return
        texts = [text for name, text in texts_of(image.info).items() if name != NEGATIVE]
        self.check_prompts(*(text for each in texts for text in _texts_in(_unpacked(each))))
        self.check_image(image)

    def allows_image(self, image: PILImage) -> bool:
        """Whether an image on the way may be shown. The finished one is counted, not this one."""
        try:
            return not any(each.refuse_image(image) for each in self._filters)
        except Exception:  # what is not known to be good is not shown
            _LOG.exception("a content filter failed")
            return False

    def _check(
        self, what: str, content: ContentT, filters: Sequence[Callable[[ContentT], str | None]]
    ) -> None:
        for refuse in filters:
            try:
                reason = refuse(content)
            # A ValueError of a filter's own would be told to the client as its mistake.
            except Exception as error:
                raise RuntimeError("a content filter failed") from error
            if reason:
                self._metrics.refused.labels(f"{what}_filter").inc()
                param = "prompt" if what == "prompt" else None
                raise Refusal(400, reason, code=_CODE, param=param)


def _unpacked(text: str) -> Any:
    """What a text says in JSON, where letters may be written as numbers; else the text."""
    try:
        return [text, json.loads(text)]
    except (ValueError, RecursionError):
        return text


def _texts_in(value: Any) -> Iterator[str]:
    """Every text in what JSON can hold, however deep it is nested."""
    left = [value]
    while left:
        each = left.pop()
        if isinstance(each, str):
            yield each
        elif isinstance(each, Mapping):
            left += each.values()
        elif isinstance(each, list | tuple):
            left += each
