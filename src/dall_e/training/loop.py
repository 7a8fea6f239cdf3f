"""The training loop: clip, step, average, log, save, sample, stop and resume. It knows no stage.

A run is a function of its settings and of the number of pictures seen: batches and schedules are
computed from that number, and what else has state is in the checkpoint, so a resumed run equals one
that was never stopped.
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
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from torch import Tensor, nn

from dall_e.config import LoopConfig, OptimizerKind
from dall_e.runtime import autocast, pick_dtype
from dall_e.training.optim import AveragedWeights, build_adamw, build_muon, learning_rate_fraction
from dall_e.training.run_folder import RunFolder, load_stage_weights, open_run_folder
from dall_e.training.tracking import Report

__all__ = ["Player", "Stage", "describe", "fit", "load_stage_weights"]

Batch = dict[str, Any]
OnSample = Callable[[Path, dict[str, float]], None]
_MOST_SKIPPED = 50


@dataclass(frozen=True, kw_only=True)
class Player:
    """A network that is trained, with its own optimiser."""

    name: str
    """Name in checkpoints and in `Stage.loss`."""
    module: nn.Module
    """The network; parameters without `requires_grad` at the start stay as they are."""
    learning_rate: float
    """Peak learning rate."""
    weight_decay: float
    """AdamW's decay, on matrices only."""
    betas: tuple[float, float] = (0.9, 0.95)
    """AdamW's betas."""
    optimizer: OptimizerKind = "adamw"
    """What steps its matrices."""
    ema: bool = True
    """Whether averaged weights are kept; they are then the ones that are sampled."""


class Stage:
    """What is trained, and how: one subclass per stage. Needs `players`, `device`, `networks`,
    `batch`, `loss`."""

    players: tuple[Player, ...]
    """Stepped in this order in every step, on one shared batch."""
    device: torch.device
    """Where the players are."""
    networks: dict[str, Any]
    """Settings of the networks, ready for JSON; stored with the weights, and a resumed run must
    have the same."""
    judged_by = ""
    """The measure of `sample` by which the best weights are kept, lower is better; empty keeps the
    newest only."""

    def batch(self, images_seen: int) -> Batch:
        """The batch that follows after `images_seen` pictures: a function of the seed and of that
        number alone."""
        raise NotImplementedError

    def loss(self, player: str, batch: Batch, progress: float) -> tuple[Tensor, dict[str, Tensor]]:
        """A player's scalar loss, under autocast, and detached scalars for the log. `progress` is
        the share done.

        Players of one step are asked in order, so a later one may use what an earlier one put into
        `batch`.
        """
        raise NotImplementedError

    def active(self, player: str, progress: float) -> bool:
        """Whether the player is trained at this place of the run."""
        return True

    def window(self) -> dict[str, float]:
        """More values for a line of the log, gathered since the last call."""
        return {}

    def sample(self, path: Path) -> dict[str, float]:
        """Writes a sample sheet (PNG) and returns held-out measures; the players have their
        averaged weights then."""
        return {}

    def summary(self) -> list[str]:
        """Lines for --dry-run and the head of the log: data, sizes, when players join."""
        return []

    def state_dict(self) -> dict[str, Any]:
        """State beyond weights that a resumed run needs: tensors, numbers, text."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Takes back what `state_dict` gave."""

    def close(self) -> None:
        """Ends what the stage has started; called at the end of `fit`, however it ends."""


def fit(config: LoopConfig, stage: Stage, *, on_sample: OnSample | None = None) -> int:
    """Trains `stage` until `config.images` pictures are seen, or resumes it; returns the number
    seen.

    `on_sample` gets path and measures of each sample sheet while the players have their averaged
    weights. Ctrl-C and SIGTERM save first and then end the program as usual (KeyboardInterrupt,
    SystemExit). Raises ValueError if the run folder cannot be used or holds a run with other
    settings, and OSError if the last checkpoint cannot be written.
    """
    with open_run_folder(config.out) as folder, contextlib.closing(stage):
        run = _Run(config, stage, folder, on_sample)
        run.restore()
        with _catch_signals() as caught:
            while run.images_seen < config.images and not caught and not run.out_of_time():
                run.step()
                run.write_due()
        run.finish(caught[0] if caught else None)
    return run.images_seen


