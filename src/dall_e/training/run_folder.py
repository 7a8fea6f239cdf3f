"""What a training run writes: settings, command, log, metrics, sample sheets, and its checkpoint.

`checkpoint.pt` is always a whole one: it is written under another name, flushed to the disk, then
renamed. A run that is killed, or whose disk is full, keeps the one before. `best.pt` holds the
weights that did best on held-out data. `checkpoints/run_files.py` reads both for later stages.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import os
import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import torch

from dall_e.atomic_files import remove_leftovers, replace_text, write_atomically
from dall_e.checkpoints.run_files import (
    BEST_FILE,
    CHECKPOINT_FILE,
    CHECKPOINT_FORMAT,
    read_checkpoint,
)
from dall_e.config import TrainingConfig, flat_values, flattened
from dall_e.errors import UnusableFileError
from dall_e.runtime import check_single_process
from dall_e.training.processes import num_processes, rank
from dall_e.version import __version__

DATA_FILE = "data.json"
"""What the run is trained on."""
_BEST_ENTRIES = {"config", "networks", "players", "measure"}
_RESUME_ENTRIES = {"config", "networks", "players", "stage", "images_seen", "seconds", "random"}
# A run may go on with other values of these: they change when things are written and where, not
# what is computed.
_FREE = {
    "out",
    "images",
    "max_minutes",
    "log_every",
    "save_minutes",
    "sample_minutes",
    "device",
    "sharding",
    "gradient_checkpointing",
    "compile",
    "track",
    "profile",
    "tensorboard",  # of runs of version 0.14 or older
}


class RunData(NamedTuple):
    """What tells the pictures and captions of a run from others."""

    fingerprint: str
    """A checksum of all of them, in order; empty for what is from no folder."""
    images: int
    held_out: int


class RunFolder:
    """Everything that a run writes. Make it with `open_run_folder`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._warned = False
        self._writes = rank() == 0

    def save_checkpoint(self, state: dict[str, Any]) -> None:
        """Replaces the checkpoint, or raises OSError and leaves the old one as it was."""
        path = self.path / CHECKPOINT_FILE
        try:
            save_whole(path, {"format": CHECKPOINT_FORMAT, **state})
        except OSError as error:
            raise OSError(
                f"could not save {path}: {error.strerror}; the one before is kept"
            ) from error

    def keep_checkpoint(self, name: str) -> Path | None:
        """Keeps the checkpoint as it is now in a folder of its own, which can be started from.

        None without a checkpoint, or on a file system without such names.
        """
        kept = self.path / name
        with contextlib.suppress(OSError):
            kept.mkdir(exist_ok=True)
            # The next one is another file, so that a second name for this one is enough.
            (kept / CHECKPOINT_FILE).unlink(missing_ok=True)
            os.link(self.path / CHECKPOINT_FILE, kept / CHECKPOINT_FILE)
            return kept
        return None

    def check_room(self) -> None:
        """Raises OSError if the disk has no room for a second checkpoint beside the one there is.

        The next one is whole before it takes the place of this one.
        """
        path = self.path / CHECKPOINT_FILE
        disk = shutil.disk_usage(self.path)
        # Some file systems do not know their size.
        if disk.total and disk.free < path.stat().st_size:
            size, free = (number / 2**20 for number in (path.stat().st_size, disk.free))
            raise OSError(
                f"the disk of {self.path} has {free:.1f} MiB free, and the next checkpoint needs "
                f"{size:.1f} MiB beside the last one"
            )

    def load_checkpoint(
        self, config: TrainingConfig, networks: dict[str, Any]
    ) -> dict[str, Any] | None:
        """The state to resume from, None for a new run.

        Raises ValueError if it was made with other settings, naming each with both values, or
        cannot be read.
        """
        path = self.path / CHECKPOINT_FILE
        if not path.exists():
            return None
        state = read_checkpoint(path, _RESUME_ENTRIES)
        if "loop" not in state["config"]:
            raise ValueError(
                f"{self.path} holds a run of version 0.11 or older, which cannot be resumed by "
                "this one: finish it with that version, or start a new run from its weights with "
                "--init and another --out"
            )

        changed = _differences(state, config, networks)
        if changed:
            raise ValueError(
                f"{self.path} holds a run with other settings: {'; '.join(changed)}. "
                "Use the old settings to resume it, or another --out for a new run"
            )
        return state

    def save_best(self, state: dict[str, Any]) -> None:
        """Replaces the weights that did best so far; `state["measure"]` says how well they did.

        Raises OSError and leaves the old ones if that fails.
        """
        save_whole(self.path / BEST_FILE, {"format": CHECKPOINT_FORMAT, **state})

    def best_measure(self) -> tuple[float, int]:
        """How well the best weights did, lower is better, and after how many pictures.

        Infinity without readable ones.
        """
        path = self.path / BEST_FILE
        with contextlib.suppress(ValueError):
            if path.exists():
                best = read_checkpoint(path, _BEST_ENTRIES)
                return float(best["measure"]), int(best.get("images_seen", 0))
        return math.inf, 0

    def write_settings(self, config: TrainingConfig, networks: dict[str, Any]) -> None:
        """Writes `config.json`, and a line of `command.txt`: version, commit and command.

        Raises ValueError if the folder cannot be written to, or is something else, such as a model.
        """
        if not self._writes:
            return
        settings_path, command_path = self.path / "config.json", self.path / "command.txt"
        is_run = command_path.exists() or (self.path / CHECKPOINT_FILE).exists()
        if settings_path.exists() and not is_run:
            raise UnusableFileError(
                self.path,
                "is no run folder: it has a config.json, and neither command.txt nor checkpoint.pt",
                "name another folder with --out",
            )

        try:
            with open(command_path, "a", encoding="utf-8") as file:
                file.write(f"{_code_version()}  {' '.join(sys.argv)}\n")
        except OSError as error:
            raise _unwritable(command_path, error) from error
        settings = {**dataclasses.asdict(config), "networks": networks}
        text = json.dumps(settings, indent=2, ensure_ascii=False)
        _replace_text(settings_path, text + "\n")

    def write_data(self, data: RunData) -> None:
        """Writes what the run is trained on, for `check_same_data`."""
        if not self._writes:
            return
        text = json.dumps({**data._asdict(), "written_by": __version__}, indent=2)
        _replace_text(self.path / DATA_FILE, text + "\n")

    def trim_metrics(self, images_seen: int) -> None:
        """Drops metrics from beyond the checkpoint, which the resumed run will write again."""
        path = self.path / "metrics.jsonl"
        if not path.exists() or not self._writes:
            return
        kept: list[str] = []
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            # A killed run may leave half a line at the end.
            with contextlib.suppress(ValueError, KeyError, TypeError):
                if json.loads(line)["images_seen"] <= images_seen:
                    kept.append(line + "\n")
        _replace_text(path, "".join(kept))

    def has_measures(self, images_seen: int) -> bool:
        """Whether a sheet of this moment is complete: its measures are written last."""
        with contextlib.suppress(OSError):
            text = (self.path / "metrics.jsonl").read_text(encoding="utf-8", errors="replace")
            for line in reversed(text.splitlines()):
                with contextlib.suppress(ValueError, KeyError, TypeError):
                    values = json.loads(line)
                    if (values["kind"], values["images_seen"]) == ("sample", images_seen):
                        return True
        return False

    def write_metrics(self, values: dict[str, Any]) -> None:
        """Appends one line to `metrics.jsonl`."""
        self._append("metrics.jsonl", json.dumps(values))

    def write_log(self, line: str) -> None:
        """Appends one line to `log.txt`."""
        self._append("log.txt", line)

    def _append(self, name: str, line: str) -> None:
        if not self._writes:
            return
        try:
            with open(self.path / name, "a", encoding="utf-8") as file:
                file.write(line + "\n")
        except OSError as error:
            # A full disk must not end a run of hours because of a line of log; the checkpoint says
            # so again.
            if not self._warned:
                why = f"could not write {self.path / name}: {error.strerror}"
                warnings.warn(f"{why}; training goes on", stacklevel=2)
            self._warned = True


