"""Trains the detector that judges composed pictures, on cut-outs scattered over backgrounds.

A batch is a pure function of (seed, pictures seen).

Shapes: B pictures, K things, O objects of a batch, C 4 channels (premultiplied RGBA), H W rows and
columns of a picture or of the detector's maps.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dall_e.config import DetectorConfig, DetectorTraining
from dall_e.data.datasets import ImageSet, images_in_fold, load_images
from dall_e.images.files import save_image
from dall_e.images.sheets import contact_sheet
from dall_e.losses.detection import colour_loss, middle_loss
from dall_e.models.detector import MAP_STEP, Detection, Detector
from dall_e.runtime import pick_device
from dall_e.training.batches import Batch
from dall_e.training.cutout_scatter import CutoutScatter, Pixels, Scattered
from dall_e.training.data_report import report_data
from dall_e.training.player import Player
from dall_e.training.prepared_stage import PreparedStage
from dall_e.training.running import run_stage
from dall_e.training.stage import StepOutput
from dall_e.training.tracking import announce

_MEASURED = 256
_FIND_BATCH = 64
_SHEET_IMAGES = 32
# A thing is found if a middle of it is no farther than this from where it is, as a fraction of the
# side.
_NEAR = 0.12
# Width of a middle on the map: a fraction of the thing's size, and the least, in cells of the map.
_MIDDLE_WIDTH = 0.12
_LEAST_MIDDLE_WIDTH = 0.6


@dataclass(frozen=True, kw_only=True, eq=False)
class DetectorTargets(Batch):
    """What the detector's maps are to show."""

    heat_BKHW: Tensor
    """1 at the middle of each thing, falling off around it."""
    places_O3: Tensor
    """Picture, row and column of each object."""
    colour_O: Tensor
    """Number of its colour; -1 if it has none of a name."""


@dataclass(frozen=True, kw_only=True, eq=False)
class DetectorBatch(Batch):
    """Pictures, and what is to be found on them."""

    x_BCHW: Tensor
    targets: DetectorTargets


class DetectorStage(PreparedStage[DetectorBatch]):
    """Data, network and losses of this stage, for `training.loop.fit`."""

    def __init__(self, config: DetectorTraining, images: ImageSet) -> None:
        """Raises ValueError if nothing can be cut out of either half of the pictures."""
        self.config = config
        self.device = pick_device(config.loop.device)
        size = DetectorConfig().image_size
        self._scatter, self._unseen = (
            CutoutScatter(images_in_fold(images, fold), size)
            for fold in (config.fold, 1 - config.fold)
        )
        self.sizes = DetectorConfig(things=tuple(self._scatter.things))
        self.networks = {"detector": dataclasses.asdict(self.sizes)}

        torch.manual_seed(config.loop.seed)
        self.detector = Detector(self.sizes)
        self.detector.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.players = (Player(name="detector", module=self.detector, optimizer=config.optimizer),)
        self._forward: Callable[[Tensor], Any] = self.detector
        if config.loop.compile:
            self._forward = torch.compile(self.detector)
        self.prepare_ahead(config.loop)

    def prepare(self, images_seen: int) -> DetectorBatch:
        """The batch that starts after `images_seen` pictures, on the CPU."""
        loop = self.config.loop
        rows = range(loop.micro_batch_size)
        drawn = [self._scatter(f"{loop.seed}/{images_seen + row}") for row in rows]
        objects = [objects for _, objects in drawn]
        return DetectorBatch(x_BCHW=_stacked(drawn), targets=make_targets(objects, self.sizes))

    def loss(self, batch: DetectorBatch) -> StepOutput:
        """Finding things, and naming their colours."""
        output, targets = self._forward(batch.x_BCHW), batch.targets
        loss, parts = middle_loss(logits_BKHW=output.thing_BKHW, heat_BKHW=targets.heat_BKHW)
        colour, colour_parts = colour_loss(
            logits_BCHW=output.colour_BCHW, places_O3=targets.places_O3, colour_O=targets.colour_O
        )
        return StepOutput(loss + self.config.colour_weight * colour, parts | colour_parts)

    @torch.no_grad()
    def sample(self, path: Path) -> dict[str, float]:
        """What it finds on pictures of cut-outs of the other half: a sheet, and how much is right.

        Measured are the fractions of things that are found, of those the fraction whose colour is
        right, and the fraction of pictures with the right number of things.
        """
        drawn = [self._unseen(f"measure/{number}") for number in range(_MEASURED)]
        # The other half may show things that this one has not.
        known = [
            (image, objects)
            for image, objects in drawn
            if all(item.thing in self.sizes.things for item in objects)
        ]
        self.detector.eval()
        batches = _stacked(known).split(_FIND_BATCH)
        found = [hits for x_BCHW in batches for hits in self.detector.find(x_BCHW.to(self.device))]
        self.detector.train()

        labels = [
            ", ".join(f"{hit.colour} {hit.thing}" for hit in hits) for hits in found[:_SHEET_IMAGES]
        ]
        images = [image for image, _ in known[:_SHEET_IMAGES]]
        save_image(contact_sheet(images, labels, 8), path)

        scattered = [objects for _, objects in known]
        return _measures(scattered, found)

    def summary(self) -> list[str]:
        """Data, for --dry-run and the log."""
        num_unseen = len(set(self._unseen.things) & set(self.sizes.things))
        return [
            f"{len(self.sizes.things)} things are told apart; "
            f"the other half of the pictures has {num_unseen} of them"
        ]


