"""Settings of the networks of published models: what each project chose, in our words.

An adapter in `checkpoints/adapters/` fills these from a checkpoint; `models/left_to_right.py`,
`models/vision_encoder.py`, `models/vqgan.py` and `models/dvae.py` build from them. `config.json` of
a converted model holds a `PublishedConfig`.
"""

from __future__ import annotations

import dataclasses
import math
import warnings
from dataclasses import dataclass
from typing import Any, Literal

from dall_e.config import SamplingConfig, build_settings, check_kinds, check_sizes


@dataclass(frozen=True, kw_only=True)
class BlockStyle:
    """How a transformer block is put together; the defaults are those of the native model."""

    norm: Literal["rms", "layer"] = "rms"
    """Root-mean-square norm, or layer norm with a bias."""
    norm_eps: float = 1e-6
    """What keeps a norm from dividing by zero."""
    norm_after: bool = False
    """Also norm what attention returns before it is added (NormFormer, arXiv 2110.09456)."""
    norm_after_mlp: bool = False
    """Also norm what the MLP returns before it is added (CogView's sandwich, arXiv 2105.13290)."""
    norm_inside_mlp: bool = False
    """Also norm the inner values of the MLP (NormFormer)."""
    qk_norm: bool = True
    """Norm queries and keys, per head."""
    attention_bias: bool = False
    """Whether the linear layers of attention have biases."""
    mlp: Literal["silu_gated", "gelu_gated", "gelu", "gelu_tanh", "quick_gelu"] = "silu_gated"
    """Kind of MLP; the gated ones multiply two projections."""
    mlp_bias: bool = False
    """Whether the linear layers of the MLP have biases."""
    cross_attention: bool = False
    """Whether a block also attends to the states of a text encoder."""

    def __post_init__(self) -> None:
        check_kinds(self)


@dataclass(frozen=True, kw_only=True)
class PromptConfig:
    """What turns a prompt into what the transformer reads (`models/prompt_networks.py`)."""

    kind: Literal["encoder", "table", "features", "class"] = "table"
    """A bidirectional encoder; a table of token embeddings; a projection of another model's
    features; a class."""
    vocab_size: int = 0
    """Entries of the text vocabulary, or classes; 0 for features."""
    max_tokens: int = 64
    """Longest prompt in tokens, or number of features."""
    width: int = 1024
    """Width of what the transformer reads."""
    feature_width: int = 0
    """Width of the features (kind features)."""
    places: bool = False
    """Whether each place of the prompt has an embedding of its own."""
    num_layers: int = 0
    """Blocks (kind encoder)."""
    num_heads: int = 1
    """Attention heads (kind encoder)."""
    mlp_width: int = 0
    """Inner width of the MLP (kind encoder)."""
    pad_id: int = -1
    """Id of padding that is not attended to; -1 attends to everything."""
    style: BlockStyle = BlockStyle()
    """How the blocks are made (kind encoder)."""

    def __post_init__(self) -> None:
        check_kinds(self)
        check_sizes(self)


_LONGEST_MASKED = 2048
"""Tokens of prompt and picture of a network with masks, which grow with their square."""


