"""The VQGAN of taming transformers, the image tokenizer of most published models.

Esser et al. 2020, arXiv 2012.09841. LlamaGen's and Janus' tokenizers are the same network with a
codebook of unit vectors; DALL-E mini's is its decoder. The native tokenizer is
`image_tokenizer.py`.

Shapes: B batch, C channels, S side of an image, D latent channels, H W rows and columns, N tokens
in raster order.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dall_e.config.published import VQGANConfig
from dall_e.models.quantizer import VQ
from dall_e.nn.attention import attend

_GROUPS = 32


class ResidualBlock(nn.Module):
    """shortcut(x) + conv(silu(norm(conv(silu(norm(x))))))."""

    def __init__(self, width: int, out_width: int, eps: float) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(_GROUPS, width, eps=eps)
        self.conv1 = nn.Conv2d(width, out_width, 3, padding=1)
        self.norm2 = nn.GroupNorm(_GROUPS, out_width, eps=eps)
        self.conv2 = nn.Conv2d(out_width, out_width, 3, padding=1)
        self.shortcut = nn.Identity() if width == out_width else nn.Conv2d(width, out_width, 1)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """[B, C, H, W] to the block's own width."""
        h_BCHW = self.conv1(F.silu(self.norm1(x_BCHW)))
        y_BCHW: Tensor = self.shortcut(x_BCHW) + self.conv2(F.silu(self.norm2(h_BCHW)))
        return y_BCHW


class AttentionBlock(nn.Module):
    """One head of self-attention over all positions."""

    def __init__(self, width: int, eps: float) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(_GROUPS, width, eps=eps)
        self.qkv = nn.Conv2d(width, 3 * width, 1)
        self.out = nn.Conv2d(width, width, 1)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """[B, C, H, W] to the same shape."""
        qkv_BCHW = self.qkv(self.norm(x_BCHW))
        # One head: [B, 1, N, C].
        q_B1NC, k_B1NC, v_B1NC = (
            part_BCHW.flatten(2).mT[:, None] for part_BCHW in qkv_BCHW.chunk(3, dim=1)
        )
        mixed_B1NC = attend(q_B1NC, k_B1NC, v_B1NC)
        y_BCHW: Tensor = x_BCHW + self.out(mixed_B1NC[:, 0].mT.unflatten(2, x_BCHW.shape[2:]))
        return y_BCHW


class Middle(nn.Module):
    """Residual block, attention, residual block, at the coarsest level."""

    def __init__(self, width: int, eps: float) -> None:
        super().__init__()
        self.before = ResidualBlock(width, width, eps)
        self.attention = AttentionBlock(width, eps)
        self.after = ResidualBlock(width, width, eps)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Same shape."""
        y_BCHW: Tensor = self.after(self.attention(self.before(x_BCHW)))
        return y_BCHW


class Level(nn.Module):
    """The blocks of one resolution, some with attention, and the way to the next resolution."""

    def __init__(
        self, widths: tuple[int, int], num_blocks: int, attends: bool, change: str, eps: float
    ) -> None:
        super().__init__()
        width, out_width = widths
        self.blocks = nn.ModuleList(
            ResidualBlock(out_width if index else width, out_width, eps)
            for index in range(num_blocks)
        )
        self.attention = nn.ModuleList(
            AttentionBlock(out_width, eps) for _ in range(num_blocks if attends else 0)
        )
        self.change = change
        self.resample: nn.Conv2d | None = None
        if change:
            down = change == "down"
            self.resample = nn.Conv2d(
                out_width, out_width, 3, stride=2 if down else 1, padding=0 if down else 1
            )

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """[B, C, H, W] to half, twice or the same resolution."""
        for index, block in enumerate(self.blocks):
            x_BCHW = block(x_BCHW)
            if len(self.attention):
                x_BCHW = self.attention[index](x_BCHW)

        if self.resample is None:
            return x_BCHW
        if self.change == "down":
            # Padded below and on the right only, as these networks were trained.
            x_BCHW = F.pad(x_BCHW, (0, 1, 0, 1))
        else:
            x_BCHW = F.interpolate(x_BCHW, scale_factor=2, mode="nearest")
        changed_BCHW: Tensor = self.resample(x_BCHW)
        return changed_BCHW


class VQGANEncoder(nn.Module):
    """Turns images into latents; `levels` are in the order in which they run, finest first."""

    def __init__(self, config: VQGANConfig) -> None:
        super().__init__()
        widths = [config.width * multiplier for multiplier in (1, *config.multipliers)]
        last = len(config.multipliers) - 1
        eps = config.norm_eps
        self.start = nn.Conv2d(config.channels, widths[0], 3, padding=1)
        self.levels = nn.ModuleList(
            Level(
                (widths[level], widths[level + 1]),
                config.encoder_blocks,
                level in config.attention_levels,
                "down" if level < last else "",
                eps,
            )
            for level in range(last + 1)
        )
        self.middle = Middle(widths[-1], eps)
        self.norm = nn.GroupNorm(_GROUPS, widths[-1], eps=eps)
        self.end = nn.Conv2d(widths[-1], config.latent_width, 3, padding=1)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Latents, one for each patch, of images in the network's range."""
        x_BCHW = self.start(x_BCHW)
        for level in self.levels:
            x_BCHW = level(x_BCHW)
        latents_BDHW: Tensor = self.end(F.silu(self.norm(self.middle(x_BCHW))))
        return latents_BDHW


