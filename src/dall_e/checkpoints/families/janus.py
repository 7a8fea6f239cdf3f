"""Janus and Janus-Pro (DeepSeek): a Llama that also writes image tokens, with LlamaGen's VQ-16.

Their files come in two layouts (`janus_names.py`). What describes images is in `janus_vision.py`:
the vision tower, its aligner and the head over words are not read to draw.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from dall_e.bounded_files import naming
from dall_e.checkpoints.families import janus_vision
from dall_e.checkpoints.families.base import (
    LoadOptions,
    ModelFiles,
    PublishedModel,
    PublishedNetworks,
    Settings,
    VisionOnDemand,
    build_transformer,
    build_vqgan,
    published_model,
    read_settings,
    read_weights,
    read_words,
)
from dall_e.checkpoints.families.janus_names import CONVERTED, ORIGINAL, names_of, within
from dall_e.checkpoints.families.reference import ReferenceCase, guided_outputs
from dall_e.checkpoints.families.vqgan_keys import codebook_sizes, sizes_from_tensors
from dall_e.checkpoints.families.vqgan_keys import vqgan_table as vqgan_table_of
from dall_e.checkpoints.keymap import (
    KeyTable,
    Template,
    Tensors,
    count_layers,
    expand,
    fill,
    matrix_shape,
)
from dall_e.checkpoints.model_entry import KnownModel, Size
from dall_e.config.published import BlockStyle, LeftToRightConfig, PromptConfig, VQGANConfig
from dall_e.text.published_tokenizers import JanusTokenizer, bpe_from_text

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from dall_e.models.left_to_right import LeftToRight
    from dall_e.models.prompt_networks import PromptNetwork
    from dall_e.models.vqgan import VQGAN
    from dall_e.nn.quantization import WeightFormat

_SIZE_1B = Size(
    drawing=1_485_053_952,
    embeddings=209_969_152,
    tokenizer=71_883_403,
    layers=24,
    width=2048,
    positions=64 + 576,
    describing=519_699_456,
)
_SIZE_7B = Size(
    drawing=6_591_791_104,
    embeddings=419_840_000,
    tokenizer=71_883_403,
    layers=30,
    width=4096,
    positions=64 + 576,
    describing=744_098_816,
)


def _known_model(name: str, summary: str, size: Size) -> KnownModel:
    return KnownModel(
        name=name,
        summary=summary,
        licence="code MIT, weights DeepSeek Model Licence 1.0 (with use restrictions)",
        sizes=(size,),
        languages="English, Chinese",
        resolution="384",
        files=("config.json", "tokenizer.json", "*.safetensors", "*.bin", "*.index.json"),
    )


SIZES = (
    _known_model(
        "deepseek-community/Janus-Pro-1B",
        "Janus-Pro as converted for transformers: any subject.",
        _SIZE_1B,
    ),
    _known_model(
        "deepseek-community/Janus-Pro-7B",
        "The larger Janus-Pro as converted for transformers.",
        _SIZE_7B,
    ),
    _known_model("deepseek-ai/Janus-Pro-1B", "Janus-Pro in its own layout: any subject.", _SIZE_1B),
    _known_model("deepseek-ai/Janus-Pro-7B", "The larger Janus-Pro in its own layout.", _SIZE_7B),
    _known_model(
        "deepseek-ai/Janus-1.3B",
        "Janus, the first of the family: as large as Janus-Pro-1B.",
        _SIZE_1B,
    ),
)
FILES = {
    "": {
        "weights": "model.safetensors|model.safetensors.index.json"
        "|pytorch_model.bin|pytorch_model.bin.index.json",
        "settings": "config.json",
        "words": "tokenizer.json",
    }
}

# Names

KEYS = {"original": ORIGINAL, "transformers": CONVERTED}


def prompt_table(tensors: Tensors) -> KeyTable:
    """Names of the words' embeddings, and of all that is left out."""
    names = names_of(tensors)
    return KeyTable(
        rows=expand({"tokens.weight": f"{names.language}.embed_tokens.weight"}),
        dropped=(*names.describing, *names.dropped),
    )


