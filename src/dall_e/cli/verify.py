"""`dall-e zoo verify`: our networks against what the published projects' own code computed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def verify(
    folder: Annotated[
        Path,
        typer.Argument(
            help="Holds meta.json, expected.safetensors and the weights.", show_default=False
        ),
    ],
    *,
    dump: Annotated[
        Path | None,
        typer.Option("--dump", show_default=False, help="Write our outputs, under the same names."),
    ] = None,
) -> None:
    """Compare our network with the outputs of a published project's own code.

    Loads the published weights in FOLDER, runs our network on the inputs there, and prints the
    largest absolute difference of each output. Exit code 1 unless all are within 1e-4, and codes
    and greedy tokens are equal.
    """
    from dall_e.checkpoints.tensor_files import write_tensors
    from dall_e.inference.verification import compare, compute_outputs, read_case, read_expected

    case = read_case(folder)
    given, expected = read_expected(folder)
    ours = compute_outputs(case, given, expected)
    if dump is not None:
        write_tensors(dump, {f"out.{name}": tensor for name, tensor in ours.items()})

    compared = [compare(name, tensor, ours.get(name)) for name, tensor in expected.items()]
    for name, finding, is_same in compared:
        print(f"out.{name}: {finding}  {'ok' if is_same else 'DIFFERENT'}")
    if not all(comparison.is_same for comparison in compared):
        raise typer.Exit(1)
