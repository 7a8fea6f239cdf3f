"""LlamaGen: GPT over image tokens, text-to-image (T5 features as a prefix) and class-conditional.

Names and sizes: FoundationVision/LlamaGen, `autoregressive/models/gpt.py`. Its rotary pairs are
neighbours (x_2i, x_2i+1) where ours are halves apart (x_i, x_i+K/2), so the rows of queries and
keys change places at load.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from torch import Tensor

from dall_e.checkpoints.keymap import From, KeyTable, Tensors, count_layers, matrix_shape, same
from dall_e.config.published import BlockStyle, LeftToRightConfig, PromptConfig

HEAD_WIDTHS = {3200: 100, 4096: 128}
"""Of the sizes 3B and 7B, by width; all others have 64. No tensor shows it."""
_FEATURES, _CLASSES = "cls_embedding.uncond_embedding", "cls_embedding.embedding_table.weight"


def prompt_settings(given: dict[str, Any], tensors: Tensors) -> PromptConfig:
    """Sizes of the way in for T5 features, or of the table of classes."""
    width = given.get("dim", matrix_shape(tensors, "tok_embeddings.weight")[1])
    if _FEATURES in tensors:
        tokens, feature_width = matrix_shape(tensors, _FEATURES)
        feature_width = given.get("caption_dim", feature_width)
        return PromptConfig(
            kind="features", max_tokens=tokens, width=width, feature_width=feature_width
        )
    # The last row stands for no class.
    rows = (
        given["num_classes"] + 1 if "num_classes" in given else matrix_shape(tensors, _CLASSES)[0]
    )
    return PromptConfig(kind="class", vocab_size=rows, max_tokens=1, width=width)


def raster_settings(
    given: dict[str, Any], tensors: Tensors, text: PromptConfig, num_tokens: int
) -> LeftToRightConfig:
    """Sizes of the transformer; `num_tokens` is needed where the settings have no block_size: no
    tensor shows it."""
    num_codes, width = matrix_shape(tensors, "tok_embeddings.weight")
    num_codes, width = given.get("vocab_size", num_codes), given.get("dim", width)
    if given.get("n_kv_head") not in (None, given.get("n_head")):
        raise ValueError(
            f"n_kv_head {given['n_kv_head']} differs from n_head {given.get('n_head')}: not supported"
        )
    return LeftToRightConfig(
        num_codes=num_codes,
        num_tokens=given.get("block_size", num_tokens),
        code_rows=num_codes,
        num_logits=num_codes,
        prefix_tokens=given.get("cls_token_num", text.max_tokens),
        width=width,
        num_heads=given.get("n_head", width // HEAD_WIDTHS.get(width, 64)),
        num_layers=given.get("n_layer", count_layers(tensors, "layers")),
        mlp_width=matrix_shape(tensors, "layers.0.feed_forward.w1.weight")[0],
        places="grid",
        rope_base=float(given.get("rope_base", 10000)),
        style=BlockStyle(norm_eps=given.get("norm_eps", 1e-5), qk_norm=False),
    )


def prompt_table(config: PromptConfig) -> KeyTable:
    """Names of the way in."""
    if config.kind == "class":
        return KeyTable(rows=same(tokens__weight=_CLASSES))
    fc = "cls_embedding.cap_proj"
    return KeyTable(
        rows=same(
            nothing=_FEATURES, wide__weight=f"{fc}.fc1.weight", out__weight=f"{fc}.fc2.weight"
        )
    )


def raster_table(config: LeftToRightConfig) -> KeyTable:
    """Names of the transformer's weights."""
    rows = same(
        codes__weight="tok_embeddings.weight",
        norm__weight="norm.weight",
        head__weight="output.weight",
    )
    arranged = partial(halves_from_pairs, num_heads=config.num_heads, width=config.width)
    for layer in range(config.num_layers):
        ours, theirs = f"blocks.{layer}", f"layers.{layer}"
        names = (f"{theirs}.attention.wqkv.weight",)
        rows[f"{ours}.attention.qkv.weight"] = From(names=names, arranged=arranged)
        rows[f"{ours}.attention.out.weight"] = From(names=(f"{theirs}.attention.wo.weight",))
        rows[f"{ours}.attention_norm.weight"] = From(names=(f"{theirs}.attention_norm.weight",))
        rows[f"{ours}.mlp_norm.weight"] = From(names=(f"{theirs}.ffn_norm.weight",))
        gate, up, down = (f"{theirs}.feed_forward.{name}.weight" for name in ("w1", "w3", "w2"))
        rows[f"{ours}.mlp.gate_up.weight"] = From(names=(gate, up))
        rows[f"{ours}.mlp.down.weight"] = From(names=(down,))
    # Tables that the network computes; some dumps have them.
    return KeyTable(rows=rows, dropped=("freqs_cis", "causal_mask"))


def halves_from_pairs(qkv: Tensor, *, num_heads: int, width: int) -> Tensor:
    """Rows of queries and keys with each head's first elements of all rotary pairs first; values as
    they are."""
    qk = qkv[: 2 * width].unflatten(0, (2, num_heads, -1, 2)).transpose(2, 3).flatten(0, 3)
    out = qkv.clone()
    out[: 2 * width] = qk
    return out
