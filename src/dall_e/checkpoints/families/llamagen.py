"""LlamaGen: GPT over image tokens, text-to-image (T5 features as a prefix) and class-conditional.

Names and sizes: FoundationVision/LlamaGen, `autoregressive/models/gpt.py`. Its rotary pairs are
neighbours (x_2i, x_2i+1) where ours are halves apart (x_i, x_i+K/2), so the rows of queries and
keys change places at load.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from dall_e.bounded_files import naming
from dall_e.checkpoints.families import llamagen_vq
from dall_e.checkpoints.families.base import (
    LoadOptions,
    ModelFiles,
    PublishedModel,
    PublishedNetworks,
    Settings,
    TextToTokens,
    load_transformer,
    published_model,
    read_weights,
)
from dall_e.checkpoints.families.reference import ReferenceCase, guided_outputs
from dall_e.checkpoints.keymap import (
    KeyTable,
    Template,
    Tensors,
    count_layers,
    expand,
    matrix_shape,
)
from dall_e.checkpoints.model_entry import KnownModel, Size
from dall_e.config.published import BlockStyle, LeftToRightConfig, PromptConfig

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from dall_e.nn.quantization import WeightFormat

# Both stages have the same weights; the second draws a grid of 32 x 32 tokens.
_STAGE_1 = Size(
    drawing=777_923_840,
    embeddings=21_310_720,
    tokenizer=71_883_403,
    layers=36,
    width=1280,
    positions=120 + 256,
    reader=1_223_527_424,
)
_STAGE_2 = replace(_STAGE_1, positions=120 + 1024)
SIZES = (
    KnownModel(
        name="peizesun/llamagen_t2i",
        summary="LlamaGen text-to-image; reads prompts with flan-t5-xl, which is downloaded too "
        "(needs transformers).",
        licence="MIT",
        variants=("256", "512"),
        sizes=(_STAGE_1, _STAGE_2),
        resolution="256, 512",
        files=("t2i_XL_stage*_{v}.pt", "vq_ds16_t2i.pt"),
    ),
)
FILES = {
    "256": {"weights": "t2i_XL_stage1_256.pt", "tokenizer": "vq_ds16_t2i.pt"},
    "512": {"weights": "t2i_XL_stage2_512.pt", "tokenizer": "vq_ds16_t2i.pt"},
}

# Names

_FEATURES = "cls_embedding.uncond_embedding"
_CLASSES = "cls_embedding.embedding_table.weight"
_QKV = "blocks.{}.attention.qkv.weight"
KEYS: dict[str, Template] = {
    "prompts of features": {
        "nothing": _FEATURES,
        "wide.weight": "cls_embedding.cap_proj.fc1.weight",
        "out.weight": "cls_embedding.cap_proj.fc2.weight",
    },
    "prompts of classes": {"tokens.weight": _CLASSES},
    "transformer": {
        "codes.weight": "tok_embeddings.weight",
        "norm.weight": "norm.weight",
        "head.weight": "output.weight",
        _QKV: "layers.{}.attention.wqkv.weight",
        "blocks.{}.attention.out.weight": "layers.{}.attention.wo.weight",
        "blocks.{}.attention_norm.weight": "layers.{}.attention_norm.weight",
        "blocks.{}.mlp_norm.weight": "layers.{}.ffn_norm.weight",
        "blocks.{}.mlp.gate_up.weight": (
            "layers.{}.feed_forward.w1.weight",
            "layers.{}.feed_forward.w3.weight",
        ),
        "blocks.{}.mlp.down.weight": "layers.{}.feed_forward.w2.weight",
    },
}
_COMPUTED = ("freqs_cis", "causal_mask")
"""Tables that the network computes; some files have them."""


def prompt_table(text: PromptConfig) -> KeyTable:
    """Names of the way in, for features or for classes."""
    kind = "prompts of classes" if text.kind == "class" else "prompts of features"
    return KeyTable(rows=expand(KEYS[kind]))


def transformer_table(generator: LeftToRightConfig) -> KeyTable:
    """Names of the transformer's weights."""
    rows = expand(KEYS["transformer"], generator.num_layers)
    arranged = partial(halves_from_pairs, num_heads=generator.num_heads, width=generator.width)
    for layer in range(generator.num_layers):
        name = _QKV.format(layer)
        rows[name] = replace(rows[name], arranged=arranged)
    return KeyTable(rows=rows, dropped=_COMPUTED)


def halves_from_pairs(qkv: Tensor, *, num_heads: int, width: int) -> Tensor:
    """Give queries and keys the first elements of all rotary pairs first; values stay."""
    qk = qkv[: 2 * width].unflatten(0, (2, num_heads, -1, 2)).transpose(2, 3).flatten(0, 3)
    out = qkv.clone()
    out[: 2 * width] = qk
    return out


