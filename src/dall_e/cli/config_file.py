"""`--config FILE.toml`: settings of a command from a file; flags override them.

images = 20000
[optimizer]              # tables are for reading; a setting has one name wherever it stands
learning_rate = 1e-3
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import tomli
import typer

from dall_e.bounded_files import naming, read_text

_MOST_BYTES = 2**20
_NOT_SETTINGS = {"config_file", "help", "dry_run"}


def use_config_file(context: typer.Context, path: Path | None) -> Path | None:
    """Make the settings of a file the defaults of the command.

    Raises ValueError for a setting that the command has not, and UnusableFileError for a file that
    is no TOML.
    """
    if path is None:
        return None
    with naming(path, "it is no TOML file"):
        table = tomli.loads(read_text(path, _MOST_BYTES))
    values = dict(_flat(table))

    parameters = {str(parameter.name): parameter for parameter in context.command.params}
    known = parameters.keys() - _NOT_SETTINGS
    unknown = sorted(values.keys() - known)
    if unknown:
        raise ValueError(
            f"{path} has {', '.join(unknown)}, which `{_name_of(context)}` does not "
            f"know: its settings are {', '.join(sorted(known))}"
        )
    for name, value in values.items():
        # A flag that may be given several times takes a list; others have commas.
        if getattr(parameters[name], "multiple", False) and isinstance(value, str):
            values[name] = [each.strip() for each in value.split(",")]
    context.default_map = {**(context.default_map or {}), **values}
    return path


def _name_of(context: typer.Context) -> str:
    """The command as it is typed, whatever the program was started as."""
    *above, name = context.command_path.split()
    group = above[-1:] if len(above) > 1 else []
    return " ".join(["dall-e", *group, name])


def _flat(table: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Names and values out of all tables; a list as flags have it, with commas."""
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value)
        else:
            told = ",".join(map(str, value)) if isinstance(value, list) else value
            yield name.replace("-", "_"), told


ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        is_eager=True,
        callback=use_config_file,
        show_default=False,
        help="TOML file of settings by their names, in tables or not; flags override it.",
    ),
]
