"""A plan with boxes as JSON, in memory or in a file."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path
from typing import Any

from dall_e.atomic_files import replace_text
from dall_e.planning.held_numbers import PER_OWNER

FORMAT, VERSION = "dall-e plan", 1
BOXES = "boxes"
"""What places the things: the plan itself."""


class WrittenPlan:
    """What writes a plan with boxes; a base of `PlacedPlan`, whose fields these are."""

    prompt: str
    seed: int
    size: int
    style: str
    background: str
    background_colour: str
    objects: tuple[Any, ...]
    layers: tuple[Any, ...]

    def record(self) -> dict[str, Any]:
        """Everything that the plan says, for JSON; numbers are kept to the last bit.

        `layers` are what is seen, from back to front: a thing of one of the `objects`, or the
        shadow or ripple at its feet. A `box` is left, top, width and height as fractions of the
        side. The `copy` of what the n-th copy of somebody holds, from 0, is n times
        `held_per_owner`, and counts up from there.
        """
        return {
            "format": FORMAT,
            "version": VERSION,
            "layout": BOXES,
            "prompt": self.prompt,
            "seed": self.seed,
            "size": self.size,
            "style": self.style,
            "background": self.background,
            "background_colour": self.background_colour,
            "held_per_owner": PER_OWNER,
            "objects": [
                {
                    "name": each.name,
                    "name_zh": each.name_zh,
                    "held_by": each.held_by,
                    **_drawing_record(each.drawing),
                }
                for each in self.objects
            ],
            "layers": [dataclasses.asdict(layer) for layer in self.layers],
        }

    def to_json(self) -> str:
        """The plan as `dall-e plan --boxes --json` prints it; `json.loads` of it can be drawn."""
        return as_text(self.record())

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = True) -> None:
        """Write the plan to a JSON file, which `DALL_E.load_plan` and `dall-e` read.

        overwrite: without it, a file that is there is a FileExistsError. Raises ValueError for
        another type of file, and OSError where nothing can be written.
        """
        if Path(path).suffix.lower() != ".json":
            raise ValueError(f"a plan is a JSON file: end {Path(path).name!r} in .json")
        replace_text(path, f"{self.to_json()}\n", overwrite=overwrite)


def as_text(record: Any) -> str:
    """One plan, or a list of them, as indented JSON."""
    return json.dumps(record, ensure_ascii=False, indent=2)


def _drawing_record(planned: Any) -> dict[str, Any]:
    """A drawing of a plan with boxes, in which nothing alternates any more."""
    record = dataclasses.asdict(planned)
    del record["alternates"]
    return record
