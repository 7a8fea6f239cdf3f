"""The images of a call: the plan of each, and which of the call's drawings it is made of."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from dall_e.images.effects.catalogue import EFFECTS
from dall_e.planning.parser import parse
from dall_e.planning.plan import Plan, plan_prompt
from dall_e.planning.style_words import in_style
from dall_e.planning.vocabulary import Vocabulary


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
    without it every prompt is drawn whole, in its normal form. style: an effect, or a style that
    the model has learned; else the prompts say which.
    """
    effect = style if style in EFFECTS else ""
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
        rows = range(row, row + len(plan.objects))
        jobs.append(DrawingJob(text=text, seed=seed, plan=plan, rows=rows))
        row = rows.stop
    return jobs


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
