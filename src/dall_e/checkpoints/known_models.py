"""Known model names: what each is, and the folder that holds it, downloaded where need be."""

from __future__ import annotations

import difflib
import os
import re
import warnings
from importlib import resources
from pathlib import Path
from typing import NamedTuple

from dall_e.bounded_files import read_table
from dall_e.checkpoints.hub import ORDINARY_ACCESS, HubAccess, download
from dall_e.checkpoints.model_entry import KnownModel, Size
from dall_e.checkpoints.registry import FAMILIES, WEIGHT_SUFFIXES
from dall_e.errors import DallEWarning, UnusableFileError

BUILT_IN = "dall-e-emoji"
"""The model that comes with the package."""

_BUILT_IN_MODEL = KnownModel(
    name=BUILT_IN,
    summary="Trained from scratch on emoji and icons; draws single objects, animals, faces and "
    "symbols, from English and Chinese prompts, with transparency.",
    licence="Apache-2.0",
    built_in=True,
    aliases=("openai/dall-e",),
    languages="English, Chinese",
)
_MODELS = (_BUILT_IN_MODEL, *(model for family in FAMILIES.values() for model in family.SIZES))


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
    """What metadata call it: the known name, or that of the folder, and the variant if one was
    asked for."""
    variant: str | None
    """The variant to load; None if there is no choice."""
    again: str | os.PathLike[str]
    """What finds it again, together with the variant, and without another warning."""
    size: Size | None
    """How many weights it has, if that is known."""


def locate(
    name_or_path: str | os.PathLike[str],
    variant: str | None = None,
    *,
    hub: HubAccess = ORDINARY_ACCESS,
) -> Located:
    """Where a known model is, or a local one; downloads what is not there.

    A known name may end in `/variant`. Known names win over folders of the same name; write ./name
    for the folder. Warns for an alias.
    Raises ValueError for a name that is not known (with the nearest one that is), FileNotFoundError
    for a path that is not there.
    """
    name_or_path = _repository_of_address(name_or_path)
    if variant is None:
        name_or_path, variant = split_variant(name_or_path)
    text = os.fspath(name_or_path)
    known = _known_model(text)
    if known:
        place, name = _place_of_known(known, text, variant, hub), known.name
        chosen = variant or next(iter(known.variants), None)
    else:
        place = _place_of_path(name_or_path, hub)
        name = place.stem if os.path.exists(text) else text
        _check_stored_variant(place, variant)
        chosen = variant

    is_local = known.built_in if known else os.path.exists(text)
    if hub.revision is not None and is_local:
        warnings.warn(
            f"revision {hub.revision!r} is ignored: {text} does not come from the hub",
            DallEWarning,
            stacklevel=4,
        )

    size = None
    if known and known.sizes:
        size = known.sizes[known.variants.index(chosen) if chosen else 0]
    full_name = f"{name}/{variant}" if variant else name
    return Located(place, full_name, chosen, known.name if known else name_or_path, size)


def find_model(name_or_path: str | os.PathLike[str], variant: str | None = None) -> Path:
    """The folder, or weight file, that `locate` finds. Raises as it does."""
    return locate(name_or_path, variant).place


def split_variant(
    name_or_path: str | os.PathLike[str],
) -> tuple[str | os.PathLike[str], str | None]:
    """A name that ends in one of its variants, such as kuprel/min-dalle/mega, taken apart."""
    text = os.fspath(name_or_path)
    for model in _MODELS:
        for variant in model.variants:
            if text == f"{model.name}/{variant}":
                return model.name, variant
    return name_or_path, None


_ON_THE_HUB = re.compile(r"(?:https?://)?(?:www\.)?(?:huggingface\.co|hf\.co)/(.+)|hf://(.+)")


def _repository_of_address(
    name_or_path: str | os.PathLike[str],
) -> str | os.PathLike[str]:
    """The owner/name of a model's address on the hub; anything else as it is.

    Raises ValueError for an address of something else.
    """
    text = os.fspath(name_or_path)
    match = _ON_THE_HUB.fullmatch(text)
    if not match:
        if re.match("https?://", text):
            raise ValueError(
                f"{text} is a web address: download the files, and give their folder, or the "
                "owner/name of a model on the hub"
            )
        return name_or_path

    address = str(match[1] or match[2]).split("?")[0].split("#")[0].strip("/").split("/")
    if address[0] in ("datasets", "spaces") or len(address) < 2:
        raise ValueError(f"{text} is no model on the hub: give the owner/name of one")
    repository, rest = "/".join(address[:2]), address[2:]
    if rest and rest[:2] not in (["tree", "main"], ["blob", "main"], ["resolve", "main"]):
        raise ValueError(
            f"{text} is not the main version of {repository}, which is what is read: give "
            f"{repository!r}, or download the other version and give its folder"
        )
    if len(rest) > 2:
        raise ValueError(f"{text} is one file of a model on the hub: give {repository!r}")
    return repository


