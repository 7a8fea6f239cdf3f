"""What an image looks like while it is drawn.

Tokens that are not drawn yet are shown as what is likeliest there, pale; a network that only knows
what comes next shows nothing there. A planned image has its things in their places from the start.

Shapes: B drawings of a batch, N image tokens, G G their grid, C H W channels (4, premultiplied
RGBA), rows and columns.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from dall_e.images.files import PILImage
from dall_e.images.films import mixed
from dall_e.inference.finishing import finished_image
from dall_e.inference.progress import AnyStepCallback, StepCallback, step_callback
from dall_e.inference.request import GenerationRequest
from dall_e.planning.drawing_jobs import DrawingJob
from dall_e.sampling.decode import DecodeStep

_PALE = 0.35
"""How much is seen of what is only the likeliest."""


@dataclass(frozen=True)
class BatchStep:
    """A step of one of the batches of a call."""

    rows: Sequence[int]
    """Which of the call's drawings are in the batch."""
    batch: int
    """Which batch it is, from 0."""
    num_batches: int
    step: DecodeStep

    @property
    def done(self) -> int:
        """Steps of all batches that are done."""
        return self.batch * self.step.num_steps + self.step.step

    @property
    def total(self) -> int:
        """Steps of all batches."""
        return self.num_batches * self.step.num_steps


BatchCallback = Callable[[BatchStep], "bool | None"]
"""Called after each step of each batch; True stops the drawing with DecodeInterrupted."""

ImageCallback = Callable[[int, int, PILImage], "bool | None"]
"""Called with steps done, steps in all and the image so far; True stops the drawing."""


class PartialImages:
    """Shows the one image of a request a few times while it is drawn; it is a `BatchCallback`."""

    def __init__(
        self, on_image: ImageCallback, count: int, on_step: AnyStepCallback | None = None
    ) -> None:
        """`on_image` sees at most `count` images, evenly spread over the steps.

        on_step: the caller's own function, which is called after each step as without this.
        """
        self.on_step = on_step
        self._on_image, self._count = on_image, count
        self._shown = 0
        self._drawings: dict[int, Tensor] = {}

    def begin(
        self,
        request: GenerationRequest,
        jobs: Sequence[DrawingJob],
        pixels: Callable[[Tensor], Tensor],
    ) -> None:
        """Take over what is drawn. Raises ValueError for a request of several images.

        pixels: one drawing [4, H, W] of codes [1, N].
        """
        if len(jobs) != 1:
            raise ValueError(f"one picture is shown while it is drawn, not {len(jobs)}")
        self._job, self._pixels = jobs[0].without_style, pixels

        # Painted areas have no half tones. What is put together of them is shown whole, and fades
        # in; all else is shown soft.
        self._fades = request.finish == "crisp" and not jobs[0].plan.is_whole
        finish = "crisp" if self._fades else "soft"
        self._request = dataclasses.replace(request, finish=finish, style="", upsample=False)
        self._ground: PILImage | None = None
        self._fraction = dict.fromkeys(self._job.rows, 0.0)

    def __call__(self, batch_step: BatchStep) -> bool | None:
        """Show the image if it is time for the next one."""
        done, total = batch_step.done, batch_step.total
        is_last = batch_step.step.step == batch_step.step.num_steps
        is_due = done * self._count >= total * (self._shown + 1) and done < total
        if not is_due and not is_last:
            return None

        self._update(batch_step)
        if not is_due:
            return None
        self._shown = done * self._count // total
        drawings = [self._drawings.get(row) for row in self._job.rows]
        known = next(drawing for drawing in drawings if drawing is not None)
        shown = [torch.zeros_like(known) if each is None else each for each in drawings]
        image = finished_image(self._request, self._job, shown)[0]
        if self._fades:
            image = self._faded_in(image, torch.zeros_like(known))
        return self._on_image(done, total, image)

    def _faded_in(self, image: PILImage, nothing_CHW: Tensor) -> PILImage:
        """An image whose things are as pale as their tokens are unknown."""
        if self._ground is None:
            empty = [nothing_CHW] * len(self._job.rows)
            self._ground = finished_image(self._request, self._job, empty)[0]
        known = sum(self._fraction.values()) / len(self._fraction)
        return mixed(self._ground, image, _PALE + (1 - _PALE) * known)

    def _update(self, batch_step: BatchStep) -> None:
        """Paint the drawings of a batch as they are now."""
        step = batch_step.step
        codes_BN = step.guess() if step.guess else repeated_downwards(step.codes_BN, step.known_BN)
        least = 1.0 if self._fades else _PALE if step.guess else 0.0
        for index, row in enumerate(batch_step.rows):
            x_CHW = self._pixels(codes_BN[index : index + 1])
            seen_HW = soft_mask(step.known_BN[index], x_CHW.shape[-1])
            self._fraction[row] = float(step.known_BN[index].float().mean())
            self._drawings[row] = x_CHW * (least + (1 - least) * seen_HW)


def split_callback(
    callback: AnyStepCallback | PartialImages | None, pipe: object
) -> tuple[StepCallback | None, PartialImages | None]:
    """The caller's function, and what shows images on the way; each may be missing.

    pipe: the model, for functions that take it. Raises ValueError for what is no function.
    """
    if isinstance(callback, PartialImages):
        return step_callback(callback.on_step, pipe), callback
    return step_callback(callback, pipe), None


def soft_mask(known_N: Tensor, side: int) -> Tensor:
    """How much is known of each pixel, [side, side] in [0, 1], soft between two tokens."""
    grid = math.isqrt(known_N.numel())
    known_11GG = known_N.float().view(1, 1, grid, grid)
    smooth: Tensor = F.interpolate(
        known_11GG, size=(side, side), mode="bilinear", align_corners=False
    )
    return smooth.view(side, side)


def repeated_downwards(codes_BN: Tensor, known_BN: Tensor) -> Tensor:
    """Codes where an unknown one is that of the position above, so that no strange one is near."""
    side = math.isqrt(codes_BN.shape[1])
    codes_BGG: Tensor = codes_BN.clone().unflatten(1, (side, side))
    known_BGG = known_BN.unflatten(1, (side, side))
    for row in range(1, side):
        codes_BGG[:, row] = torch.where(known_BGG[:, row], codes_BGG[:, row], codes_BGG[:, row - 1])
    return codes_BGG.flatten(1)


def watched(
    on_step: StepCallback | None,
    on_batch_step: BatchCallback | None,
    rows: Sequence[int],
    batch: int,
    num_batches: int,
) -> StepCallback | None:
    """What the decode loop calls after each step of a batch: both, or the first alone."""
    if on_batch_step is None:
        return on_step

    def report(step: DecodeStep) -> bool | None:
        stops = on_step(step) if on_step else None
        return on_batch_step(BatchStep(rows, batch, num_batches, step)) or stops

    return report
