"""Results as a table on the terminal and as JSON, with the machine they were measured on.

Imports no torch.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

Cell = str | float | int | None
Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", show_default="out/bench/NAME.json", help="JSON file to write."),
]


class Table:
    """Rows of one benchmark. Make it before measuring: it notes how busy the machine is."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.machine = machine()
        self.rows: list[dict[str, Cell]] = []

        load, cores = self.machine["load_at_start"], self.machine["cores"]
        if isinstance(load, float) and isinstance(cores, int) and load > 0.5 * cores:
            print(
                f"note: load {load} on {cores} cores; these will be numbers of a busy machine",
                file=sys.stderr,
            )

    def add(self, **cells: Cell) -> None:
        """Add a row; rows may have different columns."""
        self.rows.append(cells)

    def finish(self, out: Path | None) -> None:
        """Print all rows, and write them to `out`."""
        print(f"{self.name}: " + ", ".join(f"{key} {value}" for key, value in self.machine.items()))
        for line in self._lines():
            print(line)

        path = out_path(self.name, out)
        path.parent.mkdir(parents=True, exist_ok=True)
        content = {"benchmark": self.name, "machine": self.machine, "rows": self.rows}
        path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        print(path, file=sys.stderr)

    def _lines(self) -> list[str]:
        """Return the rows under the names of their columns, aligned: the first to the left."""
        columns = list(dict.fromkeys(key for row in self.rows for key in row))
        cells = [columns, *([_shown(row.get(key)) for key in columns] for row in self.rows)]
        widths = [max(len(line[column]) for line in cells) for column in range(len(columns))]

        lines = []
        for label, *numbers in cells:
            aligned = [label.ljust(widths[0]), *map(str.rjust, numbers, widths[1:])]
            lines.append("  ".join(aligned).rstrip())
        return lines


def out_path(name: str, out: Path | None) -> Path:
    """Return the JSON file of a benchmark; `out` is what the user asked for, if anything."""
    return out or Path("out") / "bench" / f"{name}.json"


def spread(values: Sequence[float], digits: int = 3) -> dict[str, Cell]:
    """Return the median and extremes of repeated measurements, as cells."""
    return {
        "median": round(statistics.median(values), digits),
        "least": round(min(values), digits),
        "most": round(max(values), digits),
        "rounds": len(values),
    }


def machine() -> dict[str, Cell]:
    """Return what numbers depend on besides the code."""
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return {
        "cpu": _cpu_name(),
        "cores": cores,
        "load_at_start": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "torch": version("torch"),
        "dall_e": version("open-dalle"),
    }


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "unknown")


def _shown(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float):
        return f"{cell:,.4g}" if abs(cell) < 1000 else f"{cell:,.0f}"
    return str(cell)
