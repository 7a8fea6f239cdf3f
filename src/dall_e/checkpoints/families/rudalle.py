"""ruDALL-E (Sber): Malevich, Surrealist XL and Emojich, a GPT over 128 Russian words and 32 x 32
codes of an f8 VQGAN.

Names and sizes: ai-forever/ru-dalle, `rudalle/dalle/`. Of the codes before it a layer sees a line
or a square (`nn/sparse_masks.py`). Two versions differ: the second starts the prompt with a mark of
its own, so that the prompt's last token counts as the picture's first place, and its squares go on
at the other edge.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

from torch import Tensor

from dall_e.checkpoints.keymap import (
    From,
    KeyTable,
    Tensors,
    count_layers,
    matrix_shape,
    same,
    weight_and_bias,
)
from dall_e.config.published import BlockStyle, LeftToRightConfig, PromptConfig
from dall_e.nn.sparse_masks import visible

HEAD_WIDTH = 128
"""Of the 1.3 B models; no tensor shows it."""
_MASKS = ("transformer.row_mask", "transformer.col_mask", "transformer.conv_mask")
Version = Literal["v2", "v3"]


def version_of(tensors: Tensors) -> Version | None:
    """By the mask of the last layer, if the file has it."""
    if _MASKS[2] not in tensors:
        return None
    stored_SS = tensors[_MASKS[2]].read().bool()
    side = matrix_shape(tensors, "image_row_embeddings.weight")[0]
    prompt = len(stored_SS) - side**2
    wrapped_SS = visible("square", prompt, side, len(stored_SS), wrapped=True)
    return "v2" if bool((stored_SS == wrapped_SS).all()) else "v3"


def prompt_settings(given: dict[str, Any], tensors: Tensors, version: Version) -> PromptConfig:
    """Sizes of the text's embeddings."""
    vocab_size, width = matrix_shape(tensors, "text_embeddings.weight")
    tokens = given.get(
        "text_seq_length", matrix_shape(tensors, "text_pos_embeddings.weight")[0] - 1
    )
    return PromptConfig(
        kind="table",
        vocab_size=vocab_size,
        max_tokens=tokens + (version == "v2"),
        width=width,
        places=True,
    )


def raster_settings(
    given: dict[str, Any], tensors: Tensors, text: PromptConfig, version: Version
) -> LeftToRightConfig:
    """Sizes of the transformer; what the settings do not say is read off the tensors."""
    num_codes, width = matrix_shape(tensors, "image_embeddings.weight")
    return LeftToRightConfig(
        num_codes=num_codes,
        num_tokens=matrix_shape(tensors, "image_row_embeddings.weight")[0] ** 2,
        code_rows=num_codes,
        num_logits=num_codes,
        prefix_tokens=text.max_tokens,
        width=width,
        num_heads=given.get("num_attention_heads", width // HEAD_WIDTH),
        num_layers=given.get("num_layers", count_layers(_without_prefix(tensors), "layers")),
        mlp_width=matrix_shape(tensors, "transformer.layers.0.mlp.dense_h_to_4h.weight")[0],
        head_norm=True,
        head_bias=True,
        attention_mask="wrapped_lines" if version == "v2" else "lines",
        prompt_marks=int(version == "v2"),
        style=BlockStyle(
            norm="layer",
            norm_eps=1e-5,
            norm_after=True,
            norm_after_mlp=True,
            qk_norm=False,
            attention_bias=True,
            mlp="gelu_tanh",
            mlp_bias=True,
        ),
    )


def _without_prefix(tensors: Tensors) -> Tensors:
    return {name.removeprefix("transformer."): tensor for name, tensor in tensors.items()}


def prompt_table(config: PromptConfig, tensors: Tensors) -> KeyTable:
    """Names of the text's embeddings; one place more is stored than the third version uses."""
    stored = tensors["text_pos_embeddings.weight"].shape
    rows = same(tokens__weight="text_embeddings.weight")
    rows["places.weight"] = From(
        names=("text_pos_embeddings.weight",),
        arranged=lambda places_LD: places_LD[: config.max_tokens],
        shape=lambda shape: (stored[0], *shape[1:]),
    )
    return KeyTable(rows=rows)


def raster_table(config: LeftToRightConfig, text: PromptConfig) -> KeyTable:
    """Names of the transformer's weights. The head's rows for words are left out."""
    words = text.vocab_size
    rows = same(codes__weight="image_embeddings.weight")
    rows["places.weight"] = From(
        names=("image_row_embeddings.weight", "image_col_embeddings.weight"),
        summed=_grid,
        shape=lambda shape: (math.isqrt(shape[0]), *shape[1:]),
    )
    rows |= weight_and_bias("norm", "transformer.final_layernorm") | weight_and_bias(
        "head_norm", "to_logits.0"
    )
    for kind in ("weight", "bias"):
        rows[f"head.{kind}"] = From(
            names=(f"to_logits.1.{kind}",),
            arranged=lambda logits: logits[words:],
            shape=lambda shape: (words + shape[0], *shape[1:]),
        )
    for layer in range(config.num_layers):
        ours, theirs = f"blocks.{layer}", f"transformer.layers.{layer}"
        rows |= weight_and_bias(f"{ours}.attention_norm", f"{theirs}.input_layernorm")
        rows |= weight_and_bias(f"{ours}.attention.qkv", f"{theirs}.attention.query_key_value")
        rows |= weight_and_bias(f"{ours}.attention.out", f"{theirs}.attention.dense")
        rows |= weight_and_bias(
            f"{ours}.attention_after", f"{theirs}.before_first_addition_layernorm"
        )
        rows |= weight_and_bias(f"{ours}.mlp_norm", f"{theirs}.post_attention_layernorm")
        rows |= weight_and_bias(f"{ours}.mlp.up", f"{theirs}.mlp.dense_h_to_4h")
        rows |= weight_and_bias(f"{ours}.mlp.down", f"{theirs}.mlp.dense_4h_to_h")
        rows |= weight_and_bias(f"{ours}.mlp_after", f"{theirs}.before_second_addition_layernorm")
    return KeyTable(rows=rows, dropped=_MASKS)


def _grid(axes: Sequence[Tensor]) -> Tensor:
    """Embeddings of rows and of columns as those of all places."""
    rows_GD, columns_GD = axes
    return (rows_GD[:, None] + columns_GD[None]).flatten(0, 1)
