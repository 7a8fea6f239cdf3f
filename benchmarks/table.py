"""Results as a table on the terminal and as JSON, with the machine that they are of. Imports no
torch."""

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


def machine() -> dict[str, Cell]:
    """What numbers depend on besides the code."""
    return {
        "cpu": _cpu_name(),
        "cores": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
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
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")),
        "unknown",
    )


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
        """One more row; rows may have different columns."""
        self.rows.append(cells)

    def finish(self, out: Path | None) -> None:
        """Prints all rows and writes them to `out`."""
        print(f"{self.name}: " + ", ".join(f"{key} {value}" for key, value in self.machine.items()))
        columns = list(dict.fromkeys(key for row in self.rows for key in row))
        cells = [columns, *([_shown(row.get(key)) for key in columns] for row in self.rows)]
        widths = [max(len(line[column]) for line in cells) for column in range(len(columns))]
        for line in cells:
            print(
                "  ".join(
                    [line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]
                ).rstrip()
            )
        path = out or Path("out") / "bench" / f"{self.name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        content = {"benchmark": self.name, "machine": self.machine, "rows": self.rows}
        path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        print(path, file=sys.stderr)


def spread(values: Sequence[float], digits: int = 3) -> dict[str, Cell]:
    """Median and extremes of repeated measurements, as cells."""
    return {
        "median": round(statistics.median(values), digits),
        "least": round(min(values), digits),
        "most": round(max(values), digits),
        "rounds": len(values),
    }


def _shown(cell: Cell) -> str:
    if cell is None:
        return ""
    return (
        f"{cell:,.4g}"
        if isinstance(cell, float) and abs(cell) < 1000
        else f"{cell:,.0f}"
        if isinstance(cell, float)
        else str(cell)
    )
