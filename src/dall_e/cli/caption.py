"""`dall-e caption`: what pictures show, one or whole folders, in English or Chinese."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dall_e.bounded_files import naming, read_text
from dall_e.checkpoints.known_models import BUILT_IN
from dall_e.cli.flags import one_of
from dall_e.cli.options import Device, load
from dall_e.cli.output import steady_output
from dall_e.cli.overwriting import Force
from dall_e.errors import DallEWarning, UnusableFileError
from dall_e.inference.progress import ProgressBar

if TYPE_CHECKING:
    from dall_e.pipeline import DALL_E

_MOST_BYTES = 1 << 30
_NAMED = 3
"""Pictures that were left out, of which a warning says the reason."""
_SAME = ("language", "method", "model")
"""What all records of one file have in common."""

Record = dict[str, Any]


def caption(  # noqa: PLR0913, one argument per flag
    images: Annotated[
        list[Path],
        typer.Argument(
            help="Picture files, and folders, which are looked through with the folders in them.",
            show_default=False,
        ),
    ],
    *,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            show_default="standard output",
            help="File of records to write, such as captions.jsonl. One that the same command has "
            "begun is gone on with.",
        ),
    ] = None,
    force: Force = False,
    language: Annotated[
        str,
        typer.Option(
            "--language", metavar="en|zh", parser=one_of(("en", "zh")), help="English or Chinese."
        ),
    ] = "en",
    method: Annotated[
        str,
        typer.Option(
            "--method",
            metavar="greedy|beam|sampled",
            parser=one_of(("greedy", "beam", "sampled")),
            help="The likeliest word each time, the likeliest caption, or drawn words.",
        ),
    ] = "greedy",
    num_beams: Annotated[
        int | None,
        typer.Option("--num-beams", show_default="4", help="Captions that a beam search follows."),
    ] = None,
    temperature: Annotated[
        float | None, typer.Option("--temperature", show_default="1", help="Of drawn words.")
    ] = None,
    top_p: Annotated[
        float | None,
        typer.Option(
            "--top-p",
            show_default="0.95",
            help="Draw among the likeliest words that have this probability together.",
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", show_default="random", help="Of drawn words.")
    ] = None,
    batch_size: Annotated[
        int, typer.Option("--batch-size", min=1, help="Pictures that are looked at together.")
    ] = 32,
    model: Annotated[
        str, typer.Option("--model", help="A known name or a model folder.")
    ] = BUILT_IN,
    device: Device = "auto",
) -> None:
    """Say what pictures show.

    Prints the caption of each picture, after its name if there are several. With --out writes a
    line of JSON for each instead: file_name, text, log_probability. What cannot be read, or is
    blank, is left out with a warning. Called metadata.jsonl and beside the pictures, the file makes
    them a training set.
    """
    from dall_e.inference.captioning import CaptionSettings

    # What is wrong with the settings or the file is said before a model is loaded.
    settings = CaptionSettings(
        language=language,  # type: ignore[arg-type]
        method=method,  # type: ignore[arg-type]
        num_beams=num_beams,
        temperature=temperature,
        top_p=top_p,
        seed=seed,
    )
    files = _files(images)
    common = {"language": language, "method": method, "model": model}
    done = _done(out, force, common) if out else []
    waiting = [file for file in files if _name(file, out) not in set(done)]

    pipeline = load(model, device)
    failed: list[str] = []
    with ProgressBar() as bar, steady_output() as say:
        for start in range(0, len(waiting), batch_size):
            batch = waiting[start : start + batch_size]
            lines = []
            for file, text, log_probability in _captioned(pipeline, batch, settings, failed):
                record = {"file_name": _name(file, out), "text": text}
                lines.append({**record, "log_probability": round(log_probability, 4), **common})
                if out is None:
                    say(text if len(files) == 1 else f"{file}: {text}")
            if out is not None:
                _append(out, lines)
            bar("captions", start + len(batch), len(waiting))

    _report(len(waiting), failed)
    if out is not None:
        print(out)


def _files(given: list[Path]) -> list[Path]:
    """All picture files that are named, and all in the folders that are named, each once.

    Raises FileNotFoundError for what is not there, and ValueError if there is no picture.
    """
    from dall_e.data.folders import image_files
    from dall_e.data.inventory import Inventory

    files: list[Path] = []
    for path in given:
        if path.is_dir():
            inventory = Inventory(root=str(path))
            files += image_files(path, inventory)
            if inventory.losses():
                warnings.warn(f"{path}: {inventory.losses()}", DallEWarning, stacklevel=3)
        elif path.exists():
            files.append(path)
        else:
            raise FileNotFoundError(f"there is no picture or folder {path}")
    if not files:
        raise ValueError(f"there is no picture in {', '.join(map(str, given))}")
    return list(dict.fromkeys(files))


def _name(file: Path, out: Path | None) -> str:
    """A file as its record calls it: seen from the record's folder, if it is in it."""
    folder = out.resolve().parent if out else None
    if folder and file.resolve().is_relative_to(folder):
        return file.resolve().relative_to(folder).as_posix()
    return os.fspath(file)


def _captioned(
    model: DALL_E, files: list[Path], settings: Any, failed: list[str]
) -> Iterator[tuple[Path, str, float]]:
    """Each file of a batch that can be read, with its caption; the others go to `failed`."""
    from dall_e.inference.captioning import readable_images

    images, problems = readable_images(files)
    failed += problems
    if images:
        told = model.captions_of([image for _, image in images], settings)
        for (file, _), captions in zip(images, told, strict=True):
            yield file, captions[0].text, captions[0].log_probability


def _report(asked: int, failed: list[str]) -> None:
    """Warn of pictures that were left out. Raises ValueError if all were."""
    if not failed:
        return
    shown = "; ".join(failed[:_NAMED])
    more = f"; and {len(failed) - _NAMED} more" if len(failed) > _NAMED else ""
    told = f"{len(failed)} of {asked} pictures have no caption: {shown}{more}"
    if len(failed) == asked:
        raise ValueError(told)
    warnings.warn(told, DallEWarning, stacklevel=2)


# The file of records


def _done(out: Path, force: bool, common: Record) -> list[str]:
    """Names of the pictures that a file of records has already; begins it if there is none.

    Raises UnusableFileError if the file is not from the same command, unless `force`.
    """
    if force or not out.exists():
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text("", encoding="utf-8")
        return []

    with naming(out):
        text = read_text(out, _MOST_BYTES)
    records, whole = _records(out, text)
    for record in records:
        differing = [name for name in _SAME if record.get(name) != common[name]]
        if differing:
            raise UnusableFileError(
                out,
                f"is there already, with other {' and '.join(differing)}",
                "give another name, or --force to overwrite it",
            )

    # A line that was cut short is written again.
    if len(whole) < len(text):
        out.write_text(whole, encoding="utf-8")
    return [record["file_name"] for record in records]


def _records(out: Path, text: str) -> tuple[list[Record], str]:
    """The records of a file, and its text up to the last whole line."""
    whole = text[: text.rfind("\n") + 1]
    records: list[Record] = []
    for line in whole.splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            record = None
        if not isinstance(record, dict) or not isinstance(record.get("file_name"), str):
            raise UnusableFileError(
                out,
                "is there already, and is no file of captions",
                "give another name, or --force to overwrite it",
            )
        records.append(record)
    return records, whole


def _append(out: Path, records: list[Record]) -> None:
    """Put records at the end of a file."""
    with out.open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
