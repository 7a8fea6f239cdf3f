"""A name, folder or file to a model in memory: networks, text tokenizer, settings."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import NamedTuple

import torch

from dall_e.bounded_files import naming
from dall_e.checkpoints import converted, store
from dall_e.checkpoints.families.base import LoadOptions, PublishedModel
from dall_e.checkpoints.known_models import locate
from dall_e.checkpoints.memory_file import MEMORY_FILE
from dall_e.checkpoints.model_entry import Precision, Size
from dall_e.checkpoints.registry import find_files, load_files
from dall_e.config import ModelConfig
from dall_e.errors import DallEWarning
from dall_e.models.captioner import Captioner
from dall_e.models.dual_encoder import DualEncoder
from dall_e.models.generator import Generator
from dall_e.models.image_tokenizer import ImageTokenizer
from dall_e.models.recogniser import Recogniser
from dall_e.models.text_encoder import TextEncoder
from dall_e.models.upsampler import Upsampler
from dall_e.nn.precision import cast
from dall_e.nn.quantization import WEIGHT_FORMATS, WeightFormat
from dall_e.nn.transformer import assign_weights
from dall_e.planning.vocabulary import Vocabulary
from dall_e.runtime import free_memory, loading, one_thread
from dall_e.sampling.memory import TokenMemory
from dall_e.text.tokenizer import TextTokenizer

_SHORT_NAMES = {"fp32": torch.float32, "bf16": torch.bfloat16}
"""Dtypes that may stand where a quantization is named."""

_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


class Networks(NamedTuple):
    """The trained networks of a model."""

    tokenizer: ImageTokenizer
    text: TextEncoder
    generator: Generator
    dual_encoder: DualEncoder | None = None
    """Scores text against images; not every model has one."""
    upsampler: Upsampler | None = None
    """Draws images at twice their side; not every model has one."""
    captioner: Captioner | None = None
    """Says what images show; not every model has one."""

    @classmethod
    def build(cls, config: ModelConfig) -> Networks:
        """Make new networks of the sizes in `config`."""
        return cls(
            ImageTokenizer(config.tokenizer),
            TextEncoder(config.text),
            Generator(config.generator),
            DualEncoder(config.dual_encoder) if config.dual_encoder else None,
            Upsampler(config.upsampler) if config.upsampler else None,
            Captioner(config.captioner) if config.captioner else None,
        )

    def parts(self) -> dict[str, torch.nn.Module]:
        """The networks that the model has, by name."""
        return {name: network for name, network in self._asdict().items() if network is not None}

    def cast(self, dtype: torch.dtype) -> None:
        """Bring all weights to a number format, in place, as loading them in it does."""
        for network in self.parts().values():
            cast(network, dtype)

    def state_dict(self) -> dict[str, torch.Tensor]:
        """All weights, each name prefixed with its network's, such as `generator.`."""
        weights: dict[str, torch.Tensor] = {}
        for part, network in self.parts().items():
            for name, tensor in network.state_dict().items():
                weights[f"{part}.{name}"] = tensor
        return weights


class NativeModel(NamedTuple):
    """A model of this project in memory."""

    config: ModelConfig
    networks: Networks
    text_tokenizer: TextTokenizer
    sha256: str
    """Of the weights file."""
    vocabulary: Vocabulary | None = None
    """What it knows by name; without one, prompts are drawn whole."""
    memory: TokenMemory | None = None
    """Images that it remembers beside what it has learned."""
    recogniser: Recogniser | None = None
    """Tells what pictures show."""


def load_model(
    name_or_path: str | os.PathLike[str], variant: str | None, options: LoadOptions
) -> NativeModel | PublishedModel:
    """Load a model by name, or from a folder or file; warns of the licence of a published one.

    Raises ValueError for an unknown name or for weights that are damaged or of the wrong shape,
    FileNotFoundError for a missing file.
    """
    located = locate(name_or_path, variant, hub=options.hub)
    if located.size:
        _warn_if_too_large(located.name, located.size, options)

    # Another project's own files
    place = located.place
    if place.is_file() or not converted.is_ours(place):
        with loading():
            loaded = load_files(find_files(place, located.variant), located.name, options)
        warnings.warn(
            f"the weights of {located.name} are under the licence {loaded.config.licence}",
            DallEWarning,
            stacklevel=3,
        )
        return loaded

    with loading(), one_thread():
        if converted.is_converted(place):
            return converted.load_converted(place, options)
        return _load_native(place, options)


