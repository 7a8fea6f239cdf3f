"""Trains text encoder and generator on the codes of pictures.

Some captions are empty, orders and numbers of steps are random, and the context is noisy.

Shapes: B pictures of a batch, K of them with a caption, N tokens, C codes, D width.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from dall_e.config import PRESETS, GeneratorTraining
from dall_e.losses.contrastive import sigmoid_contrastive_loss
from dall_e.losses.tokens import correction_loss, token_loss
from dall_e.training.corruption import Corrupted, corrupt
from dall_e.training.generator_base import GeneratorBase
from dall_e.training.generator_networks import GeneratorBatch, empty_batch
from dall_e.training.running import run_stage
from dall_e.training.stage import StepOutput


class GeneratorStage(GeneratorBase[GeneratorBatch]):
    """Likelihood of the codes, correction of wrong ones, and caption against picture."""

    judged_by = "held_out_nats"

    def __init__(self, config: GeneratorTraining, *, dry_run: bool = False) -> None:
        """As `GeneratorBase`."""
        self.config = config
        super().__init__(config, dry_run=dry_run)

    def prepare(self, images_seen: int) -> GeneratorBatch:
        """The batch that starts after `images_seen` pictures, with noise on some of them."""
        partition = self.data.partition(images_seen)
        return self.data.batch(images_seen, partition, corrupt=self._corrupt)

    def _corrupt(self, codes_BN: Tensor, rng: torch.Generator) -> Corrupted:
        return corrupt(codes_BN, self.quantizer, rng, self.config.noise)

    def loss(self, batch: GeneratorBatch) -> StepOutput:
        """Weighted sum of the token, correction and contrastive losses."""
        weights = self.config.losses
        output = self.forward(batch)
        targets_BN = batch.targets_BN
        loss, parts = token_loss(
            logits_BNC=output.logits_BNC, targets_BN=targets_BN, first_weight=weights.first_weight
        )

        if weights.correction_weight:
            correction, correction_parts = correction_loss(
                logits_BNC=output.correction_BNC,
                targets_BN=targets_BN,
                replaced_BN=batch.replaced_BN,
                clean_BN=batch.clean_BN,
            )
            loss = loss + weights.correction_weight * correction
            parts = parts | correction_parts

        if weights.contrastive_weight and len(batch.captioned_K):
            contrastive, contrastive_parts = sigmoid_contrastive_loss(
                image_BD=output.image_BD[batch.captioned_K],
                text_BD=output.text_BD[batch.captioned_K],
                log_scale=self.module.tower.log_scale,
                bias=self.module.tower.bias,
                same_BB=batch.same_KK,
            )
            loss = loss + weights.contrastive_weight * contrastive
            parts = parts | contrastive_parts
        return StepOutput(loss, parts)


class GeneratorRehearsal(GeneratorStage):
    """The same step on a batch of zeros, without data or weights to start from."""

    def __init__(self, config: GeneratorTraining) -> None:
        self.config = config
        self.rehearse(config, PRESETS[config.start.preset])

    def batch(self, images_seen: int) -> GeneratorBatch:
        """A batch with captions for all of its pictures."""
        with self.device:
            return empty_batch(self.model, self.config.loop.micro_batch_size)


def run_generator_training(config: GeneratorTraining, *, dry_run: bool = False) -> None:
    """`dall-e train generator`: trains on the pictures of `config.data`.

    With `dry_run`, prints what it would do. Raises ValueError for missing or unfit
    data, weights or run folder, as `fit` does.
    """
    run_stage(
        config,
        partial(GeneratorStage, dry_run=dry_run),
        dry_run=dry_run,
        rehearsal=GeneratorRehearsal,
    )
