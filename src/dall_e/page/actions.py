"""What all actions of the page have in common: who acts, on which picture, and what is shown then.

All work goes through the queue of the server, under the limits of everybody else.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Sequence
from html import escape
from typing import Any, cast

import gradio as gr
from starlette.concurrency import run_in_threadpool

from dall_e.images.files import PILImage
from dall_e.page import views
from dall_e.page.album import Album, Entry, opened, plan_of
from dall_e.page.words import Words
from dall_e.pipeline import DALL_E
from dall_e.planning.placed_plan import PlacedPlan
from dall_e.serving.failures import Refusal, as_refusal
from dall_e.serving.languages import told_to_people
from dall_e.serving.state import ServerState
from dall_e.serving.work import Task, Work

Shown = tuple[Any, ...]
"""What the page shows of an album, in the order of `Actions.show`."""


class Actions:
    """The base of all actions, in one language."""

    def __init__(self, state: ServerState, words: Words) -> None:
        """`state` is that of the server under the page."""
        self._state, self._words = state, words

    async def show(self, album: Album, thing: str | None = None) -> Shown:
        """Show an album, its chosen picture, and what can be done with that.

        thing: which thing of its plan is chosen; the foremost unless it is there.
        """
        entry, words = album.chosen, self._words
        plan = None if entry is None else await run_in_threadpool(self._plan, entry)
        things = views.things_of(plan, words) if plan else []
        names = [name for _, name in things]
        if thing not in names:
            thing = names[-1] if names else None
        return (
            album,
            views.gallery(album, words),
            views.facts(entry, words),
            views.painter(entry, words),
            views.stage(entry, plan, thing or "", words),
            gr.update(choices=things, value=thing),
            gr.update(visible=bool(names)),
            gr.update(visible=entry is not None),
        )

    def _only_gallery(self, album: Album, pending: Sequence[views.Pending]) -> Shown:
        """Show what is being drawn, and leave everything else as it is."""
        content = views.gallery(album, self._words, pending)
        return (gr.skip(), content, *[gr.skip()] * 6)

    def _model(self, name: str | None) -> DALL_E:
        return self._state.model_of(name).model

    def _model_of(self, entry: Entry) -> DALL_E:
        """The model that drew a picture; the first one for a picture of somebody else."""
        return self._model(entry.asked.model if entry.asked else None)

    def _chosen(self, album: Album) -> tuple[Entry, PILImage]:
        """The chosen picture, and its image. Raises gr.Error if there is none, or it is gone."""
        entry = album.chosen
        if entry is None:
            raise self._error(self._words.choose_first)
        try:
            return entry, opened(self._state.links, entry)
        except Refusal as error:
            raise self._error(self._words.gone) from error

    def _plan(self, entry: Entry) -> PlacedPlan | None:
        """The plan of a picture; None where it has none, or the picture is gone."""
        try:
            return plan_of(self._state.links, entry, self._model_of(entry))
        except (Refusal, ValueError):
            return None

    def _count(self, request: gr.Request) -> str:
        """Count something that is asked for, and return whose request it is.

        Raises Refusal 429 where somebody asks for too much.
        """
        assert request.request is not None  # Gradio has one for whoever asks by HTTP
        owner = cast(str, request.request.state.owner)
        self._state.rates.check(owner)
        return owner

    async def _done(self, works: Sequence[Work]) -> list[Any]:
        """Return the results of work, which is given up if the visitor leaves."""
        self._state.batcher.submit(works)
        try:
            return await asyncio.gather(*(asyncio.wrap_future(work.future) for work in works))
        finally:
            for work in works:
                work.future.cancel()

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        """Turn whatever goes wrong into what the page tells its visitor."""
        try:
            yield
        except gr.Error:
            raise
        except Exception as error:
            raise self._as_told(error) from error

    def _as_told(self, error: BaseException) -> gr.Error:
        """What a visitor is told of an error: what programs are told of it, in this language."""
        refusal = as_refusal(error)
        return self._error(
            told_to_people(refusal.message, refusal.code, self._words.language, self._in_words)
        )

    def _error(self, text: str) -> gr.Error:
        """What tells a visitor something in words of the page."""
        # Gradio shows it as HTML.
        shown = escape(text, quote=False)
        return gr.Error(shown, title=self._words.went_wrong, print_exception=False)

    def _in_words(self, names: str) -> str:
        """Things that an error names, as the page calls them."""
        vocabulary = self._state.model_of(None).model.vocabulary
        return views.things_in_words(names.split(", "), vocabulary, self._words)

    async def _asked(self, owner: str, call: Callable[[], Any], *images: PILImage) -> Any:
        """Return what a call gives, when it is its turn; images are those that it keeps."""
        seconds = self._state.settings.request_seconds
        (result,) = await self._done([Task(owner, seconds, call, images)])
        return result


def data_of(event: gr.EventData) -> dict[str, Any]:
    """What a script of ours says of an event; nothing for what is none of ours."""
    return event._data if isinstance(event._data, dict) else {}
