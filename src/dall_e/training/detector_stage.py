"""Trains the detector that judges composed pictures, on real cut-outs strewn over backgrounds.

It shares nothing with the composer of training scenes but the cut-outs and the ways to colour and
paste them: places, sizes and numbers are drawn freely here, so that it does not learn the
composer's layouts. A batch is a pure function of (seed, pictures seen).

Shapes: B pictures, K things, O objects of a batch, C 4 channels (premultiplied RGBA), S the side, H
W rows and columns.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from dall_e.config import DetectorConfig, DetectorTraining
from dall_e.data.datasets import ImageSet, in_fold, load_images
from dall_e.images.backgrounds import background
from dall_e.images.colour import largest_colour, recoloured
from dall_e.images.compositing import Place, paste, paste_outline, resized
from dall_e.images.files import save_image
from dall_e.images.sheets import contact_sheet
from dall_e.losses.detection import colour_loss, middle_loss
from dall_e.models.detector import MAP_STEP, Detection, Detector
from dall_e.runtime import pick_device
from dall_e.scenes.cutouts import CutOut, by_thing, colours_of, find_cut_outs, pixels
from dall_e.scenes.graph import BACKGROUNDS
from dall_e.training.loop import Player, describe, fit
from dall_e.training.prepared_stage import PreparedStage

_MEASURED = 256
_SHEET_IMAGES = 32
# A thing is found if a middle of it is no farther than this from where it is, as a fraction of the
# side.
_NEAR = 0.12
# (fraction of pictures, fewest and most things, smallest and largest longer side): one, one that fills
# the picture as lone drawings do, some, and many of one kind.
_SCATTERED = (
    (0.2, 1, 1, 0.3, 0.8),
    (0.2, 1, 1, 0.8, 1.0),
    (0.35, 2, 3, 0.22, 0.56),
    (0.25, 2, 6, 0.18, 0.42),
)


@dataclass(frozen=True, kw_only=True)
class Scattered:
    """One thing in a picture."""

    thing: str
    colour: str
    """Nothing where it has none by which it would be called."""
    x: float
    y: float
    size: float
    """Longer side, as a fraction of the picture's."""


