"""Actions on the plan of a picture: things are moved, resized, painted, removed and added.

The picture is drawn anew after each, in its place; nothing but what is named changes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

import gradio as gr
from starlette.concurrency import run_in_threadpool

from dall_e.page.actions import Actions, Shown, data_of
from dall_e.page.album import Album, kept
from dall_e.planning.placed_plan import PlacedPlan
from dall_e.serving.drawings import drawings_of
from dall_e.serving.image_routes import checked_body
from dall_e.serving.schemas import GenerationBody

_STEP = 0.05
"""By how much of the picture's side a button moves a thing."""
_FACTOR = 1.15
"""By how much a button makes a thing larger."""
Edit = Callable[[PlacedPlan], PlacedPlan]
EDITS: dict[str, Callable[[PlacedPlan, str], PlacedPlan]] = {
    "left": lambda plan, thing: plan.move(thing, -_STEP, 0),
    "right": lambda plan, thing: plan.move(thing, _STEP, 0),
    "up": lambda plan, thing: plan.move(thing, 0, -_STEP),
    "down": lambda plan, thing: plan.move(thing, 0, _STEP),
    "larger": lambda plan, thing: plan.resize(thing, _FACTOR),
    "smaller": lambda plan, thing: plan.resize(thing, 1 / _FACTOR),
    "remove": lambda plan, thing: plan.remove(thing),
}
"""What the buttons do, by the name of their label in `Words`."""


class ArrangingActions(Actions):
    """What arranges."""

    async def choose(self, album: Album, event: gr.EventData) -> Shown:
        """Look at another picture."""
        index = data_of(event).get("index")
        return await self.show(album.choosing(index) if isinstance(index, int) else album)

    async def pick(self, album: Album, thing: str | None) -> Shown:
        """Choose a thing by its name."""
        return await self.show(album, thing)

    async def point(self, album: Album, event: gr.EventData, request: gr.Request) -> Shown:
        """Choose a thing on the picture itself, or move, resize or remove it there."""
        data = data_of(event)
        thing = str(data.get("name", ""))
        match data:
            case {"move": [across, down]}:
                return await self._edited(
                    album, thing, request, lambda plan: plan.move(thing, across, down)
                )
            case {"resize": factor}:
                return await self._edited(
                    album, thing, request, lambda plan: plan.resize(thing, factor)
                )
            case {"remove": _}:
                return await self._edited(album, thing, request, lambda plan: plan.remove(thing))
        return await self.show(album, thing)

    def pressing(self, name: str) -> Callable[..., Awaitable[Shown]]:
        """Return what a button of EDITS does."""

        async def press(album: Album, thing: str | None, request: gr.Request) -> Shown:
            edit = EDITS[name]
            return await self._edited(album, thing, request, lambda plan: edit(plan, thing or ""))

        return press

    async def recolour(
        self, album: Album, thing: str | None, colour: str | None, request: gr.Request
    ) -> Shown:
        """Paint a thing."""
        return await self._edited(
            album, thing, request, lambda plan: plan.recolour(thing or "", colour or "")
        )

    async def add(self, album: Album, thing: str | None, words: str, request: gr.Request) -> Shown:
        """Put one more thing into the picture."""
        return await self._edited(album, thing, request, lambda plan: plan.add(words))

    async def undo(self, album: Album, thing: str | None) -> Shown:
        """Take the last edit of the chosen picture back."""
        entry = album.chosen
        if entry is not None and entry.before is not None:
            album = album.with_chosen(entry.before)
        return await self.show(album, thing)

    async def _edited(
        self, album: Album, thing: str | None, request: gr.Request, edit: Edit
    ) -> Shown:
        """Draw the chosen picture anew after an edit of its plan, in its place."""
        with self._telling():
            owner = self._count(request)
            entry, _ = self._chosen(album)
            plan = await run_in_threadpool(self._plan, entry)
            if plan is None:
                raise self._error(self._words.no_plan)
            fields = {
                "plan": edit(plan).record(),
                "size": f"{entry.width}x{entry.height}",
                "background": "transparent" if entry.is_transparent else "auto",
                "svg": True,
            }
            body = checked_body(GenerationBody, fields)
            model = self._model_of(entry)
            works = await run_in_threadpool(drawings_of, model, body, owner, self._state)
            (answer,) = await self._done(works)
        drawn = kept(self._state.links, answer, entry.title)
        changed = replace(drawn, asked=entry.asked, before=entry, is_arranged=True)
        return await self.show(album.with_chosen(changed), thing)
