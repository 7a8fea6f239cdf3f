"""A model as a folder: `config.json`, `model.safetensors`, `text_tokenizer.json`; written whole or
not at all.

`config.json` holds the settings and, for the other two files, their length and SHA-256, so that a
file that was cut short or changed is noticed before it is used. Weights are stored in eight bits
with one scale per output channel (`name` int8 and `name.scale` float32), norms and biases in
bfloat16; or all in float32.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from dall_e.checkpoints.tensor_files import StoredTensor, open_weights
from dall_e.nn.quantized import dequantize, quantizable, quantize

CONFIG_FILE = "config.json"
WEIGHTS_FILE = "model.safetensors"
TEXT_FILE = "text_tokenizer.json"
VOCABULARY_FILE = "vocabulary.txt"
_FORMAT = 1
_ROUNDED_AT_A_TIME = 1 << 20
"""Numbers of a weight that are brought to eight bits at once."""
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
    vocabulary: str | None = None
    """The text of `vocabulary.txt`, if there is one: what the model knows by name."""


def save_model(
    folder: str | Path,
    config: dict[str, Any],
    tensors: Mapping[str, torch.Tensor],
    *,
    int8: bool,
    text_tokenizer_json: str,
    vocabulary: str | None = None,
) -> None:
    """Writes a model folder; other files in it are left alone, but for the `vocabulary.txt` of an
    earlier model if this one has no `vocabulary`.

    Every file is complete on the disk under another name before the first one is moved to its
    place, so a full disk or an interruption leaves the old model. Tensors are rounded and written
    one at a time: besides the given ones there is never more than one in memory. Raises OSError if
        the folder cannot be written.
    """
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    names = [WEIGHTS_FILE, TEXT_FILE, CONFIG_FILE]
    if vocabulary is not None:
        names.insert(2, VOCABULARY_FILE)
    partial = {name: target / f".{name}.{os.getpid()}.partial" for name in names}
    try:
        _write_weights(partial[WEIGHTS_FILE], tensors, int8)
        _write_through(partial[TEXT_FILE], text_tokenizer_json.encode("utf-8"))
        if vocabulary is not None:
            _write_through(partial[VOCABULARY_FILE], vocabulary.encode("utf-8"))
        files = {
            name: {"bytes": partial[name].stat().st_size, "sha256": _digest(partial[name])}
            for name in names
            if name != CONFIG_FILE
        }
        head = (
            json.dumps(
                {"format": _FORMAT, "files": files, "model": config}, indent=2, ensure_ascii=False
            )
            + "\n"
        )
        _write_through(partial[CONFIG_FILE], head.encode("utf-8"))
        for name in names:
            os.replace(partial[name], target / name)
        if vocabulary is None:
            (target / VOCABULARY_FILE).unlink(missing_ok=True)
    finally:
        for path in partial.values():
            path.unlink(missing_ok=True)


def load_model(folder: str | Path, dtype: torch.dtype = torch.float32) -> StoredModel:
    """Reads and checks a model folder; its weights come in `dtype` on the CPU.

    Raises FileNotFoundError if a file is missing, ValueError if one is cut short, changed or not of
    this format.
    """
    stored = check_model(folder)
    path = Path(folder) / WEIGHTS_FILE
    try:
        held = open_weights(path)
        tensors = {
            _as_named_now(name): read_weight(held, name, dtype)
            for name in held
            if not is_scale(held, name)
        }
    except ValueError as error:
        raise ValueError(f"{path} is not a safetensors file ({error}): {_MAKE_AGAIN}") from error
    return replace(stored, tensors=tensors)


_OLDER_NAMES = {"companion.picture.": "dual_encoder.image.", "companion.": "dual_encoder."}
"""How weights were called until version 0.11, and how they are called now."""


def _as_named_now(name: str) -> str:
    for older, newer in _OLDER_NAMES.items():
        if name.startswith(older):
            return newer + name.removeprefix(older)
    return name


def is_scale(held: Mapping[str, StoredTensor], name: str) -> bool:
    """Whether a tensor of a weights file is the scale of another, in eight bits."""
    weight = held.get(name.removesuffix(_SCALE))
    return name.endswith(_SCALE) and weight is not None and weight.dtype == torch.int8


def read_weight(held: Mapping[str, StoredTensor], name: str, dtype: torch.dtype) -> torch.Tensor:
    """One weight of a weights file, read and dequantised: in `dtype` unless it holds whole
    numbers."""
    scale = held.get(name + _SCALE)
    values = held[name].read()
    if values.dtype == torch.int8 and scale is not None:
        return dequantize(values, scale.read(), dtype)
    return values.to(dtype) if values.is_floating_point() else values


def check_model(folder: str | Path) -> StoredModel:
    """As `load_model`, but without the weights, for models that are read tensor by tensor.

    Their file is checked all the same, a piece at a time. Raises as `load_model` does.
    """
    folder = Path(folder)
    config, files = _read_config(folder)
    _check_file(folder / WEIGHTS_FILE, files)
    _check_file(folder / TEXT_FILE, files)
    vocabulary = folder / VOCABULARY_FILE
    if VOCABULARY_FILE in files:
        _check_file(vocabulary, files)
    return StoredModel(
        config=config,
        tensors={},
        text_tokenizer_json=(folder / TEXT_FILE).read_text(encoding="utf-8"),
        sha256=files[WEIGHTS_FILE]["sha256"],
        vocabulary=vocabulary.read_text(encoding="utf-8") if vocabulary.is_file() else None,
    )


def read_model_config(folder: str | Path) -> dict[str, Any]:
    """The settings of a model folder, without reading its weights. Raises as `load_model` does."""
    return _read_config(Path(folder))[0]


class Unfilled(TorchFunctionMode):
    """Networks built inside `with Unfilled():` leave their parameters as the memory came, for
    `load_strict` to replace.

    Filling them with random numbers first would take longer than reading the weights, and advance
    the caller's random stream; the meta device would also swallow the constant buffers, and costs a
    second of imports on first use.
    """

    def __torch_function__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Skips what only fills a parameter with numbers."""
        kwargs = kwargs or {}
        if getattr(func, "__module__", None) == "torch.nn.init" or func in _FILLS:
            return args[0] if args else kwargs["tensor"]
        return func(*args, **kwargs)


