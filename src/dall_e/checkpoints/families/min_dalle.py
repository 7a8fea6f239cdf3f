"""min-dalle: DALL-E mini and mega ported to PyTorch, in three files: encoder, decoder, "detoker".

Names and sizes: kuprel/min-dalle, `min_dalle/models/`. The model was trained without the scales of
five layer norms (`force_ln_scale=False` in borisdayma/dalle-mini). The files leave them out, and
they count as ones. The detoker is in `min_dalle_vqgan.py`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from dall_e.bounded_files import naming
from dall_e.checkpoints.families import min_dalle_vqgan
from dall_e.checkpoints.families.base import (
    LoadOptions,
    ModelFiles,
    PublishedModel,
    PublishedNetworks,
    Settings,
    TextToTokens,
    build_transformer,
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
    fill,
    matrix_shape,
)
from dall_e.checkpoints.model_entry import KnownModel, Size
from dall_e.config.published import BlockStyle, LeftToRightConfig, PromptConfig
from dall_e.text.published_tokenizers import MiniTokenizer

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from dall_e.nn.quantization import WeightFormat

MINI = Size(
    drawing=437_962_720,
    embeddings=68_912_096,
    tokenizer=46_709_891,
    layers=12,
    width=1024,
    positions=64 + 256,
)
MEGA = Size(
    drawing=2_587_967_488,
    embeddings=138_428_416,
    tokenizer=46_709_891,
    layers=24,
    width=2048,
    positions=64 + 256,
)
SIZES = (
    KnownModel(
        name="kuprel/min-dalle",
        summary="DALL-E mini and mega: any subject, in the wobbly style of 2022.",
        licence="Apache-2.0",
        variants=("mini", "mega"),
        sizes=(MINI, MEGA),
        resolution="256",
        files=("encoder{v}.pt", "decoder{v}.pt", "vocab{v}.json", "merges{v}.txt", "detoker.pt"),
    ),
)
FILES = {
    "mini": {
        "encoder": "encoder_mini.pt",
        "decoder": "decoder_mini.pt",
        "detoker": "detoker.pt",
        "vocabulary": "vocab_mini.json",
        "merges": "merges_mini.txt",
    },
    "mega": {
        "encoder": "encoder.pt",
        "decoder": "decoder.pt",
        "detoker": "detoker.pt",
        "vocabulary": "vocab.json",
        "merges": "merges.txt",
    },
}

# Names


def _unscaled(theirs: str) -> From:
    """The scale of a norm that was trained without one."""
    return From(names=(theirs,), may_lack=1.0)


_SHARED_KEYS: Template = {
    "places.weight": "embed_positions.weight",
    "embedding_norm.*": "layernorm_embedding.*",
    "norm.weight": _unscaled("final_ln.weight"),
    "norm.bias": "final_ln.bias",
    "blocks.{}.attention_norm.weight": _unscaled("layers.{}.pre_self_attn_layer_norm.weight"),
    "blocks.{}.attention_norm.bias": "layers.{}.pre_self_attn_layer_norm.bias",
    "blocks.{}.attention.qkv.weight": (
        "layers.{}.self_attn.q_proj.weight",
        "layers.{}.self_attn.k_proj.weight",
        "layers.{}.self_attn.v_proj.weight",
    ),
    "blocks.{}.attention.out.weight": "layers.{}.self_attn.out_proj.weight",
    "blocks.{}.attention_after.*": "layers.{}.self_attn_layer_norm.*",
    "blocks.{}.mlp_norm.weight": _unscaled("layers.{}.glu.ln0.weight"),
    "blocks.{}.mlp_norm.bias": "layers.{}.glu.ln0.bias",
    "blocks.{}.mlp.norm.weight": _unscaled("layers.{}.glu.ln1.weight"),
    "blocks.{}.mlp.norm.bias": "layers.{}.glu.ln1.bias",
    "blocks.{}.mlp.gate_up.weight": ("layers.{}.glu.fc0.weight", "layers.{}.glu.fc1.weight"),
    "blocks.{}.mlp.down.weight": "layers.{}.glu.fc2.weight",
}
KEYS: dict[str, Template] = {
    "prompts": {"tokens.weight": "embed_tokens.weight", **_SHARED_KEYS},
    "transformer": {
        "codes.weight": "embed_tokens.weight",
        "head.weight": "lm_head.weight",
        **_SHARED_KEYS,
        "blocks.{}.cross_norm.weight": _unscaled("layers.{}.pre_encoder_attn_layer_norm.weight"),
        "blocks.{}.cross_norm.bias": "layers.{}.pre_encoder_attn_layer_norm.bias",
        "blocks.{}.cross.q.weight": "layers.{}.encoder_attn.q_proj.weight",
        "blocks.{}.cross.kv.weight": (
            "layers.{}.encoder_attn.k_proj.weight",
            "layers.{}.encoder_attn.v_proj.weight",
        ),
        "blocks.{}.cross.out.weight": "layers.{}.encoder_attn.out_proj.weight",
        "blocks.{}.cross_after.*": "layers.{}.encoder_attn_layer_norm.*",
    },
}


def prompt_table(text: PromptConfig) -> KeyTable:
    """Names of the encoder's weights."""
    return KeyTable(rows=expand(KEYS["prompts"], text.num_layers))


