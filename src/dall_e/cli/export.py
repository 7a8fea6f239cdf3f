"""`dall-e export`: the run folders of training to one model folder."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from dall_e.cli.flags import SHORT_NAMES, one_of, with_flags
from dall_e.cli.overwriting import Force, check_free
from dall_e.config import ModelConfig, SamplingConfig
from dall_e.errors import DallEWarning

if TYPE_CHECKING:
    from torch import Tensor

    from dall_e.checkpoints.run_files import TrainedStage
    from dall_e.planning.vocabulary import Vocabulary
    from dall_e.text.tokenizer import TextTokenizer

_TRAINING_ONLY = ("tower.",)
"""Starts of the names of weights that only training needs."""
_OR_A_MODEL = "a model folder, or dall-e-emoji"
_FIRST_VERSION = "1"

BesideWeights = TypeVar("BesideWeights")


@with_flags(
    SamplingConfig, optional="the initial model's, or config/sampling.py", names=SHORT_NAMES
)
def export(  # noqa: PLR0913, one argument per flag
    sampling: dict[str, Any],
    *,
    tokenizer: Annotated[
        Path | None,
        typer.Option(
            help=f"Run folder of `dall-e train tokenizer`, {_OR_A_MODEL}.",
            show_default="the one that the generator was trained with",
        ),
    ] = None,
    generator: Annotated[
        Path, typer.Option(help=f"Run folder of `dall-e train generator`, {_OR_A_MODEL}.")
    ] = Path("runs/generator"),
    dual_encoder: Annotated[
        Path | None,
        typer.Option(
            help=f"Run folder of `dall-e train dual-encoder`, {_OR_A_MODEL}: "
            "for best_of and score.",
            show_default="none",
        ),
    ] = None,
    upsampler: Annotated[
        Path | None,
        typer.Option(
            help=f"Run folder of `dall-e train upsampler`, {_OR_A_MODEL}: for larger pictures.",
            show_default="none",
        ),
    ] = None,
    captioner: Annotated[
        Path | None,
        typer.Option(
            help=f"Run folder of `dall-e train captioner`, {_OR_A_MODEL}: for captions of "
            "pictures.",
            show_default="none",
        ),
    ] = None,
    weights: Annotated[
        str,
        typer.Option(
            "--weights",
            metavar="auto|best|last",
            parser=one_of(("auto", "best", "last")),
            help="Of the generator's run, the weights that did best on held-out pictures, or the "
            "last. auto: the best, but the last where fewer than 20 pictures are held out, or "
            "where the best are from the first half of the run.",
        ),
    ] = "auto",
    out: Annotated[Path, typer.Option("--out", "-o", help="Model folder to write.")] = Path(
        "out/model"
    ),
    force: Force = False,
    name: Annotated[
        str,
        typer.Option(
            help="Name of the model in metadata and messages.", show_default="the name of --out"
        ),
    ] = "",
    model_version: Annotated[
        str, typer.Option("--version", help="Version of the weights.")
    ] = _FIRST_VERSION,
    finish: Annotated[
        str,
        typer.Option(
            "--finish",
            help="How pictures are painted by default: crisp, for flat styles, or soft.",
        ),
    ] = ModelConfig().finish,
    int8: Annotated[
        bool,
        typer.Option(
            "--int8/--float32", help="Eight bits per weight, or all 32: four times the size."
        ),
    ] = True,
) -> None:
    """Make a model folder from trained stages, with their averaged weights.

    Prints which weights of each run were taken, and why. The sampling flags become the defaults of
    the model; those left out are of the model that the generator's run started from (--init).
    `dall-e generate --model FOLDER` then draws with it.
    """
    from dall_e.checkpoints.memory_file import MEMORY_FILE, read_memory
    from dall_e.checkpoints.recogniser_file import RECOGNISER_FILE, read_recogniser
    from dall_e.checkpoints.run_files import load_stage, load_text_tokenizer
    from dall_e.checkpoints.store import MODEL_FILES, save_model

    check_free((out / file for file in MODEL_FILES), force)

    # The weights of a tokenizer serve any picture size; the generator knows one.
    stages = {"generator": load_stage(generator, weights)}  # type: ignore[arg-type]
    folders = {
        "tokenizer": tokenizer or _tokenizer_of(stages["generator"]),
        "dual_encoder": dual_encoder,
        "upsampler": upsampler,
        "captioner": captioner,
    }
    for part, folder in folders.items():
        if folder is not None:
            stages[part] = load_stage(folder)
    tensors = _generator_weights(stages["generator"])
    image_size = stages["generator"].network("tokenizer")["image_size"]
    text_tokenizer = load_text_tokenizer(generator)

    # Settings and weights of each part.
    settings: dict[str, Any] = {
        "text": stages["generator"].network("text"),
        "generator": stages["generator"].network("generator"),
    }
    for part in stages.keys() - {"generator"}:
        tensors |= _under(part, stages[part])
        settings[part] = stages[part].network(part)
    settings["tokenizer"]["image_size"] = image_size
    if dual_encoder is not None:
        _check_same_words("dual-encoder", dual_encoder, text_tokenizer)
    if captioner is not None:
        _check_same_words("captioner", captioner, text_tokenizer)
    if upsampler is not None:
        _check_upsampler(stages["upsampler"], image_size)

    vocabulary = _vocabulary(stages["generator"], generator)
    config = ModelConfig.from_dict(
        {
            "name": name or out.resolve().name,
            "version": model_version,
            "finish": finish,
            "sampling": _sampling(sampling, stages["generator"], vocabulary, generator),
            "trained_fraction": min(stage.trained_fraction for stage in stages.values()),
            **settings,
        }
    )
    save_model(
        out,
        config.to_dict(),
        tensors,
        int8=int8,
        text_tokenizer_json=text_tokenizer.to_json(),
        vocabulary=vocabulary.to_text() if vocabulary else None,
        memory=_beside(stages, MEMORY_FILE, read_memory),
        recogniser=_beside(stages, RECOGNISER_FILE, read_recogniser),
    )
    for part, stage in stages.items():
        of_model = f"the model {stage.folder}"
        print(f"{part}: {stage.which or of_model}", file=sys.stderr)
    _report(out, config)
    print(out)


def _tokenizer_of(generator: TrainedStage) -> Path:
    """The image tokenizer that a generator was trained with: a run folder, or its own model."""
    if generator.is_model:
        return Path(generator.folder)
    return Path(str(generator.settings.get("tokenizer", "runs/tokenizer")))


def _sampling(
    given: dict[str, Any], generator: TrainedStage, vocabulary: Vocabulary | None, folder: Path
) -> dict[str, Any]:
    """The flags that were given, over the settings of the model that the generator started from."""
    from dall_e.checkpoints.run_files import initial_model
    from dall_e.checkpoints.store import read_model_config

    inherited: dict[str, Any] = {}
    initial = initial_model(generator)
    if generator.is_model:
        inherited = dict(generator.networks.get("sampling", {}))
    elif initial is not None:
        try:
            inherited = dict(read_model_config(initial).get("sampling", {}))
        except (OSError, ValueError) as error:
            warnings.warn(
                f"the sampling settings are not those of the model that {folder} started from, "
                f"which cannot be read: {error}",
                DallEWarning,
                stacklevel=3,
            )

    can_compose = vocabulary is not None and vocabulary.has_things
    if given.get("compose") and not can_compose:
        raise ValueError(
            "--compose needs things that the model knows by name, and no record of "
            f"{generator.settings.get('data', folder)} has a name, a Chinese name and a "
            "kind: leave out --compose"
        )
    return {**inherited, "compose": bool(inherited.get("compose")) and can_compose, **given}


def _check_upsampler(stage: TrainedStage, side: int) -> None:
    """Check that an upsampler can enlarge pictures of this side; warn if it learnt another one."""
    step = 1 << (len(stage.network("upsampler")["widths"]) - 1)
    if side % step:
        raise ValueError(
            f"the upsampler in {stage.folder} enlarges sides that are multiples of {step}, and "
            f"this model draws {side} pixels: leave out --upsampler"
        )
    learnt = stage.settings.get("small_size") or stage.network("tokenizer")["image_size"]
    if learnt != side:
        warnings.warn(
            f"the upsampler in {stage.folder} has learnt to bring {learnt} pixels to {2 * learnt}, "
            f"and this model draws {side}: its large pictures will be less sharp",
            DallEWarning,
            stacklevel=3,
        )


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
    from dall_e.checkpoints.run_files import initial_model
    from dall_e.checkpoints.store import VOCABULARY_FILE
    from dall_e.data.datasets import load_records
    from dall_e.data.shared_names import with_shared_names
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
    named = with_shared_names(
        records, style=str(run.get("style", "")), subject=str(run.get("subject", ""))
    )
    own = Vocabulary.from_captions(named, composed=run.get("scene_fraction", 0) > 0)

    # What it went on drawing while it learned, it still knows.
    initial = initial_model(stage) if run.get("prior_fraction") else None
    if initial is not None and (initial / VOCABULARY_FILE).is_file():
        return own.joined(Vocabulary.load(initial / VOCABULARY_FILE))
    return own


def _beside(
    stages: dict[str, TrainedStage], name: str, read: Callable[[Path], BesideWeights]
) -> BesideWeights | None:
    """A file of the model whose image tokenizer is taken, if this one keeps its names, too.

    That is the model itself with other parts, or one that went on drawing its names as it learned.
    """
    from dall_e.checkpoints.known_models import find_model

    generator, tokenizer = stages["generator"], stages["tokenizer"]
    keeps_names = generator.is_model or generator.settings.get("prior_fraction")
    if not tokenizer.is_model or not keeps_names:
        return None
    path = find_model(str(tokenizer.folder)) / name
    return read(path) if path.is_file() else None


def _check_same_words(stage: str, folder: Path, text_tokenizer: TextTokenizer) -> None:
    """Check that a part reads words as the generator does: a model has one text tokenizer."""
    from dall_e.checkpoints.run_files import load_text_tokenizer

    if load_text_tokenizer(folder).to_json() != text_tokenizer.to_json():
        part = stage.replace("-", " ")
        raise ValueError(
            f"the {part} in {folder} was trained with another text tokenizer than the "
            f"generator: train it with `dall-e train {stage} --text-tokenizer` and the "
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
