"""LoRA files in the format of the `peft` library: a folder with settings and the small matrices.

    adapter_config.json          peft_type LORA, r, lora_alpha, target_modules ...
    adapter_model.safetensors    base_model.model.LAYER.lora_A.weight [R, I], lora_B.weight [O, R]

Shapes: R the rank, I inputs of a layer, O its outputs.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors

from dall_e.atomic_files import replace_bytes, replace_text
from dall_e.bounded_files import naming, read_table
from dall_e.nn.lora import LowRank

SETTINGS_FILE = "adapter_config.json"
WEIGHTS_FILE = "adapter_model.safetensors"
_BEFORE = "base_model.model."
_A, _B = ".lora_A.weight", ".lora_B.weight"
_LARGEST = 2**31
"""Bytes of a file of small matrices that is still read."""


class LoraFile(NamedTuple):
    """What a LoRA adds to the layers of a model."""

    layers: dict[str, LowRank]
    """By the name of the layer, such as `generator.content_blocks.0.attention.qkv`."""
    base_model: str
    """The model that it was trained on, as its maker called it; may be empty."""
    sha256: str
    """Of the file of matrices."""


def save_lora(
    folder: str | os.PathLike[str], layers: Mapping[str, LowRank], *, base_model: str
) -> None:
    """Write a folder that `load_lora` and `peft` read.

    Raises ValueError if there is nothing to write, or if the layers differ in rank or scale, for
    which the format has one number each.
    """
    ranks = sorted({len(layer.a_RI) for layer in layers.values()})
    scales = sorted({layer.scale for layer in layers.values()})
    if len(ranks) != 1 or len(scales) != 1:
        raise ValueError(f"a LoRA file has one rank and one scale, got {ranks} and {scales}")

    settings = {
        "peft_type": "LORA",
        "task_type": None,
        "base_model_name_or_path": base_model,
        "r": ranks[0],
        "lora_alpha": scales[0] * ranks[0],
        "lora_dropout": 0.0,
        "bias": "none",
        "fan_in_fan_out": False,
        "use_rslora": False,
        "use_dora": False,
        "target_modules": sorted(layers),
        "inference_mode": True,
    }
    tensors: dict[str, torch.Tensor] = {}
    for name, layer in layers.items():
        tensors[f"{_BEFORE}{name}{_A}"] = layer.a_RI.detach().cpu().contiguous()
        tensors[f"{_BEFORE}{name}{_B}"] = layer.b_OR.detach().cpu().contiguous()

    path = Path(folder)
    path.mkdir(parents=True, exist_ok=True)
    replace_bytes(path / WEIGHTS_FILE, save_tensors(tensors, metadata={"format": "pt"}))
    replace_text(path / SETTINGS_FILE, json.dumps(settings, indent=2) + "\n")


def load_lora(folder: str | os.PathLike[str]) -> LoraFile:
    """Read a LoRA folder that `save_lora` or `peft` wrote.

    Raises FileNotFoundError if a file is missing, and UnusableFileError for one that is damaged or
    of a kind that this version does not add up.
    """
    path = Path(folder)
    for name in (SETTINGS_FILE, WEIGHTS_FILE):
        if not (path / name).is_file():
            raise FileNotFoundError(f"{path} is not a LoRA folder: it has no {name}")

    with naming(path / SETTINGS_FILE, "it is not the settings of a LoRA"):
        settings = read_table(path / SETTINGS_FILE)
        scale = _scale(settings)
    with naming(path / WEIGHTS_FILE, "it is not the matrices of a LoRA"):
        if (path / WEIGHTS_FILE).stat().st_size > _LARGEST:
            raise ValueError(f"it is larger than {_LARGEST} bytes")
        content = (path / WEIGHTS_FILE).read_bytes()
        try:
            tensors = load_tensors(content)
        except SafetensorError as error:
            raise ValueError(str(error)) from error
        layers = _layers(tensors, scale)
    base_model = str(settings.get("base_model_name_or_path") or "")
    return LoraFile(layers, base_model, hashlib.sha256(content).hexdigest())


def _scale(settings: Mapping[str, Any]) -> float:
    """alpha / rank. Raises ValueError for kinds of LoRA that add up otherwise."""
    if settings.get("peft_type") != "LORA":
        raise ValueError(f"peft_type is {settings.get('peft_type')!r}, this version reads LORA")
    for name in ("use_dora", "fan_in_fan_out", "rank_pattern", "alpha_pattern"):
        if settings.get(name):
            raise ValueError(f"{name} is set, which this version does not read")
    rank, alpha = settings.get("r"), settings.get("lora_alpha")
    if type(rank) is not int or rank < 1 or not isinstance(alpha, int | float):
        raise ValueError(f"r is {rank!r} and lora_alpha {alpha!r}: two numbers are needed")
    return float(alpha) / (rank**0.5 if settings.get("use_rslora") else rank)


def _layers(tensors: Mapping[str, torch.Tensor], scale: float) -> dict[str, LowRank]:
    names = {name.removesuffix(_A) for name in tensors if name.endswith(_A)}
    left_over = sorted(tensors.keys() - {f"{name}{end}" for name in names for end in (_A, _B)})
    missing = sorted(name for name in names if f"{name}{_B}" not in tensors)
    if not names or left_over or missing:
        problem = (left_over or missing or ["nothing"])[0]
        raise ValueError(f"its matrices do not come in pairs lora_A, lora_B: {problem}")

    layers: dict[str, LowRank] = {}
    for name in sorted(names):
        a_RI, b_OR = tensors[f"{name}{_A}"], tensors[f"{name}{_B}"]
        if a_RI.dim() != 2 or b_OR.dim() != 2 or len(a_RI) != b_OR.shape[1]:
            shapes = f"{list(a_RI.shape)} and {list(b_OR.shape)}"
            raise ValueError(f"the matrices of {name} do not fit each other: {shapes}")
        if not bool(torch.isfinite(a_RI).all() and torch.isfinite(b_OR).all()):
            raise ValueError(f"the matrices of {name} have numbers that are not finite")
        layers[name.removeprefix(_BEFORE)] = LowRank(a_RI, b_OR, scale)
    return layers
