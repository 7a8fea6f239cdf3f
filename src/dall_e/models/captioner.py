"""The captioner: an image to words, in English or Chinese.

The picture tower of a dual encoder makes features of the image; a causal transformer looks at them
and writes words. The language is a mark on the first position.

Shapes: B captions, I images, L text tokens, S positions of the map, F features of a position, E of
an image as a whole, D width, V entries of the vocabulary, C 4 channels (premultiplied RGBA), 3
channels of RGB, H W rows and columns.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dall_e.config import CaptionerConfig
from dall_e.config.published import BlockStyle
from dall_e.models.dual_encoder import ImageTower
from dall_e.nn.attention import FixedMemory, NoMemory, visibility_bias
from dall_e.nn.norms import RMSNorm
from dall_e.nn.preprocessing import composite_and_resize
from dall_e.nn.transformer import Block, CrossView, initialise_transformer
from dall_e.text.language import Language

LANGUAGES: tuple[Language, ...] = ("en", "zh")
"""The languages of captions; a caption's mark is the position of its language here."""


class ImageMemory:
    """Keys and values of some images, for each block."""

    def __init__(self, blocks: list[FixedMemory]) -> None:
        self.blocks = blocks

    def __len__(self) -> int:
        return len(self.blocks[0].k_BHSK)

    @property
    def device(self) -> torch.device:
        """Where it is."""
        return self.blocks[0].k_BHSK.device

    def select(self, rows: Tensor) -> ImageMemory:
        """The images of these rows (int64 [B]), of which one may be there several times."""
        return ImageMemory(
            [FixedMemory(block.k_BHSK[rows], block.v_BHSK[rows]) for block in self.blocks]
        )


class ImageFeatures(NamedTuple):
    """What the picture tower of a dual encoder sees of some images."""

    map_ISF: Tensor
    """What is where."""
    vector_IE: Tensor
    """What the image is as a whole: a direction of length 1."""


class Captioner(nn.Module):
    """Predicts the next word of a caption, given an image and a language.

    `image` is the picture tower of a trained dual encoder. It does not learn, so that the features
    of an image can be computed ahead.
    """

    def __init__(self, config: CaptionerConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.words = nn.Embedding(config.vocab_size, width)
        self.places = nn.Embedding(config.max_tokens, width)
        self.languages = nn.Embedding(len(LANGUAGES), width)

        # What the words look at
        self.map_in = nn.Linear(config.image_widths[-1], width)
        self.map_places = nn.Embedding(config.map_size**2, width)
        self.vector_in = nn.Linear(config.image_vector, width)
        self.seen_norm = RMSNorm(width)

        style = BlockStyle(cross_attention=True)
        self.blocks = nn.ModuleList(
            Block(width, config.num_heads, config.mlp_width, config.dropout, style)
            for _ in range(config.num_layers)
        )
        self.norm = RMSNorm(width)
        initialise_transformer(self, config.num_layers)
        self.image = ImageTower(config.tower).requires_grad_(False)

    @torch.no_grad()
    def features(self, x_ICHW: Tensor, background_IC: Tensor | None = None) -> ImageFeatures:
        """What is seen of images of any side, premultiplied RGBA in [0, 1].

        They are seen on flat colours [I, 3], or on white.
        """
        x_I3HW = composite_and_resize(self.config.image_size, x_ICHW, background_IC)
        map_IFHW = self.image.maps(x_I3HW)[-1]
        vector_IE = F.normalize(self.image.vector(map_IFHW).float(), dim=-1)
        pooled_IFHW = F.avg_pool2d(map_IFHW, 2)
        return ImageFeatures(pooled_IFHW.flatten(2).transpose(1, 2), vector_IE.to(x_ICHW.dtype))

    def look(self, features: ImageFeatures) -> ImageMemory:
        """Keys and values of some images, for each block."""
        map_ISD = self.map_in(features.map_ISF) + self.map_places.weight
        # A direction has length 1; as a state its entries are to be about as large as 1.
        scale = self.config.image_vector**0.5
        vector_ID = self.vector_in(features.vector_IE * scale)
        states_ISD = self.seen_norm(torch.cat((map_ISD, vector_ID[:, None]), dim=1))
        states_ISD = F.dropout(states_ISD, self.config.dropout, self.training)

        memories: list[FixedMemory] = []
        for block in self.blocks:
            assert isinstance(block, Block) and block.cross is not None
            memories.append(block.cross.remember(states_ISD))
        return ImageMemory(memories)

    def states(self, memory: ImageMemory, ids_BL: Tensor, language_B: Tensor) -> Tensor:
        """States [B, L, D], of which `logits` tells the word after each token.

        memory: of one image a caption. ids_BL: int64, each begins with the start mark. language_B:
        positions in LANGUAGES.
        """
        length = ids_BL.shape[1]
        x_BLD = self.words(ids_BL) + self.places.weight[:length]
        marked_BD = x_BLD[:, 0] + self.languages(language_B)
        x_BLD = torch.cat((marked_BD[:, None], x_BLD[:, 1:]), dim=1)

        causal_LL = torch.ones(length, length, dtype=torch.bool, device=ids_BL.device).tril()
        bias_LL = visibility_bias(causal_LL, x_BLD.dtype)
        for block, seen in zip(self.blocks, memory.blocks, strict=True):
            x_BLD = block(
                x_BLD,
                rotation=None,
                memory=NoMemory(),
                bias_TS=bias_LL,
                cross=CrossView(seen, None),
            )
        states_BLD: Tensor = self.norm(x_BLD)
        return states_BLD

    def logits(self, states_BLD: Tensor) -> Tensor:
        """Logits [..., V], float32. A word has one vector, to be read and to be written."""
        scale = self.config.width**-0.5
        logits_BLV: Tensor = (states_BLD * scale) @ self.words.weight.T
        return logits_BLV.float()

    def forward(self, memory: ImageMemory, ids_BL: Tensor, language_B: Tensor) -> Tensor:
        """Logits [B, L, V] of the word after each token; as `states` says."""
        return self.logits(self.states(memory, ids_BL, language_B))
