"""The folder of a training run: settings, command, log, metrics, sample sheets, and the one
checkpoint.

`checkpoint.pt` is always a whole one: it is written under another name, flushed to the disk, then
renamed. A run that is killed, or whose disk is full, keeps the one before. `best.pt` holds the
weights that did best on held-out data.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import os
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from dall_e.checkpoints.store import TEXT_FILE, WEIGHTS_FILE, load_model
from dall_e.checkpoints.zoo import BUILT_IN, find_model
from dall_e.config import LoopConfig
from dall_e.text.tokenizer import TextTokenizer

CHECKPOINT_FILE = "checkpoint.pt"
BEST_FILE = "best.pt"
_FORMAT = 1
_WEIGHTS_ENTRIES = {"config", "networks", "players"}
_BEST_ENTRIES = {*_WEIGHTS_ENTRIES, "measure"}
_RESUME_ENTRIES = {*_WEIGHTS_ENTRIES, "stage", "images_seen", "seconds", "random"}
# A run may go on with other values of these: they change when things are written and where, not
# what is computed.
_FREE = frozenset(
    "out images max_minutes log_every save_minutes sample_minutes device compile tensorboard".split()
)


class RunFolder:
    """Everything that a run writes. Make it with `open_run_folder`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._warned = False

    def save_checkpoint(self, state: dict[str, Any]) -> None:
        """Replaces the checkpoint, or raises OSError and leaves the old one as it was."""
        path = self.path / CHECKPOINT_FILE
        try:
            save_whole(path, {"format": _FORMAT, **state})
        except OSError as error:
            raise OSError(
                f"could not save {path}: {error.strerror}; the one before is kept"
            ) from error

    def load_checkpoint(
        self, config: LoopConfig, networks: dict[str, Any]
    ) -> dict[str, Any] | None:
        """The stored state, None for a new run.

        Raises ValueError if it was made with other settings, naming each with both values, or
        cannot be read.
        """
        path = self.path / CHECKPOINT_FILE
        if not path.exists():
            return None
        state = _read_checkpoint(path, _RESUME_ENTRIES)
        here = {**_plain(dataclasses.asdict(config)), "networks": _plain(networks)}
        # A setting that is newer than the checkpoint had the effect of its default.
        defaults = _plain(dataclasses.asdict(type(config)()))
        there = {**defaults, **_plain(state["config"]), "networks": _plain(state["networks"])}
        changed = [
            f"{name} was {there.get(name)!r} and is now {here.get(name)!r}"
            for name in sorted(here.keys() | there.keys())
            if name not in _FREE and here.get(name) != there.get(name)
        ]
        if changed:
            raise ValueError(
                f"{self.path} holds a run with other settings: {'; '.join(changed)}. "
                "Use the old settings to resume it, or another --out for a new run"
            )
        return state

    def save_best(self, state: dict[str, Any]) -> None:
        """Replaces the weights that did best so far by those of `state`, whose "measure" says how
        well they did.

        Raises OSError and leaves the old ones if that fails.
        """
        save_whole(self.path / BEST_FILE, {"format": _FORMAT, **state})

    def best_measure(self) -> float:
        """How well the best weights did, lower is better; infinity if there are none that can be
        read."""
        with contextlib.suppress(ValueError):
            if (self.path / BEST_FILE).exists():
                return float(_read_checkpoint(self.path / BEST_FILE, _BEST_ENTRIES)["measure"])
        return math.inf

    def write_settings(self, config: LoopConfig, networks: dict[str, Any]) -> None:
        """`config.json`, and a line of `command.txt`: version, commit where there is one, and the
        command."""
        settings = {**dataclasses.asdict(config), "networks": networks}
        _replace_text(
            self.path / "config.json", json.dumps(settings, indent=2, ensure_ascii=False) + "\n"
        )
        with open(self.path / "command.txt", "a", encoding="utf-8") as file:
            file.write(f"{_code_version()}  {' '.join(sys.argv)}\n")

    def trim_metrics(self, images_seen: int) -> None:
        """Drops lines of `metrics.jsonl` from beyond the checkpoint, which the resumed run will
        write again."""
        path = self.path / "metrics.jsonl"
        if not path.exists():
            return
        kept: list[str] = []
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            # A killed run may leave half a line at the end.
            with contextlib.suppress(ValueError, KeyError, TypeError):
                if json.loads(line)["images_seen"] <= images_seen:
                    kept.append(line + "\n")
        _replace_text(path, "".join(kept))

    def write_metrics(self, values: dict[str, Any]) -> None:
        """Appends one line to `metrics.jsonl`."""
        self._append("metrics.jsonl", json.dumps(values))

    def write_log(self, line: str) -> None:
        """Appends one line to `log.txt`."""
        self._append("log.txt", line)

    def _append(self, name: str, line: str) -> None:
        try:
            with open(self.path / name, "a", encoding="utf-8") as file:
                file.write(line + "\n")
        except OSError as error:
            # A full disk must not end a run of hours because of a line of log; the checkpoint says
            # so again.
            if not self._warned:
                warnings.warn(
                    f"could not write {self.path / name}: {error.strerror}; training goes on",
                    stacklevel=2,
                )
            self._warned = True


