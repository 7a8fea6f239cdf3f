"""Batches for the generator's stages: captioned pictures and scenes, as codes.

A batch is a pure function of (seed, pictures seen), so a resumed run repeats the straight one.

Shapes: B pictures of a batch, K of them with a caption, M pictures and scenes in all, S scenes, N
tokens, L text tokens, V views.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from dall_e.config import (
    AdversarialTraining,
    GeneratorTraining,
    ModelConfig,
    OrderKind,
    SamplingConfig,
    ScheduleKind,
)
from dall_e.data.captions import plain_caption, training_caption
from dall_e.data.datasets import ImageSet, batch_captions, batch_indices, load_images
from dall_e.data.shared_names import with_shared_names
from dall_e.data.token_shards import StoredCodes, TokenSet, is_token_folder, load_tokens
from dall_e.models.image_tokenizer import ImageTokenizer
from dall_e.sampling.orders import group_numbers, group_sizes, make_orders
from dall_e.scenes.composer import SceneComposer
from dall_e.scenes.graph import Scene
from dall_e.training.corruption import Corrupted, uncorrupted
from dall_e.training.data_report import report_cut_captions, report_data
from dall_e.training.generator_networks import GeneratorBatch
from dall_e.training.prior_drawings import PriorDrawings
from dall_e.training.run_words import text_tokenizer_of_run
from dall_e.training.token_cache import (
    encoder_digest,
    image_codes,
    scene_codes,
    tokenize_as_they_are,
)
from dall_e.training.tracking import announce

STEP_CHOICES = (8, 12, 16, 24, 32, 50)
SCHEDULES: tuple[ScheduleKind, ...] = ("arccos", "cosine", "uniform")
MAX_GROUP = SamplingConfig().max_group
_CAPTIONS_PER_RECORD = 8
_CODES_FILE = "codes.pt"
_SCENE_CODES_FILE = "scene_codes.pt"
_MOST_HELD_OUT_CODES = 4096
"""So many pictures to measure with are in memory, of however many are held out."""

Corrupt = Callable[[Tensor, torch.Generator], Corrupted]


class Partition(NamedTuple):
    """How the tokens of a batch's pictures are revealed: one mask serves them all."""

    order: OrderKind
    sizes: list[int]
    """Tokens of each group; they add up to all tokens."""


def draw_partition(num_tokens: int, rng: random.Random, random_order: float) -> Partition:
    """A random number of steps, schedule and order; `random_order` as in `draw_order`."""
    steps = rng.choice([s for s in STEP_CHOICES if s < num_tokens] + [num_tokens])
    sizes = group_sizes(num_tokens, steps, rng.choice(SCHEDULES), MAX_GROUP)
    return Partition(draw_order(rng, random_order), sizes)


def draw_order(rng: random.Random, random_order: float) -> OrderKind:
    """A random order with the given probability, else locality or raster, two to one."""
    draw = rng.random()
    if draw < random_order:
        return "random"
    return "locality" if draw < random_order + (1 - random_order) * 2 / 3 else "raster"


class Captioned(NamedTuple):
    """The pictures of a batch as codes."""

    captions: list[str]
    """Empty for the null prompt."""
    codes_BN: Tensor
    concepts_B: Tensor
    """Pictures with the same number are of the same thing."""


