"""How long an image takes, from nothing to the file, and how much memory.

That is what a user at a terminal waits for. Every number is of a process of its own, and the kinds
of process take turns, so that a machine that slows down for a while does so for all of them. This
process imports no torch: the memory of a child counts from its parent's size.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.table import Out, Table, spread

PROMPT = "a white cat sleeping on a windowsill"

# Limits: the whole command may take so many imports of torch and so many seconds more.
TORCH_FACTOR, TORCH_EXTRA = 2.5, 1.0
# Limits in GiB and seconds.
MEMORY_LIMIT, SECOND_LIMIT, IMPORT_LIMIT = 1.2, 1.0, 0.05

_TWO_IMAGES = """
import sys, time
from dall_e import DALL_E

model = DALL_E.from_pretrained(sys.argv[1])
steps = {"num_inference_steps": int(sys.argv[3])} if sys.argv[3] else {}
for seed in range(2):
    begun = time.perf_counter()
    model(sys.argv[2], seed=seed, **steps)
print(time.perf_counter() - begun)
"""
_IMPORT = """
import sys, time
begun = time.perf_counter()
import dall_e
print(time.perf_counter() - begun, "torch" in sys.modules)
"""


def measure(
    rounds: Annotated[int, typer.Option(min=1, help="Times that everything is measured.")] = 7,
    model: Annotated[str, typer.Option(help="Known name or model folder.")] = "dall-e-emoji",
    steps: Annotated[
        int, typer.Option(min=0, help="Steps per picture; 0 takes the model's own.")
    ] = 0,
    cores: Annotated[int, typer.Option(min=0, help="Use only this many cores; 0 takes all.")] = 0,
    warm: Annotated[
        bool, typer.Option(help="First one round that does not count, to read the files once.")
    ] = True,
    out: Out = None,
) -> None:
    """Cold command to saved picture, second picture, peak memory, and the import alone; seconds."""
    if cores and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
    table = Table("drawing")

    with tempfile.TemporaryDirectory() as folder:
        image = Path(folder) / "cat.png"
        measured = [_round(model, steps, image) for _ in range(rounds + warm)][int(warm) :]
        image_bytes = image.stat().st_size

    spreads = {
        name: spread([values[name] for values in measured], 4 if name == "import" else 3)
        for name in ("torch", "draw", "memory", "second", "import")
    }
    draw_limit = TORCH_FACTOR * float(spreads["torch"]["median"] or 0) + TORCH_EXTRA
    imports_torch = any(values["imports torch"] for values in measured)

    table.add(what='python -c "import torch", s', **spreads["torch"])
    table.add(
        what="cold command to saved picture, s", **spreads["draw"], limit=round(draw_limit, 3)
    )
    table.add(what="second picture in a process, s", **spreads["second"], limit=SECOND_LIMIT)
    table.add(what="peak memory of the command, GiB", **spreads["memory"], limit=MEMORY_LIMIT)
    table.add(what="import dall_e, s", **spreads["import"], limit=IMPORT_LIMIT)
    table.add(what="import dall_e imports torch", median=str(imports_torch), limit="False")
    table.add(what="picture file, bytes", median=image_bytes)
    table.finish(out)


def _round(model: str, steps: int, image: Path) -> dict[str, float]:
    """Run one process of each kind; the command writes `image`."""
    steps_text = str(steps) if steps else ""
    command = ["-m", "dall_e", "generate", PROMPT, "--seed", "1", "--model", model]
    command += ["--out", str(image), "--force"]
    command += ["--steps", steps_text] if steps else []

    torch_seconds, _, _ = _run(["-c", "import torch"])
    draw_seconds, memory, _ = _run(command)
    _, _, second_seconds = _run(["-c", _TWO_IMAGES, model, PROMPT, steps_text])
    _, _, imported = _run(["-c", _IMPORT])
    import_seconds, imports_torch = imported.split()

    return {
        "torch": torch_seconds,
        "draw": draw_seconds,
        "memory": memory,
        "second": float(second_seconds),
        "import": float(import_seconds),
        "imports torch": imports_torch == "True",
    }


def _run(arguments: list[str]) -> tuple[float, float, str]:
    """Return the wall-clock seconds, peak memory in GiB and output of a Python process.

    Ends the benchmark if the process fails.
    """
    begun = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, *arguments], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)

    if process.returncode:
        print(f"failed with {process.returncode}: {json.dumps(arguments)}", file=sys.stderr)
        raise typer.Exit(1)
    # The kernel counts in KiB, except on macOS, where it counts in bytes.
    return seconds, usage.ru_maxrss / (2**30 if sys.platform == "darwin" else 2**20), output
