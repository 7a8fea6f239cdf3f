"""The training loop: step, log, save, sample, stop and resume. It knows no stage.

A run is a function of its settings and of the number of pictures seen: batches and schedules are
computed from that number, and what else has state is in the checkpoint, so a resumed run equals one
that was never stopped. `training/stage.py` says what a stage gives the loop.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import random
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import torch

from dall_e.checkpoints.run_files import FEW_HELD_OUT
from dall_e.config import TrainingConfig
from dall_e.runtime import autocast, pick_dtype
from dall_e.training.estimate import estimate
from dall_e.training.optim import learning_rate_fraction
from dall_e.training.player import PlayerTrainer
from dall_e.training.run_folder import (
    RunFolder,
    check_same_data,
    has_checkpoint,
    open_run_folder,
)
from dall_e.training.stage import Stage
from dall_e.training.tracking import Tracker

OnSample = Callable[[Path, dict[str, float]], None]
_LONGEST_SILENCE = 30.0
"""Seconds after which a line of the log comes early, where steps are slow."""
_RISEN = 1.05
"""A held-out loss this many times its best is rising, not swaying."""
# After so many steps in a row without a finite loss, a run is beyond help.
_MOST_SKIPPED = 50


def fit(config: TrainingConfig, stage: Stage[Any], *, on_sample: OnSample | None = None) -> int:
    """Train `stage` until enough pictures are seen, or resume it. Returns the number seen.

    `on_sample` gets path and measures of each sample sheet while the players have their averaged
    weights. Ctrl-C and SIGTERM save first and then end the program as usual (KeyboardInterrupt,
    SystemExit). Raises ValueError if the run folder cannot be used or holds a run with other
    settings, and OSError if the last checkpoint cannot be written.
    """
    with open_run_folder(config.run_folder) as folder, contextlib.closing(stage):
        run = _Run(config, stage, folder, on_sample)
        run.restore()
        with _catch_signals() as caught:
            while not run.is_complete() and not caught and not run.is_out_of_time():
                run.step()
                run.write_due()
        run.finish(caught[0] if caught else None)
    return run.images_seen


class _Run:
    """One call of `fit`: the players' optimisers and averages, the counters, the clocks."""

    def __init__(
        self,
        config: TrainingConfig,
        stage: Stage[Any],
        folder: RunFolder,
        on_sample: OnSample | None,
    ) -> None:
        self.images_seen = 0
        self._config = config
        self._loop = config.loop
        self._stage = stage
        self._folder = folder
        self._on_sample = on_sample
        self._tracker = Tracker(config, folder)
        self._dtype = pick_dtype(self._loop.precision, stage.device)
        self._trainers = {player.name: PlayerTrainer(player) for player in stage.players}
        self._stored_images = self._resumed_images = 0
        self._best, self._best_seen = math.inf, 0
        self._has_warned = False
        self._started = self._sampled = self._logged = time.monotonic()
        # A first checkpoint after the first step: whether there is room shows now, not in an hour.
        self._saved = -math.inf
        self._failed_saves = 0

    def is_complete(self) -> bool:
        """Whether all pictures were seen."""
        return self.images_seen >= self._loop.images

    def is_out_of_time(self) -> bool:
        """Whether this call has used up its minutes."""
        limit = self._loop.max_minutes * 60
        return limit > 0 and time.monotonic() - self._started >= limit

    def restore(self) -> None:
        """Goes on from the run folder's checkpoint, if there is one; writes the head of the log."""
        state = self._folder.load_checkpoint(self._config, self._stage.networks)
        if self._stage.run_data:
            check_same_data(self._folder.path, self._stage.run_data)
            self._folder.write_data(self._stage.run_data)
        self._folder.write_settings(self._config, self._stage.networks)
        if state is None:
            self._folder.trim_metrics(-1)
            self._tracker.say("\n".join([*self._stage.summary(), self._first_lines()]))
            return

        for name, trainer in self._trainers.items():
            trainer.load_state_dict(state["players"][name])
        self._stage.load_state_dict(state["stage"])
        self.images_seen = self._stored_images = self._resumed_images = state["images_seen"]
        self._best, self._best_seen = self._folder.best_measure()
        self._tracker.seconds = state["seconds"]
        _set_random_state(state["random"])

        self._folder.trim_metrics(self.images_seen)
        done = "already complete" if self.is_complete() else "resuming"
        self._tracker.say(f"{done}: {self._seen()} seen in {self._folder.path}")

    def step(self) -> None:
        """One batch, and one optimiser step of every player whose turn it is."""
        progress = min(self.images_seen / self._loop.images, 1.0)
        fraction = learning_rate_fraction(self._config, self.images_seen)
        turns = self._stage.losses(self._stage.batch(self.images_seen), progress)

        while True:
            with autocast(self._stage.device, self._dtype):
                turn = next(turns, None)
            if turn is None:
                break
            name, (loss, parts) = turn
            norm = self._trainers[name].step(loss, fraction)
            self._tracker.gather({**parts, f"{name}_loss": loss, f"{name}_norm": norm})

        self.images_seen += self._loop.batch_size
        self._tracker.count(self._loop.batch_size)

    def write_due(self) -> None:
        """Log, sheet and checkpoint, each if it is its time.

        A checkpoint that fails is reported, and tried again later. Raises OSError if it is the
        first of this call, or fails twice in a row: training would go on for nothing.
        """
        now = time.monotonic()
        is_due = (self.images_seen // self._loop.batch_size) % self._loop.log_every == 0
        if is_due or now - self._logged >= _LONGEST_SILENCE:
            self._log()
        if now - self._sampled >= self._loop.sample_minutes * 60:
            self._sample()
        if now - self._saved >= self._loop.save_minutes * 60:
            self._save_or_warn()

    def _save_or_warn(self) -> None:
        is_first = self._saved == -math.inf
        try:
            self._save()
            if is_first:
                self._folder.check_room()
        except OSError as error:
            self._failed_saves += 1
            if is_first or self._failed_saves > 1:
                raise OSError(
                    f"{error}. Stopped rather than train on without saving: free some space, and "
                    f"the same command goes on from {self._seen(self._stored_images)}"
                ) from error
            self._tracker.say(f"{error}; training goes on, and stops if the next one fails too")
            self._saved = time.monotonic()

    def finish(self, caught: int | None) -> None:
        """Saves; a sheet as well if the run is complete; then ends as the caught signal asks."""
        if self.images_seen > self._stored_images:
            self._save()
        if self.is_complete() and self.images_seen > self._resumed_images:
            self._sample()
        self._tracker.close()
        if not self.is_complete():
            fraction = self.images_seen / self._loop.images
            self._tracker.say(
                f"stopped at {self._seen()} ({fraction:.0%}); the same command resumes"
            )

        if caught == signal.SIGINT:
            raise KeyboardInterrupt
        if caught is not None:
            raise SystemExit(128 + caught)

    def _first_lines(self) -> str:
        """When the first line and the first sheet are to be expected."""
        return (
            f"training begins: a line every {self._loop.log_every} steps of "
            f"{self._loop.batch_size} pictures, or {_LONGEST_SILENCE:.0f} s; "
            f"a sheet every {self._loop.sample_minutes:g} min"
        )

    def _seen(self, images: int | None = None) -> str:
        images = self.images_seen if images is None else images
        return f"{images:,} of {self._loop.images:,} pictures"

    def _log(self) -> None:
        self._logged = time.monotonic()
        fraction = learning_rate_fraction(self._config, self.images_seen)
        skipped = sum(int(trainer.num_skipped) for trainer in self._trainers.values())
        more = {
            "learning_rate": self._config.optimizer.learning_rate * fraction,
            "skipped_steps": float(skipped),
            **self._stage.window(),
        }
        self._tracker.write(self.images_seen, more)

        for name, trainer in self._trainers.items():
            in_row = int(trainer.num_skipped_in_row)
            if in_row >= _MOST_SKIPPED:
                raise ValueError(
                    f"the loss of {name} was not finite {in_row} times in a row, up to picture "
                    f"{self.images_seen:,}; the last checkpoint is kept. Try a lower "
                    "--learning-rate or --precision fp32"
                )

    def _sample(self) -> None:
        path = self._folder.path / "samples" / f"{self.images_seen:09d}.png"
        # Sheets are made at times that depend on the clock, so they must leave no trace in the
        # random state.
        random_state = _random_state()
        with self._tracker.paused():
            try:
                path.parent.mkdir(exist_ok=True)
                measures = self._measure(path)
                self._tracker.write_measures(self.images_seen, measures, path)
                shown = "  ".join(f"{name} {value:.4g}" for name, value in measures.items())
                self._tracker.say(f"sheet {path}  {shown}")
            except OSError as error:
                why = error.strerror or error
                self._tracker.say(f"could not write {path}: {why}; training goes on")
        _set_random_state(random_state)
        self._sampled = time.monotonic()

    def _measure(self, path: Path) -> dict[str, float]:
        with contextlib.ExitStack() as stack:
            for trainer in self._trainers.values():
                stack.enter_context(trainer.averaged())
            with torch.no_grad():
                measures = self._stage.sample(path)
            judged = measures.get(self._stage.judged_by, math.inf)
            self._keep_if_best(judged)
            self._say_if_rising(judged)
            if self._on_sample is not None:
                self._on_sample(path, measures)
        return measures

    def _keep_if_best(self, measure: float) -> None:
        """Keeps the players' present weights if none before did as well."""
        if not measure < self._best:
            return
        players = {
            name: {"weights": trainer.player.module.state_dict()}
            for name, trainer in self._trainers.items()
        }
        self._folder.save_best(
            {
                "config": dataclasses.asdict(self._config),
                "networks": self._stage.networks,
                "players": players,
                "images_seen": self.images_seen,
                "measure": measure,
                "num_held_out": self._stage.num_held_out,
            }
        )
        self._best, self._best_seen = measure, self.images_seen

    def _say_if_rising(self, measure: float) -> None:
        """Says once, in words, that held-out pictures grow less likely, and what may help."""
        if self._has_warned or not math.isfinite(measure) or measure < _RISEN * self._best:
            return
        self._has_warned = True
        self._tracker.say(overfitting_advice(self._stage, self._best, self._best_seen, measure))

    def _save(self) -> None:
        players = {name: trainer.state_dict() for name, trainer in self._trainers.items()}
        with self._tracker.paused():
            self._folder.save_checkpoint(
                {
                    "config": dataclasses.asdict(self._config),
                    "networks": self._stage.networks,
                    "players": players,
                    "stage": self._stage.state_dict(),
                    "images_seen": self.images_seen,
                    "seconds": self._tracker.seconds,
                    "random": _random_state(),
                }
            )
        self._stored_images = self.images_seen
        self._saved = time.monotonic()
        self._failed_saves = 0


def overfitting_advice(stage: Stage[Any], best: float, best_seen: int, now: float) -> str:
    """What a rising held-out loss means, and what to try."""
    weak = ""
    if 0 < stage.num_held_out < FEW_HELD_OUT:
        weak = f" ({stage.num_held_out} held-out pictures say little: look at the sheets)"
    return (
        f"over-fitting: {stage.judged_by} was {best:.3g} after {best_seen:,} pictures and is now "
        f"{now:.3g}{weak}. The network learns the training pictures by heart and does worse on "
        "others. Try fewer --images, a lower --learning-rate, or more pictures; "
        "`dall-e export --weights best` takes the weights from before"
    )


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


def _random_state() -> dict[str, Any]:
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    return {"torch": torch.get_rng_state(), "cuda": cuda, "python": random.getstate()}


def _set_random_state(state: dict[str, Any]) -> None:
    torch.set_rng_state(state["torch"])
    if state["cuda"] and torch.cuda.is_available():
        torch.cuda.set_rng_state_all(state["cuda"])
    random.setstate(state["python"])


@contextlib.contextmanager
def _catch_signals() -> Iterator[list[int]]:
    """A list that gets the first SIGINT or SIGTERM; a second one ends the program at once."""
    caught: list[int] = []
    # Only the main thread may set handlers.
    is_main_thread = threading.current_thread() is threading.main_thread()
    watched = (signal.SIGINT, signal.SIGTERM) if is_main_thread else ()
    before = {number: signal.getsignal(number) for number in watched}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def note(number: int, frame: FrameType | None) -> None:
        caught.append(number)
        restore()
        print("\nsaving; once more stops at once, without saving", file=sys.stderr)

    for number in watched:
        signal.signal(number, note)
    try:
        yield caught
    finally:
        restore()
