"""The pictures that somebody has on the page: links to them, and what they are of."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from dall_e.images.files import PILImage
from dall_e.images.opening import open_image_bytes
from dall_e.pipeline import DALL_E
from dall_e.planning.placed_plan import PlacedPlan
from dall_e.planning.plan_reading import read_plan
from dall_e.planning.plan_record import PLAN_KEY
from dall_e.serving.answers import Answer
from dall_e.serving.guard import LINK_PATH
from dall_e.serving.links import LinkedImages, StoredImage
from dall_e.serving.schemas import GenerationBody

MOST_ENTRIES = 48
"""Of one album; the oldest go first."""
SVG = "image/svg+xml"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One picture of an album."""

    name: str
    """By which the server's links find its file."""
    svg: str = ""
    """The same of its SVG document, if it has one."""
    title: str
    """What was asked for."""
    seed: int | None = None
    unread: str = ""
    """Words that were not understood."""
    width: int
    height: int
    is_transparent: bool = False
    asked: GenerationBody | None = field(default=None, compare=False)
    """How it was drawn, if it was drawn from a prompt."""
    is_arranged: bool = False
    """Whether its plan was edited."""
    before: Entry | None = None
    """What it was before its plan was edited."""

    @property
    def url(self) -> str:
        """Where a browser finds it."""
        return f"{LINK_PATH}{self.name}"


@dataclass(frozen=True)
class Album:
    """The pictures of one visitor, the newest first, and which of them is chosen."""

    entries: tuple[Entry, ...] = ()
    index: int = 0

    @property
    def chosen(self) -> Entry | None:
        """The picture that is looked at, if there is one."""
        return self.entries[self.index] if self.index < len(self.entries) else None

    def with_new(self, entries: Sequence[Entry]) -> Album:
        """Return the album with new pictures in front, the first of which is chosen."""
        return Album((*entries, *self.entries)[:MOST_ENTRIES]) if entries else self

    def choosing(self, index: int) -> Album:
        """Return the album with another picture chosen, or the same for a number that is none."""
        return replace(self, index=index) if 0 <= index < len(self.entries) else self

    def with_chosen(self, entry: Entry) -> Album:
        """Return the album with a picture in the place of the chosen one."""
        entries = list(self.entries)
        entries[self.index] = entry
        return replace(self, entries=tuple(entries))


def kept(
    links: LinkedImages, answer: Answer, title: str, asked: GenerationBody | None = None
) -> Entry:
    """Keep a finished image among the links, and return it as a picture."""
    svg = links.add(StoredImage(answer.svg.encode(), SVG)) if answer.svg else ""
    return Entry(
        name=links.add(answer.file),
        svg=svg,
        title=title,
        seed=answer.seed,
        unread=answer.unread,
        width=answer.width,
        height=answer.height,
        is_transparent=answer.is_transparent,
        asked=asked,
    )


def opened(links: LinkedImages, entry: Entry) -> PILImage:
    """Return the image of a picture with its metadata. Raises Refusal 404 if it is gone."""
    image = open_image_bytes(links.find(entry.name).content)
    if entry.svg:
        # Edits by words find things in it.
        image.info["svg"] = links.find(entry.svg).content
    return image


def plan_of(links: LinkedImages, entry: Entry, model: DALL_E) -> PlacedPlan | None:
    """Return the plan that a picture carries, with the box of everything; None without one."""
    text = opened(links, entry).info.get(PLAN_KEY)
    if not text or entry.width != entry.height:
        return None
    return read_plan(json.loads(text), model.vocabulary).plan.placed
