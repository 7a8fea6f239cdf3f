"""`~` in paths of the command line."""

from pathlib import Path

import pytest
import typer

from dall_e.cli.paths import expanded


def test_fault_use_19_paths_of_every_kind_are_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert expanded("~/a") == "/home/me/a" and expanded("~") == "/home/me"
    assert expanded(Path("~/a")) == Path("/home/me/a")
    assert expanded(("~/a", "b")) == ("/home/me/a", "b")
    for plain in ("a~", "a/~/b", "", None, 3, True):
        assert expanded(plain) == plain


def test_without_a_home_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.path.expanduser", lambda path: path)
    with pytest.raises(typer.BadParameter, match="no home folder"):
        expanded("~/a")