class CutoutScatter:
    """Pictures of cut-outs at random places."""

    def __init__(self, images: ImageSet, size: int) -> None:
        """Raises ValueError if nothing can be cut out of the pictures."""
        self._images, self._size = images, size
        self._by_thing = by_thing(find_cut_outs(images))

    @property
    def things(self) -> list[str]:
        """All that can be seen on the pictures."""
        return sorted(self._by_thing)

    def __call__(self, seed: str) -> tuple[npt.NDArray[np.uint8], list[Scattered]]:
        """Picture number `seed`, uint8 [4, S, S], and what is on it."""
        rng = random.Random(seed)
        canvas_SSC = self._background(rng)
        _, fewest, most, smallest, largest = rng.choices(
            _SCATTERED, [row[0] for row in _SCATTERED]
        )[0]
        count = rng.randint(fewest, most)
        same = rng.choice(self.things) if _SCATTERED[3][1:3] == (fewest, most) else ""
        found: list[Scattered] = []
        for _ in range(count):
            cut_out = rng.choice(self._by_thing[same or rng.choice(self.things)])
            size = rng.uniform(smallest, largest)
            place = self._place(cut_out, size, found, rng)
            if place is not None:
                colour = self._paste(canvas_SSC, cut_out, place, rng)
                found.append(
                    Scattered(thing=cut_out.thing, colour=colour, x=place.x, y=place.y, size=size)
                )
        return np.ascontiguousarray(canvas_SSC.transpose(2, 0, 1)), found

    def _background(self, rng: random.Random) -> npt.NDArray[np.uint8]:
        canvas_SSC = np.zeros((self._size, self._size, 4), dtype=np.uint8)
        if rng.random() < 0.6:
            name = rng.choice(BACKGROUNDS[2:]) if rng.random() < 0.7 else "plain"
            colour = rng.choice(DetectorConfig().colours) if name == "plain" else ""
            canvas_SSC[..., :3] = background(name, self._size, rng, colour)[0]
            canvas_SSC[..., 3] = 255
        return canvas_SSC

    def _place(
        self, cut_out: CutOut, size: float, others: Sequence[Scattered], rng: random.Random
    ) -> Place | None:
        """Somewhere on the picture where no other thing is hidden by more than about a half; None
        if there is none."""
        width, height = (
            (size, size / cut_out.aspect) if cut_out.aspect > 1 else (size * cut_out.aspect, size)
        )
        for _ in range(20):
            x, y = (
                rng.uniform(min(0.5, side / 2.2), max(0.5, 1 - side / 2.2))
                for side in (width, height)
            )
            if all(max(abs(x - o.x), abs(y - o.y)) > 0.32 * (size + o.size) for o in others):
                return Place(index=0, x=x, y=y, width=width, height=height)
        return None

    def _paste(
        self, canvas_SSC: npt.NDArray[np.uint8], cut_out: CutOut, place: Place, rng: random.Random
    ) -> str:
        left, top, right, bottom = cut_out.box
        crop_HWC = pixels(self._images, cut_out.image)[top:bottom, left:right]
        if cut_out.mirrors and rng.random() < 0.5:
            crop_HWC = crop_HWC[:, ::-1]
        crop_HWC = resized(
            crop_HWC, round(place.width * self._size), round(place.height * self._size)
        )
        colour = cut_out.own_colour
        colours = colours_of(cut_out.thing) or cut_out.colours
        if colours and rng.random() < 0.6:
            wanted = rng.choice(colours)
            shade = (rng.uniform(-0.04, 0.04), rng.uniform(0.85, 1.12), rng.uniform(-6, 6))
            if wanted != colour:
                # A house has no one colour, but one whose walls are blue is called blue.
                main = cut_out.main or largest_colour(crop_HWC)
                if main is not None:
                    colour, crop_HWC = wanted, recoloured(crop_HWC, main, wanted, shade)
        if colour == "white":
            paste_outline(canvas_SSC, crop_HWC, place)
        paste(canvas_SSC, crop_HWC, place)
        return colour


def targets(scattered: Sequence[Sequence[Scattered]], config: DetectorConfig) -> dict[str, Tensor]:
    """What the maps are to show: "heat_BKHW", and per object "places_O3" and "colour_O" (-1: no
    colour of a name)."""
    side = config.image_size // MAP_STEP
    heat_BKHW = torch.zeros(len(scattered), len(config.things), side, side)
    places, colours = [], []
    axis = torch.arange(side)
    for row, objects in enumerate(scattered):
        for item in objects:
            down, across = (min(int(value * side), side - 1) for value in (item.y, item.x))
            width = max(0.12 * item.size * side, 0.6)
            squared_HW = (axis[:, None] - down).square() + (axis - across).square()
            map_HW = heat_BKHW[row, config.things.index(item.thing)]
            map_HW.copy_(torch.maximum(map_HW, torch.exp(-squared_HW / (2 * width**2))))
            places.append((row, down, across))
            colours.append(config.colours.index(item.colour) if item.colour else -1)
    return {
        "heat_BKHW": heat_BKHW,
        "places_O3": torch.tensor(places, dtype=torch.int64).reshape(-1, 3),
        "colour_O": torch.tensor(colours, dtype=torch.int64),
    }


