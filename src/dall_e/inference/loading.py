"""Name, folder or file to a model in memory: networks, text tokenizer, settings."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import NamedTuple

import torch

from dall_e.checkpoints import published, store
from dall_e.checkpoints.published import LoadOptions, PublishedModel
from dall_e.checkpoints.registry import find_files
from dall_e.checkpoints.zoo import Precision, Size, locate
from dall_e.config import ModelConfig
from dall_e.models.dual_encoder import DualEncoder
from dall_e.models.generator import Generator
from dall_e.models.image_tokenizer import ImageTokenizer
from dall_e.models.text_encoder import TextEncoder
from dall_e.models.upsampler import Upsampler
from dall_e.nn.quantized import WEIGHT_FORMATS, WeightFormat
from dall_e.nn.transformer import assign_weights
from dall_e.planning.vocabulary import Vocabulary
from dall_e.runtime import free_memory, one_thread
from dall_e.text.tokenizer import TextTokenizer


class Networks(NamedTuple):
    """The trained networks of a model."""

    tokenizer: ImageTokenizer
    text: TextEncoder
    generator: Generator
    dual_encoder: DualEncoder | None = None
    """Scores text against pictures; not every model has one."""
    upsampler: Upsampler | None = None
    """Draws pictures at twice their side; not every model has one."""

    @classmethod
    def build(cls, config: ModelConfig) -> Networks:
        """New networks of the sizes in `config`."""
        return cls(
            ImageTokenizer(config.tokenizer),
            TextEncoder(config.text),
            Generator(config.generator),
            DualEncoder(config.dual_encoder) if config.dual_encoder else None,
            Upsampler(config.upsampler) if config.upsampler else None,
        )

    def parts(self) -> dict[str, torch.nn.Module]:
        """The networks that the model has, by name."""
        return {name: network for name, network in self._asdict().items() if network is not None}

    def state_dict(self) -> dict[str, torch.Tensor]:
        """All weights, each name prefixed with its network's: `tokenizer.`, `text.`, `generator.`
        and so on."""
        parts = self.parts().items()
        return {
            f"{part}.{name}": tensor
            for part, network in parts
            for name, tensor in network.state_dict().items()
        }


class NativeModel(NamedTuple):
    """A model of our own in memory."""

    config: ModelConfig
    networks: Networks
    text_tokenizer: TextTokenizer
    sha256: str
    """Of the weights file."""
    vocabulary: Vocabulary | None = None
    """What it knows by name; without one, prompts are drawn whole."""


def load_model(
    name_or_path: str | os.PathLike[str], variant: str | None, how: LoadOptions
) -> NativeModel | PublishedModel:
    """A model by name, or from a folder or file; warns of the licence of a published one.

    Raises ValueError for an unknown name or for weights that are damaged or of the wrong shape,
    FileNotFoundError for a missing file.
    """
    place, name, variant, _, size = locate(
        name_or_path, variant, local_files_only=how.local_files_only
    )
    if size:
        _warn_if_too_large(name, size, how)
    if place.is_file() or not published.is_ours(place):
        loaded = published.load_files(find_files(place, variant), name, how)
        warnings.warn(
            f"the weights of {name} are under the licence {loaded.config.licence}", stacklevel=3
        )
        return loaded
    with one_thread():
        return (
            published.load_converted(place, how)
            if published.is_converted(place)
            else _load_native(place, how)
        )


def _warn_if_too_large(name: str, size: Size, how: LoadOptions) -> None:
    """Says so before minutes of loading end in a machine that swaps, or kills the process."""
    free = free_memory(torch.device("cpu"))
    kinds: dict[torch.dtype, Precision] = {torch.float32: "float32", torch.bfloat16: "bfloat16"}
    # float16 takes as much as bfloat16.
    precision = how.packing or kinds.get(how.dtype, "bfloat16")
    if free is None or size.gigabytes(precision) * 1e9 <= free:
        return
    smaller = [
        f"{kind} {size.gigabytes(kind):.1f} GB" for kind in WEIGHT_FORMATS if how.packing is None
    ]
    hint = f"; with quantization it takes less: {', '.join(smaller)}" if smaller else ""
    warnings.warn(
        f"{name} takes about {size.gigabytes(precision):.1f} GB of memory in {precision}, and {free / 1e9:.1f} GB are "
        f"free{hint}",
        stacklevel=4,
    )


def _load_native(folder: Path, how: LoadOptions) -> NativeModel:
    stored = store.load_model(folder, how.dtype)
    try:
        config = ModelConfig.from_dict(stored.config)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{folder / store.CONFIG_FILE}: {error}") from error
    with store.Unfilled():
        networks = Networks.build(config)
    for part, network in networks.parts().items():
        try:
            store.load_strict(network, stored.tensors, f"{part}.")
        except ValueError as error:
            raise ValueError(f"{folder}: {error}") from error
        if how.packing and part in ("text", "generator"):
            assign_weights(network, list(network.state_dict().items()), how.packing)
    text_tokenizer = TextTokenizer.from_json(stored.text_tokenizer_json)
    if text_tokenizer.num_ids > config.text.vocab_size:
        raise ValueError(
            f"{folder}: its text tokenizer has {text_tokenizer.num_ids} entries, its text encoder only "
            f"{config.text.vocab_size}"
        )
    vocabulary = None
    if stored.vocabulary is not None:
        vocabulary = Vocabulary.load(folder / store.VOCABULARY_FILE)
    return NativeModel(config, networks, text_tokenizer, stored.sha256, vocabulary)


def checked_precision(
    dtype: torch.dtype | str | None, quantization: str | None
) -> tuple[torch.dtype, WeightFormat | None]:
    """What flows through the networks, and what their linear layers are packed in.

    Raises ValueError for an unknown name, and for a dtype and a quantization that contradict each
    other.
    """
    short = {"fp32": torch.float32, "bf16": torch.bfloat16}
    if quantization in short:
        wanted = short[quantization]
        if dtype is not None and checked_dtype(dtype) != wanted:
            raise ValueError(
                f"quantization {quantization!r} and dtype {dtype} contradict each other"
            )
        return wanted, None
    if quantization is None:
        return checked_dtype(dtype), None
    if quantization not in WEIGHT_FORMATS:
        raise ValueError(
            f"quantization {quantization!r} is not one of {', '.join((*short, *WEIGHT_FORMATS))}"
        )
    return torch.bfloat16 if dtype is None else checked_dtype(dtype), quantization


def checked_dtype(dtype: torch.dtype | str | None) -> torch.dtype:
    """One of the dtypes that models can be in, float32 unless given. Raises ValueError for any
    other."""
    kinds = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
    name = "float32" if dtype is None else str(dtype).removeprefix("torch.")
    if name not in kinds:
        raise ValueError(f"dtype {dtype} is not one of {', '.join(kinds)}")
    return kinds[name]
