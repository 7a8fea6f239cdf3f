"""Requests of several callers, drawn together: each gets the image that it would get alone.

The tokens of all are drawn in the same batches (`inference/token_drawing.py`). What an image shows
is a function of its own prompt, seed and settings, so nobody notices who else was there.

Shapes: B drawings, N image tokens.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor

from dall_e.inference.engine import Engine
from dall_e.inference.partial_images import BatchStep, PartialImages
from dall_e.inference.request import GeneratedImage, GenerationRequest
from dall_e.planning.drawing_jobs import DrawingJob
from dall_e.sampling.decode import DecodeStep


@dataclass(frozen=True, kw_only=True)
class Participant:
    """One image of a batch that several callers have a part in."""

    request: GenerationRequest
    """For one image, without candidates, known tokens or noise of its own."""
    partial: PartialImages | None = None
    """Shows the image on the way."""
    is_wanted: Callable[[], bool] = lambda: True
    """Whether somebody still waits for it."""


class DrawnTokens:
    """The tokens of one participant, or why there are none."""

    def __init__(self, request: GenerationRequest, result: Tensor | Exception) -> None:
        self._request, self._result = request, result

    def image_of(self, engine: Engine) -> GeneratedImage:
        """Return the finished image. Raises what kept it from being planned or finished.

        It may be called in another thread than the one that drew the tokens.
        """
        if isinstance(self._result, Exception):
            raise self._result
        (image,) = engine.finish(self._request, self._result)
        return image


def draw_together(engine: Engine, participants: Sequence[Participant]) -> list[DrawnTokens]:
    """Draw the tokens of all participants, who must agree on the settings of the sampler.

    Raises DecodeInterrupted once nobody wants an image any more.
    """
    if len({participant.request.sampling for participant in participants}) != 1:
        raise ValueError("only drawings with the same settings can be drawn together")

    with engine.computing():
        # What is wrong with a single prompt is its own affair.
        planned = [_planned(engine, participant.request) for participant in participants]
        drawn, jobs = _numbered(planned)
        codes_BN = None
        if drawn:
            watched = [
                _watched(engine, participants[number], planned[number], own)
                for number, own in drawn.items()
            ]
            codes_BN = engine.drawer.draw(
                _merged([participants[number].request for number in drawn]),
                jobs,
                on_batch_step=_Watcher(participants, [each for each in watched if each]),
            )

        results: list[DrawnTokens] = []
        for number, (participant, job) in enumerate(zip(participants, planned, strict=True)):
            if isinstance(job, Exception):
                results.append(DrawnTokens(participant.request, job))
                continue
            assert codes_BN is not None
            own = drawn[number]
            results.append(DrawnTokens(participant.request, codes_BN[own.start : own.stop]))
        return results


def _numbered(
    planned: Sequence[DrawingJob | Exception],
) -> tuple[dict[int, range], list[DrawingJob]]:
    """Which rows of the common drawing are whose, by participant, and all jobs with those rows."""
    rows: dict[int, range] = {}
    jobs: list[DrawingJob] = []
    first = 0
    for number, job in enumerate(planned):
        if isinstance(job, Exception):
            continue
        rows[number] = range(first, first + max(job.rows, default=-1) + 1)
        jobs.append(dataclasses.replace(job, rows=[row + first for row in job.rows]))
        first = rows[number].stop
    return rows, jobs


def _watched(
    engine: Engine, participant: Participant, job: DrawingJob | Exception, own: range
) -> _Watched | None:
    """A participant who wants to see the image on the way; None for others."""
    partial = participant.partial
    if partial is None or isinstance(job, Exception):
        return None
    partial.begin(participant.request, [job], engine.pixels)
    return _Watched(participant, partial, own)


def _planned(engine: Engine, request: GenerationRequest) -> DrawingJob | Exception:
    """The one drawing job of a request, or what is wrong with it."""
    try:
        (job,) = engine.plan(request)
    except ValueError as error:
        return error
    return job


def _merged(requests: Sequence[GenerationRequest]) -> GenerationRequest:
    """One request for the images of all; what is done with their tokens is left to each."""
    return GenerationRequest(
        prompts=tuple(request.prompts[0] for request in requests),
        seeds=tuple(request.seeds[0] for request in requests),
        negative_prompts=tuple(request.negative_of(0) for request in requests),
        sampling=requests[0].sampling,
        size=requests[0].size,
        upsample=False,
    )


@dataclass(frozen=True)
class _OwnStep(BatchStep):
    """A step as one participant sees it, who has some of the drawings of a batch."""

    finished: int
    """Its drawings that were done before this batch."""
    num_own: int
    """Its drawings in all."""

    @property
    def done(self) -> int:
        """Steps of its own drawings that are done."""
        return self.finished * self.step.num_steps + len(self.rows) * self.step.step

    @property
    def total(self) -> int:
        """Steps of its own drawings."""
        return self.num_own * self.step.num_steps


class _Watched:
    """One participant who sees the steps of its own drawings."""

    def __init__(self, participant: Participant, partial: PartialImages, own: range) -> None:
        self.participant = participant
        self._partial, self._own = partial, own
        self._finished = 0

    def see(self, step: BatchStep, guess: Callable[[], Tensor]) -> None:
        """Pass on what of a step is its own."""
        index = [number for number, row in enumerate(step.rows) if row in self._own]
        if not index:
            return
        whole = step.step
        part = DecodeStep(
            step=whole.step,
            num_steps=whole.num_steps,
            codes_BN=whole.codes_BN[index],
            known_BN=whole.known_BN[index],
            guess=(lambda: guess()[index]) if whole.guess else None,
        )
        rows = [step.rows[number] - self._own.start for number in index]
        num_own = len(self._own)
        self._partial(_OwnStep(rows, step.batch, step.num_batches, part, self._finished, num_own))
        if whole.step == whole.num_steps:
            self._finished += len(rows)


class _Watcher:
    """Shows participants the steps of their drawings, and stops when nobody waits any more."""

    def __init__(self, participants: Sequence[Participant], watched: Sequence[_Watched]) -> None:
        self._participants, self._watched = participants, watched

    def __call__(self, step: BatchStep) -> bool:
        """Pass a step on; True if the drawing can stop."""
        guesses: list[Tensor] = []

        def guess() -> Tensor:
            # All that watch see the same guess, which costs a pass of the network.
            if not guesses:
                assert step.step.guess is not None
                guesses.append(step.step.guess())
            return guesses[0]

        for watched in self._watched:
            if watched.participant.is_wanted():
                watched.see(step, guess)
        return not any(participant.is_wanted() for participant in self._participants)
