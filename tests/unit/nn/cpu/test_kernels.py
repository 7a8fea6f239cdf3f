"""Compiling the kernels: what happens without a compiler, and what the compiled file depends on."""

import os
import subprocess
import sys
from pathlib import Path

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
