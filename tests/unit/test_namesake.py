"""OpenAI's package DALL-E, which has our module name, is noticed before it puzzles anybody."""

import importlib
import subprocess
import sys
import types

import pytest

import dall_e
import open_dalle
from dall_e.errors import DallEWarning


def test_fault_use_17_files_of_the_namesake_are_noticed_at_import(
    monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    dall_e._check_namesake()  # No warning where there are none.
    (tmp_path / "encoder.py").touch()
    monkeypatch.setattr(dall_e, "__file__", str(tmp_path / "__init__.py"))
    with pytest.warns(DallEWarning, match="pip uninstall DALL-E"):
        dall_e._check_namesake()


def test_fault_use_17_the_command_says_that_the_namesake_is_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "dall_e", types.ModuleType("dall_e"))
    with pytest.raises(SystemExit, match="dall-e: error: OpenAI's package DALL-E"):
        open_dalle.main()


def test_too_little_memory_to_start_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> list[str]:
        raise MemoryError

    module = types.ModuleType("dall_e")
    vars(module)["__dir__"] = fail
    monkeypatch.setitem(sys.modules, "dall_e", module)
    with pytest.raises(SystemExit, match="dall-e: error: not enough memory to start"):
        open_dalle.main()


def test_to_look_for_the_namesake_imports_no_model() -> None:
    code = (
        "import sys, open_dalle; sys.argv = ['dall-e', '--version']\n"
        "try: open_dalle.main()\n"
        "finally: print(sorted(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    modules = done.stdout.splitlines()[-1]
    assert "'dall_e.cli'" in modules and "'torch'" not in modules


def test_the_command_runs_otherwise(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    importlib.reload(open_dalle)
    monkeypatch.setattr(sys, "argv", ["dall-e", "--version"])
    with pytest.raises(SystemExit) as stopped:
        open_dalle.main()
    assert stopped.value.code == 0 and capsys.readouterr().out.startswith("dall-e ")
