"""A model as a folder: `config.json`, `model.safetensors`, `text_tokenizer.json`.

`config.json` holds the settings and, for the other two files, their length and SHA-256, so that a
file that was cut short or changed is noticed before it is used. The folder is written whole or not
at all. `weights_file.py` has the format of the weights.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from dall_e.atomic_files import replace_files
from dall_e.bounded_files import WORDS_BYTES, check_kind, naming, read_table, read_text
from dall_e.checkpoints.keymap import current_name
from dall_e.checkpoints.memory_file import MEMORY_FILE, read_memory, write_memory
from dall_e.checkpoints.recogniser_file import (
    RECOGNISER_FILE,
    read_recogniser,
    write_recogniser,
)
from dall_e.checkpoints.stored_tensor import StoredTensor
from dall_e.checkpoints.styles_file import STYLES_FILE, read_styles, styles_json
from dall_e.checkpoints.tensor_files import open_weights
from dall_e.checkpoints.weights_file import is_scale, read_weight, write_weights_file
from dall_e.errors import UnusableFileError
from dall_e.images.restyling.fitted_style import FittedStyle
from dall_e.models.recogniser import Recogniser
from dall_e.nn.quantization import WeightFormat
from dall_e.nn.transformer import assign_weights
from dall_e.sampling.memory import TokenMemory

CONFIG_FILE = "config.json"
WEIGHTS_FILE = "model.safetensors"
TEXT_FILE = "text_tokenizer.json"
VOCABULARY_FILE = "vocabulary.txt"
VOCABULARY_BYTES = 2**22
"""Longest vocabulary; that of the built-in model has 0.9 MB."""
MODEL_FILES = (
    WEIGHTS_FILE,
    TEXT_FILE,
    VOCABULARY_FILE,
    MEMORY_FILE,
    RECOGNISER_FILE,
    STYLES_FILE,
    CONFIG_FILE,
)
"""What `save_model` writes into a folder, or removes from it."""
_OPTIONAL = (VOCABULARY_FILE, MEMORY_FILE, RECOGNISER_FILE, STYLES_FILE)
_FORMAT = 1
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
    has_memory: bool = False
    """Whether there is a `memory.safetensors`."""
    memory: TokenMemory | None = None
    """Its images, where they were read."""
    has_recogniser: bool = False
    """Whether there is a `recogniser.safetensors`."""
    recogniser: Recogniser | None = None
    """What tells what pictures show, where it was read."""
    styles: tuple[FittedStyle, ...] = ()
    """The styles that were found in pictures."""


# Writing


def save_model(  # noqa: PLR0913, one argument for each file
    folder: str | Path,
    config: dict[str, Any],
    tensors: Mapping[str, torch.Tensor],
    *,
    int8: bool,
    text_tokenizer_json: str,
    vocabulary: str | None = None,
    memory: TokenMemory | None = None,
    recogniser: Recogniser | None = None,
    styles: Sequence[FittedStyle] = (),
) -> None:
    """Write a model folder; other files in it are left alone.

    But for the vocabulary, memory, recogniser and styles of an earlier model, which go if this one
    has none.

    Every file is complete on the disk before the first one takes its place, so a full disk or an
    interruption leaves the old model. Besides the given tensors there is never more than one in
    memory. Raises OSError if the folder cannot be written.
    """
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    texts = {TEXT_FILE: text_tokenizer_json}
    if vocabulary is not None:
        texts[VOCABULARY_FILE] = vocabulary
    if styles:
        texts[STYLES_FILE] = styles_json(styles)

    writers: dict[str, Callable[[Path], Any]] = {
        WEIGHTS_FILE: lambda path: write_weights_file(path, tensors, int8=int8),
        **{name: partial(_write_text, text=text) for name, text in texts.items()},
    }
    if memory is not None:
        writers[MEMORY_FILE] = lambda path: write_memory(path, memory)
    if recogniser is not None:
        writers[RECOGNISER_FILE] = lambda path: write_recogniser(path, recogniser)

    names = (*writers, CONFIG_FILE)
    with replace_files(*(target / name for name in names)) as (*paths, head):
        files: dict[str, dict[str, Any]] = {}
        for (name, write), path in zip(writers.items(), paths, strict=True):
            write(path)
            files[name] = _size_and_digest(path)

        content = {"format": _FORMAT, "files": files, "model": config}
        lines = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
        head.write_bytes(lines.encode("utf-8"))
    for name in {*_OPTIONAL} - writers.keys():
        (target / name).unlink(missing_ok=True)


def _write_text(path: Path, text: str) -> None:
    path.write_bytes(text.encode("utf-8"))


def _size_and_digest(path: Path) -> dict[str, Any]:
    return {"bytes": path.stat().st_size, "sha256": _digest(path)}


def _digest(path: Path) -> str:
    """SHA-256 of a file, read piece by piece."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(1 << 22):
            digest.update(piece)
    return digest.hexdigest()


