"""Commands that are made of other commands of ours: shown as they are typed, and run."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence

import typer


def call(arguments: Sequence[str], *, dry: bool = False) -> None:
    """Show a command, and run it unless this is `dry`. Raises typer.Exit if it fails."""
    from dall_e.cli import run

    print(f"dall-e: {shlex.join(['dall-e', *arguments])}", file=sys.stderr, flush=True)
    code = 0 if dry else run(list(arguments))
    if code:
        raise typer.Exit(code)
