"""What a run tells while it prepares and trains: on the terminal, a log, metrics, TensorBoard."""

from __future__ import annotations

import contextlib
import struct
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from dall_e.config import LoopConfig
from dall_e.training.explanations import explain_number
from dall_e.training.run_folder import RunFolder

# Without a terminal, a line is shown this often, in seconds; `log.txt` has all of them.
_QUIET_SECONDS = 30
_CLEAR_LINE = "\r\x1b[2K"
_TERMINAL_WIDTH = 160


def announce(text: str) -> None:
    """Says what a run is doing before it trains, as its preparation can take minutes."""
    print(text, file=sys.stderr, flush=True)


class Tracker:
    """Gathers values between two lines of the log, and writes them; its clock can be paused."""

    def __init__(self, config: LoopConfig, folder: RunFolder) -> None:
        self.seconds = 0.0
        """Time that the run has trained for, over all its resumptions."""
        self._total = config.images
        self._folder = folder

        # Since the last line of the log.
        self._sums: dict[str, Tensor] = {}
        self._counts: dict[str, int] = {}
        self._images = 0
        self._start = time.monotonic()

        self._is_terminal = sys.stderr.isatty()
        self._shown = 0.0
        self._board = _Board(folder) if config.tensorboard else None

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

    def write(self, images_seen: int, more: Mapping[str, float]) -> None:
        """One line of every log, from what was gathered since the last one and `more`."""
        means = {name: float(value) / self._counts[name] for name, value in self._sums.items()}
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
        if self._board is not None:
            self._board.add_scalars(values, images_seen)
        skipped = int(more.get("skipped_steps", 0))
        self._show(_progress_line(images_seen, self._total, rate, means, skipped))

        self._sums, self._counts, self._images = {}, {}, 0
        self._start = time.monotonic()

    def write_measures(self, images_seen: int, measures: Mapping[str, float], sheet: Path) -> None:
        """Writes what held-out pictures measured; TensorBoard gets the sheet (PNG), too."""
        self._folder.write_metrics({"kind": "sample", "images_seen": images_seen, **measures})
        if self._board is not None:
            self._board.add_scalars(measures, images_seen, under="held_out/")
            self._board.add_sheet(sheet, images_seen)

    def say(self, text: str) -> None:
        """A message for the log and for the user."""
        print(f"{_CLEAR_LINE}{text}" if self._is_terminal else text, file=sys.stderr, flush=True)
        self._folder.write_log(text)

    def close(self) -> None:
        """Ends the progress line and TensorBoard's file."""
        if self._is_terminal:
            print(file=sys.stderr)
        if self._board is not None:
            self._board.close()

    def _show(self, line: str) -> None:
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


class _Board:
    """TensorBoard's file: numbers with what they mean, and sample sheets."""

    def __init__(self, folder: RunFolder) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise ImportError(
                "--tensorboard needs the package tensorboard: pip install 'open-dalle[train]'"
            ) from error
        # Numbers go to its file by themselves, as the writer has no way to explain them.
        self._writer: Any = SummaryWriter(str(folder.path))

    def add_scalars(self, values: Mapping[str, float], images_seen: int, under: str = "") -> None:
        """Adds numbers, each explained in words."""
        from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata

        plugin = SummaryMetadata.PluginData(plugin_name="scalars")
        entries = [
            Summary.Value(
                tag=f"{under}{name}",
                simple_value=float(value),
                metadata=SummaryMetadata(
                    summary_description=explain_number(name), plugin_data=plugin
                ),
            )
            for name, value in values.items()
        ]
        self._writer.file_writer.add_summary(Summary(value=entries), images_seen)

    def add_sheet(self, path: Path, images_seen: int) -> None:
        """Adds a sample sheet as it is on the disk, if it is a PNG file."""
        from tensorboard.compat.proto.summary_pb2 import Summary

        data = path.read_bytes()
        if not data.startswith(b"\x89PNG"):
            return
        width, height = struct.unpack(">II", data[16:24])
        image = Summary.Image(height=height, width=width, encoded_image_string=data)
        entry = Summary.Value(tag="sheet", image=image)
        self._writer.file_writer.add_summary(Summary(value=[entry]), images_seen)

    def close(self) -> None:
        """Writes what is left."""
        self._writer.close()
