"""The discriminator of images, D(x) = sum of d_i(x): one term per scale and patch.

Shapes: B images, C channels, H W rows and columns, F features of a patch.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dall_e.config import DiscriminatorConfig


class Judgement(NamedTuple):
    """What the discriminator says about a batch of images."""

    logits_B: Tensor
    """D(x) = sum over scales s and patches u of d_{s,u}(x), float32."""
    terms: tuple[Tensor, ...]
    """d_{s,u}(x), one float32 map [B, H, W] per scale, fine to coarse; they add up to
    `logits_B`."""
    features: tuple[Tensor, ...]
    """Features [B, F, H, W] of every layer of every scale, for feature matching."""


class PatchJudge(nn.Module):
    """One scale: a few convolutions of stride 2, then one number per patch.

    There is no normalisation, which would hide amplitude.
    """

    def __init__(self, widths: tuple[int, ...]) -> None:
        super().__init__()
        inputs = (4, *widths[:-1])
        self.layers = nn.ModuleList(
            nn.Conv2d(before, after, 4, stride=2, padding=1)
            for before, after in zip(inputs, widths, strict=True)
        )
        self.head = nn.Conv2d(widths[-1], 1, 3, padding=1)

    def forward(self, x_BCHW: Tensor) -> tuple[Tensor, list[Tensor]]:
        """A map [B, H', W'] and the features of each layer, of images [B, 4, H, W] in [-1, 1]."""
        features: list[Tensor] = []
        for layer in self.layers:
            x_BCHW = F.leaky_relu(layer(x_BCHW), 0.2)
            features.append(x_BCHW)
        return self.head(x_BCHW)[:, 0], features


class Discriminator(nn.Module):
    """Judges an image, its half, its quarter and so on, with one `PatchJudge` each.

    Takes opaque RGB on some background plus the alpha channel, [B, 4, H, W] in [0, 1]
    (`losses.reconstruction.over_background`). Every d_{s,u} carries the factor 1 / (scales x
    patches of its scale), so that their sum D(x) is a mean, has the same magnitude at every image
    size, and fine scales do not outvote coarse ones.
    """

    def __init__(self, config: DiscriminatorConfig) -> None:
        super().__init__()
        self.config = config
        self.scales = nn.ModuleList(PatchJudge(config.widths) for _ in range(config.num_scales))
        self._initialise()

    def _initialise(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, a=0.2)
                assert module.bias is not None
                nn.init.zeros_(module.bias)

        for scale in self.scales:
            # The first verdicts are near 0 ("cannot tell"), so that joining a run does not shake
            # the generator.
            assert isinstance(scale, PatchJudge)
            nn.init.normal_(scale.head.weight, std=0.1 / math.sqrt(scale.head.weight[0].numel()))

    def forward(self, x_BCHW: Tensor) -> Judgement:
        """Judge images [B, 4, H, W] at as many scales as they are large enough for.

        Raises ValueError for images below 2 ** layers pixels, which are too small for any.
        """
        smallest = 2 ** len(self.config.widths)
        side = min(x_BCHW.shape[-2:])
        if side < smallest:
            raise ValueError(
                f"the discriminator needs pictures of {smallest} pixels or more, got {side}"
            )
        num_scales = min(len(self.scales), int(math.log2(side // smallest)) + 1)

        x_BCHW = x_BCHW * 2 - 1
        terms: list[Tensor] = []
        features: list[Tensor] = []
        for index, scale in enumerate(self.scales[:num_scales]):
            if index:
                x_BCHW = F.avg_pool2d(x_BCHW, 2)
            map_BHW, scale_features = scale(x_BCHW)
            terms.append(map_BHW.float() / (num_scales * map_BHW[0].numel()))
            features += scale_features

        logits_B = torch.stack([term_BHW.sum((1, 2)) for term_BHW in terms]).sum(0)
        return Judgement(logits_B, tuple(terms), tuple(features))
