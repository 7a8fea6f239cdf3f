"""From the settings of a stage to its run: what all stages have in common."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from dall_e.checkpoints.run_files import SETTINGS_FILE
from dall_e.config import TrainingConfig, with_values
from dall_e.training.estimate import describe
from dall_e.training.gradients import own_positions
from dall_e.training.loop import fit
from dall_e.training.processes import join, leave, main_first, num_processes, rank, speaking
from dall_e.training.run_folder import has_checkpoint, open_run_folder
from dall_e.training.stage import Stage
from dall_e.training.trackers import tracker_names

Config = TypeVar("Config", bound=TrainingConfig)


def run_stage(
    config: Config, make: Callable[[Config], Stage[Any]], *, dry_run: bool = False
) -> None:
    """Train the stage that `make` prepares, or with `dry_run` print what would be done.

    Raises ValueError as `make` and `fit` do, and for trackers that are not known or not ready,
    ImportError for those that are not installed: before anything is prepared.
    """
    config = _shared_out(config)
    if rank() == 0:
        tracker_names(config.loop.track)
    if dry_run:
        with speaking(), contextlib.closing(make(config)) as stage:
            print(describe(config, stage))
        return
    # The main process prepares first, and the others find what it has left in the run folder. That
    # is held, so that another run is out of it before anything is written.
    with open_run_folder(config.run_folder), main_first(), speaking():
        stage = make(config)
    try:
        fit(config, stage)
    except (KeyboardInterrupt, SystemExit):
        leave()  # All have stopped, and saved.
        raise
    leave()


def _shared_out(config: Config) -> Config:
    """The settings for this process, which meets the others: its device, and its micro-batches.

    A run that is resumed keeps the micro-batches that it was begun with, whatever the processes.
    Raises ValueError if processes cannot share a batch evenly.
    """
    device = join(config.loop.device)
    values: dict[str, Any] = {"device": device}
    if not config.loop.micro_batch:
        before = _stored_micro_batch(Path(config.run_folder))
        each, rest = divmod(config.loop.batch_size, num_processes())
        if before or (num_processes() > 1 and not rest):
            values["micro_batch"] = before or each
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
