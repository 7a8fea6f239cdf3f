"""The families of published models, and which of them a folder or a file belongs to.

To add a project, write its module in `families/` and add a line to one of the two tables here.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dall_e.checkpoints.families import (
    dalle_mini,
    flax_vqgan,
    janus,
    llamagen,
    llamagen_vq,
    min_dalle,
    min_dalle_vqgan,
    mindalle,
    openai_dvae,
    rudalle,
    taming_transformers,
)
from dall_e.checkpoints.families.base import (
    Family,
    LoadOptions,
    ModelFiles,
    PublishedModel,
    TokenizerFamily,
    read_weights,
    stored_dtype,
)

if TYPE_CHECKING:
    from torch import Tensor

    from dall_e.checkpoints.families.reference import ReferenceCase

FAMILIES: dict[str, Family] = {
    "min_dalle": min_dalle,
    "dalle_mini": dalle_mini,
    "llamagen": llamagen,
    # Before ruDALL-E, whose files have names that others use too.
    "janus": janus,
    "rudalle": rudalle,
    "mindalle": mindalle,
}
"""Projects whose text-to-image models load, in the order in which a folder is looked at."""

TOKENIZER_FAMILIES: dict[str, TokenizerFamily] = {
    "min_dalle": min_dalle_vqgan,
    "openai_dvae": openai_dvae,
    # Before taming, some of whose tensors have the same names.
    "llamagen_vq": llamagen_vq,
    "taming_vqgan": taming_transformers,
    "flax_vqgan": flax_vqgan,
}
"""Projects whose image tokenizers load alone, in the order in which a file is looked at."""

WEIGHT_SUFFIXES = (".pt", ".ckpt", ".bin", ".safetensors", ".pkl", ".msgpack")
"""Ends of the names of weight files."""


# Text-to-image models


def find_files(place: Path, variant: str | None = None) -> ModelFiles:
    """The files of a published model in a folder, or beside a weight file that is one of them.

    Raises ValueError if there is none, or not the variant.
    """
    folder = place.parent if place.is_file() else place
    incomplete: list[str] = []
    for family_name, family in FAMILIES.items():
        for name, wanted in family.FILES.items():
            if variant is not None and name not in ("", variant):
                continue

            paths = {role: _existing(folder, names) for role, names in wanted.items()}
            if place.is_file() and place not in paths.values():
                continue

            absent = [wanted[role] for role, path in paths.items() if path is None]
            if not absent:
                held = {role: path for role, path in paths.items() if path}
                return ModelFiles(family=family_name, variant=name, paths=held)
            if len(absent) < len(wanted):
                full_name = f"{family_name} {name}".rstrip()
                incomplete.append(f"{full_name} lacks {', '.join(absent)}")

    asked = f" of the variant {variant!r}" if variant is not None else ""
    nearly = f" ({'; '.join(incomplete)})" if incomplete else ""
    raise ValueError(f"{place} is, or holds, no model{asked} that is known{nearly}")


def _existing(folder: Path, names: str) -> Path | None:
    """The first file of `a|b` that is there."""
    paths = (folder / name for name in names.split("|"))
    return next((path for path in paths if path.is_file()), None)


def weight_file_names() -> set[str]:
    """Names of the weight files of all text-to-image models."""
    return {
        name
        for family in FAMILIES.values()
        for files in family.FILES.values()
        for role, names in files.items()
        if role in ("encoder", "decoder", "weights")
        for name in names.split("|")
    }


def load_files(files: ModelFiles, name: str, options: LoadOptions) -> PublishedModel:
    """Load a project's own files; `name` is what metadata call the model.

    The image tokenizer stays in float32 beside float16, whose range its activations leave; bfloat16
    has the range.
    """
    import torch

    if options.as_stored:
        weights = files.paths.get("weights") or files.paths["decoder"]
        options = options._replace(dtype=stored_dtype(weights))
    model = FAMILIES[files.family].load(files, name, options)
    if options.dtype == torch.bfloat16:
        model.networks.tokenizer.decode_in_bfloat16()
    return model


# Image tokenizers


def tokenizer_family_of(path: Path) -> str | None:
    """The family of a weight file, by tensors that only it has; None if it is no image tokenizer.

    Raises ValueError if the file was refused because it asks to run something.
    """
    try:
        names = read_weights(path).keys()
    except ValueError as error:
        if "was refused" in str(error):
            raise
        return None

    for family_name, family in TOKENIZER_FAMILIES.items():
        if any(names >= set(signature) for signature in family.SIGNATURES):
            return family_name
    return None


# Parity cases

REFERENCE_FAMILIES: dict[str, Family | TokenizerFamily] = {
    **TOKENIZER_FAMILIES,
    "min_dalle_vqgan": min_dalle_vqgan,
    **FAMILIES,
}
"""Families whose outputs can be compared with recorded ones, by the name in `meta.json`."""


def reference_outputs(case: ReferenceCase) -> dict[str, Tensor]:
    """What our networks compute for a parity case. Raises ValueError as loading does."""
    return REFERENCE_FAMILIES[case.family].reference_outputs(case)
