"""Trains a generator against its own drawings: the adversarial game over codes.

Before the game the generator draws fakes: temperature 1, no guidance, nothing cut off, so that they
are samples of p_ref, the generator as it is then, which stays beside it as the reference. In the
game D = sum of d_i over steps (`losses/adversarial.py`) tells real pictures from fakes, and, in a
second game, right captions from wrong ones (matching-aware; CCA, Chen et al. 2024, arXiv
2410.09347). For another round run the stage again with `--init` of this run, under another --out
and --seed.

Shapes: B real pictures of a batch and as many fakes, N tokens, L text tokens, S steps, F fakes, R
rows of a joint pass, K real pictures with a caption.
"""

from __future__ import annotations

import copy
import random
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from dall_e.config import AdversarialTraining, SamplingConfig
from dall_e.losses.adversarial import code_game_loss, step_discriminators
from dall_e.models.text_encoder import TextStates
from dall_e.runtime import autocast, pick_dtype
from dall_e.sampling.decode import DecodeStep, decode_tokens
from dall_e.sampling.orders import group_sizes
from dall_e.training.batches import Batch
from dall_e.training.generator_base import GeneratorBase
from dall_e.training.generator_data import MAX_GROUP, Partition, draw_order
from dall_e.training.generator_networks import GeneratorBatch, GeneratorNetworks
from dall_e.training.running import run_stage
from dall_e.training.stage import StepOutput
from dall_e.training.token_cache import cached, weights_digest

_FAKES_FILE = "fakes.pt"
# Fakes have pictures, captions and noise of their own, far behind those of the longest run.
_FAKES_FROM = 1 << 40
_CHUNKS_PER_LINE = 16


@dataclass(frozen=True, kw_only=True, eq=False)
class Fakes(Batch):
    """Drawings of the reference.

    They come in chunks of a batch; all of a chunk were drawn in the same number of steps.
    """

    codes_FN: Tensor
    """In raster order."""
    positions_FN: Tensor
    """Raster index of each rank."""
    ids_FL: Tensor
    """Tokens of the captions."""


@dataclass(frozen=True, kw_only=True, eq=False)
class GameBatch(Batch):
    """Real pictures, as many fakes, and a wrong caption for some of the real ones."""

    real: GeneratorBatch
    fakes: Fakes
    caption_B: Tensor
    """Row of the caption that a real picture meets in the second game."""
    is_wrong_B: Tensor
    """Whether that caption is a wrong one."""


