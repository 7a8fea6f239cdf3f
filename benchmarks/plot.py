"""Two plots of results as SVG, written by hand: bars, and lines, both on logarithmic axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

# Of bars: width of the labels, width of the axis, height of a row; in pixels.
_LABELS, _AXIS, _ROW = 380, 460, 26
# Of lines: left end, width and height of the plot, in pixels; its upper end is at 40.
_LEFT, _WIDTH, _HEIGHT = 60, 540, 300
_TOP = 40
_COLOURS = ("#4c78a8", "#f58518", "#54a24b", "#e45756", "#72b7b2", "#b279a2", "#9d755d", "#bab0ac")


@dataclass(frozen=True)
class Bar:
    """One measurement."""

    label: str
    median: float
    least: float
    most: float
    floor: float
    """The least that is possible; a mark on the bar."""


def bars(title: str, rows: Sequence[Bar]) -> str:
    """Plot a bar per row on a logarithmic scale, as the sides may be far apart.

    The whisker goes from the least to the most.
    """
    ends = [value for row in rows for value in (row.floor, row.most, row.least) if value > 0]
    low = math.log10(min(ends, default=1.0)) - 0.1
    high = math.log10(max(ends, default=1.0)) + 0.1

    def across(value: float) -> float:
        return _LABELS + _AXIS * (math.log10(max(value, 10**low)) - low) / (high - low)

    parts = []
    for number, row in enumerate(rows):
        y = _TOP + _ROW * number
        end, least, most, floor = map(across, (row.median, row.least, row.most, row.floor))
        colour = _COLOURS[0] if "dall_e " in row.label else _COLOURS[1]
        size = f'width="{end - _LABELS:.1f}" height="18"'
        parts += [
            _text(_LABELS - 8, y + 13, row.label, "end"),
            f'<rect x="{_LABELS}" y="{y}" {size} fill="{colour}"/>',
            f'<path d="M{least:.1f} {y + 9}H{most:.1f}" stroke="#000"/>',
            f'<path d="M{floor:.1f} {y - 2}V{y + 20}" stroke="#e45756" stroke-width="2"/>',
            _text(max(end, most) + 6, y + 13, f"{row.median:.3g} s", "start"),
        ]
    return _page(title, parts, 56 + _ROW * len(rows))


def lines(title: str, series: dict[str, list[tuple[float, float]]]) -> str:
    """Plot a line of (x, y) points per name, both axes logarithmic."""
    points = [point for line in series.values() for point in line] or [(1.0, 1.0)]
    xs, ys = [x for x, _ in points], [y for _, y in points]

    def across(x: float) -> float:
        return _LEFT + _fraction(x, xs) * _WIDTH

    def down(y: float) -> float:
        return _TOP + (1 - _fraction(y, ys)) * _HEIGHT

    parts = []
    for number, (name, line) in enumerate(series.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        path = " ".join(f"{across(x):.1f},{down(y):.1f}" for x, y in line)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        x, y = line[-1]
        label = _text(across(x) + 6, down(y) + 4, name, "start")
        parts.append(f'<g fill="{colour}">{label}</g>')

    # Numbers below every x, and beside the least and the largest y.
    for number, x in enumerate(sorted(set(xs))):
        parts.append(_text(across(x), _HEIGHT + 60, f"{x:g}", "middle" if number else "start"))
    for y in (min(ys), max(ys)):
        parts.append(_text(_LEFT - 6, down(y) + 4, f"{y:.3g}", "end"))
    return _page(title, parts, _HEIGHT + 80)


def _fraction(value: float, values: Sequence[float]) -> float:
    """Return how far a value lies between the least (0) and the largest (1), by logarithms."""
    low, high = math.log10(min(values)), math.log10(max(values))
    return (math.log10(value) - low) / max(high - low, 1e-9)


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _page(title: str, parts: Sequence[str], height: int) -> str:
    size = f'width="940" height="{height}"'
    font = 'font-family="sans-serif" font-size="12"'
    background = '<rect width="100%" height="100%" fill="#fff"/>'
    body = "\n".join([background, _text(10, 22, title, "start"), *parts])
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {font}>\n{body}\n</svg>\n'
