"""The families of published models, and which of them a folder or a file belongs to.

To add a project, write its module in `families/` and add a line to one of the two tables here.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from dall_e.bounded_files import naming
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
from dall_e.errors import UnusableFileError

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
    why, mend = what_it_is(place)
    raise UnusableFileError(
        place, f"it is, or holds, no model{asked} that is known{nearly}{why}", mend
    )


_A_LORA = ("adapter_config.json", "adapter_model.*", "pytorch_lora_weights.*")
_OTHER_PRECISIONS = ("model.fp16.safetensors", "model.bf16.safetensors", "pytorch_model.fp16.bin")


def what_it_is(place: Path) -> tuple[str, str]:
    """What a folder or file seems to be instead of a model, and what to do; empty if not known."""
    folder = place.parent if place.is_file() else place
    if any(path for pattern in _A_LORA for path in folder.glob(pattern)) or _has_lora(place):
        return (
            ": it is a LoRA, a change to another model",
            "give the whole model; merge the LoRA into it first with the tool that made it",
        )
    for name in _OTHER_PRECISIONS:
        if (folder / name).is_file():
            usual = name.replace(".fp16", "").replace(".bf16", "")
            return f": there is {name}, but no {usual}", f"rename it to {usual}, or link it"
    if (folder / "model_index.json").is_file():
        return (
            ": it is a pipeline of the library diffusers",
            "diffusion models do not load here; `dall-e models` lists what does",
        )
    if place.is_file():
        try:
            read_weights(place, say=False)
        except UnusableFileError as error:
            # What is wrong with the file itself says more than that its name is not known.
            return f": {error.why}", error.mend
    return "", ""


def _has_lora(place: Path) -> bool:
    """Whether the names in a weight file are those of a LoRA."""
    try:
        names = read_weights(place, say=False) if place.is_file() else ()
    except UnusableFileError:
        return False
    return any("lora_" in name for name in names)


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

    weights = files.paths.get("weights") or files.paths["decoder"]
    if options.as_stored:
        options = options._replace(dtype=stored_dtype(weights))
    with naming(weights):
        model = FAMILIES[files.family].load(files, name, options)
    if options.dtype == torch.bfloat16:
        model.networks.tokenizer.decode_in_bfloat16()
    return model


# Image tokenizers


def tokenizer_family_of(path: Path) -> str:
    """The family of a weight file, by tensors that only it has.

    Raises UnusableFileError if it is no image tokenizer that is known, and as `read_weights` does.
    """
    names: Collection[str] = ()
    for family_name, family in TOKENIZER_FAMILIES.items():
        names = read_weights(path, *family.KEPT_UNDER, say=False).keys()
        if any(names >= set(signature) for signature in family.SIGNATURES):
            return family_name
    shown = ", ".join(name[:80] for name in sorted(names)[:3])
    raise UnusableFileError(
        path,
        "it is no image tokenizer that is known: its weights are others, such as " + shown,
        "known are those of taming-transformers, LlamaGen, DALL-E mini and OpenAI's dVAE",
    )


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
