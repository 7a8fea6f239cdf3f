"""From images to the image tokens of a model, and which of them can be given to it.

Shapes: B images, C H W channels, rows and columns; N image tokens.
"""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from dall_e.checkpoints.families.base import PublishedNetworks
from dall_e.config import ModelConfig
from dall_e.config.published import PublishedConfig
from dall_e.images.files import PILImage, from_pil, read_image
from dall_e.images.white_ground import without_white_ground
from dall_e.inference.loading import Networks
from dall_e.inference.retrieval import ImageInput
from dall_e.models.image_tokenizer import ImageTokenizer
from dall_e.models.vqgan import VQGAN
from dall_e.nn.precision import entering, weight_of
from dall_e.runtime import inference, one_thread
from dall_e.sampling.decode import KnownTokens

_BLOT = 1.2
"""How far the blots reach that are drawn anew, as a standard deviation in tokens."""


def image_tokens(
    config: ModelConfig | PublishedConfig, networks: Networks | PublishedNetworks, image: ImageInput
) -> Tensor:
    """Codes int64 [1, N] of an image of any size and mode, on the model's device.

    image: a PIL image, or the file of one. One that is not square is centred on a square. Published
    models see it on white; ours, which draw on nothing, without the white around what it shows.
    Raises UnusableFileError for a file that cannot be read, and ValueError where a model was
    published without what reads images.
    """
    tokenizer = networks.tokenizer
    if isinstance(tokenizer, VQGAN) and tokenizer.encoder is None:
        raise ValueError(
            f"{config.name} was published without the encoder of its image tokenizer: it draws "
            "pictures, but cannot read one"
        )

    x_CHW = image_pixels(config, networks, image)
    with inference(x_CHW.device), one_thread():
        if isinstance(tokenizer, ImageTokenizer):
            return tokenizer.tokenize(entering(tokenizer, x_CHW[None]))

        # Published tokenizers know neither transparency nor, most of them, our range.
        assert isinstance(tokenizer, VQGAN)
        rgb_CHW = x_CHW[:3] + 1 - x_CHW[3:]
        ranged_CHW = rgb_CHW if tokenizer.config.unit_range else rgb_CHW * 2 - 1
        return tokenizer.encode(ranged_CHW[None]).codes_BHW.flatten(1)


def image_pixels(
    config: ModelConfig | PublishedConfig, networks: Networks | PublishedNetworks, image: ImageInput
) -> Tensor:
    """An image as the image tokenizer takes it: float32 [4, H, W] in [0, 1], premultiplied RGBA.

    Arguments and errors are as of `image_tokens`.
    """
    tokenizer, size = networks.tokenizer, config.tokenizer.image_size
    array_CHW = from_pil(image, size) if isinstance(image, PILImage) else read_image(image, size)
    if isinstance(tokenizer, ImageTokenizer):
        array_CHW = without_white_ground(array_CHW)
    return torch.from_numpy(array_CHW).to(weight_of(tokenizer).device, torch.float32) / 255


def new_tokens(codes_BN: Tensor, fraction: float, seed: int) -> Tensor:
    """Which tokens of images are drawn anew, bool [B, N]: the same blots of the grid in each.

    fraction: how many of them, above 0 and below 1; at least one is new, and one is kept.
    """
    num_tokens = codes_BN.shape[1]
    side = math.isqrt(num_tokens)
    noise_N: npt.NDArray[Any] = np.random.default_rng(seed).standard_normal(num_tokens)
    if side * side == num_tokens:
        noise_N = cv2.GaussianBlur(noise_N.reshape(side, side), (0, 0), _BLOT).ravel()
    count = min(max(round(num_tokens * fraction), 1), num_tokens - 1)
    is_new_N = np.zeros(num_tokens, dtype=bool)
    is_new_N[np.argsort(noise_N)[:count]] = True
    return torch.from_numpy(is_new_N).to(codes_BN.device).expand(codes_BN.shape)


def check_prefix(known: KnownTokens, name: str) -> None:
    """Check that what is known are the first tokens. Raises ValueError if a gap is before one.

    name: of the model, which draws from left to right.
    """
    is_known_BN = known.mask_BN
    if bool((is_known_BN[:, 1:] & ~is_known_BN[:, :-1]).any()):
        raise ValueError(
            f"{name} draws row by row, from the top left on, and sees only what is before: the "
            "top rows of a picture can be given, no other part"
        )
