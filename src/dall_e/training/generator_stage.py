"""Trains text encoder and generator on the codes of pictures: null prompt and captions, any order,
noisy context.

Shapes: B pictures of a batch, K of them with a caption, N tokens, C codes, D width.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from dall_e.config import GeneratorTraining
from dall_e.losses.contrastive import sigmoid_contrastive_loss
from dall_e.losses.tokens import correction_loss, token_loss
from dall_e.training.corruption import Corrupted, corrupt
from dall_e.training.generator_base import GeneratorBase, run_stage


class GeneratorStage(GeneratorBase):
    """Likelihood of the codes, correction of wrong ones, and caption against picture."""

    judged_by = "held_out_nats"
    config: GeneratorTraining

    def context(self, codes_BN: Tensor, rng: torch.Generator) -> Corrupted:
        """The codes with noise on a fraction of the pictures."""
        return corrupt(
            codes_BN,
            self.quantizer,
            rng,
            noisy_fraction=self.config.noisy_fraction,
            noise_level=self.config.noise_level,
            replaced_fraction=self.config.replaced_fraction,
        )

    def loss(
        self, player: str, batch: dict[str, Any], progress: float
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Weighted sum of the token, correction and contrastive losses."""
        config = self.config
        logits_BNC, correction_BNC, image_BD, text_BD = self.forward(batch)
        targets_BN = batch["codes_BN"].gather(1, batch["positions_BN"])
        loss, parts = token_loss(
            logits_BNC=logits_BNC, targets_BN=targets_BN, first_weight=config.first_weight
        )
        if config.correction_weight:
            extra, extra_parts = correction_loss(
                logits_BNC=correction_BNC,
                targets_BN=targets_BN,
                replaced_BN=batch["replaced_BN"],
                clean_BN=batch["clean_BN"],
            )
            loss, parts = loss + config.correction_weight * extra, parts | extra_parts
        if config.contrastive_weight and len(batch["captioned_K"]):
            tower, captioned_K = self.module.tower, batch["captioned_K"]
            extra, extra_parts = sigmoid_contrastive_loss(
                image_BD=image_BD[captioned_K],
                text_BD=text_BD[captioned_K],
                log_scale=tower.log_scale,
                bias=tower.bias,
                same_BB=batch["same_KK"],
            )
            loss, parts = loss + config.contrastive_weight * extra, parts | extra_parts
        return loss, parts


def run_generator_training(config: GeneratorTraining, *, dry_run: bool = False) -> None:
    """`dall-e train generator`: trains on the pictures of `config.data`, or prints what it would
    do.

    Raises ValueError for missing or unfit data, weights or run folder, as `fit` does.
    """
    run_stage(GeneratorStage, config, dry_run=dry_run)
