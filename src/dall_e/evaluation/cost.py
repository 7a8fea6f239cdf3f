"""Seconds and peak memory of a picture, in a process of its own, so that nothing else is
counted."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass

# On Linux ru_maxrss is at least what the parent held when it started the process; VmHWM is the
# process's own.
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
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
found = {"load": loaded, "seconds": seconds[1:], "peak": peak, "gpu": 0}
if model.device.type == "cuda":
    import torch
    found["gpu"] = torch.cuda.max_memory_allocated()
print(json.dumps(found))
"""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What one picture takes."""

    seconds: list[float]
    """Of single pictures, after a first one that is not counted."""
    load_seconds: float
    """Of `from_pretrained`, the import of torch not counted."""
    peak_mib: float
    """Largest resident memory of the whole process, Python and torch included."""
    gpu_mib: float
    """Largest memory of the GPU; 0 without one."""


def measure_cost(
    model: str, prompt: str, *, device: str = "cpu", quantization: str | None = None, count: int = 3
) -> Cost:
    """Draws `count` single pictures in a new process. Raises ValueError with its last words if that
    fails."""
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
