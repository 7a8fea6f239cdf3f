"""Published models in our own format: config.json, model.safetensors, text_tokenizer.json."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import torch

from dall_e.bounded_files import naming, read_table
from dall_e.checkpoints import store, t5
from dall_e.checkpoints.families.base import (
    LoadOptions,
    PublishedModel,
    PublishedNetworks,
    VisionOnDemand,
    build_transformer,
    build_vqgan,
)
from dall_e.checkpoints.registry import weight_file_names, what_it_is
from dall_e.checkpoints.stored_tensor import StoredTensor
from dall_e.config.published import PublishedConfig, VisionConfig
from dall_e.errors import UnusableFileError
from dall_e.models.vision_encoder import Vision
from dall_e.text.published_tokenizers import PromptTokenizer, prompt_tokenizer_from_json


def is_ours(folder: Path) -> bool:
    """Whether a folder is of our own format, or has nothing of a known project either."""
    head = _config_of(folder)
    if "format" in head:
        return True

    # model.safetensors is of our own format, too; beside it, the config.json of transformers has a
    # model_type.
    foreign_names = weight_file_names() - {store.WEIGHTS_FILE}
    has_foreign_weights = any((folder / name).exists() for name in foreign_names)
    something_else, _ = what_it_is(folder)
    return not (has_foreign_weights or "model_type" in head or something_else)


def _config_of(folder: Path) -> dict[str, Any]:
    """What config.json holds; {} if it is missing or malformed."""
    try:
        return read_table(folder / store.CONFIG_FILE)
    except (OSError, ValueError):
        return {}


def is_converted(folder: Path) -> bool:
    """Whether a folder of our own format holds a published model.

    Raises as `store.read_model_config` does, and ValueError for an image tokenizer alone, which
    cannot draw.
    """
    config = store.read_model_config(folder)
    if "kind" in config:
        raise UnusableFileError(
            folder, "it holds an image tokenizer alone", "load it with ImageCodec"
        )
    return "family" in config


def load_converted(folder: Path, options: LoadOptions) -> PublishedModel:
    """Read a folder that `DALL_E.save_pretrained` wrote of a published model.

    Raises FileNotFoundError, or ValueError for a damaged or foreign folder.
    """
    stored = store.check_model(folder)
    tensors = store.open_stored(folder)
    with naming(folder):
        config = PublishedConfig.from_dict(stored.config)
        networks = _build(config, tensors)
        for part, network in networks.parts().items():
            if part == "tokenizer":  # In float32, as `load_files` leaves it.
                store.fill_stored(network, tensors, "tokenizer.", torch.float32)
            else:
                store.fill_stored(network, tensors, f"{part}.", options.dtype, options.packing)
        if options.dtype == torch.bfloat16:
            networks.tokenizer.decode_in_bfloat16()
        words = _text_tokenizer(stored.text_tokenizer_json, config, options)
    return PublishedModel(config, networks, words, stored.sha256)


def _build(config: PublishedConfig, tensors: dict[str, StoredTensor]) -> PublishedNetworks:
    text, generator = build_transformer(config.text, config.generator, tensors)
    networks = PublishedNetworks(build_vqgan(config.tokenizer, tensors), text, generator)
    if not config.vision:
        return networks
    load_vision = partial(_load_vision, tensors, config.vision)
    return networks._replace(vision=VisionOnDemand(config.vision, load_vision))


def _load_vision(
    tensors: dict[str, StoredTensor], config: VisionConfig, dtype: torch.dtype
) -> Vision:
    with store.Unfilled(tensors):
        network = Vision(config)
    store.fill_stored(network, tensors, "vision.", dtype)
    return network


def _text_tokenizer(
    text: str, config: PublishedConfig, options: LoadOptions
) -> PromptTokenizer | t5.T5Features:
    if text != t5.AS_JSON:
        return prompt_tokenizer_from_json(text)
    return t5.T5Features.load(
        t5.REPOSITORY, config.text.max_tokens, hub=options.hub.of_another_repository()
    )