def transformer_table(generator: LeftToRightConfig, tensors: Tensors) -> KeyTable:
    """Names of the transformer's weights."""
    names = names_of(tensors)
    layer = f"{names.language}.layers.{{}}"
    template: Template = {
        "codes.weight": f"{names.embedding}.weight",
        "code_in.wide.*": f"{names.aligner[0]}.*",
        "code_in.out.*": f"{names.aligner[1]}.*",
        "norm.weight": f"{names.language}.norm.weight",
        "head.wide.*": f"{names.head[0]}.*",
        "head.out.*": f"{names.head[1]}.*",
        "blocks.{}.attention_norm.weight": f"{layer}.input_layernorm.weight",
        "blocks.{}.attention.qkv.weight": (
            f"{layer}.self_attn.q_proj.weight",
            f"{layer}.self_attn.k_proj.weight",
            f"{layer}.self_attn.v_proj.weight",
        ),
        "blocks.{}.attention.out.weight": f"{layer}.self_attn.o_proj.weight",
        "blocks.{}.mlp_norm.weight": f"{layer}.post_attention_layernorm.weight",
        "blocks.{}.mlp.gate_up.weight": (
            f"{layer}.mlp.gate_proj.weight",
            f"{layer}.mlp.up_proj.weight",
        ),
        "blocks.{}.mlp.down.weight": f"{layer}.mlp.down_proj.weight",
    }
    rows = expand(template, generator.num_layers)
    # Frequencies that the network computes; old files have them.
    return KeyTable(rows=rows, dropped_ends=(".rotary_emb.inv_freq",))


def tokenizer_table(tokenizer: VQGANConfig, tensors: Tensors) -> KeyTable:
    """Names of the image tokenizer's weights."""
    names = names_of(tensors)
    return vqgan_table_of(tokenizer, names.vqgan_layout).prefixed("", names.vqgan)


# Settings

HEAD_WIDTH = 128
"""Of all published sizes; no tensor shows it."""
NUM_TOKENS = 576
LONGEST_PROMPT = 1024
"""Tokens; the models were trained on far shorter prompts, and could read 16384."""


def config(
    given: Settings, tensors: Tensors, num_tokens: int
) -> tuple[PromptConfig, LeftToRightConfig, VQGANConfig]:
    """Sizes from config.json of either layout; what it does not say is read off the tensors."""
    language = names_of(tensors).language
    vocab_size, width = matrix_shape(tensors, f"{language}.embed_tokens.weight")
    text = PromptConfig(kind="table", vocab_size=vocab_size, max_tokens=LONGEST_PROMPT, width=width)
    generator = _transformer_config(given, tensors, num_tokens)
    return text, generator, _tokenizer_config(tensors, num_tokens)


