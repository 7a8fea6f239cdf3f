"""Places: drawings of four layers, in any light and weather.

`images/places/` has one SVG a place, whose groups are the sky, what is far, what is in the middle,
and the ground; `places.tsv` beside them says where things stand in it. Here a place is put into
another light: the colours of each layer are changed by how far it is, the sky is drawn anew, and
rain, snow and fog lie before everything. Rows and columns are in the drawings' units, 36 a side.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

UNITS = 36
"""Side of the drawings, in their own units."""
TIMES = ("sunset", "night")
WEATHERS = ("rain", "snow", "fog", "storm", "clouds", "sun")

RGB = tuple[float, float, float]
_LAYER = re.compile(r'(?=<g id="(?:sky|far|middle|ground)">)')
_ELEMENT = re.compile(r"<(?:path|circle|rect|ellipse)\b[^>]*>")
_COLOUR = re.compile(r'(fill|stroke)="#([0-9A-Fa-f]{6})"')
_SUN = re.compile(r'<circle [^>]*fill="#FFCC4D"/>')
_BASE = re.compile(r'<path d="M-6-6h48v48H-6z" fill="#[0-9A-Fa-f]{6}"/>')
"""What the sky of every drawing begins with."""
_LAMP = "#FFCC4D"
"""The colour of lit lamps and windows."""
_LIT = 'class="light"'
"""Marks lamps and windows that are lit at night."""


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


@lru_cache(maxsize=1)
def places() -> dict[str, PlaceFacts]:
    """All places by name."""
    text = resources.files("dall_e.images").joinpath("places/places.tsv").read_text("utf-8")
    rows = (line.split("\t") for line in text.splitlines() if line and not line.startswith("#"))
    return {row[0]: _facts(row) for row in rows}


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

    layers = dict(_layers(facts.name))
    if facts.kind == "apart" or not (time or weather):
        return Scenery(back="\n".join(layers.values()), front="", facts=facts)
    if facts.kind == "indoor":
        if time == "night":
            layers = {key: _recoloured(svg, _dimmed) for key, svg in layers.items()}
        return Scenery(back="\n".join(layers.values()), front="", facts=facts)

    light = _Light(time, weather)
    back = [_sky(layers.pop("sky"), light, facts)]
    for layer, svg in layers.items():
        back.append(_recoloured(svg, light.changes(layer), is_lit=time == "night"))
    if weather in ("rain", "storm"):
        back.append(_puddles(facts))
    if weather == "fog":
        back.append(_bands((11.0, 5.0, 0.35), (18.0, 6.0, 0.5), (25.0, 3.5, 0.35)))
    return Scenery(back="\n".join(back), front=_front(weather), facts=facts)


def place_document(drawn: Scenery) -> str:
    """Return a place with nothing in it as an SVG document."""
    box = f'viewBox="0 0 {UNITS} {UNITS}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {box}>{drawn.back}{drawn.front}</svg>'


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


@lru_cache(maxsize=128)
def _layers(name: str) -> dict[str, str]:
    """The groups of a drawing by their id, those at the back first."""
    svg = resources.files("dall_e.images").joinpath(f"places/{name}.svg").read_text("utf-8")
    groups = _LAYER.split(svg.strip().removesuffix("</svg>"))[1:]
    return {group[7 : group.index('"', 7)]: group for group in groups}


# Light


_AMOUNT = {"far": 1.0, "middle": 0.7, "ground": 0.45}
"""How much of the air's colour lies on each layer."""
_GREYED = {"rain": 0.35, "storm": 0.45, "fog": 0.2, "clouds": 0.15}
_DARKENED = {"rain": 0.84, "storm": 0.66, "clouds": 0.94}
_FOG, _SNOW = (225.0, 232.0, 237.0), (248.0, 250.0, 252.0)
_SNOWED = {"far": 0.5, "middle": 0.2, "ground": 0.82}
_DUSK = (116.0, 78.0, 170.0)
_SKIES = {
    "rain": "#A3B1BB", "storm": "#66757F", "snow": "#D5E0E8", "fog": "#DDE4E9",
    "clouds": "#CCD6DD", "sun": "#BBDDF5", "": "#BBDDF5",
}  # fmt: skip


