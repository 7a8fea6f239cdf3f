"""Sizes of the native networks, each its own record."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from dall_e.config.base import check_at_least, check_kinds, check_sizes, require

MOST_CODES = 1 << 20
"""Size of the largest vocabulary of image tokens."""


# What several networks are checked for


def _check_tower(settings: Any) -> None:
    """A picture tower: each of its resolutions, and a last halving, must go into the picture."""
    require(len(settings.image_widths) > 0, "image_widths needs at least one entry")
    step = 2 << len(settings.image_widths)
    require(
        settings.image_size % step == 0,
        f"image_size {settings.image_size} is not a multiple of {step}",
    )


def _check_words(settings: Any) -> None:
    """Room for the vocabulary of the byte-level BPE, and for a prompt."""
    require(
        settings.vocab_size >= 259,
        f"vocab_size {settings.vocab_size} < 259: 256 bytes and 3 marks must fit",
    )
    require(settings.max_tokens >= 4, f"max_tokens {settings.max_tokens} < 4")


def _check_heads(settings: Any) -> None:
    """Every attention head is as wide as the others."""
    require(
        settings.width % settings.num_heads == 0,
        f"width {settings.width} is not a multiple of {settings.num_heads} heads",
    )


def _check_dropout(settings: Any) -> None:
    require(0 <= settings.dropout < 1, f"dropout {settings.dropout} is not in [0, 1)")


# The networks


@dataclass(frozen=True, kw_only=True)
class TokenizerConfig:
    """The image tokenizer: pictures to grids of codes and back (`models/image_tokenizer.py`)."""

    image_size: int = 96
    """Side of the square picture in pixels."""
    widths: tuple[int, ...] = (32, 96, 192)
    """Channels at each resolution, from half the picture's side down to the token grid."""
    encoder_blocks: tuple[int, ...] = (1, 1, 2)
    """Residual blocks of the encoder at each resolution, same order as `widths`."""
    decoder_blocks: tuple[int, ...] = (2, 2, 2)
    """Residual blocks of the decoder at each resolution, same order as `widths`."""
    fsq_levels: tuple[int, ...] = (8, 5, 5, 5)
    """Finite scalar quantisation: number of levels of each latent channel; their product is the
    number of codes."""

    def __post_init__(self) -> None:
        check_kinds(self)
        check_sizes(self)
        check_at_least(self, 1, "image_size", "widths")
        check_at_least(self, 0, "encoder_blocks", "decoder_blocks")
        require(
            0 < len(self.widths) <= 8, f"widths must have 1 to 8 entries, got {len(self.widths)}"
        )
        lengths = {len(self.widths), len(self.encoder_blocks), len(self.decoder_blocks)}
        require(
            len(lengths) == 1,
            "widths, encoder_blocks and decoder_blocks need one entry per resolution each",
        )
        require(
            self.image_size % self.patch_size == 0,
            f"image_size {self.image_size} is not a multiple of the token's side, "
            f"{self.patch_size} pixels",
        )
        require(len(self.fsq_levels) > 0, "fsq_levels needs at least one entry")
        check_at_least(self, 2, "fsq_levels")
        require(
            self.num_codes <= MOST_CODES,
            f"fsq_levels {self.fsq_levels} make {self.num_codes} codes, at most {MOST_CODES} are "
            "possible",
        )

    @property
    def patch_size(self) -> int:
        """Side of the square of pixels that one token stands for."""
        return 1 << len(self.widths)

    @property
    def grid_size(self) -> int:
        """Side of the token grid."""
        return self.image_size // self.patch_size

    @property
    def num_codes(self) -> int:
        """Size of the vocabulary of image tokens."""
        return math.prod(self.fsq_levels)


@dataclass(frozen=True, kw_only=True)
class TextConfig:
    """The text encoder: ids of a prompt to states (`models/text_encoder.py`)."""

    vocab_size: int = 6144
    """Entries of the byte-level BPE."""
    max_tokens: int = 32
    """Longest prompt in tokens, start and end marks included."""
    width: int = 256
    """Width of the states."""
    num_layers: int = 2
    """Transformer blocks."""
    num_heads: int = 4
    """Attention heads."""

    def __post_init__(self) -> None:
        check_kinds(self)
        check_sizes(self)
        check_at_least(self, 1, "width", "num_heads")
        check_at_least(self, 0, "num_layers")
        _check_words(self)
        _check_heads(self)


@dataclass(frozen=True, kw_only=True)
class GeneratorConfig:
    """The native generator: text and known tokens to logits of others (`models/generator.py`)."""

    num_codes: int = 1000
    """Vocabulary of image tokens; equals the tokenizer's."""
    grid_size: int = 12
    """Side of the token grid; equals the tokenizer's."""
    text_width: int = 256
    """Width of the text states; equals the text encoder's."""
    text_tokens: int = 32
    """Length of the text prefix; equals the text encoder's."""
    width: int = 256
    """Width of the residual stream."""
    num_heads: int = 4
    """Attention heads in both passes."""
    content_layers: int = 4
    """Blocks of pass 1, over known tokens."""
    query_layers: int = 4
    """Blocks of pass 2, over the positions that are predicted."""
    mlp_width: int = 704
    """Inner width of the gated MLP."""
    rope_base: float = 100.0
    """Base of the rotary frequencies; small, since the grid is small."""
    dropout: float = 0.0
    """Dropout on the residual branches in training."""

    def __post_init__(self) -> None:
        check_kinds(self)
        check_sizes(self)
        check_at_least(
            self, 1, "num_codes", "grid_size", "text_width", "text_tokens", "width", "num_heads"
        )
        check_at_least(self, 1, "mlp_width", "rope_base")
        check_at_least(self, 0, "content_layers", "query_layers")
        _check_heads(self)
        head_width = self.width // self.num_heads
        require(
            head_width % 4 == 0,
            f"head width {head_width} is not a multiple of 4, as 2-D rotation needs",
        )
        _check_dropout(self)

    @property
    def num_tokens(self) -> int:
        """Tokens of a picture."""
        return self.grid_size**2


