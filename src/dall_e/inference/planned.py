"""Plans of a model: made of a prompt, read from a file or a picture, and drawn."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from dall_e.bounded_files import SETTINGS_BYTES, naming, read_text
from dall_e.config import SamplingConfig
from dall_e.config.published import PublishedConfig
from dall_e.errors import UnusableFileError
from dall_e.images.files import PILImage, read_metadata
from dall_e.images.results import DrawnImage, ImageList
from dall_e.inference.engine import Engine
from dall_e.inference.partial_images import PartialImages, split_callback
from dall_e.inference.progress import AnyStepCallback, ProgressBar
from dall_e.inference.request import GeneratedImage
from dall_e.inference.validation import fresh_seed
from dall_e.planning.placed_plan import PlacedPlan
from dall_e.planning.plan import Plan
from dall_e.planning.plan_reading import SavedPlan, read_plan
from dall_e.planning.plan_record import PLAN_KEY
from dall_e.planning.plan_words import object_of
from dall_e.planning.record_fields import parsed
from dall_e.planning.vocabulary import Vocabulary

PlanSource = PlacedPlan | SavedPlan | Mapping[str, Any] | PILImage | str | os.PathLike[str]
"""A plan; what JSON says of one; a picture that carries its plan; or a file of either kind."""
DRAWN_SOURCES = (str, PlacedPlan, SavedPlan, Mapping, PILImage, os.PathLike)
"""The same where a text is a prompt, which can be drawn as well."""


class Planned:
    """The methods of a model that make plans and draw them."""

    vocabulary: Vocabulary | None
    engine: Engine

    def plan(
        self,
        prompt: str,
        seed: int | None = None,
        *,
        height: int | None = None,
        style: str | None = None,
        sampling: SamplingConfig | None = None,
    ) -> PlacedPlan:
        """Plan the picture of a prompt, with the place of everything, so that it can be edited.

        `draw_plan` draws it: without edits, the picture of the prompt with that seed, bit for bit.
        The things are drawn to know how wide they are, so it takes about as long as the picture.
        seed: a fresh one unless given. height, style, sampling: as in a call that draws. Raises
        ValueError as a call does, and for models of other projects, which have no plans.
        """
        return self.plan_all([prompt], [seed], height=height, style=style, sampling=sampling)[0]

    def plan_all(
        self,
        prompts: Sequence[str],
        seeds: Sequence[int | None],
        *,
        height: int | None = None,
        style: str | None = None,
        sampling: SamplingConfig | None = None,
    ) -> list[PlacedPlan]:
        """Plan the pictures of several prompts as `plan` does, each with its seed."""
        self._check_plans()
        settings = sampling or self.engine.config.sampling
        request = self.engine.request(
            list(prompts),
            seed=[fresh_seed() if seed is None else seed for seed in seeds],
            height=height,
            style=style,
            finish="crisp",
            transparent=True,
            sampling=replace(settings, compose=self.vocabulary is not None),
        )
        return [self._with_words(drawn) for drawn in self.engine.generate(request)]

    def load_plan(self, source: PlanSource) -> PlacedPlan:
        """Read a plan with the place of everything from JSON or from a picture, to be edited.

        source: a JSON file that `dall-e plan --out` wrote, a picture that carries
        its plan, or what JSON says of one. A plan that rules lay out is drawn to know the places.
        Raises UnusableFileError for a file without a plan, and ValueError that names the field for
        anything wrong in it.
        """
        self._check_plans()
        saved = self._saved(source)
        if saved.plan.placed is not None:
            return saved.plan.placed
        return self._with_words(self._drawn_plans([saved], transparent=True)[0])

    def draw_plan(
        self,
        plan: PlanSource,
        *,
        seed: int | None = None,
        height: int | None = None,
        transparent: bool = False,
        sampling: SamplingConfig | None = None,
        callback_on_step_end: AnyStepCallback | PartialImages | None = None,
        progress: bool = False,
    ) -> DrawnImage:
        """Draw a plan, as `load_plan` reads it. Raises ValueError as that does.

        seed, height: instead of those of the plan; another seed draws the same things in the same
        places anew. The others are as in a call that draws.
        """
        self._check_plans()
        saved = self._saved(plan)
        if seed is not None:
            saved = saved.with_seed(seed)
        drawn = self._drawn_plans(
            [saved],
            height=height,
            transparent=transparent,
            sampling=sampling,
            callback=callback_on_step_end,
            progress=progress,
        )
        return _as_images(drawn)[0]

    def draw_plans(
        self,
        plans: Sequence[PlanSource],
        *,
        height: int | None = None,
        transparent: bool = False,
        progress: bool = False,
    ) -> ImageList:
        """Draw several plans. What they have in common is drawn once.

        Sizes are those of `height`, or of the first plan. Raises ValueError as `load_plan` does.
        """
        self._check_plans()
        saved = [self._saved(plan) for plan in plans]
        drawn = self._drawn_plans(saved, height=height, transparent=transparent, progress=progress)
        return _as_images(drawn)

    def _drawn_plans(
        self,
        plans: Sequence[SavedPlan],
        *,
        height: int | None = None,
        transparent: bool = False,
        sampling: SamplingConfig | None = None,
        callback: AnyStepCallback | PartialImages | None = None,
        progress: bool = False,
    ) -> list[GeneratedImage]:
        if not plans:
            raise ValueError("give at least one plan, got none")
        request = self.engine.request(
            [plan.prompt for plan in plans],
            seed=[fresh_seed() if plan.seed is None else plan.seed for plan in plans],
            height=height or plans[0].size,
            transparent=transparent,
            finish="crisp",
            sampling=sampling,
            plans=[plan.plan for plan in plans],
        )
        on_step, partial_images = split_callback(callback, self)
        with ProgressBar(progress) as bar:
            on_progress = bar if bar.is_shown else None
            return self.engine.generate(request, on_step, on_progress, partial_images)

    def _saved(self, source: PlanSource) -> SavedPlan:
        """A plan that can be drawn, whatever it comes from."""
        if isinstance(source, SavedPlan):
            return source
        if isinstance(source, PlacedPlan):
            plan = Plan.of_placed(source)
            return SavedPlan(plan, source.prompt, source.seed, source.size)
        if isinstance(source, PILImage):
            record = source.info.get(PLAN_KEY)
            if not record:
                raise ValueError("this picture carries no plan: it was not drawn by this version")
            return read_plan(parsed(record), self.vocabulary)
        if isinstance(source, Mapping):
            return read_plan(source, self.vocabulary)
        return read_plan_file(source, self.vocabulary)

    def _with_words(self, drawn: GeneratedImage) -> PlacedPlan:
        """The plan of what was drawn, which reads the words of edits."""
        assert drawn.placed is not None
        return replace(drawn.placed, reader=partial(object_of, vocabulary=self.vocabulary))

    def _check_plans(self) -> None:
        """Raise ValueError for a model of another project."""
        if isinstance(self.engine.config, PublishedConfig):
            name = self.engine.config.name
            raise ValueError(
                f"{name} draws every prompt whole, from left to right: it has no plans"
            )


def read_plan_file(path: str | os.PathLike[str], vocabulary: Vocabulary | None) -> SavedPlan:
    """Return the plan in a JSON file or in a picture's metadata.

    Raises UnusableFileError that names the file and the field for what cannot be used, and OSError
    for a file that is missing.
    """
    path = Path(path)
    if path.suffix.lower() == ".json":
        text = read_text(path, SETTINGS_BYTES)
    else:
        text = read_metadata(path).get(PLAN_KEY, "")
        if not text:
            raise UnusableFileError(
                path, "it carries no plan", "pictures that this version draws have one"
            )
    with naming(path, "it is malformed JSON"):
        record = parsed(text)
    with naming(path):
        return read_plan(record, vocabulary)


def _as_images(generated: Sequence[GeneratedImage]) -> ImageList:
    return ImageList(DrawnImage.of(each.pixels, each.metadata, svg=each.svg) for each in generated)
