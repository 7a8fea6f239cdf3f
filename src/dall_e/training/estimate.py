"""What a run would do, and how long it would take.

The rate is that of its log, or else of a few steps that are timed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import time
from pathlib import Path
from typing import Any, NamedTuple

import torch

from dall_e.config import TrainingConfig
from dall_e.runtime import pick_dtype
from dall_e.training.gradients import recompute_where_asked
from dall_e.training.optim import learning_rate_fraction
from dall_e.training.player import PlayerTrainer
from dall_e.training.run_folder import has_checkpoint
from dall_e.training.stage import Stage, played
from dall_e.training.tracking import minutes_or_hours

_MOST_STEPS = 3
_MOST_SECONDS = 20.0
"""No further step is timed after so long, however few were."""


class _Rate(NamedTuple):
    images_per_second: float
    source: str
    """Where the number is from, in words."""
    images_seen: int = 0
    """How far the run is."""


def describe(config: TrainingConfig, stage: Stage[Any]) -> str:
    """What --dry-run prints: what would be done, settings, sizes, schedule and time.

    `stage` is good for nothing else afterwards: its steps may have been timed.
    """
    loop = config.loop
    settings = {**dataclasses.asdict(config), "networks": stage.networks}
    lines = [json.dumps(settings, indent=2, ensure_ascii=False)]

    action = "resume the run in" if has_checkpoint(config.run_folder) else "start a new run in"
    num_steps = -(-loop.images // loop.batch_size)
    lines.append(f"would {action} {config.run_folder}; nothing is written now")
    lines.append(f"{num_steps:,} steps of {loop.batch_size} pictures on {stage.device}")

    for player in stage.players:
        total, trained = player.num_parameters(), player.num_parameters(trained=True)
        lines.append(f"{player.name}: {total:,} parameters, {trained:,} of them trained")

    for tenth in range(0, 11, 2):
        images_seen = loop.images * tenth // 10
        fraction = learning_rate_fraction(config, images_seen)
        rates = ", ".join(
            f"{player.name} {player.optimizer.learning_rate * fraction:.2e}"
            for player in stage.players
        )
        lines.append(f"after {images_seen:>12,} pictures: learning rate {rates}")
    return "\n".join([*lines, *stage.summary(), estimate(config, stage)])


def estimate(config: TrainingConfig, stage: Stage[Any]) -> str:
    """A line with the time that a run will still take, and how that is known.

    Steps that are timed change the weights of `stage`, which is good for nothing else afterwards.
    """
    rate = _logged_rate(Path(config.run_folder)) or _timed_rate(config, stage)
    if rate is None:
        return "estimated time: unknown, as this stage can only be timed once it is prepared"
    left = max(config.loop.images - rate.images_seen, 0)
    return (
        f"estimated time: {minutes_or_hours(left / rate.images_per_second)} for {left:,} pictures, "
        f"by {rate.images_per_second:.3g} pictures/s {rate.source}; preparation and sample sheets "
        "come on top"
    )


def _logged_rate(folder: Path) -> _Rate | None:
    """The last rate in a run's log, which was measured while it trained."""
    try:
        lines = (folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return None
    for line in reversed(lines):
        # A run that was killed may leave half a line.
        with contextlib.suppress(ValueError, KeyError, TypeError):
            values = json.loads(line)
            rate = float(values["images_per_second"])
            if rate > 0:
                return _Rate(rate, "in the last line of this run's log", values["images_seen"])
    return None


def _timed_rate(config: TrainingConfig, stage: Stage[Any]) -> _Rate | None:
    """The rate of a few steps on this machine, as busy as it is. A quick first step warms up."""
    if not stage.can_be_timed:
        return None
    recompute_where_asked(stage, config.loop)
    trainers = {player.name: PlayerTrainer(player) for player in stage.players}
    dtype = pick_dtype(config.loop.precision, stage.device)
    size, begun, counted = config.loop.micro_batch_size, time.monotonic(), 0

    for number in range(_MOST_STEPS + 1):
        for name, loss in played(stage, stage.batch(number * size), 0.5, dtype):
            trainers[name].add(loss)
            trainers[name].step(1.0)

        if stage.device.type == "cuda":
            torch.cuda.synchronize(stage.device)
        now = time.monotonic()
        if number == 0 and now - begun <= _MOST_SECONDS:
            begun = now
            continue
        # Where one step takes so long, the first has to do.
        counted = max(number, 1)
        if now - begun > _MOST_SECONDS:
            break
    seconds = max(time.monotonic() - begun, 1e-9)
    noun = "step" if counted == 1 else "steps"
    return _Rate(counted * size / seconds, f"measured just now in {counted} {noun}")
