"""`dall-e export`: the run folders of training to one model folder."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dall_e.cli.flags import SHORT_NAMES, with_flags
from dall_e.config import ModelConfig, SamplingConfig

if TYPE_CHECKING:
    from torch import Tensor

_UNUSED = ("tower.",)
"""Networks that only training needs."""


@with_flags(SamplingConfig, optional="as in config.py", names=SHORT_NAMES)
def export(
    sampling: dict[str, Any],
    *,
    tokenizer: Annotated[Path, typer.Option(help="Run folder of `dall-e train tokenizer`.")] = Path("runs/tokenizer"),
    generator: Annotated[Path, typer.Option(help="Run folder of `dall-e train generator`.")] = Path("runs/generator"),
    out: Annotated[Path, typer.Option("--out", "-o", help="Model folder to write.")] = Path("out/model"),
    name: Annotated[str, typer.Option(help="Name of the model in metadata and messages.")] = ModelConfig().name,
    model_version: Annotated[str, typer.Option("--version", help="Version of the weights.")] = ModelConfig().version,
    int8: Annotated[
        bool, typer.Option("--int8/--float32", help="Eight bits per weight, or all 32: four times the size.")
    ] = True,
) -> None:
    """Make a model folder from trained stages, with their averaged weights.

    The sampling flags become the defaults of the model. `dall-e generate --model FOLDER` then draws with it.
    """
    from dall_e.checkpoints.store import save_model
    from dall_e.data.text import TextTokenizer
    from dall_e.pipeline import DALL_E
    from dall_e.training.run_folder import load_stage_weights

    tokenizer_run, tokenizer_weights = load_stage_weights(tokenizer)
    generator_run, generator_weights = load_stage_weights(generator)
    # The weights of a tokenizer serve any picture size; the generator knows one.
    image_size = _settings(generator_run, "tokenizer", generator)["image_size"]
    config = ModelConfig.from_dict(
        {
            "name": name,
            "version": model_version,
            "tokenizer": {**_settings(tokenizer_run, "tokenizer", tokenizer), "image_size": image_size},
            "text": _settings(generator_run, "text", generator),
            "generator": _settings(generator_run, "generator", generator),
            "sampling": sampling,
        }
    )
    trained = _player(generator_weights, "generator", generator).items()
    tensors = {name: tensor for name, tensor in trained if not name.startswith(_UNUSED)}
    tensors |= {
        f"tokenizer.{name}": tensor for name, tensor in _player(tokenizer_weights, "tokenizer", tokenizer).items()
    }
    text_tokenizer = TextTokenizer.load(generator / "text_tokenizer.json")
    save_model(out, config.to_dict(), tensors, int8=int8, text_tokenizer_json=text_tokenizer.to_json())
    model = DALL_E.from_pretrained(f"{out.resolve()}")
    parts = ", ".join(
        f"{part} {sum(weight.numel() for weight in network.parameters()) / 1e6:.2f} M"
        for part, network in model.networks._asdict().items()
    )
    size = sum(path.stat().st_size for path in out.iterdir() if path.is_file())
    print(f"{config.name} {config.version}: {parts}; {size / 2**20:.1f} MiB", file=sys.stderr)
    print(out)


def _player(weights: dict[str, dict[str, Tensor]], name: str, folder: Path) -> dict[str, Tensor]:
    if name not in weights:
        raise ValueError(f"{folder} is not a run that trained the {name}: it trained {', '.join(weights)}")
    return weights[name]


def _settings(run: dict[str, Any], part: str, folder: Path) -> dict[str, Any]:
    if part not in run["networks"]:
        raise ValueError(f"{folder} is not a run with a {part}: it has {', '.join(run['networks'])}")
    return dict(run["networks"][part])
