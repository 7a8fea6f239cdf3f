"""Compiling the kernels: what happens without a compiler, and what the compiled file depends on."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dall_e.nn.cpu import kernels


def test_without_a_compiler_nothing_is_lost(tmp_path: Path) -> None:
    code = "from dall_e.nn.cpu import kernels; print(kernels.kernels(), kernels.status().reason)"
    for compiler, reason in (
        ("", "no C compiler is installed"),
        ("false", "false did not compile them"),
    ):
        env = {**os.environ, "PATH": str(tmp_path), "CC": compiler, "XDG_CACHE_HOME": str(tmp_path)}
        if compiler:
            env["PATH"] = os.environ["PATH"]
        told = subprocess.run(
            [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
        ).stdout
        assert told.startswith(f"None {reason}")
    assert not list(tmp_path.rglob("*.so"))


def test_every_source_has_its_part_in_the_name() -> None:
    sources = kernels._sources()
    assert "kernels.c" in sources and "linear.h" in sources
    names = {kernels._library_name(sources, sys.executable)}
    for file in sources:
        names.add(kernels._library_name({**sources, file: b""}, sys.executable))
    assert len(names) == 1 + len(sources)


def test_fault_use_10_a_compiler_may_have_options(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[list[str]] = []

    def fail(command: list[str], **_: object) -> None:
        asked.append(command)
        raise FileNotFoundError(2, "No such file or directory", command[0])

    monkeypatch.setenv("CC", "my-gcc -pipe")
    monkeypatch.setattr(subprocess, "run", fail)
    reason = kernels.status.__wrapped__().reason
    assert asked == [["my-gcc", "-pipe", "--version"]]
    assert reason.startswith("the compiler 'my-gcc -pipe' cannot be run: ")


def test_fault_use_10_the_folder_is_not_blamed_on_the_compiler(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> None:
        raise OSError("/cache: Read-only file system")

    monkeypatch.setattr(kernels, "_library_name", lambda *_: "kernels-a")
    monkeypatch.setattr(kernels, "load_cached", fail)
    reason = kernels.status.__wrapped__().reason
    assert "did not compile" not in reason and reason.endswith("/cache: Read-only file system")
