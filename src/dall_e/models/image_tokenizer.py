"""The native image tokenizer: a convolutional encoder, a quantiser, and a fast decoder.

Images are premultiplied RGBA in [0, 1]. Half of the resolution is folded into channels first and
unfolded last (pixel shuffle), so that no convolution runs at full resolution, which makes it fast
on a CPU. Published tokenizers are in `vqgan.py` and `dvae.py`.

Shapes: B batch, C channels (4 for images), S side of an image, D latent channels, H W rows and
columns, N tokens in raster order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dall_e.config import TokenizerConfig
from dall_e.models.quantizer import FSQ
from dall_e.nn.attention import attend

EMPTY_ALPHA = 4 / 255
"""A patch with no more alpha than this anywhere is empty: the faint rims that resampling leaves are
no drawing."""


class Reconstruction(NamedTuple):
    """An image, encoded and decoded."""

    images_BCHW: Tensor
    """Premultiplied RGBA, near [0, 1] but not clamped, so that gradients live everywhere."""
    codes_BN: Tensor
    """int64 codes of the tokens, raster order."""


class PixelNorm(nn.Module):
    """Root-mean-square norm over the channels of each position by itself.

    So no position learns anything of another.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Same shape."""
        x_BHWC = x_BCHW.movedim(1, -1)
        weight = self.weight.to(x_BHWC.dtype)
        return F.rms_norm(x_BHWC, weight.shape, weight, eps=1e-6).movedim(-1, 1)


class ResidualBlock(nn.Module):
    """x + conv(silu(conv(silu(norm(x)))))."""

    def __init__(self, width: int, norm: nn.Module, kernel: int = 3) -> None:
        super().__init__()
        self.norm = norm
        self.conv1 = nn.Conv2d(width, width, kernel, padding=kernel // 2)
        self.conv2 = nn.Conv2d(width, width, kernel, padding=kernel // 2)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """[B, C, H, W] to the same shape."""
        h_BCHW = self.conv1(F.silu(self.norm(x_BCHW)))
        y_BCHW: Tensor = x_BCHW + self.conv2(F.silu(h_BCHW))
        return y_BCHW


class AttentionBlock(nn.Module):
    """One head of self-attention over the token grid: far parts agree in colour and shape."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = _group_norm(width)
        self.qkv = nn.Conv2d(width, 3 * width, 1)
        self.out = nn.Conv2d(width, width, 1)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """[B, C, H, W] to the same shape."""
        height = x_BCHW.shape[2]
        qkv_BCHW = self.qkv(self.norm(x_BCHW))
        # One head: [B, 1, N, C].
        q_B1NC, k_B1NC, v_B1NC = (
            part_BCHW.flatten(2).mT[:, None] for part_BCHW in qkv_BCHW.chunk(3, dim=1)
        )
        mixed_B1NC = attend(q_B1NC, k_B1NC, v_B1NC)
        y_BCHW: Tensor = x_BCHW + self.out(mixed_B1NC[:, 0].mT.unflatten(2, (height, -1)))
        return y_BCHW


def _build_encoder(config: TokenizerConfig, latent_width: int) -> nn.Sequential:
    """An encoder whose tokens say what is in their patch and next to it, no more.

    It has no attention, no norm over positions, and 1 x 1 convolutions on the grid. With attention
    and group norm, the codes of transparent patches carried 4.6 nats each of news about other
    patches (LOG.md): a better reconstruction, and a generator that has to guess them all.
    """
    layers: list[nn.Module] = [nn.PixelUnshuffle(2), nn.Conv2d(16, config.widths[0], 3, padding=1)]
    on_grid = len(config.widths) - 1
    for index, width in enumerate(config.widths):
        if index:
            layers.append(nn.Conv2d(config.widths[index - 1], width, 4, stride=2, padding=1))
        kernel = 1 if index == on_grid else 3
        for _ in range(config.encoder_blocks[index]):
            norm = PixelNorm(width) if index else nn.Identity()
            layers.append(ResidualBlock(width, norm, kernel))
    layers += [nn.SiLU(), nn.Conv2d(config.widths[-1], latent_width, 1)]
    return nn.Sequential(*layers)


def _group_norm(width: int) -> nn.Module:
    return nn.GroupNorm(min(8, width), width, eps=1e-6)


