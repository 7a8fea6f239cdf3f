"""ruDALL-E (Sber): Malevich, Surrealist XL and Emojich, GPTs over Russian words and image codes.

They read 128 words and draw 32 x 32 codes of an f8 VQGAN; of the codes before it a layer sees a
line or a square (`nn/sparse_masks.py`). Names and sizes: ai-forever/ru-dalle, `rudalle/dalle/`.
Two versions differ: the second starts the prompt with a mark of its own, so that the prompt's last
token counts as the image's first position, and its squares go on at the other edge.

Tensor names: S positions of the sequence, L of the prompt, G rows or columns of the image, D width.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from dall_e.bounded_files import naming
from dall_e.checkpoints.families import taming_transformers
from dall_e.checkpoints.families.base import (
    LoadOptions,
    ModelFiles,
    PublishedModel,
    PublishedNetworks,
    Settings,
    TextToTokens,
    folder_with,
    load_transformer,
    published_model,
    read_weights,
    read_words,
)
from dall_e.checkpoints.families.reference import ReferenceCase
from dall_e.checkpoints.keymap import (
    From,
    KeyTable,
    Template,
    Tensors,
    count_layers,
    expand,
    matrix_shape,
)
from dall_e.checkpoints.model_entry import KnownModel, Size
from dall_e.config.published import BlockStyle, LeftToRightConfig, PromptConfig
from dall_e.text.published_tokenizers import RussianTokenizer

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from dall_e.nn.quantization import WeightFormat

Version = Literal["v2", "v3"]

_SIZE_V3 = Size(
    drawing=1_278_541_824,
    embeddings=53_805_056,
    tokenizer=68_995_971,
    layers=24,
    width=2048,
    positions=128 + 1024,
    guided=False,
)
# The second version has one more place in its prompt.
_SIZE_V2 = replace(_SIZE_V3, drawing=1_278_543_872, embeddings=53_807_104, positions=129 + 1024)


def _known_model(
    name: str, summary: str, *sizes: Size, variants: tuple[str, ...] = ()
) -> KnownModel:
    """A model of 1.3 B; text tokenizer and VQGAN are of other repositories."""
    return KnownModel(
        name=name,
        summary=summary,
        licence="Apache-2.0",
        variants=variants,
        sizes=sizes,
        languages="Russian",
        resolution="256",
        files=("pytorch_model_{v}.bin" if variants else "pytorch_model.bin",),
    )


SIZES = (
    _known_model(
        "ai-forever/rudalle-Malevich",
        "ruDALL-E Malevich: any subject.",
        _SIZE_V3,
        _SIZE_V2,
        variants=("v3", "v2"),
    ),
    _known_model("ai-forever/rudalle-Emojich", "Malevich trained on for emoji.", _SIZE_V2),
    _known_model(
        "shonenkov-AI/rudalle-xl-surrealist", "Malevich trained on for surrealism.", _SIZE_V3
    ),
)
FILES = {
    "v3": {"weights": "pytorch_model_v3.bin"},
    "v2": {"weights": "pytorch_model_v2.bin"},
    "": {"weights": "pytorch_model.bin"},
}
_VQGAN = ("sberbank-ai/rudalle-utils", "vqgan.gumbelf8-sber.model.ckpt")
"""Repository and file of the VQGAN of all models."""
_WORDS = ("shonenkov/rudalle-utils", "bpe.model")
"""And of their text tokenizer."""

# Names

_PROMPT_PLACES = "text_pos_embeddings.weight"
_MASKS = ("transformer.row_mask", "transformer.col_mask", "transformer.conv_mask")


def _grid_from_axes(axes: Sequence[Tensor]) -> Tensor:
    """Embeddings of all positions of the image, from those of rows and those of columns."""
    rows_GD, columns_GD = axes
    return (rows_GD[:, None] + columns_GD[None]).flatten(0, 1)


KEYS: dict[str, Template] = {
    "prompts": {"tokens.weight": "text_embeddings.weight", "places.weight": _PROMPT_PLACES},
    "transformer": {
        "codes.weight": "image_embeddings.weight",
        "places.weight": From(
            names=("image_row_embeddings.weight", "image_col_embeddings.weight"),
            summed=_grid_from_axes,
            shape=lambda shape: (math.isqrt(shape[0]), *shape[1:]),
        ),
        "norm.*": "transformer.final_layernorm.*",
        "head_norm.*": "to_logits.0.*",
        "head.*": "to_logits.1.*",
        "blocks.{}.attention_norm.*": "transformer.layers.{}.input_layernorm.*",
        "blocks.{}.attention.qkv.*": "transformer.layers.{}.attention.query_key_value.*",
        "blocks.{}.attention.out.*": "transformer.layers.{}.attention.dense.*",
        "blocks.{}.attention_after.*": "transformer.layers.{}.before_first_addition_layernorm.*",
        "blocks.{}.mlp_norm.*": "transformer.layers.{}.post_attention_layernorm.*",
        "blocks.{}.mlp.up.*": "transformer.layers.{}.mlp.dense_h_to_4h.*",
        "blocks.{}.mlp.down.*": "transformer.layers.{}.mlp.dense_4h_to_h.*",
        "blocks.{}.mlp_after.*": "transformer.layers.{}.before_second_addition_layernorm.*",
    },
}


def prompt_table(text: PromptConfig, tensors: Tensors) -> KeyTable:
    """Names of the text's embeddings; one place more is stored than the third version uses."""
    num_stored = tensors[_PROMPT_PLACES].shape[0]
    rows = expand(KEYS["prompts"])
    rows["places.weight"] = replace(
        rows["places.weight"],
        arranged=lambda places_LD: places_LD[: text.max_tokens],
        shape=lambda shape: (num_stored, *shape[1:]),
    )
    return KeyTable(rows=rows)


