"""minDALL-E (Kakao Brain): a GPT over 64 text tokens and 256 image tokens, and a taming VQGAN.

Names and sizes: kakaobrain/minDALL-E, `dalle/models/stage2/transformer.py`. Padding is attended to
like any token.
"""

from __future__ import annotations

from typing import Any

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

HEAD_WIDTH = 64


def prompt_settings(given: dict[str, Any], tensors: Tensors) -> PromptConfig:
    """Sizes of the text's embeddings."""
    vocab_size, width = matrix_shape(tensors, "tok_emb_txt.weight")
    return PromptConfig(
        kind="table",
        vocab_size=given.get("vocab_txt", vocab_size),
        max_tokens=given.get("ctx_len_txt", matrix_shape(tensors, "pos_emb_txt.weight")[0]),
        width=given.get("embed_dim", width),
        places=True,
    )


def raster_settings(given: dict[str, Any], tensors: Tensors, text: PromptConfig) -> LeftToRightConfig:
    """Sizes of the transformer; what the settings do not say is read off the tensors."""
    num_codes, width = matrix_shape(tensors, "tok_emb_img.weight")
    num_codes, width = given.get("vocab_img", num_codes), given.get("embed_dim", width)
    return LeftToRightConfig(
        num_codes=num_codes,
        num_tokens=given.get("ctx_len_img", matrix_shape(tensors, "pos_emb_img.weight")[0]),
        code_rows=num_codes,
        num_logits=num_codes,
        text_logits=text.vocab_size,
        prefix_tokens=text.max_tokens,
        width=width,
        num_heads=given.get("n_heads", width // HEAD_WIDTH),
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


def prompt_table(config: PromptConfig) -> KeyTable:
    """Names of the text's embeddings."""
    return KeyTable(
        rows=same(tokens__weight="tok_emb_txt.weight", places__weight="pos_emb_txt.weight")
    )


def raster_table(config: LeftToRightConfig) -> KeyTable:
    """Names of the transformer's weights."""
    rows = same(
        codes__weight="tok_emb_img.weight",
        places__weight="pos_emb_img.weight",
        head__weight="head_img.weight",
        text_head__weight="head_txt.weight",
    )
    rows |= weight_and_bias("norm", "ln_f")
    for layer in range(config.num_layers):
        block = f"blocks.{layer}"
        rows |= weight_and_bias(f"{block}.attention_norm", f"{block}.ln1")
        rows |= weight_and_bias(f"{block}.mlp_norm", f"{block}.ln2")
        qkv = (f"{block}.attn.{name}" for name in ("query", "key", "value"))
        attention = weight_and_bias(f"{block}.attention.qkv", *qkv)
        attention |= weight_and_bias(f"{block}.attention.out", f"{block}.attn.proj")
        mlp = weight_and_bias(f"{block}.mlp.up", f"{block}.mlp.0") | weight_and_bias(
            f"{block}.mlp.down", f"{block}.mlp.2"
        )
        rows |= _without_bias(attention, config.style.attention_bias) | _without_bias(
            mlp, config.style.mlp_bias
        )
    # The causal mask, which is computed.
    return KeyTable(rows=rows, dropped_ends=(".attn.mask",))


def _without_bias(rows: dict[str, From], has_bias: bool) -> dict[str, From]:
    return {name: source for name, source in rows.items() if has_bias or not name.endswith(".bias")}
