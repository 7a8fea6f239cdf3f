"""Published files to networks: reads settings and tensors, builds, and fills strictly.

Each function takes the files of one project, in its own layout, and `given`: what the project's own
code would be constructed with, as far as it is known; the rest is read off the tensors. Weights
come in `dtype` on the CPU, those of linear layers in eight or four bits if `packing` says so. All
raise FileNotFoundError for a missing file, and ValueError for one that is damaged or does not hold
exactly the weights that the settings ask for, with the names and shapes in question.
"""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import torch

from dall_e.checkpoints.families import (
    dalle_mini,
    janus,
    llamagen,
    llamagen_vq,
    min_dalle,
    mindalle,
    openai_dvae,
    rudalle,
    taming_vqgan,
)
from dall_e.checkpoints.flax_files import open_flax
from dall_e.checkpoints.keymap import Tensors, fill
from dall_e.checkpoints.store import Unfilled
from dall_e.checkpoints.tensor_files import open_weights, weights_in
from dall_e.config.published import VisionConfig
from dall_e.models.dvae import DVAE
from dall_e.models.left_to_right import LeftToRight
from dall_e.models.prompt_networks import PromptNetwork, build_prompts
from dall_e.models.vision_encoder import Vision
from dall_e.models.vqgan import VQGAN
from dall_e.nn.quantized import WeightFormat

Settings = dict[str, Any]


class TextToTokens(NamedTuple):
    """The two networks that draw tokens."""

    prompts: PromptNetwork
    raster: LeftToRight


def load_min_dalle(
    encoder: Path,
    decoder: Path,
    given: Settings,
    dtype: torch.dtype,
    start_code: int | None = None,
    packing: WeightFormat | None = None,
) -> TextToTokens:
    """DALL-E mini or mega. `start_code` is what a picture starts with; None takes what the models
    were trained with."""
    read = _Side(encoder, given, read_weights(encoder))
    drawn = _Side(decoder, given, read_weights(decoder))
    return _mini(read, drawn, start_code, dtype, packing)


def load_dalle_mini(
    path: Path, given: Settings, dtype: torch.dtype, packing: WeightFormat | None
) -> TextToTokens:
    """DALL-E mini or mega as they were trained, in Flax; `given` is what config.json holds."""
    with _named(path):
        settings = dalle_mini.sides(given)
        start_code = given["decoder_start_token_id"]
    read, drawn = map(_Side, (path, path), settings, dalle_mini.parts(read_weights(path)))
    return _mini(read, drawn, start_code, dtype, packing)


class _Side(NamedTuple):
    """The encoder or the decoder of DALL-E mini, by min-dalle's names."""

    path: Path
    given: Settings
    tensors: Tensors


def _mini(
    read: _Side,
    drawn: _Side,
    start_code: int | None,
    dtype: torch.dtype,
    packing: WeightFormat | None,
) -> TextToTokens:
    with _named(read.path):
        text = min_dalle.prompt_settings(read.given, read.tensors)
    with _named(drawn.path):
        config = min_dalle.raster_settings(drawn.given, drawn.tensors, text, start_code)
    with Unfilled():
        networks = TextToTokens(build_prompts(text), LeftToRight(config))
    fill(
        [(networks.prompts, min_dalle.prompt_table(text))],
        read.tensors,
        dtype,
        str(read.path),
        packing,
    )
    fill(
        [(networks.raster, min_dalle.raster_table(config))],
        drawn.tensors,
        dtype,
        str(drawn.path),
        packing,
    )
    return networks


def load_llamagen(
    path: Path,
    given: Settings,
    dtype: torch.dtype,
    num_tokens: int = 256,
    packing: WeightFormat | None = None,
) -> TextToTokens:
    """LlamaGen's GPT; `num_tokens` of a picture matters only where the settings have no
    block_size."""
    tensors = read_weights(path)
    with _named(path):
        text = llamagen.prompt_settings(given, tensors)
        config = llamagen.raster_settings(given, tensors, text, num_tokens)
    with Unfilled():
        networks = TextToTokens(build_prompts(text), LeftToRight(config))
    tables = llamagen.prompt_table(text), llamagen.raster_table(config)
    fill(list(zip(networks, tables, strict=True)), tensors, dtype, str(path), packing)
    return networks


def load_mindalle(
    path: Path, given: Settings, dtype: torch.dtype, packing: WeightFormat | None = None
) -> TextToTokens:
    """minDALL-E's transformer."""
    tensors = read_weights(path)
    with _named(path):
        text = mindalle.prompt_settings(given, tensors)
        config = mindalle.raster_settings(given, tensors, text)
    with Unfilled():
        networks = TextToTokens(build_prompts(text), LeftToRight(config))
    tables = mindalle.prompt_table(text), mindalle.raster_table(config)
    fill(list(zip(networks, tables, strict=True)), tensors, dtype, str(path), packing)
    return networks


def load_rudalle(
    path: Path,
    given: Settings,
    dtype: torch.dtype,
    version: rudalle.Version | None = None,
    packing: WeightFormat | None = None,
) -> TextToTokens:
    """ruDALL-E. `version` matters only where the file does not show it; the third is taken where
    nothing says it."""
    tensors = read_weights(path)
    with _named(path):
        version = rudalle.version_of(tensors) or version or "v3"
        text = rudalle.prompt_settings(given, tensors, version)
        config = rudalle.raster_settings(given, tensors, text, version)
    with Unfilled():
        networks = TextToTokens(build_prompts(text), LeftToRight(config))
    tables = rudalle.prompt_table(text, tensors), rudalle.raster_table(config, text)
    fill(list(zip(networks, tables, strict=True)), tensors, dtype, str(path), packing)
    return networks


