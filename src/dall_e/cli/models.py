"""`dall-e models` and `dall-e env`: what can be loaded, and on what it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from dall_e import KnownModel


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
    print(_table(known) if markdown else "\n".join(map(_lines, known)))


def _lines(model: KnownModel) -> str:
    place = (
        "built in"
        if model.built_in
        else "an archive to unpack"
        if model.archive
        else "downloaded on first use"
    )
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
    told = [f"    {name}: {value}" for name, value in facts.items() if value]
    return "\n".join([f"{model.name}  ({model.licence}; {place})", f"    {model.summary}", *told])


def _describing(model: KnownModel) -> str:
    numbers = max((size.describing for size in model.sizes), default=0)
    return f"yes, with {numbers * 4 / 1e9:.1f} GB more in float32" if numbers else ""


def _table(known: list[KnownModel]) -> str:
    """One row per model and variant."""
    from dall_e.checkpoints.known_models import BYTES_PER_WEIGHT

    rows: list[tuple[str, ...]]
    rows = [
        (
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
    ]
    rows.append(("---",) * len(rows[0]))
    for model in known:
        sides = model.resolution.split(", ")
        for number, size in enumerate(model.sizes):
            name = "/".join((model.name, *model.variants[number : number + 1]))
            numbers = f"{(size.drawing + size.tokenizer + size.reader) / 1e9:.1f} B"
            memory = [f"{size.gigabytes(precision):.1f} GB" for precision in BYTES_PER_WEIGHT]
            side = sides[number] if len(sides) > 1 else sides[0]
            rows.append((f"`{name}`", model.licence, model.languages, side, numbers, *memory))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def env() -> None:
    """Print versions, hardware and settings: paste it into a report of a problem."""
    import os
    import platform

    import torch

    from dall_e import __version__
    from dall_e.checkpoints.store import read_model_config
    from dall_e.checkpoints.zoo import BUILT_IN, find_model
    from dall_e.nn.cpu import kernels
    from dall_e.runtime import computes_bf16, pick_device

    device = pick_device("auto")
    try:
        built_in = f"version {read_model_config(find_model(BUILT_IN)).get('version', '?')}"
    except (OSError, ValueError) as error:
        built_in = f"not usable: {error}"
    facts = {
        "dall-e": __version__,
        "built-in model": built_in,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "cores": str(os.cpu_count()),
        "threads": str(torch.get_num_threads()),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        "kernels": kernels.described(),
        "bfloat16": "computed" if computes_bf16(device) else "emulated, not used",
    }
    for name, value in facts.items():
        print(f"{name:15} {value}")
