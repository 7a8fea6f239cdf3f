"""The images that a drawing is most like, so that a copy is seen as a copy.

They are looked for in the model's memory, by tokens that are the same, position by position. Or in
a folder: there the dual encoder finds them, and a file has to be read into tokens, which is not
exact: of its own drawings, saved and read again, the built-in model finds 69 to 92 % of the tokens.
A model without a memory is asked what it draws under its names.

Shapes: N image tokens, D width, M images or names, C H W channels (4, premultiplied RGBA), rows and
columns.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from dall_e.data.folders import image_files
from dall_e.data.inventory import Inventory
from dall_e.explain.remembered import image_of_row, name_of_row
from dall_e.images.files import ImageArray, read_image, to_pil, to_uint8
from dall_e.inference.engine import Engine
from dall_e.models.image_tokenizer import ImageTokenizer
from dall_e.nn.precision import entering
from dall_e.sampling.decode import DecodeStep
from dall_e.sampling.memory import TokenMemory

NUM_SHOWN = 3
_OTHER_SEED = 1 << 20
"""Names are drawn anew with seeds from here on, which hardly anybody chose for the drawing."""


@dataclass(frozen=True, kw_only=True)
class NearImage:
    """An image that a drawing is like."""

    name: str
    """Of its file, or the name by which it is remembered, or was drawn anew."""
    image: ImageArray
    """uint8 [4, H, W], premultiplied RGBA."""
    similarity: float
    """Cosine of the two images in the dual encoder's space, -1 to 1."""
    same_tokens: float
    """Fraction of positions, 0 to 1, that have the same image token in both."""


class Neighbours:
    """Finds the nearest of some images, for several drawings one after the other."""

    def __init__(self, engine: Engine, folder: str | os.PathLike[str] | None = None) -> None:
        """Look in a folder of images, or in the memory of the model, or in what it draws by name.

        Files that are no images are left out. Raises FileNotFoundError without such a folder,
        ValueError if there is no image in it, or if the model has no dual encoder.
        """
        self._engine = engine
        self._files: list[Path] = []
        self._names: list[str] = []
        self._memory: TokenMemory | None = None
        self.compared_with = ""
        """What the images are taken from, in words; "" for names that are drawn anew."""
        self.compared_with_zh = ""
        if folder is not None:
            self._root = Path(folder).expanduser()
            self._directions_MD = self._read_folder()
            self.compared_with = f"the pictures in {os.fspath(folder)}"
            self.compared_with_zh = f"文件夹 {os.fspath(folder)} 的图"
        elif engine.networks.dual_encoder is None:
            return
        elif engine.drawer.memory:
            self._memory = engine.drawer.memory
            self.compared_with = f"the {len(self._memory):,} pictures that the model remembers"
            self.compared_with_zh = f"模型记住的 {len(self._memory):,} 张图"
        elif engine.vocabulary is not None:
            known = engine.vocabulary
            self._names = list(dict.fromkeys([*known.table_things, *known.single_things]))
            if self._names:
                self._directions_MD = engine.retriever("near names").embed_names(self._names)

    def of(self, image: ImageArray, codes_N: Tensor) -> list[NearImage]:
        """The NUM_SHOWN images that a drawing is most like, the nearest first.

        None for a model that has nothing to compare with.
        """
        if self._memory:
            return self._remembered(self._memory, image, codes_N)
        count = len(self._files) or len(self._names)
        if not count:
            return []
        own_D = self._direction(image)
        best = (self._directions_MD @ own_D).topk(min(NUM_SHOWN, count)).indices.tolist()
        if self._files:
            names = [self._files[row].relative_to(self._root).as_posix() for row in best]
            images = [read_image(self._files[row], image.shape[-1]) for row in best]
            tokens = [_tokens_of(self._engine, other) for other in images]
        else:
            names = [self._names[row] for row in best]
            tokens = _drawn(self._engine, names)
            images = [to_uint8(self._engine.pixels(other_N[None])) for other_N in tokens]

        near = [
            NearImage(
                name=name,
                image=other,
                similarity=float(own_D @ self._direction(other)),
                same_tokens=float((other_N == codes_N).float().mean()),
            )
            for name, other, other_N in zip(names, images, tokens, strict=True)
        ]
        return sorted(near, key=lambda each: -each.similarity)

    def _remembered(
        self, memory: TokenMemory, image: ImageArray, codes_N: Tensor
    ) -> list[NearImage]:
        """Those of the memory with the most tokens that are the same, whatever they are called."""
        same_I = (memory.codes_IN == codes_N.to(memory.codes_IN)).float().mean(1)
        best = same_I.topk(min(NUM_SHOWN, len(memory)))
        own_D = self._direction(image)
        near: list[NearImage] = []
        for row, same in zip(best.indices.tolist(), best.values.tolist(), strict=True):
            other = image_of_row(self._engine, memory, row)
            similarity = float(own_D @ self._direction(other))
            name = name_of_row(memory, row)
            near.append(NearImage(name=name, image=other, similarity=similarity, same_tokens=same))
        return near

    def _direction(self, image: ImageArray) -> Tensor:
        return self._engine.retriever("near pictures").embed_image(to_pil(image))

    def _read_folder(self) -> Tensor:
        """Directions [M, D] of the images of the folder, whose files are noted."""
        if not self._root.is_dir():
            raise FileNotFoundError(f"there is no folder {self._root}")
        retriever = self._engine.retriever("a search for the nearest pictures")
        directions: list[Tensor] = []
        for path in image_files(self._root, Inventory(root=str(self._root))):
            try:
                directions.append(retriever.embed_image(path))
            except (OSError, ValueError):
                continue
            self._files.append(path)
        if not directions:
            raise ValueError(f"{self._root}: there is no picture to compare with")
        return torch.stack(directions)


def _drawn(engine: Engine, names: Sequence[str]) -> list[Tensor]:
    """The tokens [N] of each name, drawn whole."""
    steps: list[DecodeStep] = []
    request = engine.request(
        list(names),
        seed=[_OTHER_SEED + number for number in range(len(names))],
        height=engine.config.tokenizer.image_size,
        finish="soft",
        sampling=replace(engine.config.sampling, compose=False),
        refuses_blots=False,
    )
    engine.generate(request, steps.append)
    return list(steps[-1].codes_BN)


def _tokens_of(engine: Engine, image: ImageArray) -> Tensor:
    """The tokens [N] of an image."""
    tokenizer = engine.networks.tokenizer
    assert isinstance(tokenizer, ImageTokenizer)
    x_1CHW = torch.from_numpy(np.ascontiguousarray(image))[None].float() / 255
    codes_1N = tokenizer.tokenize(entering(tokenizer, x_1CHW))
    return codes_1N[0].to(engine.device)
