"""What the stages that train the generator share: data, networks, sheets and measures."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic

import torch

from dall_e.checkpoints.run_files import load_image_tokenizer, load_stage
from dall_e.config import PRESETS, AdversarialTraining, GeneratorTraining
from dall_e.data.prompt_sets import GALLERY_PROMPTS
from dall_e.images.files import save_image, to_pil
from dall_e.images.sheets import contact_sheet
from dall_e.runtime import pick_device
from dall_e.sampling.decode import decode_tokens
from dall_e.training.batches import BatchType
from dall_e.training.generator_data import GeneratorData
from dall_e.training.generator_networks import (
    GeneratorBatch,
    GeneratorNetworks,
    GeneratorOutput,
    encode_prompts,
    grow,
)
from dall_e.training.held_out_nats import measure_held_out
from dall_e.training.loop import describe, fit
from dall_e.training.player import Player
from dall_e.training.prepared_stage import PreparedStage
from dall_e.training.run_folder import open_run_folder


class GeneratorBase(PreparedStage[BatchType], Generic[BatchType]):
    """Everything of a stage for `training.loop.fit` but its batches and its loss."""

    def __init__(
        self, config: GeneratorTraining | AdversarialTraining, *, dry_run: bool = False
    ) -> None:
        """With `dry_run`, nothing is tokenised or written; good for `summary` only.

        Raises ValueError for missing or unfit data or weights.
        """
        self.device = pick_device(config.loop.device)
        self.model = PRESETS[config.start.preset]
        self.networks = self.model.to_dict()

        # Pictures become codes on the device, and codes pictures. Batches are made on the CPU,
        # where the codes lie.
        tokenizer_stage = load_stage(config.batches.tokenizer)
        self.tokenizer = load_image_tokenizer(tokenizer_stage, self.model.tokenizer)
        self.tokenizer.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs lack this keyword
        self.quantizer = copy.deepcopy(self.tokenizer.quantizer)
        self.tokenizer.to(self.device)
        # Before the work of hours: are there weights to start from?
        start = load_stage(config.start.init).weights("generator") if config.start.init else None
        self.data = GeneratorData(config, self.model, self.tokenizer, dry_run=dry_run)
        self.run_data = self.data.run_data

        torch.manual_seed(config.loop.seed)
        self.module = GeneratorNetworks(self.model)
        if start is not None:
            grow(self.module, start)
        self.module.to(self.device)
        self.players = (Player(name="generator", module=self.module, optimizer=config.optimizer),)
        self.forward: Callable[[GeneratorBatch], GeneratorOutput] = self.module
        if config.loop.compile:
            self.forward = torch.compile(self.module)

        self.prepare_ahead(config.loop.batch_size)

    @torch.no_grad()
    def sample(self, path: Path) -> dict[str, float]:
        """Draws the gallery's prompts to `path` and measures the weights on held-out pictures."""
        was_training = self.module.training
        self.module.eval()

        prompts = list(GALLERY_PROMPTS)
        text, null = encode_prompts(self.module.text, self.data.text_tokenizer, prompts)
        steps = min(self.model.sampling.num_inference_steps, self.model.generator.num_tokens)
        settings = dataclasses.replace(self.model.sampling, num_inference_steps=steps)
        seeds = list(range(len(prompts)))
        codes_BN = decode_tokens(self.module.generator, text, null, seeds=seeds, settings=settings)
        images = [to_pil(x_CHW, transparent=False) for x_CHW in self.tokenizer.detokenize(codes_BN)]
        save_image(contact_sheet(images, prompts, columns=6), path)

        measures = measure_held_out(self.data, self.module, self.device)
        self.module.train(was_training)
        return measures

    def summary(self) -> list[str]:
        """Data and sizes, for --dry-run and the log."""
        return [*self.data.summary(), f"{self.players[0].num_parameters():,} parameters"]


def run_stage(
    stage_class: type[GeneratorBase[Any]],
    config: GeneratorTraining | AdversarialTraining,
    *,
    dry_run: bool,
) -> None:
    """Train a stage, or print what it would do. Raises ValueError as the stage and `fit` do."""
    if dry_run:
        print(describe(config, stage_class(config, dry_run=True)))
        return
    # The stage writes to the run folder too, so another run must be out of it before.
    with open_run_folder(config.run_folder):
        stage = stage_class(config)
    fit(config, stage)
