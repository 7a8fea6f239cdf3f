"""Janus and Janus-Pro (DeepSeek): a Llama that also writes image tokens, with LlamaGen's VQ-16, in
two layouts.

Names and sizes: deepseek-ai/Janus, `janus/models/modeling_vlm.py`; and of converted files,
transformers, `models/janus/modeling_janus.py`. What draws and what describes pictures are tables of
their own: the vision tower, its aligner and the head over words are not read to draw.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
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
from dall_e.checkpoints.vqgan_keys import (
    LLAMAGEN,
    TRANSFORMERS,
    Layout,
    codebook_sizes,
    sizes_from_tensors,
)
from dall_e.checkpoints.vqgan_keys import vqgan_table as names_of_vqgan
from dall_e.config.published import (
    BlockStyle,
    LeftToRightConfig,
    PromptConfig,
    VisionConfig,
    VQGANConfig,
)

HEAD_WIDTH = 128
"""Of all published sizes; no tensor shows it."""
VISION_HEAD_WIDTH = 64
"""SigLIP's."""
NUM_TOKENS = 576
LONGEST_PROMPT = 1024
"""Tokens; the models were trained on far shorter prompts, and could read 16384."""


PRO_ROLES, FIRST_ROLES = ("<|User|>", "<|Assistant|>"), ("User", "Assistant")
"""How Janus-Pro, and how Janus-1.3B before it, call the two sides of a conversation."""


def roles(weights: Path, has_role_marks: bool) -> tuple[str, str]:
    """What the two sides of a conversation are called. No file of Janus-1.3B says it: its folder's
    name does.

    weights: the weight file, in a folder of the model's name or in the hub's cache. has_role_marks:
    whether the tokenizer has the roles of Janus-Pro as marks.
    """
    around = weights.absolute().parts[-4:-1]
    first = any("janus-1.3b" in part.lower() for part in around)
    return FIRST_ROLES if first or not has_role_marks else PRO_ROLES


@dataclass(frozen=True, kw_only=True)
class Names:
    """How one layout names the parts."""

    language: str
    embedding: str
    aligner: tuple[str, str]
    head: tuple[str, str]
    vqgan: str
    vqgan_layout: Layout
    words: str
    """The head over words."""
    vision: VisionNames
    dropped: tuple[str, ...]
    """Starts of names of which nothing is ever read."""


@dataclass(frozen=True, kw_only=True)
class VisionNames:
    """How one layout names the parts that read pictures."""

    tower: str
    aligner: tuple[str, str]
    patches: str
    places: str
    norm: str
    block: str
    """A block; `{}` is its number."""
    layers: dict[str, tuple[str, ...]]
    """The layers of a block by our names; several are joined."""
    flat_places: bool
    """Whether the embeddings of places are a matrix, without an axis for the batch."""


ORIGINAL = Names(
    language="language_model.model",
    embedding="gen_embed",
    aligner=("gen_aligner.layers.0", "gen_aligner.layers.2"),
    head=("gen_head.output_mlp_projector", "gen_head.vision_head"),
    vqgan="gen_vision_model.",
    vqgan_layout=LLAMAGEN,
    words="language_model.lm_head",
    vision=VisionNames(
        tower="vision_model.",
        aligner=("aligner.layers.0", "aligner.layers.2"),
        patches="vision_model.vision_tower.patch_embed.proj",
        places="vision_model.vision_tower.pos_embed",
        norm="vision_model.vision_tower.norm",
        block="vision_model.vision_tower.blocks.{}",
        layers={
            "attention_norm": ("norm1",), "attention.qkv": ("attn.qkv",), "attention.out": ("attn.proj",),
            "mlp_norm": ("norm2",), "mlp.up": ("mlp.fc1",), "mlp.down": ("mlp.fc2",),
        },
        flat_places=False,
    ),
    # SigLIP's own pooling, which Janus does not use, and a count that training kept.
    dropped=("vision_model.vision_tower.attn_pool.", "gen_vision_model.quantize.codebook_used"),
)  # fmt: skip
CONVERTED = Names(
    language="model.language_model",
    embedding="model.generation_embeddings",
    aligner=("model.generation_aligner.fc1", "model.generation_aligner.hidden_layers.0"),
    head=("model.generation_head.proj_out", "model.generation_head.vision_head"),
    vqgan="model.vqmodel.",
    vqgan_layout=TRANSFORMERS,
    words="lm_head",
    vision=VisionNames(
        tower="model.vision_model.",
        aligner=("model.aligner.fc1", "model.aligner.hidden_layers.0"),
        patches="model.vision_model.embeddings.patch_embedding",
        places="model.vision_model.embeddings.position_embedding.weight",
        norm="model.vision_model.post_layernorm",
        block="model.vision_model.encoder.layers.{}",
        layers={
            "attention_norm": ("layer_norm1",), "attention.out": ("self_attn.projection_layer",),
            "attention.qkv": ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
            "mlp_norm": ("layer_norm2",), "mlp.up": ("mlp.fc1",), "mlp.down": ("mlp.fc2",),
        },
        flat_places=True,
    ),
    dropped=(),
)  # fmt: skip


