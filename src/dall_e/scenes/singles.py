"""One thing that is put into a drawn place, before and after."""

from __future__ import annotations

from dataclasses import dataclass

from dall_e.images.compositing import Place
from dall_e.scenes.sizes import RealSize

LONE, LONE_POWER = 0.5, 0.17
"""Side of the only thing, if it is a metre long; and how it grows with its length."""


@dataclass(frozen=True, kw_only=True)
class Stood:
    """A thing in its place."""

    place: Place
    contact: str = ""
    """What is seen where it touches what is below it: shadow, ripple or nothing."""


@dataclass(frozen=True)
class Single:
    """One thing to be placed."""

    index: int
    aspect: float
    size: RealSize
    scale: float
    where: str
    """air, water or ground."""
    is_back: bool
    is_alive: bool = False
    spot: str = ""
    """As in a scene's object."""

    def fitted(self, side: float) -> tuple[float, float]:
        """Width and height with a longer side."""
        return side * min(self.aspect, 1.0), side / max(self.aspect, 1.0)
