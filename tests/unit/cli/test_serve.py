"""`dall-e serve` and `dall-e keys`."""

from __future__ import annotations

from pathlib import Path

import pytest

from dall_e.cli import run
from dall_e.serving.app import server_of
from dall_e.serving.running import DrainingServer


def test_keys_are_added_listed_and_revoked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = ["--keys", str(tmp_path / "keys.json")]
    assert run(["keys", "add", "alice", *file]) == 0
    key = capsys.readouterr().out.strip()
    assert key.startswith("dalle-")
    assert run(["keys", "list", *file]) == 0
    listed = capsys.readouterr().out
    assert "alice" in listed and key not in listed
    assert run(["keys", "revoke", "alice", *file]) == 0
    assert run(["keys", "revoke", "alice", *file]) == 1
    assert "has no key; these have one: nobody" in capsys.readouterr().err


def test_what_cannot_be_served_is_said_before_a_model_is_loaded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = ["--keys", str(tmp_path / "keys.json"), "--model", "no such model"]
    assert run(["serve", "--host", "0.0.0.0", *file]) == 1
    assert "--without-keys lets everybody in" in capsys.readouterr().err
    assert run(["serve", "--max-images", "0", *file]) == 1
    assert "max_images must be at least 1, got 0" in capsys.readouterr().err
    assert run(["serve", "--allow-origins", "example.org", *file]) == 1
    assert "an origin is like https://example.org" in capsys.readouterr().err
    assert run(["serve", *file]) == 1
    assert "no such model" in capsys.readouterr().err


def test_flags_arrive_where_they_count(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a key, on every address, as containers do it."""
    switched: list[float] = []
    monkeypatch.setattr("sys.setswitchinterval", switched.append)
    served: list[DrainingServer] = []

    def note(server: DrainingServer) -> None:
        served.append(server)

    monkeypatch.setattr(DrainingServer, "run", note)
    file = ["--keys", str(tmp_path / "keys.json")]
    assert run(["keys", "add", "alice", *file]) == 0
    command = ["serve", "--host", "0.0.0.0", "--port", "1234", "--device", "cpu"]
    command += ["--batch-size", "3", "--model", str(tiny_folder), *file]
    assert run(command) == 0
    config = served[0].config
    state = server_of(config.app)  # type: ignore[arg-type]
    assert switched == [0.0005]
    assert (config.host, config.port) == ("0.0.0.0", 1234)
    assert state.settings.batch_size == 3 and list(state.models) == ["tiny"]
    assert state.keys is not None and [key.name for key in state.keys.keys] == ["alice"]
    assert run([*command, "--model", str(tiny_folder)]) == 1
    assert run([*command, "--without-keys"]) == 0
    assert server_of(served[1].config.app).keys is None  # type: ignore[arg-type]
