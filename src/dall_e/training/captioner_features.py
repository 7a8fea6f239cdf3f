"""What a captioner sees of pictures, computed once and cached in the run folder.

Its eyes do not learn, so a picture's features are the same whenever it is met. Some views go
through an image tokenizer first, if one is given, and some of those have codes moved to neighbours:
as soft and as wrong as what a generator draws, without a generator.

Shapes: V views, M pictures, B of a batch, C channels (4, premultiplied RGBA), H W rows and columns,
S positions of the map, F features of a position, E of a picture as a whole.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from dall_e.config import CaptionerTraining
from dall_e.data.augment import random_views
from dall_e.data.datasets import ImageSet
from dall_e.models.captioner import Captioner, ImageFeatures
from dall_e.models.image_tokenizer import ImageTokenizer
from dall_e.text.language import mirrors
from dall_e.training.captioned_scenes import SceneSource
from dall_e.training.perturbation import moved_codes
from dall_e.training.softening import softened
from dall_e.training.token_cache import cached, weights_digest
from dall_e.training.tracking import announce

_IMAGES_FILE, _SCENES_FILE = "features.pt", "scene_features.pt"
_BATCH_SIZE = 64
_SOFT_FRACTION = 0.3
_WHITE_FRACTION = 0.5
# Seconds between two lines that say how far the pictures have come.
_SECONDS_PER_LINE = 20


class FeatureBank(NamedTuple):
    """Features of many pictures, float16."""

    map_NSF: Tensor
    vector_NE: Tensor

    def at(self, rows: Tensor) -> ImageFeatures:
        """Those of some rows, float32."""
        return ImageFeatures(self.map_NSF[rows].float(), self.vector_NE[rows].float())


class Eyes:
    """Turns pictures into features, with the views of a captioner's training."""

    def __init__(
        self, captioner: Captioner, tokenizer: ImageTokenizer | None, config: CaptionerTraining
    ) -> None:
        self._captioner = captioner
        self._tokenizer = tokenizer
        self._config = config
        tower = weights_digest(captioner.image)
        decoder = weights_digest(tokenizer) if tokenizer else "no tokenizer"
        self._name = f"{tower} {decoder}"

    def of_views(self, folder: Path | None, images: ImageSet) -> FeatureBank:
        """Features of all views of a data set's pictures, [V M, ...], view by view."""
        config = self._config
        content = hashlib.sha256(images.images_NCHW.contiguous().numpy().data).hexdigest()
        settings = (config.views, config.tokenized_fraction, config.perturbation, config.loop.seed)
        announce(f"looking at {len(images):,} pictures, each in {config.views} views")
        return _bank(
            folder and folder / _IMAGES_FILE,
            f"{content} {self._name} {settings}",
            self._views(images),
        )

    def of_scenes(self, folder: Path | None, scenes: SceneSource, name: str) -> FeatureBank:
        """Features of the first `config.scenes` scenes; `name` says what they are made of."""
        count, seed = self._config.scenes, self._config.loop.seed
        announce(f"composing and looking at {count:,} scenes")

        def looked() -> Iterator[ImageFeatures]:
            for start in range(0, count, _BATCH_SIZE):
                numbers = range(start, min(start + _BATCH_SIZE, count))
                drawn = [scenes.image(f"{seed}/{number}") for number in numbers]
                x_BCHW = torch.from_numpy(np.stack(drawn)).float() / 255
                rng = torch.Generator().manual_seed(seed * 1000 + start)
                yield self._seen(x_BCHW, rng)

        return _bank(
            folder and folder / _SCENES_FILE, f"{name} {count} {seed} {self._name}", looked()
        )

    def _views(self, images: ImageSet) -> Iterator[ImageFeatures]:
        views, seed = self._config.views, self._config.loop.seed
        mirror_M = torch.tensor([mirrors(record) for record in images.records])
        for view in range(views):
            for start in range(0, len(images), _BATCH_SIZE):
                rows = slice(start, start + _BATCH_SIZE)
                x_BCHW = images.images_NCHW[rows].float() / 255
                if not view:
                    yield self._features(x_BCHW, None)
                    continue
                rng = torch.Generator().manual_seed((seed * 1000 + view) * 1_000_003 + start)
                x_BCHW = self._through_tokenizer(x_BCHW, rng)
                x_BCHW = random_views(x_BCHW, rng, mirror_B=mirror_M[rows])
                yield self._seen(x_BCHW, rng)

    def _seen(self, x_BCHW: Tensor, rng: torch.Generator) -> ImageFeatures:
        """Features of pictures on flat colours, half of them white; some pictures soft."""
        background_BC = torch.rand(len(x_BCHW), 3, generator=rng)
        background_BC[torch.rand(len(x_BCHW), generator=rng) < _WHITE_FRACTION] = 1.0
        soft_B = torch.rand(len(x_BCHW), generator=rng) < _SOFT_FRACTION
        return self._features(softened(x_BCHW, soft_B), background_BC)

    def _features(self, x_BCHW: Tensor, background_BC: Tensor | None) -> ImageFeatures:
        device = self._captioner.words.weight.device
        if background_BC is not None:
            background_BC = background_BC.to(device)
        return self._captioner.features(x_BCHW.to(device), background_BC)

    @torch.no_grad()
    def _through_tokenizer(self, x_BCHW: Tensor, rng: torch.Generator) -> Tensor:
        """Pictures, some through the image tokenizer, some of those with wrong codes."""
        through = round(self._config.tokenized_fraction * len(x_BCHW))
        if self._tokenizer is None or not through:
            return x_BCHW
        perturbation = self._config.perturbation
        moved = round(perturbation.perturbed_fraction * len(x_BCHW))

        # Which ones is drawn anew for each view.
        chosen_B = torch.randperm(len(x_BCHW), generator=rng)[:through]
        codes_BN = moved_codes(
            self._tokenizer.tokenize(x_BCHW[chosen_B]),
            self._tokenizer.quantizer,
            rng,
            num_images=min(moved, through),
            most_tokens=perturbation.perturbed_tokens,
        )
        x_BCHW[chosen_B] = self._tokenizer.detokenize(codes_BN).float().clamp(0, 1)
        return x_BCHW


def _bank(path: Path | None, fingerprint: str, batches: Iterator[ImageFeatures]) -> FeatureBank:
    """Features of many batches in one, read from a file if it has the same fingerprint."""

    def make() -> list[Tensor]:
        maps, vectors, said, count = [], [], time.monotonic(), 0
        for batch in batches:
            maps.append(batch.map_ISF.half().cpu())
            vectors.append(batch.vector_IE.half().cpu())
            count += len(maps[-1])
            if time.monotonic() - said >= _SECONDS_PER_LINE:
                announce(f"{count:,} seen")
                said = time.monotonic()
        return [torch.cat(maps), torch.cat(vectors)]

    return FeatureBank(*(cached(path, fingerprint, make) if path else make()))
