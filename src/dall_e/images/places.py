"""Places: drawings of four layers, in any light and weather.

`images/places/` has one SVG a place, whose groups are the sky, what is far, what is in the middle,
and the ground; `places.tsv` beside them says where things stand in it. Here a place is put into
another light: the colours of each layer are changed by how far it is, the sky is drawn anew, and
rain, snow and fog lie before everything. Rows and columns are in the drawings' units, 36 a side.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from dall_e.images.place_facts import UNITS, PlaceFacts, places
from dall_e.images.place_light import Light, dimmed, recoloured
from dall_e.images.place_sky import banks, before_all, puddles, sky_of

__all__ = [
    "TIMES", "UNITS", "WEATHERS", "PlaceFacts", "Scenery", "Setting", "is_setting",
    "place_document", "places", "scenery",
]  # fmt: skip

TIMES = ("sunset", "night")
WEATHERS = (
    "rain", "snow", "fog", "storm", "clouds", "sun", "rainbow", "wind", "autumn", "spring",
    "full-moon", "aurora", "meteors", "fireworks",
)  # fmt: skip
"""What is in the air, and two seasons."""
_BY_NIGHT = ("full-moon", "aurora", "meteors", "fireworks")
"""What is seen by night only."""

_LAYER = re.compile(r'(?=<g id="(?:sky|far|middle|ground)">)')


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A place at a time of day in some weather."""

    place: str
    time: str = ""
    """One of TIMES; nothing is day."""
    weather: str = ""
    """One of WEATHERS; nothing is fair."""

    def __post_init__(self) -> None:
        known = (tuple(places()), ("", *TIMES), ("", *WEATHERS))
        for value, values in zip((self.place, self.time, self.weather), known, strict=True):
            if value not in values:
                raise ValueError(f"{value!r} is none of {', '.join(filter(None, values))}")

    @classmethod
    def of(cls, text: str) -> Setting:
        """Read "harbour", "harbour+night" or "harbour+night+rain".

        Raises ValueError for anything else.
        """
        place, *more = text.split("+")
        time = next((word for word in more if word in TIMES), "")
        weather = next((word for word in more if word in WEATHERS), "")
        if sorted(more) != sorted(filter(None, (time, weather))):
            known = ", ".join((*TIMES, *WEATHERS))
            raise ValueError(f"{text!r} has more than one time and one weather of {known}")
        return cls(place=place, time=time, weather=weather)

    def __str__(self) -> str:
        """The text that `of` reads."""
        return "+".join(filter(None, (self.place, self.time, self.weather)))


@dataclass(frozen=True, kw_only=True)
class Scenery:
    """What a setting is drawn with, and where things are in it."""

    back: str
    """SVG elements behind the things."""
    front: str
    """SVG elements before them: rain, snow and fog."""
    facts: PlaceFacts


def is_setting(text: str) -> bool:
    """Whether `Setting.of` reads a text."""
    try:
        Setting.of(text)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=64)
def scenery(setting: Setting) -> Scenery:
    """Draw a setting; it is always the same."""
    place, time, weather = setting.place, setting.time, setting.weather
    facts = places()[place]

    # Another drawing, where there is one of just this
    for said, name in facts.drawn:
        is_whole = not (time and weather) or places()[name].kind != "apart"
        if said in (time, weather) and is_whole:
            facts = places()[name]
            time, weather = ("" if word == said else word for word in (time, weather))
            break

    if weather in _BY_NIGHT and facts.kind == "outdoor":
        time = "night"
    layers = dict(_layers(facts.name))
    if facts.kind == "apart" or not (time or weather):
        return Scenery(back="\n".join(layers.values()), front="", facts=facts)
    if facts.kind == "indoor":
        if time == "night":
            layers = {key: recoloured(svg, dimmed) for key, svg in layers.items()}
        return Scenery(back="\n".join(layers.values()), front="", facts=facts)

    light = Light(time, weather)
    back = [sky_of(layers.pop("sky"), light, facts)]
    for layer, svg in layers.items():
        back.append(recoloured(svg, light.changes(layer), is_lit=time == "night"))
    if weather in ("rain", "storm"):
        back.append(puddles(facts))
    if weather == "fog":
        back.append(banks((11.0, 5.0, 0.25), (18.0, 6.0, 0.35), (25.0, 3.5, 0.3)))
    return Scenery(back="\n".join(back), front=before_all(weather), facts=facts)


def place_document(drawn: Scenery) -> str:
    """Return a place with nothing in it as an SVG document."""
    box = f'viewBox="0 0 {UNITS} {UNITS}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {box}>{drawn.back}{drawn.front}</svg>'


@lru_cache(maxsize=128)
def _layers(name: str) -> dict[str, str]:
    """The groups of a drawing by their id, those at the back first."""
    svg = resources.files("dall_e.images").joinpath(f"places/{name}.svg").read_text("utf-8")
    groups = _LAYER.split(svg.strip().removesuffix("</svg>"))[1:]
    return {group[7 : group.index('"', 7)]: group for group in groups}
