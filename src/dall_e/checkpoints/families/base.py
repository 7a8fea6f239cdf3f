"""What a family of published models is, and the steps of loading that all families share.

A family is one project: its known models, its files, its names of tensors. Each has a module in
this folder, and the modules have the names that `Family`, or `TokenizerFamily`, lists.

Importing a family needs no torch, since `dall-e models` lists their `SIZES`. That is why torch, and
what builds on it, is imported inside the functions here.

Tensor names: B batch rows, L prompt tokens, N image tokens.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from dall_e.bounded_files import WORDS_BYTES, naming, read_table, read_text
from dall_e.checkpoints.hub import HubAccess, download
from dall_e.checkpoints.keymap import KeyTable, Tensors, fill
from dall_e.checkpoints.model_entry import KnownModel
from dall_e.config import SamplingConfig
from dall_e.config.published import LeftToRightConfig, PromptConfig, PublishedConfig, VQGANConfig

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from dall_e.checkpoints.families.reference import ReferenceCase
    from dall_e.checkpoints.t5 import T5Features
    from dall_e.config.published import VisionConfig
    from dall_e.models.dvae import DVAE
    from dall_e.models.left_to_right import LeftToRight
    from dall_e.models.prompt_networks import PromptNetwork
    from dall_e.models.vision_encoder import Vision
    from dall_e.models.vqgan import VQGAN
    from dall_e.nn.quantization import WeightFormat
    from dall_e.text.published_tokenizers import PromptTokenizer

Settings = dict[str, Any]
"""What the project's own code would be constructed with, as far as it is known; {} if it is not."""


# What a family has


class Family(Protocol):
    """A project that publishes text-to-image models: a module of this package."""

    @property
    def SIZES(self) -> tuple[KnownModel, ...]:  # noqa: N802
        """Its models that load by name, with licences, variants and numbers of weights."""

    @property
    def FILES(self) -> Mapping[str, Mapping[str, str]]:  # noqa: N802
        """For each variant the file names by role; `a|b` is either. "" is the only variant."""

    @property
    def KEYS(self) -> Mapping[str, Any]:  # noqa: N802
        """Tables of names: which of its tensors become which weights of ours, by network."""

    @property
    def config(self) -> Callable[..., tuple[Any, ...]]:
        """Gives our settings, from its own settings and the shapes of its tensors."""

    def load(self, files: ModelFiles, name: str, options: LoadOptions) -> PublishedModel:
        """Load networks, text tokenizer and settings. `name` is what metadata call the model."""

    def reference_outputs(self, case: ReferenceCase) -> dict[str, Tensor]:
        """What our networks compute where the project's own code was recorded."""


class TokenizerFamily(Protocol):
    """A project that publishes image tokenizers: a module of this package."""

    @property
    def SIGNATURES(self) -> tuple[tuple[str, ...], ...]:  # noqa: N802
        """A weight file is of this project if it has all tensors of one of these."""

    @property
    def KEPT_UNDER(self) -> tuple[str, ...]:  # noqa: N802
        """Names under which its own files have the weights, the best first."""

    @property
    def KEYS(self) -> Mapping[str, Any]:  # noqa: N802
        """Tables of names, by network."""

    @property
    def config(self) -> Callable[..., Any]:
        """Gives our settings, from its own settings and the shapes of its tensors."""

    def load(self, path: Path, given: Settings, dtype: torch.dtype) -> VQGAN | DVAE:
        """Load the network from one of its files."""

    def reference_outputs(self, case: ReferenceCase) -> dict[str, Tensor]:
        """What our network computes where the project's own code was recorded."""


# What goes in and what comes out


@dataclass(frozen=True, kw_only=True)
class ModelFiles:
    """The files of one published model."""

    family: str
    """Name of its family."""
    variant: str
    """Which of the project's models; empty where there is one."""
    paths: dict[str, Path]
    """The files by role, as `FILES` of the family names them."""


class LoadOptions(NamedTuple):
    """How weights are to lie in memory, and whether the network may be asked for more files."""

    dtype: torch.dtype
    packing: WeightFormat | None = None
    """Rounds the weights of linear layers to eight or four bits."""
    hub: HubAccess = HubAccess()
    """How the hub is asked for files."""
    as_stored: bool = False
    """Takes the number format of a project's own files instead of `dtype`."""


class TextToTokens(NamedTuple):
    """The two networks that draw tokens."""

    prompts: PromptNetwork
    transformer: LeftToRight


class VisionOnDemand:
    """The network that reads images, loaded when it is first needed: drawing never pays for it."""

    def __init__(self, config: VisionConfig, load: Callable[[torch.dtype], Vision]) -> None:
        self.config = config
        self._load = load
        self.network: Vision | None = None

    def get(self, like: Tensor) -> Vision:
        """The network, in the number format and on the device of `like`.

        Raises as loading a model does.
        """
        from dall_e.runtime import loading

        if self.network is None:
            with loading():
                self.network = self._load(like.dtype).requires_grad_(False).eval()
            self.network.to(like.device)
        return self.network


