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

    from dall_e.planning.vocabulary import Vocabulary
    from dall_e.text.tokenizer import TextTokenizer

_UNUSED = ("tower.",)
"""Networks that only training needs."""


@with_flags(SamplingConfig, optional="as in config.py", names=SHORT_NAMES)
def export(  # noqa: PLR0913, one argument per flag
    sampling: dict[str, Any],
    *,
    tokenizer: Annotated[
        Path, typer.Option(help="Run folder of `dall-e train tokenizer`, or a model.")
    ] = Path("runs/tokenizer"),
    generator: Annotated[
        Path, typer.Option(help="Run folder of `dall-e train generator`, or a model.")
    ] = Path("runs/generator"),
    dual_encoder: Annotated[
        Path | None,
        typer.Option(
            help="Run folder of `dall-e train dual encoder`, for best_of and score.",
            show_default="none",
        ),
    ] = None,
    upsampler: Annotated[
        Path | None,
        typer.Option(
            help="Run folder of `dall-e train upsampler`, for larger pictures.", show_default="none"
        ),
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Model folder to write.")] = Path(
        "out/model"
    ),
    name: Annotated[
        str, typer.Option(help="Name of the model in metadata and messages.")
    ] = ModelConfig().name,
    model_version: Annotated[
        str, typer.Option("--version", help="Version of the weights.")
    ] = ModelConfig().version,
    int8: Annotated[
        bool,
        typer.Option(
            "--int8/--float32", help="Eight bits per weight, or all 32: four times the size."
        ),
    ] = True,
) -> None:
    """Make a model folder from trained stages, with their averaged weights.

    The sampling flags become the defaults of the model. `dall-e generate --model FOLDER` then draws
    with it.
    """
    from dall_e.checkpoints.store import save_model
    from dall_e.pipeline import DALL_E
    from dall_e.training.run_folder import load_stage_weights, load_stage_words, player_weights

    tokenizer_run, tokenizer_weights = load_stage_weights(tokenizer)
    generator_run, generator_weights = load_stage_weights(generator)
    # The weights of a tokenizer serve any picture size; the generator knows one.
    image_size = _settings(generator_run, "tokenizer", generator)["image_size"]
    trained = player_weights(generator_weights, "generator", generator).items()
    text_tokenizer = load_stage_words(generator)
    more: dict[str, tuple[dict[str, Any], dict[str, Tensor]]] = {}
    for part, folder in (("dual_encoder", dual_encoder), ("upsampler", upsampler)):
        if folder is not None:
            run, weights = load_stage_weights(folder)
            more[part] = _settings(run, part, folder), player_weights(weights, part, folder)
    if dual_encoder is not None:
        _check_same_words(dual_encoder, text_tokenizer)
    config = ModelConfig.from_dict(
        {
            "name": name,
            "version": model_version,
            "tokenizer": {
                **_settings(tokenizer_run, "tokenizer", tokenizer),
                "image_size": image_size,
            },
            "text": _settings(generator_run, "text", generator),
            "generator": _settings(generator_run, "generator", generator),
            "sampling": sampling,
            **{part: settings for part, (settings, _) in more.items()},
        }
    )
    tensors = {name: tensor for name, tensor in trained if not name.startswith(_UNUSED)}
    tensors |= {
        f"tokenizer.{name}": tensor
        for name, tensor in player_weights(tokenizer_weights, "tokenizer", tokenizer).items()
    }
    for part, (_, trained_part) in more.items():
        tensors |= {f"{part}.{name}": tensor for name, tensor in trained_part.items()}
    vocabulary = _vocabulary(generator_run, generator)
    if config.sampling.compose and not vocabulary:
        raise ValueError(
            "--compose needs things that the model knows by name, and no record of "
            f"{generator_run.get('data', generator)} has a name, a Chinese name and a kind: "
            "leave out --compose"
        )
    save_model(
        out,
        config.to_dict(),
        tensors,
        int8=int8,
        text_tokenizer_json=text_tokenizer.to_json(),
        vocabulary=vocabulary.to_text() if vocabulary else None,
    )
    model = DALL_E.from_pretrained(f"{out.resolve()}")
    parts = ", ".join(
        f"{part} {sum(weight.numel() for weight in network.parameters()) / 1e6:.2f} M"
        for part, network in model.networks.parts().items()
    )
    size = sum(path.stat().st_size for path in out.iterdir() if path.is_file())
    print(f"{config.name} {config.version}: {parts}; {size / 2**20:.1f} MiB", file=sys.stderr)
    print(out)


def _check_same_words(dual_encoder: Path, text_tokenizer: TextTokenizer) -> None:
    """A model has one text tokenizer. Raises ValueError if the dual encoder was trained with
    another."""
    from dall_e.training.run_folder import load_stage_words

    if load_stage_words(dual_encoder).to_json() != text_tokenizer.to_json():
        raise ValueError(
            f"the dual encoder in {dual_encoder} was trained with another text tokenizer than the generator: train it with "
            "`dall-e train dual encoder --text-tokenizer` and the generator's run folder"
        )


def _vocabulary(run: dict[str, Any], folder: Path) -> Vocabulary | None:
    """What a generator knows by name: from the data that its run names, or from its model folder.

    None, and a note, where that data is no longer there.
    """
    from dall_e.checkpoints.store import VOCABULARY_FILE
    from dall_e.checkpoints.zoo import BUILT_IN, find_model
    from dall_e.data.datasets import load_records
    from dall_e.planning.vocabulary import Vocabulary

    if "data" not in run:
        path = (find_model(BUILT_IN) if str(folder) == BUILT_IN else folder) / VOCABULARY_FILE
        return Vocabulary.load(path) if path.is_file() else None
    try:
        records = load_records(run["data"])
    except ValueError as error:
        print(f"the model gets no {VOCABULARY_FILE}, so it draws whole: {error}", file=sys.stderr)
        return None
    return Vocabulary.from_captions(records, composed=run.get("scene_fraction", 0) > 0)


def _settings(run: dict[str, Any], part: str, folder: Path) -> dict[str, Any]:
    if part not in run["networks"]:
        raise ValueError(
            f"{folder} is not a run with a {part}: it has {', '.join(run['networks'])}"
        )
    return dict(run["networks"][part])
