"""Which of many pictures fits a text best: pictures and texts as directions in the dual encoder's one
space.

Shapes: D width, C H W a picture (4 channels, premultiplied RGBA).
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from dall_e.data.datasets import image_files
from dall_e.images.files import PILImage, decode_image, from_pil
from dall_e.inference.validation import checked_prompts, is_int
from dall_e.models.dual_encoder import DualEncoder
from dall_e.text.tokenizer import TextTokenizer

ImageInput = PILImage | str | os.PathLike[str]
"""A picture, or the file of one."""


class SearchResult(NamedTuple):
    """A picture that was looked at."""

    image: PILImage | Path
    """The image, or the path of the file, as it was given."""
    score: float
    """How well it fits the text, from -1 to 1."""


class Retriever:
    """Compares pictures with texts."""

    def __init__(self, dual_encoder: DualEncoder, text_tokenizer: TextTokenizer) -> None:
        self._dual_encoder = dual_encoder
        self._text_tokenizer = text_tokenizer

    def text(self, text: str) -> Tensor:
        """Direction [D] of a text. Raises ValueError for what is no prompt."""
        ids_1L = self._text_tokenizer.encode(
            checked_prompts(text), self._dual_encoder.config.max_tokens
        ).ids_BL
        text_D: Tensor = self._dual_encoder.embed_texts(ids_1L.to(self._dual_encoder.bias.device))[
            0
        ]
        return text_D

    def embed(self, image: ImageInput) -> Tensor:
        """Direction [D] of a picture, seen on white. Raises ValueError for a file that is not
        readable."""
        side, like = self._dual_encoder.config.image_size, self._dual_encoder.bias
        if isinstance(image, PILImage):
            image_CHW = from_pil(image, side)
        else:
            image_CHW = decode_image(Path(image).read_bytes(), side)
        x_1CHW = torch.from_numpy(image_CHW)[None].to(like.device, like.dtype) / 255
        image_D: Tensor = self._dual_encoder.embed_images(x_1CHW)[0]
        return image_D

    def scores(self, images: Iterable[ImageInput], text: str) -> list[float]:
        """How well each picture fits a text."""
        text_D = self.text(text)
        return [float((self.embed(image) * text_D).sum()) for image in images]

    def search(
        self, text: str, pictures: Sequence[ImageInput] | str | os.PathLike[str], top: int
    ) -> list[SearchResult]:
        """The `top` pictures that fit a text best, best first. Warns of files that cannot be read,
        and goes on."""
        if not is_int(top) or top < 1:
            raise ValueError(f"top must be a whole number of at least 1, got {top!r}")
        text_D = self.text(text)
        found, unreadable = [], []
        for picture in _files_in(pictures) if isinstance(pictures, str | os.PathLike) else pictures:
            try:
                score = float((self.embed(picture) * text_D).sum())
            except (OSError, ValueError) as error:
                unreadable.append(f"{picture}: {error}")
                continue
            found.append(
                SearchResult(picture if isinstance(picture, PILImage) else Path(picture), score)
            )
        if unreadable:
            warnings.warn(
                f"{len(unreadable)} pictures could not be read; the first: {unreadable[0]}",
                stacklevel=3,
            )
        if not found:
            raise ValueError("there is no picture to search")
        return sorted(found, key=lambda one: -one.score)[:top]


def _files_in(folder: str | os.PathLike[str]) -> list[Path]:
    """All picture files in a folder, and in the folders in it. Raises FileNotFoundError if there is
    no such folder."""
    root = Path(folder).expanduser()
    if not root.is_dir():
        raise FileNotFoundError(f"there is no folder {root}")
    return image_files(root)
