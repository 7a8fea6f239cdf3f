"""`dall-e models`: what can be loaded by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from dall_e import KnownModel

_COLUMNS = (
    "name",
    "licence",
    "prompts in",
    "pixels",
    "parameters",
    "memory in float32",
    "bfloat16",
    "int8",
    "int4",
)


def models(
    *,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="As a table for a page, such as the README.")
    ] = False,
) -> None:
    """List the models that can be loaded by name.

    Memory is that of weights, and keys and values of one picture; Python and PyTorch themselves
    come on top.
    """
    from dall_e import list_models

    known = list_models()
    print(_table(known) if markdown else "\n".join(_lines(model) for model in known))


def _lines(model: KnownModel) -> str:
    """One model in some lines, without those that have nothing to say."""
    place = "downloaded on first use"
    if model.built_in:
        place = "built in"
    elif model.archive:
        place = "an archive to unpack"
    facts = {
        "also": ", ".join(model.aliases),
        "variants": ", ".join(f"{model.name}/{variant}" for variant in model.variants),
        "from": model.archive,
        "parameters": model.parameters,
        "memory": model.memory,
        "prompts in": model.languages,
        "pixels": model.resolution,
        "describes pictures": _describing(model),
    }
    lines = [f"{model.name}  ({model.licence}; {place})", f"    {model.summary}"]
    lines += [f"    {name}: {value}" for name, value in facts.items() if value]
    return "\n".join(lines)


def _describing(model: KnownModel) -> str:
    """What it costs to describe pictures; empty if the model only draws."""
    numbers = max((size.describing for size in model.sizes), default=0)
    return f"yes, with {numbers * 4 / 1e9:.1f} GB more in float32" if numbers else ""


def _table(known: list[KnownModel]) -> str:
    """A table in Markdown, one row per model and variant."""
    rows = [_COLUMNS, ("---",) * len(_COLUMNS)]
    for model in known:
        rows += _rows(model)
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _rows(model: KnownModel) -> list[tuple[str, ...]]:
    from dall_e.checkpoints.model_entry import BYTES_PER_WEIGHT

    rows: list[tuple[str, ...]] = []
    sides = model.resolution.split(", ")
    for number, size in enumerate(model.sizes):
        name = "/".join((model.name, *model.variants[number : number + 1]))
        numbers = f"{(size.drawing + size.tokenizer + size.reader) / 1e9:.1f} B"
        memory = [f"{size.gigabytes(precision):.1f} GB" for precision in BYTES_PER_WEIGHT]
        side = sides[number] if len(sides) > 1 else sides[0]
        rows.append((f"`{name}`", model.licence, model.languages, side, numbers, *memory))
    return rows
