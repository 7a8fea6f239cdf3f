"""What drawing cannot do without, counted from the settings: weights to be read, arithmetic to be
done. No torch.

A multiplication and an addition count as two operations. Norms, activations, softmax and sampling
are not counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dall_e.config import GeneratorConfig, ModelConfig, TokenizerConfig
from dall_e.config.published import LeftToRightConfig, VQGANConfig

BYTES = {"fp32": 4.0, "bf16": 2.0, "int8": 1.0, "int4": 0.5}
"""Of a weight, by precision; the scales of quantised ones are not counted."""


@dataclass(frozen=True, kw_only=True)
class Work:
    """Least work of some part of a drawing."""

    operations: float = 0.0
    """Floating-point operations of products and convolutions."""
    moved: float = 0.0
    """Bytes that have to come from memory."""

    def seconds(self, operations_rate: float, read_rate: float) -> float:
        """The least that it can take: arithmetic and reading may go on at the same time."""
        return max(self.operations / operations_rate, self.moved / read_rate)

    def __add__(self, other: Work) -> Work:
        return Work(operations=self.operations + other.operations, moved=self.moved + other.moved)


# Published models: weights of one step


def step_weights(config: LeftToRightConfig) -> int:
    """Weights that every token of a picture needs: of the matrices, once each, whatever the
    batch."""
    width = config.width
    mlp = (3 if config.style.mlp.endswith("gated") else 2) * width * config.mlp_width
    attention = 4 * width**2 + (2 * width**2 if config.style.cross_attention else 0)
    head = width * config.num_logits
    if config.head_width:
        head = width * config.head_width + config.head_width * config.num_logits
    way_in = config.code_width * width + width**2 if config.code_width else 0
    return config.num_layers * (attention + mlp) + head + way_in


def prompt_weights(config: LeftToRightConfig) -> int:
    """Weights that a picture needs once: those that make keys and values of the prompt's states."""
    return config.num_layers * 2 * config.width**2 if config.style.cross_attention else 0


def raster_work(config: LeftToRightConfig, bytes_per_weight: float) -> Work:
    """Of all tokens of a picture: reading the weights for each of them. Caches and the prompt are
    left out."""
    weights = step_weights(config) * config.num_tokens + prompt_weights(config)
    return Work(moved=weights * bytes_per_weight)


# Decoders: operations of one picture


def _convolution(kernel: int, width_in: int, width_out: int, side: int) -> int:
    return 2 * kernel**2 * width_in * width_out * side**2


def _attention_block(width: int, side: int) -> int:
    places = side**2
    return _convolution(1, width, 4 * width, side) + 4 * places**2 * width


def _residual_block(width_in: int, width_out: int, side: int) -> int:
    shortcut = 0 if width_in == width_out else _convolution(1, width_in, width_out, side)
    return (
        _convolution(3, width_in, width_out, side)
        + _convolution(3, width_out, width_out, side)
        + shortcut
    )


def vqgan_operations(config: VQGANConfig) -> int:
    """Of decoding one picture with a VQGAN of taming's design."""
    widths = [config.width * multiplier for multiplier in config.multipliers]
    side = config.image_size // config.patch_size
    width = widths[-1]
    total = _convolution(1, config.code_width, config.latent_width, side)
    total += _convolution(3, config.latent_width, width, side)
    total += 2 * _residual_block(width, width, side) + _attention_block(width, side)
    for level in reversed(range(len(widths))):
        for _ in range(config.decoder_blocks):
            total += _residual_block(width, widths[level], side)
            width = widths[level]
            total += _attention_block(width, side) if level in config.attention_levels else 0
        if level:
            side *= 2
            total += _convolution(3, width, width, side)
    return total + _convolution(3, width, config.channels, side)


def tokenizer_operations(config: TokenizerConfig) -> int:
    """Of decoding one picture with the native image tokenizer."""
    latent_width = len(config.fsq_levels)
    side, width = config.grid_size, config.widths[-1]
    total = _convolution(3, latent_width, width, side) + _attention_block(width, side)
    for level in reversed(range(len(config.widths))):
        width = config.widths[level]
        total += config.decoder_blocks[level] * 2 * _convolution(3, width, width, side)
        if level:
            total += _convolution(3, width, 4 * config.widths[level - 1], side)
            side *= 2
    return total + _convolution(3, width, 16, side)


# The native model: work of each step


def predict_operations(config: GeneratorConfig, asked: int, known: int) -> int:
    """Of one row: answering for a group of `asked` places with `known` tokens (the text's too)
    before it."""
    width = config.width
    block = asked * 2 * _block_weights(config) + 4 * asked * (known + asked) * width
    return config.query_layers * block + 2 * asked * width * config.num_codes


def append_operations(config: GeneratorConfig, absorbed: int, known: int) -> int:
    """Of one row: making a group known."""
    width = config.width
    block = absorbed * 2 * _block_weights(config) + 4 * absorbed * (known + absorbed) * width
    return config.content_layers * block + 4 * absorbed * width**2


def native_work(
    config: ModelConfig,
    groups: Sequence[int],
    rows: int,
    bytes_per_weight: float,
    bytes_per_state: float,
) -> list[Work]:
    """Of each step of a batch, the text first. `rows` are those of guidance too; each step reads
    the weights once.

    Keys and values are read where they are attended to: each content layer's own, and the shared
    ones by each query layer. The last group is not read again, as nothing comes after it.
    """
    generator = config.generator
    width = generator.width
    predict_weights = (
        generator.query_layers * _block_weights(generator) + width * generator.num_codes
    )
    append_weights = generator.content_layers * _block_weights(generator) + 2 * width**2
    known = generator.text_tokens
    steps = [
        Work(
            operations=rows * (_text_operations(config) + append_operations(generator, known, 0)),
            moved=append_weights * bytes_per_weight,
        )
    ]
    for index, size in enumerate(groups):
        last = index == len(groups) - 1
        operations = predict_operations(generator, size, known)
        weights = predict_weights
        seen = generator.query_layers * (known + size)
        if not last:
            operations += append_operations(generator, size, known)
            weights += append_weights
            seen += generator.content_layers * (known + size)
        moved = weights * bytes_per_weight + rows * 2 * width * seen * bytes_per_state
        steps.append(Work(operations=rows * operations, moved=moved))
        known += size
    return steps


def _block_weights(config: GeneratorConfig) -> int:
    return 4 * config.width**2 + 3 * config.width * config.mlp_width


def _text_operations(config: ModelConfig) -> int:
    """Of the way from the text encoder's states into the generator, for one row; the encoder itself
    is tiny."""
    text, width = config.text, config.generator.width
    return 2 * (text.max_tokens + 1) * text.width * width
