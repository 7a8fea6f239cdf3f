"""minDALL-E (Kakao Brain): a GPT over 64 text tokens and 256 image tokens, and a taming VQGAN.

Names and sizes: kakaobrain/minDALL-E, `dalle/models/stage2/transformer.py`. Padding is attended to
like any token.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dall_e.bounded_files import naming
from dall_e.checkpoints.families import taming_transformers
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
    read_words,
)
from dall_e.checkpoints.families.reference import ReferenceCase
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
from dall_e.text.published_tokenizers import CharBPETokenizer

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from dall_e.nn.quantization import WeightFormat

_LICENCE = "CC-BY-NC-SA-4.0 (not for commercial use)"
SIZES = (
    KnownModel(
        name="kakaobrain/minDALL-E",
        summary="minDALL-E: natural pictures, without guidance.",
        licence=_LICENCE,
        archive="https://arena.kakaocdn.net/brainrepo/models/minDALL-E/"
        "57b008f02ceaa02b779c8b7463143315/1.3B.tar.gz",
        sizes=(
            Size(
                drawing=1_291_081_728,
                embeddings=51_664_896,
                tokenizer=76_073_859,
                layers=42,
                width=1536,
                positions=64 + 256,
                guided=False,
            ),
        ),
        resolution="256",
    ),
)
FILES = {
    "1.3B": {
        "weights": "stage2_last.ckpt",
        "tokenizer": "stage1_last.ckpt",
        "vocabulary": "tokenizer/bpe-16k-vocab.json",
        "merges": "tokenizer/bpe-16k-merges.txt",
    }
}

# Names

KEYS: dict[str, Template] = {
    "prompts": {"tokens.weight": "tok_emb_txt.weight", "places.weight": "pos_emb_txt.weight"},
    "transformer": {
        "codes.weight": "tok_emb_img.weight",
        "places.weight": "pos_emb_img.weight",
        "head.weight": "head_img.weight",
        "text_head.weight": "head_txt.weight",
        "norm.*": "ln_f.*",
        "blocks.{}.attention_norm.*": "blocks.{}.ln1.*",
        "blocks.{}.mlp_norm.*": "blocks.{}.ln2.*",
        "blocks.{}.attention.qkv.*": (
            "blocks.{}.attn.query.*",
            "blocks.{}.attn.key.*",
            "blocks.{}.attn.value.*",
        ),
        "blocks.{}.attention.out.*": "blocks.{}.attn.proj.*",
        "blocks.{}.mlp.up.*": "blocks.{}.mlp.0.*",
        "blocks.{}.mlp.down.*": "blocks.{}.mlp.2.*",
    },
}


def prompt_table(text: PromptConfig) -> KeyTable:
    """Names of the text's embeddings."""
    return KeyTable(rows=expand(KEYS["prompts"]))


def transformer_table(generator: LeftToRightConfig) -> KeyTable:
    """Names of the transformer's weights, with those biases that it has."""
    lacking = []
    if not generator.style.attention_bias:
        lacking += [".attention.qkv.bias", ".attention.out.bias"]
    if not generator.style.mlp_bias:
        lacking += [".mlp.up.bias", ".mlp.down.bias"]

    rows = expand(KEYS["transformer"], generator.num_layers)
    held = {name: row for name, row in rows.items() if not name.endswith(tuple(lacking))}
    # The causal mask is computed.
    return KeyTable(rows=held, dropped_ends=(".attn.mask",))


# Settings

_HEAD_WIDTH = 64
"""No tensor shows it."""


def config(given: Settings, tensors: Tensors) -> tuple[PromptConfig, LeftToRightConfig]:
    """Sizes from the settings; what they do not say is read off the tensors."""
    text = _prompt_config(given, tensors)
    num_codes, width = matrix_shape(tensors, "tok_emb_img.weight")
    num_codes, width = given.get("vocab_img", num_codes), given.get("embed_dim", width)
    num_tokens, _ = matrix_shape(tensors, "pos_emb_img.weight")
    generator = LeftToRightConfig(
        num_codes=num_codes,
        num_tokens=given.get("ctx_len_img", num_tokens),
        code_rows=num_codes,
        num_logits=num_codes,
        text_logits=text.vocab_size,
        prefix_tokens=text.max_tokens,
        width=width,
        num_heads=given.get("n_heads", width // _HEAD_WIDTH),
        num_layers=given.get("n_layers", count_layers(tensors, "blocks")),
        mlp_width=matrix_shape(tensors, "blocks.0.mlp.0.weight")[0],
        style=BlockStyle(
            norm="layer",
            norm_eps=1e-5,
            qk_norm=False,
            attention_bias=given.get("attn_bias", "blocks.0.attn.key.bias" in tensors),
            mlp="quick_gelu" if given.get("gelu_use_approx") else "gelu",
            mlp_bias=given.get("mlp_bias", "blocks.0.mlp.0.bias" in tensors),
        ),
    )
    return text, generator


def _prompt_config(given: Settings, tensors: Tensors) -> PromptConfig:
    vocab_size, width = matrix_shape(tensors, "tok_emb_txt.weight")
    max_tokens, _ = matrix_shape(tensors, "pos_emb_txt.weight")
    return PromptConfig(
        kind="table",
        vocab_size=given.get("vocab_txt", vocab_size),
        max_tokens=given.get("ctx_len_txt", max_tokens),
        width=given.get("embed_dim", width),
        places=True,
    )


# Loading


def load_networks(
    path: Path, given: Settings, dtype: torch.dtype, packing: WeightFormat | None = None
) -> TextToTokens:
    """Load the transformer."""
    tensors = read_weights(path, "state_dict")
    with naming(path):
        text, generator = config(given, tensors)

    tables = prompt_table(text), transformer_table(generator)
    return load_transformer(path, tensors, (text, generator), tables, dtype, packing)


def load(files: ModelFiles, name: str, options: LoadOptions) -> PublishedModel:
    """Load the unpacked archive."""
    import torch

    paths = files.paths
    networks = load_networks(paths["weights"], {}, options.dtype, options.packing)
    tokenizer = taming_transformers.load(paths["tokenizer"], {}, torch.float32)
    with naming(paths["vocabulary"], "it is no vocabulary of minDALL-E, or its merges are not"):
        words = CharBPETokenizer.from_files(
            read_words(paths["vocabulary"]), read_words(paths["merges"])
        )
    return published_model(
        files,
        name,
        PublishedNetworks(tokenizer, *networks),
        words,
        licence=_LICENCE,
        sampling={"guidance_scale": 1.0, "top_k": 256},
        guided=False,
    )


def reference_outputs(case: ReferenceCase) -> dict[str, Tensor]:
    """Logits over words at all but the last place of the prompt, and over codes from there on."""
    import torch

    prompts, transformer = load_networks(case.only_file, case.config, torch.float32)
    ids_BL, codes_BN = case.input("text"), case.input("image_tokens")
    states_BSD = transformer.states(prompts(ids_BL), codes_BN[:, :-1])
    last = ids_BL.shape[1] - 1
    assert transformer.text_head is not None
    return {
        "text_logits": transformer.text_head(states_BSD[:, :last]),
        "image_logits": transformer.head(states_BSD[:, last:]),
    }
