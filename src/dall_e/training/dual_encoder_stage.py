"""Trains the dual encoder: which caption belongs to which picture, and which nearly right one does
not.

A batch is a pure function of (seed, pictures seen), so a resumed run repeats the straight one. A
second dual encoder with another seed, `--fold 1 --other-share 0`, shares neither weights nor pictures
with the first: that is the independent judge of `dall-e evaluate`, which nothing may be trained on
or chosen by.

Shapes: B pictures of a batch, H of them with a wrong caption, M pictures in all, T captions, C
channels (4, premultiplied RGBA), H W also rows and columns, L text tokens, D width.
"""

from __future__ import annotations

import dataclasses
import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from dall_e.checkpoints.store import TEXT_FILE
from dall_e.config import DUAL_ENCODERS, DualEncoderTraining
from dall_e.data.augment import mirrors, random_views
from dall_e.data.captions import Language, plain_caption, training_caption
from dall_e.data.datasets import ImageSet, batch_captions, batch_indices, in_fold, load_images
from dall_e.images.files import save_image
from dall_e.images.sheets import contact_sheet
from dall_e.losses.contrastive import first_among, sigmoid_contrastive_loss, wrong_caption_loss
from dall_e.models.dual_encoder import DualEncoder
from dall_e.runtime import pick_device
from dall_e.scenes.composer import SceneComposer, held_out
from dall_e.scenes.negatives import nearly_right
from dall_e.text.tokenizer import TextTokenizer
from dall_e.training.loop import Player, describe, fit
from dall_e.training.prepared_stage import PreparedStage
from dall_e.training.run_folder import load_stage_words, open_run_folder

CHOICES = 100
"""Captions to choose from in the held-out measure."""
_CAPTIONS_PER_RECORD = 8
_SHEET_IMAGES = 48
_SCENES_FOR_WORDS = 1500
_SCENES_TO_MEASURE = 200
# Pictures of a model are softer than those of a designer; some of the training pictures are too.
_SOFT_FRACTION = 0.3
_WHITE_FRACTION = 0.5


class TrainingScene(NamedTuple):
    """A composed picture with its caption and a nearly right one."""

    image: npt.NDArray[np.uint8]
    """[4, S, S], premultiplied RGBA at the dual encoder's side."""
    caption: str
    """What is drawn."""
    wrong_caption: str
    """The same with a colour, a count or a place changed; empty if there is none."""


SceneSource = Callable[[str], TrainingScene]
"""A scene for every seed."""


class ComposedScenes:
    """Scenes of `scenes/composer.py` as training takes them."""

    def __init__(self, images: ImageSet, size: int, split: str = "train") -> None:
        """`split`: "train", or "heldout" for combinations that no training scene has.

        Raises ValueError if nothing can be cut out of the pictures.
        """
        self._composer = SceneComposer(images, size)
        self._split = split

    def __call__(self, seed: str) -> TrainingScene:
        """Scene number `seed`, captioned in English or Chinese."""
        scene = self._composer.scene(seed, self._split)
        caption = self._composer.caption(scene, random.Random(f"caption/{seed}"))
        other = nearly_right(scene, random.Random(f"wrong/{seed}"))
        # Held-out combinations must stay unknown, as wrong ones too, or the dual encoder learns that
        # there are none.
        usable = other is not None and held_out(other) == (self._split == "heldout")
        # The same random numbers word both alike.
        wrong = (
            self._composer.caption(other, random.Random(f"caption/{seed}"))
            if other and usable
            else ""
        )
        return TrainingScene(self._composer.draw(scene), caption, "" if wrong == caption else wrong)


