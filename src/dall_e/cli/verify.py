"""`dall-e zoo verify`: our networks against what the published projects' own code computed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from torch import Tensor

    from dall_e.checkpoints.families.reference import ReferenceCase

TOLERANCE = 1e-4
"""Largest absolute difference that is still the same computation in float32."""


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
    """Load published weights with our adapter, run our network, and compare with the outputs in
    FOLDER.

    Prints the largest absolute difference of each output. Exit code 1 unless all are within 1e-4,
    and codes and greedy tokens are equal.
    """
    import torch

    from dall_e.checkpoints.registry import reference_outputs
    from dall_e.checkpoints.tensor_files import read_tensors, write_tensors

    case = read_case(folder)
    expected = read_tensors(folder / "expected.safetensors")
    given = {
        name.removeprefix("in."): tensor
        for name, tensor in expected.items()
        if name.startswith("in.")
    }
    wanted = {name: tensor for name, tensor in expected.items() if name.startswith("out.")}
    if not wanted:
        raise ValueError(f"{folder / 'expected.safetensors'} has no outputs to compare with")
    names = tuple(name.removeprefix("out.") for name in wanted)
    with torch.inference_mode():
        ours = reference_outputs(replace(case, inputs=given, wanted=names))
    if dump is not None:
        write_tensors(dump, {f"out.{name}": tensor for name, tensor in ours.items()})
    alike = [
        _compare(name, tensor, ours.get(name.removeprefix("out.")))
        for name, tensor in wanted.items()
    ]
    if not all(alike):
        raise typer.Exit(1)


def read_case(folder: Path) -> ReferenceCase:
    """What meta.json says of a case; its inputs are still to be read.

    Raises FileNotFoundError without a meta.json, ValueError for one of another layout or an
    unknown family.
    """
    from dall_e.checkpoints.families.reference import ReferenceCase
    from dall_e.checkpoints.registry import REFERENCE_FAMILIES

    path = folder / "meta.json"
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is missing: the folder needs meta.json, expected.safetensors and weights"
        )
    try:
        meta = json.loads(path.read_bytes())
        case = ReferenceCase(
            family=meta["family"],
            weights=[folder / name for name in meta["weights"]],
            config=dict(meta["config"]),
        )
        if not case.weights:
            raise ValueError("it names no weights")
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} has another layout: {type(error).__name__} {error}") from error
    if case.family not in REFERENCE_FAMILIES:
        known = ", ".join(REFERENCE_FAMILIES)
        raise ValueError(f"{path}: family {case.family!r} is not one of {known}")
    return case


def _compare(name: str, expected: Tensor, ours: Tensor | None) -> bool:
    """Prints one line, and says whether the two are the same."""
    if ours is None:
        print(f"{name}: not computed here  DIFFERENT")
        return False
    if ours.shape != expected.shape:
        print(f"{name}: shape {list(ours.shape)}, expected {list(expected.shape)}  DIFFERENT")
        return False
    difference = float((ours.double() - expected.double()).abs().max()) if expected.numel() else 0.0
    alike = difference <= (TOLERANCE if expected.is_floating_point() else 0.0)
    print(f"{name}: {difference:.3g}  {'ok' if alike else 'DIFFERENT'}")
    return alike
