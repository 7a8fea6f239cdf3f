"""Batches for the image tokenizer: pictures moved, on backgrounds, as scenes, at two sizes.

All pictures lie in the device's memory and are changed there. All random numbers are drawn on the
CPU, so that they are the same on every device.

Shapes: B pictures of a batch, P some of them, N pictures in all, M the same, T tokens, C channels
(4: premultiplied RGBA), H W rows and columns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from dall_e.config import TokenizerConfig, TokenizerTraining
from dall_e.data.datasets import ImageSet, batch_indices
from dall_e.scenes.composer import SceneComposer
from dall_e.training.batches import Batch
from dall_e.training.pixel_game import LAZY_STEPS


@dataclass(frozen=True, kw_only=True, eq=False)
class TokenizerBatch(Batch):
    """Pictures, and what is done to their codes."""

    images_BCHW: Tensor
    """Float in [0, 1], premultiplied RGBA, channels last."""
    background_BC: Tensor
    """Flat colours that losses compare them on."""
    sampled: slice
    """Rows whose codes are replaced by ones that a generator sampled; mostly none."""
    sampled_codes_PT: Tensor | None
    """Those codes."""
    rng: torch.Generator
    """For what is drawn on the device."""
    is_lazy_step: bool
    """Whether it is the turn of what is done in every 8th step."""


class TokenizerData:
    """Makes the batches of a run."""

    def __init__(
        self,
        config: TokenizerTraining,
        sizes: TokenizerConfig,
        images: ImageSet,
        device: torch.device,
    ) -> None:
        self.sampled_codes_MT: Tensor | None = None
        """Codes int16 of all pictures, partly sampled by a generator, if there is one."""
        self._config = config
        self._sizes = sizes
        self._device = device
        self._images_NCHW = images.images_NCHW.to(device)
        self._weights_N: npt.NDArray[np.float64] = images.weights
        self._composer: SceneComposer | None = None
        if config.batches.scene_fraction:
            self._composer = SceneComposer(images, sizes.image_size)

    def __len__(self) -> int:
        return len(self._images_NCHW)

    def batch(self, images_seen: int) -> TokenizerBatch:
        """The batch after `images_seen` pictures: a function of the seed and of that number."""
        config, loop = self._config.batches, self._config.loop
        rng = torch.Generator().manual_seed((loop.seed * 2**40 + images_seen) % 2**63)
        size = loop.micro_batch_size
        rows_B = batch_indices(len(self), self._weights_N, loop.seed, images_seen, size)

        # Every picture moved, but for some that are seen as they are.
        images_BCHW = _augment(self._images_NCHW, rows_B.tolist(), rng)
        still_P = _spread(size, round((1 - config.moved_fraction) * size))
        images_BCHW[still_P] = self._as_they_are(rows_B[still_P])

        # The last ones on backgrounds; scenes take the place of the last of these.
        _put_on_backgrounds(images_BCHW, round(config.background_fraction * size), rng)
        self._put_scenes(images_BCHW, images_seen)

        is_coarse = float(torch.rand((), generator=rng)) < config.coarse_fraction
        if is_coarse:
            images_BCHW = self._coarse(images_BCHW)
        sampled = slice(0, 0) if is_coarse else self._sampled_rows(size)
        if sampled.stop > sampled.start:
            images_BCHW[sampled] = self._as_they_are(rows_B[sampled])

        background_BC = torch.rand(size, 3, generator=rng)
        codes_MT = self.sampled_codes_MT
        return TokenizerBatch(
            images_BCHW=images_BCHW,
            background_BC=background_BC.to(self._device),
            sampled=sampled,
            sampled_codes_PT=None if codes_MT is None else codes_MT[rows_B[sampled]].long(),
            rng=torch.Generator(self._device).manual_seed(rng.initial_seed()),
            is_lazy_step=images_seen // loop.batch_size % LAZY_STEPS == 0,
        )

    def _as_they_are(self, rows_P: npt.NDArray[np.int64]) -> Tensor:
        return self._images_NCHW[rows_P].float() / 255

    def _put_scenes(self, images_BCHW: Tensor, images_seen: int) -> None:
        """Puts composed scenes in the place of the last pictures of a batch."""
        if self._composer is None:
            return
        size = len(images_BCHW)
        count = round(self._config.batches.scene_fraction * size)
        for row in range(size - count, size):
            scene = self._composer.scene(f"{self._config.loop.seed}/tokenizer/{images_seen + row}")
            image_CHW = torch.from_numpy(self._composer.draw(scene))
            images_BCHW[row] = image_CHW.to(self._device).float() / 255

    def _coarse(self, images_BCHW: Tensor) -> Tensor:
        """Pictures at two thirds of their side, rounded to whole tokens."""
        patch = self._sizes.patch_size
        side = max(patch, round(images_BCHW.shape[-1] * 2 / 3 / patch) * patch)
        images_BCHW = F.interpolate(images_BCHW, size=(side, side), mode="bilinear", antialias=True)
        return images_BCHW.contiguous(memory_format=torch.channels_last)

    def _sampled_rows(self, size: int) -> slice:
        """Which rows of a batch have codes that were sampled: those behind the perturbed ones.

        The codes belong to the picture as it is, not to a view of it.
        """
        if self.sampled_codes_MT is None:
            return slice(0, 0)
        start = round(self._config.perturbation.perturbed_fraction * size)
        count = round(self._config.sampled_codes.drawn_fraction * size)
        return slice(start, min(start + count, size))


def _augment(images_NCHW: Tensor, rows: list[int], rng: torch.Generator) -> Tensor:
    """Float pictures [B, C, H, W] in [0, 1]: every one shifted, half flipped, a quarter scaled.

    The rows of a batch are in random order, so which of them are flipped or scaled can be fixed:
    that is one operation for many pictures. What moves in from outside is transparent.
    """
    side = images_NCHW.shape[-1]
    reach = side // 16
    shifts = torch.randint(-reach, reach + 1, (len(rows), 2), generator=rng).tolist()
    shape = (len(rows), *images_NCHW.shape[1:])
    shifted_BCHW = torch.zeros(shape, dtype=torch.uint8, device=images_NCHW.device)
    for number, (row, (down, right)) in enumerate(zip(rows, shifts, strict=True)):
        to_rows, from_rows = _overlap(down, side)
        to_columns, from_columns = _overlap(right, side)
        shifted_BCHW[number, :, to_rows, to_columns] = images_NCHW[row, :, from_rows, from_columns]

    half = len(rows) // 2
    shifted_BCHW[:half] = shifted_BCHW[:half].flip(-1)
    x_BCHW = shifted_BCHW.to(torch.float32, memory_format=torch.channels_last).div_(255)

    # These rows straddle the flipped and the unflipped half.
    scaled = slice(half - len(rows) // 8, half + len(rows) // 8)
    num_scaled = scaled.stop - scaled.start
    if num_scaled:
        # Above 1 the grid reaches beyond the picture, which makes it smaller.
        scale_P = 0.85 + 0.65 * torch.rand(num_scaled, generator=rng)
        matrix_P23 = torch.eye(2, 3) * scale_P[:, None, None]
        grid_PHW2 = F.affine_grid(matrix_P23, [num_scaled, 4, side, side], align_corners=False)
        grid_PHW2 = grid_PHW2.to(x_BCHW.device)
        x_BCHW[scaled] = F.grid_sample(x_BCHW[scaled], grid_PHW2, align_corners=False)
    return x_BCHW


def _overlap(shift: int, side: int) -> tuple[slice, slice]:
    """Where to write and where to read along an axis of length `side` that is shifted."""
    return slice(max(shift, 0), side + min(shift, 0)), slice(max(-shift, 0), side - max(shift, 0))


def _spread(length: int, count: int) -> Tensor:
    """`count` of the numbers 0 to `length` - 1, evenly spread."""
    return torch.arange(count) * length // max(count, 1)


def _put_on_backgrounds(x_BCHW: Tensor, count: int, rng: torch.Generator) -> None:
    """Puts the last `count` pictures on opaque gradients of two random colours, in place."""
    if count == 0:
        return
    corners_P322 = torch.rand(count, 3, 2, 1, generator=rng).expand(-1, -1, -1, 2)
    # Half of them run from left to right, the rest from top to bottom.
    corners_P322 = torch.cat((corners_P322[::2], corners_P322[1::2].mT)).to(x_BCHW.device)
    background_P3HW = F.interpolate(
        corners_P322, size=x_BCHW.shape[-2:], mode="bilinear", align_corners=True
    )
    last_P4HW = x_BCHW[-count:]
    last_P4HW[:, :3] += background_P3HW * (1 - last_P4HW[:, 3:])
    last_P4HW[:, 3:] = 1
