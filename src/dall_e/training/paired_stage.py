"""A stage that learns from pictures with captions, some of them composed scenes.

The dual encoder and the captioner are trained so. A batch is a pure function of (seed, pictures
seen), so a resumed run repeats the straight one.

Shapes: B pictures of a batch, L text tokens.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from dall_e.config import (
    CaptionerConfig,
    CaptionerTraining,
    DualEncoderConfig,
    DualEncoderTraining,
)
from dall_e.data.datasets import ImageSet, batch_indices
from dall_e.runtime import pick_device
from dall_e.training.batches import BatchType
from dall_e.training.data_report import report_cut_captions
from dall_e.training.prepared_stage import PreparedStage
from dall_e.training.run_folder import RunData
from dall_e.training.run_words import text_tokenizer_of_run

PairedType = TypeVar("PairedType", bound="PairedStage[Any]")

SCENES_FOR_WORDS = 1500
"""Scenes whose captions are among those that a new text tokenizer is made from."""


class PairedStage(PreparedStage[BatchType], Generic[BatchType]):
    """What such stages have in common: the sets, how many scenes, and the words.

    A subclass says which captions a new text tokenizer is made from (`_all_captions`).
    """

    def __init__(
        self,
        config: CaptionerTraining | DualEncoderTraining,
        sizes: CaptionerConfig | DualEncoderConfig,
        images: ImageSet,
        held_out: ImageSet,
        *,
        has_scenes: bool,
        dry_run: bool,
    ) -> None:
        """Scenes fill their fraction of each batch, if there are any; with `dry_run`, nothing is
        written.

        Raises ValueError if the text tokenizer does not fit the network.
        """
        self.device = pick_device(config.loop.device)
        self.networks = {config.stage: dataclasses.asdict(sizes)}
        self._seed, self._batch_size = config.loop.seed, config.loop.micro_batch_size
        self._max_tokens = sizes.max_tokens

        # A house style has more weight in data sets; who looks is to know all styles alike.
        self._images, self._held_out = images, held_out
        self._weights_M = np.minimum(images.weights, np.median(images.weights))
        self._num_scenes = round(config.scene_fraction * self._batch_size) if has_scenes else 0

        # The words
        folder = None if dry_run else Path(config.run_folder)
        self.text_tokenizer = text_tokenizer_of_run(
            folder, config.text_tokenizer, self._all_captions, sizes.vocab_size
        )
        if self.text_tokenizer.num_ids > sizes.vocab_size:
            raise ValueError(
                f"the text tokenizer has {self.text_tokenizer.num_ids} entries, preset "
                f"{config.preset} has room for {sizes.vocab_size}"
            )

    def with_data(self: PairedType, data: RunData) -> PairedType:
        """This stage, with a record of its data, and a warning of captions that are cut."""
        self.run_data = data
        report_cut_captions(self._images.records, self.text_tokenizer, self._max_tokens)
        return self

    def _all_captions(self) -> Iterator[str]:
        """What a new text tokenizer is made from."""
        raise NotImplementedError

    def _ids(self, captions: list[str]) -> Tensor:
        """int64 [B, L]."""
        return self.text_tokenizer.encode(captions, self._max_tokens).ids_BL

    def _drawn_before(self, images_seen: int) -> int:
        """How many pictures of the set were in the batches of the first `images_seen` pictures.

        They and scenes are counted apart, so that every picture has its turn.
        """
        return images_seen // self._batch_size * (self._batch_size - self._num_scenes)

    def _drawn_rows(self, images_seen: int) -> npt.NDArray[np.int64]:
        """Which pictures of the set are in the batch that starts after `images_seen` pictures."""
        return batch_indices(
            len(self._images),
            self._weights_M,
            self._seed,
            self._drawn_before(images_seen),
            self._batch_size - self._num_scenes,
        )

    def _chance(self, images_seen: int) -> torch.Generator:
        """What is random in that batch."""
        return torch.Generator().manual_seed((self._seed * 2**40 + images_seen) % 2**63)
