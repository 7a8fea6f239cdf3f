"""What is known of each drawn place: where things stand in it, and what changes.

It is the table `images/places/places.tsv`. Rows are in the drawings' units, 36 a side.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

UNITS = 36
"""Side of the drawings, in their own units."""


@dataclass(frozen=True, kw_only=True)
class PlaceFacts:
    """A row of the table: where things stand and what changes."""

    name: str
    kind: str
    """outdoor, indoor or apart; the head of the table explains each."""
    far: float | None
    near: float | None
    air: float
    water: float | None
    is_water: bool
    """Whether everything lies in water."""
    horizon: float
    drawn: tuple[tuple[str, str], ...]
    """Pairs of a time of day or a weather and the place that is drawn so."""


@lru_cache(maxsize=1)
def places() -> dict[str, PlaceFacts]:
    """All places by name."""
    text = resources.files("dall_e.images").joinpath("places/places.tsv").read_text("utf-8")
    rows = (line.split("\t") for line in text.splitlines() if line and not line.startswith("#"))
    return {row[0]: _facts(row) for row in rows}


def _facts(row: list[str]) -> PlaceFacts:
    name, kind, far, near, air, water, horizon, drawn = row

    def number(cell: str) -> float | None:
        return None if cell in ("-", "all") else float(cell)

    pairs = (pair.partition("=") for pair in drawn.split())
    return PlaceFacts(
        name=name,
        kind=kind,
        far=number(far),
        near=number(near),
        air=float(air),
        water=number(water),
        is_water=water == "all",
        horizon=number(horizon) or UNITS / 2,
        drawn=tuple((said, other) for said, _, other in pairs),
    )