class GeneratorData:
    """The pictures, scenes and words of a run, and the batches made of them."""

    def __init__(
        self,
        config: GeneratorTraining | AdversarialTraining,
        model: ModelConfig,
        tokenizer: ImageTokenizer,
        *,
        dry_run: bool,
    ) -> None:
        """With `dry_run`, nothing is tokenised or written; good for numbers of pictures only."""
        self._config = config.batches
        self._seed, self._batch_size = config.loop.seed, config.loop.micro_batch_size
        self._model = model

        # What is seen: pictures, and scenes behind them.
        images, held_out = (self._load(config.data, split) for split in ("train", "val"))
        self.run_data = report_data(config.run_folder, images, held_out)
        self.holds_out = images.records != held_out.records
        """Whether the pictures to measure with are others than those to train on."""
        names = {"style": self._config.style, "subject": self._config.subject}
        self.records = with_shared_names(images.records, **names)
        self.held_out_records = with_shared_names(held_out.records, **names)
        self._weights = images.weights**self._config.weight_exponent
        self._compose(images)
        self._name_concepts()

        # The same in codes; and the words of the captions.
        folder = None if dry_run else Path(config.run_folder)
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
        self.text_tokenizer = text_tokenizer_of_run(
            folder, config.start.init, self._all_captions, model.text.vocab_size
        )
        report_cut_captions(self.records, self.text_tokenizer, model.text.max_tokens)
        shape = (self._config.views, len(images), model.generator.num_tokens)
        self.codes_VMN: Tensor | StoredCodes = torch.zeros(shape, dtype=torch.int16)
        self.scene_codes_SN = torch.zeros(0, shape[2], dtype=torch.int16)
        self.held_out_codes_MN = torch.zeros(0, shape[2], dtype=torch.int64)
        self._prior: PriorDrawings | None = None
        if isinstance(images, TokenSet) and isinstance(held_out, TokenSet):
            self._take_codes(images, held_out, tokenizer)
        elif folder and isinstance(images, ImageSet) and isinstance(held_out, ImageSet):
            self._tokenize(folder, tokenizer, images, held_out)

    def _load(self, folder: str, split: str) -> ImageSet | TokenSet:
        """Pictures, or their codes where the folder has these."""
        if is_token_folder(folder):
            return load_tokens(folder, split)
        if split == "train":
            announce(f"reading the pictures of {folder}")
        return load_images(folder, self._model.tokenizer.image_size, split=split)

    def _take_codes(self, codes: TokenSet, held_out: TokenSet, tokenizer: ImageTokenizer) -> None:
        """Codes that `dall-e data encode` made. Raises ValueError if they are not this model's."""
        views, _, num_tokens = codes.codes_VMN.shape
        is_own = codes.encoder == encoder_digest(tokenizer)
        if not is_own or num_tokens != self._model.generator.num_tokens:
            raise ValueError(
                f"{codes.inventory.root} was encoded by another image tokenizer than "
                f"{self._config.tokenizer}: encode it again, or name the one that did it"
            )
        if views != self._config.views:
            announce(f"{views} views of each picture, as {codes.inventory.root} has them")
        self.codes_VMN = codes.codes_VMN
        rows = range(min(len(held_out), _MOST_HELD_OUT_CODES))
        self.held_out_records = self.held_out_records[: len(rows)]
        self.held_out_codes_MN = held_out.codes_VMN[0, rows].long()

    def _compose(self, images: ImageSet | TokenSet) -> None:
        """The scenes, and who draws and captions them; none if they are no part of the batches."""
        self._composer: SceneComposer | None = None
        self.scenes: list[Scene] = []
        if not self._config.scene_fraction:
            return
        if isinstance(images, TokenSet):
            raise ValueError(
                f"{images.inventory.root} has codes, and scenes are composed of pictures: leave "
                "--scene-fraction at 0, or name the folder of the pictures"
            )
        announce(f"composing {self._config.scenes:,} scenes")
        composer = SceneComposer(
            images,
            self._model.tokenizer.image_size,
            canonical=self._config.canonical_scenes,
            pair_fraction=self._config.pair_fraction,
        )
        self.scenes = [
            composer.scene(f"{self._seed}/{number}") for number in range(self._config.scenes)
        ]
        self._composer = composer

    def _name_concepts(self) -> None:
        """Numbers what pictures and scenes are of, and draws which of them are labelled."""
        names = [plain_caption(record) for record in self.records]
        if self._composer:
            names += [self._composer.caption(scene, random.Random(0)) for scene in self.scenes]
        self._concepts_M = torch.from_numpy(np.unique(names, return_inverse=True)[1])

        # The same pictures are labelled in every run, and those of a smaller fraction in a larger
        # one too.
        rng = torch.Generator().manual_seed(0)
        rank_M = torch.rand(len(names), generator=rng, dtype=torch.float64)
        self._is_labelled_M = rank_M < self._config.caption_fraction

    def _all_captions(self) -> list[str]:
        captions = [
            training_caption(record, random.Random(f"{index}/{variant}"))
            for index, record in enumerate(self.records)
            for variant in range(_CAPTIONS_PER_RECORD)
        ]
        if self._composer:
            captions += [
                self._composer.caption(scene, random.Random(scene.seed)) for scene in self.scenes
            ]
        return captions

    def _tokenize(
        self, folder: Path, tokenizer: ImageTokenizer, images: ImageSet, held_out: ImageSet
    ) -> None:
        """Codes of all that is trained on or measured, from the run folder if they are there."""
        self.codes_VMN = image_codes(
            folder / _CODES_FILE, tokenizer, images, views=self._config.views, seed=self._seed
        )
        if self._composer:
            # The word of older versions, so that what they tokenised is still found.
            manner = "settled" if self._config.canonical_scenes else "free"
            digest = hashlib.sha256(repr(self.scenes).encode()).hexdigest()
            self.scene_codes_SN = scene_codes(
                folder / _SCENE_CODES_FILE,
                tokenizer,
                map(self._composer.draw, self.scenes),
                count=len(self.scenes),
                name=f"{self._seed} {manner} {digest}",
            )
        self.held_out_codes_MN = tokenize_as_they_are(tokenizer, held_out.images_NCHW).long()

    def take_prior(self, prior: PriorDrawings) -> None:
        """Have drawings of the initial model among the pictures of every batch from now on."""
        self._prior = prior
        first = int(self._concepts_M.max()) + 1
        self._prior_first = len(self._concepts_M)
        concepts_P = first + torch.arange(len(prior.names))
        self._concepts_M = torch.cat((self._concepts_M, concepts_P))
        are_labelled_P = torch.ones(len(prior.names), dtype=torch.bool)
        self._is_labelled_M = torch.cat((self._is_labelled_M, are_labelled_P))

    def partition(self, images_seen: int) -> Partition:
        """How the pictures of the batch after `images_seen` pictures are revealed."""
        rng = random.Random(f"{self._seed} {images_seen}")
        return draw_partition(self._model.generator.num_tokens, rng, self._config.random_order)

    def batch(
        self, images_seen: int, partition: Partition, corrupt: Corrupt | None = None
    ) -> GeneratorBatch:
        """The batch that starts after `images_seen` pictures, on the CPU.

        `corrupt` says what the generator sees of the codes; None shows the truth.
        """
        drawn = self.captioned(images_seen)
        rng = torch.Generator().manual_seed(self._seed * 1_000_003 + images_seen + 1)
        noise_BN = torch.rand(drawn.codes_BN.shape, generator=rng)
        positions_BN = make_orders(partition.order, noise_BN, partition.sizes)
        context = corrupt(drawn.codes_BN, rng) if corrupt else uncorrupted(drawn.codes_BN)
        return self.assemble(drawn, positions_BN, partition.sizes, context)

    def assemble(
        self, drawn: Captioned, positions_BN: Tensor, sizes: list[int], context: Corrupted
    ) -> GeneratorBatch:
        """A batch of captioned pictures, its context in order of revelation."""
        is_captioned_B = torch.tensor([bool(caption) for caption in drawn.captions])
        captioned_K = is_captioned_B.nonzero()[:, 0]
        concepts_K = drawn.concepts_B[captioned_K]
        return GeneratorBatch(
            ids_BL=self.encode(drawn.captions),
            codes_BN=drawn.codes_BN,
            positions_BN=positions_BN,
            groups_N=group_numbers(sizes),
            context_BN=context.codes_BN.gather(1, positions_BN),
            level_B=context.level_B,
            replaced_BN=context.replaced_BN.gather(1, positions_BN),
            clean_BN=context.clean_BN.gather(1, positions_BN),
            captioned_K=captioned_K,
            same_KK=concepts_K[:, None] == concepts_K,
        )

    def encode(self, captions: list[str]) -> Tensor:
        """Tokens [B, L] of captions."""
        return self.text_tokenizer.encode(captions, self._model.text.max_tokens).ids_BL

    def captioned(self, images_seen: int) -> Captioned:
        """The pictures and captions of the batch that starts after `images_seen` pictures."""
        size = self._batch_size
        indices = batch_indices(len(self.records), self._weights, self._seed, images_seen, size)
        captions = batch_captions(
            self.records,
            indices,
            seed=self._seed,
            images_seen=images_seen,
            other_words=self._config.other_words,
        )

        # Each picture in a random one of its views.
        rng = torch.Generator().manual_seed(self._seed * 1_000_003 + images_seen)
        views_B = torch.randint(len(self.codes_VMN), (size,), generator=rng)
        indices_B = torch.from_numpy(indices)
        codes_BN = self.codes_VMN[views_B, indices_B].long()

        self._put_prior(images_seen, indices_B, codes_BN, captions)
        self._put_scenes(images_seen, indices_B, codes_BN, captions)

        # Some captions are dropped, for guidance; those of pictures without a label always.
        dropped_B = torch.rand(size, generator=rng) < self._config.caption_drop
        dropped_B |= ~self._is_labelled_M[indices_B]
        kept = [
            "" if dropped else caption
            for dropped, caption in zip(dropped_B.tolist(), captions, strict=True)
        ]
        return Captioned(kept, codes_BN, self._concepts_M[indices_B])

    def _put_prior(
        self, images_seen: int, indices_B: Tensor, codes_BN: Tensor, captions: list[str]
    ) -> None:
        """Puts drawings of the initial model in the place of the first pictures of a batch."""
        if not self._prior:
            return
        rows_P = self._prior.rows(self._seed, images_seen, self._batch_size)
        count = len(rows_P)
        codes_BN[:count] = self._prior.codes_PN[rows_P].long()
        indices_B[:count] = self._prior_first + rows_P
        rng = random.Random(f"{self._seed}/{images_seen}/prior")
        captions[:count] = [rng.choice(self._prior.names[row]) for row in rows_P.tolist()]

    def _put_scenes(
        self, images_seen: int, indices_B: Tensor, codes_BN: Tensor, captions: list[str]
    ) -> None:
        """Puts scenes in the place of the last pictures of a batch, all scenes in turn."""
        if not self._composer:
            return
        size = self._batch_size
        count = round(self._config.scene_fraction * size)
        scenes_S = (images_seen // size * count + torch.arange(count)) % len(self.scenes)
        codes_BN[size - count :] = self.scene_codes_SN[scenes_S].long()
        indices_B[size - count :] = len(self.records) + scenes_S
        captions[size - count :] = [
            self._composer.caption(
                self.scenes[scene], random.Random(f"{self._seed}/{images_seen}/scene {row}")
            )
            for row, scene in enumerate(scenes_S.tolist())
        ]

    def summary(self) -> list[str]:
        """Numbers of pictures and labels, for --dry-run and the log."""
        views, num_images, num_tokens = tuple(self.codes_VMN.shape)
        lines = [
            f"{num_images:,} pictures in {views} views of {num_tokens} tokens; "
            f"{len(self.held_out_records):,} held out"
        ]
        num_labelled = int(self._is_labelled_M[:num_images].sum())
        if num_labelled < num_images:
            lines.append(f"the captions of {num_labelled:,} of them are used")
        return lines
