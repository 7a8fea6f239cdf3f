"""The images of a call: the plan of each, and which of the call's drawings it is made of."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import starmap

from dall_e.images.effects.catalogue import EFFECTS
from dall_e.images.restyling.fitted_style import FittedStyle
from dall_e.planning.parser import parse
from dall_e.planning.plan import Plan, plan_prompt
from dall_e.planning.planned_object import PlannedObject
from dall_e.planning.style_words import in_style
from dall_e.planning.vocabulary import Vocabulary
from dall_e.text.language import spelled


@dataclass(frozen=True, kw_only=True)
class DrawingJob:
    """One image of a call, and which of the call's drawings it is made of."""

    text: str
    """The prompt of the user."""
    seed: int
    plan: Plan
    rows: Sequence[int]
    """Its drawings among those of all jobs: as many as the plan has objects."""

    @property
    def without_style(self) -> DrawingJob:
        """The same image without an effect, as candidates are compared."""
        return dataclasses.replace(self, plan=dataclasses.replace(self.plan, style=""))

    @property
    def prompts(self) -> tuple[str, ...]:
        """The prompt of each of its drawings, in the order of `rows`."""
        return self.plan.prompts

    @property
    def drawings(self) -> list[tuple[int, str, int]]:
        """The row, the prompt and the seed of each of its drawings."""
        return [
            (row, planned.prompt, self.seed if planned.seed is None else planned.seed)
            for row, planned in zip(self.rows, self.plan.objects, strict=True)
        ]


def plan_all(
    texts: Sequence[str],
    seeds: Sequence[int],
    vocabulary: Vocabulary | None,
    *,
    compose: bool = True,
    style: str = "",
) -> list[DrawingJob]:
    """Plan one image for each text with its seed.

    vocabulary: what the model knows; without one every prompt is drawn whole, as it is. compose:
    without it every prompt is drawn whole, in its normal form. style: an effect, a style that was
    found in pictures, or one that the model has learned; else the prompts say which.
    """
    fitted = vocabulary.fitted if vocabulary else {}
    effect = style if style in EFFECTS or style in fitted else ""
    learned = "" if effect else style

    def planned(text: str, seed: int) -> Plan:
        # What a maker wrote under a picture is what the model was trained on.
        if vocabulary is None or vocabulary.is_caption(text):
            return Plan.whole(text)
        if compose:
            return plan_prompt(text, vocabulary, seed)
        understood = parse(text, vocabulary)
        return Plan.whole(understood.text, understood)

    jobs: list[DrawingJob] = []
    row = 0
    for text, seed in zip(texts, seeds, strict=True):
        plan = planned(in_style(text, learned, vocabulary), seed)
        plan = dataclasses.replace(plan, style=effect or plan.style)
        if plan.style in fitted:
            plan = _with_own_images(plan, fitted[plan.style])
        rows = range(row, row + len(plan.objects))
        jobs.append(DrawingJob(text=text, seed=seed, plan=plan, rows=rows))
        row = rows.stop
    return jobs


def _with_own_images(plan: Plan, style: FittedStyle) -> Plan:
    """The plan with the pictures that a style was found in, where they show what is planned.

    One of which more is said than a colour is drawn from what the model knows. What the seed chose,
    such as the colour of a boat, is not done with them; nor is one that is alone turned.
    """
    things = plan.scene.objects if plan.scene else ()
    is_alone = len(things) == 1 and things[0].count == 1
    read = plan.parse.scene.objects if plan.parse and plan.parse.scene else ()

    def own(number: int, planned: PlannedObject) -> PlannedObject:
        is_asked = number >= len(read) or bool(read[number].colour)
        paint = planned.paint if is_asked else ""
        is_plain = dataclasses.replace(planned, paint="", mirrored=False).is_as_drawn
        name = spelled(planned.prompt)
        # Its picture of a red apple is red already.
        coloured = f"{paint} {name}"
        if paint and coloured in style.images:
            name, paint = coloured, ""
        if not is_plain or name not in style.images:
            return planned
        mirrored = planned.mirrored and not is_alone
        return dataclasses.replace(
            planned, prompt=style.caption(name), paint=paint, mirrored=mirrored
        )

    return dataclasses.replace(plan, objects=tuple(starmap(own, enumerate(plan.objects))))


def jobs_of(texts: Sequence[str], seeds: Sequence[int], plans: Sequence[Plan]) -> list[DrawingJob]:
    """Return one job for each plan. What several plans ask for alike is one drawing."""
    rows: dict[tuple[str, int], int] = {}
    jobs: list[DrawingJob] = []
    for text, seed, plan in zip(texts, seeds, plans, strict=True):
        asked = [
            (planned.prompt, seed if planned.seed is None else planned.seed)
            for planned in plan.objects
        ]
        own = tuple(rows.setdefault(drawing, len(rows)) for drawing in asked)
        jobs.append(DrawingJob(text=text, seed=seed, plan=plan, rows=own))
    return jobs
