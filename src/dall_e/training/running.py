"""From the settings of a stage to its run: what all stages have in common."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from dall_e.checkpoints.run_files import SETTINGS_FILE
from dall_e.config import TrainingConfig, with_values
from dall_e.runtime import free_unused, pick_device
from dall_e.training.estimate import describe
from dall_e.training.gradients import own_positions
from dall_e.training.loop import fit
from dall_e.training.memory_fitting import NotEnoughMemory
from dall_e.training.memory_planning import fitted_to_memory
from dall_e.training.processes import join, leave, main_first, num_processes, rank, speaking
from dall_e.training.run_folder import has_checkpoint, open_run_folder
from dall_e.training.stage import Stage
from dall_e.training.trackers import tracker_names
from dall_e.training.tracking import announce

Config = TypeVar("Config", bound=TrainingConfig)


def run_stage(
    config: Config,
    make: Callable[[Config], Stage[Any]],
    *,
    dry_run: bool = False,
    rehearsal: Callable[[Config], Stage[Any]] | None = None,
) -> None:
    """Train the stage that `make` prepares, or with `dry_run` print what would be done.

    Where there is a `rehearsal`, the same stage without its data (`rehearsal.py`), a run that needs
    more memory than there is has smaller micro-batches, or is refused. Raises ValueError as `make`
    and `fit` do, for too little memory, and for trackers that are not known or not ready,
    ImportError for those that are not installed: before anything is prepared.
    """
    config = _shared_out(config)
    if rank() == 0:
        tracker_names(config.loop.track)
    if rehearsal is not None:
        config = fitted_to_memory(config, rehearsal)
    if dry_run:
        with speaking(), contextlib.closing(make(config)) as stage:
            print(describe(config, stage))
        return
    while True:
        smaller = _fit_or_smaller(config, make)
        if not smaller:
            break
        parts, size = config.loop.batch_size // smaller, config.loop.micro_batch_size
        announce(
            f"not enough memory to learn from {size} pictures at once: now {smaller} at a time, "
            f"and the gradients of {parts} times are added up, so that a step still learns from "
            f"{config.loop.batch_size}"
        )
        config = with_values(config, {"micro_batch": smaller})
        free_unused(pick_device(config.loop.device))
    leave()


def _fit_or_smaller(config: Config, make: Callable[[Config], Stage[Any]]) -> int:
    """Trains; or, if memory runs out, the size of micro-batches to try next.

    What it had is free again then. Several processes cannot wait for the one that has run out.
    """
    # The main process prepares first, and the others find what it has left in the run folder. That
    # is held, so that another run is out of it before anything is written.
    with open_run_folder(config.run_folder), main_first(), speaking():
        stage = make(config)
    try:
        fit(config, stage)
    except NotEnoughMemory as error:
        if num_processes() > 1 or not error.micro_batch:
            raise
        return error.micro_batch
    except (KeyboardInterrupt, SystemExit):
        leave()  # All have stopped, and saved.
        raise
    return 0


def _shared_out(config: Config) -> Config:
    """The settings for this process, which meets the others: its device, and its micro-batches.

    A run that is resumed keeps the micro-batches that it was begun with, whatever the processes.
    Raises ValueError if processes cannot share a batch evenly.
    """
    device = join(config.loop.device)
    values: dict[str, Any] = {"device": device}
    before = _stored_micro_batch(Path(config.run_folder))
    each, rest = divmod(config.loop.batch_size, num_processes())
    if not config.loop.micro_batch:
        if before or (num_processes() > 1 and not rest):
            values["micro_batch"] = before or each
    elif before and config.loop.micro_batch % before == 0:
        values["micro_batch"] = before  # What was asked for did not fit into memory.
    config = with_values(config, values)
    own_positions(config.loop, 0)
    return config


def _stored_micro_batch(folder: Path) -> int:
    """Of the run in a folder; 0 without one."""
    try:
        stored = json.loads((folder / SETTINGS_FILE).read_bytes())
        return int(stored["loop"]["micro_batch"]) if has_checkpoint(str(folder)) else 0
    except (OSError, ValueError, TypeError, KeyError):
        return 0