def _warn_if_too_large(name: str, size: Size, options: LoadOptions) -> None:
    """Warn before minutes of loading end in a machine that swaps, or kills the process."""
    free = free_memory(torch.device("cpu"))
    # float16 takes as much as bfloat16.
    kinds: dict[torch.dtype, Precision] = {torch.float32: "float32", torch.bfloat16: "bfloat16"}
    precision = options.packing or kinds.get(options.dtype, "bfloat16")
    if free is None or size.gigabytes(precision) * 1e9 <= free:
        return

    hint = ""
    if options.packing is None:
        smaller = [f"{kind} {size.gigabytes(kind):.1f} GB" for kind in WEIGHT_FORMATS]
        hint = f"; with quantization it takes less: {', '.join(smaller)}"
    warnings.warn(
        f"{name} takes about {size.gigabytes(precision):.1f} GB of memory in {precision}, "
        f"and {free / 1e9:.1f} GB are free{hint}",
        DallEWarning,
        stacklevel=4,
    )


def _load_native(folder: Path, options: LoadOptions) -> NativeModel:
    """Load a model of this project from its folder."""
    stored = store.load_model(folder, options.dtype)
    with naming(folder / store.CONFIG_FILE, "its settings cannot be used"):
        config = ModelConfig.from_dict(stored.config)
        with store.Unfilled(stored.tensors):
            networks = Networks.build(config)

    if config.trained_fraction < 1:
        warnings.warn(
            f"the training of {config.name} {config.version} was stopped at "
            f"{config.trained_fraction:.0%} of its schedule, so its pictures may be noise: go on "
            "with the same training command, and export it again",
            DallEWarning,
            stacklevel=4,
        )

    for part, network in networks.parts().items():
        with naming(folder):
            store.load_strict(network, stored.tensors, f"{part}.")
        # Quantized is what takes the time: the image tokenizer and its like stay as they are.
        if options.packing and part in ("text", "generator"):
            assign_weights(network, list(network.state_dict().items()), options.packing)

    with naming(folder / store.TEXT_FILE):
        text_tokenizer = TextTokenizer.from_json(stored.text_tokenizer_json)
        if text_tokenizer.num_ids > config.text.vocab_size:
            raise ValueError(
                f"its text tokenizer has {text_tokenizer.num_ids} entries, "
                f"its text encoder only {config.text.vocab_size}"
            )
    vocabulary = None
    if stored.vocabulary is not None:
        vocabulary = Vocabulary.load(folder / store.VOCABULARY_FILE).with_fitted(stored.styles)
    elif config.sampling.compose:
        warnings.warn(
            f"{folder} has no {store.VOCABULARY_FILE}, so its model draws every prompt whole, "
            "where its settings ask for plans: export it again, or put the file of the model that "
            "it was made from beside its weights",
            DallEWarning,
            stacklevel=4,
        )
    if stored.memory is not None:
        with naming(folder / MEMORY_FILE):
            sizes = config.tokenizer
            stored.memory.check(sizes.grid_size**2, sizes.num_codes)
    return NativeModel(
        config,
        networks,
        text_tokenizer,
        stored.sha256,
        vocabulary,
        memory=stored.memory,
        recogniser=stored.recogniser,
    )


def checked_precision(
    dtype: torch.dtype | str | None, quantization: str | None
) -> tuple[torch.dtype, WeightFormat | None]:
    """What flows through the networks, and what their linear layers are packed in.

    Raises ValueError for an unknown name, and for a dtype and a quantization that contradict each
    other.
    """
    if quantization is None:
        return checked_dtype(dtype), None

    if quantization in _SHORT_NAMES:
        named = _SHORT_NAMES[quantization]
        if dtype is not None and checked_dtype(dtype) != named:
            raise ValueError(
                f"quantization {quantization!r} and dtype {dtype} contradict each other"
            )
        return named, None

    if quantization not in WEIGHT_FORMATS:
        known = ", ".join((*_SHORT_NAMES, *WEIGHT_FORMATS))
        raise ValueError(f"quantization {quantization!r} is not one of {known}")
    return torch.bfloat16 if dtype is None else checked_dtype(dtype), quantization


def checked_dtype(dtype: torch.dtype | str | None) -> torch.dtype:
    """One of the dtypes that models can be in, float32 unless given.

    Raises ValueError for any other.
    """
    name = "float32" if dtype is None else str(dtype).removeprefix("torch.")
    if name not in _DTYPES:
        raise ValueError(f"dtype {dtype} is not one of {', '.join(_DTYPES)}")
    return _DTYPES[name]
