"""The projects whose text-to-image models load: how their folders look, and what is known of their
models."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class SearchResult:
    """The files of one project in a folder."""

    family: str
    """Name of the adapter."""
    variant: str
    """Which of the project's models; empty where there is one."""
    files: dict[str, Path]
    """What each is, and where."""


@dataclass(frozen=True, kw_only=True)
class Family:
    """How a project's folder looks, and what is known of its models."""

    variants: dict[str, dict[str, str]]
    """For each variant the names of its files, by what they are; `a|b` is either."""
    licence: str
    """Licence of the published weights."""
    sampling: dict[str, Any]
    """Sampling settings that the project recommends."""
    guided: bool = True
    """Whether guidance works."""


WEIGHT_SUFFIXES = (".pt", ".ckpt", ".bin", ".safetensors", ".pkl", ".msgpack")
"""Ends of the names of weight files."""
RASTER_SAMPLING = {
    "order": "raster", "schedule": "uniform", "top_p": 1.0, "temperature": 1.0, "final_temperature": 1.0,
}  # fmt: skip
FLAX_WEIGHTS = "flax_model.msgpack"
FLAX_VQGAN = "dalle-mini/vqgan_imagenet_f16_16384"
"""Repository of the VQGAN of DALL-E mini and mega."""
RUDALLE_VQGAN = ("sberbank-ai/rudalle-utils", "vqgan.gumbelf8-sber.model.ckpt")
"""Repository and file of the VQGAN of all ruDALL-E models."""
RUDALLE_WORDS = ("shonenkov/rudalle-utils", "bpe.model")
"""And of their text tokenizer."""
_JANUS_WEIGHTS = (
    "model.safetensors|model.safetensors.index.json|pytorch_model.bin|pytorch_model.bin.index.json"
)

FAMILIES = {
    "min_dalle": Family(
        variants={
            "mini": {
                "encoder": "encoder_mini.pt",
                "decoder": "decoder_mini.pt",
                "detoker": "detoker.pt",
                "vocabulary": "vocab_mini.json",
                "merges": "merges_mini.txt",
            },
            "mega": {
                "encoder": "encoder.pt",
                "decoder": "decoder.pt",
                "detoker": "detoker.pt",
                "vocabulary": "vocab.json",
                "merges": "merges.txt",
            },
        },
        licence="Apache-2.0",
        sampling={"guidance_scale": 16.0, "top_k": 256},
    ),
    "dalle_mini": Family(
        # Mini and mega differ in their settings alone. The VQGAN is another repository's, or a
        # folder beside it.
        variants={
            "": {"weights": FLAX_WEIGHTS, "settings": "config.json", "words": "tokenizer.json"}
        },
        licence="Apache-2.0",
        sampling={"guidance_scale": 10.0},
    ),
    "llamagen": Family(
        variants={
            "256": {"weights": "t2i_XL_stage1_256.pt", "tokenizer": "vq_ds16_t2i.pt"},
            "512": {"weights": "t2i_XL_stage2_512.pt", "tokenizer": "vq_ds16_t2i.pt"},
        },
        licence="MIT",
        sampling={"guidance_scale": 7.5, "top_k": 1000},
    ),
    "mindalle": Family(
        variants={
            "1.3B": {
                "weights": "stage2_last.ckpt",
                "tokenizer": "stage1_last.ckpt",
                "vocabulary": "tokenizer/bpe-16k-vocab.json",
                "merges": "tokenizer/bpe-16k-merges.txt",
            }
        },
        licence="CC-BY-NC-SA-4.0 (not for commercial use)",
        sampling={"guidance_scale": 1.0, "top_k": 256},
        guided=False,
    ),
    "janus": Family(
        variants={
            "": {"weights": _JANUS_WEIGHTS, "settings": "config.json", "words": "tokenizer.json"}
        },
        licence="DeepSeek Model Licence 1.0 (with use restrictions)",
        sampling={"guidance_scale": 5.0},
    ),
    # Last, for its files have names that others use too.
    "rudalle": Family(
        variants={
            "v3": {"weights": "pytorch_model_v3.bin"},
            "v2": {"weights": "pytorch_model_v2.bin"},
            "": {"weights": "pytorch_model.bin"},
        },
        licence="Apache-2.0",
        sampling={"guidance_scale": 1.0, "top_k": 2048, "top_p": 0.995},
        guided=False,
    ),
}
"""Every project whose text-to-image models load, in the order in which a folder is looked at."""


def find_files(place: Path, variant: str | None = None) -> SearchResult:
    """The files of a published model in a folder, or beside a weight file that must be one of them.

    Raises ValueError if there is none, or not the variant.
    """
    folder = place.parent if place.is_file() else place
    lacking: list[str] = []
    for family, known in FAMILIES.items():
        for name, wanted in known.variants.items():
            if variant is not None and name not in ("", variant):
                continue
            files = {part: _first(folder, either) for part, either in wanted.items()}
            absent = [wanted[part] for part, path in files.items() if path is None]
            if place.is_file() and place not in files.values():
                continue
            if not absent:
                found = {part: path for part, path in files.items() if path}
                return SearchResult(family=family, variant=name, files=found)
            if len(absent) < len(wanted):
                lacking.append(f"{family}{f' {name}' if name else ''} lacks {', '.join(absent)}")
    asked = f" of the variant {variant!r}" if variant is not None else ""
    seen = f" ({'; '.join(lacking)})" if lacking else ""
    raise ValueError(f"{place} is, or holds, no model{asked} that is known{seen}")


def _first(folder: Path, either: str) -> Path | None:
    return next((folder / name for name in either.split("|") if (folder / name).is_file()), None)