# Known names


def _known_model(text: str) -> KnownModel | None:
    return next((model for model in _MODELS if text in (model.name, *model.aliases)), None)


def _place_of_known(model: KnownModel, text: str, variant: str | None, hub: HubAccess) -> Path:
    """The folder of a known model, which was called by `text`, its name or an alias."""
    if text in model.aliases:
        warnings.warn(_alias_notice(text, model), DallEWarning, stacklevel=4)
    if variant is not None and variant not in model.variants:
        variants = ", ".join(model.variants)
        known = f"its variants are {variants}" if variants else "it has no variants"
        raise ValueError(f"{model.name} has no variant {variant!r}: {known}")

    if model.built_in:
        return _built_in_folder()
    if model.archive:
        raise ValueError(
            f"{model.name} is not on the hub: unpack {model.archive} and give the folder"
        )
    return download(model.name, _patterns(model, variant), hub)


def _alias_notice(alias: str, model: KnownModel) -> str:
    return (
        f"OpenAI never published the text-to-image transformer of DALL-E, so {alias!r} loads "
        f"{model.name!r}, the small model that comes with this package (`dall-e models` lists "
        "models of other projects to download)."
    )


def _built_in_folder() -> Path:
    folder = Path(str(resources.files("dall_e"))) / "weights"
    if not (folder / "config.json").is_file():
        raise FileNotFoundError(
            f"the built-in weights are not in {folder}: this copy of the package is incomplete, "
            "install it again"
        )
    return folder


def _patterns(model: KnownModel, variant: str | None) -> list[str]:
    """What to download of a model's repository."""
    chosen = variant or next(iter(model.variants), "")
    mark = {"mini": "_mini", "mega": ""}.get(chosen, chosen)
    return [pattern.replace("{v}", mark) for pattern in model.files]


# Paths, and hub ids that are not known


_OF_ANY_PROJECT = (
    "config.json",
    "tokenizer.json",
    "text_tokenizer.json",
    "*.safetensors",
    "*.index.json",
)
"""What is downloaded of a hub id that is not known: no pickles.

That is enough for models in our own format, and for Janus."""


def _place_of_path(name_or_path: str | os.PathLike[str], hub: HubAccess) -> Path:
    text = os.fspath(name_or_path)
    path = Path(text).expanduser()
    if path.is_dir() or (path.is_file() and path.suffix in WEIGHT_SUFFIXES):
        return path
    if path.exists():
        raise UnusableFileError(
            text,
            "it is a file, and not one of weights",
            "give the model folder that holds config.json and model.safetensors",
        )
    if not isinstance(name_or_path, str) or text.startswith((".", "/", "~", "\\")):
        raise FileNotFoundError(f"there is no model folder {text}")

    # A misspelt name gets a suggestion; only what is like no known name is asked of the hub.
    names = [name for model in _MODELS for name in (model.name, *model.aliases)]
    guess = nearest(text, names)
    if guess is None and re.fullmatch(r"[\w.-]+/[\w.-]+", text):
        return download(text, list(_OF_ANY_PROJECT), hub)
    hint = f" Did you mean {guess!r}?" if guess else ""
    raise ValueError(
        f"unknown model {text!r}: neither a known name nor a folder.{hint} "
        f"Known: {', '.join(names)}"
    )


def _check_stored_variant(place: Path, variant: str | None) -> None:
    """Raise ValueError if a folder of our own format holds another variant than was asked for."""
    stored = _stored_variant(place)
    if variant is not None and stored is not None and stored != variant:
        raise ValueError(
            f"{place} has no variant {variant!r}: it holds {stored or 'a model without variants'}"
        )


def _stored_variant(folder: Path) -> str | None:
    """The variant that a folder of our own format holds; None for any other folder.

    It is empty if the folder knows of none.
    """
    try:
        head = read_table(folder / "config.json")
        return str(head["model"].get("variant", "")) if "format" in head else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None  # What is wrong with it is said when it is loaded.