def transformer_table(generator: LeftToRightConfig, text: PromptConfig) -> KeyTable:
    """Names of the transformer's weights; the head's rows for words are left out."""
    num_words = text.vocab_size
    rows = expand(KEYS["transformer"], generator.num_layers)
    for name in ("head.weight", "head.bias"):
        rows[name] = replace(
            rows[name],
            arranged=lambda logits: logits[num_words:],
            shape=lambda shape: (num_words + shape[0], *shape[1:]),
        )
    return KeyTable(rows=rows, dropped=_MASKS)


# Settings

HEAD_WIDTH = 128
"""Of the 1.3 B models; no tensor shows it."""


def version_of(tensors: Tensors) -> Version | None:
    """The version, by the mask of the last layer; None if the file has no masks."""
    from dall_e.nn.sparse_masks import visible

    if _MASKS[2] not in tensors:
        return None
    stored_SS = tensors[_MASKS[2]].read().bool()
    side, _ = matrix_shape(tensors, "image_row_embeddings.weight")
    prompt = len(stored_SS) - side**2
    wrapped_SS = visible("square", prompt, side, len(stored_SS), wrapped=True)
    return "v2" if bool((stored_SS == wrapped_SS).all()) else "v3"


def config(
    given: Settings, tensors: Tensors, version: Version
) -> tuple[PromptConfig, LeftToRightConfig]:
    """Sizes from the settings; what they do not say is read off the tensors."""
    text = _prompt_config(given, tensors, version)
    num_codes, width = matrix_shape(tensors, "image_embeddings.weight")
    side, _ = matrix_shape(tensors, "image_row_embeddings.weight")
    num_layers = count_layers(tensors, "transformer.layers")
    generator = LeftToRightConfig(
        num_codes=num_codes,
        num_tokens=side**2,
        code_rows=num_codes,
        num_logits=num_codes,
        prefix_tokens=text.max_tokens,
        width=width,
        num_heads=given.get("num_attention_heads", width // HEAD_WIDTH),
        num_layers=given.get("num_layers", num_layers),
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
    return text, generator


def _prompt_config(given: Settings, tensors: Tensors, version: Version) -> PromptConfig:
    vocab_size, width = matrix_shape(tensors, "text_embeddings.weight")
    num_stored, _ = matrix_shape(tensors, _PROMPT_PLACES)
    return PromptConfig(
        kind="table",
        vocab_size=vocab_size,
        max_tokens=given.get("text_seq_length", num_stored - 1) + (version == "v2"),
        width=width,
        places=True,
    )


# Loading


def load_networks(
    path: Path,
    given: Settings,
    dtype: torch.dtype,
    packing: WeightFormat | None = None,
    version: Version | None = None,
) -> TextToTokens:
    """Load the transformer. `version` counts where the file does not show it; else it is v3."""
    tensors = read_weights(path)
    with naming(path):
        version = version_of(tensors) or version or "v3"
        text, generator = config(given, tensors, version)

    tables = prompt_table(text, tensors), transformer_table(generator, text)
    return load_transformer(path, tensors, (text, generator), tables, dtype, packing)


def load(files: ModelFiles, name: str, options: LoadOptions) -> PublishedModel:
    """Load a model; VQGAN and text tokenizer are downloaded if they are not in its folder."""
    import torch

    weights = files.paths["weights"]
    is_old = "v2" in weights.name or "mojich" in str(weights)
    networks = load_networks(weights, {}, options.dtype, options.packing, "v2" if is_old else None)
    text, generator = networks.prompts.config, networks.transformer.config

    words, vqgan = (
        folder_with([file], weights.parent, repository, options) / file
        for repository, file in (_WORDS, _VQGAN)
    )
    tokenizer = taming_transformers.load(vqgan, {}, torch.float32, generator.grid_size)

    # The last ids of the vocabulary stand for empty positions of the prompt.
    marks = generator.prompt_marks
    first_empty = text.vocab_size - (text.max_tokens - marks)
    with naming(words):
        pieces = RussianTokenizer.from_file(read_words(words), first_empty, starts_twice=marks == 1)
    return published_model(
        files,
        name,
        PublishedNetworks(tokenizer, *networks),
        pieces,
        licence="Apache-2.0",
        sampling={"guidance_scale": 1.0, "top_k": 2048, "top_p": 0.995},
        guided=False,
    )


def reference_outputs(case: ReferenceCase) -> dict[str, Tensor]:
    """Logits for recorded codes."""
    import torch

    version = case.config.get("version")
    prompts, transformer = load_networks(
        case.only_file, case.config, torch.float32, version=version
    )
    states, codes_BN = prompts(case.input("text")), case.input("image_tokens")
    return {"image_logits": transformer(states, codes_BN[:, :-1])}
