"""Known model names: what each is, and the folder that holds it, downloaded where need be."""

from __future__ import annotations

import difflib
import os
import re
import warnings
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import NamedTuple

BUILT_IN = "dall-e-emoji"


@dataclass(frozen=True, kw_only=True)
class KnownModel:
    """A model that `DALL_E.from_pretrained` loads by name."""

    name: str
    """The name to pass; a hub id for models of other projects."""
    summary: str
    """One sentence on what it draws."""
    licence: str
    """Licence of the weights."""
    built_in: bool = False
    """Whether its weights come with the package; others are downloaded on first use."""
    aliases: tuple[str, ...] = ()
    """Other names that load it, with a warning."""
    variants: tuple[str, ...] = ()
    """What `variant=` may be, the default first."""
    parameters: str = ""
    """Numbers in the weights."""
    memory: str = ""
    """Memory that loading and drawing one picture takes."""
    languages: str = "English"
    """Languages of the prompts it was trained on."""
    resolution: str = ""
    """Side of its pictures in pixels."""
    files: tuple[str, ...] = ()
    """What to download, as patterns; `{v}` is `_mini` for the variant mini, else nothing."""


_JANUS_FILES = ("config.json", "tokenizer.json", "*.safetensors", "*.bin", "*.index.json")
_MIT_JANUS = "code MIT, weights DeepSeek Model Licence 1.0 (with use restrictions)"

_MODELS = (
    KnownModel(
        name=BUILT_IN,
        summary="Trained from scratch on emoji and icons; draws single objects, animals, faces and symbols, "
        "from English and Chinese prompts, with transparency.",
        licence="Apache-2.0",
        built_in=True,
        aliases=("openai/dall-e",),
        languages="English, Chinese",
    ),
    KnownModel(
        name="kuprel/min-dalle",
        summary="DALL-E mini and mega: any subject, in the wobbly style of 2022.",
        licence="Apache-2.0",
        variants=("mini", "mega"),
        parameters="0.5 B (mini), 2.6 B (mega)",
        memory="2 GB (mini), 11 GB (mega) in float32; half of that in bfloat16",
        resolution="256",
        files=("encoder{v}.pt", "decoder{v}.pt", "vocab{v}.json", "merges{v}.txt", "detoker.pt"),
    ),
    KnownModel(
        name="peizesun/llamagen_t2i",
        summary="LlamaGen text-to-image; reads prompts with flan-t5-xl, which is downloaded too (needs transformers).",
        licence="MIT",
        variants=("256", "512"),
        parameters="0.8 B, and 1.2 B of flan-t5-xl",
        memory="6 GB in float32, 4.5 GB in bfloat16",
        resolution="256, 512",
        files=("t2i_XL_stage*_{v}.pt", "vq_ds16_t2i.pt"),
    ),
    KnownModel(
        name="deepseek-community/Janus-Pro-1B",
        summary="Janus-Pro as converted for transformers: any subject.",
        licence=_MIT_JANUS,
        parameters="1.5 B",
        memory="6.5 GB in float32, 3.5 GB in bfloat16",
        languages="English, Chinese",
        resolution="384",
        files=_JANUS_FILES,
    ),
    KnownModel(
        name="deepseek-community/Janus-Pro-7B",
        summary="The larger Janus-Pro as converted for transformers.",
        licence=_MIT_JANUS,
        parameters="6.9 B",
        memory="28 GB in float32, 14 GB in bfloat16",
        languages="English, Chinese",
        resolution="384",
        files=_JANUS_FILES,
    ),
    KnownModel(
        name="deepseek-ai/Janus-Pro-1B",
        summary="Janus-Pro in its own layout: any subject.",
        licence=_MIT_JANUS,
        parameters="1.5 B",
        memory="6.5 GB in float32, 3.5 GB in bfloat16",
        languages="English, Chinese",
        resolution="384",
        files=_JANUS_FILES,
    ),
    KnownModel(
        name="deepseek-ai/Janus-Pro-7B",
        summary="The larger Janus-Pro in its own layout.",
        licence=_MIT_JANUS,
        parameters="6.9 B",
        memory="28 GB in float32, 14 GB in bfloat16",
        languages="English, Chinese",
        resolution="384",
        files=_JANUS_FILES,
    ),
)


def list_models() -> list[KnownModel]:
    """All models that `from_pretrained` knows by name."""
    return list(_MODELS)


def nearest(word: str, known: list[str]) -> str | None:
    """The known word that `word` is most likely a misspelling of, if any."""
    folded = {entry.lower(): entry for entry in known}
    matches = difflib.get_close_matches(word.lower(), list(folded), n=1, cutoff=0.6)
    return folded[matches[0]] if matches else None


class Located(NamedTuple):
    """A model that was found."""

    place: Path
    """Its folder, or one of its weight files."""
    name: str
    """What metadata call it: the known name, or that of the folder, and the variant if one was asked for."""
    variant: str | None
    """The variant to load; None if there is no choice, or the first will do."""