@dataclass(frozen=True, kw_only=True)
class LeftToRightConfig:
    """A left-to-right transformer over image tokens (`models/left_to_right.py`)."""

    num_codes: int = 16384
    """Codes that may be drawn."""
    num_tokens: int = 256
    """Tokens of a picture; the square of the grid's side."""
    code_rows: int = 16384
    """Rows of the code embedding; more than `num_codes` where it also holds marks."""
    code_width: int = 0
    """Width of a code's embedding before a small network widens it; 0 if there is none."""
    num_logits: int = 16384
    """Rows of the head."""
    head_width: int = 0
    """Inner width of a two-layer head; 0 is a single linear layer."""
    text_logits: int = 0
    """Rows of a second head, over the text vocabulary; 0 if there is none."""
    prefix_tokens: int = 64
    """Longest prefix that is read before the picture (without cross-attention), or the longest
    text."""
    width: int = 1024
    """Width of the residual stream."""
    num_heads: int = 16
    """Attention heads."""
    num_layers: int = 24
    """Blocks."""
    mlp_width: int = 4096
    """Inner width of the MLP."""
    places: Literal["table", "grid", "line"] = "table"
    """Learned places; rotary in two dimensions with none at all for the prefix; rotary along the
    sequence."""
    rope_base: float = 10000.0
    """Base of the rotary frequencies."""
    start_code: int = -1
    """Row of the code embedding that starts a picture; -1 if the prefix's last state does."""
    embedding_norm: bool = False
    """Whether embeddings are normed before the first block."""
    head_norm: bool = False
    """Whether states are normed once more before the head."""
    head_bias: bool = False
    """Whether a head of one layer has biases."""
    attention_mask: Literal["all", "lines", "wrapped_lines"] = "all"
    """What a token sees: all before it; or the prompt and, by the layer, a line or neighbourhood
    (`nn/sparse_masks.py`)."""
    prompt_marks: int = 0
    """Tokens at the end of the prefix that lines and neighbourhoods count to the picture."""
    style: BlockStyle = BlockStyle()
    """How the blocks are made."""

    def __post_init__(self) -> None:
        check_kinds(self)
        check_sizes(self)
        if self.grid_size**2 != self.num_tokens:
            raise ValueError(f"num_tokens {self.num_tokens} is not the square of a whole number")
        if self.width % self.num_heads:
            raise ValueError(f"width {self.width} is not a multiple of {self.num_heads} heads")
        length = self.prefix_tokens + self.num_tokens
        if self.attention_mask != "all" and length > _LONGEST_MASKED:
            raise ValueError(
                f"a mask of lines over {length} tokens is asked for, at most {_LONGEST_MASKED} are "
                "possible"
            )
        if not self.num_codes <= min(self.code_rows, self.num_logits):
            raise ValueError(
                f"num_codes {self.num_codes} is more than {self.code_rows} rows "
                f"or {self.num_logits} logits"
            )

    @property
    def grid_size(self) -> int:
        """Side of the token grid."""
        return math.isqrt(self.num_tokens)


@dataclass(frozen=True, kw_only=True)
class VQGANConfig:
    """A convolutional image tokenizer of taming's design (`models/vqgan.py`)."""

    image_size: int = 256
    """Side of the pictures in pixels that it was trained on."""
    channels: int = 3
    """Colours."""
    width: int = 128
    """Channels at the finest level."""
    multipliers: tuple[int, ...] = (1, 1, 2, 2, 4)
    """Channels of each level relative to `width`, finest first."""
    encoder_blocks: int = 2
    """Residual blocks of each level of the encoder; 0 if there is no encoder."""
    decoder_blocks: int = 3
    """Residual blocks of each level of the decoder."""
    attention_levels: tuple[int, ...] = (4,)
    """Levels with attention after each block; 0 is the finest."""
    latent_width: int = 256
    """Channels between the networks and the quantiser's convolutions."""
    num_codes: int = 16384
    """Entries of the codebook."""
    code_width: int = 256
    """Channels of an entry."""
    lookup: Literal["distance", "cosine", "logits"] = "distance"
    """How a latent finds its entry: nearest; nearest in direction, with entries of length 1; by a
    classifier."""
    norm_eps: float = 1e-6
    """What keeps the group norms from dividing by zero."""
    unit_range: bool = False
    """Whether pictures are in [0, 1] inside the network too; [-1, 1] otherwise."""

    def __post_init__(self) -> None:
        check_kinds(self)
        check_sizes(self)
        if self.image_size % self.patch_size:
            raise ValueError(
                f"image_size {self.image_size} is not a multiple of {self.patch_size} pixels"
            )

    @property
    def patch_size(self) -> int:
        """Side of the square of pixels that one token stands for."""
        return 1 << (len(self.multipliers) - 1)


@dataclass(frozen=True, kw_only=True)
class DVAEConfig:
    """OpenAI's discrete VAE (`models/dvae.py`)."""

    image_size: int = 256
    """Side of the pictures in pixels."""
    channels: int = 3
    """Colours."""
    width: int = 256
    """Channels at the finest level; the next ones have 2, 4 and 8 times as many."""
    start_width: int = 128
    """Channels that the decoder starts from."""
    blocks_per_level: int = 2
    """Residual blocks of each level."""
    num_codes: int = 8192
    """Entries of the codebook."""

    def __post_init__(self) -> None:
        check_kinds(self)
        check_sizes(self)

    @property
    def patch_size(self) -> int:
        """Side of the square of pixels that one token stands for."""
        return 8


