"""What several commands share: options for the model and its device, defaults, and loading it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dall_e.checkpoints.known_models import BUILT_IN, find_model, locate, split_variant
from dall_e.cli.flags import SHORT_NAMES, with_flags
from dall_e.config import ModelConfig, SamplingConfig
from dall_e.inference.validation import default_size

if TYPE_CHECKING:
    from dall_e.pipeline import DALL_E

Model = Annotated[
    str, typer.Option("--model", help="A known name (see `dall-e models`) or a model folder.")
]
StartModel = Annotated[
    str, typer.Option("--model", help="Model folder to start from, or dall-e-emoji.")
]
NewModel = Annotated[
    Path, typer.Option("--out", "-o", help="Model folder to write.", show_default=False)
]
Variant = Annotated[
    str | None,
    typer.Option(
        "--variant",
        show_default="the first",
        help="Which of several models of one name, such as mega.",
    ),
]
Quantization = Annotated[
    str | None,
    typer.Option(
        "--quantization",
        show_default="none",
        help="int8, int4 or bf16: less memory, and faster on a CPU.",
    ),
]
Device = Annotated[
    str, typer.Option("--device", help="cpu, cuda, or auto, which takes a GPU where there is one.")
]

Loras = Annotated[
    list[str] | None,
    typer.Option(
        "--lora",
        metavar="FOLDER[:SCALE]",
        show_default="none",
        help="A LoRA on top of the model, which counts SCALE times; may be given several times.",
    ),
]


@lru_cache(maxsize=1)
def _built_in_config() -> ModelConfig | None:
    """Settings of the built-in model, read without torch; None if they cannot be read."""
    try:
        head = json.loads((find_model(BUILT_IN) / "config.json").read_bytes())
        return ModelConfig.from_dict(head["model"])
    except (OSError, ValueError, KeyError, TypeError):
        # What is wrong with it is said when it is loaded.
        return None


def sampling_flags() -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command one flag per sampling setting; its help shows the built-in model's defaults.

    The command gets a dict of those that were given: another model has defaults of its own.
    """
    config = _built_in_config()
    shown: dict[str, str] = {}
    if config is not None:
        settings = vars(config.sampling)
        shown = {name: _as_typed(value) for name, value in settings.items()}
    return with_flags(SamplingConfig, optional="the model's own", names=SHORT_NAMES, shown=shown)


def _as_typed(value: object) -> str:
    """A setting as help shows it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value)


def size_option() -> Any:
    """The option for the side of a picture; its help has the numbers of the built-in model."""
    config = _built_in_config()
    if config is None:
        return typer.Option("--size", show_default="the model's own", help="Side in pixels.")

    own_size = config.tokenizer.image_size
    default = default_size(own_size, config.upsampler is not None)
    return typer.Option(
        "--size",
        show_default=str(default),
        help=f"Side in pixels; with --finish soft, {own_size} is what the built-in model draws "
        "without its upsampler.",
    )


def finish_option() -> Any:
    """The option for how drawings are painted; its help has the built-in model's own way."""
    config = _built_in_config()
    return typer.Option(
        "--finish",
        show_default="the model's own" if config is None else config.finish,
        help="crisp paints areas of one colour, soft shows the pixels of the networks.",
    )


def load(
    name: str | os.PathLike[str],
    device: str,
    variant: str | None = None,
    *,
    dtype: str | None = None,
    quantization: str | None = None,
    loras: list[str] | None = None,
) -> DALL_E:
    """Load the model of a name or folder, as `DALL_E.from_pretrained` does, and LoRA files."""
    # A misspelt name is found before the second that torch takes to import.
    located = locate(name, variant)
    from dall_e.pipeline import DALL_E

    variant = variant or split_variant(name)[1]
    model = DALL_E.from_pretrained(
        located.again, variant=variant, device=device, dtype=dtype, quantization=quantization
    )
    for folder, scale in map(_folder_and_scale, loras or []):
        model.load_lora(os.path.expanduser(folder), scale=scale)
    return model


def _folder_and_scale(text: str) -> tuple[str, float]:
    """FOLDER or FOLDER:SCALE."""
    folder, mark, scale = text.rpartition(":")
    try:
        return (folder, float(scale)) if mark else (text, 1.0)
    except ValueError:
        return text, 1.0