def locate(
    name_or_path: str | os.PathLike[str], variant: str | None = None, *, local_files_only: bool = False
) -> Located:
    """Where a known model is, or a local one; downloads what is not there. A known name may end in `/variant`.

    Known names win over folders of the same name; write ./name for the folder. Warns for an alias. Raises ValueError
    for a name that is not known (with the nearest one that is), FileNotFoundError for a path that is not there.
    """
    if variant is None:
        name_or_path, variant = split_variant(name_or_path)
    place = _place(name_or_path, variant, local_files_only)
    name = place.stem if os.path.exists(name_or_path) else os.fspath(name_or_path)
    return Located(place, f"{name}/{variant}" if variant else name, variant or default_variant(name))


def find_model(name_or_path: str | os.PathLike[str], variant: str | None = None) -> Path:
    """The folder, or weight file, that `locate` finds. Raises as it does."""
    return locate(name_or_path, variant).place


def _place(name_or_path: str | os.PathLike[str], variant: str | None, local_files_only: bool) -> Path:
    text = os.fspath(name_or_path)
    for model in _MODELS:
        if text in model.aliases:
            warnings.warn(_alias_notice(text, model), UserWarning, stacklevel=4)
        if text == model.name or text in model.aliases:
            _check_variant(model, variant)
            if model.built_in:
                return _built_in_folder()
            return _download(model.name, _patterns(model, variant), local_files_only)
    path = Path(text).expanduser()
    if path.is_dir() or (path.is_file() and path.suffix in (".pt", ".ckpt", ".bin", ".safetensors", ".pkl")):
        return path
    if path.exists():
        raise ValueError(f"{text} is a file; give the model folder that holds config.json and model.safetensors")
    if not isinstance(name_or_path, str) or text.startswith((".", "/", "~", "\\")):
        raise FileNotFoundError(f"there is no model folder {text}")
    names = [name for model in _MODELS for name in (model.name, *model.aliases)]
    guess = nearest(text, names)
    if guess is None and re.fullmatch(r"[\w.-]+/[\w.-]+", text):
        return _download(text, list(_OF_ANY_PROJECT), local_files_only)
    hint = f" Did you mean {guess!r}?" if guess else ""
    raise ValueError(f"unknown model {text!r}: neither a known name nor a folder.{hint} Known: {', '.join(names)}")


def split_variant(name_or_path: str | os.PathLike[str]) -> tuple[str | os.PathLike[str], str | None]:
    """A name that ends in one of its variants, such as kuprel/min-dalle/mega, taken apart."""
    text = os.fspath(name_or_path)
    for model in _MODELS:
        for variant in model.variants:
            if text == f"{model.name}/{variant}":
                return model.name, variant
    return name_or_path, None


def default_variant(name: str) -> str | None:
    """The variant of a known model that is taken where none is asked for."""
    return next((model.variants[0] for model in _MODELS if model.name == name and model.variants), None)


_OF_ANY_PROJECT = ("config.json", "tokenizer.json", "text_tokenizer.json", "*.safetensors", "*.index.json")
"""What is fetched of a hub id that is not known: models in our own format, and Janus'; no pickles."""


def _check_variant(model: KnownModel, variant: str | None) -> None:
    if variant is not None and variant not in model.variants:
        known = f"its variants are {', '.join(model.variants)}" if model.variants else "it has no variants"
        raise ValueError(f"{model.name} has no variant {variant!r}: {known}")


def _patterns(model: KnownModel, variant: str | None) -> list[str]:
    chosen = variant or (model.variants[0] if model.variants else "")
    mark = {"mini": "_mini", "mega": ""}.get(chosen, chosen)
    return [pattern.replace("{v}", mark) for pattern in model.files]


def _download(name: str, patterns: list[str], local_files_only: bool) -> Path:
    """A snapshot of a hub repository in the hub's own cache: resumed, checked, and read offline once it is there.

    Raises ValueError for a repository that is not there or may not be read, FileNotFoundError if the network may not
    be used, or cannot be reached, and the files are not in the cache.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
    )

    try:
        return Path(snapshot_download(name, allow_patterns=patterns, local_files_only=local_files_only))
    except (RepositoryNotFoundError, HFValidationError) as error:
        raise ValueError(f"unknown model {name!r}: neither a known name, a folder, nor on the hub") from error
    except LocalEntryNotFoundError as error:
        raise FileNotFoundError(
            f"{name} is not in the cache, and the hub was not asked or not reached: connect once, or give a folder"
        ) from error
    except HfHubHTTPError as error:
        raise ValueError(f"the hub did not give {name}: {error}") from error


def _alias_notice(alias: str, model: KnownModel) -> str:
    return (
        f"OpenAI never published the text-to-image transformer of DALL-E, so {alias!r} loads {model.name!r}, "
        f"the small model that comes with this package (`dall-e models` lists models of other projects to download)."
    )


def _built_in_folder() -> Path:
    folder = Path(str(resources.files("dall_e"))) / "weights"
    if not (folder / "config.json").is_file():
        raise FileNotFoundError(
            f"the built-in weights are not in {folder}: this copy of the package is incomplete, install it again"
        )
    return folder