class TextToImage(NamedTuple):
    """The three networks of a model that comes in one piece."""

    prompts: PromptNetwork
    raster: LeftToRight
    tokenizer: VQGAN


def load_janus(
    path: Path,
    given: Settings,
    dtype: torch.dtype,
    num_tokens: int = janus.NUM_TOKENS,
    packing: WeightFormat | None = None,
) -> TextToImage:
    """What draws of Janus or Janus-Pro; `path` is its weight file, or the index of its shards."""
    tensors = read_weights(path)
    with _named(path):
        text = janus.prompt_settings(tensors)
        config = janus.raster_settings(given, tensors, num_tokens)
        vqgan = janus.vqgan_settings(tensors, num_tokens)
    with Unfilled():
        networks = TextToImage(build_prompts(text), LeftToRight(config), VQGAN(vqgan))
    tables = (
        janus.prompt_table(tensors),
        janus.raster_table(config, tensors),
        janus.vqgan_table(vqgan, tensors),
    )
    fill(list(zip(networks, tables, strict=True)), tensors, dtype, str(path), packing)
    return networks


def janus_vision(path: Path, given: Settings) -> VisionConfig | None:
    """What Janus' file has to describe pictures with; None if it has nothing."""
    tensors = read_weights(path)
    with _named(path):
        return janus.vision_settings(given, tensors)


def load_janus_vision(path: Path, config: VisionConfig, dtype: torch.dtype) -> Vision:
    """What of Janus describes pictures, and does not draw."""
    tensors = read_weights(path)
    with Unfilled():
        network = Vision(config)
    held = janus.vision_tensors(tensors)
    fill([(network, janus.vision_table(config, tensors))], held, dtype, str(path))
    return network


def load_taming(path: Path, given: Settings, dtype: torch.dtype, grid_size: int = 0) -> VQGAN:
    """A VQGAN of taming-transformers; `grid_size` is the side of the grid of codes that it draws,
    if it is known."""
    tensors = read_weights(path)
    with _named(path):
        config = taming_vqgan.settings(given, tensors)
    if grid_size:
        config = replace(config, image_size=grid_size * config.patch_size)
    with Unfilled():
        network = VQGAN(config)
    fill([(network, taming_vqgan.table(config))], tensors, dtype, str(path))
    return network


def load_flax_vqgan(path: Path, given: Settings, dtype: torch.dtype) -> VQGAN:
    """The VQGAN of DALL-E mini in Flax; `given` is what its config.json holds."""
    tensors = dalle_mini.vqgan_tensors(read_weights(path))
    with _named(path):
        config = dalle_mini.vqgan_settings(given, tensors)
    with Unfilled():
        network = VQGAN(config)
    fill([(network, taming_vqgan.table(config))], tensors, dtype, str(path))
    return network


def load_llamagen_vq(
    path: Path, given: Settings, dtype: torch.dtype, image_size: int = 256
) -> VQGAN:
    """LlamaGen's VQ-16 or VQ-8."""
    tensors = read_weights(path)
    with _named(path):
        config = llamagen_vq.settings(given, tensors, image_size)
    with Unfilled():
        network = VQGAN(config)
    fill([(network, llamagen_vq.table(config))], tensors, dtype, str(path))
    return network


def load_detoker(path: Path, dtype: torch.dtype) -> VQGAN:
    """The decoder of DALL-E mini and mega, as min-dalle publishes it."""
    tensors = read_weights(path)
    with _named(path):
        config = min_dalle.vqgan_settings(tensors)
    with Unfilled():
        network = VQGAN(config)
    fill([(network, min_dalle.vqgan_table(config))], tensors, dtype, str(path))
    return network


def load_dvae(encoder: Path, decoder: Path, given: Settings, dtype: torch.dtype) -> DVAE:
    """OpenAI's dVAE."""
    encoder_tensors, decoder_tensors = read_weights(encoder), read_weights(decoder)
    with _named(encoder):
        config = openai_dvae.settings(given, encoder_tensors, decoder_tensors)
    with Unfilled():
        network = DVAE(config)
    fill(
        [(network.encoder, openai_dvae.encoder_table(config))], encoder_tensors, dtype, str(encoder)
    )
    fill(
        [(network.decoder, openai_dvae.decoder_table(config))], decoder_tensors, dtype, str(decoder)
    )
    return network


def stored_dtype(path: Path) -> torch.dtype:
    """The number format of most of a file's weights; float32 for what models are not kept in."""
    numbers: dict[torch.dtype, int] = {}
    for tensor in read_weights(path).values():
        numbers[tensor.dtype] = numbers.get(tensor.dtype, 0) + math.prod(tensor.shape)
    most = max(numbers, key=lambda dtype: numbers[dtype], default=torch.float32)
    return most if most in (torch.bfloat16, torch.float16) else torch.float32


def read_weights(path: Path) -> Tensors:
    """The weights of a file by name, still on the disk. Raises as `open_weights` and `open_flax`
    do."""
    if path.suffix == ".msgpack":
        return open_flax(path)
    return weights_in(open_weights(path), path)


class _named:  # noqa: N801, used like a function
    """Inside, a ValueError about settings names the file, and a malformed setting becomes one."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, KeyError):
            raise ValueError(f"{self._path}: the settings have no entry {error}") from error
        if isinstance(error, ValueError | TypeError):
            raise ValueError(f"{self._path}: {error}") from error
