"""`dall-e finetune`: from a folder of pictures with captions to a model that draws them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from dall_e.checkpoints.known_models import BUILT_IN
from dall_e.cli.commands import call
from dall_e.cli.found_style import found_style, may_find_style
from dall_e.cli.options import NewModel, StartModel
from dall_e.cli.overwriting import Force, check_free_model

_KEPT_FRACTION = 0.35
"""Of a batch: drawings of the model itself, so that it keeps what it knew."""
_AS_DRAWN = ("--views", "1", "--random-order", "0.3", "--noisy-fraction", "0.1")
"""Few pictures are learnt as they are, mostly in the order in which they are drawn."""
_LORA_RANK = 16
_LORA_LEARNING_RATE = 1.5e-3
"""Of the small matrices; all weights together learn at the rate of `training/recipe.py`."""


def finetune(  # noqa: PLR0913, one argument per flag
    folder: Annotated[
        Path,
        typer.Argument(
            help="Pictures with captions, as `dall-e data check` reads them.", show_default=False
        ),
    ],
    *,
    out: NewModel,
    model: StartModel = BUILT_IN,
    run: Annotated[
        Path | None,
        typer.Option(
            help="Run folder: checkpoints, log and sample sheets.", show_default="OUT with -run"
        ),
    ] = None,
    style: Annotated[
        str,
        typer.Option(
            help="Name of the pictures' style: any name can then be asked for in it (--style of "
            "`dall-e generate`).",
            show_default=False,
        ),
    ] = "",
    subject: Annotated[
        str,
        typer.Option(
            help="Name of the one thing that all pictures show, such as 'sks robot'; they need no "
            "captions then.",
            show_default=False,
        ),
    ] = "",
    only_style: Annotated[
        bool,
        typer.Option(
            "--only-style",
            help="Find the style that the pictures share, in seconds and without training: the "
            "default for up to 200 pictures whose captions, or --style, name one.",
        ),
    ] = False,
    lora: Annotated[
        bool | None,
        typer.Option(
            "--lora/--full",
            help="Train: learn little beside each weight of the generator, which leaves words as "
            "they are and gives a small file too (OUT/lora); or all weights.",
            show_default="--lora, where no style is found",
        ),
    ] = None,
    rank: Annotated[int, typer.Option(min=1, help="Rank of --lora.")] = _LORA_RANK,
    keep: Annotated[
        float,
        typer.Option(
            min=0,
            max=0.9,
            help="Fraction of what is learned from that are drawings of the model itself, so that "
            "it keeps what it knew.",
        ),
    ] = _KEPT_FRACTION,
    images: Annotated[
        int | None,
        typer.Option(min=1, show_default="fits the folder", help="Pictures to see in all."),
    ] = None,
    gradient_checkpointing: Annotated[
        bool,
        typer.Option(
            "--gradient-checkpointing",
            help="Learn in a third of the memory, up to a third slower, the same.",
        ),
    ] = False,
    seed: Annotated[int, typer.Option(help="Seed of the order and of the noise.")] = 0,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and in what time.")
    ] = False,
    force: Force = False,
) -> None:
    """Teach a model your own pictures, and write a model folder that draws them.

    Of up to 200 pictures of one style ("a castle, OpenMoji style"), the style is found: lines,
    colours, light, and an effect. All that the model knows can then be drawn in it, and the
    pictures come back as they are. Nothing is trained.

    Training is three commands, which are printed: the check of the folder, the training of the
    generator, and the export. Stop it with Ctrl-C at any time; the same command again goes on.
    Several dozen captioned pictures of one style or subject are enough. A published model, such as
    LlamaGen or Janus, always learns by --lora.
    """
    from dall_e.training.processes import rank as process
    from dall_e.training.processes import staying_together

    if only_style and (lora is not None or subject):
        other = "--subject" if subject else "--lora" if lora else "--full"
        raise ValueError(f"--only-style trains nothing: leave out {other}")
    run_folder = run or out.with_name(f"{out.name}-run")
    force = check_free_model(out, run_folder, force)
    said = [
        part for pair in (("--style", style), ("--subject", subject)) if pair[1] for part in pair
    ]
    said += ["--images", str(images)] if images else []
    said += ["--gradient-checkpointing"] if gradient_checkpointing else []
    if only_style or (lora is None and not subject and may_find_style(folder, model)):
        if found_style(folder, model, out, style, must=only_style, dry_run=dry_run):
            return
    if _is_published(model):
        _finetune_published(folder, model, out, run_folder, rank, seed, said, dry_run=dry_run)
        return

    train = [
        *("train", "generator", "--data", str(folder), "--init", model),
        *("--preset", _preset_of(model), "--out", str(run_folder), "--seed", str(seed)),
        *(*_AS_DRAWN, "--correction-weight", "0", "--prior-fraction", str(keep)),
    ]
    train += said
    lora = lora is not False
    if lora:
        train += ["--lora-rank", str(rank), "--lora-alpha", str(rank)]
        train += ["--learning-rate", str(_LORA_LEARNING_RATE)]
    if dry_run:
        call([*train, "--dry-run"], by_all=True)
        return

    with staying_together():
        call(["data", "check", str(folder)])
        call(train, by_all=True)
        export = ["export", "--generator", str(run_folder), "--out", str(out)]
        for part in _other_parts(model):
            export += [f"--{part.replace('_', '-')}", model]
        # The model comes last: once it is there, all is.
        if lora and process() == 0:
            _save_lora(run_folder, out / "lora", model)
        call([*export, *(["--force"] if force else [])])


def _is_published(model: str) -> bool:
    """Whether a model is another project's. Raises as `locate` does."""
    from dall_e.checkpoints import converted
    from dall_e.checkpoints.known_models import locate

    if model == BUILT_IN:
        return False
    place = locate(model).place
    return place.is_file() or not converted.is_ours(place) or converted.is_converted(place)


