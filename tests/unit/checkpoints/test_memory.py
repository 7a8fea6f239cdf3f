"""Loading and saving take hardly more memory than the model itself: tensors are read and written
one at a time.

Measured as the highest resident memory of this process above what it had before. The kernel resets
its peak on request.
"""

import ctypes
import gc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from dall_e.checkpoints import store
from dall_e.checkpoints.keymap import KeyTable, expand, fill
from dall_e.checkpoints.tensor_files import open_weights, write_tensors

WIDTH, LAYERS = 1024, 24
SIZE = LAYERS * (WIDTH**2 + WIDTH) * 4
"""Bytes of the network in float32: 96 MiB."""
NAMES = [f"layers.{number}" for number in range(LAYERS)]
TABLE = KeyTable(rows=expand({"{}.*": "layers.{}.*"}, LAYERS))


def peak_above(work: Callable[[], Any]) -> float:
    """The most memory during `work`, as a fraction of the network's size.

    Skips where the system does not tell.
    """
    gc.collect()
    try:
        # What was freed before goes back to the system, or the work would take it from there
        # unnoticed.
        ctypes.CDLL(None).malloc_trim(0)
        Path("/proc/self/clear_refs").write_text("5")
    except (OSError, AttributeError):
        pytest.skip("this system does not reset the peak of a process's memory")

    def bytes_of(entry: str) -> int:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(entry))

    before = bytes_of("VmRSS")
    result = work()
    peak = bytes_of("VmHWM")
    del result
    return (peak - before) / SIZE


def weights(dtype: torch.dtype = torch.float32) -> dict[str, torch.Tensor]:
    held = {f"{name}.weight": torch.ones(WIDTH, WIDTH, dtype=dtype) for name in NAMES}
    return held | {f"{name}.bias": torch.zeros(WIDTH, dtype=dtype) for name in NAMES}


def empty() -> nn.Sequential:
    with store.Unfilled():
        return nn.Sequential(*(nn.Linear(WIDTH, WIDTH) for _ in range(LAYERS)))


@pytest.mark.parametrize("suffix", [".safetensors", ".bin"])
@pytest.mark.parametrize(("dtype", "fraction"), [(torch.float32, 1.2), (torch.bfloat16, 0.6)])
def test_files_of_other_projects(
    tmp_path: Path, suffix: str, dtype: torch.dtype, fraction: float
) -> None:
    """Half precision in the file becomes whole precision in memory, or stays, without a second copy
    of the model."""
    path = tmp_path / f"a{suffix}"
    held = weights(torch.bfloat16)
    write_tensors(path, held) if suffix == ".safetensors" else torch.save(held, path)
    del held

    def load() -> nn.Module:
        network = empty()
        fill([(network, TABLE)], open_weights(path), dtype, "a")
        return network

    # The best of two: pages of other work that come back in the meantime would count.
    assert 0.8 * fraction / 1.2 < min(peak_above(load) for _ in "12") <= fraction


@pytest.mark.parametrize("int8", [True, False])
def test_folders_of_ours(tmp_path: Path, int8: bool) -> None:
    held = weights()
    # What is imported at the first use is no part of the measure.
    store.save_model(
        tmp_path / "small", {}, {"a": torch.ones(64, 64)}, int8=int8, text_tokenizer_json="{}"
    )
    # Beside the given tensors, one at a time is rounded, in a few steps; a copy in eight bits would
    # be 0.25 more. The best of two: where pages of other work come back in the meantime, they would
    # count.
    peaks = [
        peak_above(
            lambda: store.save_model(tmp_path, {}, held, int8=int8, text_tokenizer_json="{}")
        )
        for _ in "12"
    ]
    assert min(peaks) < 0.4
    held.clear()
    assert 0.8 < peak_above(lambda: store.load_model(tmp_path)) <= 1.2
