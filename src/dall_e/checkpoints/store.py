"""A model as a folder: `config.json`, `model.safetensors`, `text_tokenizer.json`; written whole or not at all.

`config.json` holds the settings and, for the other two files, their length and SHA-256, so that a file that was cut
short or changed is noticed before it is used. Weights are stored in eight bits with one scale per output channel
(`name` int8 and `name.scale` float32), norms and biases in bfloat16; or all in float32.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch.overrides import TorchFunctionMode

from dall_e.nn.quantized import dequantize, quantizable, quantize

CONFIG_FILE = "config.json"
WEIGHTS_FILE = "model.safetensors"
TEXT_FILE = "text_tokenizer.json"
_FORMAT = 1
_SCALE = ".scale"
_MAKE_AGAIN = "copy the model folder again, or make it again with `dall-e export`"


@dataclass(frozen=True, kw_only=True)
class StoredModel:
    """What a model folder holds."""

    config: dict[str, Any]
    """The settings that were saved."""
    tensors: dict[str, torch.Tensor]
    """Weights by name, dequantised."""
    text_tokenizer_json: str
    """The text tokenizer."""
    sha256: str
    """Of the weights file; tells models of the same name and version apart."""


def save_model(
    folder: str | Path,
    config: dict[str, Any],
    tensors: dict[str, torch.Tensor],
    *,
    int8: bool,
    text_tokenizer_json: str,
) -> None:
    """Writes a model folder; other files in it are left alone.

    Every file is complete on the disk under another name before the first one is moved to its place, so a full disk or
    an interruption leaves the old model. Raises OSError if the folder cannot be written.
    """
    weights = safetensors.torch.save(_packed(tensors) if int8 else _plain(tensors))
    contents = {WEIGHTS_FILE: weights, TEXT_FILE: text_tokenizer_json.encode("utf-8")}
    files = {
        name: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in contents.items()
    }
    head = json.dumps({"format": _FORMAT, "files": files, "model": config}, indent=2, ensure_ascii=False) + "\n"
    contents[CONFIG_FILE] = head.encode("utf-8")
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    partial = {name: target / f".{name}.{os.getpid()}.partial" for name in contents}
    try:
        for name, content in contents.items():
            _write_through(partial[name], content)
        for name in contents:
            os.replace(partial[name], target / name)
    finally:
        for path in partial.values():
            path.unlink(missing_ok=True)


def load_model(folder: str | Path, dtype: torch.dtype = torch.float32) -> StoredModel:
    """Reads and checks a model folder; its weights come in `dtype` on the CPU.

    Raises FileNotFoundError if a file is missing, ValueError if one is cut short, changed or not of this format.
    """
    folder = Path(folder)
    config, files = _read_config(folder)
    weights = _read_checked(folder / WEIGHTS_FILE, files)
    text_tokenizer_json = _read_checked(folder / TEXT_FILE, files).decode("utf-8")
    try:
        stored = safetensors.torch.load(weights)
    except safetensors.SafetensorError as error:
        raise ValueError(f"{folder / WEIGHTS_FILE} is not a safetensors file ({error}): {_MAKE_AGAIN}") from error
    return StoredModel(
        config=config,
        tensors=_unpacked(stored, dtype),
        text_tokenizer_json=text_tokenizer_json,
        sha256=files[WEIGHTS_FILE]["sha256"],
    )


def check_model(folder: str | Path) -> StoredModel:
    """As `load_model`, but without the weights, for models that are read tensor by tensor.

    Their file is checked all the same, a piece at a time. Raises as `load_model` does.
    """
    folder = Path(folder)
    config, files = _read_config(folder)
    path = folder / WEIGHTS_FILE
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: {_MAKE_AGAIN}")
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(1 << 24):
            digest.update(piece)
    if digest.hexdigest() != files[WEIGHTS_FILE]["sha256"]:
        raise ValueError(f"{path} was cut short or altered: its SHA-256 is not the one in {CONFIG_FILE}; {_MAKE_AGAIN}")
    return StoredModel(
        config=config,
        tensors={},
        text_tokenizer_json=_read_checked(folder / TEXT_FILE, files).decode("utf-8"),
        sha256=digest.hexdigest(),
    )


def read_model_config(folder: str | Path) -> dict[str, Any]:
    """The settings of a model folder, without reading its weights. Raises as `load_model` does."""
    return _read_config(Path(folder))[0]


class Unfilled(TorchFunctionMode):
    """Networks built inside `with Unfilled():` leave their parameters as the memory came, for `load_strict` to replace.

    Filling them with random numbers first would take longer than reading the weights, and advance the caller's random
    stream; the meta device would also swallow the constant buffers, and costs a second of imports on first use.
    """

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Skips what only fills a parameter with numbers."""
        kwargs = kwargs or {}
        if getattr(func, "__module__", None) == "torch.nn.init" or func in _FILLS:
            return args[0] if args else kwargs["tensor"]
        return func(*args, **kwargs)


