"""`dall-e plan`: what is understood of a prompt, without drawing it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dall_e.checkpoints.known_models import BUILT_IN, find_model, list_models, split_variant
from dall_e.cli.options import Model, size_option
from dall_e.cli.prompts import asked_prompts
from dall_e.inference.validation import RANDOM_SEED, fresh_seed, image_seeds

if TYPE_CHECKING:
    from dall_e.planning.vocabulary import Vocabulary


def plan(
    prompts: Annotated[
        list[str] | None,
        typer.Argument(
            help="What would be drawn, in English or Chinese, each in quotes; - reads standard "
            "input.",
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
    as_json: Annotated[
        bool, typer.Option("--json", help="As JSON: an object, or a list for several prompts.")
    ] = False,
    model: Model = BUILT_IN,
) -> None:
    """Show how a prompt would be drawn: the things, their colours and places, what is not read.

    Draws nothing. `dall-e generate --no-compose` draws a prompt whole instead. The places are those
    of square drawings: the true ones are known when the things are drawn.
    """
    asked = asked_prompts(prompts or [], "", command="plan")
    if seed is not None:
        (seed,) = image_seeds(fresh_seed() if seed == RANDOM_SEED else seed, None, 1, 1)

    from dall_e.planning.plan import Plan, plan_prompt
    from dall_e.planning.plan_record import plan_lines, plan_record

    vocabulary = _vocabulary_of(model)
    records: list[dict[str, Any]] = []
    for each in asked:
        made = Plan.whole(each.prompt)
        if vocabulary is not None:
            made = plan_prompt(each.prompt, vocabulary, seed)
        records.append(plan_record(made, each.prompt, seed=seed, size=size))

    if as_json:
        shown = records[0] if len(records) == 1 else records
        print(json.dumps(shown, ensure_ascii=False, indent=2))
    else:
        print("\n\n".join("\n".join(plan_lines(record)) for record in records))


def _vocabulary_of(model: str) -> Vocabulary | None:
    """What a model knows by name; None for one that draws every prompt whole."""
    from dall_e.planning.vocabulary import Vocabulary

    name, variant = split_variant(model)
    is_published = any(name == known.name and not known.built_in for known in list_models())
    if is_published:
        return None
    path = find_model(name, variant) / "vocabulary.txt"
    return Vocabulary.load(path) if path.is_file() else None