def has_checkpoint(folder: str) -> bool:
    """Whether a run has saved to this folder."""
    return (Path(folder) / CHECKPOINT_FILE).exists()


def check_same_data(folder: Path, data: RunData) -> None:
    """Compare the data of a run that is resumed with what it was begun with.

    A run of a version that kept no record of it is not compared. Raises ValueError if they differ.
    """
    path = folder / DATA_FILE
    if not data.fingerprint or not has_checkpoint(str(folder)) or not path.exists():
        return
    try:
        before = json.loads(path.read_text(encoding="utf-8"))
        same = before["fingerprint"] == data.fingerprint
        counts = f"{before['images']:,} pictures and {before['held_out']:,} held out"
    except (ValueError, KeyError, TypeError, OSError) as error:
        why = f"not a record of a run's data ({error})"
        raise UnusableFileError(path, why, "delete it to go on") from error
    if not same:
        raise ValueError(
            f"{folder} holds a run on other pictures or captions: it had {counts}, now there are "
            f"{data.images:,} and {data.held_out:,}, and not all are the same. Bring the old "
            "ones back to resume it, name another --out for a new run (--init starts from its "
            f"weights), or delete {path} to go on with the new ones"
        )


@contextlib.contextmanager
def open_run_folder(path: str) -> Iterator[RunFolder]:
    """A run folder to write to, made if need be, with other runs kept out while it is open.

    Of several processes the main one holds it, and the others write nothing. Raises ValueError if
    it cannot be made or written to, if another run has it, or if processes were started that have
    not joined.
    """
    if num_processes() == 1:
        check_single_process()
    elif rank() > 0:
        yield RunFolder(Path(path))
        return
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = open(folder / ".lock", "w", encoding="utf-8")  # noqa: SIM115 (held for the whole run)
    except FileExistsError as error:
        raise ValueError(f"the run folder {folder} is a file; name another with --out") from error
    except OSError as error:
        why = f"cannot write to the run folder {folder}: {error.strerror}"
        raise ValueError(f"{why}; name another with --out") from error
    with lock:
        _take(lock.fileno(), folder)
        # Half a checkpoint, of a run that was killed as it saved, is as large as a whole one.
        remove_leftovers(folder)
        yield RunFolder(folder)