_FILLS = (torch.Tensor.normal_, torch.Tensor.uniform_)


def load_strict(module: torch.nn.Module, tensors: dict[str, torch.Tensor], prefix: str) -> None:
    """Makes the tensors whose names start with `prefix` the weights of `module`, without copying them.

    Raises ValueError naming every tensor that is missing or left over, or whose shape is not the module's.
    """
    given = {name[len(prefix) :]: tensor for name, tensor in tensors.items() if name.startswith(prefix)}
    check_fit(module, {name: tuple(tensor.shape) for name, tensor in given.items()}, prefix)
    module.load_state_dict(given, strict=True, assign=True)


def check_fit(module: torch.nn.Module, given: Mapping[str, tuple[int, ...]], prefix: str) -> None:
    """Raises ValueError unless tensors of these names and shapes are just what `module` consists of."""
    wanted = module.state_dict()
    missing, extra = sorted(wanted.keys() - given.keys()), sorted(given.keys() - wanted.keys())
    if missing or extra:
        raise ValueError(
            f"the weights{f' under {prefix!r}' if prefix else ''} do not fit the settings: "
            f"{_listed('missing', prefix, missing)}; {_listed('left over', prefix, extra)}"
        )
    for name, tensor in wanted.items():
        if given[name] != tuple(tensor.shape):
            raise ValueError(
                f"weight {prefix}{name} has shape {list(given[name])}, the settings ask for {list(tensor.shape)}"
            )


def _listed(what: str, prefix: str, names: list[str]) -> str:
    shown = ", ".join(prefix + name for name in names[:3])
    return f"{len(names)} {what}" + (f" ({shown}{', ...' if len(names) > 3 else ''})" if names else "")


def _plain(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {
        name: (tensor.detach().float() if tensor.is_floating_point() else tensor.detach()).cpu().contiguous()
        for name, tensor in tensors.items()
    }


def _packed(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    packed: dict[str, torch.Tensor] = {}
    for name, tensor in tensors.items():
        tensor = tensor.detach().cpu()
        if quantizable(tensor):
            values, scale_O = quantize(tensor)
            packed[name], packed[name + _SCALE] = values.contiguous(), scale_O
        elif tensor.is_floating_point():
            packed[name] = tensor.to(torch.bfloat16).contiguous()
        else:
            packed[name] = tensor.contiguous()
    assert len(packed) == len(tensors) + sum(quantizable(tensor) for tensor in tensors.values())
    return packed


def _unpacked(stored: dict[str, torch.Tensor], dtype: torch.dtype) -> dict[str, torch.Tensor]:
    tensors: dict[str, torch.Tensor] = {}
    for name, tensor in stored.items():
        if name.endswith(_SCALE) and stored.get(name[: -len(_SCALE)], tensor).dtype == torch.int8:
            continue
        scale_O = stored.get(name + _SCALE)
        if tensor.dtype == torch.int8 and scale_O is not None:
            tensors[name] = dequantize(tensor, scale_O, dtype)
        else:
            tensors[name] = tensor.to(dtype) if tensor.is_floating_point() else tensor
    return tensors


def _write_through(path: Path, content: bytes) -> None:
    with open(path, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _read_config(folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    path = folder / CONFIG_FILE
    if not path.is_file():
        raise FileNotFoundError(f"{folder} is not a model folder: it has no {CONFIG_FILE}")
    try:
        head = json.loads(path.read_bytes())
        if head["format"] != _FORMAT:
            raise ValueError(f"its format is {head['format']}, this version reads {_FORMAT}")
        config, files = head["model"], head["files"]
        for name in (WEIGHTS_FILE, TEXT_FILE):
            if not (isinstance(files[name]["bytes"], int) and isinstance(files[name]["sha256"], str)):
                raise ValueError(f"its entry for {name} is {files[name]}")
    except KeyError as error:
        raise ValueError(f"{path} has no entry {error}: {_MAKE_AGAIN}") from error
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path} is not the configuration of a model ({error}): {_MAKE_AGAIN}") from error
    return config, files


def _read_checked(path: Path, files: dict[str, Any]) -> bytes:
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: {_MAKE_AGAIN}")
    content = path.read_bytes()
    expected = files[path.name]
    if len(content) != expected["bytes"]:
        raise ValueError(
            f"{path} has {len(content)} bytes, {CONFIG_FILE} says {expected['bytes']}: it was cut short or replaced; "
            f"{_MAKE_AGAIN}"
        )
    if hashlib.sha256(content).hexdigest() != expected["sha256"]:
        raise ValueError(f"{path} was altered: its SHA-256 is not the one in {CONFIG_FILE}; {_MAKE_AGAIN}")
    return content
