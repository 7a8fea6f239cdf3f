"""Pictures as codes, made once and cached in the run folder: of the data set and of scenes.

Shapes: V views, M pictures, N tokens, S scenes, B pictures of a batch, C channels, H W rows and
columns.
"""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from dall_e.checkpoints.run_files import load_whole
from dall_e.data.augment import random_views
from dall_e.data.datasets import ImageSet
from dall_e.models.image_tokenizer import ImageTokenizer
from dall_e.runtime import autocast, pick_dtype
from dall_e.text.language import mirrors
from dall_e.training.run_folder import save_whole
from dall_e.training.tracking import announce

_BATCH_SIZE = 64
# Seconds between two lines that say how far the pictures have come.
_SECONDS_PER_LINE = 20
# Scenes between two lines that say how far the drawing has come.
_SCENES_PER_LINE = 5000

Codes = TypeVar("Codes", Tensor, list[Tensor])


@torch.no_grad()
def tokenize_images(tokenizer: ImageTokenizer, x_BCHW: Tensor) -> Tensor:
    """Codes int16 [B, N], on the CPU, of pictures [B, 4, H, W] in [0, 1]."""
    device = tokenizer.last_weight.device
    x_BCHW = x_BCHW.to(device).contiguous(memory_format=torch.channels_last)
    with autocast(device, pick_dtype("auto", device)):
        return tokenizer.tokenize(x_BCHW).to(torch.int16).cpu()


def tokenize_views(
    tokenizer: ImageTokenizer,
    images_NCHW: Tensor,
    mirror_N: Tensor,
    *,
    views: int,
    seed: int,
    batch_size: int = _BATCH_SIZE,
) -> Tensor:
    """Codes int16 [V, M, N], on the CPU, of pictures and of `views - 1` random views of each.

    The first view is the picture itself. `images_NCHW` is uint8; `mirror_N` tells which of the
    pictures may be mirrored.
    """
    codes: list[Tensor] = []
    device = tokenizer.last_weight.device
    total, said = views * len(images_NCHW), time.monotonic()
    for view in range(views):
        for start in range(0, len(images_NCHW), batch_size):
            rows = slice(start, start + batch_size)
            x_BCHW = images_NCHW[rows].to(device).float() / 255
            if view:
                rng = torch.Generator().manual_seed((seed * 1000 + view) * 1_000_003 + start)
                x_BCHW = random_views(x_BCHW, rng, mirror_B=mirror_N[rows])
            codes.append(tokenize_images(tokenizer, x_BCHW))
            if time.monotonic() - said >= _SECONDS_PER_LINE:
                announce(f"{view * len(images_NCHW) + start + len(x_BCHW):,} of {total:,} done")
                said = time.monotonic()
    codes_VMN: Tensor = torch.cat(codes).unflatten(0, (views, -1))
    return codes_VMN


def tokenize_as_they_are(tokenizer: ImageTokenizer, images_NCHW: Tensor) -> Tensor:
    """Codes int16 [M, N] of pictures, without any other view of them."""
    nothing_mirrored_N = torch.zeros(0)
    return tokenize_views(tokenizer, images_NCHW, nothing_mirrored_N, views=1, seed=0)[0]


def image_codes(
    path: Path, tokenizer: ImageTokenizer, images: ImageSet, *, views: int, seed: int
) -> Tensor:
    """Codes int16 [V, M, N] of all views of a data set's pictures.

    They are read from `path` if they were made from the same pictures by the same tokenizer.
    """
    digest = hashlib.sha256(images.images_NCHW.contiguous().numpy().data).hexdigest()

    def make() -> Tensor:
        announce(f"turning {len(images):,} pictures into codes, each in {views} views")
        mirror_N = torch.tensor([mirrors(record) for record in images.records])
        return tokenize_views(tokenizer, images.images_NCHW, mirror_N, views=views, seed=seed)

    return cached(path, f"{digest} {encoder_digest(tokenizer)} {views} {seed} {len(images)}", make)


def scene_codes(
    path: Path, tokenizer: ImageTokenizer, drawn: Iterable[Any], *, count: int, name: str
) -> Tensor:
    """Codes int16 [S, N] of the first `count` of the `drawn` pictures (uint8 [4, H, W]).

    They are read from `path` if they were made under the same `name`, which says what is drawn, by
    the same tokenizer.
    """

    def make() -> Tensor:
        codes: list[Tensor] = []
        waiting: list[Tensor] = []
        for number, image in zip(range(1, count + 1), drawn, strict=False):
            waiting.append(torch.from_numpy(image))
            if len(waiting) == _BATCH_SIZE or number == count:
                codes.append(tokenize_images(tokenizer, torch.stack(waiting).float() / 255))
                waiting = []
            if number % _SCENES_PER_LINE == 0:
                announce(f"{number:,} of {count:,} scenes drawn")
        return torch.cat(codes)

    return cached(path, f"{name} {count} {encoder_digest(tokenizer)}", make)


def cached(path: Path, fingerprint: str, make: Callable[[], Codes]) -> Codes:
    """What `make` returns, written to `path`, or read from there if the fingerprint is the same.

    The fingerprint says what the codes were made from. A file that is missing or damaged is made
    again.
    """
    with contextlib.suppress(Exception):
        stored: dict[str, Any] = load_whole(path)
        if stored["fingerprint"] == fingerprint:
            stored_codes: Codes = stored["codes"]
            return stored_codes
    codes = make()
    save_whole(path, {"fingerprint": fingerprint, "codes": codes})
    return codes


def weights_digest(network: nn.Module) -> str:
    """A digest that tells the weights of a network from others."""
    digest = hashlib.sha256()
    for weight in network.state_dict().values():
        digest.update(weight.detach().cpu().numpy().tobytes())
    return digest.hexdigest()


def encoder_digest(tokenizer: ImageTokenizer) -> str:
    """A digest that tells an image tokenizer that makes other codes from this one."""
    return f"{weights_digest(tokenizer.encoder)} {tokenizer.config}"
