"""Loading and saving take hardly more memory than the model itself: tensors are read and written
one at a time.

Measured in one process of its own (`memory_measures.py`), as a fraction of the network in float32:
in the process of the tests, memory that other tests freed would be taken unnoticed.
"""

import json
import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("memory_measures.py")


@pytest.fixture(scope="module")
def measures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, float]:
    """The most memory of each case. Skips where the system does not tell."""
    environment = {**os.environ, **runpy.run_path(str(PROGRAM))["ENVIRONMENT"]}
    done = subprocess.run(
        [sys.executable, str(PROGRAM), str(tmp_path_factory.mktemp("memory"))],
        env=environment,
        stdout=subprocess.PIPE,
        check=True,
    )
    found: dict[str, float] = json.loads(done.stdout)
    if None in found.values():
        pytest.skip("this system does not reset the peak of a process's memory")
    return found


@pytest.mark.parametrize("suffix", [".safetensors", ".bin"])
@pytest.mark.parametrize(("dtype", "size"), [("float32", 1.0), ("bfloat16", 0.5)])
def test_files_of_other_projects(
    measures: dict[str, float], suffix: str, dtype: str, size: float
) -> None:
    """Half precision in the file becomes whole precision in memory, or stays, without a second copy
    of the model; and a second copy would be seen."""
    limit = 1.2 * size
    assert 0.9 * size < measures[f"load {dtype} {suffix}"] <= limit
    assert measures[f"copy {dtype} {suffix}"] > 1.9 * size > limit


@pytest.mark.parametrize("kind", ["int8", "float16"])
def test_folders_of_ours(measures: dict[str, float], kind: str) -> None:
    """Beside the given tensors, one at a time is rounded, in a few steps; a copy of all in eight
    bits would be 0.25 more, and of half precision 0.5."""
    assert measures[f"save {kind}"] < 0.2
    assert 0.9 < measures[f"load {kind}"] <= 1.2