def names_of(tensors: Tensors) -> Names:
    """The layout that a file has."""
    return CONVERTED if "model.language_model.embed_tokens.weight" in tensors else ORIGINAL


def prompt_settings(tensors: Tensors) -> PromptConfig:
    """Sizes of the words' embeddings."""
    vocab_size, width = matrix_shape(tensors, f"{names_of(tensors).language}.embed_tokens.weight")
    return PromptConfig(kind="table", vocab_size=vocab_size, max_tokens=LONGEST_PROMPT, width=width)


def raster_settings(given: dict[str, Any], tensors: Tensors, num_tokens: int) -> LeftToRightConfig:
    """Sizes of the transformer; `given` is the config.json of either layout, or {}."""
    names = names_of(tensors)
    language = given.get("text_config", given.get("language_config", {}))
    rows, code_width = matrix_shape(tensors, f"{names.embedding}.weight")
    num_logits, head_width = matrix_shape(tensors, f"{names.head[1]}.weight")
    width = language.get(
        "hidden_size", matrix_shape(tensors, f"{names.language}.embed_tokens.weight")[1]
    )
    heads = language.get("num_attention_heads", width // HEAD_WIDTH)
    if language.get("num_key_value_heads", heads) != heads:
        raise ValueError(
            f"{language['num_key_value_heads']} heads of keys for {heads} of queries: not supported"
        )
    rope = language.get("rope_parameters") or {}
    return LeftToRightConfig(
        num_codes=rows,
        num_tokens=num_tokens,
        code_rows=rows,
        code_width=code_width,
        num_logits=num_logits,
        head_width=head_width,
        prefix_tokens=LONGEST_PROMPT,
        width=width,
        num_heads=heads,
        num_layers=language.get(
            "num_hidden_layers", count_layers(_within(tensors, f"{names.language}."), "layers")
        ),
        mlp_width=language.get(
            "intermediate_size",
            matrix_shape(tensors, f"{names.language}.layers.0.mlp.gate_proj.weight")[0],
        ),
        places="line",
        rope_base=float(rope.get("rope_theta", language.get("rope_theta", 10000))),
        style=BlockStyle(norm_eps=language.get("rms_norm_eps", 1e-6), qk_norm=False),
    )


def vqgan_settings(tensors: Tensors, num_tokens: int) -> VQGANConfig:
    """Sizes of the image tokenizer, off the tensors."""
    names = names_of(tensors)
    within = _within(tensors, names.vqgan)
    sizes = sizes_from_tensors(within, names.vqgan_layout) | codebook_sizes(
        within, "quantize.embedding.weight"
    )
    side = round(num_tokens**0.5) << (len(sizes["multipliers"]) - 1)
    return VQGANConfig(image_size=side, lookup="cosine", norm_eps=1e-6, **sizes)


def prompt_table(tensors: Tensors) -> KeyTable:
    """Names of the words' embeddings, and of all that is left out."""
    names = names_of(tensors)
    unread = (*_describing(names), *names.dropped)
    return KeyTable(
        rows=same(tokens__weight=f"{names.language}.embed_tokens.weight"), dropped=unread
    )


def raster_table(config: LeftToRightConfig, tensors: Tensors) -> KeyTable:
    """Names of the transformer's weights."""
    names = names_of(tensors)
    rows = same(
        codes__weight=f"{names.embedding}.weight", norm__weight=f"{names.language}.norm.weight"
    )
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


def vision_tensors(tensors: Tensors) -> Tensors:
    """The part of a file that only describing needs; with the words' embeddings where they are the
    head over words."""
    names = names_of(tensors)
    starts = _describing(names)
    held = {name: tensor for name, tensor in tensors.items() if name.startswith(starts)}
    head = _word_head(names, tensors)
    return held | {head: tensors[head]} if held and head in tensors else held


def vision_settings(given: dict[str, Any], tensors: Tensors) -> VisionConfig | None:
    """Sizes of what reads pictures; None if the file has none of it."""
    names = names_of(tensors)
    if not any(name.startswith(names.vision.tower) for name in tensors):
        return None
    sizes = given.get("vision_config", {})
    patches = f"{names.vision.patches}.weight"
    if patches not in tensors or len(tensors[patches].shape) != 4:
        raise ValueError(f"the weights have no {patches} of four axes")
    width, _, patch_size, _ = tensors[patches].shape
    if names.vision.places not in tensors:
        raise ValueError(f"the weights have no {names.vision.places}")
    if sizes.get("use_qk_norm"):
        raise ValueError("the vision tower norms queries and keys: not supported")
    side = round(tensors[names.vision.places].shape[-2] ** 0.5)
    vocab_size, out_width = matrix_shape(tensors, _word_head(names, tensors))
    start, _, blocks = names.vision.block.removesuffix(".{}").rpartition(".")
    return VisionConfig(
        image_size=side * patch_size,
        patch_size=patch_size,
        width=width,
        num_heads=sizes.get("num_attention_heads", max(1, width // VISION_HEAD_WIDTH)),
        num_layers=count_layers(_within(tensors, f"{start}."), blocks),
        mlp_width=matrix_shape(tensors, f"{names.vision.block.format(0)}.mlp.fc1.weight")[0],
        norm_eps=sizes.get("layer_norm_eps", 1e-6),
        out_width=out_width,
        vocab_size=vocab_size,
    )


def vision_table(config: VisionConfig, tensors: Tensors) -> KeyTable:
    """Names of the weights that only describing needs."""
    names = names_of(tensors)
    vision = names.vision
    rows = weight_and_bias("patches", vision.patches) | weight_and_bias("norm", vision.norm)
    rows |= same(words__weight=_word_head(names, tensors))
    rows["places.weight"] = (
        From(names=(vision.places,))
        if vision.flat_places
        else From(
            names=(vision.places,),
            arranged=lambda places: places[0],
            shape=lambda shape: (1, *shape),
        )
    )
    for layer, theirs in zip(("aligner.wide", "aligner.out"), vision.aligner, strict=True):
        rows |= weight_and_bias(layer, theirs)
    for number in range(config.num_layers):
        block = vision.block.format(number)
        for layer, parts in vision.layers.items():
            rows |= weight_and_bias(
                f"blocks.{number}.{layer}", *(f"{block}.{part}" for part in parts)
            )
    return KeyTable(rows=rows, dropped=names.dropped)


def _describing(names: Names) -> tuple[str, ...]:
    """Starts of the names that only describing needs."""
    aligner = names.vision.aligner[0].split("aligner.")[0] + "aligner."
    return (f"{names.words}.", names.vision.tower, aligner)


def _word_head(names: Names, tensors: Tensors) -> str:
    """The head over words; a file without one uses the words' embeddings."""
    head = f"{names.words}.weight"
    return head if head in tensors else f"{names.language}.embed_tokens.weight"


def _within(tensors: Tensors, prefix: str) -> Tensors:
    return {
        name[len(prefix) :]: tensor for name, tensor in tensors.items() if name.startswith(prefix)
    }
