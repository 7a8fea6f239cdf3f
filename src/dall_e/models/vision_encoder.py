"""The vision encoder: lets a left-to-right model answer questions about an image.

SigLIP's transformer over patches (arXiv 2303.15343), an aligner, a head over words. Janus (arXiv
2410.13848) reads all of its last states through two layers as if they were embeddings of words.
Drawing does not need this network, so it is loaded only when it is first used.

Shapes: B images, C channels, H W rows and columns, L patches, D width, V words.
"""

from __future__ import annotations

from torch import Tensor, nn

from dall_e.config.published import BlockStyle, VisionConfig
from dall_e.models.left_to_right import TwoLayers
from dall_e.nn.attention import NoMemory
from dall_e.nn.norms import make_norm
from dall_e.nn.transformer import Block, Linear


class Vision(nn.Module):
    """Turns images into states that a transformer over words reads, and its states into words."""

    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.config = config
        style = BlockStyle(
            norm="layer",
            norm_eps=config.norm_eps,
            qk_norm=False,
            attention_bias=True,
            mlp="gelu",
            mlp_bias=True,
        )
        width = config.width
        self.patches = nn.Conv2d(3, width, config.patch_size, stride=config.patch_size)
        self.places = nn.Embedding(config.num_tokens, width)
        self.blocks = nn.ModuleList(
            Block(width, config.num_heads, config.mlp_width, style=style)
            for _ in range(config.num_layers)
        )
        self.norm = make_norm(width, style)
        self.aligner = TwoLayers(width, config.out_width, config.out_width)
        self.words = Linear(config.out_width, config.vocab_size, bias=False)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """States [B, L, out_width], one per patch in raster order, of opaque images.

        Images are [B, 3, H, W] in [0, 1], of the side in the settings.
        """
        x_BLD = self.patches(x_BCHW * 2 - 1).flatten(2).transpose(1, 2) + self.places.weight
        for block in self.blocks:
            x_BLD = block(x_BLD, rotation=None, memory=NoMemory())
        aligned_BLD: Tensor = self.aligner(self.norm(x_BLD))
        return aligned_BLD

    def word_logits(self, state_BD: Tensor) -> Tensor:
        """Logits [..., V], float32, of the word after a normed state [..., out_width]."""
        logits_BV: Tensor = self.words(state_BD)
        return logits_BV.float()