class _Light:
    """What a time of day and a weather do to colours."""

    def __init__(self, time: str, weather: str) -> None:
        self.time, self.weather = time, weather

    def changes(self, layer: str) -> Callable[[RGB], RGB]:
        """How the colours of a layer change."""

        def changed(rgb: RGB) -> RGB:
            rgb = self._in_weather(rgb, layer)
            if self.time == "night":
                return (rgb[0] * 0.40, rgb[1] * 0.47, rgb[2] * 0.68)
            if self.time == "sunset":
                warm = (rgb[0] * 0.98, rgb[1] * 0.86, rgb[2] * 0.80)
                return _mixed(warm, _DUSK, 0.34 * _AMOUNT[layer])
            return rgb

        return changed

    def _in_weather(self, rgb: RGB, layer: str) -> RGB:
        grey = sum(rgb) / 3
        rgb = _mixed(rgb, (grey, grey, grey * 1.05), _GREYED.get(self.weather, 0.0))
        rgb = _mixed((0.0, 0.0, 0.0), rgb, _DARKENED.get(self.weather, 1.0))
        if self.weather == "fog":
            return _mixed(rgb, _FOG, 0.8 * _AMOUNT[layer])
        return _mixed(rgb, _SNOW, _SNOWED[layer]) if self.weather == "snow" else rgb


def _dimmed(rgb: RGB) -> RGB:
    """A colour indoors at night."""
    return (rgb[0] * 0.6, rgb[1] * 0.6, rgb[2] * 0.72)


def _mixed(rgb: RGB, other: RGB, amount: float) -> RGB:
    red, green, blue = (a + (b - a) * amount for a, b in zip(rgb, other, strict=True))
    return red, green, blue


def _recoloured(svg: str, change: Callable[[RGB], RGB], *, is_lit: bool = False) -> str:
    """Elements in changed colours; lamps and windows in their own light if it `is_lit`."""

    def changed(match: re.Match[str]) -> str:
        return f'{match[1]}="{_hex(change(_rgb(match[2])))}"'

    def element(match: re.Match[str]) -> str:
        if is_lit and _LIT in match[0]:
            return _COLOUR.sub(f'fill="{_LAMP}"', match[0])
        return _COLOUR.sub(changed, match[0])

    return _ELEMENT.sub(element, svg)


def _rgb(digits: str) -> RGB:
    red, green, blue = (float(int(digits[at : at + 2], 16)) for at in (0, 2, 4))
    return red, green, blue


def _hex(rgb: RGB) -> str:
    return "#" + "".join(f"{min(max(round(value), 0), 255):02X}" for value in rgb)


# Sky


def _sky(svg: str, light: _Light, facts: PlaceFacts) -> str:
    """The sky of a place: its clouds and what else is in it, before another sky."""
    base = _BASE.search(svg)
    has_base = base is not None and svg.startswith(f'<g id="sky">{base[0]}')
    rest = svg[base.end() : svg.rindex("</g>")] if base and has_base else ""
    is_clear = light.weather in ("", "sun")
    had_sun = _SUN.search(rest) is not None
    if light.time or not is_clear:
        rest = _SUN.sub("", rest)
    if light.time == "night":
        sky = "#1F3A68" if is_clear else "#1B2A44"
        return f'<g id="sky">{_filled(sky)}{_stars() if is_clear else ""}{_night(rest)}</g>'

    if light.time == "sunset" and is_clear:
        warm = _recoloured(rest, lambda rgb: _mixed(rgb, (255.0, 196.0, 180.0), 0.55))
        return f'<g id="sky">{_sunset(facts.horizon)}{warm}</g>'
    colour = _SKIES[light.weather]
    if light.time == "sunset":
        colour = _hex(_mixed(_rgb(colour[1:]), (244.0, 171.0, 140.0), 0.4))
    more = ""
    if light.weather == "sun" and not had_sun:
        more = f'<circle cx="30" cy="5" r="2.8" fill="{_LAMP}"/>'
    elif light.weather in ("rain", "storm", "clouds", "snow"):
        dark = {"rain": "#8899A6", "storm": "#414F5A", "snow": "#BCC9D3"}
        more, rest = _clouds(dark.get(light.weather, "#AAB8C2")), ""
    if light.weather == "storm":
        more += f'<path d="M25 4l-4.500 7.500h3L21 19l8-9.500h-3.400L29 4z" fill="{_LAMP}"/>'
    return f'<g id="sky">{_filled(colour)}{rest}{more}</g>'


def _filled(colour: str) -> str:
    return f'<path d="M-6-6h48v48H-6z" fill="{colour}"/>'


