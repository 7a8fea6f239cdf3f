"""Image tokenizers on their own: finds out which project's a file is, and loads it; also in our own
format."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch

from dall_e.checkpoints import networks, store
from dall_e.checkpoints.published import fill_stored
from dall_e.checkpoints.registry import FLAX_WEIGHTS, WEIGHT_SUFFIXES
from dall_e.checkpoints.tensor_files import open_weights
from dall_e.config import build_settings
from dall_e.config.published import DVAEConfig, VQGANConfig
from dall_e.models.dvae import DVAE
from dall_e.models.vqgan import VQGAN

KIND = "image tokenizer"


class LoadedTokenizer(NamedTuple):
    """An image tokenizer in memory."""

    family: str
    network: VQGAN | DVAE


def load_image_tokenizer(place: Path) -> LoadedTokenizer:
    """Loads a VQGAN of taming-transformers, LlamaGen or DALL-E mini (also in Flax), or OpenAI's
    dVAE (two .pkl files).

    place: the weight file, or a folder that holds one, or one that `save_image_tokenizer` wrote.
        Weights are float32.
    Raises FileNotFoundError, or ValueError for a file that is damaged or no image tokenizer.
    """
    if (place / FLAX_WEIGHTS).is_file():
        place = place / FLAX_WEIGHTS
    if place.is_dir() and (place / store.CONFIG_FILE).is_file():
        return _load_ours(place)
    if place.is_dir():
        found = [path for path in sorted(place.iterdir()) if path.suffix in WEIGHT_SUFFIXES]
        known = {path: family for path in found if (family := _family(path))}
        if not known:
            raise ValueError(f"{place} holds no image tokenizer that is known")
        place = next(iter(known))
    if not place.is_file():
        raise FileNotFoundError(f"{place} is missing")
    family = _family(place)
    if family == "openai_dvae":
        encoder, decoder = (
            place.with_name(f"{part}{place.suffix}") for part in ("encoder", "decoder")
        )
        return LoadedTokenizer(family, networks.load_dvae(encoder, decoder, {}, torch.float32))
    if family not in _LOADERS:
        raise ValueError(f"{place} is no image tokenizer that is known")
    return LoadedTokenizer(family, _LOADERS[family](place))


_LOADERS: dict[str, Callable[[Path], VQGAN]] = {
    "min_dalle": lambda path: networks.load_detoker(path, torch.float32),
    "llamagen_vq": lambda path: networks.load_llamagen_vq(path, {}, torch.float32),
    "taming_vqgan": lambda path: networks.load_taming(path, {}, torch.float32),
    "flax_vqgan": lambda path: networks.load_flax_vqgan(path, {}, torch.float32),
}


def _family(path: Path) -> str:
    """The project of a weight file by names that only it has; empty if it is no image tokenizer."""
    try:
        names = networks.read_weights(path).keys()
    except ValueError as error:
        if "was refused" in str(error):
            raise
        return ""
    marks = {
        "blocks.input.w": "openai_dvae",
        "decoder.conv_blocks.0.res.0.conv1.weight": "llamagen_vq",
        "quantize.embedding.weight": "taming_vqgan",
        "quantize.embed.weight": "taming_vqgan",
        "quantize/embedding/embedding": "flax_vqgan",
    }
    if "embedding.weight" in names and "decoder.conv_in.weight" in names:
        return "min_dalle"
    return next((family for name, family in marks.items() if name in names), "")


def save_image_tokenizer(loaded: LoadedTokenizer, folder: Path, *, int8: bool) -> None:
    """Writes config.json and model.safetensors, which `load_image_tokenizer` reads."""
    config = {
        "kind": KIND,
        "family": loaded.family,
        "tokenizer": dataclasses.asdict(loaded.network.config),
    }
    weights = {f"tokenizer.{name}": tensor for name, tensor in loaded.network.state_dict().items()}
    store.save_model(folder, config, weights, int8=int8, text_tokenizer_json="{}")


def _load_ours(folder: Path) -> LoadedTokenizer:
    stored = store.check_model(folder)
    config: dict[str, Any] = stored.config
    if config.get("kind") != KIND:
        raise ValueError(f"{folder} holds a whole model, not an image tokenizer alone")
    try:
        dvae = config["family"] == "openai_dvae"
        settings: Any = build_settings(DVAEConfig if dvae else VQGANConfig, config["tokenizer"])
        with store.Unfilled():
            network = DVAE(settings) if dvae else VQGAN(settings)
        fill_stored(network, open_weights(folder / store.WEIGHTS_FILE), "tokenizer.", torch.float32)
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{folder}: {error}") from error
    return LoadedTokenizer(config["family"], network)
