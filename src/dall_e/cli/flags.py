"""Command-line flags made from a settings class: one per setting, its docstring as help.

A class that is made of parts has the flags of all its parts, each by its own name
(`config/composition.py`). A default is written once, in the class.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, get_args, get_origin

import typer

from dall_e.config import settings_of, with_values
from dall_e.config.composition import Setting

SHORT_NAMES = {"num_inference_steps": "steps", "guidance_scale": "guidance"}
"""Flags of sampling settings that people type often, by setting."""

Command = Callable[..., None]


def with_flags(
    config_class: type,
    *,
    optional: str = "",
    names: Mapping[str, str] | None = None,
    shown: Mapping[str, str] | None = None,
) -> Callable[[Command], Command]:
    """Give a command one flag per setting of `config_class`, and call it with the settings first.

    With `optional`, flags have no default of their own (help shows this text instead), and the
    command gets a dict of the ones that were given. `names` are other names of flags, by setting,
    and `shown` what help shows as the default instead.
    """
    settings = settings_of(config_class)
    names = {setting.name: (names or {}).get(setting.name, setting.name) for setting in settings}

    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def run(**arguments: Any) -> None:
            given: dict[str, Any] = {}
            for setting in settings:
                value = arguments.pop(names[setting.name])
                if value is not None:
                    given[setting.name] = _parsed(value, setting, names[setting.name])
            command(given if optional else with_values(config_class(), given), **arguments)

        # The command's own parameters, but for the settings, and then the flags.
        parameters = list(inspect.signature(command, eval_str=True).parameters.values())[1:]
        parameters += [
            _flag(setting, names[setting.name], optional, (shown or {}).get(setting.name, ""))
            for setting in settings
        ]
        del run.__wrapped__  # The signature below is the true one.
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return run

    return decorate


def _flag(setting: Setting, name: str, optional: str, shown: str) -> inspect.Parameter:
    """One keyword parameter with the annotation that typer reads."""
    flag = "--" + name.replace("_", "-")
    default = None if optional else setting.default
    more: dict[str, Any] = {
        "help": setting.help,
        "show_default": shown or optional or setting.default not in ("", ()),
    }

    # What typer reads: words and lists as text.
    kind: Any = str
    if get_origin(setting.kind) is Literal:
        words = get_args(setting.kind)
        more |= {"parser": one_of(words), "metavar": "|".join(words)}
    elif get_origin(setting.kind) is tuple:
        assert get_args(setting.kind) in ((str, ...), (int, ...)), f"no flag for {setting.kind}"
        # A comma-separated list: shorter to type than one flag per word.
        default = None if default is None else ",".join(map(str, default))
        more |= {"help": f"{setting.help} Comma-separated.", "metavar": "A,B,..."}
    else:
        assert setting.kind in (int, float, str, bool), f"no flag for {setting.kind}"
        kind = setting.kind
        if kind is bool:
            flag = f"{flag}/--no-{flag[2:]}"

    annotation: Any = Annotated[kind | None if optional else kind, typer.Option(flag, **more)]
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
    )


def one_of(words: tuple[str, ...]) -> Callable[[str], str]:
    """Parser of a flag that allows only some words."""

    def choose(text: str) -> str:
        if text not in words:
            raise typer.BadParameter(f"{text!r} is not one of {', '.join(words)}.")
        return text

    return choose


def _parsed(value: Any, setting: Setting, name: str) -> Any:
    """The value of a flag; a list is split at its commas."""
    if get_origin(setting.kind) is not tuple or isinstance(value, tuple):
        return value
    kind = get_args(setting.kind)[0]
    words = [word.strip() for word in value.split(",") if word.strip()]
    try:
        return tuple(kind(word) for word in words)
    except ValueError as error:
        raise typer.BadParameter(
            f"--{name.replace('_', '-')} takes whole numbers, got {value!r}"
        ) from error
