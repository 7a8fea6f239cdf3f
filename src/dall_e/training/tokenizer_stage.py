"""Trains the image tokenizer, with a discriminator of pixels as its opponent.

Two players: "tokenizer" lowers the reconstruction loss and, from `adversarial_start` on, wants its
pictures ranked above the real ones; "discriminator" learns to rank the real ones above.

Shapes: B pictures of a batch, P some of them, C channels (4: premultiplied RGBA), H W rows and
columns, D latent channels, K codes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from dall_e.checkpoints.run_files import load_stage
from dall_e.checkpoints.store import load_strict
from dall_e.config import PRESETS, DiscriminatorConfig, TokenizerConfig, TokenizerTraining
from dall_e.data.datasets import ImageSet, load_images
from dall_e.images.files import save_image
from dall_e.images.sheets import contact_sheet
from dall_e.losses.metrics import peak_signal_to_noise
from dall_e.losses.reconstruction import image_loss, over_background
from dall_e.models.discriminator import Discriminator
from dall_e.models.image_tokenizer import ImageTokenizer
from dall_e.models.quantizer import Quantized
from dall_e.runtime import autocast, pick_device, pick_dtype, tune_convolutions
from dall_e.training.data_report import report_data
from dall_e.training.perceptual import PerceptualDistance
from dall_e.training.perturbation import perturb
from dall_e.training.pixel_game import Pairs, PixelGame
from dall_e.training.player import Player
from dall_e.training.processes import total
from dall_e.training.running import run_stage
from dall_e.training.sampled_codes import CodeResampler
from dall_e.training.stage import Stage, StepOutput
from dall_e.training.token_cache import tokenize_as_they_are
from dall_e.training.tokenizer_data import TokenizerBatch, TokenizerData
from dall_e.training.tracking import announce

# Fraction of the run over which the adversarial terms grow to their weight, so that the
# discriminator learns first.
_ADVERSARIAL_RAMP = 0.02
_MOST_HELD_OUT = 256
_SHEET_IMAGES = 32


class TokenizerStage(Stage[TokenizerBatch]):
    """Trains an `ImageTokenizer` on pictures that lie in memory, and measures it on others."""

    def __init__(
        self,
        config: TokenizerTraining,
        images: ImageSet,
        held_out: ImageSet,
        *,
        dry_run: bool = False,
    ) -> None:
        """With `dry_run`, a generator samples nothing; good for `summary` only.

        Raises ValueError if a picture's size is not the preset's, or if weights to start from do
        not fit.
        """
        self._config = config
        sizes = PRESETS[config.start.preset].tokenizer
        _check_sizes(config.start.preset, sizes.image_size, images, held_out)
        self.device = pick_device(config.loop.device)
        self._dtype = pick_dtype(config.loop.precision, self.device)
        tune_convolutions(self.device)

        self._make_networks(sizes)
        self.players = self._make_players()

        # What they see, and what compares their pictures.
        self._data = TokenizerData(config, sizes, images, self.device)
        self._held_out_NCHW = held_out.images_NCHW[:_MOST_HELD_OUT].to(self.device)
        if config.sampled_codes.generator and not dry_run:
            self._data.sampled_codes_MT = self._sample_codes(images)
        self._perceptual: PerceptualDistance | None = None
        if config.perceptual.dual_encoder:
            self._perceptual = PerceptualDistance(config.perceptual.dual_encoder, self.device)

        self._code_counts_K = torch.zeros(sizes.num_codes, device=self.device)
        self._encode: Callable[[Tensor], Tensor] = self.tokenizer.encode
        self._decode: Callable[[Tensor], Tensor] = self.tokenizer.decode
        if config.loop.compile:
            # Not dynamic: one specialised kernel for each of the two picture sizes is faster than
            # one for both.
            self._encode = torch.compile(self._encode, dynamic=False)
            self._decode = torch.compile(self._decode, dynamic=False)
        self._game: PixelGame | None = None
        if self.discriminator is not None:
            self._game = PixelGame(
                config.game, self.discriminator, self.device, compiled=config.loop.compile
            )

    def _make_networks(self, sizes: TokenizerConfig) -> None:
        """Image tokenizer and discriminator, from the seed or from another run."""
        config = self._config
        torch.manual_seed(config.loop.seed)
        self.tokenizer = ImageTokenizer(sizes)
        discriminator_sizes = DiscriminatorConfig()
        self.discriminator: Discriminator | None = None
        if config.game.adversarial_weight > 0:
            self.discriminator = Discriminator(discriminator_sizes)
        self.networks = {
            "tokenizer": _as_json(sizes),
            "discriminator": _as_json(discriminator_sizes),
        }

        if config.start.init:
            self._start_from(config.start.init)
        self.tokenizer.encoder.requires_grad_(not config.freeze_encoder)
        self.tokenizer.quantizer.requires_grad_(not config.freeze_encoder)

        # Channels last: the layout that convolutions compute in, on CPUs and GPUs alike.
        for network in (self.tokenizer, self.discriminator):
            if network is not None:
                network.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    def _start_from(self, folder: str) -> None:
        stage = load_stage(folder)
        weights = stage.weights("tokenizer")
        try:
            load_strict(self.tokenizer, weights, "")
            if self.discriminator is not None and "discriminator" in stage.players:
                load_strict(self.discriminator, stage.weights("discriminator"), "")
        except ValueError as error:
            raise ValueError(
                f"the weights in {folder} do not fit preset {self._config.start.preset}: {error}"
            ) from error

    def _sample_codes(self, images: ImageSet) -> Tensor:
        """Codes of all pictures, partly sampled by the generator; cached in the run folder."""
        config = self._config
        codes_MT = tokenize_as_they_are(self.tokenizer, images.images_NCHW)
        resampler = CodeResampler(config.sampled_codes, config.start.preset, self.device)
        return resampler.resample_once(
            Path(config.run_folder), codes_MT, images.records, seed=config.loop.seed
        )

    def _make_players(self) -> tuple[Player, ...]:
        optimizer = self._config.optimizer
        tokenizer = Player(name="tokenizer", module=self.tokenizer, optimizer=optimizer)
        if self.discriminator is None:
            return (tokenizer,)

        discriminator = Player(
            name="discriminator",
            module=self.discriminator,
            optimizer=dataclasses.replace(
                optimizer,
                optimizer="adamw",
                learning_rate=self._config.game.discriminator_learning_rate,
                weight_decay=0.0,
            ),
            betas=(0.0, 0.99),
            ema=False,
        )
        return tokenizer, discriminator

    def summary(self) -> list[str]:
        """Pictures, tokens, and when the discriminator joins."""
        sizes = self.tokenizer.config
        lines = [
            f"{len(self._data):,} pictures of {sizes.image_size} pixels to train on, "
            f"{len(self._held_out_NCHW)} held out",
            f"{sizes.grid_size}x{sizes.grid_size} tokens, {sizes.num_codes} codes",
        ]
        if self.discriminator is not None:
            start = int(self._config.game.adversarial_start * self._config.loop.images)
            lines.append(f"the discriminator joins after {start:,} pictures")
        return lines

    def batch(self, images_seen: int) -> TokenizerBatch:
        """The batch that follows after `images_seen` pictures, on the device."""
        return self._data.batch(images_seen)

    def losses(self, batch: TokenizerBatch, progress: float) -> Iterator[tuple[str, StepOutput]]:
        """The tokenizer's loss, then that of the discriminator once it plays."""
        game = self._game if progress >= self._config.game.adversarial_start else None
        is_lazy_step = batch.is_lazy_step

        # A compiled backward pass frees what it used, and the adaptive weight needs a second one.
        decode = self.tokenizer.decode if game and is_lazy_step else self._decode
        reconstruction_BCHW = decode(self._latents(batch))
        loss, parts = self._reconstruction_loss(batch, reconstruction_BCHW)
        if game is None:
            yield "tokenizer", StepOutput(loss, parts)
            return

        pairs = self._pairs(batch, reconstruction_BCHW)
        game_loss, game_parts = game.tokenizer_loss(
            pairs, loss, self.tokenizer.last_weight, is_lazy_step=is_lazy_step
        )
        ramp = min((progress - self._config.game.adversarial_start) / _ADVERSARIAL_RAMP, 1.0)
        yield "tokenizer", StepOutput(loss + ramp * game_loss, {**parts, **game_parts})

        yield (
            "discriminator",
            game.discriminator_loss(pairs.detached(), progress, is_lazy_step=is_lazy_step),
        )

    def _latents(self, batch: TokenizerBatch) -> Tensor:
        """What the decoder gets [B, D, H, W]: the pictures' codes, some of them changed."""
        with torch.set_grad_enabled(not self._config.freeze_encoder):
            quantized = self.tokenizer.quantizer.quantize(self._encode(batch.images_BCHW))
        self._count(quantized.codes_BHW)
        latents_BDHW = self._perturbed(quantized, self._num_perturbed(batch), batch.rng)

        if batch.sampled_codes_PT is not None and batch.sampled.stop > batch.sampled.start:
            codes_PHW = batch.sampled_codes_PT.to(self.device)
            codes_PHW = codes_PHW.unflatten(1, quantized.codes_BHW.shape[1:])
            sampled_PDHW = self.tokenizer.quantizer.embed(codes_PHW)
            latents_BDHW = latents_BDHW.clone()
            latents_BDHW[batch.sampled] = sampled_PDHW.to(latents_BDHW.dtype)
        return latents_BDHW

    def _count(self, codes_BHW: Tensor) -> None:
        # Codes of latents that are not finite are no codes; the loop skips such steps, so counting
        # must survive them.
        num_codes = len(self._code_counts_K)
        codes_N = codes_BHW.flatten().clamp(0, num_codes - 1)
        self._code_counts_K += torch.bincount(codes_N, minlength=num_codes)

    def _num_perturbed(self, batch: TokenizerBatch) -> int:
        return round(self._config.perturbation.perturbed_fraction * len(batch.images_BCHW))

    def _perturbed(self, quantized: Quantized, num_images: int, rng: torch.Generator) -> Tensor:
        return perturb(
            quantized,
            self.tokenizer.quantizer,
            rng,
            num_images=num_images,
            most_tokens=self._config.perturbation.perturbed_tokens,
        )

    def _reconstruction_loss(
        self, batch: TokenizerBatch, reconstruction_BCHW: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Distance to the originals, by pixels and by a dual encoder's features if there is one."""
        config = self._config
        images = {
            "original_BCHW": batch.images_BCHW,
            "reconstruction_BCHW": reconstruction_BCHW,
            "background_BC": batch.background_BC,
        }
        loss, parts = image_loss(
            **images,
            edge_weight=config.reconstruction.edge_weight,
            pyramid_weight=config.reconstruction.pyramid_weight,
        )
        if self._perceptual is not None:
            distance, distance_parts = self._perceptual(**images)
            loss = loss + config.perceptual.perceptual_weight * distance
            parts = {**parts, **distance_parts}
        return loss, parts

    def _pairs(self, batch: TokenizerBatch, reconstruction_BCHW: Tensor) -> Pairs:
        """What the discriminator sees.

        A perturbed picture is no longer the pair of its original, so it is left out.
        """
        rest = slice(self._num_perturbed(batch), None)
        background_BC = batch.background_BC[rest]
        return Pairs(
            real_BCHW=over_background(batch.images_BCHW[rest], background_BC),
            fake_BCHW=over_background(reconstruction_BCHW[rest].float(), background_BC),
        )

    def end_step(self) -> None:
        """The adaptive weight follows the micro-batches of all processes alike."""
        if self._game:
            self._game.end_step()

    def window(self) -> dict[str, float]:
        """Fraction of the codes used since the last line of the log, and their perplexity."""
        counts_K = total(self._code_counts_K)
        fraction_K = counts_K / counts_K.sum().clamp_min(1)
        self._code_counts_K = torch.zeros_like(self._code_counts_K)
        entropy = -torch.xlogy(fraction_K, fraction_K).sum()
        return {
            "codes_used": float((fraction_K > 0).float().mean()),
            "code_perplexity": float(entropy.exp()),
        }

    def sample(self, path: Path) -> dict[str, float]:
        """Pairs of held-out original and reconstruction; PSNR of all, plain and perturbed."""
        rng = torch.Generator(self.device).manual_seed(self._config.loop.seed)
        plain: list[Tensor] = []
        perturbed: list[Tensor] = []
        shown: list[Tensor] = []
        held_out_NCHW = self._held_out_NCHW.float() / 255

        for original_BCHW in held_out_NCHW.split(self._config.loop.batch_size):
            with torch.no_grad(), autocast(self.device, self._dtype):
                quantized = self.tokenizer.quantizer.quantize(self.tokenizer.encode(original_BCHW))
                plain_BCHW = self.tokenizer.decode(quantized.latents_BDHW).float()
                latents_BDHW = self._perturbed(quantized, len(original_BCHW), rng)
                perturbed_BCHW = self.tokenizer.decode(latents_BDHW).float()
            for found, x_BCHW in ((plain, plain_BCHW), (perturbed, perturbed_BCHW)):
                found.append(
                    peak_signal_to_noise(original_BCHW=original_BCHW, reconstruction_BCHW=x_BCHW)
                )
            for pair in zip(original_BCHW, plain_BCHW.clamp(0, 1), strict=True):
                shown += pair

        save_image(contact_sheet(shown[: 2 * _SHEET_IMAGES], None, 8), path)
        return {
            "psnr": float(torch.cat(plain).mean()),
            "psnr_perturbed": float(torch.cat(perturbed).mean()),
        }

    def state_dict(self) -> dict[str, Any]:
        """The smoothed adaptive weight."""
        return {"adaptive": self._game.adaptive if self._game else torch.ones(())}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Takes back what `state_dict` gave."""
        if self._game:
            self._game.adaptive = state["adaptive"].to(self.device)


class TokenizerRehearsal(TokenizerStage):
    """The same step, a costly one, on a batch of zeros, without pictures or weights to start from.

    Features of a dual encoder, if its distance is asked for, are left out.
    """

    def __init__(self, config: TokenizerTraining) -> None:
        self._config = config
        self._sizes = PRESETS[config.start.preset].tokenizer
        self.device = pick_device(config.loop.device)
        self._perceptual = self._game = self.discriminator = None
        with self.device:
            self.tokenizer = ImageTokenizer(self._sizes)
            if config.game.adversarial_weight > 0:
                self.discriminator = Discriminator(DiscriminatorConfig())
                self._game = PixelGame(config.game, self.discriminator, self.device, compiled=False)
        self.tokenizer.encoder.requires_grad_(not config.freeze_encoder)
        self.tokenizer.quantizer.requires_grad_(not config.freeze_encoder)
        self.players = self._make_players()
        self._encode, self._decode = self.tokenizer.encode, self.tokenizer.decode

    def batch(self, images_seen: int) -> TokenizerBatch:
        """A batch in which no codes are sampled."""
        size, side = self._config.loop.micro_batch_size, self._sizes.image_size
        images_BCHW = torch.zeros(size, 4, side, side, device=self.device)
        return TokenizerBatch(
            images_BCHW=images_BCHW.to(memory_format=torch.channels_last),
            background_BC=torch.zeros(size, 3, device=self.device),
            sampled=slice(0, 0),
            sampled_codes_PT=None,
            rng=torch.Generator(self.device),
            is_lazy_step=True,
        )

    def _count(self, codes_BHW: Tensor) -> None:
        """Codes without content cannot be counted, and their counts take no memory."""


def _check_sizes(preset: str, side: int, *image_sets: ImageSet) -> None:
    expected = (4, side, side)
    for images in image_sets:
        given = tuple(images.images_NCHW.shape[1:])
        if given != expected:
            raise ValueError(f"preset {preset} takes pictures of shape {expected}, got {given}")


def _as_json(sizes: Any) -> dict[str, Any]:
    """Settings of a network, with lists for tuples."""
    settings: dict[str, Any] = dataclasses.asdict(sizes)
    return {
        name: list(value) if isinstance(value, tuple) else value for name, value in settings.items()
    }


def run_tokenizer_training(config: TokenizerTraining, *, dry_run: bool = False) -> None:
    """`dall-e train tokenizer`: trains on the pictures of `config.data`.

    With `dry_run`, prints what it would do. Raises ValueError for missing or unfit
    data, weights or run folder, as `fit` does.
    """

    def make(config: TokenizerTraining) -> TokenizerStage:
        size = PRESETS[config.start.preset].tokenizer.image_size
        announce(f"reading the pictures of {config.data}")
        images = load_images(config.data, size)
        held_out = load_images(config.data, size, split="val")
        data = report_data(config.run_folder, images, held_out)

        stage = TokenizerStage(config, images, held_out, dry_run=dry_run)
        stage.run_data = data
        return stage

    run_stage(config, make, dry_run=dry_run, rehearsal=TokenizerRehearsal)
