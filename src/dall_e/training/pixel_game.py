"""The game of image tokenizer and discriminator, with the losses of `losses/adversarial.py`.

The tokenizer wants its reconstructions ranked above the originals, the discriminator learns to rank
the originals above.

Shapes: B pictures, C channels (RGB on a background, then alpha), H W rows and columns.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from dall_e.config import PixelGameConfig
from dall_e.losses.adversarial import (
    adaptive_weight,
    discriminator_loss,
    generator_loss,
    gradient_penalty,
)
from dall_e.losses.reconstruction import feature_matching_loss
from dall_e.models.discriminator import Discriminator, Judgement
from dall_e.training.processes import num_processes, total
from dall_e.training.stage import StepOutput

LAZY_STEPS = 8
"""What is costly and changes slowly is done in every 8th step: gradient penalties (times 8;
StyleGAN2, appendix B) and the adaptive weight (smoothed)."""
_LARGEST_ADAPTIVE_WEIGHT = 100.0
_ADAPTIVE_SMOOTHING = 0.2


class Pairs(NamedTuple):
    """Pictures and what became of them, for the discriminator to rank."""

    real_BCHW: Tensor
    """Originals on flat colours."""
    fake_BCHW: Tensor
    """Their reconstructions; the tokenizer's gradient flows through them."""

    def detached(self) -> Pairs:
        """The same, for the discriminator, whose gradient must not reach the tokenizer."""
        return Pairs(self.real_BCHW, self.fake_BCHW.detach())


class PixelGame:
    """The discriminator, the losses of both sides, and the smoothed adaptive weight."""

    def __init__(
        self,
        config: PixelGameConfig,
        discriminator: Discriminator,
        device: torch.device,
        *,
        compiled: bool,
    ) -> None:
        self.adaptive = torch.ones((), device=device)
        """How large the tokenizer's adversarial loss must be for a gradient like that of the
        reconstruction."""
        self._weights: list[Tensor] = []
        """Unsmoothed, one for each micro-batch of a lazy step."""
        self._config = config
        self._discriminator = discriminator
        self._judge: Callable[[Tensor], Judgement] = discriminator
        if compiled:
            # Not dynamic: one specialised kernel for each of the two picture sizes is faster than
            # one for both.
            self._judge = torch.compile(discriminator, dynamic=False)

    def tokenizer_loss(
        self,
        pairs: Pairs,
        reconstruction_loss: Tensor,
        last_weight: nn.Parameter,
        *,
        is_lazy_step: bool,
    ) -> StepOutput:
        """What the tokenizer adds to its reconstruction loss: a better rank, and like features.

        `last_weight` is the decoder's, at which the adaptive weight compares gradients.
        """
        self._discriminator.requires_grad_(False)
        # The adaptive weight needs a second backward pass, which a compiled one does not survive.
        judge = self._discriminator if is_lazy_step else self._judge
        with torch.no_grad():
            real = judge(pairs.real_BCHW)
        fake = judge(pairs.fake_BCHW)

        matching, matching_parts = feature_matching_loss(
            original=real.features, reconstruction=fake.features
        )
        adaptive = self.adaptive
        adversarial, parts = generator_loss(real_B=real.logits_B, fake_B=fake.logits_B)
        if is_lazy_step:
            weight = adaptive_weight(
                reconstruction=reconstruction_loss,
                adversarial=adversarial,
                weight=last_weight,
                largest=_LARGEST_ADAPTIVE_WEIGHT,
            )
            self._weights.append(torch.nan_to_num(weight, 1.0))
            adaptive = torch.lerp(self.adaptive, self._weights[-1], _ADAPTIVE_SMOOTHING)

        loss = (
            self._config.adversarial_weight * adaptive * adversarial
            + self._config.feature_weight * matching
        )
        return StepOutput(loss, {**parts, **matching_parts, "adaptive": adaptive})

    def end_step(self) -> None:
        """Moves the smoothed weight by the mean of the step's micro-batches, of all processes."""
        if self._weights:
            mean = total(torch.stack(self._weights).mean()) / num_processes()
            self.adaptive = torch.lerp(self.adaptive, mean, _ADAPTIVE_SMOOTHING)
            self._weights = []

    def discriminator_loss(
        self, pairs: Pairs, progress: float, *, is_lazy_step: bool
    ) -> StepOutput:
        """The discriminator's loss, in lazy steps with its gradient penalties."""
        self._discriminator.requires_grad_(True)
        logits_B = self._judge(torch.cat((pairs.real_BCHW, pairs.fake_BCHW))).logits_B
        real_B, fake_B = logits_B.chunk(2)
        loss, parts = discriminator_loss(real_B=real_B, fake_B=fake_B)

        if is_lazy_step and self._config.gradient_penalty > 0:
            penalty, penalty_parts = self._gradient_penalty(pairs)
            # R3GAN lets the weight fall tenfold over the run. The mean over both halves is (R1 +
            # R2) / 2, and that is what gamma / 2 (R1 + R2) asks for.
            gamma = self._config.gradient_penalty * 10**-progress
            loss, parts = loss + LAZY_STEPS * gamma * penalty, {**parts, **penalty_parts}
        return StepOutput(loss, parts)

    def _gradient_penalty(self, pairs: Pairs) -> tuple[Tensor, dict[str, Tensor]]:
        # A quarter of the batch is enough for a regulariser, and float32 on it costs less than
        # bfloat16 on all.
        quarter = max(len(pairs.real_BCHW) // 4, 1)
        with torch.autocast(pairs.real_BCHW.device.type, enabled=False):
            both_BCHW = torch.cat((pairs.real_BCHW[:quarter], pairs.fake_BCHW[:quarter])).float()
            return gradient_penalty(self._logits, both_BCHW)

    def _logits(self, x_BCHW: Tensor) -> Tensor:
        logits_B: Tensor = self._discriminator(x_BCHW).logits_B
        return logits_B
