"""Trains the captioner: pictures to their names and scenes to sentences, in two languages.

Every picture is said in both languages, so that its features are computed once. Some pictures go
through an image tokenizer first, if one is given, and some of those have codes moved to neighbours:
so it meets pictures as soft and as wrong as those that a generator draws, and needs none to learn
from. A batch is a pure function of (seed, pictures seen).

Shapes: B pictures of a batch, M pictures in all, R captions, C channels (4, premultiplied RGBA), H
W also rows and columns, L text tokens, V entries of the vocabulary.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from dall_e.checkpoints.run_files import load_image_tokenizer_at, load_stage
from dall_e.checkpoints.store import load_strict
from dall_e.config import CAPTIONERS, CaptionerTraining
from dall_e.data.captions import describing_captions
from dall_e.data.datasets import ImageSet, load_images
from dall_e.images.files import save_image
from dall_e.images.sheets import contact_sheet
from dall_e.models.captioner import LANGUAGES, Captioner, ImageFeatures, ImageMemory
from dall_e.models.image_tokenizer import ImageTokenizer
from dall_e.models.text_encoder import PAD_ID
from dall_e.sampling.words import greedy_captions
from dall_e.training.batches import Batch
from dall_e.training.captioned_scenes import CaptionedScenes, SceneSource
from dall_e.training.captioner_features import Eyes, FeatureBank
from dall_e.training.data_report import report_data
from dall_e.training.paired_stage import SCENES_FOR_WORDS, PairedStage
from dall_e.training.player import Player
from dall_e.training.running import run_stage
from dall_e.training.stage import StepOutput
from dall_e.training.tracking import announce

_SHEET_IMAGES = 48
_MEASURE_BATCH = 128


@dataclass(frozen=True, kw_only=True, eq=False)
class CaptionRows(Batch):
    """Some captions of the pictures of a batch."""

    ids_RL: Tensor
    """int64, as long as the longest."""
    image_R: Tensor
    """Which picture each is of."""
    language_R: Tensor
    """Positions in LANGUAGES."""


@dataclass(frozen=True, kw_only=True, eq=False)
class CaptionerBatch(Batch):
    """Pictures and what is said of them; the last pictures are composed scenes."""

    map_BSF: Tensor
    vector_BE: Tensor
    names: CaptionRows
    """Of pictures of the set: short."""
    sentences: CaptionRows
    """Of scenes: long, so they are padded by themselves."""


class SeenScenes(NamedTuple):
    """Composed scenes as the captioner meets them."""

    features: FeatureBank
    captions: list[tuple[str, str]]
    """Of each scene, in English and in Chinese."""


class CaptionerStage(PairedStage[CaptionerBatch]):
    """Data, network and loss of this stage, for `training.loop.fit`."""

    judged_by = "held_out_nats"
    can_be_timed = False

    def __init__(
        self,
        config: CaptionerTraining,
        images: ImageSet,
        held_out: ImageSet,
        *,
        scenes: SceneSource | None = None,
        dry_run: bool = False,
    ) -> None:
        """`scenes` fill their fraction of each batch.

        With `dry_run`, nothing is written; good for `summary` only. Raises ValueError if what is
        taken over does not fit.
        """
        self.config, self.sizes = config, CAPTIONERS[config.preset]
        self._source = scenes if config.scene_fraction else None
        super().__init__(
            config, self.sizes, images, held_out, has_scenes=bool(scenes), dry_run=dry_run
        )
        self.num_held_out = len(held_out)

        torch.manual_seed(config.loop.seed)
        self.captioner = Captioner(self.sizes)
        self._take_features(config.dual_encoder)
        self.captioner.to(self.device)
        self.players = (
            Player(
                name="captioner",
                module=self.captioner,
                optimizer=config.optimizer,
                betas=(0.9, 0.98),
            ),
        )
        if not dry_run:
            self._look_ahead(Path(config.run_folder))

    def _look_ahead(self, folder: Path) -> None:
        """Compute the features of all pictures and scenes, or read them from the run folder."""
        tokenizer: ImageTokenizer | None = None
        if self.config.tokenizer:
            side = self._images.images_NCHW.shape[-1]
            tokenizer = load_image_tokenizer_at(self.config.tokenizer, side).to(self.device)
        eyes = Eyes(self.captioner, tokenizer, self.config)
        self._views = eyes.of_views(folder, self._images)
        self._scenes: SeenScenes | None = None
        if self._source is not None and self._num_scenes:
            source, seed = self._source, self.config.loop.seed
            captions = [source.captions(f"{seed}/{number}") for number in range(self.config.scenes)]
            features = eyes.of_scenes(folder, source, self._images.fingerprint)
            self._scenes = SeenScenes(features, captions)
        self.prepare_ahead(self.config.loop)

    def _take_features(self, folder: str) -> None:
        """Start from the picture tower of a dual encoder. Raises ValueError if it does not fit."""
        weights = load_stage(folder).weights("dual_encoder")
        own = self.captioner.image.state_dict()
        tower = {
            name.removeprefix("image."): weight
            for name, weight in weights.items()
            if name.removeprefix("image.") in own
        }
        try:
            load_strict(self.captioner.image, tower, "")
        except ValueError as error:
            raise ValueError(
                f"the dual encoder in {folder} does not fit preset {self.config.preset}: {error}"
            ) from error
        self.captioner.image.requires_grad_(False)

    def prepare(self, images_seen: int) -> CaptionerBatch:
        """The batch that starts after `images_seen` pictures, on the CPU."""
        rows_B = self._drawn_rows(images_seen)
        rng, num_images = self._chance(images_seen), len(rows_B)
        view_B = torch.randint(self.config.views, (num_images,), generator=rng)
        features = self._views.at(view_B * len(self._images) + torch.from_numpy(rows_B))

        # What is said of them, in both languages
        choose = random.Random(f"{self._seed}/{images_seen}")
        records = [self._images.records[int(row)] for row in rows_B]
        said = [
            (row, language, choose.choice(captions))
            for row, record in enumerate(records)
            for language in range(len(LANGUAGES))
            if (captions := describing_captions(record, LANGUAGES[language]))
        ]

        # Then the scenes
        sentences: list[tuple[int, int, str]] = []
        if self._scenes is not None:
            numbers = torch.randint(len(self._scenes.captions), (self._num_scenes,), generator=rng)
            seen = self._scenes.features.at(numbers)
            features = ImageFeatures(
                *(torch.cat(pair) for pair in zip(features, seen, strict=True))
            )
            sentences = [
                (num_images + row, language, self._scenes.captions[number][language])
                for row, number in enumerate(numbers.tolist())
                for language in range(len(LANGUAGES))
            ]
        return CaptionerBatch(
            map_BSF=features.map_ISF,
            vector_BE=features.vector_IE,
            names=self._rows(said),
            sentences=self._rows(sentences),
        )

    def _rows(self, said: Sequence[tuple[int, int, str]]) -> CaptionRows:
        """Captions as (picture, language, text), cut to the longest of them."""
        ids_RL = self._ids([text for _, _, text in said])
        longest = int((ids_RL != PAD_ID).sum(1).max()) if said else 0
        return CaptionRows(
            ids_RL=ids_RL[:, :longest],
            image_R=torch.tensor([image for image, _, _ in said], dtype=torch.int64),
            language_R=torch.tensor([language for _, language, _ in said], dtype=torch.int64),
        )

    def loss(self, batch: CaptionerBatch) -> StepOutput:
        """Mean nats of a token, over all captions."""
        sums, counts, parts = [], [], {}
        memory = self.captioner.look(ImageFeatures(batch.map_BSF, batch.vector_BE))
        for name, rows in (("names", batch.names), ("sentences", batch.sentences)):
            if len(rows.ids_RL):
                nats, count = self._nats(memory.select(rows.image_R), rows)
                sums.append(nats)
                counts.append(count)
                parts[name] = (nats / count).detach()
        return StepOutput(torch.stack(sums).sum() / torch.stack(counts).sum(), parts)

    def _nats(self, memory: ImageMemory, rows: CaptionRows) -> tuple[Tensor, Tensor]:
        """Nats of all tokens of some captions, and how many tokens these are."""
        states_RLD = self.captioner.states(memory, rows.ids_RL[:, :-1], rows.language_R)
        targets_RL = rows.ids_RL[:, 1:]

        # Of a large vocabulary logits are dear: none for padding.
        is_word_RL = targets_RL != PAD_ID
        logits_TV = self.captioner.logits(states_RLD[is_word_RL])
        nats = F.cross_entropy(logits_TV, targets_RL[is_word_RL], reduction="sum")
        return nats, is_word_RL.sum()

    @torch.no_grad()
    def sample(self, path: Path) -> dict[str, float]:
        """Held-out pictures with what is said of them, to `path`; and the measures.

        They are nats per caption token, and in each language the fraction of pictures that get
        their own caption, word by word.
        """
        self.captioner.eval()
        measures: dict[str, float] = {}
        nats, count = 0.0, 0.0
        for number, language in enumerate(LANGUAGES):
            captions = [describing_captions(r, language) for r in self._held_out.records]
            rows = [row for row, own in enumerate(captions) if own]
            texts: list[str] = []
            for start in range(0, len(rows), _MEASURE_BATCH):
                chosen = rows[start : start + _MEASURE_BATCH]
                x_BCHW = self._held_out.images_NCHW[chosen].to(self.device).float() / 255
                memory = self.captioner.look(self.captioner.features(x_BCHW))

                # How likely the true captions are, and what it says by itself
                told = self._rows([(row, number, captions[at][0]) for row, at in enumerate(chosen)])
                batch_nats, batch_count = self._nats(memory, told.to(self.device))
                nats, count = nats + float(batch_nats), count + float(batch_count)
                ids_BL = greedy_captions(self.captioner, memory, number)
                texts += [self.text_tokenizer.decode(ids) for ids in ids_BL.tolist()]

            right = [
                text in {self._as_said(caption) for caption in captions[row]}
                for text, row in zip(texts, rows, strict=True)
            ]
            if rows:
                measures[f"same_words_{language}"] = sum(right) / len(rows)
            if language == "en" and rows:
                shown = self._held_out.images_NCHW[rows[:_SHEET_IMAGES]]
                save_image(contact_sheet(list(shown), texts[:_SHEET_IMAGES], columns=8), path)
        measures["held_out_nats"] = nats / max(count, 1)
        self.captioner.train()
        return measures

    def _as_said(self, caption: str) -> str:
        """A caption as the text tokenizer gives it back."""
        return self.text_tokenizer.decode(self._ids([caption])[0].tolist())

    def summary(self) -> list[str]:
        """Data, for --dry-run and the log."""
        size = self.config.loop.micro_batch_size
        through = f"{self.config.tokenized_fraction:.0%} of them through the tokenizer"
        return [
            f"{len(self._images):,} pictures to train on, {len(self._held_out):,} held out",
            f"{self.config.views} views of each, "
            + (through if self.config.tokenizer else "none through a tokenizer"),
            f"{self._num_scenes} of {size} pictures of a batch are composed scenes",
        ]

    def _all_captions(self) -> Iterator[str]:
        names = (
            caption
            for record in self._images.records
            for language in LANGUAGES
            for caption in describing_captions(record, language)
        )
        source = self._source
        if source is None:
            return names
        scenes = (source.captions(f"words/{number}") for number in range(SCENES_FOR_WORDS))
        return itertools.chain(names, (text for captions in scenes for text in captions))


def run_captioner_training(config: CaptionerTraining, *, dry_run: bool = False) -> None:
    """`dall-e train captioner`: trains on the pictures of `config.data`.

    With `dry_run`, prints what it would do. Raises ValueError for missing or unfit data, weights or
    run folder, as `fit` does.
    """

    def make(config: CaptionerTraining) -> CaptionerStage:
        side = CAPTIONERS[config.preset].image_size
        if config.tokenizer:
            # Through the tokenizer at the side that its own model draws.
            side = int(load_stage(config.tokenizer).network("tokenizer")["image_size"])
        announce(f"reading the pictures of {config.data}")
        images, held_out = (load_images(config.data, side, split=s) for s in ("train", "val"))
        data = report_data(config.run_folder, images, held_out)
        scenes = CaptionedScenes(images, side) if config.scene_fraction else None
        stage = CaptionerStage(config, images, held_out, scenes=scenes, dry_run=dry_run)
        return stage.with_data(data)

    run_stage(config, make, dry_run=dry_run)
