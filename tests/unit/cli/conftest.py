"""The command line with the tiny model, for every test that draws by it."""

from pathlib import Path

import pytest

from dall_e.cli import run


@pytest.fixture
def draw(
    tiny_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    """Runs a command with the tiny model in an empty folder: (exit code, printed lines, stderr)."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str, command: str = "generate") -> tuple[int, list[str], str]:
        code = run([command, *arguments, "--model", str(tiny_folder), "--device", "cpu"])
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return code, captured.out.splitlines(), captured.err

    return call
