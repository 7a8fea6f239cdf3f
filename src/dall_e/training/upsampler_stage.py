"""Trains the upsampler: pictures at half of their side to the pictures themselves.

Some of the small pictures go through an image tokenizer first, if one is given: what it blurs can
then be repaired, and clean pictures stay clean. Codes of some of those are moved to neighbours, as
a generator errs. A batch is a pure function of (seed, pictures seen).

Shapes: B pictures, M of the data set, C 4 channels (premultiplied RGBA), H W rows and columns.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from dall_e.checkpoints.run_files import load_image_tokenizer_at
from dall_e.config import UPSAMPLERS, UpsamplerTraining
from dall_e.data.augment import random_views
from dall_e.data.datasets import ImageSet, batch_indices, load_images
from dall_e.images.files import save_image
from dall_e.images.sheets import contact_sheet
from dall_e.losses.metrics import peak_signal_to_noise
from dall_e.losses.reconstruction import image_loss
from dall_e.models.image_tokenizer import ImageTokenizer
from dall_e.models.upsampler import FACTOR, Upsampler, enlarged
from dall_e.runtime import pick_device
from dall_e.training.batches import Batch
from dall_e.training.data_report import report_data
from dall_e.training.perturbation import moved_codes
from dall_e.training.player import Player
from dall_e.training.running import run_stage
from dall_e.training.stage import Stage, StepOutput
from dall_e.training.tracking import announce

_MOST_HELD_OUT = 96
_SHEET_IMAGES = 8


@dataclass(frozen=True, kw_only=True, eq=False)
class UpsamplerBatch(Batch):
    """Pictures at two sizes, float in [0, 1]."""

    small_BCHW: Tensor
    large_BCHW: Tensor
    """At twice the side."""
    background_BC: Tensor
    """Flat colours that losses compare them on."""


class UpsamplerStage(Stage[UpsamplerBatch]):
    """Data, network and loss of this stage, for `training.loop.fit`."""

    def __init__(self, config: UpsamplerTraining, images: ImageSet, held_out: ImageSet) -> None:
        """Pictures come at twice `config.small_size`.

        Raises ValueError for a folder that is no tokenizer's run.
        """
        self.config = config
        self.device = pick_device(config.loop.device)
        sizes = UPSAMPLERS[config.preset]
        self.networks = {"upsampler": dataclasses.asdict(sizes)}
        self._images, self._held_out = images, held_out
        self._weights_M = images.weights
        self._tokenizer: ImageTokenizer | None = None
        if config.tokenizer:
            self._tokenizer = load_image_tokenizer_at(config.tokenizer, config.small_size).to(
                self.device
            )

        torch.manual_seed(config.loop.seed)
        self.upsampler = Upsampler(sizes)
        self.upsampler.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.players = (
            Player(name="upsampler", module=self.upsampler, optimizer=config.optimizer),
        )
        self._forward: Callable[[Tensor], Tensor] = self.upsampler
        if config.loop.compile:
            self._forward = torch.compile(self.upsampler)

    def batch(self, images_seen: int) -> UpsamplerBatch:
        """The batch that follows after `images_seen` pictures, on the device."""
        loop = self.config.loop
        rng = torch.Generator().manual_seed((loop.seed * 2**40 + images_seen) % 2**63)
        rows_B = batch_indices(
            len(self._images), self._weights_M, loop.seed, images_seen, loop.micro_batch_size
        )
        x_BCHW = self._images.images_NCHW[rows_B].float() / 255

        # A designer's left and right are the same to it; sizes are not changed, for that would
        # soften what is asked.
        if self.config.mirrored:
            mirror_B = torch.ones(len(rows_B), dtype=torch.bool)
            x_BCHW = random_views(x_BCHW, rng, mirror_B=mirror_B, scales=(1.0, 1.0), shift=0.0)
        x_BCHW = x_BCHW.to(self.device)
        background_BC = torch.rand(len(rows_B), 3, generator=rng)
        return UpsamplerBatch(
            small_BCHW=self._small(x_BCHW, rng),
            large_BCHW=x_BCHW,
            background_BC=background_BC.to(self.device),
        )

    @torch.no_grad()
    def _small(self, large_BCHW: Tensor, rng: torch.Generator | None = None) -> Tensor:
        """Pictures at half of their side, the first ones through the tokenizer.

        rng: moves codes of the first of those, too; without one no code is moved.
        """
        small_BCHW = F.interpolate(
            large_BCHW,
            scale_factor=1 / FACTOR,
            mode="bilinear",
            antialias=True,
            align_corners=False,
        )
        through = round(self.config.tokenized_fraction * len(small_BCHW))
        if self._tokenizer is None or not through:
            return small_BCHW

        # Through the tokenizer, some with a few of their codes wrong
        codes_BN = self._tokenizer.tokenize(small_BCHW[:through])
        perturbation = self.config.perturbation
        moved = round(perturbation.perturbed_fraction * len(small_BCHW)) if rng else 0
        codes_BN = moved_codes(
            codes_BN,
            self._tokenizer.quantizer,
            rng,
            num_images=min(moved, through),
            most_tokens=perturbation.perturbed_tokens,
        )
        blurred_BCHW = self._tokenizer.detokenize(codes_BN).to(small_BCHW.dtype).clamp(0, 1)
        return torch.cat((blurred_BCHW, small_BCHW[through:]))

    def loss(self, batch: UpsamplerBatch) -> StepOutput:
        """Distance of the enlarged pictures to the true ones."""
        loss, parts = image_loss(
            original_BCHW=batch.large_BCHW,
            reconstruction_BCHW=self._forward(batch.small_BCHW),
            background_BC=batch.background_BC,
            edge_weight=self.config.reconstruction.edge_weight,
            pyramid_weight=self.config.reconstruction.pyramid_weight,
        )
        return StepOutput(loss, parts)

    @torch.no_grad()
    def sample(self, path: Path) -> dict[str, float]:
        """Held-out pictures enlarged by resizing, by the network, and as they are; PSNR of both."""
        large_BCHW = self._held_out.images_NCHW[:_MOST_HELD_OUT].to(self.device).float() / 255
        small_BCHW = self._small(large_BCHW)
        plain_BCHW = enlarged(small_BCHW)
        batches = small_BCHW.split(self.config.loop.batch_size)
        ours_BCHW = torch.cat([self.upsampler(x_BCHW) for x_BCHW in batches])

        triples = zip(plain_BCHW, ours_BCHW.clamp(0, 1), large_BCHW, strict=True)
        shown = [image for triple in list(triples)[:_SHEET_IMAGES] for image in triple]
        save_image(contact_sheet(shown, None, 6), path)

        measures: dict[str, float] = {}
        for name, x_BCHW in (("psnr", ours_BCHW), ("psnr_bilinear", plain_BCHW)):
            psnr_B = peak_signal_to_noise(original_BCHW=large_BCHW, reconstruction_BCHW=x_BCHW)
            measures[name] = float(psnr_B.mean())
        return measures

    def summary(self) -> list[str]:
        """Data, for --dry-run and the log."""
        small = self.config.small_size
        fraction = f"{self.config.tokenized_fraction:.0%} of them through the tokenizer"
        through = fraction if self._tokenizer else "clean"
        return [
            f"{len(self._images):,} pictures to train on, {len(self._held_out):,} held out",
            f"{small} pixels to {FACTOR * small}, {through}",
        ]


def run_upsampler_training(config: UpsamplerTraining, *, dry_run: bool = False) -> None:
    """`dall-e train upsampler`: trains on the pictures of `config.data`.

    With `dry_run`, prints what it would do. Raises ValueError for missing or unfit
    data, weights or run folder, as `fit` does.
    """

    def make(config: UpsamplerTraining) -> UpsamplerStage:
        side = FACTOR * config.small_size
        announce(f"reading the pictures of {config.data}")
        images, held_out = (load_images(config.data, side, split=s) for s in ("train", "val"))
        data = report_data(config.run_folder, images, held_out)
        stage = UpsamplerStage(config, images, held_out)
        stage.run_data = data
        return stage

    run_stage(config, make, dry_run=dry_run)