@contextlib.contextmanager
def open_run_folder(path: str) -> Iterator[RunFolder]:
    """Makes the folder if need be and keeps other runs out of it while open. Raises ValueError if
    that fails."""
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


def save_whole(path: Path, state: dict[str, Any]) -> None:
    """torch.save to a file that is complete or as it was before. Raises OSError."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        with open(partial, "wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except (OSError, RuntimeError) as error:
        # torch wraps a failed write in a RuntimeError of its own.
        cause = error if isinstance(error, OSError) else error.__context__
        reason = cause.strerror if isinstance(cause, OSError) and cause.strerror else str(error)
        raise OSError(
            cause.errno if isinstance(cause, OSError) else None, reason, str(path)
        ) from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


def _trained_folder(name: str | Path) -> Path:
    """A run folder or a model folder by its path; the built-in model by its name, too."""
    return find_model(BUILT_IN) if str(name) == BUILT_IN else Path(name)


def load_stage_words(name: str | Path) -> TextTokenizer:
    """The text tokenizer of a run folder or a model folder. Raises as `TextTokenizer.load` does."""
    return TextTokenizer.load(_trained_folder(name) / TEXT_FILE)


def load_stage_weights(name: str | Path) -> tuple[dict[str, Any], dict[str, dict[str, Tensor]]]:
    """Settings and weights of a run folder or a model folder: (config, {player: weights}).

    They are the weights that did best on held-out data, if the stage has a measure for that, else
    the newest; averaged where the run averages them. The settings are the run's, with those of its
    networks under "networks". A model folder gives the players "tokenizer" and "generator", and
    "dual_encoder" if it has one, without what only training needs.
    Raises ValueError if there are no readable weights.
    """
    folder = _trained_folder(name)
    if (folder / WEIGHTS_FILE).exists():
        return _model_weights(folder)
    path = folder / CHECKPOINT_FILE
    if not path.exists():
        raise ValueError(
            f"{name} holds no trained stage: there is neither {CHECKPOINT_FILE} nor {WEIGHTS_FILE} in it"
        )
    best = folder / BEST_FILE
    state = _read_checkpoint(best if best.exists() else path, _WEIGHTS_ENTRIES)
    weights = {
        name: player.get("ema") or player["weights"] for name, player in state["players"].items()
    }
    return {**state["config"], "networks": state["networks"]}, weights


def _model_weights(folder: Path) -> tuple[dict[str, Any], dict[str, dict[str, Tensor]]]:
    stored = load_model(folder)
    players: dict[str, dict[str, Tensor]] = {"tokenizer": {}, "generator": {}}
    for name, tensor in stored.tensors.items():
        part, rest = name.split(".", 1)
        if part in ("tokenizer", "dual_encoder"):
            players.setdefault(part, {})[rest] = tensor
        elif part in ("text", "generator"):
            players["generator"][name] = tensor
    return {"networks": stored.config}, players


def player_weights(
    players: dict[str, dict[str, Tensor]], player: str, folder: str | Path
) -> dict[str, Tensor]:
    """One player's weights, of those that `load_stage_weights(folder)` gave. Raises ValueError if
    it is not there."""
    if player not in players:
        raise ValueError(
            f"{folder} is not a run that trained the {player}: it trained {', '.join(players)}"
        )
    return players[player]


def _read_checkpoint(path: Path, entries: set[str]) -> dict[str, Any]:
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch, pickle and zip each raise their own for a damaged file
        why = f"{path} cannot be read ({type(error).__name__})"
        raise ValueError(f"{why}: move it away to start the run anew") from error
    if not isinstance(state, dict) or state.get("format") != _FORMAT or not state.keys() >= entries:
        raise ValueError(
            f"{path} is not a checkpoint of this version: move it away to start the run anew"
        )
    return state


def _plain(values: Any) -> Any:
    # Tuples come back from a checkpoint as they were, from JSON as lists; both must compare equal.
    return json.loads(json.dumps(values))


def _replace_text(path: Path, text: str) -> None:
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_text(text, encoding="utf-8")
        os.replace(partial, path)
    except OSError as error:
        raise ValueError(
            f"cannot write {path}: {error.strerror}; name another run folder with --out"
        ) from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


def _code_version() -> str:
    from dall_e.version import __version__

    try:
        asked = ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short", "HEAD"]
        found = subprocess.run(asked, capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return __version__
    return f"{__version__} {found.stdout.strip()}".strip()
