"""What all settings share: checks of kinds and ranges, help texts, and reading them from JSON.

Standard library only, so that reading a setting never costs an import of torch. The text under a
field is its help: `field_help` reads it and the command line shows it.
"""

from __future__ import annotations

import ast
import dataclasses
import functools
import inspect
import math
import numbers
import sys
import textwrap
import warnings
from typing import Any, Literal, get_args, get_origin, get_type_hints

from dall_e.errors import DallEWarning

_LONGEST_NAME = 40
"""Characters of a style or of a subject: both are said in every caption."""
_NO_PART_OF_NAMES = "|,:#\n"
"""These mean something else in a vocabulary or in a caption."""


def require(condition: bool, message: str) -> None:
    """Raises ValueError with the message unless the condition holds."""
    if not condition:
        raise ValueError(message)


@functools.cache
def _kinds(config_class: Any) -> dict[str, Any]:
    hints = get_type_hints(config_class)
    return {field.name: hints[field.name] for field in dataclasses.fields(config_class)}


def check_kinds(settings: Any) -> None:
    """Check that every field holds the kind of value that its type says.

    Raises ValueError for another kind, and for a number that is not finite.
    """
    config_class: Any = type(settings)
    for name, hint in _kinds(config_class).items():
        value = getattr(settings, name)
        problem = _kind_problem(value, hint)
        require(not problem, f"{name} must be {problem}, got {value!r}")


def _kind_problem(value: Any, hint: Any) -> str:
    """What a value of the type `hint` must be, if `value` is not that; else nothing."""
    if get_origin(hint) is Literal:
        return "" if value in get_args(hint) else f"one of {', '.join(get_args(hint))}"

    if get_origin(hint) is tuple:
        kind = get_args(hint)[0]
        fits = isinstance(value, tuple) and not any(_kind_problem(entry, kind) for entry in value)
        return "" if fits else f"a list of {'texts' if kind is str else 'whole numbers'}"

    # True and False are numbers to Python; as a setting they are a mistake.
    is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if hint is int:
        return "" if is_number and isinstance(value, numbers.Integral) else "a whole number"
    if hint is float:
        return "" if is_number and math.isfinite(value) else "a finite number"

    if isinstance(value, hint):
        return ""
    return {bool: "True or False", str: "a text"}.get(hint, f"a {getattr(hint, '__name__', hint)}")


_MOST = (
    ("layers", 1000), ("blocks", 1000), ("heads", 1024), ("image_size", 8192), ("grid_size", 128),
    ("tokens", 16384),
)  # fmt: skip
"""The largest value of a size, by the end of its name: far above what any network has."""
_MOST_OF_OTHERS = 1 << 20
_MOST_ENTRIES = 16
_WIDEST_HEAD = 1024


def check_sizes(settings: Any) -> None:
    """Check that no size of a network is beyond all networks, before memory is taken for it.

    Raises ValueError that names the setting and the limit.
    """
    config_class: Any = type(settings)
    for name, hint in _kinds(config_class).items():
        value = getattr(settings, name)
        if hint is not int and hint != tuple[int, ...]:
            continue
        numbers_held = value if isinstance(value, tuple) else (value,)
        most = next((most for end, most in _MOST if name.endswith(end)), _MOST_OF_OTHERS)
        require(
            len(numbers_held) <= _MOST_ENTRIES,
            f"{name} has {len(numbers_held)} entries, at most {_MOST_ENTRIES} are read",
        )
        require(
            all(number <= most for number in numbers_held),
            f"{name} must be at most {most}, got {value}",
        )

    is_transformer = getattr(settings, "num_layers", 1) > 0
    width, num_heads = getattr(settings, "width", 0), getattr(settings, "num_heads", 1)
    require(
        not is_transformer or width <= _WIDEST_HEAD * max(1, num_heads),
        f"width {width} is more than {_WIDEST_HEAD} for each of {num_heads} heads",
    )


def check_at_least(settings: Any, least: float, *names: str) -> None:
    """Raises ValueError if a field of these names, or an entry of it, is below `least`."""
    for name in names:
        value = getattr(settings, name)
        for number in value if isinstance(value, tuple) else (value,):
            require(number >= least, f"{name} must be at least {least}, got {value}")


