"""The stage that trains the image tokenizer, with the discriminator of pixels as its opponent.

Two players: "tokenizer" lowers the reconstruction loss and, from `adversarial_start` on, wants its
pictures ranked above the real ones; "discriminator" learns to rank the real ones above.

Shapes: B batch, N pictures, C channels (4: premultiplied RGBA), H W rows and columns, D latent
channels, K codes.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from dall_e.checkpoints.store import load_strict
from dall_e.config import PRESETS, DiscriminatorConfig, TokenizerTraining
from dall_e.data.datasets import ImageSet, batch_indices, load_images
from dall_e.images.files import save_image
from dall_e.images.sheets import contact_sheet
from dall_e.losses.adversarial import (
    adaptive_weight,
    discriminator_loss,
    generator_loss,
    gradient_penalty,
)
from dall_e.losses.reconstruction import (
    feature_matching_loss,
    image_loss,
    over_background,
    peak_signal_to_noise,
)
from dall_e.models.discriminator import Discriminator, Judgement
from dall_e.models.image_tokenizer import ImageTokenizer
from dall_e.runtime import autocast, pick_device, pick_dtype, tune_convolutions
from dall_e.scenes.composer import SceneComposer
from dall_e.training.loop import Batch, Player, Stage, describe, fit, load_stage_weights
from dall_e.training.perceptual import PerceptualDistance
from dall_e.training.run_folder import player_weights
from dall_e.training.sampled_codes import PartlyDrawn
from dall_e.training.token_cache import kept, tokenize_as_they_are

# What is costly and changes slowly is done every 8th step: gradient penalties (times 8; StyleGAN2,
# appendix B) and the adaptive weight (smoothed).
_LAZY_STEPS = 8
_LARGEST_ADAPTIVE_WEIGHT = 100.0
# Fraction of the run over which the adversarial terms grow to their weight, so that the discriminator
# learns first.
_ADVERSARIAL_RAMP = 0.02
_MOST_HELD_OUT = 256
_DRAWN_FILE = "drawn_codes.pt"
_SHEET_IMAGES = 32


class TokenizerStage(Stage):
    """Trains an `ImageTokenizer` on pictures that lie in memory, and measures it on held-out ones.

    Raises ValueError if a picture's size is not the preset's, or if weights to start from do not
    fit.
    """

    def __init__(
        self,
        config: TokenizerTraining,
        pictures: ImageSet,
        held_out: ImageSet,
        *,
        dry_run: bool = False,
    ) -> None:
        """`dry_run`: a generator draws nothing; good for `summary` only."""
        self._config = config
        sizes = PRESETS[config.preset].tokenizer
        wanted = (4, sizes.image_size, sizes.image_size)
        for given_NCHW in (pictures.images_NCHW, held_out.images_NCHW):
            if tuple(given_NCHW.shape[1:]) != wanted:
                raise ValueError(
                    f"preset {config.preset} takes pictures of shape {wanted}, got {given_NCHW.shape[1:]}"
                )
        self.device = pick_device(config.device)
        self._dtype = pick_dtype(config.precision, self.device)
        tune_convolutions(self.device)
        torch.manual_seed(config.seed)
        self.tokenizer = ImageTokenizer(sizes)
        judge_sizes = DiscriminatorConfig()
        self.discriminator = Discriminator(judge_sizes) if config.adversarial_weight > 0 else None
        self.networks = {
            "tokenizer": _as_settings(sizes),
            "discriminator": _as_settings(judge_sizes),
        }
        if config.init:
            self._start_from(config.init)
        self.tokenizer.encoder.requires_grad_(not config.freeze_encoder)
        self.tokenizer.quantizer.requires_grad_(not config.freeze_encoder)
        self._images_NCHW = pictures.images_NCHW.to(self.device)
        self._weights_N = pictures.weights
        self._composer = (
            SceneComposer(pictures, sizes.image_size) if config.scene_fraction else None
        )
        self._held_out_NCHW = held_out.images_NCHW[:_MOST_HELD_OUT].to(self.device)
        # Channels last: the layout that convolutions compute in, on CPUs and GPUs alike.
        self.tokenizer.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        if self.discriminator is not None:
            self.discriminator.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._drawn_codes_MN = (
            self._draw_codes(pictures) if config.generator and not dry_run else None
        )
        self._perceptual = (
            PerceptualDistance(config.dual_encoder, self.device) if config.dual_encoder else None
        )
        self.players = self._make_players()
        self._adaptive = torch.ones((), device=self.device)
        self._code_counts_K = torch.zeros(sizes.num_codes, device=self.device)
        self._encode: Callable[[Tensor], Tensor] = self.tokenizer.encode
        self._decode: Callable[[Tensor], Tensor] = self.tokenizer.decode
        self._judge: Callable[[Tensor], Judgement] | None = self.discriminator
        if config.compile:
            # Not dynamic: one specialised kernel for each of the two picture sizes is faster than
            # one for both.
            self._encode = torch.compile(self._encode, dynamic=False)
            self._decode = torch.compile(self._decode, dynamic=False)
            self._judge = (
                torch.compile(self._judge, dynamic=False) if self._judge is not None else None
            )

    def _start_from(self, folder: str) -> None:
        _, weights = load_stage_weights(folder)
        own = player_weights(weights, "tokenizer", folder)
        try:
            load_strict(self.tokenizer, own, "")
            if self.discriminator is not None and "discriminator" in weights:
                load_strict(self.discriminator, weights["discriminator"], "")
        except ValueError as error:
            raise ValueError(
                f"the weights in {folder} do not fit preset {self._config.preset}: {error}"
            ) from error

    def _draw_codes(self, pictures: ImageSet) -> Tensor:
        """Codes [M, N] of all pictures, partly drawn by the generator; kept in the run folder."""
        config = self._config
        codes_MN = tokenize_as_they_are(self.tokenizer, pictures.images_NCHW)
        digest = hashlib.sha256(codes_MN.numpy().tobytes()).hexdigest()
        drawer = PartlyDrawn(config.generator, config.preset, self.device)
        Path(config.out).mkdir(parents=True, exist_ok=True)
        return kept(
            Path(config.out) / _DRAWN_FILE,
            f"{digest} {drawer.digest} {config.drawn_tokens} {config.seed}",
            lambda: drawer.draw(
                codes_MN, pictures.records, drawn_tokens=config.drawn_tokens, seed=config.seed
            ),
        )

    def _make_players(self) -> tuple[Player, ...]:
        config = self._config
        tokenizer = Player(
            name="tokenizer",
            module=self.tokenizer,
            learning_rate=config.learning_rate,
            weight_decay=config.weight_decay,
            optimizer=config.optimizer,
        )
        if self.discriminator is None:
            return (tokenizer,)
        discriminator = Player(
            name="discriminator",
            module=self.discriminator,
            learning_rate=config.discriminator_learning_rate,
            weight_decay=0.0,
            betas=(0.0, 0.99),
            ema=False,
        )
        return tokenizer, discriminator

    def summary(self) -> list[str]:
        """Pictures, tokens, and when the discriminator joins."""
        sizes = self.tokenizer.config
        lines = [
            f"{len(self._images_NCHW):,} pictures of {sizes.image_size} pixels to train on, "
            f"{len(self._held_out_NCHW)} held out",
            f"{sizes.grid_size}x{sizes.grid_size} tokens, {sizes.num_codes} codes",
        ]
        if self.discriminator is not None:
            start = int(self._config.adversarial_start * self._config.images)
            lines.append(f"the discriminator joins after {start:,} pictures")
        return lines

    def batch(self, images_seen: int) -> Batch:
        """Augmented float pictures "pictures" [B, 4, S, S] in [0, 1] and flat colours "background"
        [B, 3]."""
        config = self._config
        # All random numbers are drawn on the CPU, so that they are the same on every device.
        generator = torch.Generator().manual_seed((config.seed * 2**40 + images_seen) % 2**63)
        rows = batch_indices(
            len(self._images_NCHW), self._weights_N, config.seed, images_seen, config.batch_size
        )
        images_BCHW = _augment(self._images_NCHW, rows.tolist(), generator)
        still_P = _spread(len(rows), round((1 - config.moved_fraction) * len(rows)))
        images_BCHW[still_P] = self._images_NCHW[rows[still_P]].float() / 255
        _put_on_backgrounds(images_BCHW, round(config.background_fraction * len(rows)), generator)
        self._put_scenes(images_BCHW, images_seen)
        if float(torch.rand((), generator=generator)) < config.coarse_fraction:
            patch = self.tokenizer.config.patch_size
            side = max(patch, round(images_BCHW.shape[-1] * 2 / 3 / patch) * patch)
            images_BCHW = F.interpolate(
                images_BCHW, size=(side, side), mode="bilinear", antialias=True
            )
            images_BCHW = images_BCHW.contiguous(memory_format=torch.channels_last)
        drawn = slice(0, 0)
        if (
            self._drawn_codes_MN is not None
            and images_BCHW.shape[-1] == self.tokenizer.config.image_size
        ):
            # Behind the perturbed ones. What was drawn belongs to the picture as it is, not to a
            # view of it.
            first = round(config.perturbed_fraction * len(rows))
            drawn = slice(first, min(first + round(config.drawn_fraction * len(rows)), len(rows)))
            images_BCHW[drawn] = self._images_NCHW[rows[drawn]].float() / 255
        background_BC = torch.rand(len(rows), 3, generator=generator)
        return {
            "drawn": drawn,
            "drawn_codes": None
            if self._drawn_codes_MN is None
            else self._drawn_codes_MN[rows[drawn]].long(),
            "pictures": images_BCHW,
            "background": background_BC.to(self.device),
            "random": torch.Generator(self.device).manual_seed(generator.initial_seed()),
            "lazy": images_seen // config.batch_size % _LAZY_STEPS == 0,
        }

    def _put_scenes(self, images_BCHW: Tensor, images_seen: int) -> None:
        """Scenes take the place of the last pictures of a batch."""
        if self._composer is None:
            return
        count = round(self._config.scene_fraction * len(images_BCHW))
        for row in range(len(images_BCHW) - count, len(images_BCHW)):
            scene = self._composer.scene(f"{self._config.seed}/tokenizer/{images_seen + row}")
            images_BCHW[row] = (
                torch.from_numpy(self._composer.draw(scene)).to(self.device).float() / 255
            )

    def active(self, player: str, progress: float) -> bool:
        """The discriminator plays from `adversarial_start` on."""
        return player == "tokenizer" or progress >= self._config.adversarial_start

    def loss(self, player: str, batch: Batch, progress: float) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss of "tokenizer", which leaves its pictures in the batch, or of "discriminator", which
        judges those."""
        if player == "discriminator":
            return self._discriminator_loss(batch, progress)
        config = self._config
        images_BCHW, background_BC = batch["pictures"], batch["background"]
        num_perturbed = round(config.perturbed_fraction * len(images_BCHW))
        playing = self.discriminator is not None and self.active("discriminator", progress)
        # A compiled backward pass frees what it used, and the adaptive weight needs a second one.
        decode = self.tokenizer.decode if playing and batch["lazy"] else self._decode
        with torch.set_grad_enabled(not config.freeze_encoder):
            quantized = self.tokenizer.quantizer.quantize(self._encode(images_BCHW))
        # Codes of latents that are not finite are no codes; the loop skips such steps, so counting
        # must survive them.
        num_codes = len(self._code_counts_K)
        self._code_counts_K += torch.bincount(
            quantized.codes_BHW.flatten().clamp(0, num_codes - 1), minlength=num_codes
        )
        latents_BDHW = self._perturb(
            quantized.latents_BDHW, quantized.codes_BHW, num_perturbed, batch["random"]
        )
        drawn: slice = batch["drawn"]
        if drawn.stop > drawn.start:
            codes_DHW = (
                batch["drawn_codes"].to(self.device).unflatten(1, quantized.codes_BHW.shape[1:])
            )
            latents_BDHW = latents_BDHW.clone()
            latents_BDHW[drawn] = self.tokenizer.quantizer.embed(codes_DHW).to(latents_BDHW.dtype)
        reconstruction_BCHW = decode(latents_BDHW)
        loss, parts = image_loss(
            original_BCHW=images_BCHW,
            reconstruction_BCHW=reconstruction_BCHW,
            background_BC=background_BC,
            edge_weight=config.edge_weight,
            pyramid_weight=config.pyramid_weight,
        )
        if self._perceptual is not None:
            distance, distance_parts = self._perceptual(
                original_BCHW=images_BCHW,
                reconstruction_BCHW=reconstruction_BCHW,
                background_BC=background_BC,
            )
            loss, parts = loss + config.perceptual_weight * distance, {**parts, **distance_parts}
        if playing:
            # A perturbed picture is no longer the pair of its original, so the discriminator does
            # not see it.
            kept = slice(num_perturbed, None)
            batch["real"] = over_background(images_BCHW[kept], background_BC[kept])
            fake_BCHW = over_background(reconstruction_BCHW[kept].float(), background_BC[kept])
            batch["fake"] = fake_BCHW.detach()
            more, more_parts = self._adversarial_terms(loss, batch, fake_BCHW)
            ramp = min((progress - config.adversarial_start) / _ADVERSARIAL_RAMP, 1.0)
            loss, parts = loss + ramp * more, {**parts, **more_parts}
        return loss, parts

    def _perturb(
        self, latents_BDHW: Tensor, codes_BHW: Tensor, num_perturbed: int, random: torch.Generator
    ) -> Tensor:
        """Moves some tokens of the first pictures to neighbours; gradients flow as if they had not
        moved."""
        if num_perturbed == 0:
            return latents_BDHW
        codes_PHW = codes_BHW[:num_perturbed]
        # The fraction of moved tokens differs from picture to picture, up to the configured one.
        fraction_P = torch.rand(num_perturbed, 1, 1, device=codes_PHW.device, generator=random)
        chosen_PHW = torch.rand(codes_PHW.shape, device=codes_PHW.device, generator=random)
        moved_PHW = chosen_PHW < fraction_P * self._config.perturbed_tokens
        quantizer = self.tokenizer.quantizer
        other_PDHW = quantizer.embed(quantizer.neighbours(codes_PHW, random))
        change_PDHW = (other_PDHW - latents_BDHW[:num_perturbed]).detach() * moved_PHW[:, None]
        return torch.cat((latents_BDHW[:num_perturbed] + change_PDHW, latents_BDHW[num_perturbed:]))

    def _adversarial_terms(
        self, reconstruction_loss: Tensor, batch: Batch, fake_BCHW: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        assert self.discriminator is not None and self._judge is not None
        self.discriminator.requires_grad_(False)
        judge = self.discriminator if batch["lazy"] else self._judge
        with torch.no_grad():
            real = judge(batch["real"])
        fake = judge(fake_BCHW)
        matching, matching_parts = feature_matching_loss(
            original=real.features, reconstruction=fake.features
        )
        adversarial, parts = generator_loss(real_B=real.logits_B, fake_B=fake.logits_B)
        if batch["lazy"]:
            weight = adaptive_weight(
                reconstruction=reconstruction_loss,
                adversarial=adversarial,
                weight=self.tokenizer.last_weight,
                largest=_LARGEST_ADAPTIVE_WEIGHT,
            )
            self._adaptive = torch.lerp(self._adaptive, torch.nan_to_num(weight, 1.0), 0.2)
        terms = (
            self._config.adversarial_weight * self._adaptive * adversarial
            + self._config.feature_weight * matching
        )
        return terms, {**parts, **matching_parts, "adaptive": self._adaptive}

    def _discriminator_loss(
        self, batch: Batch, progress: float
    ) -> tuple[Tensor, dict[str, Tensor]]:
        assert self.discriminator is not None and self._judge is not None
        self.discriminator.requires_grad_(True)
        real_BCHW, fake_BCHW = batch["real"], batch["fake"]
        logits_B = self._judge(torch.cat((real_BCHW, fake_BCHW))).logits_B
        real_B, fake_B = logits_B.chunk(2)
        loss, parts = discriminator_loss(real_B=real_B, fake_B=fake_B)
        if batch["lazy"] and self._config.gradient_penalty > 0:
            # A quarter of the batch is enough for a regulariser, and float32 on it costs less than
            # bfloat16 on all.
            quarter = max(len(real_BCHW) // 4, 1)
            with torch.autocast(self.device.type, enabled=False):
                both_BCHW = torch.cat((real_BCHW[:quarter], fake_BCHW[:quarter])).float()
                penalty, penalty_parts = gradient_penalty(self._logits, both_BCHW)
            # R3GAN lets the weight fall tenfold over the run. The mean over both halves is (R1 +
            # R2) / 2, and that is what gamma / 2 (R1 + R2) asks for.
            gamma = self._config.gradient_penalty * 10**-progress
            loss, parts = loss + _LAZY_STEPS * gamma * penalty, {**parts, **penalty_parts}
        return loss, parts

    def _logits(self, x_BCHW: Tensor) -> Tensor:
        assert self.discriminator is not None
        logits_B: Tensor = self.discriminator(x_BCHW).logits_B
        return logits_B

    def window(self) -> dict[str, float]:
        """Fraction of the codes that were used since the last line of the log, and their
        perplexity."""
        fraction_K = self._code_counts_K / self._code_counts_K.sum().clamp_min(1)
        self._code_counts_K = torch.zeros_like(self._code_counts_K)
        entropy = -torch.xlogy(fraction_K, fraction_K).sum()
        return {
            "codes_used": float((fraction_K > 0).float().mean()),
            "code_perplexity": float(entropy.exp()),
        }

    def sample(self, path: Path) -> dict[str, float]:
        """Pairs of held-out original and reconstruction; PSNR of all held-out pictures, plain and
        perturbed."""
        random = torch.Generator(self.device).manual_seed(self._config.seed)
        plain: list[Tensor] = []
        perturbed: list[Tensor] = []
        shown: list[Tensor] = []
        for original_BCHW in (self._held_out_NCHW.float() / 255).split(self._config.batch_size):
            with torch.no_grad(), autocast(self.device, self._dtype):
                quantized = self.tokenizer.quantizer.quantize(self.tokenizer.encode(original_BCHW))
                ours_BCHW = self.tokenizer.decode(quantized.latents_BDHW).float()
                moved_BDHW = self._perturb(
                    quantized.latents_BDHW, quantized.codes_BHW, len(original_BCHW), random
                )
                moved_BCHW = self.tokenizer.decode(moved_BDHW).float()
            plain.append(
                peak_signal_to_noise(original_BCHW=original_BCHW, reconstruction_BCHW=ours_BCHW)
            )
            perturbed.append(
                peak_signal_to_noise(original_BCHW=original_BCHW, reconstruction_BCHW=moved_BCHW)
            )
            for pair in zip(original_BCHW, ours_BCHW.clamp(0, 1), strict=True):
                shown += pair
        save_image(contact_sheet(shown[: 2 * _SHEET_IMAGES], None, 8), path)
        return {
            "psnr": float(torch.cat(plain).mean()),
            "psnr_perturbed": float(torch.cat(perturbed).mean()),
        }

    def state_dict(self) -> dict[str, Any]:
        """The smoothed adaptive weight."""
        return {"adaptive": self._adaptive}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Takes back what `state_dict` gave."""
        self._adaptive = state["adaptive"].to(self.device)


def _augment(images_NCHW: Tensor, ids: list[int], generator: torch.Generator) -> Tensor:
    """Float pictures [B, 4, S, S] in [0, 1], channels last: every one shifted, half flipped, a
    quarter scaled.

    The rows of a batch are in random order, so which of them are flipped or scaled can be fixed:
    that is one operation for many pictures. What moves in from outside is transparent.
    """
    size = images_NCHW.shape[-1]
    reach = size // 16
    shifts = torch.randint(-reach, reach + 1, (len(ids), 2), generator=generator).tolist()
    shifted_BCHW = torch.zeros(
        (len(ids), *images_NCHW.shape[1:]), dtype=torch.uint8, device=images_NCHW.device
    )
    for row, (index, (down, right)) in enumerate(zip(ids, shifts, strict=True)):
        to_rows, from_rows = _overlap(down, size)
        to_columns, from_columns = _overlap(right, size)
        shifted_BCHW[row, :, to_rows, to_columns] = images_NCHW[index, :, from_rows, from_columns]
    half = len(ids) // 2
    shifted_BCHW[:half] = shifted_BCHW[:half].flip(-1)
    x_BCHW = shifted_BCHW.to(torch.float32, memory_format=torch.channels_last).div_(255)
    # These rows straddle the flipped and the unflipped half.
    scaled = slice(half - len(ids) // 8, half + len(ids) // 8)
    num_scaled = scaled.stop - scaled.start
    if num_scaled:
        # Above 1 the grid reaches beyond the picture, which makes it smaller.
        scale_P = 0.85 + 0.65 * torch.rand(num_scaled, generator=generator)
        matrix_P23 = torch.eye(2, 3) * scale_P[:, None, None]
        grid_PHW2 = F.affine_grid(matrix_P23, [num_scaled, 4, size, size], align_corners=False)
        x_BCHW[scaled] = F.grid_sample(
            x_BCHW[scaled], grid_PHW2.to(x_BCHW.device), align_corners=False
        )
    return x_BCHW


def _spread(length: int, count: int) -> Tensor:
    """`count` of the numbers 0 to `length` - 1, evenly spread."""
    return torch.arange(count) * length // max(count, 1)


def _put_on_backgrounds(x_BCHW: Tensor, count: int, generator: torch.Generator) -> None:
    """Puts the last `count` pictures on opaque gradients from one random colour to another, in
    place."""
    if count == 0:
        return
    device = x_BCHW.device
    corners_P322 = torch.rand(count, 3, 2, 1, generator=generator).expand(-1, -1, -1, 2)
    # Half of them run from left to right, the rest from top to bottom.
    corners_P322 = torch.cat((corners_P322[::2], corners_P322[1::2].mT)).to(device)
    background_P3HW = F.interpolate(
        corners_P322, size=x_BCHW.shape[-2:], mode="bilinear", align_corners=True
    )
    last_P4HW = x_BCHW[-count:]
    last_P4HW[:, :3] += background_P3HW * (1 - last_P4HW[:, 3:])
    last_P4HW[:, 3:] = 1


def _overlap(shift: int, size: int) -> tuple[slice, slice]:
    """Where to write and where to read along an axis of `size` that is shifted."""
    return slice(max(shift, 0), size + min(shift, 0)), slice(max(-shift, 0), size - max(shift, 0))


def _as_settings(config: Any) -> dict[str, Any]:
    settings: dict[str, Any] = dict(vars(config))
    return {
        name: list(value) if isinstance(value, tuple) else value for name, value in settings.items()
    }


def run_tokenizer_training(config: TokenizerTraining, *, dry_run: bool = False) -> None:
    """`dall-e train tokenizer`: trains on the pictures of `config.data`, or prints what it would
    do.

    Raises ValueError for missing or unfit data, weights or run folder, as `fit` does.
    """
    size = PRESETS[config.preset].tokenizer.image_size
    pictures = load_images(config.data, size)
    if pictures.skipped:
        print(
            f"{len(pictures.skipped)} pictures could not be read: {', '.join(pictures.skipped[:5])}",
            file=sys.stderr,
        )
    stage = TokenizerStage(
        config, pictures, load_images(config.data, size, split="val"), dry_run=dry_run
    )
    if dry_run:
        print(describe(config, stage))
        return
    fit(config, stage)
