"""Janus and Janus-Pro (DeepSeek): a Llama that also writes image tokens, with LlamaGen's VQ-16, in two layouts.

Names and sizes: deepseek-ai/Janus, `janus/models/modeling_vlm.py`; and of converted files, transformers,
`models/janus/modeling_janus.py`. Only what draws is taken: the vision tower that reads pictures, its aligner and the
head over words are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dall_e.checkpoints.keymap import From, KeyTable, Tensors, count_layers, matrix_shape, same, weight_and_bias
from dall_e.checkpoints.vqgan_keys import LLAMAGEN, TRANSFORMERS, Layout, codebook_sizes, sizes_from_tensors
from dall_e.checkpoints.vqgan_keys import vqgan_table as names_of_vqgan
from dall_e.published import BlockStyle, PromptConfig, RasterConfig, VQGANConfig

HEAD_WIDTH = 128
"""Of all published sizes; no tensor shows it."""
NUM_TOKENS = 576
LONGEST_PROMPT = 1024
"""Tokens; the models were trained on far shorter prompts, and could read 16384."""


@dataclass(frozen=True, kw_only=True)
class Names:
    """How one layout names the parts."""

    language: str
    embedding: str
    aligner: tuple[str, str]
    head: tuple[str, str]
    vqgan: str
    vqgan_layout: Layout
    dropped: tuple[str, ...]


ORIGINAL = Names(
    language="language_model.model",
    embedding="gen_embed",
    aligner=("gen_aligner.layers.0", "gen_aligner.layers.2"),
    head=("gen_head.output_mlp_projector", "gen_head.vision_head"),
    vqgan="gen_vision_model.",
    vqgan_layout=LLAMAGEN,
    dropped=("language_model.lm_head.", "vision_model.", "aligner.", "gen_vision_model.quantize.codebook_used"),
)
CONVERTED = Names(
    language="model.language_model",
    embedding="model.generation_embeddings",
    aligner=("model.generation_aligner.fc1", "model.generation_aligner.hidden_layers.0"),
    head=("model.generation_head.proj_out", "model.generation_head.vision_head"),
    vqgan="model.vqmodel.",
    vqgan_layout=TRANSFORMERS,
    dropped=("lm_head.", "model.vision_model.", "model.aligner."),
)


def names_of(tensors: Tensors) -> Names:
    """The layout that a file has."""
    return CONVERTED if "model.language_model.embed_tokens.weight" in tensors else ORIGINAL


def prompt_settings(tensors: Tensors) -> PromptConfig:
    """Sizes of the words' embeddings."""
    vocab_size, width = matrix_shape(tensors, f"{names_of(tensors).language}.embed_tokens.weight")
    return PromptConfig(kind="table", vocab_size=vocab_size, max_tokens=LONGEST_PROMPT, width=width)


def raster_settings(given: dict[str, Any], tensors: Tensors, num_tokens: int) -> RasterConfig:
    """Sizes of the transformer; `given` is the config.json of either layout, or {}."""
    names = names_of(tensors)
    language = given.get("text_config", given.get("language_config", {}))
    rows, code_width = matrix_shape(tensors, f"{names.embedding}.weight")
    num_logits, head_width = matrix_shape(tensors, f"{names.head[1]}.weight")
    width = language.get("hidden_size", matrix_shape(tensors, f"{names.language}.embed_tokens.weight")[1])
    heads = language.get("num_attention_heads", width // HEAD_WIDTH)
    if language.get("num_key_value_heads", heads) != heads:
        raise ValueError(f"{language['num_key_value_heads']} heads of keys for {heads} of queries: not supported")
    rope = language.get("rope_parameters") or {}
    return RasterConfig(
        num_codes=rows,
        num_tokens=num_tokens,
        code_rows=rows,
        code_width=code_width,
        num_logits=num_logits,
        head_width=head_width,
        prefix_tokens=LONGEST_PROMPT,
        width=width,
        num_heads=heads,
        num_layers=language.get("num_hidden_layers", count_layers(_within(tensors, f"{names.language}."), "layers")),
        mlp_width=language.get(
            "intermediate_size", matrix_shape(tensors, f"{names.language}.layers.0.mlp.gate_proj.weight")[0]
        ),
        places="line",
        rope_base=float(rope.get("rope_theta", language.get("rope_theta", 10000))),
        style=BlockStyle(norm_eps=language.get("rms_norm_eps", 1e-6), qk_norm=False),
    )


def vqgan_settings(tensors: Tensors, num_tokens: int) -> VQGANConfig:
    """Sizes of the image tokenizer, off the tensors."""
    names = names_of(tensors)
    within = _within(tensors, names.vqgan)
    sizes = sizes_from_tensors(within, names.vqgan_layout) | codebook_sizes(within, "quantize.embedding.weight")
    side = round(num_tokens**0.5) << (len(sizes["multipliers"]) - 1)
    return VQGANConfig(image_size=side, lookup="cosine", norm_eps=1e-6, **sizes)


def prompt_table(tensors: Tensors) -> KeyTable:
    """Names of the words' embeddings, and of all that is left out."""
    names = names_of(tensors)
    return KeyTable(rows=same(tokens__weight=f"{names.language}.embed_tokens.weight"), dropped=names.dropped)


def raster_table(config: RasterConfig, tensors: Tensors) -> KeyTable:
    """Names of the transformer's weights."""
    names = names_of(tensors)
    rows = same(codes__weight=f"{names.embedding}.weight", norm__weight=f"{names.language}.norm.weight")
    for ours, (wide, out) in (("code_in", names.aligner), ("head", names.head)):
        rows |= weight_and_bias(f"{ours}.wide", wide) | weight_and_bias(f"{ours}.out", out)
    for layer in range(config.num_layers):
        ours, theirs = f"blocks.{layer}", f"{names.language}.layers.{layer}"
        rows[f"{ours}.attention_norm.weight"] = From(names=(f"{theirs}.input_layernorm.weight",))
        rows[f"{ours}.mlp_norm.weight"] = From(names=(f"{theirs}.post_attention_layernorm.weight",))
        qkv = tuple(f"{theirs}.self_attn.{name}_proj.weight" for name in "qkv")
        rows[f"{ours}.attention.qkv.weight"] = From(names=qkv)
        rows[f"{ours}.attention.out.weight"] = From(names=(f"{theirs}.self_attn.o_proj.weight",))
        gate_up = tuple(f"{theirs}.mlp.{name}_proj.weight" for name in ("gate", "up"))
        rows[f"{ours}.mlp.gate_up.weight"] = From(names=gate_up)
        rows[f"{ours}.mlp.down.weight"] = From(names=(f"{theirs}.mlp.down_proj.weight",))
    # Frequencies that the network computes; old files have them.
    return KeyTable(rows=rows, dropped_ends=(".rotary_emb.inv_freq",))


def vqgan_table(config: VQGANConfig, tensors: Tensors) -> KeyTable:
    """Names of the image tokenizer's weights."""
    names = names_of(tensors)
    return names_of_vqgan(config, names.vqgan_layout).prefixed("", names.vqgan)


def _within(tensors: Tensors, prefix: str) -> Tensors:
    return {name[len(prefix) :]: tensor for name, tensor in tensors.items() if name.startswith(prefix)}
