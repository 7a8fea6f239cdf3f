"""Two drawings of results as SVG, written by hand: bars side by side, and lines over a logarithmic
axis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

_LABELS, _WIDTH, _STEP = 380, 460, 26
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
    """A bar per row on a logarithmic scale, as the sides may be far apart; the whisker is the
    spread."""
    marks = [value for row in rows for value in (row.floor, row.most, row.least) if value > 0] or [
        1.0
    ]
    low, high = math.log10(min(marks)) - 0.1, math.log10(max(marks)) + 0.1
    parts = []
    for number, row in enumerate(rows):
        y = 40 + _STEP * number
        end, least, most, floor = (
            _LABELS + _WIDTH * (math.log10(max(value, 10**low)) - low) / (high - low)
            for value in (row.median, row.least, row.most, row.floor)
        )
        colour = _COLOURS[0] if "dall_e " in row.label else _COLOURS[1]
        parts += [
            _text(_LABELS - 8, y + 13, row.label, "end"),
            f'<rect x="{_LABELS}" y="{y}" width="{end - _LABELS:.1f}" height="18" fill="{colour}"/>',
            f'<path d="M{least:.1f} {y + 9}H{most:.1f}" stroke="#000"/>',
            f'<path d="M{floor:.1f} {y - 2}V{y + 20}" stroke="#e45756" stroke-width="2"/>',
            _text(max(end, most) + 6, y + 13, f"{row.median:.3g} s", "start"),
        ]
    return _page(title, parts, 56 + _STEP * len(rows))


def lines(title: str, series: dict[str, list[tuple[float, float]]]) -> str:
    """A line of (x, y) points per name, both axes logarithmic."""
    points = [point for line in series.values() for point in line] or [(1.0, 1.0)]
    parts = []
    height, left = 300, 60
    spans = []
    for axis in (0, 1):
        values = [math.log10(point[axis]) for point in points]
        spans.append((min(values), max(max(values) - min(values), 1e-9)))

    def place(point: tuple[float, float]) -> tuple[float, float]:
        across, up = (
            (math.log10(v) - low) / span for v, (low, span) in zip(point, spans, strict=True)
        )
        return left + across * 540, 40 + (1 - up) * height

    for number, (name, line) in enumerate(series.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in map(place, line))
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        x, y = place(line[-1])
        parts.append(f'<g fill="{colour}">{_text(x + 6, y + 4, name, "start")}</g>')
    for axis, point_value in enumerate(sorted({point[0] for point in points})):
        x, _ = place((point_value, points[0][1]))
        parts.append(_text(x, height + 60, f"{point_value:g}", "middle" if axis else "start"))
    for value in (min(point[1] for point in points), max(point[1] for point in points)):
        _, y = place((points[0][0], value))
        parts.append(_text(left - 6, y + 4, f"{value:.3g}", "end"))
    return _page(title, parts, height + 80)


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _page(title: str, parts: Sequence[str], height: int) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="940" height="{height}" font-family="sans-serif" '
    body = "\n".join(
        ['<rect width="100%" height="100%" fill="#fff"/>', _text(10, 22, title, "start"), *parts]
    )
    return f'{head}font-size="12">\n{body}\n</svg>\n'
