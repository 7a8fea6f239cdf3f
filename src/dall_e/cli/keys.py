"""`dall-e keys`: who may use a server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from dall_e.serving.keys import KeyFile

File = Annotated[
    Path | None,
    typer.Option(
        "--keys",
        metavar="FILE",
        show_default="keys.json among the settings of this user",
        help="File with the hashes of keys.",
    ),
]
Name = Annotated[str, typer.Argument(help="Whose key it is.", show_default=False)]


def add(name: Name, *, keys: File = None) -> None:
    """Make a key for somebody, and print it. It is shown once: the file holds its hash alone."""
    print(key_file(keys).add(name))


def list_keys(*, keys: File = None) -> None:
    """List who has a key, and since when (UTC)."""
    for key in key_file(keys).keys:
        print(f"{key.created}  {key.name}")


def revoke(name: Name, *, keys: File = None) -> None:
    """Forget the key of somebody. A server that runs lets it in no more."""
    key_file(keys).revoke(name)


def key_file(path: Path | None) -> KeyFile:
    """The file of keys that is meant; it may be missing."""
    from dall_e.serving.keys import KeyFile

    return KeyFile(path or Path(typer.get_app_dir("dall-e")) / "keys.json")