def make_targets(
    scattered: Sequence[Sequence[Scattered]], config: DetectorConfig
) -> DetectorTargets:
    """The maps of some pictures, from what is on each."""
    side = config.image_size // MAP_STEP
    heat_BKHW = torch.zeros(len(scattered), len(config.things), side, side)
    places: list[tuple[int, int, int]] = []
    colours: list[int] = []
    axis = torch.arange(side)

    for row, objects in enumerate(scattered):
        for item in objects:
            down, across = (min(int(value * side), side - 1) for value in (item.y, item.x))
            width = max(_MIDDLE_WIDTH * item.size * side, _LEAST_MIDDLE_WIDTH)
            squared_HW = (axis[:, None] - down).square() + (axis - across).square()
            bump_HW = torch.exp(-squared_HW / (2 * width**2))
            map_HW = heat_BKHW[row, config.things.index(item.thing)]
            map_HW.copy_(torch.maximum(map_HW, bump_HW))

            places.append((row, down, across))
            colours.append(config.colours.index(item.colour) if item.colour else -1)

    return DetectorTargets(
        heat_BKHW=heat_BKHW,
        places_O3=torch.tensor(places, dtype=torch.int64).reshape(-1, 3),
        colour_O=torch.tensor(colours, dtype=torch.int64),
    )


def _stacked(drawn: Sequence[tuple[Pixels, list[Scattered]]]) -> Tensor:
    """Pictures [B, C, H, W] in [0, 1]."""
    return torch.from_numpy(np.stack([image for image, _ in drawn])).float() / 255


def _measures(
    scattered: Sequence[Sequence[Scattered]], found: Sequence[Sequence[Detection]]
) -> dict[str, float]:
    pairs: list[tuple[Scattered, Detection | None]] = []
    num_right_counts = 0
    for objects, hits in zip(scattered, found, strict=True):
        pairs += [(item, _match(item, hits)) for item in objects]
        num_right_counts += len(objects) == len(hits)

    num_found = sum(hit is not None for _, hit in pairs)
    named = [(item.colour, hit.colour) for item, hit in pairs if item.colour and hit]
    num_right_colours = sum(colour == given for colour, given in named)
    return {
        "found": num_found / max(len(pairs), 1),
        "colour_right": num_right_colours / max(len(named), 1),
        "count_right": num_right_counts / max(len(found), 1),
    }


def _match(item: Scattered, hits: Sequence[Detection]) -> Detection | None:
    """The first hit that is the thing, and near enough."""
    for hit in hits:
        distance = max(abs(hit.x - item.x), abs(hit.y - item.y))
        if hit.thing == item.thing and distance <= _NEAR:
            return hit
    return None


def run_detector_training(config: DetectorTraining, *, dry_run: bool = False) -> None:
    """`dall-e train detector`: trains on cut-outs of the pictures of `config.data`.

    With `dry_run`, prints what it would do. Raises ValueError for missing or unfit data or run
    folder, as `fit` does.
    """

    def make(config: DetectorTraining) -> DetectorStage:
        announce(f"reading the pictures of {config.data}")
        images = load_images(config.data, 2 * DetectorConfig().image_size)
        data = report_data(config.run_folder, images)
        stage = DetectorStage(config, images)
        stage.run_data = data
        return stage

    run_stage(config, make, dry_run=dry_run)
