"""Commands that are made of other commands of ours: shown as they are typed, and run."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence

import typer


def call(arguments: Sequence[str], *, dry: bool = False, by_all: bool = False) -> None:
    """Show a command, and run it unless this is `dry`. Raises typer.Exit if it fails.

    Where a launcher started several processes, the main one runs it and the others wait, unless
    they share the work (`by_all`): all call this together.
    """
    from dall_e.cli import run
    from dall_e.runtime import is_main_process, num_launched

    is_main = is_main_process() or num_launched() == 1
    if is_main:
        print(f"dall-e: {shlex.join(['dall-e', *arguments])}", file=sys.stderr, flush=True)
    code = 0 if dry or not (by_all or is_main) else run(list(arguments))
    if num_launched() > 1 and not by_all:
        from dall_e.training.processes import from_all

        code = max(from_all(code))
    if code:
        raise typer.Exit(code)
