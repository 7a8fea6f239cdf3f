"""Trains the dual encoder: which caption belongs to which picture, and which only nearly does.

A batch is a pure function of (seed, pictures seen), so a resumed run repeats the straight one. A
second dual encoder with another seed, `--fold 1 --other-fraction 0`, shares neither weights nor
pictures with the first: that is the independent judge of `dall-e evaluate`, which nothing may be
trained on or chosen by.

Shapes: B pictures of a batch, H of them with a wrong caption, M pictures in all, T captions, C
channels (4, premultiplied RGBA), H W also rows and columns, L text tokens, D width.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from dall_e.config import DUAL_ENCODERS, DualEncoderTraining
from dall_e.data.augment import random_views
from dall_e.data.captions import plain_caption, training_caption
from dall_e.data.datasets import (
    ImageSet,
    batch_captions,
    images_in_fold,
    in_fold,
    load_images,
)
from dall_e.images.files import save_image
from dall_e.images.sheets import contact_sheet
from dall_e.losses.contrastive import sigmoid_contrastive_loss, wrong_caption_loss
from dall_e.losses.metrics import r_precision_hits
from dall_e.models.dual_encoder import DualEncoder
from dall_e.text.language import Language, mirrors
from dall_e.training.batches import Batch
from dall_e.training.composed_scenes import ComposedScenes, SceneSource, TrainingScene
from dall_e.training.data_report import report_data
from dall_e.training.paired_stage import SCENES_FOR_WORDS, PairedStage
from dall_e.training.player import Player
from dall_e.training.running import run_stage
from dall_e.training.softening import softened
from dall_e.training.stage import StepOutput
from dall_e.training.tracking import announce

CHOICES = 100
"""Captions to choose from in the held-out measure."""
_CAPTIONS_PER_RECORD = 8
_SHEET_IMAGES = 48
_SCENES_TO_MEASURE = 200
_EMBED_BATCH = 256
# Pictures of a model are softer than those of a designer; some of the training pictures are too.
_SOFT_FRACTION = 0.3
_WHITE_FRACTION = 0.5


@dataclass(frozen=True, kw_only=True, eq=False)
class DualEncoderBatch(Batch):
    """Pictures and their captions; the last pictures are composed scenes."""

    x_BCHW: Tensor
    """Float in [0, 1]."""
    background_BC: Tensor
    """Flat colours that the pictures are put on."""
    ids_TL: Tensor
    """Tokens of the B captions, then of the H wrong ones."""
    same_BB: Tensor
    """True where picture and caption mean the same."""
    rows_H: Tensor
    """Pictures that have a wrong caption."""


class DualEncoderStage(PairedStage[DualEncoderBatch]):
    """Data, network and losses of this stage, for `training.loop.fit`."""

    def __init__(
        self,
        config: DualEncoderTraining,
        images: ImageSet,
        held_out: ImageSet,
        *,
        scenes: SceneSource | None = None,
        held_out_scenes: SceneSource | None = None,
        dry_run: bool = False,
    ) -> None:
        """`scenes` fill their fraction of each batch; `held_out_scenes` are measured on.

        With `dry_run`, nothing is written; good for `summary` only. Raises ValueError if pictures
        have another size than the preset's, or the text tokenizer does not fit.
        """
        self.config, self.sizes = config, DUAL_ENCODERS[config.preset]
        self._scenes, self._held_out_scenes = scenes, held_out_scenes
        super().__init__(
            config, self.sizes, images, held_out, has_scenes=bool(scenes), dry_run=dry_run
        )
        _weigh_folds(self._weights_M, config, images)
        self._mirror_M = torch.tensor([mirrors(record) for record in images.records])
        self._names_M = [plain_caption(record) for record in images.records]

        torch.manual_seed(config.loop.seed)
        self.dual_encoder = DualEncoder(self.sizes)
        # Channels last: the layout that convolutions compute in, on CPUs and GPUs alike.
        self.dual_encoder.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        player = Player(
            name="dual_encoder",
            module=self.dual_encoder,
            optimizer=config.optimizer,
            betas=(0.9, 0.98),
        )
        self.players = (player,)
        self._forward: Callable[..., Any] = self.dual_encoder
        if config.loop.compile:
            self._forward = torch.compile(self.dual_encoder)
        self.prepare_ahead(config.loop)

    def prepare(self, images_seen: int) -> DualEncoderBatch:
        """The batch that starts after `images_seen` pictures, on the CPU."""
        rows_B = self._drawn_rows(images_seen)
        captions = batch_captions(
            self._images.records,
            rows_B,
            seed=self._seed,
            images_seen=self._drawn_before(images_seen),
        )
        meanings = [self._names_M[row] for row in rows_B]
        rng = self._chance(images_seen)
        x_BCHW = self._images.images_NCHW[rows_B].float() / 255
        x_BCHW = random_views(x_BCHW, rng, mirror_B=self._mirror_M[rows_B])

        # Then the scenes, some with a wrong caption; two are alike if their captions are.
        scenes = self._draw_scenes(images_seen)
        if scenes:
            images = [torch.from_numpy(scene.image)[None].float() / 255 for scene in scenes]
            x_BCHW = torch.cat((x_BCHW, *images))
        captions += [scene.caption for scene in scenes]
        meanings += [scene.caption for scene in scenes]
        rows_H = [len(rows_B) + row for row, scene in enumerate(scenes) if scene.wrong_caption]
        wrong_captions = [scene.wrong_caption for scene in scenes if scene.wrong_caption]

        # On flat colours, half of them white; some pictures soft.
        background_BC = torch.rand(self._batch_size, 3, generator=rng)
        background_BC[torch.rand(self._batch_size, generator=rng) < _WHITE_FRACTION] = 1.0
        soft_B = torch.rand(self._batch_size, generator=rng) < _SOFT_FRACTION
        return DualEncoderBatch(
            x_BCHW=softened(x_BCHW, soft_B),
            background_BC=background_BC,
            ids_TL=self._ids(captions + wrong_captions),
            same_BB=_same(meanings, captions),
            rows_H=torch.tensor(rows_H, dtype=torch.int64),
        )

    def _draw_scenes(self, images_seen: int) -> list[TrainingScene]:
        if self._scenes is None:
            return []
        prefix = f"{self.config.loop.seed}/{self.config.fold}"
        return [self._scenes(f"{prefix}/{images_seen + row}") for row in range(self._num_scenes)]

    def loss(self, batch: DualEncoderBatch) -> StepOutput:
        """The sigmoid loss over all pairs of the batch, and that of wrong captions."""
        image_BD, text_TD = self._forward(batch.x_BCHW, batch.ids_TL, batch.background_BC)
        text_BD, wrong_HD = text_TD[: len(image_BD)], text_TD[len(image_BD) :]
        loss, parts = sigmoid_contrastive_loss(
            image_BD=image_BD,
            text_BD=text_BD,
            log_scale=self.dual_encoder.log_scale,
            bias=self.dual_encoder.bias,
            same_BB=batch.same_BB,
        )
        if len(wrong_HD) and self.config.hard_weight:
            hard, hard_parts = wrong_caption_loss(
                image_HD=image_BD[batch.rows_H],
                own_HD=text_BD[batch.rows_H],
                wrong_HD=wrong_HD,
                log_scale=self.dual_encoder.log_scale,
            )
            loss, parts = loss + self.config.hard_weight * hard, parts | hard_parts
        return StepOutput(loss, parts)

    @torch.no_grad()
    def sample(self, path: Path) -> dict[str, float]:
        """Held-out pictures under the caption that fits best, to `path`; and the measures.

        They are R-precision among 100 captions, in both languages, and the fraction of scenes that
        are told apart from a nearly right caption.
        """
        self.dual_encoder.eval()
        images = self._held_out.images_NCHW.float() / 255
        image_BD = torch.cat(
            [self.dual_encoder.embed_images(x.to(self.device)) for x in images.split(_EMBED_BATCH)]
        )

        measures: dict[str, float] = {}
        languages: tuple[Language, ...] = ("en", "zh")
        for language in languages:
            rows = [
                row
                for row, record in enumerate(self._held_out.records)
                if language == "en" or record.get("zh")
            ]
            captions = [plain_caption(self._held_out.records[row], language) for row in rows]
            if len(set(captions)) < 2:
                continue
            scores_BT = image_BD[rows] @ self._embed_texts(captions).T
            measures[f"r_precision_{language}"] = self._precision(rows, captions, scores_BT.cpu())
            if language == "en":
                best = [captions[index] for index in scores_BT.argmax(1)[:_SHEET_IMAGES].tolist()]
                shown = self._held_out.images_NCHW[rows[:_SHEET_IMAGES]]
                save_image(contact_sheet(list(shown), best, columns=8), path)

        if self._held_out_scenes:
            scenes = [
                self._held_out_scenes(f"held out/{number}") for number in range(_SCENES_TO_MEASURE)
            ]
            with_wrong = [scene for scene in scenes if scene.wrong_caption]
            measures["scenes_told_apart"] = self._told_apart(with_wrong)
        self.dual_encoder.train()
        return measures

    def _told_apart(self, scenes: Sequence[TrainingScene]) -> float:
        """Fraction of scenes whose caption beats the nearly right one; chance is a half."""
        images = torch.from_numpy(np.stack([scene.image for scene in scenes]))
        image_BD = self.dual_encoder.embed_images(images.to(self.device).float() / 255)
        right_BD = self._embed_texts([scene.caption for scene in scenes])
        wrong_BD = self._embed_texts([scene.wrong_caption for scene in scenes])
        return float(((image_BD * (right_BD - wrong_BD)).sum(1) > 0).float().mean())

    def _precision(self, rows: Sequence[int], captions: list[str], scores_BT: Tensor) -> float:
        same_BT = _same([plain_caption(self._held_out.records[row]) for row in rows], captions)
        # A small set has fewer captions that mean something else.
        choices = min(CHOICES, 1 + int((~same_BT).sum(1).min()))
        caption_B = torch.arange(len(rows))
        hits_B = r_precision_hits(scores_BT, caption_B, same_BT, choices=choices, seed=0)
        return float(hits_B.float().mean())

    def summary(self) -> list[str]:
        """Data, for --dry-run and the log."""
        num_drawn = int((self._weights_M > 0).sum())
        return [
            f"{num_drawn:,} of {len(self._images):,} pictures are drawn, "
            f"{len(self._held_out):,} are held out",
            f"{self._num_scenes} of {self.config.loop.micro_batch_size} pictures of a batch are "
            "composed scenes",
        ]

    def _embed_texts(self, captions: list[str]) -> Tensor:
        embedded: list[Tensor] = []
        for start in range(0, len(captions), _EMBED_BATCH):
            ids_BL = self._ids(captions[start : start + _EMBED_BATCH])
            embedded.append(self.dual_encoder.embed_texts(ids_BL.to(self.device)))
        return torch.cat(embedded)

    def _all_captions(self) -> Iterator[str]:
        captions: Iterator[str] = (
            training_caption(record, random.Random(f"{index}/{variant}"))
            for index, record in enumerate(self._images.records)
            for variant in range(_CAPTIONS_PER_RECORD)
        )
        if self._scenes is None:
            return captions
        scenes = (self._scenes(f"words/{number}") for number in range(SCENES_FOR_WORDS))
        return itertools.chain(captions, (scene.caption for scene in scenes))


def _weigh_folds(
    weights_M: npt.NDArray[np.float64], config: DualEncoderTraining, images: ImageSet
) -> None:
    """Have pictures of the other fold drawn as often as asked. Raises ValueError if none is."""
    is_other_M = [not in_fold(record, config.fold) for record in images.records]
    weights_M[is_other_M] *= config.other_fraction
    if not weights_M.any():
        raise ValueError(
            f"fold {config.fold} has none of the {len(images)} pictures; raise other_fraction"
        )


def _same(meanings: Sequence[str], captions: Sequence[str]) -> Tensor:
    """bool [B, B]: whether picture i and caption j mean the same.

    That is as far as the names of their pictures or the texts tell.
    """
    meaning_B, caption_B = (
        torch.from_numpy(np.unique(texts, return_inverse=True)[1]) for texts in (meanings, captions)
    )
    return (meaning_B[:, None] == meaning_B) | (caption_B[:, None] == caption_B)


def run_dual_encoder_training(config: DualEncoderTraining, *, dry_run: bool = False) -> None:
    """`dall-e train dual-encoder`: trains on the pictures of `config.data`.

    With `dry_run`, prints what it would do. Raises ValueError for missing or unfit
    data, text tokenizer or run folder, as `fit` does.
    """

    def make(config: DualEncoderTraining) -> DualEncoderStage:
        size = DUAL_ENCODERS[config.preset].image_size
        announce(f"reading the pictures of {config.data}")
        images, held_out = (load_images(config.data, size, split=s) for s in ("train", "val"))
        data = report_data(config.run_folder, images, held_out)
        scenes = held_out_scenes = None
        if config.scene_fraction:
            # What is cut out must be as unseen as what is left out.
            cut = images if config.other_fraction else images_in_fold(images, config.fold)
            scenes, held_out_scenes = (
                ComposedScenes(cut, size, split) for split in ("train", "heldout")
            )
        stage = DualEncoderStage(
            config,
            images,
            held_out,
            scenes=scenes,
            held_out_scenes=held_out_scenes,
            dry_run=dry_run,
        )
        return stage.with_data(data)

    run_stage(config, make, dry_run=dry_run)
