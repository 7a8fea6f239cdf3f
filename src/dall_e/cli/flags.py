"""Command-line flags made from a settings dataclass: one per field, its docstring as help, its default written once."""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import typer

from dall_e.config import field_help


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Choice:
    """Parser of a field that allows only some words."""

    words: tuple[str, ...]

    @property
    def __name__(self) -> str:
        return "|".join(self.words)

    def __call__(self, text: str) -> str:
        if text not in self.words:
            raise typer.BadParameter(f"{text!r} is not one of {', '.join(self.words)}.")
        return text


def _words(text: str | tuple[str, ...]) -> tuple[str, ...]:
    if isinstance(text, tuple):
        return text
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _option(name: str, hint: Any, default: Any, text: str) -> inspect.Parameter:
    """One keyword parameter with the annotation that typer reads."""
    flag = "--" + name.replace("_", "-")
    optional = default is None
    shown: Any = "the model's own" if optional else True
    if get_origin(hint) is Literal:
        option = typer.Option(flag, help=text, show_default=shown, parser=_Choice(words=get_args(hint)))
        kind: Any = str
    elif get_origin(hint) is tuple:
        assert get_args(hint) == (str, ...), f"no flag for a field of type {hint}"
        # A comma-separated list: shorter to type than one flag per word.
        default = ",".join(default)
        option = typer.Option(flag, help=f"{text} Comma-separated.", show_default=bool(default), metavar="A,B,...")
        kind = str
    else:
        assert hint in (int, float, str, bool), f"no flag for a field of type {hint}"
        flags = (f"{flag}/--no-{flag[2:]}",) if hint is bool else (flag,)
        option = typer.Option(*flags, help=text, show_default=shown if default != "" else False)
        kind = hint
    annotation = Annotated[kind | None if optional else kind, option]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def with_flags(
    config_class: type, *, optional: bool = False, names: dict[str, str] | None = None
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Gives a command one flag per field of `config_class`, and calls it with the built settings first.

    optional: flags have no default of their own, and the command gets a dict of the ones that were given instead.
    names: other flag names, by field.
    """
    hints = get_type_hints(config_class)
    texts = field_help(config_class)
    fields = [field for field in dataclasses.fields(config_class) if field.init]
    flag_names = {field.name: (names or {}).get(field.name, field.name) for field in fields}

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        own = list(inspect.signature(command, eval_str=True).parameters.values())[1:]
        made = [
            _option(flag_names[field.name], hints[field.name], None if optional else field.default, texts[field.name])
            for field in fields
        ]

        @functools.wraps(command)
        def run(**values: Any) -> None:
            given = {field.name: values.pop(flag_names[field.name]) for field in fields}
            for field in fields:
                if get_origin(hints[field.name]) is tuple and given[field.name] is not None:
                    given[field.name] = _words(given[field.name])
            if optional:
                command({name: value for name, value in given.items() if value is not None}, **values)
            else:
                command(config_class(**given), **values)

        del run.__wrapped__  # type: ignore[attr-defined]  # The signature below is the true one.
        run.__signature__ = inspect.Signature([*own, *made])  # type: ignore[attr-defined]
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in [*own, *made]}
        return run

    return decorate
