"""Versions and hardware."""

from pathlib import Path

import pytest

from dall_e import __version__
from dall_e.checkpoints import known_models
from dall_e.cli import run


def test_env_tells_versions(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["env"]) == 0
    text = capsys.readouterr().out
    assert __version__ in text and "torch" in text and "built-in model" in text


def test_a_built_in_model_that_is_not_there_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(known_models, "find_model", lambda name: tmp_path)
    assert run(["env"]) == 0
    assert "built-in model  not usable: " in capsys.readouterr().out