class AdversarialStage(GeneratorBase[GameBatch]):
    """The game for `training.loop.fit`."""

    def __init__(self, config: AdversarialTraining, *, dry_run: bool = False) -> None:
        """As `GeneratorBase`. Raises ValueError without a generator to start from, too."""
        if not config.start.init:
            raise ValueError(
                "the adversarial stage goes on from a trained generator: name its run with --init"
            )
        self.config = config
        super().__init__(config, dry_run=dry_run)
        # Dropout would make the ratio of likelihoods a matter of chance.
        self.module.eval()
        self.reference = copy.deepcopy(self.module).requires_grad_(False)
        compiled = config.loop.compile
        self._likelihood = torch.compile(log_likelihood) if compiled else log_likelihood
        self._num_chunks = config.game.fakes // config.loop.micro_batch_size
        self.can_be_timed = not dry_run
        if not dry_run:
            self.fakes = self._make_fakes(Path(config.run_folder) / _FAKES_FILE)

    def prepare(self, images_seen: int) -> GameBatch:
        """The batch of B real pictures, with B fakes, and the reals' captions in a wrong order."""
        size = self.config.loop.micro_batch_size

        # Reals are revealed in as many steps as the fakes that they meet, in orders of their own.
        chunk = images_seen // size % self._num_chunks
        rng = random.Random(f"{self.config.loop.seed} {images_seen}")
        order = draw_order(rng, self.config.batches.random_order)
        real = self.data.batch(images_seen, Partition(order, self._group_sizes(chunk)))
        rows = slice(chunk * size, (chunk + 1) * size)
        fakes = self.fakes.map(lambda tensor: tensor[rows].long())

        # Captioned pictures meet the caption of the one before, if that is of something else.
        captioned_K = real.captioned_K
        others_K = torch.arange(len(captioned_K)).roll(1)
        caption_B = torch.arange(size)
        caption_B[captioned_K] = captioned_K[others_K]
        is_wrong_B = torch.zeros(size, dtype=torch.bool)
        is_wrong_B[captioned_K] = ~real.same_KK[torch.arange(len(captioned_K)), others_K]
        return GameBatch(real=real, fakes=fakes, caption_B=caption_B, is_wrong_B=is_wrong_B)

    def loss(self, batch: GameBatch) -> StepOutput:
        """The game of reals against fakes, and `wrong_weight` times that of captions."""
        game, real, fakes = self.config.game, batch.real, batch.fakes

        # One joint pass of constant size, for the sake of compiled code: reals, fakes, reals with
        # another's caption.
        codes_RN = torch.cat((real.codes_BN, fakes.codes_FN, real.codes_BN))
        positions_RN = torch.cat((real.positions_BN, fakes.positions_FN, real.positions_BN))
        ids_RL = torch.cat((real.ids_BL, fakes.ids_FL, real.ids_BL[batch.caption_B]))
        context_RN = codes_RN.gather(1, positions_RN)
        inputs = (ids_RL, context_RN, positions_RN, real.groups_N)
        with torch.no_grad():
            reference_RN = self._likelihood(self.reference, *inputs)
        ratio_RN = self._likelihood(self.module, *inputs) - reference_RN

        d_RS = step_discriminators(log_ratio_BN=ratio_RN, groups_N=real.groups_N, beta=game.beta)
        real_B, fake_B, wrong_B = d_RS.sum(1).split(len(real.codes_BN))
        loss, parts = code_game_loss(real_B=real_B, fake_B=fake_B, fake_weight=game.fake_weight)

        is_wrong_B = batch.is_wrong_B
        if game.wrong_weight and bool(is_wrong_B.any()):
            to_wrong_beta = game.wrong_beta / game.beta
            wrong_loss, wrong_parts = code_game_loss(
                real_B=real_B[is_wrong_B] * to_wrong_beta,
                fake_B=wrong_B[is_wrong_B] * to_wrong_beta,
            )
            loss = loss + game.wrong_weight * wrong_loss
            parts["wrong"] = wrong_parts["fake"]

        first, last = d_RS[: len(real_B)].detach().mean(0)[[0, -1]]
        return StepOutput(loss, {**parts, "first_step": first, "last_step": last})

    def summary(self) -> list[str]:
        """Data and sizes, for --dry-run and the log."""
        steps = " and ".join(map(str, self.config.game.fake_steps))
        count = self._num_chunks * self.config.loop.micro_batch_size
        return [*super().summary(), f"{count:,} fakes, drawn in {steps} steps"]

    def _group_sizes(self, chunk: int) -> list[int]:
        num_tokens, steps = self.model.generator.num_tokens, self.config.game.fake_steps
        return group_sizes(
            num_tokens, min(steps[chunk % len(steps)], num_tokens), "arccos", MAX_GROUP
        )

    def _make_fakes(self, path: Path) -> Fakes:
        """From the run folder if they are there already, so that a resumed run meets the same."""
        game, loop = self.config.game, self.config.loop
        fingerprint = (
            f"{weights_digest(self.reference)} {game.fakes} {game.fake_steps} "
            f"{loop.micro_batch_size} {loop.seed}"
        )
        codes_FN, positions_FN, ids_FL = cached(path, fingerprint, self._draw_fakes)
        return Fakes(codes_FN=codes_FN, positions_FN=positions_FN, ids_FL=ids_FL)

    def _draw_fakes(self) -> list[Tensor]:
        """The fields of `Fakes`, int16."""
        size = self.config.loop.micro_batch_size
        chunks: list[tuple[Tensor, Tensor, Tensor]] = []
        for chunk in range(self._num_chunks):
            chunks.append(self._draw_chunk(chunk))
            if (chunk + 1) % _CHUNKS_PER_LINE == 0:
                done, total = (chunk + 1) * size, self._num_chunks * size
                print(f"{done:,} of {total:,} fakes drawn", file=sys.stderr)
        return [torch.cat(tensors).to(torch.int16) for tensors in zip(*chunks, strict=True)]

    def _draw_chunk(self, chunk: int) -> tuple[Tensor, Tensor, Tensor]:
        seed, size = self.config.loop.seed, self.config.loop.micro_batch_size
        captions = self.data.captioned(_FAKES_FROM + chunk * size).captions
        ids_BL = self.data.encode(captions)
        rng = random.Random(f"{seed} fakes {chunk}")
        settings = SamplingConfig(
            num_inference_steps=len(self._group_sizes(chunk)),
            guidance_scale=1,
            temperature=1,
            final_temperature=1,
            top_p=1,
            order=draw_order(rng, self.config.batches.random_order),
        )

        # In how many steps a token was still unknown: that is its rank.
        waited_BN = torch.zeros(size, self.model.generator.num_tokens, dtype=torch.int64)

        def note(step: DecodeStep) -> None:
            waited_BN.add_(~step.known_BN.cpu())

        dtype = pick_dtype(self.config.loop.precision, self.device)
        with torch.no_grad(), autocast(self.device, dtype):
            text = self.reference.text(ids_BL.to(self.device))
            codes_BN = decode_tokens(
                self.reference.generator,
                text,
                TextStates(*text),  # without guidance nobody looks at the null prompt
                seeds=[chunk * size + row + seed * (1 << 32) for row in range(size)],
                settings=settings,
                on_step=note,
            )
        return codes_BN.cpu(), waited_BN.argsort(dim=1, stable=True), ids_BL


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
    chosen_RN = logits_RNC.gather(-1, context_RN[..., None])[..., 0]
    likelihood_RN: Tensor = chosen_RN - logits_RNC.logsumexp(-1)
    return likelihood_RN


def run_adversarial_training(config: AdversarialTraining, *, dry_run: bool = False) -> None:
    """`dall-e train adversarial`: plays one round of the game.

    With `dry_run`, prints what it would do. Raises ValueError for missing or unfit
    data, weights or run folder, as `fit` does.
    """
    run_stage(config, partial(AdversarialStage, dry_run=dry_run), dry_run=dry_run)
