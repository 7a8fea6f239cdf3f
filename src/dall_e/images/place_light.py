"""How light, weather and season change the colours of a place's layers."""

from __future__ import annotations

import re
from collections.abc import Callable

RGB = tuple[float, float, float]
_ELEMENT = re.compile(r"<(?:path|circle|rect|ellipse)\b[^>]*>")
_COLOUR = re.compile(r'(fill|stroke)="#([0-9A-Fa-f]{6})"')
LAMP = "#FFCC4D"
"""The colour of lit lamps and windows."""
_LIT = 'class="light"'
"""Marks lamps and windows that are lit at night."""
_LEAVES = {
    "autumn": ((216.0, 94.0, 42.0), (244.0, 160.0, 50.0), (252.0, 208.0, 110.0)),
    "spring": ((244.0, 171.0, 186.0), (244.0, 171.0, 186.0), (244.0, 171.0, 186.0)),
}
"""The colours of deep, bright and pale leaves in a season."""

_AMOUNT = {"far": 1.0, "middle": 0.7, "ground": 0.45}
"""How much of the air's colour lies on each layer."""
_GREYED = {"rain": 0.35, "storm": 0.45, "fog": 0.2, "clouds": 0.15}
_DARKENED = {"rain": 0.84, "storm": 0.66, "clouds": 0.94}
_FOG, _SNOW = (225.0, 232.0, 237.0), (248.0, 250.0, 252.0)
_SNOWED = {"far": 0.5, "middle": 0.2, "ground": 0.82}
_DUSK = (116.0, 78.0, 170.0)


class Light:
    """What a time of day and a weather do to colours."""

    def __init__(self, time: str, weather: str) -> None:
        self.time, self.weather = time, weather

    def changes(self, layer: str) -> Callable[[RGB], RGB]:
        """Return how the colours of a layer change."""

        def changed(rgb: RGB) -> RGB:
            rgb = _in_season(self._in_weather(rgb, layer), self.weather, layer)
            if self.time == "night":
                return (rgb[0] * 0.40, rgb[1] * 0.47, rgb[2] * 0.68)
            if self.time == "sunset":
                warm = (rgb[0] * 0.98, rgb[1] * 0.86, rgb[2] * 0.80)
                return mixed(warm, _DUSK, 0.34 * _AMOUNT[layer])
            return rgb

        return changed

    def _in_weather(self, rgb: RGB, layer: str) -> RGB:
        grey = sum(rgb) / 3
        rgb = mixed(rgb, (grey, grey, grey * 1.05), _GREYED.get(self.weather, 0.0))
        rgb = mixed((0.0, 0.0, 0.0), rgb, _DARKENED.get(self.weather, 1.0))
        if self.weather == "fog":
            return mixed(rgb, _FOG, 0.66 * _AMOUNT[layer])
        return mixed(rgb, _SNOW, _SNOWED[layer]) if self.weather == "snow" else rgb


def _in_season(rgb: RGB, weather: str, layer: str) -> RGB:
    """A colour in autumn or spring: other leaves."""
    red, green, blue = rgb
    if weather not in _LEAVES or not (green > 1.08 * red and green > 1.15 * blue):
        return rgb
    deep, bright, pale = _LEAVES[weather]
    leaf = deep if green < 150 else bright if green < 190 else pale
    if weather == "spring" and green >= 150:
        return rgb
    # Grass turns less than leaves do.
    is_grass = layer == "ground" and green >= 150
    return mixed(rgb, leaf, 0.55 if is_grass else 0.92)


def dimmed(rgb: RGB) -> RGB:
    """Return a colour indoors at night."""
    return (rgb[0] * 0.6, rgb[1] * 0.6, rgb[2] * 0.72)


def mixed(rgb: RGB, other: RGB, amount: float) -> RGB:
    """Return a colour with so much of another in it."""
    red, green, blue = (a + (b - a) * amount for a, b in zip(rgb, other, strict=True))
    return red, green, blue


def recoloured(svg: str, change: Callable[[RGB], RGB], *, is_lit: bool = False) -> str:
    """Return elements in changed colours; lamps and windows in their own light if it `is_lit`."""

    def changed(match: re.Match[str]) -> str:
        return f'{match[1]}="{hex_of(change(rgb_of(match[2])))}"'

    def element(match: re.Match[str]) -> str:
        if is_lit and _LIT in match[0]:
            return _COLOUR.sub(f'fill="{LAMP}"', match[0])
        return _COLOUR.sub(changed, match[0])

    return _ELEMENT.sub(element, svg)


def rgb_of(digits: str) -> RGB:
    """Return a colour of six digits."""
    red, green, blue = (float(int(digits[at : at + 2], 16)) for at in (0, 2, 4))
    return red, green, blue


def hex_of(rgb: RGB) -> str:
    """Return a colour as #RRGGBB."""
    return "#" + "".join(f"{min(max(round(value), 0), 255):02X}" for value in rgb)