def transformer_table(generator: LeftToRightConfig) -> KeyTable:
    """Names of the decoder's weights."""
    return KeyTable(rows=expand(KEYS["transformer"], generator.num_layers))


# Settings

HEAD_WIDTH = 64
"""Of both published sizes; no tensor shows it."""
START_CODE = 16384
"""What an image starts with, as mini and mega were trained (`decoder_start_token_id`); the package
takes 16383."""
PAD_ID = 1
_MOST_CODES = 2**14
"""Only these logits are drawn from; mega has more rows, none of them codes of its VQGAN."""
_STYLE = BlockStyle(
    norm="layer",
    norm_eps=1e-5,
    norm_after=True,
    norm_inside_mlp=True,
    qk_norm=False,
    mlp="gelu_gated",
)


def config(
    encoder_given: Settings,
    encoder: Tensors,
    decoder_given: Settings,
    decoder: Tensors,
    start_code: int | None = None,
) -> tuple[PromptConfig, LeftToRightConfig]:
    """Sizes of encoder and decoder, each from its own settings and tensors."""
    text = prompt_config(encoder_given, encoder)
    return text, transformer_config(decoder_given, decoder, text, start_code)


def prompt_config(given: Settings, tensors: Tensors) -> PromptConfig:
    """Sizes of the encoder; what the settings do not say is read off the tensors."""
    vocab_size, width = matrix_shape(tensors, "embed_tokens.weight")
    max_tokens, _ = matrix_shape(tensors, "embed_positions.weight")
    mlp_width, _ = matrix_shape(tensors, "layers.0.glu.fc0.weight")
    width = given.get("embed_count", width)
    return PromptConfig(
        kind="encoder",
        vocab_size=given.get("text_vocab_count", vocab_size),
        max_tokens=given.get("text_token_count", max_tokens),
        width=width,
        places=True,
        num_layers=given.get("layer_count", count_layers(tensors, "layers")),
        num_heads=given.get("attention_head_count", width // HEAD_WIDTH),
        mlp_width=given.get("glu_embed_count", mlp_width),
        pad_id=PAD_ID,
        style=_STYLE,
    )


def transformer_config(
    given: Settings, tensors: Tensors, text: PromptConfig, start_code: int | None
) -> LeftToRightConfig:
    """Sizes of the decoder. `start_code` None is what the published models were trained with."""
    rows, width = matrix_shape(tensors, "embed_tokens.weight")
    num_tokens, _ = matrix_shape(tensors, "embed_positions.weight")
    mlp_width, _ = matrix_shape(tensors, "layers.0.glu.fc0.weight")
    rows = given["image_vocab_count"] + 1 if "image_vocab_count" in given else rows
    width = given.get("embed_count", width)
    return LeftToRightConfig(
        num_codes=min(_MOST_CODES, rows - 1),
        num_tokens=num_tokens,
        code_rows=rows,
        num_logits=rows,
        prefix_tokens=text.max_tokens,
        width=width,
        num_heads=given.get("attention_head_count", width // HEAD_WIDTH),
        num_layers=given.get("layer_count", count_layers(tensors, "layers")),
        mlp_width=given.get("glu_embed_count", mlp_width),
        start_code=min(START_CODE, rows - 1) if start_code is None else start_code,
        embedding_norm=True,
        style=replace(_STYLE, cross_attention=True),
    )


# Loading


def load_networks(
    encoder: Path,
    decoder: Path,
    given: Settings,
    dtype: torch.dtype,
    packing: WeightFormat | None = None,
    start_code: int | None = None,
) -> TextToTokens:
    """Load encoder and decoder; `start_code` is what an image starts with, None for the usual."""
    encoder_tensors, decoder_tensors = read_weights(encoder), read_weights(decoder)
    with naming(encoder):
        text = prompt_config(given, encoder_tensors)
    with naming(decoder):
        generator = transformer_config(given, decoder_tensors, text, start_code)

    halves = (encoder, encoder_tensors), (decoder, decoder_tensors)
    return fill_networks((text, generator), *halves, dtype, packing)


def fill_networks(
    configs: tuple[PromptConfig, LeftToRightConfig],
    encoder: tuple[Path, Tensors],
    decoder: tuple[Path, Tensors],
    dtype: torch.dtype,
    packing: WeightFormat | None = None,
) -> TextToTokens:
    """Encoder and decoder, each filled with all tensors of its half; the path is for errors."""
    text, generator = configs
    with naming(decoder[0]):
        networks = build_transformer(text, generator, encoder[1], decoder[1])
    parts = (
        (networks.prompts, prompt_table(text), *encoder),
        (networks.transformer, transformer_table(generator), *decoder),
    )
    for network, table, path, tensors in parts:
        fill([(network, table)], tensors, dtype, str(path), packing)
    return networks


def load(files: ModelFiles, name: str, options: LoadOptions) -> PublishedModel:
    """Load mini or mega."""
    import torch

    paths = files.paths
    networks = load_networks(paths["encoder"], paths["decoder"], {}, options.dtype, options.packing)
    detoker = min_dalle_vqgan.load(paths["detoker"], {}, torch.float32)
    with naming(paths["vocabulary"], "it is no vocabulary of DALL-E mini, or its merges are not"):
        words = MiniTokenizer.from_files(
            read_words(paths["vocabulary"]), read_words(paths["merges"])
        )
    return published_model(
        files,
        name,
        PublishedNetworks(detoker, *networks),
        words,
        licence="Apache-2.0",
        sampling={"guidance_scale": 16.0, "top_k": 256},
    )


def reference_outputs(case: ReferenceCase) -> dict[str, Tensor]:
    """States of the prompt, and logits for recorded codes."""
    import torch

    start_code = case.config.get("bos")
    if "start_token" in case.inputs:
        start_code = int(case.input("start_token")[0])
    networks = load_networks(
        case.file("encoder"), case.file("decoder"), case.config, torch.float32, None, start_code
    )
    return encoder_decoder_outputs(case, networks)


def encoder_decoder_outputs(case: ReferenceCase, networks: TextToTokens) -> dict[str, Tensor]:
    """What mini and mega compute, in the files of either project."""
    states = networks.prompts(case.input("text"))
    codes_BN = case.input("image_tokens").expand(states.states_BLD.shape[0], -1)
    return {
        "encoder_state": states.states_BLD,
        "step_logits": networks.transformer(states, codes_BN[:, :-1]),
    }