# Reading


def load_model(folder: str | Path, dtype: torch.dtype = torch.float32) -> StoredModel:
    """Read and check a model folder; its weights come in `dtype` on the CPU.

    Raises FileNotFoundError if a file is missing, ValueError if one is cut short, changed or not of
    this format.
    """
    stored = check_model(folder)
    path = Path(folder) / WEIGHTS_FILE
    held = open_stored(folder)
    with naming(path, "its weights cannot be read", _MAKE_AGAIN):
        tensors = {
            current_name(name): read_weight(held, name, dtype)
            for name in held
            if not is_scale(held, name)
        }
    memory = read_memory(Path(folder) / MEMORY_FILE) if stored.has_memory else None
    recogniser = read_recogniser(Path(folder) / RECOGNISER_FILE) if stored.has_recogniser else None
    return replace(stored, tensors=tensors, memory=memory, recogniser=recogniser)


def open_stored(folder: str | Path) -> dict[str, StoredTensor]:
    """The weights of a model folder, still on the disk. Raises as `open_weights` does."""
    tensors: dict[str, StoredTensor] = open_weights(Path(folder) / WEIGHTS_FILE)
    return tensors


def check_model(folder: str | Path) -> StoredModel:
    """As `load_model`, but without the weights, for models that are read tensor by tensor.

    Their file is checked all the same, a piece at a time. Raises as `load_model` does.
    """
    folder = Path(folder)
    config, files = _read_config(folder)
    _check_file(folder / WEIGHTS_FILE, files)
    _check_file(folder / TEXT_FILE, files)
    vocabulary = folder / VOCABULARY_FILE
    for name in _OPTIONAL:
        if name in files:
            _check_file(folder / name, files)
    return StoredModel(
        config=config,
        tensors={},
        text_tokenizer_json=read_text(folder / TEXT_FILE, WORDS_BYTES),
        sha256=files[WEIGHTS_FILE]["sha256"],
        vocabulary=read_text(vocabulary, VOCABULARY_BYTES) if vocabulary.is_file() else None,
        has_memory=MEMORY_FILE in files,
        has_recogniser=RECOGNISER_FILE in files,
        styles=read_styles(folder / STYLES_FILE) if STYLES_FILE in files else (),
    )


def read_model_config(folder: str | Path) -> dict[str, Any]:
    """The settings of a model folder, without reading its weights. Raises as `load_model` does."""
    return _read_config(Path(folder))[0]


