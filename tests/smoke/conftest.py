"""The command `dall-e` for scripts and pages: as a program, without a second of imports each."""

import json
import os
import runpy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dall_e.checkpoints import known_models

SERVER = Path(__file__).with_name("command_server.py")


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A program `dall-e`, alone in its folder. The process behind it starts with the first use."""
    folder = tmp_path_factory.mktemp("program")
    path = folder / "socket"
    client = runpy.run_path(str(SERVER))["CLIENT"]
    (folder / "bin").mkdir()
    program = folder / "bin" / "dall-e"
    program.write_text(client.format(python=sys.executable, path=str(path)), encoding="utf-8")
    program.chmod(0o755)
    # What tests ask for is so little that threads would only wait for each other.
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        [sys.executable, str(SERVER), str(path)], env=environment, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None and server.stdout.readline() == "ready\n"
        yield program
        server.kill()


@pytest.fixture(scope="session")
def hasty_built_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built-in model as it is, but that it draws in few steps unless told otherwise."""
    folder = tmp_path_factory.mktemp("models") / "built-in"
    folder.mkdir()
    for path in known_models.find_model(known_models.BUILT_IN).iterdir():
        (folder / path.name).symlink_to(path)

    settings = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    settings["model"]["sampling"]["num_inference_steps"] = 6
    (folder / "config.json").unlink()
    (folder / "config.json").write_text(json.dumps(settings), encoding="utf-8")
    return folder


@pytest.fixture
def hasty(hasty_built_in: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the built-in model draw in few steps: what pages say is run, and nobody looks."""
    monkeypatch.setattr(known_models, "_built_in_folder", lambda: hasty_built_in)
