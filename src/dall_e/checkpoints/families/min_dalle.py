"""min-dalle: the PyTorch port of DALL-E mini and mega, in three files: encoder, decoder, "detoker".

Names and sizes: kuprel/min-dalle, `min_dalle/models/`. The model was trained without the scales of
five layer norms (`force_ln_scale=False` in borisdayma/dalle-mini); the files leave them out, and
they count as ones.
"""

from __future__ import annotations

from typing import Any

from dall_e.checkpoints.keymap import (
    From,
    KeyTable,
    Tensors,
    count_layers,
    matrix_shape,
    weight_and_bias,
)
from dall_e.checkpoints.vqgan_keys import TAMING, codebook_sizes, network_rows, sizes_from_tensors
from dall_e.config.published import BlockStyle, LeftToRightConfig, PromptConfig, VQGANConfig

HEAD_WIDTH = 64
"""Of both published sizes; no tensor shows it."""
START_CODE = 16384
"""What a picture starts with, as mini and mega were trained (`decoder_start_token_id`); the package
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


def prompt_settings(given: dict[str, Any], tensors: Tensors) -> PromptConfig:
    """Sizes of the encoder; what the settings do not say is read off the tensors."""
    vocab_size, width = matrix_shape(tensors, "embed_tokens.weight")
    width = given.get("embed_count", width)
    return PromptConfig(
        kind="encoder",
        vocab_size=given.get("text_vocab_count", vocab_size),
        max_tokens=given.get(
            "text_token_count", matrix_shape(tensors, "embed_positions.weight")[0]
        ),
        width=width,
        places=True,
        num_layers=given.get("layer_count", count_layers(tensors, "layers")),
        num_heads=given.get("attention_head_count", width // HEAD_WIDTH),
        mlp_width=given.get("glu_embed_count", matrix_shape(tensors, "layers.0.glu.fc0.weight")[0]),
        pad_id=PAD_ID,
        style=_STYLE,
    )


def raster_settings(
    given: dict[str, Any], tensors: Tensors, text: PromptConfig, start_code: int | None
) -> LeftToRightConfig:
    """Sizes of the decoder. `start_code` None is what the published models were trained with."""
    rows, width = matrix_shape(tensors, "embed_tokens.weight")
    rows = given["image_vocab_count"] + 1 if "image_vocab_count" in given else rows
    width = given.get("embed_count", width)
    return LeftToRightConfig(
        num_codes=min(_MOST_CODES, rows - 1),
        num_tokens=matrix_shape(tensors, "embed_positions.weight")[0],
        code_rows=rows,
        num_logits=rows,
        prefix_tokens=text.max_tokens,
        width=width,
        num_heads=given.get("attention_head_count", width // HEAD_WIDTH),
        num_layers=given.get("layer_count", count_layers(tensors, "layers")),
        mlp_width=given.get("glu_embed_count", matrix_shape(tensors, "layers.0.glu.fc0.weight")[0]),
        start_code=min(START_CODE, rows - 1) if start_code is None else start_code,
        embedding_norm=True,
        style=BlockStyle(**{**_STYLE.__dict__, "cross_attention": True}),
    )


def prompt_table(config: PromptConfig) -> KeyTable:
    """Names of the encoder's weights."""
    return KeyTable(rows=_shared_rows("tokens", config.num_layers))


def raster_table(config: LeftToRightConfig) -> KeyTable:
    """Names of the decoder's weights."""
    rows = _shared_rows("codes", config.num_layers)
    rows["head.weight"] = From(names=("lm_head.weight",))
    for layer in range(config.num_layers):
        ours, theirs = f"blocks.{layer}", f"layers.{layer}"
        rows |= _norm(f"{ours}.cross_norm", f"{theirs}.pre_encoder_attn_layer_norm", scaled=False)
        rows |= _norm(f"{ours}.cross_after", f"{theirs}.encoder_attn_layer_norm")
        rows[f"{ours}.cross.q.weight"] = From(names=(f"{theirs}.encoder_attn.q_proj.weight",))
        names = tuple(f"{theirs}.encoder_attn.{name}_proj.weight" for name in "kv")
        rows[f"{ours}.cross.kv.weight"] = From(names=names)
        rows[f"{ours}.cross.out.weight"] = From(names=(f"{theirs}.encoder_attn.out_proj.weight",))
    return KeyTable(rows=rows)


def _shared_rows(embedding: str, num_layers: int) -> dict[str, From]:
    rows = {
        f"{embedding}.weight": From(names=("embed_tokens.weight",)),
        "places.weight": From(names=("embed_positions.weight",)),
    }
    rows |= _norm("embedding_norm", "layernorm_embedding") | _norm("norm", "final_ln", scaled=False)
    for layer in range(num_layers):
        ours, theirs = f"blocks.{layer}", f"layers.{layer}"
        rows |= _norm(f"{ours}.attention_norm", f"{theirs}.pre_self_attn_layer_norm", scaled=False)
        rows |= _norm(f"{ours}.attention_after", f"{theirs}.self_attn_layer_norm")
        rows |= _norm(f"{ours}.mlp_norm", f"{theirs}.glu.ln0", scaled=False)
        rows |= _norm(f"{ours}.mlp.norm", f"{theirs}.glu.ln1", scaled=False)
        names = tuple(f"{theirs}.self_attn.{name}_proj.weight" for name in "qkv")
        rows[f"{ours}.attention.qkv.weight"] = From(names=names)
        rows[f"{ours}.attention.out.weight"] = From(names=(f"{theirs}.self_attn.out_proj.weight",))
        rows[f"{ours}.mlp.gate_up.weight"] = From(
            names=(f"{theirs}.glu.fc0.weight", f"{theirs}.glu.fc1.weight")
        )
        rows[f"{ours}.mlp.down.weight"] = From(names=(f"{theirs}.glu.fc2.weight",))
    return rows


def _norm(ours: str, theirs: str, *, scaled: bool = True) -> dict[str, From]:
    rows = weight_and_bias(ours, theirs)
    if not scaled:
        rows[f"{ours}.weight"] = From(names=(f"{theirs}.weight",), may_lack=1.0)
    return rows


# The "detoker": the decoder of a taming VQGAN that was trained again to draw in [0, 1]


def vqgan_settings(tensors: Tensors, norm_eps: float = 1e-5) -> VQGANConfig:
    """Sizes of the detoker. Its group norms add 1e-5 in the package, where taming and the Flax
    original add 1e-6."""
    sizes = sizes_from_tensors(tensors, TAMING) | codebook_sizes(tensors, "embedding.weight")
    levels = len(sizes["multipliers"])
    return VQGANConfig(image_size=16 << (levels - 1), norm_eps=norm_eps, unit_range=True, **sizes)


def vqgan_table(config: VQGANConfig) -> KeyTable:
    """Names of the detoker's weights."""
    rows = network_rows(config, TAMING) | weight_and_bias("after_codes", "post_quant_conv")
    rows["quantizer.codebook_CD"] = From(names=("embedding.weight",))
    return KeyTable(rows=rows)
