"""Published models, ready to draw: loads networks and text tokenizer from a project's own files.

Also reads and writes the same models in our own format: config.json, model.safetensors,
text_tokenizer.json.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch

from dall_e.checkpoints import networks, store, t5
from dall_e.checkpoints.families import janus
from dall_e.checkpoints.hub import download
from dall_e.checkpoints.registry import (
    FAMILIES,
    FLAX_VQGAN,
    FLAX_WEIGHTS,
    RASTER_SAMPLING,
    RUDALLE_VQGAN,
    RUDALLE_WORDS,
    SearchResult,
)
from dall_e.checkpoints.tensor_files import StoredTensor, open_weights
from dall_e.config import SamplingConfig
from dall_e.config.published import PublishedConfig, VisionConfig
from dall_e.models.left_to_right import LeftToRight
from dall_e.models.prompt_networks import PromptNetwork, build_prompts
from dall_e.models.vision_encoder import Vision
from dall_e.models.vqgan import VQGAN
from dall_e.nn.quantized import WeightFormat
from dall_e.nn.transformer import assign_weights
from dall_e.text.published_tokenizers import (
    BartTokenizer,
    CharBPETokenizer,
    JanusTokenizer,
    MiniTokenizer,
    PromptTokenizer,
    RussianTokenizer,
    bpe_from_text,
    prompt_tokenizer_from_json,
)


class VisionOnDemand:
    """The network that reads pictures, loaded when it is first asked for: who only draws pays
    nothing for it."""

    def __init__(self, config: VisionConfig, load: Callable[[torch.dtype], Vision]) -> None:
        self.config = config
        self._load = load
        self.network: Vision | None = None

    def get(self, like: torch.Tensor) -> Vision:
        """The network, in the number format and on the device of `like`. Raises as loading a model
        does."""
        if self.network is None:
            self.network = self._load(like.dtype).requires_grad_(False).eval().to(like.device)
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
    """Reads pictures, to describe them; most models have none."""

    def parts(self) -> dict[str, torch.nn.Module]:
        """The networks in memory, by name."""
        parts: dict[str, torch.nn.Module]
        parts = {"tokenizer": self.tokenizer, "text": self.text, "generator": self.generator}
        if self.vision and self.vision.network:
            parts["vision"] = self.vision.network
        return parts

    def state_dict(self) -> dict[str, torch.Tensor]:
        """All weights, each name prefixed with its network's."""
        if self.vision:
            self.vision.get(self.generator.codes.weight)
        parts = self.parts().items()
        return {
            f"{part}.{name}": tensor
            for part, network in parts
            for name, tensor in network.state_dict().items()
        }


class PublishedModel(NamedTuple):
    """A published model in memory."""

    config: PublishedConfig
    networks: PublishedNetworks
    text_tokenizer: PromptTokenizer | t5.T5Features
    sha256: str
    """Of the weights file of our own format; empty for a project's own files."""


class LoadOptions(NamedTuple):
    """How weights are to lie in memory, and whether the network may be asked for more files."""

    dtype: torch.dtype
    packing: WeightFormat | None = None
    """Rounds the weights of linear layers to eight or four bits."""
    local_files_only: bool = False
    as_stored: bool = False
    """Takes the number format of a project's own files instead of `dtype`."""


def load_files(found: SearchResult, name: str, how: LoadOptions) -> PublishedModel:
    """Loads a project's own files.

    The image tokenizer stays in float32 beside float16, whose range its activations leave; bfloat16
    has the range.
    """
    known = FAMILIES[found.family]
    if how.as_stored:
        how = how._replace(
            dtype=networks.stored_dtype(found.files.get("weights") or found.files["decoder"])
        )
    made, text_tokenizer = _LOADERS[found.family](found.files, how)
    if how.dtype == torch.bfloat16 and not how.as_stored:
        made.tokenizer.decode_in_bfloat16()
    settings = {
        **RASTER_SAMPLING,
        **known.sampling,
        "num_inference_steps": made.generator.config.num_tokens,
    }
    config = PublishedConfig(
        name=name,
        family=found.family,
        variant=found.variant,
        licence=known.licence,
        guided=known.guided,
        tokenizer=made.tokenizer.config,
        text=made.text.config,
        generator=made.generator.config,
        vision=made.vision.config if made.vision else None,
        sampling=SamplingConfig(**settings),
    )
    return PublishedModel(config, made, text_tokenizer, "")


Loaded = tuple[PublishedNetworks, PromptTokenizer | t5.T5Features]