class _Run:
    """One call of `fit`: the players' optimisers and averages, the counters, the clocks."""

    def __init__(
        self, config: LoopConfig, stage: Stage, folder: RunFolder, on_sample: OnSample | None
    ) -> None:
        self.config = config
        self.stage = stage
        self.images_seen = 0
        self._folder = folder
        self._report = Report(config, folder)
        self._on_sample = on_sample
        self._dtype = pick_dtype(config.precision, stage.device)
        self._trained = [_Trained(player, config) for player in stage.players]
        self._stored_images = 0
        self._best = math.inf
        self._started = self._saved = self._sampled = time.monotonic()

    def restore(self) -> None:
        """Takes the state of the run folder's checkpoint, if there is one, and writes the head of
        the log."""
        state = self._folder.load_checkpoint(self.config, self.stage.networks)
        self._folder.write_settings(self.config, self.stage.networks)
        if state is None:
            self._folder.trim_metrics(-1)
            self._report.say("\n".join(self.stage.summary()))
            return
        for trained in self._trained:
            trained.load_state_dict(state["players"][trained.player.name])
        self.stage.load_state_dict(state["stage"])
        self.images_seen = self._stored_images = state["images_seen"]
        self._best = self._folder.best_measure()
        self._report.seconds = state["seconds"]
        _set_random_state(state["random"])
        self._folder.trim_metrics(self.images_seen)
        done = "already complete" if self.images_seen >= self.config.images else "resuming"
        self._report.say(
            f"{done}: {self.images_seen:,} of {self.config.images:,} pictures seen in {self._folder.path}"
        )

    def out_of_time(self) -> bool:
        """Whether this call has used up its minutes."""
        limit = self.config.max_minutes * 60
        return limit > 0 and time.monotonic() - self._started >= limit

    def step(self) -> None:
        """One batch, one optimiser step of every active player."""
        progress = min(self.images_seen / self.config.images, 1.0)
        batch = self.stage.batch(self.images_seen)
        fraction = learning_rate_fraction(self.config, self.images_seen)
        for trained in self._trained:
            name = trained.player.name
            if self.stage.active(name, progress):
                with autocast(self.stage.device, self._dtype):
                    loss, parts = self.stage.loss(name, batch, progress)
                norm = trained.step(loss, fraction)
                self._report.gather({**parts, f"{name}_loss": loss, f"{name}_norm": norm})
        self.images_seen += self.config.batch_size
        self._report.count(self.config.batch_size)

    def write_due(self) -> None:
        """Log, sheet and checkpoint, each if it is its time. A checkpoint that fails is said, and
        tried again later."""
        if (self.images_seen // self.config.batch_size) % self.config.log_every == 0:
            self._log()
        now = time.monotonic()
        if now - self._sampled >= self.config.sample_minutes * 60:
            self._sample()
        if now - self._saved >= self.config.save_minutes * 60:
            try:
                self._save()
            except OSError as error:
                self._report.say(f"{error}; training goes on")
            self._saved = time.monotonic()

    def finish(self, caught: int | None) -> None:
        """Saves; a sheet as well if the run is complete; then ends as the caught signal asks."""
        complete = self.images_seen >= self.config.images
        if self.images_seen > self._stored_images:
            self._save()
            if complete:
                self._sample()
        self._report.close()
        if not complete:
            seen = f"{self.images_seen:,} of {self.config.images:,} pictures"
            self._report.say(f"stopped at {seen}; the same command resumes")
        if caught == signal.SIGINT:
            raise KeyboardInterrupt
        if caught is not None:
            raise SystemExit(128 + caught)

    def _log(self) -> None:
        more = {
            "learning_rate": self.config.learning_rate
            * learning_rate_fraction(self.config, self.images_seen),
            "skipped_steps": float(sum(int(trained.num_skipped) for trained in self._trained)),
            **self.stage.window(),
        }
        self._report.write(self.images_seen, more)
        for trained in self._trained:
            in_row = int(trained.num_skipped_in_row)
            if in_row >= _MOST_SKIPPED:
                raise ValueError(
                    f"the loss of {trained.player.name} was not finite {in_row} times in a row, "
                    f"up to picture {self.images_seen:,}; the last checkpoint is kept. Try a lower --learning-rate or "
                    "--precision fp32"
                )

    def _sample(self) -> None:
        path = self._folder.path / "samples" / f"{self.images_seen:09d}.png"
        # Sheets are made at times that depend on the clock, so they must leave no trace in the
        # random state.
        random_state = _random_state()
        with self._report.paused():
            try:
                path.parent.mkdir(exist_ok=True)
                measures = self._measure(path)
                self._report.write_measures(self.images_seen, measures)
                found = "  ".join(f"{name} {value:.4g}" for name, value in measures.items())
                self._report.say(f"sheet {path}  {found}")
            except OSError as error:
                self._report.say(
                    f"could not write {path}: {error.strerror or error}; training goes on"
                )
        _set_random_state(random_state)
        self._sampled = time.monotonic()

    def _measure(self, path: Path) -> dict[str, float]:
        with contextlib.ExitStack() as stack:
            for trained in self._trained:
                stack.enter_context(trained.averaged())
            with torch.no_grad():
                measures = self.stage.sample(path)
            self._keep_if_best(measures.get(self.stage.judged_by, math.inf))
            if self._on_sample is not None:
                self._on_sample(path, measures)
        return measures

    def _keep_if_best(self, measure: float) -> None:
        """Keeps the players' present weights if none before did as well."""
        if not measure < self._best:
            return
        players = {
            trained.player.name: {"weights": trained.player.module.state_dict()}
            for trained in self._trained
        }
        self._folder.save_best(
            {
                "config": dataclasses.asdict(self.config),
                "networks": self.stage.networks,
                "players": players,
                "images_seen": self.images_seen,
                "measure": measure,
            }
        )
        self._best = measure

    def _save(self) -> None:
        with self._report.paused():
            self._folder.save_checkpoint(
                {
                    "config": dataclasses.asdict(self.config),
                    "networks": self.stage.networks,
                    "players": {
                        trained.player.name: trained.state_dict() for trained in self._trained
                    },
                    "stage": self.stage.state_dict(),
                    "images_seen": self.images_seen,
                    "seconds": self._report.seconds,
                    "random": _random_state(),
                }
            )
        self._stored_images = self.images_seen
        self._saved = time.monotonic()


class _Trained:
    """A player with its optimiser, averaged weights and count of skipped steps."""

    def __init__(self, player: Player, config: LoopConfig) -> None:
        self.player = player
        self._clip_norm = config.clip_norm
        settings: dict[str, Any] = {
            "learning_rate": player.learning_rate, "betas": player.betas, "weight_decay": player.weight_decay
        }  # fmt: skip
        self._optimizers: tuple[torch.optim.Optimizer, ...] = (
            build_muon(player.module, **settings)
            if player.optimizer == "muon"
            else (build_adamw(player.module, **settings),)
        )
        self._parameters = [p for p in player.module.parameters() if p.requires_grad]
        self._average = AveragedWeights(player.module, config.ema_decay) if player.ema else None
        self._num_steps = 0
        device = self._parameters[0].device
        self.num_skipped = torch.zeros((), device=device)
        self.num_skipped_in_row = torch.zeros((), device=device)

    def step(self, loss: Tensor, learning_rate_fraction: float) -> Tensor:
        """Backward, clip, step, average; nothing changes if loss or gradient is not finite. Returns
        the norm."""
        for optimizer in self._optimizers:
            optimizer.zero_grad(set_to_none=True)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self._parameters, self._clip_norm)
        bad = (~torch.isfinite(norm + loss.detach())).float()
        self.num_skipped = self.num_skipped + bad
        self.num_skipped_in_row = (self.num_skipped_in_row + 1) * bad
        for optimizer in self._optimizers:
            for group in optimizer.param_groups:
                group["lr"] = self.player.learning_rate * learning_rate_fraction
            if optimizer.defaults.get("fused"):
                # The fused step looks at the flag on the device, so the CPU need not wait for the
                # loss.
                optimizer.found_inf, optimizer.grad_scale = bad, None  # type: ignore[attr-defined]
                optimizer.step()
            elif not bool(bad):
                optimizer.step()
        self._num_steps += 1
        if self._average is not None:
            self._average.update(self._num_steps)
        return norm.detach()

    def averaged(self) -> contextlib.AbstractContextManager[None]:
        """The player has its averaged weights inside the `with`."""
        return contextlib.nullcontext() if self._average is None else self._average.swapped_in()

    def state_dict(self) -> dict[str, Any]:
        """All that a resumed run needs."""
        return {
            "weights": self.player.module.state_dict(),
            "ema": None if self._average is None else self._average.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self._optimizers],
            "num_steps": self._num_steps,
            "skipped": [float(self.num_skipped), float(self.num_skipped_in_row)],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Takes back what `state_dict` gave."""
        self.player.module.load_state_dict(state["weights"])
        if self._average is not None:
            self._average.load_state_dict(state["ema"])
        for optimizer, stored in zip(self._optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(stored)
        self._num_steps = state["num_steps"]
        self.num_skipped.fill_(state["skipped"][0])
        self.num_skipped_in_row.fill_(state["skipped"][1])


def describe(config: LoopConfig, stage: Stage) -> str:
    """What --dry-run prints: settings, parameter counts, schedule."""
    lines = [
        json.dumps(
            {**dataclasses.asdict(config), "networks": stage.networks}, indent=2, ensure_ascii=False
        )
    ]
    for player in stage.players:
        trained = sum(p.numel() for p in player.module.parameters() if p.requires_grad)
        total = sum(p.numel() for p in player.module.parameters())
        lines.append(f"{player.name}: {total:,} parameters, {trained:,} of them trained")
    num_steps = -(-config.images // config.batch_size)
    lines.append(f"{num_steps:,} steps of {config.batch_size} pictures on {stage.device}")
    for tenth in range(0, 11, 2):
        seen = config.images * tenth // 10
        rates = ", ".join(
            f"{p.name} {p.learning_rate * learning_rate_fraction(config, seen):.2e}"
            for p in stage.players
        )
        lines.append(f"after {seen:>12,} pictures: learning rate {rates}")
    return "\n".join([*lines, *stage.summary()])


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
    watched = (
        (signal.SIGINT, signal.SIGTERM)
        if threading.current_thread() is threading.main_thread()
        else ()
    )
    before = {number: signal.getsignal(number) for number in watched}

    def note(number: int, frame: FrameType | None) -> None:
        caught.append(number)
        for each, handler in before.items():
            signal.signal(each, handler)
        print("\nsaving; once more stops at once, without saving", file=sys.stderr)

    for number in watched:
        signal.signal(number, note)
    try:
        yield caught
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
