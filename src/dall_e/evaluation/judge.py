"""The independent judge: a dual encoder that no model was trained on or chosen by.

It has a seed of its own and saw only half of the images.

Shapes: B images or texts, D width of an embedding, L text tokens.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from dall_e.data.datasets import Record, in_fold
from dall_e.images.files import ImageArray
from dall_e.models.dual_encoder import DualEncoder
from dall_e.text.tokenizer import TextTokenizer

_TEXT_BATCH = 64


class Judge:
    """Embeds images and texts in one space."""

    def __init__(
        self,
        dual_encoder: DualEncoder,
        text_tokenizer: TextTokenizer,
        *,
        name: str,
        fold: int,
        other_fraction: float,
    ) -> None:
        """Take a trained dual encoder.

        `fold` and `other_fraction` are settings of its training run. They tell which images it has
        not seen.
        """
        self.dual_encoder = dual_encoder.eval().requires_grad_(False)
        self.text_tokenizer = text_tokenizer
        self.name = name
        self._fold = fold
        self._saw_both_folds = other_fraction > 0

    @property
    def side(self) -> int:
        """Side in pixels at which it looks at images."""
        return self.dual_encoder.config.image_size

    def has_seen(self, record: Record) -> bool:
        """Tell whether it was trained on the image of this record of the training split."""
        return self._saw_both_folds or in_fold(record, self._fold)

    @torch.inference_mode()
    def embed_images(self, images: Sequence[ImageArray]) -> Tensor:
        """Embed uint8 images [4, side, side] of any side, seen on white.

        Returns [B, D] of length 1, float32 on the CPU.
        """
        like = self.dual_encoder.bias
        embeddings = []
        # One at a time: sides may differ, and the others of a batch must not change a number.
        for image in images:
            x_1CHW = torch.from_numpy(image)[None].to(like.device, like.dtype) / 255
            embeddings.append(self.dual_encoder.embed_images(x_1CHW).cpu())
        return torch.cat(embeddings)

    @torch.inference_mode()
    def embed_texts(self, texts: Sequence[str]) -> Tensor:
        """Embed texts as [B, D] of length 1, float32 on the CPU."""
        max_tokens = self.dual_encoder.config.max_tokens
        ids_BL = self.text_tokenizer.encode(list(texts), max_tokens).ids_BL
        batches = ids_BL.to(self.dual_encoder.bias.device).split(_TEXT_BATCH)
        return torch.cat([self.dual_encoder.embed_texts(batch).cpu() for batch in batches])
