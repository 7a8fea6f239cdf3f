"""Groups of commands whose modules are imported, and whose flags are made, when one is called.

To make the flags of every command takes longer than many a command. A group knows the names of its
commands and where each is; help of the whole group asks them all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

from dall_e.cli.paths import ExpandingCommand


class _Commands(MutableMapping[str, Any]):
    """Commands by name, each made when it is first asked for."""

    def __init__(self, places: Mapping[str, str], made: Mapping[str, Any]) -> None:
        self._places = dict(places)
        self._made = dict(made)

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            self._made[name] = _made(name, self._places[name])
        return self._made[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._made[name] = command

    def __delitem__(self, name: str) -> None:
        self._places.pop(name, None)
        self._made.pop(name, None)

    def __iter__(self) -> Iterator[str]:
        yield from dict.fromkeys((*self._places, *self._made))

    def __len__(self) -> int:
        return len(self._places.keys() | self._made.keys())

    def __contains__(self, name: object) -> bool:
        return name in self._places or name in self._made


def lazy_group(places: Mapping[str, str]) -> type[TyperGroup]:
    """Make a class of groups, for `typer.Typer(cls=...)`, whose commands are at `places`.

    places: "module:function" in `dall_e.cli` by the name of the command, in the order of help.
    """

    class LazyGroup(TyperGroup):
        def __init__(self, *, commands: Mapping[str, Any] | None = None, **more: Any) -> None:
            super().__init__(**more)
            self.commands = _Commands(places, commands or {})

        def list_commands(self, ctx: Any) -> list[str]:
            """The names in the order of help, without a command made."""
            return list(self.commands)

    return LazyGroup


def _made(name: str, place: str) -> Any:
    """The command of a function of `dall_e.cli`, as typer makes it."""
    module, _, function = place.partition(":")
    alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    callback = getattr(import_module(f"dall_e.cli.{module}"), function)
    alone.command(name, cls=ExpandingCommand)(callback)
    return typer.main.get_command(alone)
