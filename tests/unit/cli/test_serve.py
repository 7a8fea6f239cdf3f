"""`dall-e serve` and `dall-e keys`."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import dall_e
from dall_e.cli import run
from dall_e.serving.app import server_of
from dall_e.serving.running import DrainingServer

PACKAGE = Path(dall_e.__file__).parent


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
    command += ["--no-page", "--batch-size", "3", "--model", str(tiny_folder), *file]
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


def test_settings_come_from_a_file(
    tiny_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Flags override them; a file that names a filter which is not there ends it at once."""
    served: list[DrainingServer] = []

    def note(server: DrainingServer) -> None:
        served.append(server)

    monkeypatch.setattr("sys.setswitchinterval", lambda seconds: None)
    monkeypatch.setattr(DrainingServer, "run", note)
    file = tmp_path / "serve.toml"
    text = 'port = 99\nmodel = ["{folder}"]\n[limits]\nbatch-size = 4\nallow-origins = ["*"]\n'
    file.write_text(text.format(folder=tiny_folder))
    command = ["serve", "--no-page", "--keys", str(tmp_path / "keys.json"), "--config", str(file)]
    assert run([*command, "--batch-size", "3"]) == 0
    state = server_of(served[0].config.app)  # type: ignore[arg-type]
    assert served[0].config.port == 99 and list(state.models) == ["tiny"]
    assert state.settings.batch_size == 3 and state.settings.allow_origins == ("*",)

    file.write_text('ports = 99\nmodel = "no such model"\n')
    assert run(command) == 1
    assert "has ports, which `dall-e serve` does not know" in capsys.readouterr().err
    file.write_text('model = "no such model"\ncontent-filter = "nowhere:Filter"\n')
    assert run(command) == 1
    assert "there is no content_filter 'nowhere:Filter'" in capsys.readouterr().err


def test_a_page_is_added_where_it_can_be(
    tiny_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    mounted: list[object] = []
    monkeypatch.setattr("dall_e.page.mounting.mount_page", mounted.append)
    monkeypatch.setattr("sys.setswitchinterval", lambda seconds: None)
    monkeypatch.setattr(DrainingServer, "run", lambda server: None)
    command = ["serve", "--model", str(tiny_folder), "--keys", str(tmp_path / "keys.json")]
    assert run([*command, "--no-page"]) == 0 and not mounted
    assert run(command) == 0 and len(mounted) == 1

    # Without Gradio it serves all the same, and says what is missing.
    monkeypatch.setattr("dall_e.cli.serve.find_spec", lambda name: None)
    with caplog.at_level("INFO", "dall_e.serving"):
        assert run(command) == 0
    assert len(mounted) == 1 and "pip install 'open-dalle[page]' brings it" in caplog.text


def test_only_the_page_loads_gradio() -> None:
    """It takes seconds, which no other command shall wait for."""
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        loads = any(
            "gradio" in ast.unparse(node).split()
            for node in tree.body
            if isinstance(node, ast.Import | ast.ImportFrom)
        )
        uses_them = {"actions", "arranging", "asking", "drawing", "layout"}
        assert not loads or (path.parent.name == "page" and path.stem in uses_them), path
    code = (PACKAGE / "page" / "mounting.py").read_text(encoding="utf-8")
    assert "\nfrom dall_e.page.layout" not in code
