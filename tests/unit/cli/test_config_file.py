"""`--config FILE.toml`: settings from a file, flags over them, and what is wrong with a file."""

from pathlib import Path
from typing import Any

import pytest

from dall_e.cli import run
from dall_e.config import GeneratorTraining, with_values

FILE = """
images = 999
[optimizer]
learning-rate = 2e-4
[batches]
style = "crayon"
[loop]
track = "none"
"""


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    configs: list[Any] = []
    for stage in ("generator", "adversarial"):
        monkeypatch.setattr(
            f"dall_e.training.{stage}_stage.run_{stage}_training",
            lambda config, dry_run: configs.append(config),
        )
    return configs


def test_flags_override_the_file_which_overrides_defaults(seen: list[Any], tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(FILE)
    assert run(["train", "generator", "--config", str(path), "--images", "7"]) == 0
    told = {"images": 7, "learning_rate": 2e-4, "style": "crayon", "track": "none"}
    assert seen == [with_values(GeneratorTraining(), told)]

    # A list is as flags have it.
    path.write_text("fake_steps = [4, 8]\nfakes = 4096\n")
    assert run(["train", "adversarial", "--config", str(path)]) == 0
    assert seen[1].game.fake_steps == (4, 8)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("imags = 3", "has imags, which `dall-e train generator` does not know"),
        ("images = ", "is no TOML file"),
        ("images = -1", "images must be at least 1, got -1"),
    ],
)
def test_a_file_that_is_wrong_is_named(
    text: str, problem: str, seen: list[Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    assert run(["train", "generator", "--config", str(path)]) == 1
    told = capsys.readouterr().err
    assert problem in told and "Traceback" not in told and not seen
    assert run(["train", "generator", "--config", str(tmp_path / "nowhere.toml")]) == 1
    assert "nowhere.toml" in capsys.readouterr().err
