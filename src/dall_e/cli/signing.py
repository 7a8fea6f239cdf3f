"""Flags of commands that sign the pictures that they write."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from dall_e.images.credentials import Credentials

Signing = Annotated[
    tuple[Path, Path] | None,
    typer.Option(
        "--c2pa",
        metavar="CERTIFICATES KEY",
        show_default=False,
        help="Sign each picture with Content Credentials: PEM files of a chain of certificates and "
        "of its key. Needs the extra `c2pa`.",
    ),
]
SigningPrompt = Annotated[
    bool,
    typer.Option("--c2pa-prompt", help="Also let the credentials say prompt, seed and model."),
]


def credentials_of(files: tuple[Path, Path] | None, *, with_prompt: bool) -> Credentials | None:
    """What signs pictures, if anything does. Raises ValueError for files that cannot sign."""
    if files is None:
        if with_prompt:
            raise ValueError("--c2pa-prompt says what --c2pa signs: give its two files, too")
        return None
    from dall_e.images.credentials import Credentials

    return Credentials.from_files(*files, with_prompt=with_prompt)
