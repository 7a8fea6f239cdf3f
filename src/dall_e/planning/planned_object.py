"""One drawing of a plan: what the model is asked for, and what is done with it."""

from __future__ import annotations

from dataclasses import dataclass

from dall_e.images.forms import LIT
from dall_e.images.materials import Paint


@dataclass(frozen=True, kw_only=True)
class PlannedObject:
    """One drawing that the model is asked for, and what is done with it."""

    prompt: str
    """What the model is asked for."""
    paint: str = ""
    """The colour that it is given after it is drawn, or nothing."""
    material: str = ""
    """What it is made of, or nothing."""
    pattern: str = ""
    """What is on it, or nothing."""
    build: str = ""
    """Its proportions, one of `images.forms.BUILDS`, or nothing."""
    condition: str = ""
    """What has happened to it, one of `images.forms.CONDITIONS`, or nothing."""
    parts: tuple[tuple[str, str], ...] = ()
    """Parts with a colour of their own."""
    mirrored: bool = False
    """Whether it is turned to look the other way."""
    alternates: bool = False
    """Whether of several every second one looks the other way than the first."""
    seed: int | None = None
    """Chooses how it is drawn; without one, the seed of the picture does."""

    @property
    def is_as_drawn(self) -> bool:
        """Whether nothing is done with it after it is drawn."""
        is_formed = self.build or self.condition or self.mirrored
        return self.look == Paint() and not is_formed

    @property
    def look(self) -> Paint:
        """All that is painted on it; under a glow or flames, it has its colour before those."""
        colour = "" if self.condition in LIT else self.paint
        return Paint(colour=colour, material=self.material, pattern=self.pattern, parts=self.parts)
