"""The independent judge: a dual encoder of its own seed and half of the pictures, which nothing was
trained or chosen by.

Shapes: B pictures or texts, D width, C H W a picture (4 channels, premultiplied RGBA), L text
tokens.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from dall_e.data.datasets import Record, in_fold
from dall_e.images.files import ImageArray
from dall_e.models.dual_encoder import DualEncoder
from dall_e.text.tokenizer import TextTokenizer

_BATCH = 64


class Judge:
    """Places pictures and texts in one space."""

    def __init__(
        self,
        dual_encoder: DualEncoder,
        text_tokenizer: TextTokenizer,
        *,
        name: str,
        fold: int,
        other_fraction: float,
    ) -> None:
        """`fold` and `other_fraction` are those of its training: they tell which pictures it has not
        seen."""
        self.dual_encoder = dual_encoder.eval().requires_grad_(False)
        self.text_tokenizer = text_tokenizer
        self.name = name
        self._fold, self._sees_both = fold, other_fraction > 0

    @property
    def side(self) -> int:
        """Side in pixels at which it looks at pictures."""
        return self.dual_encoder.config.image_size

    def has_seen(self, record: Record) -> bool:
        """Whether it was trained on the picture of this record of the training split."""
        return self._sees_both or in_fold(record, self._fold)

    @torch.inference_mode()
    def embed_images(self, images: Sequence[ImageArray]) -> Tensor:
        """Directions [B, D], float32 on the CPU, of uint8 pictures [4, side, side] of any side,
        seen on white."""
        like = self.dual_encoder.bias
        found = [
            self.dual_encoder.embed_images(
                torch.from_numpy(image)[None].to(like.device, like.dtype) / 255
            ).cpu()
            for image in images
        ]
        return torch.cat(found)

    @torch.inference_mode()
    def embed_texts(self, texts: Sequence[str]) -> Tensor:
        """Directions [B, D], float32 on the CPU."""
        ids_BL = self.text_tokenizer.encode(list(texts), self.dual_encoder.config.max_tokens).ids_BL
        parts = ids_BL.to(self.dual_encoder.bias.device).split(_BATCH)
        return torch.cat([self.dual_encoder.embed_texts(part).cpu() for part in parts])