def check_fractions(settings: Any, *names: str) -> None:
    """Raises ValueError if a field of these names is not between 0 and 1."""
    for name in names:
        value = getattr(settings, name)
        require(0 <= value <= 1, f"{name} must be in [0, 1], got {value}")


def check_name(what: str, name: str) -> None:
    """Raises ValueError for a name that cannot stand in captions and in a vocabulary."""
    require(
        len(name) <= _LONGEST_NAME,
        f"{what} may have {_LONGEST_NAME} characters, got {len(name)}: {name!r}",
    )
    bad = sorted(set(name) & set(_NO_PART_OF_NAMES))
    require(not bad, f"{what} {name!r} must not have {' '.join(map(repr, bad))} in it")
    require(name == name.strip(), f"{what} {name!r} must not begin or end with a blank")


def field_help(config_class: type) -> dict[str, str]:
    """The docstring under each field of a dataclass and of its bases, by field name."""
    texts: dict[str, str] = {}
    for base in reversed(config_class.__mro__):
        if dataclasses.is_dataclass(base):
            texts |= _texts_under_fields(_definition(base))
    return texts


def _definition(owner: type) -> ast.ClassDef:
    """The source of a class. One at the top of its module is looked up in the module, read once."""
    found = _definitions(owner.__module__).get(owner.__qualname__)
    if found is None:
        (found,) = ast.parse(textwrap.dedent(inspect.getsource(owner))).body  # type: ignore[assignment]
    assert isinstance(found, ast.ClassDef)
    return found


@functools.cache
def _definitions(module: str) -> dict[str, ast.ClassDef]:
    """The classes at the top of a module, by name: `inspect` reads the whole file for each."""
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    return {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}


def _texts_under_fields(tree: ast.ClassDef) -> dict[str, str]:
    texts: dict[str, str] = {}
    for node, following in zip(tree.body, tree.body[1:], strict=False):
        is_field = isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
        is_text = isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant)
        if is_field and is_text:
            texts[node.target.id] = " ".join(str(following.value.value).split())  # type: ignore[attr-defined]
    return texts


REMOVED_SETTINGS: dict[str, dict[str, Any]] = {
    "SamplingConfig": {
        "inbetween": False,
        "correction_rounds": 0,
        "correction_share": None,
        "guidance_ramp": False,
    },
    "TokenizerConfig": {"quantizer": "fsq", "vq_codes": None, "vq_width": None},
}
"""Settings of older versions, each with the value that changed nothing; None if none did."""

RENAMED_SETTINGS: dict[str, dict[str, str]] = {
    "ModelConfig": {"companion": "dual_encoder"},
    "LeftToRightConfig": {"sight": "attention_mask"},
}
"""Settings as older versions called them, and as they are called now."""


def as_this_version_has_them(owner: str, values: dict[str, Any]) -> dict[str, Any]:
    """Values of a settings class that an older version may have written, under today's names.

    Settings that are gone are left out; one warning names those that did something.
    """
    renamed = RENAMED_SETTINGS.get(owner, {})
    values = {renamed.get(name, name): value for name, value in values.items()}
    removed = REMOVED_SETTINGS.get(owner, {})

    lost = [
        name
        for name in sorted(removed.keys() & values.keys())
        if removed[name] is not None and removed[name] != values[name]
    ]
    if lost:
        names = ", ".join(lost)
        warnings.warn(
            f"settings that this version no longer has are ignored: {names}",
            DallEWarning,
            stacklevel=4,
        )
    return {name: value for name, value in values.items() if name not in removed}


def build_settings(config_class: type, values: dict[str, Any]) -> Any:
    """Build a settings class from what JSON held.

    Raises ValueError on an unknown or ill-typed entry.
    """
    require(
        isinstance(values, dict),
        f"{config_class.__name__} needs a table of settings, got {values!r}",
    )
    values = as_this_version_has_them(config_class.__name__, values)

    known = {field.name for field in dataclasses.fields(config_class)}
    unknown = sorted(set(values) - known)
    require(not unknown, f"{config_class.__name__} has no setting named {', '.join(unknown)}")

    # JSON has lists where settings have tuples.
    tupled = {
        key: tuple(value) if isinstance(value, list) else value for key, value in values.items()
    }
    try:
        return config_class(**tupled)
    except TypeError as error:
        raise ValueError(f"{config_class.__name__}: {error}") from error
