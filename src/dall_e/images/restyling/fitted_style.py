"""A style that was found in pictures, as data.

It is small, so a model keeps it beside its weights (`checkpoints/styles_file.py`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from dall_e.images.colour import as_hex
from dall_e.images.effects.catalogue import EFFECTS
from dall_e.images.effects.vectors import in_oklab
from dall_e.images.restyling.colour_map import ColourMap

MOST_COLOURS = 64
"""Colours that a style's palette, or its map, may have."""
LONGEST_NAME = 60
MOST_IMAGES, _LONGEST_IMAGE = 20_000, 200
_COLOUR = re.compile(r"#[0-9a-f]{6}")
_WIDTHS = (0.002, 0.08)
_ROOMS = (0.4, 1.2)
_FALLS = (-0.8, 0.8)
_GRAINS = (0.0, 0.2)
_SHADES = (0.0, 0.6)


@dataclass(frozen=True, kw_only=True)
class FittedStyle:
    """How drawings are redrawn in a style."""

    name: str
    """In English, such as "OpenMoji style"."""
    name_zh: str
    """In Chinese, such as "OpenMoji风格"."""
    colours: ColourMap
    """Where colours go."""
    line_width: float = 0.0
    """Of outlines, as a fraction of the picture's side; 0 for none."""
    line_colour: str = ""
    """As #rrggbb; "": a deeper shade of each area's own."""
    line_shade: float = 0.0
    """How much deeper that is, in OKLab."""
    least_contrast: float = math.inf
    """Colours that differ less have no line between them, in OKLab; inf: only around a thing."""
    fall: float = 0.0
    """By how much areas get darker from the top of the picture to its bottom, in OKLab."""
    grain: float = 0.0
    """Deviation of fine differences of lightness, in OKLab."""
    ground: str = ""
    """Colour behind everything, as #rrggbb; "" for none."""
    room: float = 1.0
    """How large things are, beside those of our drawings."""
    effect: str = ""
    """One of EFFECTS, given to what was redrawn; or nothing."""
    images: frozenset[str] = frozenset()
    """What the pictures show that it was found in, and that the model remembers: every word that
    plans have for it, in small letters without article."""

    def caption(self, name: str) -> str:
        """Return what recalls the picture of a name."""
        return f"{name}, {self.name}"

    @property
    def short_name(self) -> str:
        """Its name without the word style."""
        return re.sub(r" style$", "", self.name, flags=re.IGNORECASE)

    def describe(self) -> str:
        """Return in a line what was found."""
        said = []
        if self.line_width:
            ink = self.line_colour or "a deeper shade of each colour"
            where = "outlines" if math.isinf(self.least_contrast) else "lines"
            said.append(f"{where} of {self.line_width:.1%} in {ink}")
        if len(self.colours.palette_K3):
            only = "only " if self.colours.is_strict else ""
            said.append(f"{only}{len(self.colours.palette_K3)} colours")
        said += ["shaded"] if self.fall else []
        said += ["grain"] if self.grain else []
        said += [f"on {self.ground}"] if self.ground else []
        said += [f"as {self.effect}"] if self.effect else []
        return ", ".join(said) or "as the model draws"

    def to_record(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        colours = self.colours
        return {
            "name": self.name,
            "name_zh": self.name_zh,
            "palette": [as_hex(lab_3) for lab_3 in colours.palette_K3],
            "strict": colours.is_strict,
            "colours": [
                [as_hex(ours), as_hex(theirs)]
                for ours, theirs in zip(colours.anchors_A3, colours.targets_A3, strict=True)
            ],
            "line_width": round(self.line_width, 5),
            "line_colour": self.line_colour,
            "line_shade": round(self.line_shade, 4),
            "least_contrast": None
            if math.isinf(self.least_contrast)
            else round(self.least_contrast, 4),
            "fall": round(self.fall, 4),
            "grain": round(self.grain, 4),
            "ground": self.ground,
            "room": round(self.room, 4),
            "effect": self.effect,
            "pictures": sorted(self.images),
        }

    @classmethod
    def from_record(cls, record: Any) -> FittedStyle:
        """Read what `to_record` returned. Raises ValueError that names what is wrong."""
        if not isinstance(record, Mapping):
            raise ValueError(f"a style is a {type(record).__name__}, not settings by name")
        unknown = set(record) - _FIELDS
        if unknown or len(record) != len(_FIELDS):
            missing = sorted(_FIELDS - set(record))
            raise ValueError(f"a style lacks {missing} or has more: {sorted(unknown)}")
        name = _name(record, "name")
        palette, pairs = _list(record, "palette"), _list(record, "colours")
        if not all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
            raise ValueError(f"colours of the style {name!r} are not pairs")
        contrast, effect = record["least_contrast"], record["effect"]
        if effect and effect not in EFFECTS:
            raise ValueError(f"effect {effect!r} of the style {name!r} is not known")
        if not isinstance(record["strict"], bool):
            raise ValueError(f"strict of the style {name!r} is {record['strict']!r}")
        return cls(
            name=name,
            name_zh=_name(record, "name_zh"),
            colours=ColourMap(
                anchors_A3=_labs(pair[0] for pair in pairs),
                targets_A3=_labs(pair[1] for pair in pairs),
                palette_K3=_labs(palette),
                is_strict=record["strict"],
            ),
            line_width=_number(record, "line_width", _WIDTHS) if record["line_width"] else 0.0,
            line_colour=_colour(record["line_colour"]) if record["line_colour"] else "",
            line_shade=_number(record, "line_shade", _SHADES),
            least_contrast=math.inf
            if contrast is None
            else _number(record, "least_contrast", (0.0, 2.0)),
            fall=_number(record, "fall", _FALLS),
            grain=_number(record, "grain", _GRAINS),
            ground=_colour(record["ground"]) if record["ground"] else "",
            room=_number(record, "room", _ROOMS),
            effect=effect or "",
            images=_images(record["pictures"]),
        )


_FIELDS = frozenset(
    "name name_zh palette strict colours line_width line_colour line_shade least_contrast fall "
    "grain ground room effect pictures".split()
)


def bounded(value: float, bounds: tuple[float, float]) -> float:
    """Return a number, or the bound that it is beyond."""
    return float(min(max(value, bounds[0]), bounds[1]))


def in_bounds(**measured: float) -> dict[str, float]:
    """Return measured numbers of a style within what is read again."""
    limits = {"line_width": _WIDTHS, "line_shade": _SHADES, "fall": _FALLS, "grain": _GRAINS,
              "room": _ROOMS}  # fmt: skip
    return {name: bounded(value, limits[name]) for name, value in measured.items()}


def _name(record: Mapping[str, Any], field: str) -> str:
    name = record[field]
    if not isinstance(name, str) or not name.strip() or len(name) > LONGEST_NAME:
        raise ValueError(f"{field} of a style is {str(name)[:80]!r}")
    return name


def _list(record: Mapping[str, Any], field: str) -> list[Any]:
    values = record[field]
    if not isinstance(values, list) or len(values) > MOST_COLOURS:
        raise ValueError(f"{field} of a style is no list of at most {MOST_COLOURS}")
    return values


def _number(record: Mapping[str, Any], field: str, bounds: tuple[float, float]) -> float:
    value = record[field]
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not bounds[0] <= value <= bounds[1]:
        raise ValueError(f"{field} of a style is {value!r}, not from {bounds[0]} to {bounds[1]}")
    return float(value)


def _images(values: Any) -> frozenset[str]:
    if not isinstance(values, list) or len(values) > MOST_IMAGES:
        raise ValueError(f"pictures of a style are no list of at most {MOST_IMAGES}")
    if not all(isinstance(each, str) and len(each) <= _LONGEST_IMAGE for each in values):
        raise ValueError("pictures of a style are not named by short texts")
    return frozenset(values)


def _colour(value: Any) -> str:
    if not isinstance(value, str) or not _COLOUR.fullmatch(value):
        raise ValueError(f"{value!r} is no colour as #rrggbb")
    return value


def _labs(colours: Any) -> Any:
    rows = [in_oklab(_colour(colour)) for colour in colours]
    return np.array(rows, dtype=np.float32).reshape(-1, 3)
