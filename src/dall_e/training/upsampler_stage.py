"""Trains the upsampler: pictures at half of their side to the pictures themselves.

Half of the small pictures go through an image tokenizer first, if one is given: what it blurs can
then be repaired, and clean pictures stay clean. A batch is a pure function of (seed, pictures
seen).

Shapes: B pictures, M of the data set, C 4 channels (premultiplied RGBA), H W rows and columns.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from dall_e.checkpoints.store import load_strict
from dall_e.config import TokenizerConfig, UpsamplerConfig, UpsamplerTraining, build_settings
from dall_e.data.augment import random_views
from dall_e.data.datasets import ImageSet, batch_indices, load_images
from dall_e.images.files import save_image
from dall_e.images.sheets import contact_sheet
from dall_e.losses.reconstruction import image_loss, peak_signal_to_noise
from dall_e.models.image_tokenizer import ImageTokenizer
from dall_e.models.upsampler import FACTOR, Upsampler, enlarged
from dall_e.runtime import pick_device
from dall_e.training.loop import Player, Stage, describe, fit, load_stage_weights
from dall_e.training.run_folder import player_weights

_MOST_HELD_OUT = 96
_SHEET_IMAGES = 8


class UpsamplerStage(Stage):
    """Data, network and loss of this stage, for `training.loop.fit`."""

    def __init__(self, config: UpsamplerTraining, images: ImageSet, held_out: ImageSet) -> None:
        """Pictures come at twice `config.small_size`. Raises ValueError for a folder that is no
        tokenizer's run."""
        self.config = config
        self.device = pick_device(config.device)
        sizes = UpsamplerConfig()
        self.networks = {"upsampler": dataclasses.asdict(sizes)}
        self._images, self._held_out = images, held_out
        self._weights_M = images.weights
        self._tokenizer = _tokenizer(config, self.device) if config.tokenizer else None
        torch.manual_seed(config.seed)
        self.upsampler = Upsampler(sizes)
        self.upsampler.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.players = (
            Player(
                name="upsampler",
                module=self.upsampler,
                learning_rate=config.learning_rate,
                weight_decay=config.weight_decay,
                optimizer=config.optimizer,
            ),
        )
        self._forward: Callable[[Tensor], Tensor] = self.upsampler
        if config.compile:
            self._forward = torch.compile(self.upsampler)

    def batch(self, images_seen: int) -> dict[str, Any]:
        """Float pictures "small" and "large", [B, 4, S, S] and [B, 4, 2 S, 2 S], and "background"
        colours [B, 3]."""
        config = self.config
        rng = torch.Generator().manual_seed((config.seed * 2**40 + images_seen) % 2**63)
        rows = batch_indices(
            len(self._images), self._weights_M, config.seed, images_seen, config.batch_size
        )
        x_BCHW = self._images.images_NCHW[rows].float() / 255
        # A designer's left and right are the same to it; sizes are not changed, for that would
        # soften what is asked.
        mirror_B = torch.ones(len(rows), dtype=torch.bool)
        x_BCHW = random_views(x_BCHW, rng, mirror_B=mirror_B, scales=(1.0, 1.0), shift=0.0).to(
            self.device
        )
        background_BC = torch.rand(len(rows), 3, generator=rng)
        return {
            "large": x_BCHW,
            "small": self._small(x_BCHW),
            "background": background_BC.to(self.device),
        }

    @torch.no_grad()
    def _small(self, large_BCHW: Tensor) -> Tensor:
        small_BCHW = F.interpolate(
            large_BCHW,
            scale_factor=1 / FACTOR,
            mode="bilinear",
            antialias=True,
            align_corners=False,
        )
        if self._tokenizer is None:
            return small_BCHW
        half = len(small_BCHW) // 2
        again_BCHW = self._tokenizer.detokenize(self._tokenizer.tokenize(small_BCHW[:half]))
        return torch.cat((again_BCHW.to(small_BCHW.dtype).clamp(0, 1), small_BCHW[half:]))

    def loss(
        self, player: str, batch: dict[str, Any], progress: float
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Distance of the enlarged pictures to the true ones."""
        return image_loss(
            original_BCHW=batch["large"],
            reconstruction_BCHW=self._forward(batch["small"]),
            background_BC=batch["background"],
            edge_weight=self.config.edge_weight,
            pyramid_weight=self.config.pyramid_weight,
        )

    @torch.no_grad()
    def sample(self, path: Path) -> dict[str, float]:
        """Held-out pictures enlarged by resizing, by the network, and as they are, to `path`; PSNR
        of both."""
        large_BCHW = self._held_out.images_NCHW[:_MOST_HELD_OUT].to(self.device).float() / 255
        small_BCHW = self._small(large_BCHW)
        plain_BCHW = enlarged(small_BCHW)
        ours_BCHW = torch.cat([self.upsampler(x) for x in small_BCHW.split(self.config.batch_size)])
        rows = zip(plain_BCHW, ours_BCHW.clamp(0, 1), large_BCHW, strict=True)
        shown = [image for triple in list(rows)[:_SHEET_IMAGES] for image in triple]
        save_image(contact_sheet(shown, None, 6), path)
        return {
            name: float(
                peak_signal_to_noise(original_BCHW=large_BCHW, reconstruction_BCHW=x_BCHW).mean()
            )
            for name, x_BCHW in (("psnr", ours_BCHW), ("psnr_bilinear", plain_BCHW))
        }

    def summary(self) -> list[str]:
        """Data, for --dry-run and the log."""
        small, through = (
            self.config.small_size,
            "half of them through the tokenizer" if self._tokenizer else "clean",
        )
        return [
            f"{len(self._images):,} pictures to train on, {len(self._held_out):,} held out",
            f"{small} pixels to {FACTOR * small}, {through}",
        ]


def _tokenizer(config: UpsamplerTraining, device: torch.device) -> ImageTokenizer:
    """The trained image tokenizer, frozen, for the small pictures' side."""
    run, players = load_stage_weights(config.tokenizer)
    weights = player_weights(players, "tokenizer", config.tokenizer)
    settings = {**run["networks"]["tokenizer"], "image_size": config.small_size}
    tokenizer = ImageTokenizer(build_settings(TokenizerConfig, settings))
    load_strict(tokenizer, weights, "")
    return tokenizer.eval().requires_grad_(False).to(device)


def run_upsampler_training(config: UpsamplerTraining, *, dry_run: bool = False) -> None:
    """`dall-e train upsampler`: trains on the pictures of `config.data`, or prints what it would
    do.

    Raises ValueError for missing or unfit data, weights or run folder, as `fit` does.
    """
    side = FACTOR * config.small_size
    images, held_out = (load_images(config.data, side, split=split) for split in ("train", "val"))
    stage = UpsamplerStage(config, images, held_out)
    if dry_run:
        print(describe(config, stage))
        return
    fit(config, stage)
