"""Only the command that is called is imported, and help still shows all of them."""

import subprocess
import sys
from typing import Any

import pytest
import typer

from dall_e import cli
from dall_e.cli import app, run

Capture = pytest.CaptureFixture[str]


def modules_after(*command: str) -> set[str]:
    """The modules of the command line that a fresh process has after a command."""
    code = (
        f"import sys; from dall_e.cli import run; run({list(command)!r}); "
        "print(*(name for name in sys.modules if name.startswith('dall_e.c')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


def leaves(command: Any, *names: str) -> list[tuple[tuple[str, ...], Any]]:
    """Every command of a group and its groups, with its names."""
    if not hasattr(command, "commands"):
        return [(names, command)]
    return [
        leaf for name, inner in command.commands.items() for leaf in leaves(inner, *names, name)
    ]


@pytest.mark.parametrize("command", [("styles",), ("keys", "list", "--help"), ("generate", "-h")])
def test_other_commands_are_not_imported(command: tuple[str, ...]) -> None:
    modules = modules_after(*command)
    assert f"dall_e.cli.{command[0]}" in modules
    others = {f"dall_e.cli.{name}" for name in ("train", "caption", "serve", "export", "data")}
    assert not others & modules


def test_the_settings_of_other_stages_cost_no_torch() -> None:
    assert "dall_e.checkpoints.store" not in modules_after("train", "tokenizer", "--help")


def test_help_shows_every_command_with_a_line(capsys: Capture) -> None:
    assert run(["--help"]) == 0
    lines = [line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines()]
    shown = {line[0]: line[1] for line in lines if len(line) == 2}
    group: Any = typer.main.get_command(app)
    assert list(group.commands)[0] == "generate" and len(group.commands) == 30
    for name, command in group.commands.items():
        assert shown[name].startswith(command.get_short_help_str(20).removesuffix("..."))


def test_every_command_can_be_made() -> None:
    made = leaves(typer.main.get_command(app))
    names = [" ".join(each) for each, _ in made]
    assert {"generate", "train all", "data build", "keys revoke", "zoo verify"} <= set(names)
    assert all(command.name == each[-1] and command.help for each, command in made)


def test_a_misspelt_command_is_told_the_right_one(capsys: Capture) -> None:
    assert run(["generat"]) == 2
    assert "'generate'" in capsys.readouterr().err


def test_a_library_that_finds_no_room_is_too_little_memory(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    def fail(*_arguments: Any, **_keywords: Any) -> None:
        raise ImportError("libtorch_cpu.so: failed to map segment from shared object")

    monkeypatch.setattr(cli, "_all_commands", lambda: fail)
    assert run(["styles"]) == 1
    assert capsys.readouterr().err.startswith("dall-e: error: not enough memory")