# Settings

_HEAD_WIDTHS = {3200: 100, 4096: 128}
"""Of the sizes 3B and 7B, by width; all others have 64. No tensor shows it."""


def config(
    given: Settings, tensors: Tensors, num_tokens: int
) -> tuple[PromptConfig, LeftToRightConfig]:
    """Sizes from the settings; what they do not say is read off the tensors.

    `num_tokens` is needed where the settings have no block_size: no tensor shows it.
    """
    num_codes, width = matrix_shape(tensors, "tok_embeddings.weight")
    num_codes, width = given.get("vocab_size", num_codes), given.get("dim", width)
    text = _prompt_config(given, tensors, width)
    if given.get("n_kv_head") not in (None, given.get("n_head")):
        raise ValueError(
            f"n_kv_head {given['n_kv_head']} differs from n_head {given.get('n_head')}: "
            "not supported"
        )
    generator = LeftToRightConfig(
        num_codes=num_codes,
        num_tokens=given.get("block_size", num_tokens),
        code_rows=num_codes,
        num_logits=num_codes,
        prefix_tokens=given.get("cls_token_num", text.max_tokens),
        width=width,
        num_heads=given.get("n_head", width // _HEAD_WIDTHS.get(width, 64)),
        num_layers=given.get("n_layer", count_layers(tensors, "layers")),
        mlp_width=matrix_shape(tensors, "layers.0.feed_forward.w1.weight")[0],
        places="grid",
        rope_base=float(given.get("rope_base", 10000)),
        style=BlockStyle(norm_eps=given.get("norm_eps", 1e-5), qk_norm=False),
    )
    return text, generator


def _prompt_config(given: Settings, tensors: Tensors, width: int) -> PromptConfig:
    """Sizes of the way in for T5 features, or of the table of classes."""
    if _FEATURES in tensors:
        max_tokens, feature_width = matrix_shape(tensors, _FEATURES)
        return PromptConfig(
            kind="features",
            max_tokens=max_tokens,
            width=width,
            feature_width=given.get("caption_dim", feature_width),
        )

    if "num_classes" in given:
        rows = given["num_classes"] + 1  # The last row stands for no class.
    else:
        rows, _ = matrix_shape(tensors, _CLASSES)
    return PromptConfig(kind="class", vocab_size=rows, max_tokens=1, width=width)


# Loading


def load_networks(
    path: Path,
    given: Settings,
    dtype: torch.dtype,
    packing: WeightFormat | None = None,
    num_tokens: int = 256,
) -> TextToTokens:
    """Load the transformer, to draw `num_tokens` tokens if the settings do not say how many."""
    # The project's own script draws with these, not with the averages under `ema`.
    tensors = read_weights(path, "model")
    with naming(path):
        text, generator = config(given, tensors, num_tokens)

    tables = prompt_table(text), transformer_table(generator)
    return load_transformer(path, tensors, (text, generator), tables, dtype, packing)


def load(files: ModelFiles, name: str, options: LoadOptions) -> PublishedModel:
    """Load a text-to-image model; flan-t5-xl, which reads its prompts, comes from the hub."""
    import torch

    from dall_e.checkpoints import t5

    weights = files.paths["weights"]
    num_tokens = 1024 if "512" in weights.name else 256
    networks = load_networks(weights, {}, options.dtype, options.packing, num_tokens)

    image_size = 16 * networks.transformer.config.grid_size
    tokenizer = llamagen_vq.load(files.paths["tokenizer"], {}, torch.float32, image_size)
    max_tokens = networks.prompts.config.max_tokens
    words = t5.T5Features.load(t5.REPOSITORY, max_tokens, hub=options.hub.of_another_repository())
    return published_model(
        files,
        name,
        PublishedNetworks(tokenizer, *networks),
        words,
        licence="MIT",
        sampling={"guidance_scale": 7.5, "top_k": 1000},
    )


def reference_outputs(case: ReferenceCase) -> dict[str, Tensor]:
    """Logits and greedy tokens for recorded features, by guidance."""
    import torch

    from dall_e.models.prompt_networks import PromptFeatures, PromptStates

    prompts, transformer = load_networks(case.only_file, case.config, torch.float32)
    if not isinstance(prompts, PromptFeatures):
        raise ValueError(
            f"{case.only_file} is class-conditional: there is no caption to verify with"
        )
    features, visible = case.input("caption_features"), case.input("caption_mask") != 0
    length = transformer.config.prefix_tokens
    text = PromptStates(*(part[:, :length] for part in prompts(features, visible)))
    null = PromptStates(*(part[:, :length] for part in prompts.unconditional(visible)))
    return guided_outputs(case, transformer, text, null)
