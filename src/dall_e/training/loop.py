"""The training loop: step, log, save, sample, stop and resume. It knows no stage.

A run is a function of its settings and of the number of pictures seen: batches and schedules are
computed from that number, and what else has state is in the checkpoint, so a resumed run equals one
that was never stopped. `training/stage.py` says what a stage gives the loop.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import math
import signal
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import torch

from dall_e.config import TrainingConfig
from dall_e.runtime import autocast, pick_dtype
from dall_e.training.alarms import MOST_SKIPPED, Alarm, Alarms, Best
from dall_e.training.gradients import (
    SharedGradients,
    Turns,
    own_positions,
    recompute_where_asked,
    seed_micro_batch,
)
from dall_e.training.interruption import catch_signals, random_state, set_random_state
from dall_e.training.memory_fitting import memory_named
from dall_e.training.optim import learning_rate_fraction
from dall_e.training.player import PlayerTrainer
from dall_e.training.processes import any_of, rank
from dall_e.training.profile import Profile
from dall_e.training.run_folder import RunFolder, check_same_data, open_run_folder
from dall_e.training.stage import Stage
from dall_e.training.tracking import Tracker

OnSample = Callable[[Path, dict[str, float]], None]
_LONGEST_SILENCE = 30.0
"""Seconds after which a line of the log comes early, where steps are slow."""


def fit(config: TrainingConfig, stage: Stage[Any], *, on_sample: OnSample | None = None) -> int:
    """Train `stage` until enough pictures are seen, or resume it. Returns the number seen.

    `on_sample` gets path and measures of each sample sheet while the players have their averaged
    weights. Ctrl-C and SIGTERM save first and then end the program as usual (KeyboardInterrupt,
    SystemExit). Raises ValueError if the run folder cannot be used or holds a run with other
    settings, and OSError if the last checkpoint cannot be written. Several processes call this
    together (`processes.join`); the main one writes.
    """
    with open_run_folder(config.run_folder) as folder, contextlib.closing(stage):
        run = _Run(config, stage, folder, on_sample)
        with contextlib.closing(run), catch_signals() as caught:
            run.restore()
            while not run.is_complete():
                with memory_named(config.loop):
                    run.step()
                if run.write_due(must_stop=bool(caught)):
                    break
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
        recompute_where_asked(stage, self._loop)
        self._gradients = SharedGradients(stage, self._loop)
        self._trainers = {player.name: PlayerTrainer(player) for player in stage.players}
        self._profile = Profile(stage.device, on=self._loop.profile)
        self._alarms, self._train_loss = Alarms(stage), math.inf
        self._best = Best()
        self._stored_images = self._resumed_images = 0
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
        self._best = Best(*self._folder.best_measure())
        self._tracker.seconds = state["seconds"]
        set_random_state(state["random"])

        self._folder.trim_metrics(self.images_seen)
        done = "already complete" if self.is_complete() else "resuming"
        self._tracker.say(f"{done}: {self._seen()} seen in {self._folder.path}")

    def step(self) -> None:
        """One batch, and one optimiser step of every player whose turn it is."""
        progress = min(self.images_seen / self._loop.images, 1.0)
        fraction = learning_rate_fraction(self._config, self.images_seen)
        with self._profile.step():
            positions = own_positions(self._loop, self.images_seen)
            with self._profile.part("data"):
                batches = [self._stage.batch(position) for position in positions]
            all_turns = [self._stage.losses(batch, progress) for batch in batches]

            for turn in itertools.count():
                name = self._add_losses(all_turns, positions, turn)
                if name is None:
                    break
                with self._profile.part("optimizer"):
                    norm = self._trainers[name].step(fraction)
                self._tracker.gather({f"{name}_norm": norm})
            self._stage.end_step()

        self.images_seen += self._loop.batch_size
        self._tracker.count(self._loop.batch_size)

    def _add_losses(self, all_turns: list[Turns], positions: list[int], number: int) -> str | None:
        """Forward and backward passes of one turn, for every micro-batch; whose turn it was."""
        name = None
        for turns, position in zip(all_turns, positions, strict=True):
            seed_micro_batch(self._loop, position, number)
            is_last = position == positions[-1]
            with self._profile.part("forward"), autocast(self._stage.device, self._dtype):
                turn = self._gradients.next_turn(turns, is_last=is_last)
            if turn is None:
                return None
            name, (loss, parts) = turn
            with self._profile.part("backward"):
                self._trainers[name].add(loss, 1 / len(positions))
            self._tracker.gather({**parts, f"{name}_loss": loss})
        self._gradients.end_turn()
        return name

    def write_due(self, *, must_stop: bool) -> bool:
        """Log, sheet and checkpoint, each if it is its time; whether the run is to stop now.

        The main process's clocks count, and a signal to any process stops all. A checkpoint that
        fails is reported, and tried again later. Raises OSError if it is the first of this call,
        or fails twice in a row: training would go on for nothing.
        """
        now = time.monotonic()
        is_due = (self.images_seen // self._loop.batch_size) % self._loop.log_every == 0
        due = (
            is_due or now - self._logged >= _LONGEST_SILENCE,
            now - self._sampled >= self._loop.sample_minutes * 60,
            now - self._saved >= self._loop.save_minutes * 60,
            self.is_out_of_time(),
        )
        log, sample, save, out_of_time, stop = any_of(
            (*(flag and rank() == 0 for flag in due), must_stop), self._stage.device
        )
        if log:
            self._log()
        if sample:
            self._sample()
        # Weights of which every loss is not finite must not take the place of good ones.
        if save and not any(int(trainer.num_skipped_in_row) for trainer in self._trainers.values()):
            self._save_or_warn()
        return out_of_time or stop

    def _save_or_warn(self) -> None:
        is_first = self._saved == -math.inf
        try:
            self._save()
            if is_first and rank() == 0:
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
        if self.is_complete() and self._lacks_last_sheet():
            self._sample()
        if self._profile.is_on:
            self._tracker.say("\n".join(self._profile.lines(self._trainers.values())))
        if not self.is_complete():
            fraction = self.images_seen / self._loop.images
            self._tracker.say(
                f"stopped at {self._seen()} ({fraction:.0%}); the same command resumes"
            )

        if caught == signal.SIGINT:
            raise KeyboardInterrupt
        if caught is not None:
            raise SystemExit(128 + caught)

    def _lacks_last_sheet(self) -> bool:
        """Whether it is to be drawn, by all processes: also if a run was killed just before it."""
        if self.images_seen > self._resumed_images:
            return True
        is_missing = rank() == 0 and not self._folder.has_measures(self.images_seen)
        return any_of([is_missing], self._stage.device)[0]

    def close(self) -> None:
        """Ends the log and the trackers, however the run ends."""
        self._tracker.close()

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
        values = self._tracker.write(self.images_seen, more)
        self._train_loss = values.get(f"{self._stage.players[0].name}_loss", math.inf)
        self._raise(self._alarms.of_line(values))

        for name, trainer in self._trainers.items():
            in_row = int(trainer.num_skipped_in_row)
            if in_row >= MOST_SKIPPED:
                raise ValueError(
                    f"the loss of {name} was not finite {in_row} times in a row, up to picture "
                    f"{self.images_seen:,}; the checkpoint from before, after "
                    f"{self._stored_images:,}, is kept. Try a lower --learning-rate or "
                    "--precision fp32"
                )

    def _raise(self, alarms: Iterable[Alarm]) -> None:
        """Says each alarm, and keeps the checkpoint from before where later ones will be worse."""
        for alarm in alarms:
            kept = self._folder.keep_checkpoint(f"before_{alarm.name}") if alarm.spoils else None
            told = f"{alarm.text}. The last checkpoint is kept in {kept}" if kept else alarm.text
            self._tracker.alarm(self.images_seen, alarm.name, told)

    def _sample(self) -> None:
        if rank() > 0 and self._gradients.shards is None:
            return  # The main process draws them, and the others wait for its next step.
        # Sheets are made at times that depend on the clock, so they must leave no trace in the
        # random state.
        state = random_state()
        with self._tracker.paused(), contextlib.ExitStack() as stack:
            for trainer in self._trainers.values():
                stack.enter_context(trainer.averaged())
            players = {name: {"weights": each.weights()} for name, each in self._trainers.items()}
            stack.enter_context(self._gradients.gathered())
            if rank() == 0:
                self._write_sheet(players)
        set_random_state(state)
        self._sampled = time.monotonic()

    def _write_sheet(self, players: dict[str, Any]) -> None:
        """Draws and measures; `players` are the weights to keep if none before did as well."""
        path = self._folder.path / "samples" / f"{self.images_seen:09d}.png"
        try:
            path.parent.mkdir(exist_ok=True)
            with torch.no_grad():
                measures = self._stage.sample(path)
            judged = measures.get(self._stage.judged_by, math.inf)
            self._keep_if_best(judged, players)
            self._raise(self._alarms.of_measure(judged, self._train_loss, self._best))
            if self._on_sample is not None:
                self._on_sample(path, measures)
            self._tracker.write_measures(self.images_seen, measures, path)
            shown = "  ".join(f"{name} {value:.4g}" for name, value in measures.items())
            self._tracker.say(f"sheet {path}  {shown}")
        except OSError as error:
            why = error.strerror or error
            self._tracker.say(f"could not write {path}: {why}; training goes on")

    def _keep_if_best(self, measure: float, players: dict[str, Any]) -> None:
        """Keeps the players' present weights if none before did as well."""
        if not measure < self._best.measure:
            return
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
        self._best = Best(measure, self.images_seen, self._train_loss)

    def _save(self) -> None:
        if rank() == 0 or self._gradients.shards is not None:
            self._save_checkpoint()
        self._stored_images = self.images_seen
        self._saved = time.monotonic()
        self._failed_saves = 0

    def _save_checkpoint(self) -> None:
        players = {name: trainer.state_dict() for name, trainer in self._trainers.items()}
        if rank() > 0:
            return
        with self._tracker.paused():
            self._folder.save_checkpoint(
                {
                    "config": dataclasses.asdict(self._config),
                    "networks": self._stage.networks,
                    "players": players,
                    "stage": self._stage.state_dict(),
                    "images_seen": self.images_seen,
                    "seconds": self._tracker.seconds,
                    "random": random_state(),
                }
            )
