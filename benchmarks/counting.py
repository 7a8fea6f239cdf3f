"""The least work of drawing, counted from the settings: weights to read, arithmetic to do.

A multiplication and an addition count as two operations. Norms, activations, softmax and sampling
are not counted. Imports no torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dall_e.config import GeneratorConfig, ModelConfig, TokenizerConfig
from dall_e.config.published import LeftToRightConfig, VQGANConfig

BYTES = {"fp32": 4.0, "bf16": 2.0, "int8": 1.0, "int4": 0.5}
"""Bytes of a weight by precision; the scales of quantised ones are not counted."""


@dataclass(frozen=True, kw_only=True)
class Work:
    """The least work of some part of a drawing."""

    operations: float = 0.0
    """Floating-point operations of products and convolutions."""
    moved: float = 0.0
    """Bytes that have to come from memory."""

    def seconds(self, operations_rate: float, read_rate: float) -> float:
        """Return the least seconds that it can take, for rates per second.

        Arithmetic and reading may go on at the same time.
        """
        return max(self.operations / operations_rate, self.moved / read_rate)

    def __add__(self, other: Work) -> Work:
        return Work(operations=self.operations + other.operations, moved=self.moved + other.moved)


# Published models: weights of one step


def step_weights(config: LeftToRightConfig) -> int:
    """Count the weights that every token needs: all matrices once, whatever the batch."""
    width, style = config.width, config.style

    num_mlp_matrices = 3 if style.mlp.endswith("gated") else 2
    num_attention_matrices = 6 if style.cross_attention else 4
    block = num_attention_matrices * width**2 + num_mlp_matrices * width * config.mlp_width

    head = width * config.num_logits
    if config.head_width:
        head = width * config.head_width + config.head_width * config.num_logits
    code_projection = config.code_width * width + width**2 if config.code_width else 0
    return config.num_layers * block + head + code_projection


def prompt_weights(config: LeftToRightConfig) -> int:
    """Count the weights that an image needs once: keys and values of the prompt's states."""
    return config.num_layers * 2 * config.width**2 if config.style.cross_attention else 0


def raster_work(config: LeftToRightConfig, bytes_per_weight: float) -> Work:
    """Count the work of all tokens of an image: reading the weights for each of them.

    Caches and the prompt are left out.
    """
    weights = step_weights(config) * config.num_tokens + prompt_weights(config)
    return Work(moved=weights * bytes_per_weight)


# Decoders: operations of one image


def vqgan_operations(config: VQGANConfig) -> int:
    """Count the operations of decoding one image with a VQGAN of taming's design."""
    level_widths = [config.width * multiplier for multiplier in config.multipliers]
    side = config.image_size // config.patch_size
    width = level_widths[-1]

    # From codes to the middle blocks.
    total = _convolution(1, config.code_width, config.latent_width, side)
    total += _convolution(3, config.latent_width, width, side)
    total += 2 * _residual_block(width, width, side) + _attention_block(width, side)

    # Levels from the smallest to the largest side, with a convolution after each doubling.
    for level in reversed(range(len(level_widths))):
        for _ in range(config.decoder_blocks):
            total += _residual_block(width, level_widths[level], side)
            width = level_widths[level]
            total += _attention_block(width, side) if level in config.attention_levels else 0
        if level:
            side *= 2
            total += _convolution(3, width, width, side)

    return total + _convolution(3, width, config.channels, side)


def tokenizer_operations(config: TokenizerConfig) -> int:
    """Count the operations of decoding one image with the native image tokenizer."""
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


def _convolution(kernel: int, width_in: int, width_out: int, side: int) -> int:
    return 2 * kernel**2 * width_in * width_out * side**2


def _attention_block(width: int, side: int) -> int:
    positions = side**2
    return _convolution(1, width, 4 * width, side) + 4 * positions**2 * width


def _residual_block(width_in: int, width_out: int, side: int) -> int:
    shortcut = 0 if width_in == width_out else _convolution(1, width_in, width_out, side)
    convolutions = _convolution(3, width_in, width_out, side)
    convolutions += _convolution(3, width_out, width_out, side)
    return convolutions + shortcut


# The native model: work of each step


def predict_operations(config: GeneratorConfig, predicted: int, known: int) -> int:
    """Count the operations of predicting a group of positions, for one row.

    `known` tokens come before it, those of the text included.
    """
    width = config.width
    attention = 4 * predicted * (known + predicted) * width
    block = predicted * 2 * _block_weights(config) + attention
    return config.query_layers * block + 2 * predicted * width * config.num_codes


def append_operations(config: GeneratorConfig, appended: int, known: int) -> int:
    """Count the operations of appending a group of tokens to the known ones, for one row."""
    width = config.width
    attention = 4 * appended * (known + appended) * width
    block = appended * 2 * _block_weights(config) + attention
    return config.content_layers * block + 4 * appended * width**2


def native_work(
    config: ModelConfig,
    groups: Sequence[int],
    rows: int,
    bytes_per_weight: float,
    bytes_per_state: float,
) -> list[Work]:
    """Count the work of each step of a batch, the text first.

    `rows` includes those of guidance; each step reads the weights once for all of them. Keys and
    values are read where they are attended to: each content layer's own, and the shared ones by
    each query layer. The last group is not appended, as nothing comes after it.
    """
    generator = config.generator
    width = generator.width
    head_weights = width * generator.num_codes
    predict_weights = generator.query_layers * _block_weights(generator) + head_weights
    append_weights = generator.content_layers * _block_weights(generator) + 2 * width**2

    # The text: its tokens are appended to nothing.
    known = generator.text_tokens
    text_operations = _text_operations(config) + append_operations(generator, known, 0)
    text = Work(operations=rows * text_operations, moved=append_weights * bytes_per_weight)

    steps = [text]
    for index, size in enumerate(groups):
        operations = predict_operations(generator, size, known)
        weights = predict_weights
        states = generator.query_layers * (known + size)
        if index < len(groups) - 1:
            operations += append_operations(generator, size, known)
            weights += append_weights
            states += generator.content_layers * (known + size)
        moved = weights * bytes_per_weight + rows * 2 * width * states * bytes_per_state
        steps.append(Work(operations=rows * operations, moved=moved))
        known += size
    return steps


def _block_weights(config: GeneratorConfig) -> int:
    return 4 * config.width**2 + 3 * config.width * config.mlp_width


def _text_operations(config: ModelConfig) -> int:
    """Count the operations from the text encoder's states into the generator, for one row.

    The encoder itself is tiny.
    """
    text, width = config.text, config.generator.width
    return 2 * (text.max_tokens + 1) * text.width * width
