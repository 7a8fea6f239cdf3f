"""`dall-e plan`: what is understood of a prompt, without drawing it; and edits of plans."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dall_e.atomic_files import check_writable, replace_bytes
from dall_e.checkpoints.known_models import BUILT_IN, find_model, list_models, split_variant
from dall_e.cli.options import Device, Model, load, size_option
from dall_e.cli.overwriting import Force, check_free
from dall_e.cli.plan_edits import PlanEdits
from dall_e.cli.prompts import Asked, asked_prompts
from dall_e.inference.validation import RANDOM_SEED, fresh_seed, image_seeds

if TYPE_CHECKING:
    from dall_e.planning.placed_plan import PlacedPlan
    from dall_e.planning.vocabulary import Vocabulary

_FILES = (".json", ".png", ".jpg", ".jpeg", ".webp", ".avif")
"""Ends of the names of files that hold a plan."""


def _edit_option(name: str, value: str, about: str) -> Any:
    return typer.Option(f"--{name}", metavar=value, show_default=False, help=about)


def plan(  # noqa: PLR0913, one argument per flag
    prompts: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PROMPTS]... | FILE",
            help="What would be drawn, in English or Chinese, each in quotes; - reads standard "
            "input. Or a plan: a .json file, or a picture that carries its plan.",
            show_default=False,
        ),
    ] = None,
    *,
    seed: Annotated[
        int | None,
        typer.Option(
            "--seed",
            show_default="what is the same for all",
            help="Seed that chooses what the prompt leaves open; -1 is random.",
        ),
    ] = None,
    size: Annotated[int | None, size_option()] = None,
    move: Annotated[
        list[str] | None, _edit_option("move", "NAME=DX,DY", "Move a thing right and down.")
    ] = None,
    resize: Annotated[
        list[str] | None, _edit_option("resize", "NAME=FACTOR", "Make a thing larger or smaller.")
    ] = None,
    turn: Annotated[
        list[str] | None, _edit_option("turn", "NAME=DEGREES", "Turn a thing against the clock.")
    ] = None,
    recolour: Annotated[
        list[str] | None, _edit_option("recolour", "NAME=COLOUR", "Paint a thing.")
    ] = None,
    replace: Annotated[
        list[str] | None, _edit_option("replace", "NAME=THING", "Put another thing in its room.")
    ] = None,
    remove: Annotated[
        list[str] | None, _edit_option("remove", "NAME", "Take a thing away.")
    ] = None,
    add: Annotated[
        list[str] | None, _edit_option("add", "THING[=X,Y[,SIZE]]", "Put one more thing there.")
    ] = None,
    boxes: Annotated[
        bool,
        typer.Option("--boxes", help="With the true box of everything: draws the things first."),
    ] = False,
    out: Annotated[
        str,
        typer.Option(
            "--out", "-o", show_default="printed", help="JSON file, for `dall-e generate --plan`."
        ),
    ] = "",
    force: Force = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="As JSON: an object, or a list for several prompts.")
    ] = False,
    model: Model = BUILT_IN,
    device: Device = "auto",
) -> None:
    """Show how a prompt would be drawn: the things, their colours and places, what is not read.

    Draws nothing, unless the true places are needed: without --boxes and edits they are those of
    square drawings. Edits go by the names of the plan; of two cats, cat#2 is the second one.
    `dall-e generate --plan FILE` draws a plan, `--no-compose` a prompt whole.
    """
    edits = PlanEdits(
        move=tuple(move or ()),
        resize=tuple(resize or ()),
        turn=tuple(turn or ()),
        recolour=tuple(recolour or ()),
        replace=tuple(replace or ()),
        add=tuple(add or ()),
        remove=tuple(remove or ()),
    )
    if out:
        check_writable(out)
        check_free([Path(out)], force)
    if seed == RANDOM_SEED:
        seed = fresh_seed()
    file = _plan_file(prompts or [])
    if file is not None:
        if seed is not None or size is not None:
            raise ValueError("a plan has a seed and a size of its own: leave out --seed and --size")
        records = [_record_of_file(file, edits, boxes, model, device)]
    else:
        asked = asked_prompts(prompts or [], "", command="plan")
        if seed is not None:
            (seed,) = image_seeds(seed, None, 1, 1)
        if edits or boxes:
            records = [_placed_record(asked, seed, size, edits, model, device)]
        else:
            records = _records(asked, seed, size, model)
    _tell(records, out=out, as_json=as_json, force=force)


def _tell(records: list[dict[str, Any]], *, out: str, as_json: bool, force: bool) -> None:
    """Print the plans, or write them to a file."""
    from dall_e.planning.plan_files import as_text
    from dall_e.planning.plan_record import plan_lines

    text = as_text(records[0] if len(records) == 1 else records)
    if out:
        path = Path(out)
        replace_bytes(path, f"{text}\n".encode(), overwrite=force)
        print(path)
    elif as_json:
        print(text)
    else:
        print("\n\n".join("\n".join(plan_lines(record)) for record in records))


def _plan_file(arguments: list[str]) -> Path | None:
    """The file that holds a plan, if the only argument is one."""
    if len(arguments) != 1 or not arguments[0].lower().endswith(_FILES):
        return None
    path = Path(arguments[0])
    return path if path.exists() or not arguments[0].count(" ") else None


def _records(
    asked: list[Asked], seed: int | None, size: int | None, model: str
) -> list[dict[str, Any]]:
    """What is understood of prompts."""
    from dall_e.planning.plan import Plan, plan_prompt
    from dall_e.planning.plan_record import plan_record

    vocabulary = _vocabulary_of(model)
    records: list[dict[str, Any]] = []
    for each in asked:
        made = Plan.whole(each.prompt)
        if vocabulary is not None:
            made = plan_prompt(each.prompt, vocabulary, seed)
        records.append(plan_record(made, each.prompt, seed=seed, size=size))
    return records


def _placed_record(
    asked: list[Asked],
    seed: int | None,
    size: int | None,
    edits: PlanEdits,
    model: str,
    device: str,
) -> dict[str, Any]:
    """The plan of one prompt with the box of everything."""
    if len(asked) != 1:
        raise ValueError(f"the boxes of one prompt at a time, got {len(asked)} prompts")
    pipeline = load(model, device)
    return _edited(pipeline.plan(asked[0].prompt, seed, height=size), edits)


def _record_of_file(
    file: Path, edits: PlanEdits, boxes: bool, model: str, device: str
) -> dict[str, Any]:
    """What a file says, after edits."""
    from dall_e.inference.planned import read_plan_file
    from dall_e.planning.plan_record import plan_record

    saved = read_plan_file(file, _vocabulary_of(model))
    placed = saved.plan.placed
    if placed is None and not (edits or boxes):
        return plan_record(saved.plan, saved.prompt, seed=saved.seed, size=saved.size)
    return _edited(placed or load(model, device).load_plan(saved), edits)


def _edited(placed: PlacedPlan, edits: PlanEdits) -> dict[str, Any]:
    return edits.apply(placed).record()


def _vocabulary_of(model: str) -> Vocabulary | None:
    """What a model knows by name; None for one that draws every prompt whole."""
    from dall_e.planning.vocabulary import Vocabulary

    name, variant = split_variant(model)
    is_published = any(name == known.name and not known.built_in for known in list_models())
    if is_published:
        return None
    path = find_model(name, variant) / "vocabulary.txt"
    return Vocabulary.load(path) if path.is_file() else None
