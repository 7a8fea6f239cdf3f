"""What goes wrong in training, told by its numbers: in words, with what to try.

Each alarm is raised once in a run. None changes what is learnt. The one that stops a run is for
losses that stay not finite, and then the last good checkpoint is the newest one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from dall_e.checkpoints.run_files import FEW_HELD_OUT
from dall_e.training.stage import Stage

MOST_SKIPPED = 50
"""After so many steps in a row without a finite loss, a run is beyond help."""
_LINES = 3
"""Lines of the log in a row that must look wrong before an alarm is raised."""
_FEWEST_CODES = 0.02
"""With less than this fraction of the codes in use, pictures are made of a handful of them."""
_MOST_RANKED, _LARGEST_ADVERSARIAL = 0.98, 3.0
"""A discriminator that is right of so many pairs, and so sure that the tokenizer's adversarial loss
is so large (log 2 where it cannot tell), has won: its gradient says nothing any more."""
_RISEN = 1.05
"""A held-out loss this many times its best is rising, not swaying."""
_TRAINING_RISEN = 1.5
"""So much a training loss does not sway from one line of the log to another."""


class Alarm(NamedTuple):
    """Something that went wrong."""

    name: str
    """For `metrics.jsonl`."""
    text: str
    """What it means, and what to try."""
    spoils: bool = False
    """Whether later checkpoints will be worse than the last one."""


class Best(NamedTuple):
    """The best held-out measure so far."""

    measure: float = math.inf
    images_seen: int = 0
    train_loss: float = math.inf
    """The training loss at that time; infinity where no line of the log was written yet."""


class Alarms:
    """Looks at the numbers of a run as they are written."""

    def __init__(self, stage: Stage[Any]) -> None:
        self._stage = stage
        self._raised: set[str] = set()
        self._in_row: dict[str, int] = {}

    def of_line(self, values: Mapping[str, float]) -> Iterator[Alarm]:
        """The alarms of a line of the log."""
        if values.get("skipped_steps", 0.0) > 0:
            yield from self._once("not_finite", _NOT_FINITE)
        few_codes = values.get("codes_used", 1.0) < _FEWEST_CODES
        if self._lasts("codebook_collapse", few_codes):
            told = _FEW_CODES.format(used=values["codes_used"], number=values["code_perplexity"])
            yield from self._once("codebook_collapse", told, spoils=True)
        # The generator's game against its own drawings has "ranked" without "adversarial".
        sure = values.get("adversarial", 0.0) > _LARGEST_ADVERSARIAL
        if self._lasts("discriminator_wins", sure and values.get("ranked", 0.0) > _MOST_RANKED):
            told = _WINS.format(ranked=values["ranked"])
            yield from self._once("discriminator_wins", told, spoils=True)

    def of_measure(self, measure: float, train_loss: float, best: Best) -> Iterator[Alarm]:
        """The alarms of a held-out measure, lower is better, beside the best before it."""
        if not math.isfinite(measure) or measure < _RISEN * best.measure:
            return
        if train_loss > _TRAINING_RISEN * best.train_loss:
            told = _DIVERGES.format(name=self._stage.judged_by, before=best.measure, now=measure)
            yield from self._once("diverging", told)
        else:
            yield from self._once("memorising", self._memorising(measure, best))

    def _memorising(self, measure: float, best: Best) -> str:
        weak = ""
        if 0 < self._stage.num_held_out < FEW_HELD_OUT:
            number = self._stage.num_held_out
            weak = f" ({number} held-out pictures say little: look at the sheets)"
        return (
            f"over-fitting: {self._stage.judged_by} was {best.measure:.3g} after "
            f"{best.images_seen:,} pictures and is now {measure:.3g}{weak}. The network learns the "
            "training pictures by heart and does worse on others. Try fewer --images, a lower "
            "--learning-rate, or more pictures; `dall-e export --weights best` takes the weights "
            "from before"
        )

    def _lasts(self, name: str, is_wrong: bool) -> bool:
        self._in_row[name] = self._in_row.get(name, 0) + 1 if is_wrong else 0
        return self._in_row[name] >= _LINES

    def _once(self, name: str, text: str, *, spoils: bool = False) -> Iterator[Alarm]:
        if name not in self._raised:
            self._raised.add(name)
            yield Alarm(name, text, spoils)


_NOT_FINITE = (
    "a loss is not finite: such steps are left out, and the weights stay as they were. If more "
    "than a few follow, try a lower --learning-rate or --precision fp32; after "
    f"{MOST_SKIPPED} in a row the run stops, and keeps the checkpoint from before the first"
)
_FEW_CODES = (
    "codebook collapse: {used:.1%} of the codes are in use, as many as {number:.1f} used alike, "
    "and pictures cannot differ by more than these say. Pictures of a single colour look so, too. "
    "Else try a lower --learning-rate, more --warmup-images, or more various pictures"
)
_WINS = (
    "the discriminator wins outright: it tells {ranked:.0%} of the pictures from their "
    "reconstructions, and is sure of it, so that the tokenizer learns nothing from it. Try a lower "
    "--discriminator-learning-rate, a higher --gradient-penalty or a later --adversarial-start"
)
_DIVERGES = (
    "training diverges: {name} was {before:.3g} and is now {now:.3g}, and the training loss has "
    "risen as well. Try a lower --learning-rate or more --warmup-images; "
    "`dall-e export --weights best` takes the weights from before"
)
