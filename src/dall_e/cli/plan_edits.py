"""Edits of plans on the command line: NAME=VALUE for each, in one order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dall_e.planning.placed_plan import PlacedPlan


@dataclass(frozen=True, kw_only=True)
class PlanEdits:
    """What is to be changed. Names are those of the plan before all edits."""

    move: tuple[str, ...] = ()
    resize: tuple[str, ...] = ()
    turn: tuple[str, ...] = ()
    recolour: tuple[str, ...] = ()
    replace: tuple[str, ...] = ()
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return any(vars(self).values())

    def apply(self, plan: PlacedPlan) -> PlacedPlan:
        """Return the plan with every edit. Raises ValueError for one that cannot be made."""
        for text in self.move:
            name, value = _split(text, "move", "ball=0.1,0")
            dx, dy = _numbers(value, "move", "ball=0.1,0", 2)
            plan = plan.move(name, dx, dy)
        for text in self.resize:
            name, value = _split(text, "resize", "ball=1.5")
            plan = plan.resize(name, *_numbers(value, "resize", "ball=1.5", 1))
        for text in self.turn:
            name, value = _split(text, "turn", "ball=30")
            plan = plan.turn(name, *_numbers(value, "turn", "ball=30", 1))
        for text in self.recolour:
            plan = plan.recolour(*_split(text, "recolour", "ball=blue"))
        for text in self.replace:
            plan = plan.replace(*_split(text, "replace", "ball='a green apple'"))

        # Last, so that nothing else is called by the new names.
        for text in self.remove:
            plan = plan.remove(text)
        for text in self.add:
            plan = _added(plan, text)
        return plan


def _added(plan: PlacedPlan, text: str) -> PlacedPlan:
    """The plan with one more thing, in the middle unless a place is said."""
    words, mark, value = text.rpartition("=")
    if not mark:
        return plan.add(text)
    example = "'a red ball=0.5,0.5,0.3'"
    count = 2 if value.count(",") == 1 else 3
    return plan.add(words, *_numbers(value, "add", example, count))


def _split(text: str, flag: str, example: str) -> tuple[str, str]:
    name, mark, value = text.partition("=")
    if not (mark and name.strip() and value.strip()):
        raise ValueError(f"--{flag} takes NAME=VALUE, such as {example}, got {text!r}")
    return name.strip(), value.strip()


def _numbers(value: str, flag: str, example: str, count: int) -> list[float]:
    """The numbers of a value. Raises ValueError for another count, and for what is none."""
    try:
        numbers = [float(part) for part in value.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != count:
        raise ValueError(f"--{flag} is like {example}, got {value!r}")
    return numbers
