"""The bar is drawn on a terminal, after half a second, and nowhere else."""

import io
import subprocess
import sys
import types
import warnings

import pytest

from dall_e.inference import progress
from dall_e.inference.progress import ProgressBar


class Terminal(io.StringIO):
    """A stderr that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


def open_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Inside a test: between its parts pytest puts its own stderr in place."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    return terminal


def test_it_shows_tasks_and_how_far_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = open_terminal(monkeypatch)
    monkeypatch.setattr(progress, "_DELAY", 0.0)
    monkeypatch.setattr(progress, "_INTERVAL", 0.0)
    with ProgressBar() as bar:
        for done in range(4):
            bar("drawing", done, 3)
        bar("saving", 1, 2)
    text = terminal.getvalue()
    assert "drawing" in text and "3/3" in text and "saving" in text and "1/2" in text


def test_what_is_quick_needs_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = open_terminal(monkeypatch)
    with ProgressBar() as bar:
        assert bar.is_shown
        bar("drawing", 1, 1)
    assert terminal.getvalue() == ""


@pytest.mark.parametrize("shown", [True, False])
def test_there_is_no_bar_without_a_terminal(
    shown: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "_DELAY", 0.0)
    with ProgressBar(shown) as bar:
        assert not bar.is_shown
        bar("drawing", 1, 2)
        bar("drawing", 2, 2)
    assert capsys.readouterr().err == ""


def test_importing_it_needs_neither_rich_nor_torch() -> None:
    code = "import sys, dall_e.inference.progress; print({'rich', 'torch'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


class Kernel:
    """What IPython's shell is in a notebook."""

    kernel = object()


def test_fault_use_24_a_notebook_has_a_bar_without_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=Kernel))
    monkeypatch.setattr(progress, "_DELAY", 0.0)
    monkeypatch.setattr(progress, "_INTERVAL", 0.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with ProgressBar() as bar:
            assert bar.is_shown
            for done in range(4):
                bar("drawing", done, 3)
            bar("finishing", 1, 2)
    text = capsys.readouterr().err
    assert "drawing" in text and "3/3" in text and "finishing" in text and "1/2" in text
    assert not ProgressBar(False).is_shown

    # The shell of a terminal is no notebook.
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=object))
    assert not ProgressBar().is_shown
