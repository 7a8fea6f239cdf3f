"""Images that a model remembers without training: put in, drawn by their names, taken out again.

Mixed into `DALL_E`. A model learns an image by heart in hundreds of views of it, and remembers it
after one (`sampling/memory.py`).

Shapes: B images, C H W channels (4, premultiplied RGBA), rows and columns; N image tokens.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from dall_e.config import ModelConfig
from dall_e.config.published import PublishedConfig
from dall_e.images.files import PILImage
from dall_e.images.residuals import pack_residual
from dall_e.inference.image_tokens import image_pixels
from dall_e.inference.retrieval import ImageInput
from dall_e.models.image_tokenizer import ImageTokenizer
from dall_e.nn.precision import entering
from dall_e.planning.vocabulary import Vocabulary
from dall_e.planning.vocabulary_rows import KINDS, KnownName
from dall_e.runtime import inference, one_thread
from dall_e.sampling.memory import TokenMemory
from dall_e.text.language import is_chinese, without_article

if TYPE_CHECKING:
    from typing_extensions import Self

    from dall_e.inference.engine import Engine

_AT_A_TIME = 32
"""Images that are tokenised together."""
_MOST_WORDS, _LONGEST_NAME_ZH = 4, 8
_SAYS_MORE = re.compile(
    r"\b(?:and|with|in|on|under|of|is|are|that|who)\b|[和与在的]", re.IGNORECASE
)
"""Words of captions that tell more than a name."""


class Remembering:
    """A model with a memory of images."""

    config: ModelConfig | PublishedConfig
    engine: Engine
    vocabulary: Vocabulary | None

    @property
    def memory(self) -> TokenMemory | None:
        """The images that it remembers; None is a model that has only what it has learned.

        Can be set, to None as well: then names that it has not learned by heart come out as well as
        it has learned them.
        """
        return self.engine.drawer.memory

    @memory.setter
    def memory(self, memory: TokenMemory | None) -> None:
        if memory is not None:
            sizes = _image_tokenizer(self.engine).config
            memory.check(sizes.grid_size**2, sizes.num_codes)
        self.engine.drawer.memory = memory

    def remember(
        self,
        images: ImageInput | Sequence[ImageInput],
        names: str | Sequence[str],
        *,
        kind: str = "object",
    ) -> Self:
        """Remember images by name, at once and without training; returns the model.

        From then on the names are words that it knows, alone and in prompts with other things:
        after `model.remember("fritz.png", "fritz")` it draws "fritz with a hat on the beach".
        Several images of one name are several designs of it, chosen by the seed. `save_pretrained`
        keeps them.

        images: PIL images or files, each of one thing on nothing or on white. names: one for each,
        without an article, such as "fritz" or 小白. kind: animal, person, plant, food, vehicle,
        object and the like; it says how large the thing is in scenes.

        Raises ValueError for names that are empty or not as many as the images, for an unknown kind
        and for published models; UnusableFileError for a file that is no image.
        """
        if isinstance(images, PILImage | str | os.PathLike):
            images = [images]
        names = [names] if isinstance(names, str) else list(names)
        if len(images) != len(names):
            raise ValueError(
                f"each image needs a name: images are {len(images)}, names {len(names)}"
            )
        if kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}, got {kind!r}")
        names = [_checked_name(name) for name in names]

        _image_tokenizer(self.engine)
        pixels = [image_pixels(self.config, self.engine.networks, image) for image in images]
        known = Vocabulary([KnownName(name, name, kind) for name in names])
        prompts = [(name,) for name in names]
        self.add_memory(remembered(self.engine, torch.stack(pixels), prompts), known)
        return self

    def add_memory(self, memory: TokenMemory, known: Vocabulary) -> None:
        """Put a memory beside what the model remembers, and its names to what it knows by name."""
        self.memory = memory if self.memory is None else self.memory.joined(memory)
        joined = self.vocabulary.joined(known) if self.vocabulary else known
        self.vocabulary = self.engine.vocabulary = joined

    def forget(self, names: str | Iterable[str] | None = None) -> Self:
        """Forget the images of some names, or without names all images; returns the model.

        The names stay words that it knows. Raises ValueError for a name that no image has.
        """
        if names is None:
            self.memory = None
            return self
        memory = self.memory
        if memory is None:
            raise ValueError("the model has no memory to forget anything of")

        names = [names] if isinstance(names, str) else list(names)
        unknown = [name for name in names if not memory.recalled(name)]
        if unknown:
            raise ValueError(f"no image is remembered as {', '.join(map(repr, unknown))}")
        self.memory = memory.without(names)
        return self


def remembered(
    engine: Engine,
    x_BCHW: Tensor,
    prompts: Sequence[Sequence[str]],
    curves: Sequence[str] = (),
) -> TokenMemory:
    """The memory of images [B, 4, H, W] in [0, 1], each recalled by its prompts.

    curves: of each image, where they are known (`images/curves.py`), else "".
    Raises ValueError for published models, and if there are not as many images as prompts.
    """
    tokenizer = _image_tokenizer(engine)
    known = tuple(curves) or ("",) * len(x_BCHW)
    codes: list[Tensor] = []
    residuals: list[bytes] = []
    with inference(engine.device), one_thread():
        for some_BCHW in x_BCHW.split(_AT_A_TIME):
            codes_BN = tokenizer.tokenize(entering(tokenizer, some_BCHW.to(engine.device)))
            codes.append(codes_BN.to(torch.int16).cpu())
            for x_CHW, codes_N in zip(some_BCHW, codes_BN, strict=True):
                # What curves say needs no residual.
                is_drawn = known[len(residuals)]
                residuals.append(b"" if is_drawn else _left_out(tokenizer, x_CHW, codes_N))
    return TokenMemory(torch.cat(codes), tuple(map(tuple, prompts)), tuple(residuals), known)


def _left_out(tokenizer: ImageTokenizer, x_CHW: Tensor, codes_N: Tensor) -> bytes:
    """What the codes of an image leave out of it."""
    difference_CHW = x_CHW - tokenizer.detokenize(codes_N[None])[0].cpu()
    return pack_residual(difference_CHW.numpy(), tokenizer.config.patch_size)


def _image_tokenizer(engine: Engine) -> ImageTokenizer:
    """The native image tokenizer. Raises ValueError for published models."""
    tokenizer = engine.networks.tokenizer
    if not isinstance(tokenizer, ImageTokenizer):
        raise ValueError(
            f"{engine.config.name} has no names to remember pictures by: the built-in model and "
            "those trained like it do; `dall-e finetune` teaches others"
        )
    return tokenizer


def name_in(caption: str) -> str:
    """The name that a caption is, without its article; nothing if it says more than a name."""
    bare = without_article(" ".join(caption.split())).rstrip(".。!！ ")
    is_short = (
        len(bare) <= _LONGEST_NAME_ZH if is_chinese(bare) else len(bare.split()) <= _MOST_WORDS
    )
    says_more = any(mark in bare for mark in ",，:：|#;；") or _SAYS_MORE.search(bare)
    return bare if bare and is_short and not says_more else ""


def _checked_name(name: str) -> str:
    """A name without its article. Raises ValueError for what is none."""
    bare = name_in(name)
    if not bare:
        raise ValueError(
            f"a name must be up to {_MOST_WORDS} words, or up to {_LONGEST_NAME_ZH} Chinese "
            f"characters, that say what one thing is called, got {name!r}"
        )
    return bare