def _build_decoder(config: TokenizerConfig, latent_width: int) -> nn.Sequential:
    """A decoder that attends once, on the grid, and then goes up level by level."""
    layers: list[nn.Module] = [nn.Conv2d(latent_width, config.widths[-1], 3, padding=1)]
    layers.append(AttentionBlock(config.widths[-1]))

    for index in reversed(range(len(config.widths))):
        width = config.widths[index]
        # The finest level goes without norm: there it costs more time than it brings stability.
        layers += [
            ResidualBlock(width, _group_norm(width) if index else nn.Identity())
            for _ in range(config.decoder_blocks[index])
        ]
        if index:
            layers += [
                nn.Conv2d(width, 4 * config.widths[index - 1], 3, padding=1),
                nn.PixelShuffle(2),
            ]

    layers += [nn.SiLU(), nn.Conv2d(config.widths[0], 16, 3, padding=1), nn.PixelShuffle(2)]
    return nn.Sequential(*layers)


def _initialise(parts: Sequence[nn.Module]) -> None:
    """Initialise the tokenizer: scaled normal, and residual branches that start at zero."""
    for part in parts:
        for module in part.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="linear")
                assert module.bias is not None
                nn.init.zeros_(module.bias)
        for module in part.modules():
            if isinstance(module, ResidualBlock):
                nn.init.zeros_(module.conv2.weight)
            if isinstance(module, AttentionBlock):
                nn.init.zeros_(module.out.weight)


class ImageTokenizer(nn.Module):
    """Image -> codes -> image.

    The weights do not depend on the image's side: the same ones serve any multiple of the patch
    size, so a model can grow from coarse to fine images and keep its vocabulary.
    """

    def __init__(self, config: TokenizerConfig) -> None:
        super().__init__()
        self.config = config
        self.quantizer = FSQ(config.fsq_levels)
        self.encoder = _build_encoder(config, self.quantizer.width)
        self.decoder = _build_decoder(config, self.quantizer.width)
        _initialise((self.encoder, self.decoder))

    @property
    def last_weight(self) -> nn.Parameter:
        """The weight of the decoder's last convolution.

        There the adaptive adversarial weight compares gradients.
        """
        convolution = self.decoder[-2]
        assert isinstance(convolution, nn.Conv2d) and isinstance(convolution.weight, nn.Parameter)
        return convolution.weight

    def encode(self, x_BCHW: Tensor) -> Tensor:
        """Latents [B, D, H, W], not yet quantised, of images [B, 4, S, S] in [0, 1].

        A patch where nothing is drawn gets 0, so that all such patches have one code. Left to the
        encoder, they told of what is beside them, at 4.1 nats each (LOG.md); a third of all patches
        of emoji are empty.
        """
        latents_BDHW: Tensor = self.encoder(x_BCHW * 2 - 1)
        drawn_B1HW = F.max_pool2d(x_BCHW[:, 3:], self.config.patch_size) > EMPTY_ALPHA
        return latents_BDHW * drawn_B1HW

    def decode(self, latents_BDHW: Tensor) -> Tensor:
        """Images [B, 4, S, S], near [0, 1] but not clamped, of quantised latents [B, D, H, W]."""
        images_BCHW: Tensor = self.decoder(latents_BDHW)
        return images_BCHW * 0.5 + 0.5

    def forward(self, x_BCHW: Tensor) -> Reconstruction:
        """Encode and decode images, with gradients."""
        quantized = self.quantizer.quantize(self.encode(x_BCHW))
        codes_BN = quantized.codes_BHW.flatten(1)
        return Reconstruction(self.decode(quantized.latents_BDHW), codes_BN)

    def tokenize(self, x_BCHW: Tensor) -> Tensor:
        """Codes [B, N] of images [B, 4, S, S] in [0, 1]. Raises ValueError on another size."""
        if x_BCHW.shape[1:] != (4, self.config.image_size, self.config.image_size):
            wanted = (4, self.config.image_size, self.config.image_size)
            raise ValueError(
                f"the tokenizer takes pictures of shape {wanted}, got {tuple(x_BCHW.shape[1:])}"
            )
        return self.quantizer.quantize(self.encode(x_BCHW)).codes_BHW.flatten(1)

    def detokenize(self, codes_BN: Tensor) -> Tensor:
        """Valid premultiplied images [B, 4, S, S] of codes [B, N].

        They are in [0, 1], and no colour is above alpha.
        """
        codes_BHW = codes_BN.unflatten(1, (self.config.grid_size, self.config.grid_size))
        latents_BDHW = self.quantizer.embed(codes_BHW).to(self.last_weight.dtype)
        return as_premultiplied(self.decode(latents_BDHW))


def as_premultiplied(x_BCHW: Tensor) -> Tensor:
    """Bring images [B, 4, H, W] to valid premultiplied RGBA, float32 in [0, 1]."""
    colour_BCHW, alpha_BCHW = x_BCHW.float().clamp(0, 1).split((3, 1), dim=1)
    return torch.cat((torch.minimum(colour_BCHW, alpha_BCHW), alpha_BCHW), dim=1)
