"""Trains a generator against its own drawings: the adversarial game over codes
(`losses/adversarial.py`).

Before the game the generator draws fakes: temperature 1, no guidance, nothing cut off, so that they
are samples of p_ref, the generator as it is then, which stays beside it as the reference. In the
game D = sum of d_i over steps tells real pictures from fakes, and, in a second game, right captions
from wrong ones (matching-aware; CCA, Chen et al. 2024, arXiv 2410.09347). For another round run the
stage again with `--init` of this run, under another --out and --seed.

Shapes: B real pictures of a batch and as many fakes, N tokens, L text tokens, S steps, F fakes, R
rows of a joint pass.
"""

from __future__ import annotations

import copy
import random
import sys
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from dall_e.config import AdversarialTraining, OrderKind, SamplingConfig
from dall_e.losses.adversarial import code_game_loss, step_discriminators
from dall_e.models.text_encoder import TextStates
from dall_e.runtime import autocast, pick_dtype
from dall_e.sampling.decode import DecodeStep, decode_tokens
from dall_e.sampling.orders import group_sizes
from dall_e.training.generator_base import (
    MAX_GROUP,
    GeneratorBase,
    GeneratorNetworks,
    order_kind,
    run_stage,
)
from dall_e.training.token_cache import kept, weights_digest

_FAKES_FILE = "fakes.pt"
# Fakes have pictures, captions and noise of their own, far behind those of the longest run.
_FAKES_FROM = 1 << 40


class Fakes(NamedTuple):
    """Drawings of the reference, in chunks of a batch; all of a chunk were drawn in the same number
    of steps."""

    codes_FN: Tensor
    positions_FN: Tensor
    """Raster index of each rank."""
    ids_FL: Tensor