def _night(clouds: str) -> str:
    return _recoloured(clouds, lambda rgb: (rgb[0] * 0.27, rgb[1] * 0.36, rgb[2] * 0.55))


def _stars() -> str:
    """A crescent moon and some stars."""
    rng = random.Random("stars")
    dots = "".join(
        f'<circle cx="{x + rng.uniform(-1.4, 1.4):.1f}" cy="{y + rng.uniform(-1.2, 1.2):.1f}" '
        f'r="{rng.choice((0.22, 0.3, 0.42))}" fill="#F5F8FA"/>'
        for y in (1.5, 5.5, 9.5, 13.5)
        for x in range(-4, 42, 6)
    )
    moon = (
        '<path d="M28.500 2.200a4.600 4.600 0 1 0 4.700 6.900A3.900 3.900 0 0 1 28.500 2.200z" '
        'fill="#FFE8B6"/>'
    )
    return dots + moon


def _sunset(horizon: float) -> str:
    """Bands of colour above a horizon, and the sun half behind it."""
    top = horizon * 0.45
    return (
        f'{_filled("#F4ABBA")}<path d="M-6 {top:g}h48V42H-6z" fill="#FFC49A"/>'
        f'<path d="M-6 {horizon * 0.75:g}h48V42H-6z" fill="#FFD983"/>'
        f'<circle cx="18" cy="{horizon - 1:g}" r="5.2" fill="#FFAC33"/>'
        f'<circle cx="18" cy="{horizon - 1:g}" r="3.7" fill="{_LAMP}"/>'
    )


def _clouds(colour: str) -> str:
    """A bank of clouds along the upper edge."""
    return (
        f'<path d="M-6-6h48v9a4 4 0 0 1-7 1.500 5 5 0 0 1-8 .5 4 4 0 0 1-6.500 0 5.500 5.500 0 0 '
        f'1-9 1 4 4 0 0 1-7-1 5 5 0 0 1-10.500-2z" fill="{colour}"/>'
    )


# Before everything


def _front(weather: str) -> str:
    """Rain, snow or fog."""
    if weather in ("rain", "storm"):
        return _scattered("rain", 46, _drop)
    if weather == "snow":
        return _scattered("snow", 60, _flake)
    if weather == "fog":
        return _bands((29.5, 4.0, 0.4))
    return ""


def _bands(*bands: tuple[float, float, float]) -> str:
    """Banks of fog: their upper row, height and opacity."""
    return "\n".join(
        f'<rect x="{7 * number - 20}" y="{y}" width="52" height="{height}" rx="{height / 2}" '
        f'fill="#F5F8FA" fill-opacity="{alpha}"/>'
        for number, (y, height, alpha) in enumerate(bands)
    )


def _scattered(name: str, count: int, drawn: Callable[[float, float, random.Random], str]) -> str:
    """Small things all over the picture, far from each other."""
    rng = random.Random(name)
    return "\n".join(drawn(x, y, rng) for x, y in _spread(count))


def _spread(count: int) -> Iterator[tuple[float, float]]:
    """Points that lie evenly but in no rows: steps of the plastic number's powers."""
    for number in range(count):
        yield number * 0.7548777 % 1 * UNITS, number * 0.5698403 % 1 * UNITS


def _drop(x: float, y: float, rng: random.Random) -> str:
    length = rng.uniform(1.2, 2.0)
    return (
        f'<path d="M{x:.1f} {y:.1f}l{-0.3 * length:.2f} {length:.2f}" stroke="#DDEEFA" '
        'stroke-width=".32" stroke-opacity=".85" stroke-linecap="round"/>'
    )


def _flake(x: float, y: float, rng: random.Random) -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{rng.uniform(0.25, 0.5):.2f}" fill="#FFFFFF"/>'


def _puddles(facts: PlaceFacts) -> str:
    """Two pools on the ground, if there is ground."""
    if facts.near is None or facts.water is not None or facts.is_water:
        return ""
    rings = ((8.0, facts.near + 1.2, 4.5, 0.8), (27.0, (facts.far or facts.near) + 2.5, 3.8, 0.65))
    return "\n".join(
        f'<ellipse cx="{x:g}" cy="{y:g}" rx="{rx:g}" ry="{ry:g}" fill="#BBDDF5" '
        'fill-opacity=".45"/>'
        for x, y, rx, ry in rings
    )
