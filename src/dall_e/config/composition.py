"""Settings that are made of parts, and their flat form.

A settings class may hold parts, which are settings classes themselves: a training run has its loop,
its optimiser, its batches. On the command line and in messages a setting goes by its own name alone
(`--learning-rate`), so a name may occur only once among the parts.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeVar, get_type_hints

from dall_e.config.base import field_help, require

Config = TypeVar("Config")


class Setting(NamedTuple):
    """One setting of a class or of one of its parts."""

    name: str
    """Its own name, which is unique."""
    part: str
    """Field that holds the part it belongs to; empty for a setting of the class itself."""
    kind: Any
    """Type of its value."""
    default: Any
    """Value if nothing is said."""
    help: str
    """The docstring under the field."""


def settings_of(config_class: Any) -> tuple[Setting, ...]:
    """Every setting of a class and of its parts, in the order of the fields.

    Raises ValueError if two of them have the same name.
    """
    return _settings_of(config_class)


@functools.cache
def _settings_of(config_class: Any) -> tuple[Setting, ...]:
    kinds = get_type_hints(config_class)
    texts = field_help(config_class)
    settings: list[Setting] = []

    for field in dataclasses.fields(config_class):
        kind = kinds[field.name]
        if dataclasses.is_dataclass(kind):
            for inner in settings_of(kind):
                default = getattr(field.default, inner.name)
                settings.append(inner._replace(part=field.name, default=default))
        else:
            settings.append(Setting(field.name, "", kind, field.default, texts[field.name]))

    names = [setting.name for setting in settings]
    repeated = sorted({name for name in names if names.count(name) > 1})
    require(not repeated, f"{config_class.__name__} has {', '.join(repeated)} more than once")
    return tuple(settings)


def flat_values(config: Any) -> dict[str, Any]:
    """The value of every setting of `config` and of its parts, by the setting's own name."""
    values: dict[str, Any] = {}
    for setting in settings_of(type(config)):
        owner = getattr(config, setting.part) if setting.part else config
        values[setting.name] = getattr(owner, setting.name)
    return values


def with_values(config: Config, values: Mapping[str, Any]) -> Config:
    """`config` with some settings changed, each named by its own name, whatever part it is in.

    Raises ValueError for a name that it does not have, and as its checks do.
    """
    parts = {setting.name: setting.part for setting in settings_of(type(config))}
    unknown = sorted(values.keys() - parts.keys())
    require(not unknown, f"{type(config).__name__} has no setting named {', '.join(unknown)}")

    # Gathered by part, so that each part is checked once, with all of its changes.
    by_part: dict[str, dict[str, Any]] = {}
    for name, value in values.items():
        by_part.setdefault(parts[name], {})[name] = value

    changes = by_part.pop("", {})
    for part, part_values in by_part.items():
        changes[part] = dataclasses.replace(getattr(config, part), **part_values)
    changed: Config = dataclasses.replace(config, **changes)  # type: ignore[type-var]
    return changed


def flattened(values: Mapping[str, Any]) -> dict[str, Any]:
    """Stored settings (`dataclasses.asdict`) in flat form; flat ones come back as they are."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat |= value
        else:
            flat[name] = value
    return flat
