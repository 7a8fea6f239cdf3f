"""The most memory that loading and saving take, measured in a process of its own.

`python memory_measures.py FOLDER` works in an empty folder and prints a JSON object: the measure of
each case, the highest resident memory above what the process had before, as a fraction of the
network in float32. It is null where the system does not tell. The kernel resets its peak on
request.
"""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from dall_e.checkpoints import store
from dall_e.checkpoints.keymap import KeyTable, expand, fill
from dall_e.checkpoints.tensor_files import open_weights, write_tensors

ENVIRONMENT = {"MALLOC_MMAP_THRESHOLD_": "65536", "OMP_NUM_THREADS": "1"}
"""For the process: every tensor is memory of its own, which goes back to the system when it is
freed. Otherwise the next tensor takes it from the heap, and nothing would be seen."""
WIDTH, LAYERS = 512, 64
SIZE = LAYERS * (WIDTH**2 + WIDTH) * 4
"""Bytes of the network in float32: 64 MiB."""
NAMES = [f"layers.{number}" for number in range(LAYERS)]
TABLE = KeyTable(rows=expand({"{}.*": "layers.{}.*"}, LAYERS))


def peak_above(work: Callable[[], Any]) -> float | None:
    """The most memory during `work`, as a fraction of the network's size."""
    gc.collect()
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return None

    def bytes_of(entry: str) -> int:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(entry))

    before = bytes_of("VmRSS")
    result = work()
    peak = bytes_of("VmHWM")
    del result
    return (peak - before) / SIZE


def weights(dtype: torch.dtype) -> dict[str, Tensor]:
    held = {f"{name}.weight": torch.ones(WIDTH, WIDTH, dtype=dtype) for name in NAMES}
    return held | {f"{name}.bias": torch.zeros(WIDTH, dtype=dtype) for name in NAMES}


def load(path: Path, dtype: torch.dtype) -> nn.Module:
    """A network with the weights of a file of another project."""
    with store.Unfilled():
        network = nn.Sequential(*(nn.Linear(WIDTH, WIDTH) for _ in range(LAYERS)))
    fill([(network, TABLE)], open_weights(path), dtype, "a")
    return network


def load_twice(path: Path, dtype: torch.dtype) -> tuple[nn.Module, nn.Module]:
    """What a loader would take that makes a second copy."""
    return load(path, dtype), load(path, dtype)


def save(folder: Path, held: dict[str, Tensor], int8: bool) -> None:
    store.save_model(folder, {}, held, int8=int8, text_tokenizer_json="{}")


def of_other_projects(folder: Path) -> Iterator[tuple[str, float | None]]:
    """Loading files in half precision, once and with a second copy."""
    held = weights(torch.bfloat16)
    write_tensors(folder / "a.safetensors", held)
    torch.save(held, folder / "a.bin")
    del held

    for suffix in (".safetensors", ".bin"):
        for dtype in (torch.float32, torch.bfloat16):
            given = (folder / f"a{suffix}", dtype)
            name = f"{str(dtype).removeprefix('torch.')} {suffix}"
            yield f"load {name}", peak_above(partial(load, *given))
            yield f"copy {name}", peak_above(partial(load_twice, *given))


def of_ours(folder: Path) -> Iterator[tuple[str, float | None]]:
    """Saving a model folder, rounded or not, and loading it."""
    kinds = {"int8": True, "float16": False}
    held = weights(torch.float32)
    for name, int8 in kinds.items():
        yield f"save {name}", peak_above(partial(save, folder / name, held, int8))
    del held
    for name in kinds:
        yield f"load {name}", peak_above(partial(store.load_model, folder / name))


def main(folder: Path) -> None:
    # What is imported at the first use is no part of the measure.
    save(folder / "small", {"a": torch.ones(64, 64)}, int8=True)
    store.load_model(folder / "small")
    print(json.dumps(dict([*of_other_projects(folder), *of_ours(folder)])))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
