"""Seconds and peak memory of one image, measured in a process that does nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass

# The child prints one line of JSON. Its peak memory is VmHWM where there is a /proc: on Linux,
# ru_maxrss starts at what the parent held when it started the child.
_CHILD = """
import json, resource, sys, time
from dall_e import DALL_E

name, prompt, device, quantization, count = *sys.argv[1:5], int(sys.argv[5])
started = time.perf_counter()
model = DALL_E.from_pretrained(name, device=device, quantization=quantization or None)
loaded = time.perf_counter() - started

seconds = []
for seed in range(count + 1):
    started = time.perf_counter()
    model(prompt, seed=seed)
    seconds.append(time.perf_counter() - started)

try:
    with open("/proc/self/status", encoding="ascii") as status:
        peak = int(status.read().partition("VmHWM:")[2].split()[0]) * 1024
except OSError:
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit

found = {"load": loaded, "seconds": seconds[1:], "peak": peak, "gpu": 0}
if model.device.type == "cuda":
    import torch
    found["gpu"] = torch.cuda.max_memory_allocated()
print(json.dumps(found))
"""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Time and memory that one image takes."""

    seconds: list[float]
    """Seconds of single images, after a first one that is not counted."""
    load_seconds: float
    """Seconds of `from_pretrained`; the import of torch comes before it and is not counted."""
    peak_mib: float
    """Largest resident memory of the whole process in MiB, Python and torch included."""
    gpu_mib: float
    """Largest memory of the GPU in MiB; 0 without one."""


def measure_cost(
    model: str, prompt: str, *, device: str = "cpu", quantization: str | None = None, count: int = 3
) -> Cost:
    """Draw `count` single images in a new process, and measure what they take.

    Raises ValueError with the last words of the process if it fails.
    """
    command = [sys.executable, "-c", _CHILD, model, prompt, device, quantization or "", str(count)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ValueError(
            f"the drawing whose cost was to be measured failed: {done.stderr.strip()[-300:]}"
        )

    found = json.loads(done.stdout.splitlines()[-1])
    return Cost(
        seconds=found["seconds"],
        load_seconds=found["load"],
        peak_mib=found["peak"] / 2**20,
        gpu_mib=found["gpu"] / 2**20,
    )
