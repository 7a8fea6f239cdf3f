"""`dall-e export`: the run folders of training to one model folder."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dall_e.cli.flags import SHORT_NAMES, with_flags
from dall_e.cli.overwriting import Force, check_free
from dall_e.config import ModelConfig, SamplingConfig

if TYPE_CHECKING:
    from torch import Tensor

    from dall_e.checkpoints.run_files import TrainedStage
    from dall_e.planning.vocabulary import Vocabulary
    from dall_e.text.tokenizer import TextTokenizer

_TRAINING_ONLY = ("tower.",)
"""Starts of the names of weights that only training needs."""


@with_flags(SamplingConfig, optional="as in config/sampling.py", names=SHORT_NAMES)
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
            help="Run folder of `dall-e train dual-encoder`, for best_of and score.",
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
    force: Force = False,
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
    from dall_e.checkpoints.run_files import load_stage, load_text_tokenizer
    from dall_e.checkpoints.store import MODEL_FILES, save_model

    check_free((out / file for file in MODEL_FILES), force)

    # The weights of a tokenizer serve any picture size; the generator knows one.
    tokenizer_stage, generator_stage = load_stage(tokenizer), load_stage(generator)
    image_size = generator_stage.network("tokenizer")["image_size"]
    weights = _generator_weights(generator_stage)
    weights |= _under("tokenizer", tokenizer_stage)
    text_tokenizer = load_text_tokenizer(generator)

    # Settings of each part, and weights of those that a model need not have.
    settings: dict[str, Any] = {
        "tokenizer": {**tokenizer_stage.network("tokenizer"), "image_size": image_size},
        "text": generator_stage.network("text"),
        "generator": generator_stage.network("generator"),
    }
    for part, folder in (("dual_encoder", dual_encoder), ("upsampler", upsampler)):
        if folder is not None:
            stage = load_stage(folder)
            settings[part] = stage.network(part)
            weights |= _under(part, stage)
    if dual_encoder is not None:
        _check_same_words(dual_encoder, text_tokenizer)

    config = ModelConfig.from_dict(
        {"name": name, "version": model_version, "sampling": sampling, **settings}
    )
    vocabulary = _vocabulary(generator_stage, generator)
    if config.sampling.compose and not vocabulary:
        raise ValueError(
            "--compose needs things that the model knows by name, and no record of "
            f"{generator_stage.settings.get('data', generator)} has a name, a Chinese name and a "
            "kind: leave out --compose"
        )
    save_model(
        out,
        config.to_dict(),
        weights,
        int8=int8,
        text_tokenizer_json=text_tokenizer.to_json(),
        vocabulary=vocabulary.to_text() if vocabulary else None,
    )
    _report(out, config)
    print(out)


def _generator_weights(stage: TrainedStage) -> dict[str, Tensor]:
    """Text encoder and generator, which a run trains as one player."""
    return {
        name: tensor
        for name, tensor in stage.weights("generator").items()
        if not name.startswith(_TRAINING_ONLY)
    }


def _under(part: str, stage: TrainedStage) -> dict[str, Tensor]:
    """The weights of the player of this name, as the model calls them."""
    return {f"{part}.{name}": tensor for name, tensor in stage.weights(part).items()}


def _vocabulary(stage: TrainedStage, folder: Path) -> Vocabulary | None:
    """What a generator knows by name: by its data's captions, or as its model folder says.

    None, and a note, where that data is no longer there.
    """
    from dall_e.checkpoints.known_models import BUILT_IN, find_model
    from dall_e.checkpoints.store import VOCABULARY_FILE
    from dall_e.data.datasets import load_records
    from dall_e.planning.vocabulary import Vocabulary

    run = stage.settings
    if "data" not in run:
        path = (find_model(BUILT_IN) if str(folder) == BUILT_IN else folder) / VOCABULARY_FILE
        return Vocabulary.load(path) if path.is_file() else None
    try:
        records = load_records(run["data"])
    except ValueError as error:
        print(f"the model gets no {VOCABULARY_FILE}, so it draws whole: {error}", file=sys.stderr)
        return None
    return Vocabulary.from_captions(records, composed=run.get("scene_fraction", 0) > 0)


def _check_same_words(dual_encoder: Path, text_tokenizer: TextTokenizer) -> None:
    """Check that the dual encoder reads words as the generator does: a model has one tokenizer."""
    from dall_e.checkpoints.run_files import load_text_tokenizer

    if load_text_tokenizer(dual_encoder).to_json() != text_tokenizer.to_json():
        raise ValueError(
            f"the dual encoder in {dual_encoder} was trained with another text tokenizer than the "
            "generator: train it with `dall-e train dual-encoder --text-tokenizer` and the "
            "generator's run folder"
        )


def _report(folder: Path, config: ModelConfig) -> None:
    """Loads the model as users will, and tells the sizes of its parts."""
    from dall_e.pipeline import DALL_E

    model = DALL_E.from_pretrained(f"{folder.resolve()}")
    parts = ", ".join(
        f"{part} {sum(weight.numel() for weight in network.parameters()) / 1e6:.2f} M"
        for part, network in model.networks.parts().items()
    )
    size = sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
    print(f"{config.name} {config.version}: {parts}; {size / 2**20:.1f} MiB", file=sys.stderr)