@dataclass(frozen=True, kw_only=True)
class VisionConfig:
    """What reads pictures (`models/vision_encoder.py`); by default SigLIP-L/16 at 384 pixels."""

    image_size: int = 384
    """Side of the pictures in pixels."""
    patch_size: int = 16
    """Side of the square of pixels that one token stands for."""
    width: int = 1024
    """Width of the residual stream."""
    num_heads: int = 16
    """Attention heads."""
    num_layers: int = 24
    """Blocks."""
    mlp_width: int = 4096
    """Inner width of the MLP."""
    norm_eps: float = 1e-6
    """What keeps a norm from dividing by zero."""
    out_width: int = 2048
    """Width of the transformer that reads what is seen."""
    vocab_size: int = 102400
    """Rows of the head over words."""

    def __post_init__(self) -> None:
        check_kinds(self)
        check_sizes(self)
        if self.image_size % self.patch_size:
            raise ValueError(
                f"image_size {self.image_size} is not a multiple of {self.patch_size} pixels"
            )
        if self.width % self.num_heads:
            raise ValueError(f"width {self.width} is not a multiple of {self.num_heads} heads")

    @property
    def num_tokens(self) -> int:
        """States of a picture."""
        return (self.image_size // self.patch_size) ** 2


@dataclass(frozen=True, kw_only=True)
class PublishedConfig:
    """A whole published model, as `config.json` of a converted folder holds it."""

    name: str
    """Name in metadata and messages."""
    family: str
    """The project whose files these were: the name of an adapter."""
    variant: str = ""
    """Which of the project's models it is, where there are several."""
    licence: str
    """Licence of the weights."""
    version: str = "published"
    """Version of the weights."""
    guided: bool = True
    """Whether it was trained to draw without a prompt too, as guidance needs."""
    tokenizer: VQGANConfig = VQGANConfig()
    """The image tokenizer."""
    text: PromptConfig = PromptConfig()
    """What reads the prompt."""
    generator: LeftToRightConfig = LeftToRightConfig()
    """The transformer."""
    vision: VisionConfig | None = None
    """What reads pictures; None for a model that only draws."""
    sampling: SamplingConfig = SamplingConfig()
    """Default sampling settings of these weights."""

    def __post_init__(self) -> None:
        check_kinds(self)
        tokens = (self.tokenizer.image_size // self.tokenizer.patch_size) ** 2
        if tokens != self.generator.num_tokens:
            raise ValueError(
                f"the tokenizer's grid has {tokens} positions, "
                f"the transformer {self.generator.num_tokens}"
            )
        if self.tokenizer.num_codes < self.generator.num_codes:
            raise ValueError(
                f"{self.generator.num_codes} codes are drawn, "
                f"the tokenizer has {self.tokenizer.num_codes}"
            )

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> PublishedConfig:
        """Reads what `to_dict` wrote. Raises ValueError on an unknown or ill-typed entry."""
        parts = {
            "tokenizer": VQGANConfig,
            "text": PromptConfig,
            "generator": LeftToRightConfig,
            "vision": VisionConfig,
        }
        parts |= {"sampling": SamplingConfig}
        built = dict(values)
        for name, part in parts.items():
            if values.get(name) is not None:
                settings = dict(values[name])
                if "style" in settings:
                    settings["style"] = build_settings(BlockStyle, settings["style"])
                built[name] = build_settings(part, settings)
        model: PublishedConfig = build_settings(cls, built)
        return model


def left_to_right(
    config: PublishedConfig, settings: SamplingConfig, *, warn: bool
) -> SamplingConfig:
    """The settings as a left-to-right model can follow them: one token a step, in raster order.

    Raises ValueError for guidance without training for it. Warns, if asked to, that the number of
    steps is not a choice.
    """
    if settings.compose:
        raise ValueError(
            f"compose is on: {config.name} draws opaque pictures, which cannot be put together"
        )
    if settings.guidance_scale != 1 and not config.guided:
        raise ValueError(
            f"guidance_scale is {settings.guidance_scale}: {config.name} was not trained for "
            "guidance, it must be 1"
        )
    steps = config.generator.num_tokens
    if warn and settings.num_inference_steps != steps:
        warnings.warn(
            f"num_inference_steps {settings.num_inference_steps} is ignored: {config.name} draws "
            f"its {steps} tokens one after the other",
            stacklevel=4,
        )
    return dataclasses.replace(
        settings, num_inference_steps=steps, order="raster", schedule="uniform", max_group=1
    )


def check_possible(config: PublishedConfig, negative: str, transparent: bool) -> None:
    """Raises ValueError for what a published model cannot do."""
    if transparent:
        raise ValueError(f"{config.name} draws opaque pictures: transparent is not possible")
    if negative and not config.guided:
        raise ValueError(
            f"{config.name} was not trained for guidance: it has no use for a negative prompt"
        )
