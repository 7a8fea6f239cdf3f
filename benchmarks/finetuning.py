"""Memory of fine-tuning the built-in model: all weights and LoRA, plain and with checkpointing.

Each is measured in a process of its own, in float32, with the same batch. What counts are the
weights, and by how much the process's own memory (RssAnon) rises above them in two steps, after one
step that does not count and has left nothing but what the arithmetic library keeps. Beside it
stands what `training/rehearsal.py` foresees before a run. Linux only.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.table import Out, Table

_MIB = 2**20
_RANK = 16


def measure(
    batch_size: Annotated[int, typer.Option(min=1, help="Pictures per step.")] = 8,
    rank: Annotated[int, typer.Option(min=1, help="Rank of the LoRA.")] = _RANK,
    model: Annotated[str, typer.Option(help="Model folder to go on from.")] = "dall-e-emoji",
    preset: Annotated[str, typer.Option(help="Its size: tiny, xs64, xs or s.")] = "xs",
    out: Out = None,
) -> None:
    """Peak memory of steps of full training and of LoRA, the same batch on both sides."""
    table = Table("finetuning")
    for recomputes in (False, True):
        found = [_in_process(batch_size, each, recomputes, model, preset) for each in (0, rank)]
        for name, numbers in zip(("all weights", f"LoRA, rank {rank}"), found, strict=True):
            table.add(
                what=name + (", gradient checkpointing" if recomputes else ""),
                weights_mib=round(numbers["weights"] / _MIB, 1),
                kept_mib=round(numbers["kept"] / _MIB, 1),
                peak_mib=round(numbers["peak"] / _MIB, 1),
                foreseen_mib=round(numbers["foreseen"] / _MIB, 1),
                foreseen_of_peak=round(numbers["foreseen"] / numbers["peak"], 2),
                of_all_weights=round(numbers["peak"] / found[0]["peak"], 3),
                cpu_s_step=round(numbers["seconds"], 2),
            )
    table.finish(out)


def _in_process(
    batch_size: int, rank: int, recomputes: bool, model: str, preset: str
) -> dict[str, float]:
    """What `main` prints, in bytes and seconds."""
    command = [sys.executable, "-m", "benchmarks.finetuning"]
    # Freed memory goes back at once, so that the peak is that of what is in use.
    environment = {**os.environ, "MALLOC_MMAP_THRESHOLD_": str(2**16), "OMP_NUM_THREADS": "1"}
    arguments = [str(batch_size), str(rank), str(int(recomputes)), model, preset]
    result = subprocess.run(
        [*command, *arguments], env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    numbers: dict[str, float] = json.loads(result.stdout.splitlines()[-1])
    return numbers


def main(batch_size: int, rank: int, recomputes: bool, model: str, preset: str) -> None:
    """Measure one way of learning in this process, and print it as JSON."""
    import time

    from benchmarks.training import write_images
    from dall_e.config import GeneratorTraining, with_values
    from dall_e.training.generator_stage import GeneratorRehearsal, GeneratorStage
    from dall_e.training.gradients import recompute_where_asked
    from dall_e.training.player import PlayerTrainer
    from dall_e.training.rehearsal import rehearse

    with tempfile.TemporaryDirectory() as folder:
        write_images(Path(folder) / "pictures", preset, 4 * batch_size)
        values = {
            **{"data": f"{folder}/pictures", "out": f"{folder}/run", "views": 1, "device": "cpu"},
            **{"init": model, "tokenizer": model, "preset": preset},
            **{"precision": "fp32", "batch_size": batch_size, "lora_rank": rank},
            "gradient_checkpointing": recomputes,
        }
        config = with_values(GeneratorTraining(), values)
        # First, as before a run: what it brings into memory of PyTorch is the program's, not a
        # step's.
        foreseen = rehearse(config.loop, partial(GeneratorRehearsal, config))
        stage = GeneratorStage(config)
        recompute_where_asked(stage, config.loop)

        stage.loss(stage.batch(0)).loss.backward()
        stage.module.zero_grad(set_to_none=True)
        _give_back()
        before = _own_bytes()
        begun = time.process_time()
        with _peak() as peak:
            trainer = PlayerTrainer(stage.players[0])
            for step in (1, 2):
                trainer.add(stage.loss(stage.batch(step * batch_size)).loss)
                trainer.step(1.0)
        kept = trainer.kept_bytes()
        numbers = {
            "weights": kept["weights"],
            "kept": sum(kept.values()),
            "peak": peak[0] - before + kept["weights"],
            "seconds": (time.process_time() - begun) / 2,
            "foreseen": foreseen.total,
        }
        stage.close()
    print(json.dumps(numbers))


@contextlib.contextmanager
def _peak() -> Iterator[list[int]]:
    """The most own memory inside, looked at every few milliseconds."""
    most, ended = [_own_bytes()], threading.Event()

    def look() -> None:
        while not ended.wait(0.004):
            most[0] = max(most[0], _own_bytes())

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield most
    finally:
        ended.set()
        thread.join()


def _own_bytes() -> int:
    """Memory of this process that is no file's."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    line = next(line for line in lines if line.startswith("RssAnon"))
    return int(line.split()[1]) * 1024


def _give_back() -> None:
    """Free memory goes back to the system."""
    gc.collect()
    ctypes.CDLL("libc.so.6").malloc_trim(0)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "1", *sys.argv[4:])