_FILLS = (torch.Tensor.normal_, torch.Tensor.uniform_)


def load_strict(module: torch.nn.Module, tensors: dict[str, torch.Tensor], prefix: str) -> None:
    """Makes the tensors whose names start with `prefix` the weights of `module`, without copying
    them.

    Raises ValueError naming every tensor that is missing or left over, or whose shape is not the
    module's.
    """
    given = {
        name[len(prefix) :]: tensor for name, tensor in tensors.items() if name.startswith(prefix)
    }
    check_fit(module, {name: tuple(tensor.shape) for name, tensor in given.items()}, prefix)
    module.load_state_dict(given, strict=True, assign=True)


def check_fit(module: torch.nn.Module, given: Mapping[str, tuple[int, ...]], prefix: str) -> None:
    """Raises ValueError unless tensors of these names and shapes are just what `module` consists
    of."""
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
    return f"{len(names)} {what}" + (
        f" ({shown}{', ...' if len(names) > 3 else ''})" if names else ""
    )


_CODES = {
    torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64",
    torch.int32: "I32", torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8", torch.bool: "BOOL",
}  # fmt: skip
"""Names of number formats in a safetensors file."""


def _kinds(tensor: torch.Tensor, int8: bool) -> dict[str, tuple[torch.dtype, torch.Size]]:
    """What a tensor is stored as: number format and shape, by what is put behind its name."""
    if int8 and quantizable(tensor):
        return {"": (torch.int8, tensor.shape), _SCALE: (torch.float32, tensor.shape[:1])}
    if tensor.is_floating_point():
        return {"": (torch.bfloat16 if int8 else torch.float32, tensor.shape)}
    return {"": (tensor.dtype, tensor.shape)}


def _packed(tensor: torch.Tensor, int8: bool) -> dict[str, torch.Tensor]:
    """The tensors that `_kinds` announces."""
    plain = tensor.detach().cpu()
    if int8 and quantizable(plain):
        # Channels are rounded each on its own, so a few at a time: all at once takes six times the
        # tensor's memory.
        channels = max(1, _ROUNDED_AT_A_TIME // max(1, plain[0].numel()))
        values, scales = zip(*(quantize(part) for part in plain.split(channels)), strict=True)
        return {"": torch.cat(values), _SCALE: torch.cat(scales)}
    return {name: plain.to(dtype) for name, (dtype, _) in _kinds(plain, int8).items()}


def _write_weights(path: Path, tensors: Mapping[str, torch.Tensor], int8: bool) -> None:
    """A safetensors file, tensor by tensor: the places of all follow from their shapes alone."""
    kinds = {
        name + end: kind
        for name, tensor in tensors.items()
        for end, kind in _kinds(tensor, int8).items()
    }
    assert len(kinds) == sum(len(_kinds(tensor, int8)) for tensor in tensors.values())
    # Wide numbers first, as the format's own library has it: all of them are aligned then.
    order = sorted(kinds, key=lambda name: (-kinds[name][0].itemsize, name))
    header: dict[str, dict[str, Any]] = {}
    end = 0
    for name in order:
        dtype, shape = kinds[name]
        first, end = end, end + shape.numel() * dtype.itemsize
        header[name] = {"dtype": _CODES[dtype], "shape": list(shape), "data_offsets": [first, end]}
    text = json.dumps(header, separators=(",", ":")).encode("utf-8")
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        start = file.tell()
        for name, tensor in tensors.items():
            for behind, part in _packed(tensor, int8).items():
                file.seek(start + header[name + behind]["data_offsets"][0])
                file.write(part.contiguous().flatten().view(torch.uint8).numpy().data)
        file.flush()
        os.fsync(file.fileno())


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
        for name in dict.fromkeys((WEIGHTS_FILE, TEXT_FILE, *files)):
            if not (
                isinstance(files[name]["bytes"], int) and isinstance(files[name]["sha256"], str)
            ):
                raise ValueError(f"its entry for {name} is {files[name]}")
    except KeyError as error:
        raise ValueError(f"{path} has no entry {error}: {_MAKE_AGAIN}") from error
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"{path} is not the configuration of a model ({error}): {_MAKE_AGAIN}"
        ) from error
    return config, files


def _check_file(path: Path, files: dict[str, Any]) -> None:
    """Raises FileNotFoundError, or ValueError for a file that is not the one that was written, read
    piece by piece."""
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: {_MAKE_AGAIN}")
    expected, size = files[path.name], path.stat().st_size
    if size != expected["bytes"]:
        raise ValueError(
            f"{path} has {size} bytes, {CONFIG_FILE} says {expected['bytes']}: it was cut short or altered; "
            f"{_MAKE_AGAIN}"
        )
    if _digest(path) != expected["sha256"]:
        raise ValueError(
            f"{path} was cut short or altered: its SHA-256 is not the one in {CONFIG_FILE}; {_MAKE_AGAIN}"
        )


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(1 << 22):
            digest.update(piece)
    return digest.hexdigest()
