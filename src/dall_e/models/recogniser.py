"""What a drawing shows, by the drawings that it looks most like, whoever drew them.

Linear discriminants of a descriptor (`images/descriptors.py`) keep what drawings of one thing by
several people have in common; in their space the nearest drawings tell the thing. Nearest
neighbours under a metric that was learned so are Weinberger and Saul's way (2009, "Distance metric
learning for large margin nearest neighbor classification"); the discriminants are Fisher's.

Shapes: B images, M drawings that are known, K things, F numbers of a descriptor, D of a direction,
C H W channels (4, premultiplied RGBA), rows and columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dall_e.images.descriptors import DESCRIPTOR_SIZE, Floats, descriptor
from dall_e.images.files import ImageArray


class RecognisedThing(NamedTuple):
    """What a drawing can be recognised as."""

    name: str
    """In English, such as "apple"."""
    en: str
    """As a caption: "an apple"."""
    zh: str
    """The same in Chinese."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Recogniser:
    """Drawings that are known, and how alike two drawings of one thing are."""

    mean_F: Floats
    projection_FD: Floats
    """From descriptors without their mean to discriminants."""
    directions_MD: Floats
    """Each drawing that is known, of length 1."""
    thing_M: npt.NDArray[np.int64]
    """Which thing it is of."""
    things: tuple[RecognisedThing, ...]
    sharpness: float
    """Probabilities go with exp(sharpness x cosine) of the nearest drawing of each thing."""
    unknown: float
    """The cosine of something that is none of the things."""

    def __post_init__(self) -> None:
        """Raise ValueError for parts that do not go together."""
        size, dims = self.projection_FD.shape
        fits = (
            size == len(self.mean_F) == DESCRIPTOR_SIZE
            and self.directions_MD.shape == (len(self.thing_M), dims)
            and len(self.things) > 0
            and set(np.unique(self.thing_M).tolist()) == set(range(len(self.things)))
        )
        if not fits:
            raise ValueError(
                f"a recogniser needs {DESCRIPTOR_SIZE} numbers a drawing and drawings of each of "
                f"its things: got a projection {self.projection_FD.shape}, directions "
                f"{self.directions_MD.shape} of {len(self.thing_M)} drawings, and "
                f"{len(self.things)} things"
            )

    @cached_property
    def names(self) -> frozenset[str]:
        """The English names of all things."""
        return frozenset(thing.name for thing in self.things)

    @cached_property
    def _by_thing(self) -> tuple[Floats, npt.NDArray[np.intp]]:
        """The directions sorted by thing, and where each thing begins."""
        order_M = np.argsort(self.thing_M, kind="stable")
        first_K = np.searchsorted(self.thing_M[order_M], np.arange(len(self.things)))
        return self.directions_MD[order_M], first_K

    def directions(self, images: Sequence[ImageArray]) -> Floats:
        """The directions [B, D] of drawings without a ground, uint8 [4, H, W] of any size."""
        described_BF = np.stack([descriptor(image_CHW) for image_CHW in images])
        return unit_rows((described_BF - self.mean_F) @ self.projection_FD)

    def log_probabilities(self, images: Sequence[ImageArray]) -> Floats:
        """log p [B, K] of each thing for each drawing; what is missing to 1 is none of them."""
        sorted_MD, first_K = self._by_thing
        cosine_BM = self.directions(images) @ sorted_MD.T
        cosine_BK = np.maximum.reduceat(cosine_BM, first_K, axis=1)
        return calibrated(cosine_BK, self.sharpness, self.unknown)

    def joined(self, images: Sequence[ImageArray], things: Sequence[RecognisedThing]) -> Recogniser:
        """With more drawings, each of a thing of its own unless one has its name."""
        number = {thing.name: row for row, thing in enumerate(self.things)}
        added = list(self.things)
        rows: list[int] = []
        for thing in things:
            if thing.name not in number:
                number[thing.name] = len(added)
                added.append(thing)
            rows.append(number[thing.name])
        return Recogniser(
            mean_F=self.mean_F,
            projection_FD=self.projection_FD,
            directions_MD=np.concatenate((self.directions_MD, self.directions(images))),
            thing_M=np.concatenate((self.thing_M, np.array(rows, np.int64))),
            things=tuple(added),
            sharpness=self.sharpness,
            unknown=self.unknown,
        )


def unit_rows(rows_BD: npt.NDArray[Any]) -> Floats:
    """Rows of length 1."""
    length_B1 = np.linalg.norm(rows_BD, axis=1, keepdims=True)
    unit_BD: Floats = (rows_BD / np.maximum(length_B1, 1e-9)).astype(np.float32)
    return unit_BD


def calibrated(cosine_BK: Floats, sharpness: float, unknown: float) -> Floats:
    """log p [B, K] of cosines, with something unknown beside the K things."""
    logits_BK = sharpness * (cosine_BK - 1)
    unknown_logit = sharpness * (unknown - 1)
    total_B1 = np.exp(logits_BK).sum(1, keepdims=True) + np.exp(unknown_logit)
    log_BK: Floats = (logits_BK - np.log(total_B1)).astype(np.float32)
    return log_BK
