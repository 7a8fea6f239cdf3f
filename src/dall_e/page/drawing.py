"""Actions that draw: a prompt, variations of a picture, a change of a part of it.

Each gives what the page shows, again and again. If the visitor leaves or stops it, its work ends.
"""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from concurrent.futures import CancelledError
from contextlib import aclosing
from typing import Any, NamedTuple

import gradio as gr
from starlette.concurrency import run_in_threadpool

from dall_e.images.files import PILImage
from dall_e.page.actions import Actions, Shown
from dall_e.page.album import Album, Entry, kept
from dall_e.page.views import Pending
from dall_e.serving.answers import Answer, image_file
from dall_e.serving.drawings import drawings_of, edits_of, variations_of
from dall_e.serving.failures import unreadable
from dall_e.serving.image_routes import checked_body, log_prompt
from dall_e.serving.links import LinkedImages
from dall_e.serving.schemas import EditBody, GenerationBody, VariationBody
from dall_e.serving.uploads import from_base64
from dall_e.serving.waiting import ProgressFeed
from dall_e.serving.work import Work

_PREVIEWS = 3
_PREVIEW_QUALITY = 85
_LONGEST_SEED = 20
"""Digits of 2^64."""


class Choices(NamedTuple):
    """How a picture shall look, in the order of the page."""

    number: float
    size: str
    style: str
    transparent: bool
    seed: str
    negative: str
    guidance: float
    model: str


class DrawingActions(Actions):
    """What draws."""

    async def draw(
        self, album: Album, prompt: str, request: gr.Request, *choices: Any
    ) -> AsyncIterator[Shown]:
        """Draw a prompt."""
        with self._telling():
            owner = self._count(request)
            body = checked_body(GenerationBody, _fields(prompt, Choices(*choices)))
            log_prompt(self._state, body.prompt)
            feed = ProgressFeed()
            model = self._model(body.model)
            works = await run_in_threadpool(drawings_of, model, body, owner, self._state, feed.put)
        async with aclosing(self._follow(album, works, feed, body.prompt.strip(), body)) as stream:
            async for shown in stream:
                yield shown

    async def vary(
        self, album: Album, strength: float, prompt: str, request: gr.Request, *choices: Any
    ) -> AsyncIterator[Shown]:
        """Draw variations of the chosen picture; of one of somebody else the prompt says what it
        shows."""
        chosen = Choices(*choices)
        with self._telling():
            owner = self._count(request)
            entry, image = self._chosen(album)
            body = checked_body(
                VariationBody,
                {
                    "n": _number_of(chosen),
                    "strength": strength,
                    "prompt": "" if "prompt" in image.info else prompt.strip(),
                    "background": "transparent" if entry.is_transparent else "auto",
                    "svg": True,
                },
            )
            model = self._model_of(entry)
            works = await run_in_threadpool(variations_of, model, body, image, owner, self._state)
        async with aclosing(self._follow(album, works, ProgressFeed(), entry.title)) as stream:
            async for shown in stream:
                yield shown

    async def change(
        self, album: Album, words: str, mask: str, request: gr.Request
    ) -> AsyncIterator[Shown]:
        """Change what is painted over in the chosen picture, or what the words say.

        mask: a data URL, white where the picture may change; "" for nothing painted.
        """
        with self._telling():
            owner = self._count(request)
            entry, image = self._chosen(album)
            most = self._state.settings.max_upload_pixels
            painted = from_base64(mask, most, "mask").convert("L") if mask else None
            body = checked_body(EditBody, {"prompt": words, "partial_images": _PREVIEWS})
            log_prompt(self._state, body.prompt)
            feed = ProgressFeed()
            model = self._model_of(entry)
            works = await run_in_threadpool(
                edits_of, model, body, image, painted, owner, self._state, feed.put
            )
        async with aclosing(
            self._follow(album, works, feed, f"{entry.title} · {words.strip()}")
        ) as stream:
            async for shown in stream:
                yield shown

    async def stop(self, album: Album) -> Shown:
        """Show what there was before; Gradio has ended what draws."""
        return await self.show(album)

    async def _follow(
        self,
        album: Album,
        works: Sequence[Work],
        feed: ProgressFeed,
        title: str,
        asked: GenerationBody | None = None,
    ) -> AsyncGenerator[Shown, None]:
        """Let work be done, and show how it comes along; the album has all of it at the end."""
        with self._telling():
            self._state.batcher.submit(works)
        pending = [Pending() for _ in works]
        done: dict[int, Entry] = {}
        failure: BaseException | None = None
        try:
            yield self._only_gallery(album, pending)
            async for event in feed.follow(works):
                name = ""
                try:
                    if event.is_final:
                        own = self._kept(event.value.result(), title, asked)
                        done[event.number], name = own, own.name
                    else:
                        name = await run_in_threadpool(_preview, self._state.links, event.value)
                except (CancelledError, Exception) as error:
                    failure = failure or error
                pending[event.number] = Pending(name)
                yield self._only_gallery(album, pending)
        finally:
            for work in works:
                work.future.cancel()

        yield await self.show(album.with_new([done[number] for number in sorted(done)]))
        if failure is not None:
            raise self._as_told(failure)

    def _kept(self, answer: Answer, title: str, asked: GenerationBody | None) -> Entry:
        """A finished picture; one that was drawn from a prompt knows how."""
        own = asked.model_copy(update={"seed": answer.seed}) if asked else None
        return kept(self._state.links, answer, title, own)


def _number_of(chosen: Choices) -> int:
    """How many pictures. Raises Refusal 400 where somebody has emptied the field for it."""
    if not isinstance(chosen.number, int | float) or not math.isfinite(chosen.number):
        raise unreadable(f"n is a whole number, got {str(chosen.number)[:40]!r}", "n")
    return int(chosen.number)


def _fields(prompt: str, chosen: Choices) -> dict[str, Any]:
    """The fields of a request. Raises Refusal 400 for what is no number and should be one."""
    seed = chosen.seed.strip()
    if seed and not (seed.isdecimal() and len(seed) <= _LONGEST_SEED):
        raise unreadable(f"a seed is a whole number, got {seed[:40]!r}", "seed")
    is_square = chosen.size == "auto" or len(set(chosen.size.split("x"))) == 1
    return {
        "prompt": prompt.strip(),
        "n": _number_of(chosen),
        "size": chosen.size,
        "style": chosen.style,
        "background": "transparent" if chosen.transparent else "auto",
        "seed": int(seed) if seed else None,
        "negative_prompt": chosen.negative.strip(),
        # 0 is the model's own.
        "guidance_scale": chosen.guidance or None,
        "model": chosen.model,
        "svg": is_square,
        "stream": True,
        "partial_images": _PREVIEWS,
    }


def _preview(links: LinkedImages, image: PILImage) -> str:
    """Keep an image on the way, small, and return the name of its link."""
    return links.add(image_file(image, "webp", _PREVIEW_QUALITY))
