"""Image tokenizers on their own: the network of a published file, or of our own format."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, NamedTuple

import torch

from dall_e.bounded_files import naming
from dall_e.checkpoints import store
from dall_e.checkpoints.families import flax_vqgan
from dall_e.checkpoints.harmless_pickle import RefusedPickleError
from dall_e.checkpoints.registry import TOKENIZER_FAMILIES, WEIGHT_SUFFIXES, tokenizer_family_of
from dall_e.checkpoints.stored_tensor import StoredTensor
from dall_e.config import build_settings
from dall_e.config.published import DVAEConfig, VQGANConfig
from dall_e.errors import UnusableFileError
from dall_e.models.dvae import DVAE
from dall_e.models.vqgan import VQGAN

KIND = "image tokenizer"
"""Marks a folder of our own format that holds no more than that."""


class LoadedTokenizer(NamedTuple):
    """An image tokenizer in memory."""

    family: str
    """Name of its family."""
    network: VQGAN | DVAE
    """The network."""


def load_image_tokenizer(place: Path) -> LoadedTokenizer:
    """Load an image tokenizer that some project published, or one of our own format.

    Known are the VQGANs of taming-transformers, LlamaGen and DALL-E mini (also in Flax), and
    OpenAI's dVAE, two .pkl files.

    place: the weight file, or a folder that holds one, or one that `save_image_tokenizer` wrote.
        Weights are float32.
    Raises FileNotFoundError, or ValueError for a file that is damaged or no image tokenizer.
    """
    # A config.json beside Flax weights is not one of our own format.
    if (place / flax_vqgan.WEIGHTS_FILE).is_file():
        place = place / flax_vqgan.WEIGHTS_FILE
    if place.is_dir() and (place / store.CONFIG_FILE).is_file():
        return _load_ours(place)

    path = _find_in_folder(place) if place.is_dir() else place
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing")
    family = tokenizer_family_of(path)
    with naming(path):
        return LoadedTokenizer(family, TOKENIZER_FAMILIES[family].load(path, {}, torch.float32))


def _find_in_folder(folder: Path) -> Path:
    """The first file of a folder that is an image tokenizer. Every weight file is looked at.

    Raises UnusableFileError, with what is wrong with each, if none is, and if one asks to run
    something.
    """
    reasons: list[str] = []
    known: list[Path] = []
    for path in sorted(folder.iterdir()):
        if path.suffix not in WEIGHT_SUFFIXES:
            continue
        try:
            tokenizer_family_of(path)
            known.append(path)
        except RefusedPickleError:
            raise
        except UnusableFileError as error:
            reasons.append(f"{path.name}: {error.why}")
    if not known:
        told = "; ".join(reasons) or "there is no weight file in it"
        raise UnusableFileError(folder, f"it holds no image tokenizer that is known ({told})")
    return known[0]


def save_image_tokenizer(loaded: LoadedTokenizer, folder: Path, *, int8: bool) -> None:
    """Write config.json and model.safetensors, which `load_image_tokenizer` reads."""
    config = {
        "kind": KIND,
        "family": loaded.family,
        "tokenizer": dataclasses.asdict(loaded.network.config),
    }
    weights = {f"tokenizer.{name}": tensor for name, tensor in loaded.network.state_dict().items()}
    store.save_model(folder, config, weights, int8=int8, text_tokenizer_json="{}")


def _load_ours(folder: Path) -> LoadedTokenizer:
    config: dict[str, Any] = store.check_model(folder).config
    if config.get("kind") != KIND:
        raise UnusableFileError(folder, "it holds a whole model, not an image tokenizer alone")
    with naming(folder):
        tensors = store.open_stored(folder)
        network = _build(config, tensors)
        store.fill_stored(network, tensors, "tokenizer.", torch.float32)
        return LoadedTokenizer(str(config["family"]), network)


def _build(config: dict[str, Any], tensors: dict[str, StoredTensor]) -> VQGAN | DVAE:
    """The network, its weights still to be filled."""
    with store.Unfilled(tensors):
        if config["family"] == "openai_dvae":
            return DVAE(build_settings(DVAEConfig, config["tokenizer"]))
        return VQGAN(build_settings(VQGANConfig, config["tokenizer"]))