def _load_min_dalle(files: dict[str, Path], how: LoadOptions) -> Loaded:
    drawing = networks.load_min_dalle(
        files["encoder"], files["decoder"], {}, how.dtype, packing=how.packing
    )
    tokenizer = networks.load_detoker(files["detoker"], torch.float32)
    words = MiniTokenizer.from_files(_text(files["vocabulary"]), _text(files["merges"]))
    return PublishedNetworks(tokenizer, *drawing), words


def _load_dalle_mini(files: dict[str, Path], how: LoadOptions) -> Loaded:
    given = _settings(files["settings"])
    drawing = networks.load_dalle_mini(files["weights"], given, how.dtype, how.packing)
    beside = files["weights"].parent / Path(FLAX_VQGAN).name
    folder = _folder_with([FLAX_WEIGHTS, "config.json"], beside, FLAX_VQGAN, how)
    tokenizer = networks.load_flax_vqgan(
        folder / FLAX_WEIGHTS, _settings(folder / "config.json"), torch.float32
    )
    return PublishedNetworks(tokenizer, *drawing), BartTokenizer(
        bpe_from_text(_text(files["words"]))
    )


def _load_llamagen(files: dict[str, Path], how: LoadOptions) -> Loaded:
    num_tokens = 1024 if "512" in files["weights"].name else 256
    drawing = networks.load_llamagen(files["weights"], {}, how.dtype, num_tokens, how.packing)
    image_size = 16 * drawing.raster.config.grid_size
    tokenizer = networks.load_llamagen_vq(files["tokenizer"], {}, torch.float32, image_size)
    words = t5.T5Features.load(
        t5.REPOSITORY, drawing.prompts.config.max_tokens, local_files_only=how.local_files_only
    )
    return PublishedNetworks(tokenizer, *drawing), words


def _load_mindalle(files: dict[str, Path], how: LoadOptions) -> Loaded:
    drawing = networks.load_mindalle(files["weights"], {}, how.dtype, how.packing)
    tokenizer = networks.load_taming(files["tokenizer"], {}, torch.float32)
    words = CharBPETokenizer.from_files(_text(files["vocabulary"]), _text(files["merges"]))
    return PublishedNetworks(tokenizer, *drawing), words


def _load_rudalle(files: dict[str, Path], how: LoadOptions) -> Loaded:
    old = "v2" in files["weights"].name or "mojich" in str(files["weights"])
    drawing = networks.load_rudalle(
        files["weights"], {}, how.dtype, "v2" if old else None, how.packing
    )
    words, vqgan = (
        _folder_with([file], files["weights"].parent, repository, how) / file
        for repository, file in (RUDALLE_WORDS, RUDALLE_VQGAN)
    )
    tokenizer = networks.load_taming(vqgan, {}, torch.float32, drawing.raster.config.grid_size)
    text, marks = drawing.prompts.config, drawing.raster.config.prompt_marks
    # The last ids of the vocabulary stand for empty places.
    first_empty = text.vocab_size - (text.max_tokens - marks)
    return PublishedNetworks(tokenizer, *drawing), RussianTokenizer.from_file(
        _text(words), first_empty, starts_twice=marks == 1
    )


def _folder_with(names: list[str], place: Path, repository: str, how: LoadOptions) -> Path:
    """Where some files are: in a place, or downloaded from a repository of their own."""
    if all((place / name).is_file() for name in names):
        return place
    return download(repository, names, how.local_files_only)


def _load_janus(files: dict[str, Path], how: LoadOptions) -> Loaded:
    given = _settings(files["settings"])
    image = given.get("vq_config", {})
    side = image.get("num_patches") if isinstance(image, dict) else None
    num_tokens = side**2 if isinstance(side, int) else janus.NUM_TOKENS
    prompts, raster, tokenizer = networks.load_janus(
        files["weights"], given, how.dtype, num_tokens, how.packing
    )
    bpe = bpe_from_text(_text(files["words"]))
    has_marks = all(bpe.token_to_id(role) is not None for role in janus.PRO_ROLES)
    words = JanusTokenizer(bpe, janus.roles(files["weights"], has_marks))
    seen = networks.janus_vision(files["weights"], given)
    vision = (
        VisionOnDemand(seen, partial(networks.load_janus_vision, files["weights"], seen))
        if seen
        else None
    )
    return PublishedNetworks(tokenizer.float(), prompts, raster, vision=vision), words


_LOADERS: dict[str, Callable[[dict[str, Path], LoadOptions], Loaded]] = {
    "min_dalle": _load_min_dalle,
    "dalle_mini": _load_dalle_mini,
    "llamagen": _load_llamagen,
    "mindalle": _load_mindalle,
    "rudalle": _load_rudalle,
    "janus": _load_janus,
}


