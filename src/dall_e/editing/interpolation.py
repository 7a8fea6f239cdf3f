"""From one image to another in steps, each of them a drawing of its own.

Both ends become noise under one order (`inversion.py`), so they are drawn just as they are. Between
them the noise is mixed so that it stays Gumbel noise, and the words so that one prompt turns into
the other (`sampling/mixing.py`).

Shapes: B images of a batch, N image tokens, C codes.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from dall_e.images.files import PILImage, read_metadata
from dall_e.inference.engine import Engine
from dall_e.inference.image_tokens import image_tokens
from dall_e.inference.request import GeneratedImage, GenerationRequest
from dall_e.inference.retrieval import ImageInput
from dall_e.inference.validation import is_int
from dall_e.sampling.hindsight import mixed_noise

MOST_STEPS = 1000
"""Images of one interpolation."""

IMAGE_ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".avif", ".bmp", ".tif", ".tiff")
"""A text that ends so is the path of a file, not a prompt."""


_NARROWEST = 1 / 256
"""Weights between which nothing more is looked for: there one token changes all that follow."""


@dataclass(frozen=True)
class End:
    """One end of an interpolation."""

    request: GenerationRequest
    """Draws it, whole."""
    image: ImageInput | None = None
    """What it shows; None for what the request draws."""


def interpolate(engine: Engine, first: End, second: End, steps: int) -> list[GeneratedImage]:
    """Draw `steps` images from the first end to the second, both included.

    They lie closer where more changes, so that steps are about as large as each other. Those of the
    first half carry the words of the first end. Raises ValueError for models that cannot read
    images where an end is one.
    """
    # One order for all: that of the first end.
    ends, seed = (first, second), first.request.seeds[0]
    noise_a, noise_b = (_noise(engine, end, seed) for end in ends)

    def drawn(weights: Sequence[float]) -> Tensor:
        noise_BNC = torch.cat([mixed_noise(noise_a, noise_b, weight) for weight in weights])
        with engine.computing():
            requests = [_frames(end.request, seed, noise_BNC) for end in ends]
            jobs = [engine.plan(request) for request in requests]
            return engine.drawer.draw_between(requests, jobs, torch.tensor(weights))

    # From the two ends on, the largest gaps are halved, several at a time.
    codes_of: dict[float, Tensor] = dict(zip((0.0, 1.0), drawn((0.0, 1.0)), strict=True))
    while len(codes_of) < steps:
        halves = largest_gaps(codes_of, steps - len(codes_of))
        codes_of |= zip(halves, drawn(halves), strict=True)

    images: list[GeneratedImage] = []
    for end, is_second in ((first, False), (second, True)):
        own = [codes_of[weight] for weight in sorted(codes_of) if (weight > 0.5) == is_second]
        request = _frames(end.request, seed, noise_a.expand(len(own), -1, -1))
        images += engine.finish(request, torch.stack(own))
    return images


def largest_gaps(codes_of: Mapping[float, Tensor], most: int) -> list[float]:
    """The middles of up to `most` gaps between weights: of those where most tokens change.

    codes_of: the tokens [N] of each weight. Where nothing changes, the widest gap is the largest.
    """
    weights = sorted(codes_of)
    gaps = list(zip(weights, weights[1:], strict=False))

    def size(gap: tuple[float, float]) -> tuple[int, float]:
        low, high = gap
        width = high - low
        changed = int((codes_of[low] != codes_of[high]).sum()) if width > _NARROWEST else 0
        return changed, width

    # Half of the gaps at a time: the others may turn out to be small beside what is between.
    count = min(most, max(1, len(gaps) // 2))
    largest = sorted(gaps, key=size, reverse=True)[:count]
    return [(low + high) / 2 for low, high in largest]


def _noise(engine: Engine, end: End, seed: int) -> Tensor:
    """Noise [1, N, C] that draws an end in the order of a seed."""
    if end.image is not None:
        codes_1N = image_tokens(engine.config, engine.networks, end.image)
    else:
        with engine.computing():
            codes_1N = engine.drawer.draw(end.request, engine.plan(end.request))
    return engine.find_noise(dataclasses.replace(end.request, seeds=(seed,)), codes_1N)


def _frames(request: GenerationRequest, seed: int, noise_BNC: Tensor) -> GenerationRequest:
    """A request for all steps, under the words of one end."""
    count = len(noise_BNC)
    return dataclasses.replace(
        request, seeds=(seed,) * count, images_per_prompt=count, noise_BNC=noise_BNC
    )


def checked_end(
    end: ImageInput | int, prompt: str | None, seed: int
) -> tuple[str, int, ImageInput | None]:
    """The words, the seed and the image of an end as somebody gives it: a prompt, a seed, an image.

    prompt, seed: what an end does not say itself. Raises ValueError for a seed or an image without
    words, and for anything else.
    """
    if is_int(end):
        if prompt is None:
            raise ValueError(f"seed {end} needs words: write prompt=")
        assert not isinstance(end, PILImage | str | os.PathLike)
        return prompt, end, None
    if isinstance(end, str) and Path(end).suffix.lower() not in IMAGE_ENDINGS:
        return end, seed, None
    if isinstance(end, PILImage | str | os.PathLike):
        story = end.info if isinstance(end, PILImage) else read_metadata(end)
        words = prompt if prompt is not None else story.get("prompt")
        if not isinstance(words, str):
            raise ValueError("this picture does not say what it shows: write prompt=")
        return words, seed, end
    raise ValueError(f"give a prompt, a seed or a picture, not {type(end).__name__}")
