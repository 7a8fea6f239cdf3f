"""`dall-e info`: what a picture, model, weight file or run folder is, and what to do with it."""

from __future__ import annotations

import contextlib
import json
import shlex
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from math import prod
from pathlib import Path
from typing import Annotated, Any

import typer

from dall_e.bounded_files import naming
from dall_e.checkpoints.known_models import find_model, list_models
from dall_e.checkpoints.registry import WEIGHT_SUFFIXES
from dall_e.cli.svg_facts import svg_facts
from dall_e.errors import UnusableFileError

_CHECKPOINT, _METRICS, _COMMANDS = "checkpoint.pt", "metrics.jsonl", "command.txt"
_MOST_SVG = 64 * 2**20
"""Length of the longest SVG document that is read."""
_MOST_LETTERS = 2000
"""Of a value that is shown; JSON has all of it."""
_MOST_LOG_BYTES = 1 << 16
"""Of a log, from its end: enough for its last line."""
_FIRST = ("prompt", "negative_prompt", "seed", "plan", "model", "model_version")
"""Entries of a picture's story that are shown first."""

Facts = dict[str, Any]
"""What is known, in the order in which it is shown."""


def info(
    place: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="A picture, a model folder or name, a weight file or a run folder.",
            show_default=False,
        ),
    ],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Say what a file or folder is: how a picture was drawn, what a model has, how far a run is."""
    facts = _facts(place)
    if as_json:
        print(json.dumps(facts, ensure_ascii=False, indent=2))
        return
    width = max(len(name) for name in facts)
    for name, value in facts.items():
        print(f"{_shown(name):{width}}  {_shown(value)}")


def _shown(value: object) -> str:
    """A value on one line: a file may hold what would command the terminal, and any length."""
    text = str(value)
    cut = text if len(text) <= _MOST_LETTERS else f"{text[:_MOST_LETTERS]}... of {len(text)}"
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape", "replace").decode()
        for letter in cut
    )


def _facts(place: str) -> Facts:
    """What there is to say. Raises ValueError for what nobody knows, and OSError."""
    path = Path(place)
    if not path.exists() and any(place in (known.name, *known.aliases) for known in list_models()):
        return _of_name(place)
    if path.is_dir():
        return _of_folder(path)
    if not path.exists():
        raise FileNotFoundError(2, "No such file or directory", place)
    if path.suffix.lower() in WEIGHT_SUFFIXES or path.name.endswith(".index.json"):
        return _of_weights(path)
    if path.suffix.lower() == ".svg":
        return _of_svg(path)
    return _of_image(path)


# Pictures


def _of_svg(path: Path) -> Facts:
    """What an SVG document says of itself; nothing in it is run or loaded."""
    size = path.stat().st_size
    if size > _MOST_SVG:
        raise UnusableFileError(path, f"it has {size} bytes, of an SVG {_MOST_SVG} are read")
    with naming(path, "it is no SVG that can be read"):
        said = svg_facts(path.read_bytes())
    facts: Facts = {"file": str(path), "kind": "SVG picture", "bytes": size}
    facts |= {name: value for name, value in said.items() if value}
    if not said["things"]:
        facts["drawn by"] = "nothing is said: no group has the name of a thing"
    return facts


def _of_image(path: Path) -> Facts:
    from dall_e.images.files import image_size, read_metadata

    try:
        texts = read_metadata(path)
    except ValueError as error:
        ends = ", ".join(WEIGHT_SUFFIXES)
        raise UnusableFileError(
            path,
            f"it is no picture that can be read ({str(error).removeprefix(f'{path}: ')})",
            f"weight files end in {ends}",
        ) from error
    side = "x".join(str(length) for length in image_size(path))
    facts: Facts = {"file": str(path), "kind": "picture", "pixels": side}
    if "sheet" in texts:
        facts["drawn by"] = "dall-e sheet; where each sprite is says the .json beside it"
        return {**facts, **texts}
    if not {"prompt", "seed", "model"} <= texts.keys():
        facts |= {
            "drawn by": "nothing is said: it was not drawn by dall-e, or was saved by another "
            "program since"
        }
        return {**facts, **texts}

    is_grid = "grid_prompts" in texts
    if not is_grid and texts.get("size", side) != side:
        facts["changed"] = f"it was drawn with {texts['size']} pixels"
    facts |= {name: texts[name] for name in _FIRST if texts.get(name)}
    others = {name: text for name, text in texts.items() if name not in _FIRST and text}
    is_edited = others.pop("from_plan", "") == "True"
    has_plan = bool(others.pop("plan_json", ""))
    facts |= others
    if has_plan:
        facts["its plan"] = f"dall-e plan {shlex.quote(str(path))}"
    facts["draw it again"] = f"dall-e reproduce {shlex.quote(str(path))}"
    if is_edited:
        facts["draw more like it"] = f"dall-e generate --plan {shlex.quote(str(path))} --seed -1"
    elif not is_grid:
        facts["draw more like it"] = _command(texts)
    return facts


def _command(texts: Mapping[str, str]) -> str:
    """The command that draws with the prompt and seed of a picture, to be changed at will."""
    words = ["dall-e", "generate", texts["prompt"], "--seed", texts["seed"]]
    if texts.get("negative_prompt"):
        words += ["--negative", texts["negative_prompt"]]
    if texts.get("transparent") == "True":
        words.append("--transparent")
    if "size" in texts:
        words += ["--size", texts["size"].split("x")[0]]
    variant = f"/{texts['variant']}" if texts.get("variant") else ""
    name = texts["model"]
    words += ["--model", name if name.endswith(variant) else f"{name}{variant}"]
    return " ".join(shlex.quote(word) for word in words)


# Models


def _of_name(name: str) -> Facts:
    """A model that is known by name; nothing is downloaded."""
    known = next(model for model in list_models() if name in (model.name, *model.aliases))
    if known.built_in:
        return {**_of_folder(find_model(known.name)), "draws": known.summary}
    facts = {
        "name": known.name,
        "kind": "published model, " + (known.archive or "downloaded on first use"),
        "draws": known.summary,
        "licence": known.licence,
        "variants": ", ".join(known.variants),
        "parameters": known.parameters,
        "memory": known.memory,
        "pixels": known.resolution,
        "prompts in": known.languages,
    }
    return {name: value for name, value in facts.items() if value}


def _of_folder(folder: Path) -> Facts:
    head = _json_of(folder / "config.json")
    if (folder / _CHECKPOINT).exists() or ("networks" in head and "format" not in head):
        return _of_run(folder, head)
    if "format" in head:
        return _of_model(folder)

    from dall_e.checkpoints.registry import find_files

    try:
        files = find_files(folder)
    except ValueError as error:
        raise UnusableFileError(
            folder,
            "it is neither a model nor a run",
            "`dall-e data show` looks at a folder of pictures",
        ) from error
    return {
        "folder": str(folder),
        "kind": f"published model of the family {files.family}",
        "variant": files.variant or "the only one",
        **{role: path.name for role, path in files.paths.items()},
        "draw": f'dall-e generate "a white cat" --model {shlex.quote(str(folder))}',
    }


def _of_model(folder: Path) -> Facts:
    """A folder of our own format."""
    from dall_e.checkpoints.keymap import current_name
    from dall_e.checkpoints.store import WEIGHTS_FILE, read_model_config
    from dall_e.checkpoints.tensor_files import open_weights
    from dall_e.checkpoints.weights_file import is_scale

    config = read_model_config(folder)
    held = open_weights(folder / WEIGHTS_FILE)
    weights: Counter[str] = Counter()
    for name, tensor in held.items():
        if not is_scale(held, name):
            weights[current_name(name).split(".", 1)[0]] += prod(tensor.shape)

    facts: Facts = {
        "folder": str(folder),
        "kind": "image tokenizer" if "kind" in config else "model",
        "name": config.get("name", config.get("family", "?")),
        "version": config.get("version", "?"),
        "bytes": sum(path.stat().st_size for path in folder.iterdir() if path.is_file()),
        "weights": sum(weights.values()),
        **{f"weights of {part}": count for part, count in weights.items()},
    }
    tokenizer = config.get("tokenizer")
    if isinstance(tokenizer, dict) and "image_size" in tokenizer:
        facts["pixels"] = tokenizer["image_size"]
    if isinstance(config.get("sampling"), dict):
        facts["draws with"] = ", ".join(
            f"{name}={value}" for name, value in config["sampling"].items()
        )
    for name, file in (("names it knows", "vocabulary.txt"), ("card", "MODEL_CARD.md")):
        if (folder / file).is_file():
            facts[name] = str(folder / file)
    return facts


def _of_weights(path: Path) -> Facts:
    """A weight file; a pickle is read by our own reader, which runs nothing."""
    from dall_e.checkpoints.families.base import read_weights
    from dall_e.checkpoints.registry import find_files, tokenizer_family_of
    from dall_e.checkpoints.store import WEIGHTS_FILE

    tensors = read_weights(path, say=False)
    numbers: Counter[str] = Counter()
    for tensor in tensors.values():
        numbers[str(tensor.dtype).removeprefix("torch.")] += prod(tensor.shape)
    facts: Facts = {
        "file": str(path),
        "kind": "weight file",
        "bytes": path.stat().st_size,
        "tensors": len(tensors),
        "weights": sum(numbers.values()),
        "number formats": ", ".join(f"{kind}: {count}" for kind, count in numbers.items()),
        "first names": ", ".join(list(tensors)[:4]),
    }
    if path.name == WEIGHTS_FILE and "format" in _json_of(path.with_name("config.json")):
        facts["use"] = f"weights of a model of this project: dall-e info {path.parent}"
        return facts
    facts["use"] = "of no project that is known here, or without the files that belong to it"
    with contextlib.suppress(UnusableFileError):
        facts["use"] = f"model of the family {find_files(path).family}: dall-e generate --model"
    with contextlib.suppress(UnusableFileError):
        family = tokenizer_family_of(path)
        facts["use"] = f"image tokenizer of the family {family}: ImageCodec.from_pretrained"
    return facts


# Runs


def _of_run(folder: Path, settings: dict[str, Any]) -> Facts:
    """Where a training run stands, by what it logs."""
    facts: Facts = {"folder": str(folder), "kind": "training run"}
    networks = settings.get("networks")
    if isinstance(networks, dict):
        facts["networks"] = ", ".join(networks)
    facts["command"] = next(_lines_from_end(folder / _COMMANDS), "unknown")

    # A run that was killed may have left half a line.
    tables = (_as_table(line) for line in _lines_from_end(folder / _METRICS))
    metrics = next((table for table in tables if table), {})
    goal = _find(settings, "images")
    if "images_seen" in metrics:
        seen = metrics["images_seen"]
        part = f" of {goal} ({seen / goal:.0%})" if isinstance(goal, int) and goal > 0 else ""
        facts["pictures seen"] = f"{seen}{part}"
    facts |= {
        name: round(value, 5) if isinstance(value, float) else value
        for name, value in metrics.items()
        if name != "images_seen"
    }

    for name, file in (("checkpoint", _CHECKPOINT), ("best weights", "best.pt")):
        if (folder / file).is_file():
            state = (folder / file).stat()
            saved = datetime.fromtimestamp(state.st_mtime, timezone.utc)
            facts[name] = f"{state.st_size} bytes, saved {saved:%Y-%m-%d %H:%M} UTC"
    if "checkpoint" in facts:
        facts["go on"] = "the same command again resumes it; `dall-e export` makes a model of it"
    return facts


def _find(settings: Mapping[str, Any], name: str) -> Any:
    """A setting of a run, which may lie in one of its parts."""
    parts = [part for part in settings.values() if isinstance(part, dict)]
    return next((part[name] for part in (settings, *parts) if name in part), None)


def _lines_from_end(path: Path) -> Iterator[str]:
    """The last lines of a text file that are not blank, the last one first; none without a file."""
    if path.is_file():
        with open(path, "rb") as file:
            file.seek(max(path.stat().st_size - _MOST_LOG_BYTES, 0))
            lines = file.read().decode("utf-8", "replace").splitlines()
        yield from (line.strip() for line in reversed(lines) if line.strip())


def _json_of(path: Path) -> dict[str, Any]:
    return _as_table(path.read_bytes()) if path.is_file() else {}


def _as_table(text: str | bytes) -> dict[str, Any]:
    """A JSON object; an empty one for what is none."""
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return values if isinstance(values, dict) else {}
