"""Flags are the fields of a dataclass: names, types, help and defaults."""

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal

import pytest
import typer
from typer.testing import CliRunner

from dall_e.cli.flags import with_flags


@dataclass(frozen=True, kw_only=True)
class Output:
    """A part of the settings."""

    out: str = "there"
    """Folder to write."""
    format: str = "png"
    """What to write."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings of a test."""

    output: Output = Output(out="here")
    """Where it goes."""
    batch_size: int = 3
    """Pictures per step."""
    rate: float = 0.5
    """Speed."""
    loud: bool = False
    """Say more."""
    kind: Literal["cat", "dog"] = "cat"
    """Which animal."""
    words: tuple[str, ...] = ("a", "b")
    """Some words."""


def run(arguments: list[str], **options: Any) -> tuple[int, str, list[Any]]:
    seen: list[Any] = []
    app = typer.Typer(rich_markup_mode=None)

    @app.command()
    @with_flags(Settings, **options)
    def command(settings: Any, name: str, *, dry: bool = False) -> None:
        """Does a thing."""
        seen.extend([settings, name, dry])

    result = CliRunner().invoke(app, arguments)
    return result.exit_code, result.output, seen


def test_defaults_are_those_of_the_dataclass_and_its_parts() -> None:
    assert run(["x"]) == (0, "", [Settings(), "x", False])


def test_all_kinds_of_fields() -> None:
    flags = "x --dry --out far --batch-size 7 --rate 1e-3 --loud --kind dog --words c,d".split()
    expected = Settings(
        output=Output(out="far"),
        batch_size=7,
        rate=1e-3,
        loud=True,
        kind="dog",
        words=("c", "d"),
    )
    assert run(flags) == (0, "", [expected, "x", True])


def test_help_is_the_docstring_under_the_field() -> None:
    code, text, _ = run(["--help"])
    assert code == 0
    pieces = (
        "Does a thing.",
        "--batch-size",
        "Pictures per step.",
        "Folder to write.",
        "here",
        "--no-loud",
        "cat|dog",
        "0.5",
    )
    assert all(piece in text for piece in pieces)
    assert "[default: (own)]" in run(["--help"], optional="own")[1]


def test_optional_flags_give_only_what_was_said() -> None:
    assert run(["x"], optional="own") == (0, "", [{}, "x", False])
    flags = "x --size 7 --no-loud --kind dog --words c".split()
    given = {"batch_size": 7, "loud": False, "kind": "dog", "words": ("c",)}
    assert run(flags, optional="own", names={"batch_size": "size"}) == (0, "", [given, "x", False])


@pytest.mark.parametrize("flags", [["--kind", "cow"], ["--batch-size", "many"], ["--bogus"]])
def test_wrong_values_are_usage_errors(flags: list[str]) -> None:
    code, text, seen = run(["x", *flags])
    assert code == 2 and flags[0] in text and not seen


def test_every_field_has_help() -> None:
    from dall_e import config

    for value in vars(config).values():
        if isinstance(value, type) and dataclasses.is_dataclass(value):
            assert set(config.field_help(value)) >= {
                field.name for field in dataclasses.fields(value)
            }