class VQGANDecoder(nn.Module):
    """Turns latents into images; `levels` are in the order in which they run, coarsest first."""

    def __init__(self, config: VQGANConfig) -> None:
        super().__init__()
        widths = [config.width * multiplier for multiplier in config.multipliers]
        last = len(widths) - 1
        eps = config.norm_eps
        self.start = nn.Conv2d(config.latent_width, widths[-1], 3, padding=1)
        self.middle = Middle(widths[-1], eps)
        self.levels = nn.ModuleList(
            Level(
                (widths[min(level + 1, last)], widths[level]),
                config.decoder_blocks,
                level in config.attention_levels,
                "up" if level else "",
                eps,
            )
            for level in reversed(range(last + 1))
        )
        self.norm = nn.GroupNorm(_GROUPS, widths[0], eps=eps)
        self.end = nn.Conv2d(widths[0], config.channels, 3, padding=1)

    def forward(self, latents_BDHW: Tensor) -> Tensor:
        """Images in the network's range, not clamped, of latents."""
        x_BCHW = self.middle(self.start(latents_BDHW))
        for level in self.levels:
            x_BCHW = level(x_BCHW)
        images_BCHW: Tensor = self.end(F.silu(self.norm(x_BCHW)))
        return images_BCHW


class Encoded(NamedTuple):
    """The codes of images."""

    quantized_BDHW: Tensor
    """The chosen entries of the codebook."""
    codes_BHW: Tensor
    """Their numbers."""


class VQGAN(nn.Module):
    """Image -> codes -> image. Without encoder blocks in the settings it only decodes."""

    def __init__(self, config: VQGANConfig) -> None:
        super().__init__()
        self.config = config
        self.quantizer = VQ(config.num_codes, config.code_width, unit=config.lookup == "cosine")
        self.encoder: VQGANEncoder | None = None
        if config.encoder_blocks:
            self.encoder = VQGANEncoder(config)
            self.before_codes = nn.Conv2d(config.latent_width, config.code_width, 1)
            self.classifier = (
                nn.Conv2d(config.code_width, config.num_codes, 1)
                if config.lookup == "logits"
                else None
            )
        self.after_codes = nn.Conv2d(config.code_width, config.latent_width, 1)
        self.decoder = VQGANDecoder(config)

    def decode_in_bfloat16(self) -> None:
        """Decode in bfloat16, channels last, from now on.

        The codebook and the encoder stay as they are. Where the CPU computes in it, it is 2.6 times
        as fast as float32 (f16, 256 pixels: 0.31 s for 0.80; LOG.md).
        """
        for network in (self.after_codes, self.decoder):
            network.to(torch.bfloat16, memory_format=torch.channels_last)  # type: ignore[call-overload]  # not in stubs

    def encode(self, x_BCHW: Tensor) -> Encoded:
        """Codes of images [B, C, H, W] in the network's own range.

        Raises ValueError if the file had no encoder.
        """
        if self.encoder is None:
            raise ValueError(
                "this image tokenizer was published without its encoder: it cannot read pictures"
            )
        latents_BDHW = self.before_codes(self.encoder(x_BCHW))
        if self.classifier is None:
            codes_BHW = self.quantizer.quantize(latents_BDHW).codes_BHW
        else:
            codes_BHW = self.classifier(latents_BDHW).argmax(1)
        return Encoded(self.quantizer.embed(codes_BHW), codes_BHW)

    def decode(self, codes_BHW: Tensor) -> Tensor:
        """Images [B, C, H, W] in the network's own range, not clamped, of codes."""
        latents_BDHW = self.quantizer.embed(codes_BHW).to(self.after_codes.weight.dtype)
        images_BCHW: Tensor = self.decoder(self.after_codes(latents_BDHW))
        return images_BCHW

    def detokenize(self, codes_BN: Tensor) -> Tensor:
        """Opaque images [B, 4, S, S] in [0, 1] of codes [B, N]."""
        side = round(codes_BN.shape[1] ** 0.5)
        images_BCHW = self.decode(codes_BN.unflatten(1, (side, side))).float()
        if not self.config.unit_range:
            images_BCHW = images_BCHW * 0.5 + 0.5
        return torch.cat((images_BCHW.clamp(0, 1), torch.ones_like(images_BCHW[:, :1])), dim=1)