def _settings(path: Path) -> dict[str, Any]:
    try:
        given = json.loads(_text(path))
    except ValueError as error:
        raise ValueError(f"{path} is malformed: {error}") from error
    if not isinstance(given, dict):
        raise ValueError(
            f"{path} is malformed: it holds a {type(given).__name__}, not settings by name"
        )
    return given


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


# Our own format


def is_ours(folder: Path) -> bool:
    """Whether a folder has a config.json of our own format, or none at all but no files of a known
    project either."""
    try:
        head = json.loads((folder / store.CONFIG_FILE).read_bytes())
    except (OSError, ValueError):
        return not _holds_any(folder)
    return isinstance(head, dict) and "format" in head or not _holds_any(folder)


def _holds_any(folder: Path) -> bool:
    """Whether weights of a known project lie there, complete or not."""
    names = [
        name
        for known in FAMILIES.values()
        for wanted in known.variants.values()
        for part, either in wanted.items()
        if part in ("encoder", "decoder", "weights")
        for name in either.split("|")
        if name != store.WEIGHTS_FILE
    ]
    return any((folder / name).exists() for name in names) or _is_sharded_or_foreign(folder)


def _is_sharded_or_foreign(folder: Path) -> bool:
    """model.safetensors beside the config.json of transformers: our own format has that file
    too."""
    try:
        head = json.loads((folder / store.CONFIG_FILE).read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(head, dict) and "model_type" in head


def is_converted(folder: Path) -> bool:
    """Whether a folder of our own format holds a published model. Raises as
    `store.read_model_config` does.

    Raises ValueError for an image tokenizer alone, which cannot draw.
    """
    config = store.read_model_config(folder)
    if "kind" in config:
        raise ValueError(f"{folder} holds an image tokenizer alone: load it with ImageCodec")
    return "family" in config


def fill_stored(
    network: torch.nn.Module,
    tensors: dict[str, StoredTensor],
    prefix: str,
    dtype: torch.dtype,
    packing: WeightFormat | None = None,
) -> None:
    """Makes the tensors of a file of our own format that start with `prefix` the weights of
    `network`, one at a time.

    Raises ValueError as `store.load_strict` does.
    """
    given = {
        name: t
        for name, t in tensors.items()
        if name.startswith(prefix) and not store.is_scale(tensors, name)
    }
    shapes = {name.removeprefix(prefix): tuple(tensor.shape) for name, tensor in given.items()}
    store.check_fit(network, shapes, prefix)
    weights = (
        (name.removeprefix(prefix), store.read_weight(tensors, name, dtype)) for name in given
    )
    assign_weights(network, weights, packing)


def load_converted(folder: Path, how: LoadOptions) -> PublishedModel:
    """Reads a folder that `DALL_E.save_pretrained` wrote of a published model.

    Raises FileNotFoundError, or ValueError for a damaged or foreign folder.
    """
    stored = store.check_model(folder)
    tensors = open_weights(folder / store.WEIGHTS_FILE)
    try:
        config = PublishedConfig.from_dict(stored.config)
        with store.Unfilled():
            made = PublishedNetworks(
                VQGAN(config.tokenizer), build_prompts(config.text), LeftToRight(config.generator)
            )
        if config.vision:
            vision = VisionOnDemand(
                config.vision, partial(_converted_vision, tensors, config.vision)
            )
            made = made._replace(vision=vision)
        for part, network in made.parts().items():
            # As `load_files` does it.
            kind, packing = (
                (torch.float32, None) if part == "tokenizer" else (how.dtype, how.packing)
            )
            fill_stored(network, tensors, f"{part}.", kind, packing)
        if how.dtype == torch.bfloat16:
            made.tokenizer.decode_in_bfloat16()
        words: PromptTokenizer | t5.T5Features
        if stored.text_tokenizer_json == t5.AS_JSON:
            words = t5.T5Features.load(
                t5.REPOSITORY, config.text.max_tokens, local_files_only=how.local_files_only
            )
        else:
            words = prompt_tokenizer_from_json(stored.text_tokenizer_json)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{folder}: {error}") from error
    return PublishedModel(config, made, words, stored.sha256)


def _converted_vision(
    tensors: dict[str, StoredTensor], config: VisionConfig, dtype: torch.dtype
) -> Vision:
    with store.Unfilled():
        network = Vision(config)
    fill_stored(network, tensors, "vision.", dtype)
    return network
