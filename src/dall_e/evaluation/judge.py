"""The independent judge: a companion of its own seed and half of the pictures, which nothing was
trained or chosen by.

Shapes: B pictures or texts, D width, C H W a picture (4 channels, premultiplied RGBA), L text
tokens.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from dall_e.data.datasets import Record, in_fold
from dall_e.images.files import Picture
from dall_e.models.dual_encoder import Companion
from dall_e.text.tokenizer import TextTokenizer

_BATCH = 64


class Judge:
    """Places pictures and texts in one space."""

    def __init__(
        self,
        companion: Companion,
        text_tokenizer: TextTokenizer,
        *,
        name: str,
        fold: int,
        other_share: float,
    ) -> None:
        """`fold` and `other_share` are those of its training: they tell which pictures it has not
        seen."""
        self.companion = companion.eval().requires_grad_(False)
        self.text_tokenizer = text_tokenizer
        self.name = name
        self._fold, self._sees_both = fold, other_share > 0

    @property
    def side(self) -> int:
        """Side in pixels at which it looks at pictures."""
        return self.companion.config.image_size

    def has_seen(self, record: Record) -> bool:
        """Whether it was trained on the picture of this record of the training split."""
        return self._sees_both or in_fold(record, self._fold)

    @torch.inference_mode()
    def embed_pictures(self, pictures: Sequence[Picture]) -> Tensor:
        """Directions [B, D], float32 on the CPU, of uint8 pictures [4, side, side] of any side,
        seen on white."""
        like = self.companion.bias
        found = [
            self.companion.embed_pictures(
                torch.from_numpy(picture)[None].to(like.device, like.dtype) / 255
            ).cpu()
            for picture in pictures
        ]
        return torch.cat(found)

    @torch.inference_mode()
    def embed_texts(self, texts: Sequence[str]) -> Tensor:
        """Directions [B, D], float32 on the CPU."""
        ids_BL = self.text_tokenizer.encode(list(texts), self.companion.config.max_tokens).ids_BL
        parts = ids_BL.to(self.companion.bias.device).split(_BATCH)
        return torch.cat([self.companion.embed_texts(part).cpu() for part in parts])
