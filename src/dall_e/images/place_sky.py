"""The sky over a place, and what falls or drifts before it."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable, Iterator

from dall_e.images.place_facts import UNITS, PlaceFacts
from dall_e.images.place_light import LAMP, Light, hex_of, mixed, recoloured, rgb_of

_SUN = re.compile(r'<circle [^>]*fill="#FFCC4D"/>')
_BASE = re.compile(r'<path d="M-6-6h48v48H-6z" fill="#[0-9A-Fa-f]{6}"/>')
"""What the sky of every drawing begins with."""
_BOLT = f'<path d="M25 4l-4.500 7.500h3L21 19l8-9.500h-3.400L29 4z" fill="{LAMP}"/>'
_OVERCAST = frozenset(("rain", "snow", "fog", "storm", "clouds"))
_SKIES = {
    "rain": "#A3B1BB", "storm": "#66757F", "snow": "#D5E0E8", "fog": "#DDE4E9",
    "clouds": "#CCD6DD", "sun": "#BBDDF5", "": "#BBDDF5",
}  # fmt: skip


def sky_of(svg: str, light: Light, facts: PlaceFacts) -> str:
    """Return the sky of a place: its clouds and what else is in it, before another sky."""
    base = _BASE.search(svg)
    has_base = base is not None and svg.startswith(f'<g id="sky">{base[0]}')
    rest = svg[base.end() : svg.rindex("</g>")] if base and has_base else ""
    is_clear = light.weather not in _OVERCAST
    had_sun = _SUN.search(rest) is not None
    if light.time or not is_clear:
        rest = _SUN.sub("", rest)
    if light.time == "night":
        sky = "#1F3A68" if is_clear else "#1B2A44"
        lights = _night_lights(light.weather) if is_clear else ""
        if light.weather == "storm":
            lights, rest = _clouds("#101B30") + _BOLT, ""
        return f'<g id="sky">{_filled(sky)}{lights}{_night(rest)}</g>'

    if light.time == "sunset" and is_clear:
        warm = recoloured(rest, lambda rgb: mixed(rgb, (255.0, 196.0, 180.0), 0.55))
        return f'<g id="sky">{_sunset(facts.horizon)}{warm}</g>'
    colour = _SKIES.get(light.weather, _SKIES[""])
    if light.time == "sunset":
        colour = hex_of(mixed(rgb_of(colour[1:]), (244.0, 171.0, 140.0), 0.4))
    more = ""
    if light.weather == "sun" and not had_sun:
        more = f'<circle cx="30" cy="5" r="2.8" fill="{LAMP}"/>'
    elif light.weather in ("rain", "storm", "clouds", "snow"):
        dark = {"rain": "#8899A6", "storm": "#414F5A", "snow": "#BCC9D3"}
        more, rest = _clouds(dark.get(light.weather, "#AAB8C2")), ""
    if light.weather == "rainbow":
        more = _rainbow(facts.horizon)
    if light.weather == "storm":
        more += _BOLT
    return f'<g id="sky">{_filled(colour)}{rest}{more}</g>'


def _filled(colour: str) -> str:
    return f'<path d="M-6-6h48v48H-6z" fill="{colour}"/>'


def _night(clouds: str) -> str:
    return recoloured(clouds, lambda rgb: (rgb[0] * 0.27, rgb[1] * 0.36, rgb[2] * 0.55))


def _night_lights(weather: str) -> str:
    """The moon, stars, and what else shines in the sky."""
    if weather == "full-moon":
        moon = '<circle cx="26" cy="8" r="4.800" fill="#FFE8B6"/>'
        craters = ((24.4, 6.6, 1.0), (27.6, 9.8, 1.2), (27.8, 6.0, 0.6))
        return f"{_stars()}{moon}" + "".join(
            f'<circle cx="{x}" cy="{y}" r="{r}" fill="#FFD983"/>' for x, y, r in craters
        )
    more = {"aurora": _aurora, "meteors": _meteors, "fireworks": _fireworks}
    if weather in more:
        return _stars() + more[weather]()
    return _stars() + _CRESCENT


_CRESCENT = (
    '<path d="M28.500 2.200a4.600 4.600 0 1 0 4.700 6.900A3.900 3.900 0 0 1 28.500 2.200z" '
    'fill="#FFE8B6"/>'
)


def _aurora() -> str:
    """Curtains of light."""
    return (
        '<path d="M-6 13Q2 2 10 8t14-2T42 2v7q-8 1-15 5t-15 1-18 7z" fill="#2F9E77"/>'
        '<path d="M-6 10Q2 0 10 6t14-2T42 0v4q-9 0-17 5t-14 0-17 7z" fill="#7FE3B0"/>'
        '<path d="M-6 4Q4-4 12 1t30-7v3q-14 3-22 7T8 2-6 8z" fill="#AA8DD8"/>'
    )


def _meteors() -> str:
    """Shooting stars."""
    starts = ((31, 1), (20, 4), (10, 0.5), (35, 9), (13, 10))
    return "".join(
        f'<path d="M{x} {y}l-8 5.500 .5 .7z" fill="#F5F8FA"/>'
        f'<circle cx="{x - 7.7:g}" cy="{y + 5.8:g}" r="0.700" fill="#FFE8B6"/>'
        for x, y in starts
    )


_BURSTS = (
    (8, 7, 5.0, "#EA596E"), (26, 6, 5.5, "#FFCC4D"), (17, 13, 3.6, "#88C9F9"),
    (34, 14, 3.2, "#A6D388"),
)  # fmt: skip


def _fireworks() -> str:
    """Bursts of sparks: column, row, reach and colour of each."""
    sparks = []
    for x, y, reach, colour in _BURSTS:
        for number in range(12):
            turn = number * math.pi / 6
            across, down = math.cos(turn), math.sin(turn)
            sparks.append(
                f'<path d="M{x + 0.35 * reach * across:.2f} {y + 0.35 * reach * down:.2f}'
                f'L{x + reach * across:.2f} {y + reach * down:.2f}" stroke="{colour}" '
                'stroke-width=".5" stroke-linecap="round"/>'
            )
    return "".join(sparks)


def _rainbow(horizon: float) -> str:
    """Bands that rise from both sides of the horizon."""
    bands = ("#DD2E44", "#F4900C", "#FFCC4D", "#77B255", "#5DADEC", "#9266CC")
    return "".join(
        f'<circle cx="18" cy="{horizon + 2:g}" r="{16.5 - 1.1 * number:g}" fill="none" '
        f'stroke="{colour}" stroke-width="1.15"/>'
        for number, colour in enumerate(bands)
    )


def _stars() -> str:
    """Some stars."""
    rng = random.Random("stars")
    dots = "".join(
        f'<circle cx="{x + rng.uniform(-1.4, 1.4):.1f}" cy="{y + rng.uniform(-1.2, 1.2):.1f}" '
        f'r="{rng.choice((0.22, 0.3, 0.42))}" fill="#F5F8FA"/>'
        for y in (1.5, 5.5, 9.5, 13.5)
        for x in range(-4, 42, 6)
    )
    return dots


def _sunset(horizon: float) -> str:
    """Bands of colour above a horizon, and the sun half behind it."""
    top = horizon * 0.45
    return (
        f'{_filled("#F4ABBA")}<path d="M-6 {top:g}h48V42H-6z" fill="#FFC49A"/>'
        f'<path d="M-6 {horizon * 0.75:g}h48V42H-6z" fill="#FFD983"/>'
        f'<circle cx="18" cy="{horizon - 1:g}" r="5.2" fill="#FFAC33"/>'
        f'<circle cx="18" cy="{horizon - 1:g}" r="3.7" fill="{LAMP}"/>'
    )


def _clouds(colour: str) -> str:
    """A bank of clouds along the upper edge."""
    return (
        f'<path d="M-6-6h48v9a4 4 0 0 1-7 1.500 5 5 0 0 1-8 .5 4 4 0 0 1-6.500 0 5.500 5.500 0 0 '
        f'1-9 1 4 4 0 0 1-7-1 5 5 0 0 1-10.500-2z" fill="{colour}"/>'
    )


# Before everything


def before_all(weather: str) -> str:
    """Return what falls or drifts before everything."""
    if weather in ("rain", "storm"):
        return _scattered("rain", 46, _drop)
    if weather == "snow":
        return _scattered("snow", 60, _flake)
    if weather == "fog":
        return banks((29.5, 4.0, 0.4))
    if weather in _DRIFTING:
        colours, count = _DRIFTING[weather]
        blown = _scattered(weather, count, lambda x, y, rng: _leaf(x, y, rng.choice(colours), rng))
        return blown + (_GUSTS if weather == "wind" else "")
    return ""


_DRIFTING = {
    "autumn": (("#DD2E44", "#F4900C", "#FFAC33", "#C1694F"), 22),
    "spring": (("#F4ABBA", "#F8C9D3", "#EA596E"), 22),
    "wind": (("#77B255", "#5C913B", "#FFAC33"), 12),
}
"""Colours of leaves or petals in the air, and how many there are."""
_GUSTS = "".join(
    f'<path d="M{x} {y}h{length}q3 0 3-2.200t-2-2.200-2 1.800" fill="none" stroke="#F5F8FA" '
    'stroke-width=".7" stroke-linecap="round"/>'
    for x, y, length in ((-2, 9, 11), (14, 15, 12), (3, 21, 9), (21, 6, 8))
)
"""Lines of wind."""


def _leaf(x: float, y: float, colour: str, rng: random.Random) -> str:
    """A leaf or a petal, turned anyhow."""
    turn = rng.uniform(0, 2 * math.pi)
    across, down = 0.9 * math.cos(turn), 0.9 * math.sin(turn)
    side_x, side_y = 0.5 * down, -0.5 * across
    return (
        f'<path d="M{x:.1f} {y:.1f}q{across / 2 + side_x:.2f} {down / 2 + side_y:.2f} '
        f"{across:.2f} {down:.2f}q{-across / 2 - side_x:.2f} {-down / 2 - side_y:.2f} "
        f'{-across:.2f} {-down:.2f}z" fill="{colour}"/>'
    )


def banks(*bands: tuple[float, float, float]) -> str:
    """Return banks of fog: their upper row, height and opacity."""
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


def puddles(facts: PlaceFacts) -> str:
    """Return two pools on the ground, if there is ground."""
    if facts.near is None or facts.water is not None or facts.is_water:
        return ""
    rings = ((8.0, facts.near + 1.2, 4.5, 0.8), (27.0, (facts.far or facts.near) + 2.5, 3.8, 0.65))
    return "\n".join(
        f'<ellipse cx="{x:g}" cy="{y:g}" rx="{rx:g}" ry="{ry:g}" fill="#BBDDF5" '
        'fill-opacity=".45"/>'
        for x, y, rx, ry in rings
    )