class AdversarialStage(GeneratorBase):
    """The game for `training.loop.fit`. Raises ValueError without a generator to start from."""

    config: AdversarialTraining

    def __init__(self, config: AdversarialTraining, *, dry_run: bool = False) -> None:
        if not config.init:
            raise ValueError(
                "the adversarial stage goes on from a trained generator: name its run with --init"
            )
        super().__init__(config, dry_run=dry_run)
        # Dropout would make the ratio of likelihoods a matter of chance.
        self.module.eval()
        self.reference = copy.deepcopy(self.module).requires_grad_(False)
        self._likelihood = torch.compile(log_likelihood) if config.compile else log_likelihood
        self._num_chunks = config.fakes // config.batch_size
        if not dry_run:
            self.fakes = self._fakes(Path(config.out) / _FAKES_FILE)

    def partition(self, images_seen: int) -> tuple[OrderKind, list[int]]:
        """Reals are revealed in as many steps as the fakes that they meet, in orders of their
        own."""
        kind = order_kind(
            random.Random(f"{self.config.seed} {images_seen}"), self.config.random_order
        )
        return kind, self._sizes(self._chunk(images_seen))

    def prepare(self, images_seen: int) -> dict[str, Tensor]:
        """The batch of B real pictures, with B fakes, and the reals' captions in a wrong order."""
        batch = super().prepare(images_seen)
        size = self.config.batch_size
        start = self._chunk(images_seen) * size
        fakes = Fakes(*(tensor[start : start + size].long() for tensor in self.fakes))
        batch |= {f"fake_{name}": tensor for name, tensor in fakes._asdict().items()}
        # Captioned pictures meet the caption of the one before, if that is of something else.
        captioned_K = batch["captioned_K"]
        others_K = torch.arange(len(captioned_K)).roll(1)
        batch["caption_B"] = torch.arange(size)
        batch["caption_B"][captioned_K] = captioned_K[others_K]
        batch["is_wrong_B"] = torch.zeros(size, dtype=torch.bool)
        batch["is_wrong_B"][captioned_K] = ~batch["same_KK"][
            torch.arange(len(captioned_K)), others_K
        ]
        return batch

    def loss(
        self, player: str, batch: dict[str, Any], progress: float
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The game of reals against fakes, plus `wrong_weight` times that of right against wrong
        captions."""
        config, size, is_wrong_B = self.config, self.config.batch_size, batch["is_wrong_B"]
        # One joint pass of constant size, for the sake of compiled code: reals, fakes, reals with
        # another's caption.
        codes_RN = torch.cat((batch["codes_BN"], batch["fake_codes_FN"], batch["codes_BN"]))
        positions_RN = torch.cat(
            (batch["positions_BN"], batch["fake_positions_FN"], batch["positions_BN"])
        )
        ids_RL = torch.cat(
            (batch["ids_BL"], batch["fake_ids_FL"], batch["ids_BL"][batch["caption_B"]])
        )
        given = (ids_RL, codes_RN.gather(1, positions_RN), positions_RN, batch["groups_N"])
        with torch.no_grad():
            reference_RN = self._likelihood(self.reference, *given)
        ratio_RN = self._likelihood(self.module, *given) - reference_RN
        d_RS = step_discriminators(
            log_ratio_BN=ratio_RN, groups_N=batch["groups_N"], beta=config.beta
        )
        real_B, fake_B, wrong_B = d_RS.sum(1).split(size)
        loss, parts = code_game_loss(real_B=real_B, fake_B=fake_B, fake_weight=config.fake_weight)
        if config.wrong_weight and bool(is_wrong_B.any()):
            to_wrong_beta = config.wrong_beta / config.beta
            extra, extra_parts = code_game_loss(
                real_B=real_B[is_wrong_B] * to_wrong_beta,
                fake_B=wrong_B[is_wrong_B] * to_wrong_beta,
            )
            loss, parts["wrong"] = loss + config.wrong_weight * extra, extra_parts["fake"]
        first, last = d_RS[:size].detach().mean(0)[[0, -1]]
        return loss, {**parts, "first_step": first, "last_step": last}

    def summary(self) -> list[str]:
        """Data and sizes, for --dry-run and the log."""
        steps = " and ".join(map(str, self.config.fake_steps))
        return [
            *super().summary(),
            f"{self._num_chunks * self.config.batch_size:,} fakes, drawn in {steps} steps",
        ]

    def _chunk(self, images_seen: int) -> int:
        return images_seen // self.config.batch_size % self._num_chunks

    def _sizes(self, chunk: int) -> list[int]:
        num_tokens, steps = self.model.generator.num_tokens, self.config.fake_steps
        return group_sizes(
            num_tokens, min(steps[chunk % len(steps)], num_tokens), "arccos", MAX_GROUP
        )

    def _fakes(self, path: Path) -> Fakes:
        """From the run folder if they are there already, so that a resumed run meets the same."""
        config = self.config
        fingerprint = f"{weights_digest(self.reference)} {config.fakes} {config.fake_steps} {config.batch_size} {config.seed}"
        return Fakes(*kept(path, fingerprint, self._draw_fakes))

    def _draw_fakes(self) -> list[Tensor]:
        chunks = []
        for chunk in range(self._num_chunks):
            chunks.append(self._draw_chunk(chunk))
            if chunk % 16 == 15:
                seen = (chunk + 1) * self.config.batch_size
                print(
                    f"{seen:,} of {self._num_chunks * self.config.batch_size:,} fakes drawn",
                    file=sys.stderr,
                )
        return [torch.cat(part).to(torch.int16) for part in zip(*chunks, strict=True)]

    def _draw_chunk(self, chunk: int) -> tuple[Tensor, Tensor, Tensor]:
        size, sizes = self.config.batch_size, self._sizes(chunk)
        captions = self.captioned(_FAKES_FROM + chunk * size).captions
        ids_BL = self.text_tokenizer.encode(captions, self.model.text.max_tokens).ids_BL
        settings = SamplingConfig(
            num_inference_steps=len(sizes), guidance_scale=1, temperature=1, final_temperature=1, top_p=1,
            order=order_kind(random.Random(f"{self.config.seed} fakes {chunk}"), self.config.random_order),
        )  # fmt: skip
        revealed_BN = torch.zeros(size, self.model.generator.num_tokens, dtype=torch.int64)

        def note(step: DecodeStep) -> None:
            revealed_BN.add_(~step.known_BN.cpu())  # in how many steps a token was still unknown

        with torch.no_grad(), autocast(self.device, pick_dtype(self.config.precision, self.device)):
            text = self.reference.text(ids_BL.to(self.device))
            seeds = [chunk * size + row + self.config.seed * (1 << 32) for row in range(size)]
            null = TextStates(*text)  # without guidance nobody looks at it
            codes_BN = decode_tokens(
                self.reference.generator, text, null, seeds=seeds, settings=settings, on_step=note
            )
        return codes_BN.cpu(), revealed_BN.argsort(dim=1, stable=True), ids_BL


def log_likelihood(
    networks: GeneratorNetworks,
    ids_RL: Tensor,
    context_RN: Tensor,
    positions_RN: Tensor,
    groups_N: Tensor,
) -> Tensor:
    """log p [R, N] of each token, by rank, given the caption and the groups before its own."""
    level_R = torch.zeros(len(ids_RL), device=ids_RL.device)
    output = networks.generator(networks.text(ids_RL), context_RN, positions_RN, groups_N, level_R)
    logits_RNC = output.logits_BNC.float()
    found_RN: Tensor = logits_RNC.gather(-1, context_RN[..., None])[..., 0] - logits_RNC.logsumexp(
        -1
    )
    return found_RN


def run_adversarial_training(config: AdversarialTraining, *, dry_run: bool = False) -> None:
    """`dall-e train adversarial`: one round of the game, or what it would do.

    Raises ValueError for missing or unfit data, weights or run folder, as `fit` does.
    """
    run_stage(AdversarialStage, config, dry_run=dry_run)
