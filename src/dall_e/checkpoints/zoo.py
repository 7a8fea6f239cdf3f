"""Known model names: what each is, and the folder that holds it."""

from __future__ import annotations

import difflib
import os
import warnings
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

BUILT_IN = "dall-e-emoji"


@dataclass(frozen=True, kw_only=True)
class KnownModel:
    """A model that `DALL_E.from_pretrained` loads by name."""

    name: str
    """The name to pass."""
    summary: str
    """One sentence on what it draws."""
    licence: str
    """Licence of the weights."""
    built_in: bool
    """Whether its weights come with the package; others are downloaded on first use."""
    aliases: tuple[str, ...] = ()
    """Other names that load it, with a warning."""


_MODELS = (
    KnownModel(
        name=BUILT_IN,
        summary="Trained from scratch on emoji and icons; draws single objects, animals, faces and symbols, "
        "from English and Chinese prompts, with transparency.",
        licence="Apache-2.0",
        built_in=True,
        aliases=("openai/dall-e",),
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


def find_model(name_or_path: str | os.PathLike[str]) -> Path:
    """The folder of a known model, or of a local one.

    Known names win over folders of the same name; write ./name for the folder. Warns for an alias. Raises ValueError
    for a name that is not known (with the nearest one that is), FileNotFoundError for a path that is not there.
    """
    text = os.fspath(name_or_path)
    for model in _MODELS:
        if text in model.aliases:
            warnings.warn(_alias_notice(text, model), UserWarning, stacklevel=3)
        if text == model.name or text in model.aliases:
            return _built_in_folder()
    path = Path(text).expanduser()
    if path.is_dir():
        return path
    if path.exists():
        raise ValueError(f"{text} is a file; give the model folder that holds config.json and model.safetensors")
    if not isinstance(name_or_path, str) or text.startswith((".", "/", "~", "\\")):
        raise FileNotFoundError(f"there is no model folder {text}")
    names = [name for model in _MODELS for name in (model.name, *model.aliases)]
    guess = nearest(text, names)
    hint = f" Did you mean {guess!r}?" if guess else ""
    raise ValueError(f"unknown model {text!r}: neither a known name nor a folder.{hint} Known: {', '.join(names)}")


def _alias_notice(alias: str, model: KnownModel) -> str:
    downloads = [entry.name for entry in _MODELS if not entry.built_in]
    available = f"models to download are {', '.join(downloads)}" if downloads else "this version has none to download"
    return (
        f"OpenAI never published the text-to-image transformer of DALL-E, so {alias!r} loads {model.name!r}, "
        f"the small model that comes with this package ({available})."
    )


def _built_in_folder() -> Path:
    folder = Path(str(resources.files("dall_e"))) / "weights"
    if not (folder / "config.json").is_file():
        raise FileNotFoundError(
            f"the built-in weights are not in {folder}: this copy of the package is incomplete, install it again"
        )
    return folder
