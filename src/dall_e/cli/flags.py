"""Command-line flags made from a settings dataclass: one per field, its docstring as help, its
default written once."""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import typer

from dall_e.config import field_help

SHORT_NAMES = {"num_inference_steps": "steps", "guidance_scale": "guidance"}
"""Flags of sampling settings that people type often, by field."""


def _token_sampler(words: tuple[str, ...]) -> Callable[[str], str]:
    """Parser of a field that allows only some words."""

    def choose(text: str) -> str:
        if text not in words:
            raise typer.BadParameter(f"{text!r} is not one of {', '.join(words)}.")
        return text

    return choose


def _entries(text: str | tuple[Any, ...], kind: type, flag: str) -> tuple[Any, ...]:
    if isinstance(text, tuple):
        return text
    words = [word.strip() for word in text.split(",") if word.strip()]
    try:
        return tuple(kind(word) for word in words)
    except ValueError as error:
        raise typer.BadParameter(
            f"--{flag.replace('_', '-')} takes whole numbers, got {text!r}"
        ) from error


def _option(name: str, hint: Any, default: Any, text: str, shown: str | bool) -> inspect.Parameter:
    """One keyword parameter with the annotation that typer reads."""
    flag = "--" + name.replace("_", "-")
    kind: Any = str
    if get_origin(hint) is Literal:
        words = get_args(hint)
        option = typer.Option(
            flag,
            help=text,
            show_default=shown,
            parser=_token_sampler(words),
            metavar="|".join(words),
        )
    elif get_origin(hint) is tuple:
        assert get_args(hint) in ((str, ...), (int, ...)), f"no flag for a field of type {hint}"
        # A comma-separated list: shorter to type than one flag per word.
        default = default if default is None else ",".join(map(str, default))
        option = typer.Option(
            flag, help=f"{text} Comma-separated.", show_default=shown, metavar="A,B,..."
        )
    else:
        assert hint in (int, float, str, bool), f"no flag for a field of type {hint}"
        flags = (f"{flag}/--no-{flag[2:]}",) if hint is bool else (flag,)
        option = typer.Option(*flags, help=text, show_default=shown)
        kind = hint
    annotation: Any = Annotated[kind | None if default is None else kind, option]
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
    )


def with_flags(
    config_class: type,
    *,
    optional: str = "",
    names: dict[str, str] | None = None,
    shown: dict[str, str] | None = None,
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Gives a command one flag per field of `config_class`, and calls it with the built settings
    first.

    optional: flags have no default of their own (help shows this text instead), and the command
    gets a dict of the ones that were given.
    names: other flag names, by field.
    shown: what help shows as the default instead, by field.
    """
    hints = get_type_hints(config_class)
    texts = field_help(config_class)
    fields = [field for field in dataclasses.fields(config_class) if field.init]
    flag_names = {field.name: (names or {}).get(field.name, field.name) for field in fields}

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        own = list(inspect.signature(command, eval_str=True).parameters.values())[1:]
        made = [
            _option(
                flag_names[field.name],
                hints[field.name],
                None if optional else field.default,
                texts[field.name],
                (shown or {}).get(field.name) or optional or field.default not in ("", ()),
            )
            for field in fields
        ]

        @functools.wraps(command)
        def run(**values: Any) -> None:
            given = {field.name: values.pop(flag_names[field.name]) for field in fields}
            for field in fields:
                if get_origin(hints[field.name]) is tuple and given[field.name] is not None:
                    kind = get_args(hints[field.name])[0]
                    given[field.name] = _entries(given[field.name], kind, flag_names[field.name])
            if optional:
                command(
                    {name: value for name, value in given.items() if value is not None}, **values
                )
            else:
                command(config_class(**given), **values)

        del run.__wrapped__  # The signature below is the true one.
        run.__signature__ = inspect.Signature([*own, *made])  # type: ignore[attr-defined]
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in [*own, *made]}
        return run

    return decorate