def _take(file_number: int, folder: Path) -> None:
    try:
        import fcntl
    except ImportError:
        return  # No such locks on this system; two runs in one folder are then the user's to avoid.
    try:
        # The lock goes with the process, so a killed run leaves none behind.
        fcntl.flock(file_number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise ValueError(
            f"another run is writing to {folder}; stop it, or name another folder with --out"
        ) from error
    except OSError:
        return  # A file system without locks.


def _differences(
    state: dict[str, Any], config: TrainingConfig, networks: dict[str, Any]
) -> list[str]:
    """Settings that differ between a checkpoint and the command that would resume it."""
    now = {**_plain(flat_values(config)), "networks": _plain(networks)}
    # A setting that is newer than the checkpoint had the effect of its default.
    defaults = flat_values(type(config)())
    stored = {**defaults, **flattened(state["config"])}
    before = {**_plain(stored), "networks": _plain(state["networks"])}
    sizes = [each["micro_batch"] or each["batch_size"] for each in (before, now)]
    if sizes[0] % sizes[1] == 0:
        before["micro_batch"] = now["micro_batch"]  # Less at once, as memory ran out.

    return [
        f"{name} was {before.get(name)!r} and is now {now.get(name)!r}"
        for name in sorted(now.keys() | before.keys())
        if name not in _FREE and now.get(name) != before.get(name)
    ]


def _plain(values: Any) -> Any:
    # Tuples come back from a checkpoint as they were, from JSON as lists; both must compare equal.
    return json.loads(json.dumps(values))


def save_whole(path: Path, state: dict[str, Any]) -> None:
    """torch.save to a file that is complete or as it was before. Raises OSError."""
    try:
        with write_atomically(path) as file:
            torch.save(state, file)
    except (OSError, RuntimeError) as error:
        # torch wraps a failed write in a RuntimeError of its own.
        cause = error if isinstance(error, OSError) else error.__context__
        reason = cause.strerror if isinstance(cause, OSError) and cause.strerror else str(error)
        number = cause.errno if isinstance(cause, OSError) else None
        raise OSError(number, reason, str(path)) from error


def _replace_text(path: Path, text: str) -> None:
    try:
        replace_text(path, text)
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> ValueError:
    return ValueError(f"cannot write {path}: {error.strerror}; name another run folder with --out")


def _code_version() -> str:
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short", "HEAD"]
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return __version__
    return f"{__version__} {result.stdout.strip()}".strip()