class DetectorStage(PreparedStage):
    """Data, network and losses of this stage, for `training.loop.fit`."""

    def __init__(self, config: DetectorTraining, images: ImageSet) -> None:
        """Raises ValueError if nothing can be cut out of either half of the pictures."""
        self.config = config
        self.device = pick_device(config.device)
        size = DetectorConfig().image_size
        self._scatter, self._unseen = (
            CutoutScatter(_half(images, fold), size) for fold in (config.fold, 1 - config.fold)
        )
        self.sizes = DetectorConfig(things=tuple(self._scatter.things))
        self.networks = {"detector": dataclasses.asdict(self.sizes)}
        torch.manual_seed(config.seed)
        self.detector = Detector(self.sizes)
        self.detector.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.players = (
            Player(
                name="detector",
                module=self.detector,
                learning_rate=config.learning_rate,
                weight_decay=config.weight_decay,
                optimizer=config.optimizer,
            ),
        )
        self._forward: Callable[[Tensor], Any] = self.detector
        if config.compile:
            self._forward = torch.compile(self.detector)
        self.prepare_ahead(config.batch_size)

    def prepare(self, images_seen: int) -> dict[str, Tensor]:
        """The batch on the CPU: "x_BCHW" and what `targets` gives."""
        drawn = [
            self._scatter(f"{self.config.seed}/{images_seen + row}")
            for row in range(self.config.batch_size)
        ]
        x_BCHW = torch.from_numpy(np.stack([image for image, _ in drawn])).float() / 255
        return {"x_BCHW": x_BCHW, **targets([objects for _, objects in drawn], self.sizes)}

    def loss(
        self, player: str, batch: dict[str, Any], progress: float
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Finding things, and naming their colours."""
        output = self._forward(batch["x_BCHW"])
        loss, parts = middle_loss(logits_BKHW=output.thing_BKHW, heat_BKHW=batch["heat_BKHW"])
        extra, extra_parts = colour_loss(
            logits_BCHW=output.colour_BCHW, places_O3=batch["places_O3"], colour_O=batch["colour_O"]
        )
        return loss + self.config.colour_weight * extra, parts | extra_parts

    @torch.no_grad()
    def sample(self, path: Path) -> dict[str, float]:
        """What it finds on pictures strewn with cut-outs of the other half, to `path` and as
        shares."""
        self.detector.eval()
        drawn = [self._unseen(f"measure/{number}") for number in range(_MEASURED)]
        known = [
            (p, objects)
            for p, objects in drawn
            if all(o.thing in self.sizes.things for o in objects)
        ]
        x_BCHW = torch.from_numpy(np.stack([image for image, _ in known])).float() / 255
        found = [hits for x in x_BCHW.split(64) for hits in self.detector.find(x.to(self.device))]
        self.detector.train()
        shown = [
            ", ".join(f"{hit.colour} {hit.thing}" for hit in hits) for hits in found[:_SHEET_IMAGES]
        ]
        save_image(contact_sheet([image for image, _ in known[:_SHEET_IMAGES]], shown, 8), path)
        pairs = [
            (o, _match(o, hits))
            for (_, objects), hits in zip(known, found, strict=True)
            for o in objects
        ]
        named = [(o, hit) for o, hit in pairs if o.colour and hit]
        counts = [
            len(objects) == len(hits) for (_, objects), hits in zip(known, found, strict=True)
        ]
        return {
            "found": sum(hit is not None for _, hit in pairs) / max(len(pairs), 1),
            "colour_right": sum(o.colour == hit.colour for o, hit in named) / max(len(named), 1),
            "count_right": sum(counts) / max(len(counts), 1),
        }

    def summary(self) -> list[str]:
        """Data, for --dry-run and the log."""
        unseen = len(set(self._unseen.things) & set(self.sizes.things))
        return [
            f"{len(self.sizes.things)} things are told apart; the other half of the pictures has {unseen} of them"
        ]


def _match(item: Scattered, hits: Sequence[Detection]) -> Detection | None:
    near = (
        h
        for h in hits
        if h.thing == item.thing and max(abs(h.x - item.x), abs(h.y - item.y)) <= _NEAR
    )
    return next(near, None)


def _half(images: ImageSet, fold: int) -> ImageSet:
    rows = [row for row, record in enumerate(images.records) if in_fold(record, fold)]
    return ImageSet(
        images_NCHW=images.images_NCHW[rows],
        records=[images.records[row] for row in rows],
        skipped=[],
    )


def run_detector_training(config: DetectorTraining, *, dry_run: bool = False) -> None:
    """`dall-e train detector`: trains on cut-outs of the pictures of `config.data`, or prints what
    it would do.

    Raises ValueError for missing or unfit data or run folder, as `fit` does.
    """
    stage = DetectorStage(config, load_images(config.data, 2 * DetectorConfig().image_size))
    if dry_run:
        print(describe(config, stage))
        return
    fit(config, stage)
