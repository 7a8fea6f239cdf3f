"""What can be loaded, the version, and help for every command."""

from pathlib import Path

import pytest

from dall_e import __version__
from dall_e.cli import run


def test_models_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["models"]) == 0
    text = capsys.readouterr().out
    assert "dall-e-emoji" in text and "openai/dall-e" in text and "built in" in text


def test_the_docs_have_the_table_of_models(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["models", "--markdown"]) == 0
    table = capsys.readouterr().out
    assert table.count("\n| `") > 8
    page = Path(__file__).parents[3] / "docs" / "reference" / "published_models.md"
    assert table in page.read_text(encoding="utf-8"), (
        f"put what `dall-e models --markdown` prints into {page.name}"
    )


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"dall-e {__version__}\n"


COMMANDS = "generate,reproduce,describe,convert,gallery,export,models,env,"
COMMANDS += "train tokenizer,train generator,data build,data show"


@pytest.mark.parametrize("command", COMMANDS.split(","))
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*command.split(), "--help"]) == 0
    assert len(capsys.readouterr().out.splitlines()) > 4


def test_an_unknown_command_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["generat"]) == 2
    assert "generat" in capsys.readouterr().err
