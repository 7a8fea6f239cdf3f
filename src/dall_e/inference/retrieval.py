"""Which of many images fits a text best, by the dual encoder's one space for both.

Images and texts are directions in that space; how well two fit is the cosine between them.

Shapes: D width, L text tokens, N texts, C H W channels (4, premultiplied RGBA), rows and columns.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from dall_e.data.folders import image_files
from dall_e.data.inventory import Inventory
from dall_e.errors import DallEWarning
from dall_e.images.files import PILImage, from_pil, read_image
from dall_e.inference.validation import checked_prompts, is_int
from dall_e.models.dual_encoder import DualEncoder
from dall_e.nn.precision import entering
from dall_e.text.tokenizer import PAD_ID, TextTokenizer

ImageInput = PILImage | str | os.PathLike[str]
"""An image, or the file of one."""


class SearchResult(NamedTuple):
    """An image that was looked at."""

    image: PILImage | Path
    """The image, or the path of the file, as it was given."""
    score: float
    """How well it fits the text, from -1 to 1."""


class Retriever:
    """Compares images with texts."""

    def __init__(self, dual_encoder: DualEncoder, text_tokenizer: TextTokenizer) -> None:
        self._dual_encoder = dual_encoder
        self._text_tokenizer = text_tokenizer

    def embed_text(self, text: str) -> Tensor:
        """Direction [D] of a text. Raises ValueError for what is no prompt."""
        max_tokens = self._dual_encoder.config.max_tokens
        ids_1L = self._text_tokenizer.encode(checked_prompts(text), max_tokens).ids_BL
        text_1D: Tensor = self._dual_encoder.embed_texts(ids_1L.to(self._dual_encoder.bias.device))
        return text_1D[0]

    def embed_names(self, names: Sequence[str]) -> Tensor:
        """Directions [N, D] of many short texts at once, as a vocabulary has them."""
        max_tokens = self._dual_encoder.config.max_tokens
        ids_NL = self._text_tokenizer.encode(list(names), max_tokens).ids_BL
        # Padding changes no direction, and most of a row is padding.
        longest = int((ids_NL != PAD_ID).sum(1).max())
        ids_NL = ids_NL[:, :longest]
        names_ND: Tensor = self._dual_encoder.embed_texts(ids_NL.to(self._dual_encoder.bias.device))
        return names_ND

    def embed_image(self, image: ImageInput) -> Tensor:
        """Direction [D] of an image, seen on white.

        Raises OSError or ValueError for a file that cannot be read.
        """
        side = self._dual_encoder.config.image_size
        if isinstance(image, PILImage):
            image_CHW = from_pil(image, side)
        else:
            image_CHW = read_image(image, side)

        x_1CHW = torch.from_numpy(image_CHW)[None].float() / 255
        entering_1CHW = entering(self._dual_encoder, x_1CHW)
        image_1D: Tensor = self._dual_encoder.embed_images(entering_1CHW)
        return image_1D[0]

    def scores(self, images: Iterable[ImageInput], text: str) -> list[float]:
        """How well each image fits a text."""
        text_D = self.embed_text(text)
        return [self._score(image, text_D) for image in images]

    def search(
        self, text: str, images: Sequence[ImageInput] | str | os.PathLike[str], top: int
    ) -> list[SearchResult]:
        """Find the `top` images that fit a text best, the best first.

        images: a folder, looked through with the folders in it, or images and files. Warns of files
        that cannot be read, and goes on. Raises ValueError if there is no image at all.
        """
        if not is_int(top) or top < 1:
            raise ValueError(f"top must be a whole number of at least 1, got {top!r}")

        text_D = self.embed_text(text)
        results: list[SearchResult] = []
        unreadable: list[str] = []
        for image in _files_in(images) if isinstance(images, str | os.PathLike) else images:
            try:
                score = self._score(image, text_D)
            except (OSError, ValueError) as error:
                unreadable.append(f"{image}: {error}")
                continue
            results.append(
                SearchResult(image if isinstance(image, PILImage) else Path(image), score)
            )

        if unreadable:
            warnings.warn(
                f"{len(unreadable)} pictures could not be read; the first: {unreadable[0]}",
                stacklevel=3,
            )
        if not results:
            raise ValueError("there is no picture to search")
        return sorted(results, key=lambda result: -result.score)[:top]

    def _score(self, image: ImageInput, text_D: Tensor) -> float:
        return float((self.embed_image(image) * text_D).sum())


def _files_in(folder: str | os.PathLike[str]) -> list[Path]:
    """All image files in a folder, and in the folders in it.

    Raises FileNotFoundError if there is no such folder.
    """
    root = Path(folder).expanduser()
    if not root.is_dir():
        raise FileNotFoundError(f"there is no folder {root}")
    inventory = Inventory(root=str(root))
    files = image_files(root, inventory)
    if inventory.losses():
        warnings.warn(f"{root}: {inventory.losses()}", DallEWarning, stacklevel=4)
    return files