class PublishedNetworks(NamedTuple):
    """The networks of a published model."""

    tokenizer: VQGAN
    text: PromptNetwork
    generator: LeftToRight
    dual_encoder: None = None
    """No project publishes one beside its model."""
    upsampler: None = None
    """Nor an upsampler."""
    vision: VisionOnDemand | None = None
    """Reads images, to describe them; most models have none."""

    def parts(self) -> dict[str, torch.nn.Module]:
        """The networks in memory, by name."""
        parts: dict[str, torch.nn.Module]
        parts = {"tokenizer": self.tokenizer, "text": self.text, "generator": self.generator}
        if self.vision and self.vision.network:
            parts["vision"] = self.vision.network
        return parts

    def cast(self, dtype: torch.dtype) -> None:
        """Bring the weights to a number format, in place, as loading them in it does.

        The image tokenizer stays in float32, and decodes in bfloat16 beside a generator that does.
        """
        import torch

        from dall_e.nn.precision import cast

        for part, network in self.parts().items():
            cast(network, torch.float32 if part == "tokenizer" else dtype)
        if dtype == torch.bfloat16:
            self.tokenizer.decode_in_bfloat16()

    def state_dict(self) -> dict[str, Tensor]:
        """All weights, each name prefixed with its network's."""
        if self.vision:
            self.vision.get(self.generator.codes.weight)

        weights: dict[str, Tensor] = {}
        for part, network in self.parts().items():
            weights |= {f"{part}.{name}": tensor for name, tensor in network.state_dict().items()}
        return weights


class PublishedModel(NamedTuple):
    """A published model in memory."""

    config: PublishedConfig
    networks: PublishedNetworks
    text_tokenizer: PromptTokenizer | T5Features
    sha256: str = ""
    """Of the weights file of our own format; empty for a project's own files."""
    vocabulary: None = None
    """It has no list of names, and draws prompts whole."""
    memory: None = None
    """It remembers no images."""
    recogniser: None = None
    """It recognises none."""


def published_model(
    files: ModelFiles,
    name: str,
    networks: PublishedNetworks,
    text_tokenizer: PromptTokenizer | T5Features,
    *,
    licence: str,
    sampling: Settings,
    guided: bool = True,
) -> PublishedModel:
    """Put networks and text tokenizer together with the settings that the project recommends."""
    config = PublishedConfig(
        name=name,
        family=files.family,
        variant=files.variant,
        licence=licence,
        guided=guided,
        tokenizer=networks.tokenizer.config,
        text=networks.text.config,
        generator=networks.generator.config,
        vision=networks.vision.config if networks.vision else None,
        sampling=SamplingConfig(
            order="raster",
            schedule="uniform",
            temperature=1.0,
            final_temperature=1.0,
            num_inference_steps=networks.generator.config.num_tokens,
            **{"top_p": 1.0, **sampling},
        ),
    )
    return PublishedModel(config, networks, text_tokenizer)


# Steps of loading


def read_weights(path: Path, *kept_under: str, own_prefix: str = "", say: bool = True) -> Tensors:
    """The weights of a file by name, still on the disk.

    kept_under: where the project's own files have them, the best first; for this and the rest see
    `weights_in`. Raises as `open_weights`, `weights_in` and `open_flax` do.
    """
    from dall_e.checkpoints.flax_files import open_flax
    from dall_e.checkpoints.tensor_files import open_weights, weights_in

    if path.suffix == ".msgpack":
        return open_flax(path)
    return weights_in(open_weights(path), path, kept_under, own_prefix=own_prefix, say=say)


def stored_dtype(path: Path) -> torch.dtype:
    """The number format of most of a file's weights; float32 unless that is 16 bits wide."""
    import torch

    numbers: dict[torch.dtype, int] = {}
    for tensor in read_weights(path, say=False).values():
        numbers[tensor.dtype] = numbers.get(tensor.dtype, 0) + math.prod(tensor.shape)
    most = max(numbers, key=lambda dtype: numbers[dtype], default=torch.float32)
    return most if most in (torch.bfloat16, torch.float16) else torch.float32


def build_transformer(
    text: PromptConfig, generator: LeftToRightConfig, *tensors: Tensors
) -> TextToTokens:
    """The two networks that draw tokens, their weights still to be filled with `tensors`."""
    from dall_e.checkpoints.store import Unfilled
    from dall_e.models.left_to_right import LeftToRight
    from dall_e.models.prompt_networks import build_prompts

    with Unfilled(*tensors):
        return TextToTokens(build_prompts(text), LeftToRight(generator))


def load_transformer(
    path: Path,
    tensors: Tensors,
    configs: tuple[PromptConfig, LeftToRightConfig],
    tables: tuple[KeyTable, KeyTable],
    dtype: torch.dtype,
    packing: WeightFormat | None = None,
) -> TextToTokens:
    """The two networks that draw tokens, whose weights are all `tensors` of a file."""
    with naming(path):
        networks = build_transformer(*configs, tensors)
    fill(list(zip(networks, tables, strict=True)), tensors, dtype, str(path), packing)
    return networks


def build_vqgan(config: VQGANConfig, tensors: Tensors) -> VQGAN:
    """A VQGAN, its weights still to be filled with `tensors`."""
    from dall_e.checkpoints.store import Unfilled
    from dall_e.models.vqgan import VQGAN

    with Unfilled(tensors):
        return VQGAN(config)


def load_vqgan(
    path: Path, tensors: Tensors, config: VQGANConfig, table: KeyTable, dtype: torch.dtype
) -> VQGAN:
    """A VQGAN whose weights are all `tensors` of a file."""
    with naming(path):
        network = build_vqgan(config, tensors)
    fill([(network, table)], tensors, dtype, str(path))
    return network


def read_words(path: Path) -> str:
    """The text of a file of a text tokenizer. Raises as `bounded_files.read_text` does."""
    return read_text(path, WORDS_BYTES)


def read_settings(path: Path) -> Settings:
    """The settings in a JSON file. Raises as `read_table` does."""
    return read_table(path)


def folder_with(names: list[str], folder: Path, repository: str, options: LoadOptions) -> Path:
    """The folder that has some files: the given one, or else a download of a repository."""
    if all((folder / name).is_file() for name in names):
        return folder
    return download(repository, names, options.hub.of_another_repository())