@dataclass(frozen=True, kw_only=True)
class DiscriminatorConfig:
    """The multi-scale patch discriminator of pixels (`models/discriminator.py`)."""

    widths: tuple[int, ...] = (32, 64, 128)
    """Channels after each stride-2 convolution of one scale."""
    num_scales: int = 3
    """How many times the picture is looked at, each at half the side of the one before."""


@dataclass(frozen=True, kw_only=True)
class DualEncoderConfig:
    """The scorer of text against pictures (`models/dual_encoder.py`)."""

    image_size: int = 64
    """Side in pixels at which it looks at pictures of any size."""
    image_widths: tuple[int, ...] = (32, 96, 160)
    """Channels of the picture tower at each resolution, from half the picture's side down."""
    vocab_size: int = 6144
    """Entries of the byte-level BPE."""
    max_tokens: int = 32
    """Longest caption in tokens, start and end marks included."""
    text_width: int = 112
    """Width of the text tower's states."""
    text_layers: int = 2
    """Transformer blocks of the text tower."""
    text_heads: int = 4
    """Attention heads of the text tower."""
    width: int = 128
    """Width of the space in which text and pictures are compared."""

    def __post_init__(self) -> None:
        check_kinds(self)
        check_sizes(self)
        check_at_least(self, 1, "image_size", "image_widths", "width")
        _check_tower(self)
        require(self.text.width == self.text_width, "text_width must be that of the text tower")

    @property
    def text(self) -> TextConfig:
        """Sizes of the text tower."""
        return TextConfig(
            vocab_size=self.vocab_size,
            max_tokens=self.max_tokens,
            width=self.text_width,
            num_layers=self.text_layers,
            num_heads=self.text_heads,
        )


@dataclass(frozen=True, kw_only=True)
class CaptionerConfig:
    """The network that says what a picture shows (`models/captioner.py`)."""

    image_size: int = 64
    """Side in pixels at which it looks at pictures of any size."""
    image_widths: tuple[int, ...] = (32, 96, 160)
    """Channels of the picture's features at each resolution, from half the picture's side down."""
    image_vector: int = 128
    """Numbers that say what the picture is as a whole; these three are the dual encoder's."""
    vocab_size: int = 6144
    """Entries of the byte-level BPE."""
    max_tokens: int = 32
    """Longest caption in tokens, start and end marks included."""
    width: int = 160
    """Width of the residual stream."""
    num_layers: int = 2
    """Transformer blocks over the words."""
    num_heads: int = 5
    """Attention heads."""
    mlp_width: int = 416
    """Inner width of the gated MLP."""
    dropout: float = 0.1
    """Dropout on the residual branches in training."""

    def __post_init__(self) -> None:
        check_kinds(self)
        check_sizes(self)
        check_at_least(self, 1, "image_size", "image_widths", "width", "num_layers", "num_heads")
        check_at_least(self, 1, "mlp_width", "image_vector")
        _check_tower(self)
        _check_words(self)
        _check_heads(self)
        _check_dropout(self)

    @property
    def tower(self) -> DualEncoderConfig:
        """Sizes of the picture tower of a dual encoder that sees pictures as this network does."""
        return DualEncoderConfig(
            image_size=self.image_size, image_widths=self.image_widths, width=self.image_vector
        )

    @property
    def map_size(self) -> int:
        """Side of the map of features that the words look at."""
        return self.image_size >> (len(self.image_widths) + 1)


@dataclass(frozen=True, kw_only=True)
class UpsamplerConfig:
    """The U-Net that doubles the side of a picture (`models/upsampler.py`)."""

    widths: tuple[int, ...] = (32, 64, 128)
    """Channels at each resolution, from the small picture's own down."""
    blocks: tuple[int, ...] = ()
    """Residual blocks at each resolution, on the way down and again on the way up; one each unless
    given."""
    attends: bool = False
    """Whether every position of the coarsest resolution attends to all: what the picture shows as
    a whole then says what its parts are."""

    def __post_init__(self) -> None:
        check_kinds(self)
        check_sizes(self)
        require(len(self.widths) > 0, "widths needs at least one entry")
        require(
            not self.blocks or len(self.blocks) == len(self.widths),
            f"blocks has {len(self.blocks)} entries for {len(self.widths)} resolutions",
        )
        check_at_least(self, 1, "widths")
        if self.blocks:
            check_at_least(self, 1, "blocks")


@dataclass(frozen=True, kw_only=True)
class DetectorConfig:
    """The network that finds things in pictures (`models/detector.py`); it only judges."""

    image_size: int = 64
    """Side in pixels at which it looks at pictures of any size."""
    widths: tuple[int, ...] = (32, 96, 160)
    """Channels at a half, a quarter and an eighth of that side; the maps have those of the
    quarter."""
    things: tuple[str, ...] = ("cat", "dog")
    """What it tells apart."""
    colours: tuple[str, ...] = (
        "red", "orange", "yellow", "green", "blue", "purple", "pink",
        "brown", "black", "white", "grey",
    )  # fmt: skip
    """The colours that it tells apart."""

    def __post_init__(self) -> None:
        check_kinds(self)
        require(self.image_size % 16 == 0, f"image_size {self.image_size} is not a multiple of 16")
        require(len(self.widths) == 3, f"widths must have 3 entries, got {len(self.widths)}")
        check_at_least(self, 1, "image_size", "widths")
        require(
            len(self.things) > 0 and len(self.colours) > 0, "things and colours need an entry each"
        )
