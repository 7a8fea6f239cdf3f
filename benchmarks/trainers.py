"""The generator's training loop beside others', step by step in turns, by their processor time.

A plain loop trains the same transformer on the same batches with PyTorch alone: zero, forward,
backward, clip, AdamW. DALLE-pytorch's trainer does so with its own transformer of as many tokens,
as wide and as deep, as `train_dalle.py` of its repository does: Adam, clipped at 0.5. Ours does
all that the loop does: batches, averaged weights, log. What counts is processor time, so that other
programs on the machine matter less, in one thread.
"""

from __future__ import annotations

import copy
import itertools
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.rivals import MissingPeerError
from benchmarks.table import Cell, spread

if TYPE_CHECKING:
    from dall_e.config import GeneratorTraining

STEPS = 9
"""Of each loop; the first does not count."""


def rows_beside(config: GeneratorTraining) -> list[dict[str, Cell]]:
    """Rows of the table: each loop's pictures and operations per second, and ratios of turns."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return [row for precision in ("fp32", "auto") for row in _rows(config, precision)]
    finally:
        torch.set_num_threads(threads)


def _rows(config: GeneratorTraining, precision: str) -> list[dict[str, Cell]]:
    from dall_e.config import with_values
    from dall_e.training.generator_stage import GeneratorStage
    from dall_e.training.loop import fit

    size = config.loop.batch_size
    out = f"{config.loop.out}-beside-{precision}"
    values = {"out": out, "precision": precision, "images": size * STEPS, "log_every": 1}
    config = with_values(config, {**values, "track": "none"})

    class Watched(GeneratorStage):
        """After each of the loop's steps, the others have their turn."""

        seconds: list[float] = []

        def sample(self, path: Path) -> dict[str, float]:
            return {}

        def batch(self, images_seen: int) -> Any:
            self.begun = getattr(self, "begun", time.process_time())
            return super().batch(images_seen)

        def end_step(self) -> None:
            # From the end of the last turn to here: also what the loop did in between.
            self.seconds.append(time.process_time() - self.begun)
            others.turn()
            self.begun = time.process_time()

    stage = Watched(config)
    others = _Others(stage, config)
    fit(config, stage)
    ours = f"generator, {'as it chooses' if precision == 'auto' else 'float32'}, one thread"
    return others.rows(ours, Watched.seconds[1:])


class _Others:
    """The other loops, and the seconds of their steps."""

    def __init__(self, stage: Any, config: GeneratorTraining) -> None:
        self._size = config.loop.batch_size
        self._steps = {"a plain loop": _plain_loop(stage, config)}
        try:
            self._steps["DALLE-pytorch"] = _dalle_pytorch(stage, config)
        except MissingPeerError as error:
            print(error)
        self._seconds: dict[str, list[float]] = {name: [] for name in self._steps}
        self._operations = {name: _operations(step) for name, step in self._steps.items()}

    def turn(self) -> None:
        """A step of each."""
        for name, step in self._steps.items():
            begun = time.process_time()
            step()
            self._seconds[name].append(time.process_time() - begun)

    def rows(self, name: str, seconds: list[float]) -> list[dict[str, Cell]]:
        """Of ours, and of the others beside it."""
        per_step = self._operations["a plain loop"]
        rows = [self._row(name, seconds, per_step)]
        for other in self._steps:
            theirs = self._seconds[other][1:]
            # Operations per second, ours to theirs, of the steps beside each other
            factor = per_step / self._operations[other]
            ratios = [factor * b / a for a, b in zip(seconds, theirs, strict=False)]
            found = {f"per_flop_{key}": cell for key, cell in spread(ratios, 3).items()}
            label = f"{name.partition(',')[0]} beside {other}"
            rows.append({**self._row(label, theirs, self._operations[other]), **found})
        return rows

    def _row(self, what: str, seconds: list[float], operations: float) -> dict[str, Cell]:
        middle = statistics.median(seconds)
        return {
            "what": what,
            "pictures_s": round(self._size / middle, 2),
            "gflop_picture": round(operations / self._size / 1e9, 3),
            "tflops": round(operations / middle / 1e12, 4),
        }


def _operations(step: Callable[[], None]) -> float:
    from benchmarks.operations import Operations

    with Operations() as counter:
        step()
    return float(counter.total)


def _plain_loop(stage: Any, config: GeneratorTraining) -> Callable[[], None]:
    """A step of PyTorch alone, on a copy of the networks and the same batches."""
    import torch

    from dall_e.runtime import autocast, pick_dtype

    twin = copy.copy(stage)
    twin.module = twin.forward = copy.deepcopy(stage.module)
    weights = [weight for weight in twin.module.parameters() if weight.requires_grad]
    rate, decay = config.optimizer.learning_rate, config.optimizer.weight_decay
    optimizer = torch.optim.AdamW(
        weights, lr=rate, betas=(0.9, 0.95), weight_decay=decay, fused=True
    )
    batches = itertools.cycle([stage.batch(n * config.loop.batch_size) for n in range(4)])
    dtype = pick_dtype(config.loop.precision, stage.device)

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        with autocast(stage.device, dtype):
            loss = type(stage).loss(twin, next(batches)).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, config.optimizer.clip_norm)
        optimizer.step()

    return step


def _dalle_pytorch(stage: Any, config: GeneratorTraining) -> Callable[[], None]:
    """A step of its trainer, on random codes and words. Raises MissingPeerError."""
    import torch

    from benchmarks.rivals.dalle_pytorch import make_network

    sizes = stage.model.generator
    network = make_network(
        codes=(sizes.num_codes, sizes.grid_size),
        text=(stage.model.text.vocab_size, sizes.text_tokens),
        width=sizes.width,
        depth=sizes.content_layers + sizes.query_layers,
        heads=sizes.num_heads,
    ).to(stage.device)
    weights = [weight for weight in network.parameters() if weight.requires_grad]
    optimizer = torch.optim.Adam(weights, lr=config.optimizer.learning_rate)
    size = config.loop.batch_size
    text_BL = torch.randint(1, 300, (size, sizes.text_tokens), device=stage.device)
    codes_BN = torch.randint(0, sizes.num_codes, (size, sizes.num_tokens), device=stage.device)

    def step() -> None:
        loss = network(text_BL, codes_BN, return_loss=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 0.5)
        optimizer.step()
        optimizer.zero_grad()

    return step