def _transformer_config(given: Settings, tensors: Tensors, num_tokens: int) -> LeftToRightConfig:
    names = names_of(tensors)
    rows, code_width = matrix_shape(tensors, f"{names.embedding}.weight")
    num_logits, head_width = matrix_shape(tensors, f"{names.head[1]}.weight")
    _, width = matrix_shape(tensors, f"{names.language}.embed_tokens.weight")
    mlp_width, _ = matrix_shape(tensors, f"{names.language}.layers.0.mlp.gate_proj.weight")
    num_layers = count_layers(tensors, f"{names.language}.layers")

    language: Any = given.get("text_config", given.get("language_config", {}))
    width = language.get("hidden_size", width)
    num_heads = language.get("num_attention_heads", width // HEAD_WIDTH)
    if language.get("num_key_value_heads", num_heads) != num_heads:
        raise ValueError(
            f"{language['num_key_value_heads']} heads of keys for {num_heads} of queries: "
            "not supported"
        )
    rope: Any = language.get("rope_parameters") or {}
    return LeftToRightConfig(
        num_codes=rows,
        num_tokens=num_tokens,
        code_rows=rows,
        code_width=code_width,
        num_logits=num_logits,
        head_width=head_width,
        prefix_tokens=LONGEST_PROMPT,
        width=width,
        num_heads=num_heads,
        num_layers=language.get("num_hidden_layers", num_layers),
        mlp_width=language.get("intermediate_size", mlp_width),
        places="line",
        rope_base=float(rope.get("rope_theta", language.get("rope_theta", 10000))),
        style=BlockStyle(norm_eps=language.get("rms_norm_eps", 1e-6), qk_norm=False),
    )


def _tokenizer_config(tensors: Tensors, num_tokens: int) -> VQGANConfig:
    names = names_of(tensors)
    vqgan = within(tensors, names.vqgan)
    sizes = sizes_from_tensors(vqgan, names.vqgan_layout)
    sizes |= codebook_sizes(vqgan, "quantize.embedding.weight")
    patch_size = 1 << (len(sizes["multipliers"]) - 1)
    image_size = round(num_tokens**0.5) * patch_size
    return VQGANConfig(image_size=image_size, lookup="cosine", norm_eps=1e-6, **sizes)


# PromptNetwork

PRO_ROLES, FIRST_ROLES = ("<|User|>", "<|Assistant|>"), ("User", "Assistant")
"""How Janus-Pro, and how Janus-1.3B before it, call the two sides of a conversation."""


def roles(weights: Path, has_role_marks: bool) -> tuple[str, str]:
    """What the two sides of a conversation are called.

    No file of Janus-1.3B says it: its folder's name does. weights: the weight file, in a folder of
    the model's name or in the hub's cache. has_role_marks: whether the tokenizer has the roles of
    Janus-Pro as marks.
    """
    folders = weights.absolute().parts[-4:-1]
    is_first = any("janus-1.3b" in folder.lower() for folder in folders)
    return FIRST_ROLES if is_first or not has_role_marks else PRO_ROLES


# Loading


class TextToImage(NamedTuple):
    """The three networks of a model that comes in one piece."""

    prompts: PromptNetwork
    transformer: LeftToRight
    tokenizer: VQGAN


def load_networks(
    path: Path,
    given: Settings,
    dtype: torch.dtype,
    packing: WeightFormat | None = None,
    num_tokens: int = NUM_TOKENS,
) -> TextToImage:
    """Load what draws; `path` is the weight file, or the index of its shards."""
    tensors = read_weights(path, own_prefix="model.")
    with naming(path):
        text, generator, vqgan = config(given, tensors, num_tokens)
        networks = TextToImage(
            *build_transformer(text, generator, tensors), build_vqgan(vqgan, tensors)
        )
    tables = (
        prompt_table(tensors),
        transformer_table(generator, tensors),
        tokenizer_table(vqgan, tensors),
    )
    fill(list(zip(networks, tables, strict=True)), tensors, dtype, str(path), packing)
    return networks


def load(files: ModelFiles, name: str, options: LoadOptions) -> PublishedModel:
    """Load a model; what describes images is read when it is first needed."""
    weights, given = files.paths["weights"], read_settings(files.paths["settings"])
    prompts, transformer, tokenizer = load_networks(
        weights, given, options.dtype, options.packing, _num_tokens(given)
    )

    with naming(files.paths["words"]):
        bpe = bpe_from_text(read_words(files.paths["words"]))
        has_marks = all(bpe.token_to_id(role) is not None for role in PRO_ROLES)
        words = JanusTokenizer(bpe, roles(weights, has_marks))

    vision = None
    if settings := janus_vision.read_vision_config(weights, given):
        load_vision = partial(janus_vision.load_vision, weights, settings)
        vision = VisionOnDemand(settings, load_vision)

    return published_model(
        files,
        name,
        PublishedNetworks(tokenizer.float(), prompts, transformer, vision=vision),
        words,
        licence="DeepSeek Model Licence 1.0 (with use restrictions)",
        sampling={"guidance_scale": 5.0},
    )


def _num_tokens(given: dict[str, Any]) -> int:
    image = given.get("vq_config", {})
    side = image.get("num_patches") if isinstance(image, dict) else None
    return side**2 if isinstance(side, int) else NUM_TOKENS


def reference_outputs(case: ReferenceCase) -> dict[str, Tensor]:
    """Logits and greedy tokens by guidance, and the pixels of those tokens."""
    import torch

    num_tokens = int(case.config.get("num_image_tokens", NUM_TOKENS))
    prompts, transformer, tokenizer = load_networks(
        case.only_file, case.config, torch.float32, num_tokens=num_tokens
    )
    text, null = prompts(case.input("text")), prompts(case.input("text_null"))
    outputs = guided_outputs(case, transformer, text, null)

    grid = (transformer.config.grid_size, transformer.config.grid_size)
    for name in case.wanted:
        tokens = outputs.get(name.replace("pixels_", "greedy_tokens_"))
        if name.startswith("pixels_") and tokens is not None:
            outputs[name] = tokenizer.decode(tokens.long().unflatten(1, grid))
    return outputs
