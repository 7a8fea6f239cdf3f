"""What the reader of a folder took, what it left and why, and what it noticed.

Every file that is met is counted once: it is used, or a loss (something that was meant to be
used), or set aside (hidden files, notes, lists). Nothing is left without a word.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

MOST_NAMED = 5
"""Names that one line of a report shows."""
_NAMED_IN_PARAGRAPH = 3
_MOST_PARTS = 12


@dataclass(kw_only=True)
class Inventory:
    """The counts and names of one reading of a folder."""

    root: str = ""
    """What was read."""
    captions: Counter[str] = field(default_factory=Counter)
    """Pictures by where their caption comes from: ".txt", "metadata.csv", "the file's name"."""
    splits: Counter[str] = field(default_factory=Counter)
    """Pictures by the split that their record names, where it names one."""
    lost: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    """(name, detail) of what could not be used, by kind of loss."""
    aside: dict[str, list[str]] = field(default_factory=dict)
    """Names of files that are no pictures or captions to train on, by kind."""
    notes: dict[str, list[str]] = field(default_factory=dict)
    """Names of what was read in a way that its owner should know of, by that way."""

    def lose(self, kind: str, name: str, detail: str = "") -> None:
        """Count something that was meant to be used and could not be."""
        told = readable(" ".join(detail.split()))
        self.lost.setdefault(kind, []).append((readable(name), told))

    def put_aside(self, kind: str, name: str) -> None:
        """Count a file that is nothing to train on."""
        self.aside.setdefault(kind, []).append(readable(name))

    def note(self, way: str, name: str) -> None:
        """Remember how something was read."""
        self.notes.setdefault(way, []).append(readable(name))

    @property
    def skipped(self) -> list[str]:
        """Every loss as "name: why"."""
        return [
            f"{name}: {detail or kind}"
            for kind, losses in self.lost.items()
            for name, detail in losses
        ]

    def lines(self, most_named: int = MOST_NAMED) -> list[str]:
        """All of it, a line for each kind, with the first names."""
        lines = []
        if self.captions:
            lines.append(f"captions from {_counts(self.captions)}")
        for kind, losses in self.lost.items():
            lines.append(f"left out: {len(losses)} x {kind}")
            lines += [f"    {name}: {detail or kind}" for name, detail in losses[:most_named]]
            lines += _more(len(losses) - most_named)
        for title, groups in (("noticed", self.notes), ("not used", self.aside)):
            for kind, names in groups.items():
                lines.append(f"{title}: {len(names)} x {kind}: {_some(names, most_named)}")
        return lines

    def with_losses_of(self, other: Inventory) -> Inventory:
        """This one, and what the other lost beyond it: that of another split of the same folder."""
        lost = {kind: list(losses) for kind, losses in self.lost.items()}
        for kind, losses in other.lost.items():
            mine = lost.setdefault(kind, [])
            mine += [loss for loss in losses if loss not in mine]
        return replace(self, lost=lost)

    def losses(self) -> str:
        """What could not be used and what was noticed, in one sentence; empty if all is well."""
        parts: list[str] = []
        for kind, losses in self.lost.items():
            names = [name for name, _ in losses]
            parts.append(f"left out {len(losses)} x {kind} ({_some(names, _NAMED_IN_PARAGRAPH)})")
        for kind, names in self.notes.items():
            parts.append(f"{len(names)} x {kind} ({_some(names, _NAMED_IN_PARAGRAPH)})")
        more = len(parts) - _MOST_PARTS
        return "; ".join([*parts[:_MOST_PARTS], *([f"and {more} more kinds"] if more > 0 else [])])

    def used(self) -> str:
        """Where captions come from, and what was set aside, in one sentence."""
        parts = [f"captions from {_counts(self.captions)}"] if self.captions else []
        parts += [f"by split {_counts(self.splits)}"] if self.splits else []
        aside = {kind: len(names) for kind, names in self.aside.items()}
        if aside:
            parts.append(f"not used: {_counts(Counter(aside))}")
        return "; ".join(parts)


def readable(name: str) -> str:
    """A file name as one line of text; bytes that are none become question marks."""
    text = name.encode("utf-8", "replace").decode("utf-8")
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _counts(counts: Counter[str]) -> str:
    return ", ".join(f"{kind} {count:,}" for kind, count in counts.items())


def _some(names: list[str], most: int) -> str:
    shown = ", ".join(names[:most])
    return shown + (f", and {len(names) - most:,} more" if len(names) > most else "")


def _more(count: int) -> list[str]:
    return [f"    and {count:,} more"] if count > 0 else []
