"""What the stages that train the generator share: data, networks, sheets and measures."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Generic

import torch
from torch import Tensor

from dall_e.checkpoints.run_files import load_image_tokenizer, load_stage
from dall_e.config import (
    PRESETS,
    AdversarialTraining,
    GeneratorTraining,
    LoraConfig,
    ModelConfig,
)
from dall_e.images.files import PILImage, save_image, to_pil
from dall_e.images.sheets import contact_sheet
from dall_e.models.image_tokenizer import ImageTokenizer
from dall_e.nn.lora import add_lora
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
from dall_e.training.player import Player
from dall_e.training.prepared_stage import PreparedStage
from dall_e.training.prior_drawings import draw_prior
from dall_e.training.sheet_prompts import sheet_prompts
from dall_e.training.tracking import announce


class GeneratorBase(PreparedStage[BatchType], Generic[BatchType]):
    """Everything of a stage for `training.loop.fit` but its batches and its loss."""

    can_be_sharded = True

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
        start = load_stage(config.start.init) if config.start.init else None
        weights = start.weights("generator") if start else None
        if start is not None and start.which:
            announce(f"starting from {config.start.init}: {start.which}")
        self.data = GeneratorData(config, self.model, self.tokenizer, dry_run=dry_run)
        self.run_data = self.data.run_data
        self.num_held_out = len(self.data.held_out_records) if self.data.holds_out else 0

        torch.manual_seed(config.loop.seed)
        self.module = GeneratorNetworks(self.model)
        if weights is not None:
            grow(self.module, weights)
        self.module.to(self.device)
        if isinstance(config, GeneratorTraining):
            self._adapt(config, dry_run=dry_run)
        self.players = (Player(name="generator", module=self.module, optimizer=config.optimizer),)
        self.forward: Callable[[GeneratorBatch], GeneratorOutput] = self.module
        if config.loop.compile and not dry_run:
            self.forward = torch.compile(self.module)

        self.prepare_ahead(config.loop)

    def _adapt(self, config: GeneratorTraining, *, dry_run: bool) -> None:
        """What a start from trained weights may have: drawings of their own, and low rank."""
        if config.prior.prior_fraction and not dry_run:
            words = self.data.text_tokenizer
            self.data.take_prior(draw_prior(config, self.model, self.module, words))
        if config.lora.lora_rank:
            layers = freeze_all_but_lora(self.module, config.lora)
            announce(f"learning by rank {config.lora.lora_rank} in {layers} layers")

    def rehearse(self, config: GeneratorTraining, model: ModelConfig) -> None:
        """The networks alone, in the place of `__init__`: to find out what memory a step needs."""
        self.device = pick_device(config.loop.device)
        self.model = model
        with self.device:
            self.tokenizer = ImageTokenizer(model.tokenizer)
            self.module = GeneratorNetworks(model)
        if config.lora.lora_rank:
            freeze_all_but_lora(self.module, config.lora)
        self.players = (Player(name="generator", module=self.module, optimizer=config.optimizer),)
        self.forward = self.module

    @torch.no_grad()
    def sample(self, path: Path) -> dict[str, float]:
        """Draws own captions, or the gallery's, to `path`; measures on held-out pictures.

        Beside a drawing of an own caption is the true picture.
        """
        was_training = self.module.training
        self.module.eval()

        prompts, labels, true_BN = sheet_prompts(self.data)
        text, null = encode_prompts(self.module.text, self.data.text_tokenizer, prompts)
        steps = min(self.model.sampling.num_inference_steps, self.model.generator.num_tokens)
        settings = dataclasses.replace(self.model.sampling, num_inference_steps=steps)
        seeds = list(range(len(prompts)))
        codes_BN = decode_tokens(self.module.generator, text, null, seeds=seeds, settings=settings)
        images = self._images(codes_BN)
        captions = prompts
        if true_BN is not None:
            pairs = zip(self._images(true_BN.to(self.device)), images, strict=True)
            images = [image for pair in pairs for image in pair]
            captions = [text for pair in zip(labels, prompts, strict=True) for text in pair]
        save_image(contact_sheet(images, captions, columns=6), path)

        measures = measure_held_out(self.data, self.module, self.device)
        self.module.train(was_training)
        return measures

    def _images(self, codes_BN: Tensor) -> list[PILImage]:
        return [to_pil(x_CHW, transparent=False) for x_CHW in self.tokenizer.detokenize(codes_BN)]

    def summary(self) -> list[str]:
        """Data and sizes, for --dry-run and the log."""
        return [*self.data.summary(), f"{self.players[0].num_parameters():,} parameters"]


def freeze_all_but_lora(module: GeneratorNetworks, config: LoraConfig) -> int:
    """Have the generator learn by low rank, and nothing else; in how many layers.

    Words keep their meaning: a text encoder that learns few captions forgets what else they say,
    and a cat in a new style is no cat (LOG.md).
    """
    module.requires_grad_(False)
    return len(add_lora(module.generator, rank=config.lora_rank, alpha=config.lora_alpha))
