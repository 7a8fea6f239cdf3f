"""`dall-e styles` lists what can be asked for."""

from pathlib import Path

import pytest

from dall_e.cli import run
from dall_e.images.effects.catalogue import EFFECTS


def test_styles_are_listed_with_the_learned_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["styles"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[0].strip() for line in lines[: len(EFFECTS)]] == list(EFFECTS)
    assert any("flat style" in line and "learned" in line for line in lines[len(EFFECTS) :])
    assert run(["styles", "--words"]) == 0
    assert "8-bit" in capsys.readouterr().out


def test_models_without_a_vocabulary_have_no_learned_ones(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["styles", "--model", str(tmp_path)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(EFFECTS)
    assert run(["styles", "--model", "openai/dall-e"]) == 1
    assert "read styles in the prompt" in capsys.readouterr().err
