"""The flag that lets a command overwrite, and the check of those that were not given it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from dall_e.errors import UnusableFileError

Force = Annotated[
    bool, typer.Option("--force", help="Overwrite what is there already under the same name.")
]


def check_free(paths: Iterable[Path], force: bool) -> None:
    """Find out before the work whether it would overwrite something.

    Raises UnusableFileError that names the first file which is there already, unless `force`.
    """
    if force:
        return
    for path in paths:
        if path.exists():
            raise UnusableFileError(
                path, "is there already", "give another name, or --force to overwrite it"
            )


def check_free_model(folder: Path, run_folder: Path, force: bool) -> bool:
    """As `check_free`, for the model of a run: whether its files may take the place of others.

    Those of a command that was killed as it wrote the model may: the run is there, and of the model
    all but its config, which comes last.
    """
    from dall_e.checkpoints.store import CONFIG_FILE, MODEL_FILES
    from dall_e.training.run_folder import has_checkpoint

    there = [path for file in MODEL_FILES if (path := folder / file).exists()]
    if there and folder / CONFIG_FILE not in there and has_checkpoint(str(run_folder)):
        return True
    check_free(there, force)
    return force


def check_free_folder(folder: Path, force: bool) -> None:
    """As `check_free`, for a folder that will be replaced as a whole; an empty one is free."""
    if folder.is_dir() and not any(folder.iterdir()):
        return
    check_free([folder], force)
