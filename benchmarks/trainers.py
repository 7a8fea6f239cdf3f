"""The generator's training loop beside others', step by step in turns, by their processor time.

A plain loop trains the same transformer on the same batches with PyTorch alone: zero, forward,
backward, clip, AdamW. DALLE-pytorch does so with its own transformer of as many tokens, as wide
and as deep, as `train_dalle.py` of its repository does: Adam, clipped at 0.5. Once it is given
codes, which is its network alone; once pictures of a folder, which is its trainer: that reads,
crops and tokenizes them anew at each step, with the image tokenizer that `train_vae.py` makes.
Ours does all that the loop does: batches, averaged weights, log. It reads and tokenizes pictures
once; beside the trainer a part of that counts, as if pictures were seen `EPOCHS` times.

What counts is processor time, so that other programs on the machine matter less, in one thread.
Operations are those of the transformers; what a trainer does besides is its own cost.
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
EPOCHS = 20
"""What `train_dalle.py` has by default."""
TRAINER = "DALLE-pytorch's trainer, from pictures"


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

    begun = time.process_time()
    stage = Watched(config)
    once = (time.process_time() - begun) / int(stage.data.codes_VMN.shape[1])
    others = _Others(stage, config, once * size / EPOCHS)
    fit(config, stage)
    ours = f"generator, {'as it chooses' if precision == 'auto' else 'float32'}, one thread"
    return others.rows(ours, Watched.seconds[1:])


class _Others:
    """The other loops, and the seconds of their steps.

    `prepared`: seconds that ours took to read and tokenize the pictures, for each of its steps.
    """

    def __init__(self, stage: Any, config: GeneratorTraining, prepared: float = 0.0) -> None:
        self._size, self._prepared = config.loop.batch_size, prepared
        self._steps = {"a plain loop": _plain_loop(stage, config)}
        try:
            self._steps |= _dalle_pytorch(stage, config)
        except MissingPeerError as error:
            print(error)
        self._seconds: dict[str, list[float]] = {name: [] for name in self._steps}
        self._operations = {name: _operations(step) for name, step in self._steps.items()}
        if TRAINER in self._operations:
            self._operations[TRAINER] = self._operations["DALLE-pytorch"]

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
            prepared = self._prepared if other == TRAINER else 0.0
            # Pictures per second, ours to theirs, of the steps beside each other
            ratios = [b / (a + prepared) for a, b in zip(seconds, theirs, strict=False)]
            factor = per_step / self._operations[other]
            label = f"{name.partition(',')[0]} beside {other}"
            row = self._row(label, theirs, self._operations[other])
            row |= _named("pictures", ratios)
            rows.append(row | _named("per_flop", [factor * ratio for ratio in ratios]))
        return rows

    def _row(self, what: str, seconds: list[float], operations: float) -> dict[str, Cell]:
        middle = statistics.median(seconds)
        return {
            "what": what,
            "pictures_s": round(self._size / middle, 2),
            "gflop_picture": round(operations / self._size / 1e9, 3),
            "tflops": round(operations / middle / 1e12, 4),
        }


def _named(what: str, ratios: list[float]) -> dict[str, Cell]:
    return {f"{what}_{key}": cell for key, cell in spread(ratios, 3).items()}


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


def _dalle_pytorch(stage: Any, config: GeneratorTraining) -> dict[str, Callable[[], None]]:
    """A step of it on random codes and words, and one on pictures. Raises MissingPeerError."""
    import torch

    from benchmarks.rivals.dalle_pytorch import folder_batches, make_network

    sizes = stage.model.generator
    side = stage.model.tokenizer.image_size
    network = make_network(
        codes=(sizes.num_codes, sizes.grid_size),
        text=(stage.model.text.vocab_size, sizes.text_tokens),
        width=sizes.width,
        depth=sizes.content_layers + sizes.query_layers,
        heads=sizes.num_heads,
        side=side,
    ).to(stage.device)
    weights = [weight for weight in network.parameters() if weight.requires_grad]
    optimizer = torch.optim.Adam(weights, lr=config.optimizer.learning_rate)
    size = config.loop.batch_size
    text_BL = torch.randint(1, 300, (size, sizes.text_tokens), device=stage.device)
    codes_BN = torch.randint(0, sizes.num_codes, (size, sizes.num_tokens), device=stage.device)
    batches = folder_batches(Path(config.data), size, side)

    def step(images: torch.Tensor) -> None:
        loss = network(text_BL, images, return_loss=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 0.5)
        optimizer.step()
        optimizer.zero_grad()

    return {
        "DALLE-pytorch": lambda: step(codes_BN),
        TRAINER: lambda: step(next(batches).to(stage.device)),
    }
