"""DALL-E mini and mega as they were trained, in Flax: min-dalle's networks under other names.

Names and sizes: borisdayma/dalle-mini, `src/dalle_mini/model/modeling.py`. Matrices are [in, out].
All layers of a transformer lie behind each other in one array, as `nn.scan` makes them, or each
has a name of its own. Tensors are turned by their strides: nothing is copied.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from dall_e.bounded_files import naming
from dall_e.checkpoints.families import flax_vqgan, min_dalle
from dall_e.checkpoints.families.base import (
    LoadOptions,
    ModelFiles,
    PublishedModel,
    PublishedNetworks,
    Settings,
    TextToTokens,
    folder_with,
    published_model,
    read_settings,
    read_weights,
    read_words,
)
from dall_e.checkpoints.families.flax_vqgan import in_torch_order
from dall_e.checkpoints.families.reference import ReferenceCase
from dall_e.checkpoints.keymap import MOST_LAYERS, Tensors
from dall_e.checkpoints.model_entry import KnownModel, Size
from dall_e.config.published import LeftToRightConfig, PromptConfig
from dall_e.text.published_tokenizers import BartTokenizer, bpe_from_text

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from dall_e.checkpoints.stored_tensor import StoredTensor
    from dall_e.nn.quantization import WeightFormat

# Mini and mega differ in their settings alone. The VQGAN is another repository's, or a folder
# beside the weights.
FILES = {
    "": {
        "weights": flax_vqgan.WEIGHTS_FILE,
        "settings": "config.json",
        "words": "tokenizer.json",
    }
}


def _known_model(name: str, size: Size) -> KnownModel:
    """Mini or mega, with the whole VQGAN instead of its decoder alone."""
    return KnownModel(
        name=f"dalle-mini/dalle-{name}",
        summary=f"DALL-E {name} as it was trained, in Flax; its VQGAN, of another repository, "
        "is downloaded too.",
        licence="Apache-2.0",
        sizes=(replace(size, tokenizer=76_073_859),),
        resolution="256",
        files=tuple(FILES[""].values()),
    )


SIZES = (_known_model("mini", min_dalle.MINI), _known_model("mega", min_dalle.MEGA))

# Names

KEYS = {
    # Norms are numbered in the order in which a layer uses them.
    "layer": {
        "LayerNorm_0": "pre_self_attn_layer_norm",
        "LayerNorm_1": "self_attn_layer_norm",
        "LayerNorm_2": "pre_encoder_attn_layer_norm",
        "LayerNorm_3": "encoder_attn_layer_norm",
        "FlaxBartAttention_0": "self_attn",
        "FlaxBartAttention_1": "encoder_attn",
        "GLU_0": "glu",
    },
    "glu": {
        "LayerNorm_0": "ln0",
        "LayerNorm_1": "ln1",
        "Dense_0": "fc0",
        "Dense_1": "fc1",
        "Dense_2": "fc2",
    },
}
"""Parts of a layer, and of its GLU, and what min-dalle calls them."""

_LAYERS = re.compile(r"layers/FlaxBart(?:En|De)coderLayer(?:s|_(\d+))/(.+)")


def split_tensors(tensors: Tensors) -> tuple[dict[str, StoredTensor], dict[str, StoredTensor]]:
    """The tensors of encoder and decoder under min-dalle's names.

    A tensor that is not known keeps its name, and is left over when the networks are filled.
    """
    encoder: dict[str, StoredTensor] = {}
    decoder: dict[str, StoredTensor] = {}
    for name, tensor in tensors.items():
        if "/encoder/" in name:
            encoder |= _renamed(name.removeprefix("model/encoder/"), tensor)
        else:
            decoder |= _renamed(name.removeprefix("model/decoder/"), tensor)
    return encoder, decoder


def _renamed(name: str, tensor: StoredTensor) -> dict[str, StoredTensor]:
    """One tensor of Flax as those of min-dalle: one for each layer, if it holds all of them."""
    match = _LAYERS.fullmatch(name)
    if not match:
        return dict([in_torch_order(name.split("/"), tensor)])

    number, rest = match.groups()
    path = rest.split("/")
    path[0] = KEYS["layer"].get(path[0], path[0])
    if path[0] == "glu":
        path[1] = KEYS["glu"].get(path[1], path[1])

    if number:
        return dict([in_torch_order(["layers", number, *path], tensor)])
    if tensor.shape[0] > MOST_LAYERS:
        raise ValueError(f"{name} has {tensor.shape[0]} layers, at most {MOST_LAYERS} are read")
    return dict(
        in_torch_order(["layers", str(layer), *path], _slice(tensor, layer))
        for layer in range(tensor.shape[0])
    )


def _slice(tensor: StoredTensor, index: int) -> StoredTensor:
    """Part `index` along the first axis."""
    offset = tensor.offset + index * tensor.stride[0]
    return replace(tensor, shape=tensor.shape[1:], stride=tensor.stride[1:], offset=offset)


# Settings

# What other models of the same code have; the published ones have none of it.
_EXPECTED = {
    "ln_positions": "normformer",
    "ln_type": "layernorm",
    "use_glu": True,
    "use_bias": False,
    "use_head_scale": False,
    "force_ln_scale": False,
    "use_cosine_attention": False,
    "use_deepnet_scaling": False,
    "use_alibi": False,
    "use_swin_position_embeddings": False,
    "use_absolute_position_embeddings": True,
    "scale_embedding": False,
    "sinkhorn_iters": 1,
    "activation_function": "gelu",
    "tie_word_embeddings": False,
}


def config(
    given: Settings, encoder: Tensors, decoder: Tensors
) -> tuple[PromptConfig, LeftToRightConfig]:
    """Settings from config.json. Raises ValueError for another network of the same code."""
    for name, value in _EXPECTED.items():
        if given.get(name, value) != value:
            raise ValueError(
                f"{name} is {given[name]!r}; the published models have {value!r}, "
                "and nothing else is read"
            )

    encoder_settings = _side_settings(given, "encoder") | {
        "text_vocab_count": given["encoder_vocab_size"],
        "text_token_count": given["max_text_length"],
    }
    decoder_settings = _side_settings(given, "decoder") | {
        "image_vocab_count": given["image_vocab_size"]
    }
    start_code = given["decoder_start_token_id"]
    return min_dalle.config(encoder_settings, encoder, decoder_settings, decoder, start_code)


def _side_settings(given: Settings, side: str) -> Settings:
    """What min-dalle would be told of the encoder or the decoder."""
    return {
        "embed_count": given["d_model"],
        "attention_head_count": given[f"{side}_attention_heads"],
        "glu_embed_count": given[f"{side}_ffn_dim"],
        "layer_count": given[f"{side}_layers"],
    }


# Loading


def load_networks(
    path: Path, given: Settings, dtype: torch.dtype, packing: WeightFormat | None = None
) -> TextToTokens:
    """Load flax_model.msgpack; `given` is what config.json holds."""
    with naming(path):
        encoder, decoder = split_tensors(read_weights(path))
        configs = config(given, encoder, decoder)
    return min_dalle.fill_networks(configs, (path, encoder), (path, decoder), dtype, packing)


def load(files: ModelFiles, name: str, options: LoadOptions) -> PublishedModel:
    """Load mini or mega; the VQGAN is downloaded if it is not in a folder beside the weights."""
    import torch

    paths = files.paths
    given = read_settings(paths["settings"])
    networks = load_networks(paths["weights"], given, options.dtype, options.packing)

    beside = paths["weights"].parent / Path(flax_vqgan.REPOSITORY).name
    names = [flax_vqgan.WEIGHTS_FILE, "config.json"]
    folder = folder_with(names, beside, flax_vqgan.REPOSITORY, options)
    vqgan_settings = read_settings(folder / "config.json")
    vqgan = flax_vqgan.load(folder / flax_vqgan.WEIGHTS_FILE, vqgan_settings, torch.float32)

    with naming(paths["words"]):
        words = BartTokenizer(bpe_from_text(read_words(paths["words"])))
    return published_model(
        files,
        name,
        PublishedNetworks(vqgan, *networks),
        words,
        licence="Apache-2.0",
        sampling={"guidance_scale": 10.0},
    )


def reference_outputs(case: ReferenceCase) -> dict[str, Tensor]:
    """States of the prompt, and logits for recorded codes."""
    import torch

    networks = load_networks(case.only_file, case.config, torch.float32)
    return min_dalle.encoder_decoder_outputs(case, networks)