def _finetune_published(  # noqa: PLR0913, what the command was given
    folder: Path,
    model: str,
    out: Path,
    run_folder: Path,
    rank: int,
    seed: int,
    said: list[str],
    *,
    dry_run: bool,
) -> None:
    """The check, the training of small matrices, the LoRA, and the model with it added."""
    train = [
        *("train", "adapter", "--data", str(folder), "--init", model, "--out", str(run_folder)),
        *("--lora-rank", str(rank), "--lora-alpha", str(rank), "--seed", str(seed), *said),
    ]
    if dry_run:
        call([*train, "--dry-run"], by_all=True)
        return
    from dall_e.training.processes import rank as process
    from dall_e.training.processes import staying_together

    with staying_together():
        call(["data", "check", str(folder)])
        call(train, by_all=True)
        if process() == 0:
            _save_published(run_folder, model, out)


def _save_published(run_folder: Path, model: str, out: Path) -> None:
    """The small file, and the model with it added."""
    from dall_e import DALL_E
    from dall_e.checkpoints.lora_files import save_lora
    from dall_e.checkpoints.run_files import load_stage
    from dall_e.training.adapter_stage import PLAYER, learned_layers

    # On top of the model once more: what is saved is what was learned, and fits it.
    learned = learned_layers(load_stage(run_folder).weights(PLAYER))
    drawing = DALL_E.from_pretrained(model)
    save_lora(out / "lora", learned, base_model=drawing.config.name)
    drawing.load_lora(out / "lora").save_pretrained(out)
    print(out / "lora")
    print(out)


def _preset_of(model: str) -> str:
    """The preset that has the sizes of a model. Raises ValueError for one of other sizes."""
    from dall_e.config import PRESETS, ModelConfig

    config = ModelConfig.from_dict(_stored_config(model))
    for name, preset in PRESETS.items():
        if (preset.generator, preset.text) == (config.generator, config.text):
            return name
    raise ValueError(f"the model {model} has none of the sizes {', '.join(PRESETS)}")


def _other_parts(model: str) -> list[str]:
    """What a model has beside generator and image tokenizer, and a model made from it, too."""
    stored = _stored_config(model)
    return [part for part in ("dual_encoder", "upsampler") if stored.get(part)]


def _stored_config(model: str) -> dict[str, Any]:
    """The settings of a model folder, or of the built-in model."""
    from dall_e.checkpoints.known_models import find_model
    from dall_e.checkpoints.store import read_model_config

    return read_model_config(find_model(model))


def _save_lora(run_folder: Path, folder: Path, model: str) -> None:
    """The small file beside the model."""
    from dall_e.checkpoints.lora_files import save_lora
    from dall_e.checkpoints.run_files import load_stage

    learned = load_stage(run_folder).lora("generator")
    layers = {name: low_rank for name, low_rank in learned.items() if not name.startswith("tower.")}
    name = str(_stored_config(model).get("name", model))
    save_lora(folder, layers, base_model=name)
    print(folder)
