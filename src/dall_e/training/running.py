"""From the settings of a stage to its run: what all stages have in common."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, TypeVar

from dall_e.config import TrainingConfig
from dall_e.training.loop import describe, fit
from dall_e.training.run_folder import open_run_folder
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
    tracker_names(config.loop.track)
    if dry_run:
        with contextlib.closing(make(config)) as stage:
            print(describe(config, stage))
        return
    # The stage writes to the run folder too, so another run must be out of it before.
    with open_run_folder(config.run_folder):
        stage = make(config)
    fit(config, stage)
