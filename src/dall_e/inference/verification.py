"""Parity cases: our networks against what a published project's own code computed.

A case is a folder with weights in the project's own format, `expected.safetensors` with inputs
(`in.NAME`) and the project's outputs (`out.NAME`), and `meta.json`, which names the family, the
weight files and the settings.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from dall_e.bounded_files import naming, read_table
from dall_e.checkpoints.families.reference import ReferenceCase
from dall_e.checkpoints.registry import REFERENCE_FAMILIES, reference_outputs
from dall_e.checkpoints.tensor_files import read_tensors

TOLERANCE = 1e-4
"""Largest absolute difference that is still the same computation in float32."""

EXPECTED_FILE, META_FILE = "expected.safetensors", "meta.json"

Tensors = Mapping[str, Tensor]
"""Inputs or outputs of a case, by name."""


class Comparison(NamedTuple):
    """One output beside what was expected."""

    name: str
    """Name of the output."""
    finding: str
    """The largest absolute difference, or what makes the two incomparable."""
    is_same: bool
    """Whether they are the same within the tolerance; codes and tokens must be equal."""


def read_case(folder: Path) -> ReferenceCase:
    """The case of a folder.

    Raises FileNotFoundError without a `meta.json`, ValueError for one of another layout or an
    unknown family.
    """
    path = folder / META_FILE
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is missing: the folder needs {META_FILE}, {EXPECTED_FILE} and weights"
        )
    with naming(path, "it has another layout"):
        meta = read_table(path)
        weights = [folder / name for name in meta["weights"]]
        case = ReferenceCase(family=meta["family"], weights=weights, config=dict(meta["config"]))
        if not case.weights:
            raise ValueError("it names no weights")
    if case.family not in REFERENCE_FAMILIES:
        raise ValueError(
            f"{path}: family {case.family!r} is not one of {', '.join(REFERENCE_FAMILIES)}"
        )
    return case


def read_expected(folder: Path) -> tuple[Tensors, Tensors]:
    """Inputs and expected outputs of a folder, by their names without `in.` and `out.`."""
    held = read_tensors(folder / EXPECTED_FILE)
    given, expected = (
        {name.removeprefix(prefix): held[name] for name in held if name.startswith(prefix)}
        for prefix in ("in.", "out.")
    )
    if not expected:
        raise ValueError(f"{folder / EXPECTED_FILE} has no outputs to compare with")
    return given, expected


@torch.inference_mode()
def compute_outputs(
    case: ReferenceCase, given: Tensors, wanted: Iterable[str]
) -> Mapping[str, Tensor]:
    """What our networks compute from the inputs, with the case's weights, in float32."""
    return reference_outputs(replace(case, inputs=given, wanted=tuple(wanted)))


def compare(name: str, expected: Tensor, ours: Tensor | None) -> Comparison:
    """One of our outputs beside the expected one."""
    if ours is None:
        return Comparison(name, "not computed here", False)
    if ours.shape != expected.shape:
        finding = f"shape {list(ours.shape)}, expected {list(expected.shape)}"
        return Comparison(name, finding, False)

    difference = float((ours.double() - expected.double()).abs().max()) if expected.numel() else 0.0
    tolerance = TOLERANCE if expected.is_floating_point() else 0.0
    return Comparison(name, f"{difference:.3g}", difference <= tolerance)
