"""Paths on the command line: `~` is the home folder, also where the shell leaves it alone.

A shell expands `~/data` but not `--data=~/data`, and nothing at all is expanded in a `Makefile`'s
or another program's list of arguments.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand

_TEXTS = {"prompts", "prompt", "before", "after", "negative", "text", "name", "model_version"}
"""Parameters that are never paths."""


class ExpandingCommand(TyperCommand):
    """A command whose paths may begin with `~`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse as usual, and then expand every value but those that are texts."""
        rest = super().parse_args(ctx, args)
        for name, value in ctx.params.items():
            if name not in _TEXTS:
                ctx.params[name] = expanded(value)
        return rest


def absolute(name: str) -> str:
    """Return a file or folder as a process that works elsewhere finds it; other names as they are.

    A model's name, or an address such as s3://bucket, is none.
    """
    path = Path(name)
    return str(path.absolute()) if name and path.exists() else name


def expanded(value: Any) -> Any:
    """A path, or a list of paths, with the home folder for `~`; anything else as it is.

    Raises BadParameter where nobody knows the home folder.
    """
    if isinstance(value, list | tuple):
        return type(value)(expanded(each) for each in value)
    if not isinstance(value, str | Path) or not str(value).startswith("~"):
        return value

    found = os.path.expanduser(value)
    is_unknown = found == str(value) and str(value).split(os.sep)[0] == "~"
    if is_unknown:
        raise typer.BadParameter(f"{value}: this user has no home folder; give the whole path")
    return type(value)(found)