class DualEncoderStage(PreparedStage):
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
        """`scenes` fill `config.scene_fraction` of each batch; on `held_out_scenes` the dual encoder is
        measured.

        `dry_run`: nothing is written; good for `summary` only.

        Raises ValueError if pictures have another size than the preset's, or the text tokenizer
        does not fit.
        """
        self.config = config
        self.device = pick_device(config.device)
        self.sizes = DUAL_ENCODERS[config.preset]
        self.networks = {"dual_encoder": dataclasses.asdict(self.sizes)}
        self._images, self._held_out = images, held_out
        # Generators have a house style, which data sets give more weight; who scores is to know all
        # styles alike.
        weights_M = np.minimum(images.weights, np.median(images.weights))
        weights_M[[not in_fold(record, config.fold) for record in images.records]] *= (
            config.other_fraction
        )
        if not weights_M.any():
            raise ValueError(
                f"fold {config.fold} has none of the {len(images)} pictures; raise other_fraction"
            )
        self._weights_M = weights_M
        self._mirror_M = torch.tensor([mirrors(record) for record in images.records])
        self._names_M = [plain_caption(record) for record in images.records]
        self._scenes, self._held_out_scenes = scenes, held_out_scenes
        self._num_scenes = round(config.scene_fraction * config.batch_size) if scenes else 0
        out = None if dry_run else Path(config.out)
        self.text_tokenizer = self._text_tokenizer(out)
        if self.text_tokenizer.num_ids > self.sizes.vocab_size:
            raise ValueError(
                f"the text tokenizer has {self.text_tokenizer.num_ids} entries, preset {config.preset} has room for "
                f"{self.sizes.vocab_size}"
            )
        torch.manual_seed(config.seed)
        self.dual_encoder = DualEncoder(self.sizes)
        # Channels last: the layout that convolutions compute in, on CPUs and GPUs alike.
        self.dual_encoder.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.players = (
            Player(
                name="dual_encoder",
                module=self.dual_encoder,
                learning_rate=config.learning_rate,
                weight_decay=config.weight_decay,
                betas=(0.9, 0.98),
                optimizer=config.optimizer,
            ),
        )
        self._forward: Callable[..., Any] = self.dual_encoder
        if config.compile:
            self._forward = torch.compile(self.dual_encoder)
        self.prepare_ahead(config.batch_size)

    def prepare(self, images_seen: int) -> dict[str, Tensor]:
        """The batch that starts after `images_seen` pictures, on the CPU; its last rows are
        composed scenes.

        "x_BCHW" float pictures, "background_BC" flat colours, "ids_TL" the B captions and then the
        H wrong ones, "same_BB" pairs that mean the same, "rows_H" the pictures that have a wrong
        caption.
        """
        config, size = self.config, self.config.batch_size
        num_real = size - self._num_scenes
        # Pictures of the set and scenes are counted apart, so that every picture still has its
        # turn.
        seen = images_seen // size * num_real
        indices = batch_indices(len(self._images), self._weights_M, config.seed, seen, num_real)
        captions = batch_captions(self._images.records, indices, seed=config.seed, images_seen=seen)
        meanings = [self._names_M[index] for index in indices]
        rng = torch.Generator().manual_seed((config.seed * 2**40 + images_seen) % 2**63)
        x_BCHW = random_views(
            self._images.images_NCHW[indices].float() / 255,
            rng,
            mirror_B=self._mirror_M[indices],
        )
        wrong, rows = [], []
        if self._scenes:
            drawn = [
                self._scenes(f"{config.seed}/{config.fold}/{images_seen + row}")
                for row in range(self._num_scenes)
            ]
            x_BCHW = torch.cat(
                (x_BCHW, *(torch.from_numpy(scene.image)[None].float() / 255 for scene in drawn))
            )
            rows = [num_real + row for row, scene in enumerate(drawn) if scene.wrong_caption]
            wrong = [scene.wrong_caption for scene in drawn if scene.wrong_caption]
            captions += [scene.caption for scene in drawn]
            meanings += [scene.caption for scene in drawn]
        background_BC = torch.rand(size, 3, generator=rng)
        background_BC[torch.rand(size, generator=rng) < _WHITE_FRACTION] = 1.0
        soft_B = torch.rand(size, generator=rng) < _SOFT_FRACTION
        return {
            "x_BCHW": _softened(x_BCHW, soft_B),
            "background_BC": background_BC,
            "ids_TL": self._ids(captions + wrong),
            "same_BB": _same(meanings, captions),
            "rows_H": torch.tensor(rows, dtype=torch.int64),
        }

    def loss(
        self, player: str, batch: dict[str, Any], progress: float
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The sigmoid loss over all pairs of the batch, and that of wrong captions."""
        image_BD, text_TD = self._forward(batch["x_BCHW"], batch["ids_TL"], batch["background_BC"])
        text_BD, wrong_HD = text_TD[: len(image_BD)], text_TD[len(image_BD) :]
        loss, parts = sigmoid_contrastive_loss(
            image_BD=image_BD,
            text_BD=text_BD,
            log_scale=self.dual_encoder.log_scale,
            bias=self.dual_encoder.bias,
            same_BB=batch["same_BB"],
        )
        if len(wrong_HD) and self.config.hard_weight:
            rows_H = batch["rows_H"]
            extra, extra_parts = wrong_caption_loss(
                image_HD=image_BD[rows_H],
                own_HD=text_BD[rows_H],
                wrong_HD=wrong_HD,
                log_scale=self.dual_encoder.log_scale,
            )
            loss, parts = loss + self.config.hard_weight * extra, parts | extra_parts
        return loss, parts

    @torch.no_grad()
    def sample(self, path: Path) -> dict[str, float]:
        """Held-out pictures under the caption that fits best, to `path`; R-precision among 100 in
        both languages."""
        self.dual_encoder.eval()
        images = self._held_out.images_NCHW.float() / 255
        image_BD = torch.cat(
            [self.dual_encoder.embed_images(x.to(self.device)) for x in images.split(256)]
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
            text_BD = self._embed_texts(captions)
            scores_BT = image_BD[rows] @ text_BD.T
            measures[f"r_precision_{language}"] = self._precision(rows, captions, scores_BT.cpu())
            if language == "en":
                best = [captions[index] for index in scores_BT.argmax(1)[:_SHEET_IMAGES].tolist()]
                shown = self._held_out.images_NCHW[rows[:_SHEET_IMAGES]]
                save_image(contact_sheet(list(shown), best, columns=8), path)
        if self._held_out_scenes:
            drawn = [
                self._held_out_scenes(f"held out/{number}") for number in range(_SCENES_TO_MEASURE)
            ]
            measures["scenes_told_apart"] = self._told_apart(
                [scene for scene in drawn if scene.wrong_caption]
            )
        self.dual_encoder.train()
        return measures

    def _told_apart(self, scenes: Sequence[TrainingScene]) -> float:
        """Fraction of scenes whose caption fits better than the nearly right one; chance is a half."""
        x_BCHW = (
            torch.from_numpy(np.stack([scene.image for scene in scenes])).to(self.device).float()
            / 255
        )
        image_BD = self.dual_encoder.embed_images(x_BCHW)
        own_BD = self._embed_texts([scene.caption for scene in scenes])
        wrong_BD = self._embed_texts([scene.wrong_caption for scene in scenes])
        return float(((image_BD * (own_BD - wrong_BD)).sum(1) > 0).float().mean())

    def _precision(self, rows: Sequence[int], captions: list[str], scores_BT: Tensor) -> float:
        same_BT = _same([plain_caption(self._held_out.records[row]) for row in rows], captions)
        # A small set has fewer captions that mean something else.
        choices = min(CHOICES, 1 + int((~same_BT).sum(1).min()))
        own_B = torch.arange(len(rows))
        return float(first_among(scores_BT, own_B, same_BT, choices=choices, seed=0).float().mean())

    def summary(self) -> list[str]:
        """Data, for --dry-run and the log."""
        drawn = int((self._weights_M > 0).sum())
        return [
            f"{drawn:,} of {len(self._images):,} pictures are drawn, {len(self._held_out):,} are held out",
            f"{self._num_scenes} of {self.config.batch_size} pictures of a batch are composed scenes",
        ]

    def _ids(self, captions: list[str]) -> Tensor:
        return self.text_tokenizer.encode(captions, self.sizes.max_tokens).ids_BL

    def _embed_texts(self, captions: list[str]) -> Tensor:
        parts = [
            self._ids(captions[start : start + 256]).to(self.device)
            for start in range(0, len(captions), 256)
        ]
        return torch.cat([self.dual_encoder.embed_texts(ids_BL) for ids_BL in parts])

    def _text_tokenizer(self, out: Path | None) -> TextTokenizer:
        """The one in the run folder, else the one to take over, else a new one; kept in the run
        folder."""
        path = out / TEXT_FILE if out else None
        if path and path.exists():
            return TextTokenizer.load(path)
        if self.config.text_tokenizer:
            tokenizer = load_stage_words(self.config.text_tokenizer)
        else:
            captions: Iterator[str] = (
                training_caption(record, random.Random(f"{index}/{variant}"))
                for index, record in enumerate(self._images.records)
                for variant in range(_CAPTIONS_PER_RECORD)
            )
            if self._scenes:
                scenes = (self._scenes(f"words/{number}") for number in range(_SCENES_FOR_WORDS))
                captions = itertools.chain(captions, (scene.caption for scene in scenes))
            tokenizer = TextTokenizer.train(captions, self.sizes.vocab_size)
        if path:
            tokenizer.save(path)
        return tokenizer


def _same(meanings: Sequence[str], captions: Sequence[str]) -> Tensor:
    """bool [B, B]: picture i and caption j mean the same, as far as the names of their pictures or
    the texts tell."""
    meaning_B, caption_B = (
        torch.from_numpy(np.unique(x, return_inverse=True)[1]) for x in (meanings, captions)
    )
    return (meaning_B[:, None] == meaning_B) | (caption_B[:, None] == caption_B)


def _softened(x_BCHW: Tensor, soft_B: Tensor) -> Tensor:
    """Pictures, those marked at half of their resolution."""
    if not bool(soft_B.any()):
        return x_BCHW
    half = F.interpolate(
        x_BCHW[soft_B], scale_factor=0.5, mode="bilinear", antialias=True, align_corners=False
    )
    x_BCHW[soft_B] = F.interpolate(
        half, size=x_BCHW.shape[2:], mode="bilinear", align_corners=False
    )
    return x_BCHW


def run_dual_encoder_training(config: DualEncoderTraining, *, dry_run: bool = False) -> None:
    """`dall-e train dual encoder`: trains on the pictures of `config.data`, or prints what it would
    do.

    Raises ValueError for missing or unfit data, text tokenizer or run folder, as `fit` does.
    """
    size = DUAL_ENCODERS[config.preset].image_size
    images, held_out = (load_images(config.data, size, split=split) for split in ("train", "val"))
    scenes = held_out_scenes = None
    if config.scene_fraction:
        # What is cut out must be as unseen as what is left out.
        cut = images if config.other_fraction else _only(images, config.fold)
        scenes, held_out_scenes = (
            ComposedScenes(cut, size, split) for split in ("train", "heldout")
        )
    if dry_run:
        stage = DualEncoderStage(config, images, held_out, scenes=scenes, dry_run=True)
        print(describe(config, stage))
        return
    # The stage writes to the run folder too, so another run must be out of it before.
    with open_run_folder(config.out):
        stage = DualEncoderStage(
            config, images, held_out, scenes=scenes, held_out_scenes=held_out_scenes
        )
    fit(config, stage)


def _only(images: ImageSet, fold: int) -> ImageSet:
    rows = [row for row, record in enumerate(images.records) if in_fold(record, fold)]
    return ImageSet(
        images_NCHW=images.images_NCHW[rows],
        records=[images.records[row] for row in rows],
        skipped=[],
    )