def _read_config(folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The settings, and what config.json says of the other two files."""
    path = folder / CONFIG_FILE
    if not path.is_file():
        raise FileNotFoundError(f"{folder} is not a model folder: it has no {CONFIG_FILE}")
    with naming(path, "it is not the configuration of a model", _MAKE_AGAIN):
        head = read_table(path)
        if head["format"] != _FORMAT:
            raise ValueError(f"its format is {head['format']}, this version reads {_FORMAT}")
        config, files = head["model"], head["files"]
        if not isinstance(config, dict):
            raise ValueError(f"its settings are a {type(config).__name__}, not named")
        for name in dict.fromkeys((WEIGHTS_FILE, TEXT_FILE, *files)):
            entry = files[name]
            if type(entry["bytes"]) is not int or not isinstance(entry["sha256"], str):
                raise ValueError(f"its entry for {name} is {entry}")
    return config, files


def _check_file(path: Path, files: dict[str, Any]) -> None:
    """Raise FileNotFoundError, or UnusableFileError for a file that is not the one written."""
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: {_how_to_get(path)}")
    with open(path, "rb") as file:
        check_kind(path, file.read(256))
    expected, size = files[path.name], path.stat().st_size
    if size != expected["bytes"]:
        raise UnusableFileError(
            path,
            f"it was cut short or altered: it has {size} bytes, {CONFIG_FILE} says "
            f"{expected['bytes']}",
            _MAKE_AGAIN,
        )
    if _digest(path) != expected["sha256"]:
        raise UnusableFileError(
            path,
            f"it was cut short or altered: its SHA-256 is not the one in {CONFIG_FILE}",
            _MAKE_AGAIN,
        )


def _how_to_get(path: Path) -> str:
    """What to do about a file that is missing: another may be it, under another name."""
    variants = sorted(path.parent.glob(f"{path.stem}.*{path.suffix}"))
    if variants:
        return f"there is {variants[0].name}, which is read once it is called {path.name}"
    return _MAKE_AGAIN


# Weights into networks


class Unfilled(TorchFunctionMode):
    """Networks built inside `with Unfilled(tensors):` leave their parameters as the memory came.

    `load_strict` and `fill` replace them. Filling them with random numbers first would take longer
    than reading the weights, and advance the caller's random stream; the meta device would also
    swallow the constant buffers, and costs a second of imports on first use.

    A network that is far larger than the weights that are to fill it is never built: ValueError is
    raised before memory is taken for more numbers than twice theirs.
    """

    def __init__(self, *held: Mapping[str, StoredTensor] | Mapping[str, torch.Tensor]) -> None:
        """Take the weights that are to fill the networks; without any there is no limit."""
        super().__init__()
        self._held = sum(math.prod(tensor.shape) for part in held for tensor in part.values())
        self._left = 2 * self._held + _MOST_CONSTANTS if held else math.inf

    def __torch_function__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Skip what only fills a parameter with numbers."""
        kwargs = kwargs or {}
        if getattr(func, "__module__", None) == "torch.nn.init" or func in _FILLS:
            return args[0] if args else kwargs["tensor"]
        if func in _MAKES:
            self._left -= _num_asked(func, args, kwargs)
            if self._left < 0:
                raise ValueError(
                    f"the settings ask for a network of far more than the {self._held} numbers "
                    "that the weights have"
                )
        return func(*args, **kwargs)


_FILLS = (torch.Tensor.normal_, torch.Tensor.uniform_)
_MAKES = (torch.empty, torch.zeros, torch.ones, torch.arange)
_MOST_CONSTANTS = 1 << 24
"""Numbers that a network computes beside its weights."""


def _num_asked(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> int:
    """How many numbers one of `_MAKES` is asked for."""
    if func is torch.arange:
        return max(0, *map(int, args))
    sizes = args or (kwargs.get("size", ()),)
    if len(sizes) == 1 and isinstance(sizes[0], tuple | list):
        sizes = tuple(sizes[0])
    return math.prod(max(0, int(size)) for size in sizes)


def load_strict(module: torch.nn.Module, tensors: dict[str, torch.Tensor], prefix: str) -> None:
    """Make the tensors whose names start with `prefix` the weights of `module`, without a copy.

    Raises ValueError naming every tensor that is missing or left over, or whose shape is not the
    module's.
    """
    given = {
        name.removeprefix(prefix): tensor
        for name, tensor in tensors.items()
        if name.startswith(prefix)
    }
    check_fit(module, {name: tuple(tensor.shape) for name, tensor in given.items()}, prefix)
    module.load_state_dict(given, strict=True, assign=True)


def fill_stored(
    network: torch.nn.Module,
    tensors: Mapping[str, StoredTensor],
    prefix: str,
    dtype: torch.dtype,
    packing: WeightFormat | None = None,
) -> None:
    """As `load_strict`, for the tensors of a weights file, which are read one at a time.

    With `packing`, the weights of linear layers are rounded to eight or four bits. Raises as
    `load_strict` does.
    """
    stored_names = {
        name.removeprefix(prefix): name
        for name in tensors
        if name.startswith(prefix) and not is_scale(tensors, name)
    }
    shapes = {name: tuple(tensors[stored].shape) for name, stored in stored_names.items()}
    check_fit(network, shapes, prefix)
    weights = ((name, read_weight(tensors, stored, dtype)) for name, stored in stored_names.items())
    assign_weights(network, weights, packing)


def check_fit(module: torch.nn.Module, given: Mapping[str, tuple[int, ...]], prefix: str) -> None:
    """Raise ValueError unless tensors of these names and shapes are just those of `module`."""
    wanted = module.state_dict()
    missing, extra = sorted(wanted.keys() - given.keys()), sorted(given.keys() - wanted.keys())
    if missing or extra:
        under = f" under {prefix!r}" if prefix else ""
        raise ValueError(
            f"the weights{under} do not fit the settings: "
            f"{_listed('missing', prefix, missing)}; {_listed('left over', prefix, extra)}"
        )
    for name, tensor in wanted.items():
        if given[name] != tuple(tensor.shape):
            raise ValueError(
                f"weight {prefix}{name} has shape {list(given[name])}, "
                f"the settings ask for {list(tensor.shape)}"
            )


def _listed(what: str, prefix: str, names: list[str]) -> str:
    """How many names there are, and the first three."""
    if not names:
        return f"0 {what}"
    shown = ", ".join(prefix + name for name in names[:3])
    return f"{len(names)} {what} ({shown}{', ...' if len(names) > 3 else ''})"
