"""What a run tells while it prepares and trains: on the terminal, a log, metrics, trackers."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from torch import Tensor

from dall_e.config import TrainingConfig, flat_values
from dall_e.training.processes import from_all, rank
from dall_e.training.run_folder import RunFolder
from dall_e.training.trackers import Trackers, tracker_names

# Without a terminal, a line is shown this often, in seconds; `log.txt` has all of them.
_QUIET_SECONDS = 30
_CLEAR_LINE = "\r\x1b[2K"
_TERMINAL_WIDTH = 160


def announce(text: str) -> None:
    """Says what a run is doing before it trains, as its preparation can take minutes."""
    if rank() == 0:
        print(text, file=sys.stderr, flush=True)


class Tracker:
    """Gathers values between two lines of the log, and writes them; its clock can be paused."""

    def __init__(self, config: TrainingConfig, folder: RunFolder) -> None:
        self.seconds = 0.0
        """Time that the run has trained for, over all its resumptions."""
        self._total = config.loop.images
        self._folder = folder

        # Since the last line of the log.
        self._sums: dict[str, Tensor] = {}
        self._counts: dict[str, int] = {}
        self._images = 0
        self._start = time.monotonic()

        self._is_terminal = sys.stderr.isatty()
        self._shown = 0.0
        names = tracker_names(config.loop.track) if rank() == 0 else ()
        self._trackers = Trackers(names, folder.path, flat_values(config))

    def gather(self, values: Mapping[str, Tensor]) -> None:
        """Adds detached scalars to the means of the next line."""
        # Sums stay on the device: to read a number there would make the CPU wait in every step.
        for name, value in values.items():
            value = value.detach().float()
            self._sums[name] = self._sums[name] + value if name in self._sums else value
            self._counts[name] = self._counts.get(name, 0) + 1

    def count(self, num_images: int) -> None:
        """Adds pictures to the rate of the next line."""
        self._images += num_images

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Time spent inside does not count as training."""
        begun = time.monotonic()
        yield
        self._start += time.monotonic() - begun

    def write(self, images_seen: int, more: Mapping[str, float]) -> dict[str, float]:
        """One line of every log, from what all processes gathered since the last one and `more`.

        Returns its values.
        """
        means = self._means()
        seconds = time.monotonic() - self._start
        rate = self._images / max(seconds, 1e-9)
        self.seconds += seconds

        values = {
            "images_per_second": round(rate, 2),
            "seconds": round(self.seconds, 2),
            **more,
            **means,
        }
        self._folder.write_metrics({"kind": "train", "images_seen": images_seen, **values})
        self._trackers.add_numbers(values, images_seen)
        skipped = int(more.get("skipped_steps", 0))
        self._show(_progress_line(images_seen, self._total, rate, means, skipped))

        self._sums, self._counts, self._images = {}, {}, 0
        self._start = time.monotonic()
        return values

    def _means(self) -> dict[str, float]:
        """Of what all processes have gathered; a process may lack what its pictures lack."""
        own = {name: (float(value), self._counts[name]) for name, value in self._sums.items()}
        sums: dict[str, float] = {}
        counts: dict[str, int] = {}
        for gathered in from_all(own):
            for name, (value, count) in gathered.items():
                sums[name] = sums.get(name, 0.0) + value
                counts[name] = counts.get(name, 0) + count
        return {name: sums[name] / counts[name] for name in sums}

    def write_measures(self, images_seen: int, measures: Mapping[str, float], sheet: Path) -> None:
        """Writes what held-out pictures measured; trackers get the sheet (PNG), too."""
        self._folder.write_metrics({"kind": "sample", "images_seen": images_seen, **measures})
        self._trackers.add_numbers(measures, images_seen, under="held_out/")
        self._trackers.add_sheet(sheet, images_seen)

    def say(self, text: str) -> None:
        """A message for the log and for the user."""
        if rank() > 0:
            return
        print(f"{_CLEAR_LINE}{text}" if self._is_terminal else text, file=sys.stderr, flush=True)
        self._folder.write_log(text)

    def alarm(self, images_seen: int, name: str, text: str) -> None:
        """Something that went wrong, for the log, the metrics and the user."""
        entry = {"kind": "alarm", "images_seen": images_seen, "alarm": name, "text": text}
        self._folder.write_metrics(entry)
        self.say(text)

    def close(self) -> None:
        """Ends the progress line, and the trackers."""
        if self._is_terminal:
            print(file=sys.stderr)
        self._trackers.close()

    def _show(self, line: str) -> None:
        if rank() > 0:
            return
        self._folder.write_log(line)
        if self._is_terminal:
            print(f"{_CLEAR_LINE}{line[:_TERMINAL_WIDTH]}", end="", file=sys.stderr, flush=True)
        elif time.monotonic() - self._shown >= _QUIET_SECONDS:
            print(line, file=sys.stderr, flush=True)
            self._shown = time.monotonic()


def _progress_line(
    images_seen: int, total: int, rate: float, means: Mapping[str, float], skipped: int
) -> str:
    left = minutes_or_hours(max(total - images_seen, 0) / max(rate, 1e-9))
    losses = "  ".join(
        f"{name} {value:.4g}" for name, value in means.items() if not name.endswith("_norm")
    )
    tail = f"  {skipped} steps skipped" if skipped else ""
    return f"{images_seen:,}/{total:,} pictures  {rate:.0f}/s  {left} left  {losses}{tail}"


def minutes_or_hours(seconds: float) -> str:
    """A time that is still to come, such as "12 min" or "2.5 h"."""
    minutes = seconds / 60
    return f"{minutes / 60:.1f} h" if minutes >= 90 else f"{minutes:.0f} min"
