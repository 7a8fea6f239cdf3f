"""`ImageCodec`: an image tokenizer on its own, image -> grid of codes -> image.

Shapes: C H W channels, rows and columns, of pixels or of codes.
"""

from __future__ import annotations

import os
from pathlib import Path

import torch
from torch import Tensor

from dall_e.checkpoints.image_tokenizers import (
    LoadedTokenizer,
    load_image_tokenizer,
    save_image_tokenizer,
)
from dall_e.images.files import PILImage, from_pil, to_pil
from dall_e.models.dvae import DVAE
from dall_e.runtime import inference, loading, one_thread, pick_device


class ImageCodec:
    """Turns images into codes and back. Make one with `from_pretrained`."""

    def __init__(self, loaded: LoadedTokenizer) -> None:
        self.family = loaded.family
        self.network = loaded.network.requires_grad_(False).eval()
        self.config = loaded.network.config

    @classmethod
    def from_pretrained(cls, path: str | os.PathLike[str]) -> ImageCodec:
        """Load an image tokenizer from its file or folder.

        Reads VQGANs of taming-transformers, LlamaGen and DALL-E mini, and OpenAI's dVAE. Raises
        FileNotFoundError, or UnusableFileError, with the cause, for a file that is damaged or no
        image tokenizer.
        """
        with loading(), one_thread():
            return cls(load_image_tokenizer(Path(path).expanduser()))

    def save_pretrained(self, path: str | os.PathLike[str], *, int8: bool = False) -> None:
        """Write a folder that `from_pretrained` loads: config.json and safetensors, no pickles."""
        save_image_tokenizer(LoadedTokenizer(self.family, self.network), Path(path), int8=int8)

    def to(self, device: torch.device | str) -> ImageCodec:
        """Move the network, in place; returns it."""
        self.network.to(pick_device(str(device)))
        return self

    def encode(self, image: PILImage, size: int | None = None) -> Tensor:
        """Codes [H, W] of an image, seen on white.

        size: side in pixels; the image's own, rounded down to whole patches, if not given. Raises
        ValueError if the tokenizer was published without its encoder.
        """
        patch_size = self.config.patch_size
        side = (size or max(image.size)) // patch_size * patch_size
        if side < patch_size:
            raise ValueError(f"a picture must have at least {patch_size} pixels a side, got {side}")

        rgba_CHW = torch.from_numpy(from_pil(image, side)).to(self._device).float() / 255
        x_1CHW = (rgba_CHW[:3] + 1 - rgba_CHW[3:])[None]
        with inference(self._device), one_thread():
            if isinstance(self.network, DVAE):
                return self.network.encode(x_1CHW)[0]
            ranged_1CHW = x_1CHW if self.network.config.unit_range else x_1CHW * 2 - 1
            return self.network.encode(ranged_1CHW).codes_BHW[0]

    def decode(self, codes_HW: Tensor) -> PILImage:
        """The image of a grid of codes, which need not be square.

        Raises ValueError for codes out of range.
        """
        if codes_HW.dim() != 2 or codes_HW.numel() == 0:
            raise ValueError(
                f"codes must be a grid of rows and columns, got shape {list(codes_HW.shape)}"
            )
        lowest, highest = int(codes_HW.min()), int(codes_HW.max())
        if lowest < 0 or highest >= self.config.num_codes:
            raise ValueError(
                f"codes must be from 0 to {self.config.num_codes - 1}, got {lowest} to {highest}"
            )

        with inference(self._device), one_thread():
            x_CHW = self.network.decode(codes_HW[None].long().to(self._device))[0]
            if not isinstance(self.network, DVAE) and not self.network.config.unit_range:
                x_CHW = x_CHW * 0.5 + 0.5
            opaque_1HW = torch.ones_like(x_CHW[:1])
            return to_pil(torch.cat((x_CHW.clamp(0, 1), opaque_1HW)))

    @property
    def _device(self) -> torch.device:
        return next(self.network.parameters()).device
