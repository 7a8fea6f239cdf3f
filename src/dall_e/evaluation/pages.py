"""Pieces of the HTML pages: images inside the page, the table of measures, plots of intervals."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from typing import Any

from dall_e.evaluation.intervals import Measure
from dall_e.evaluation.measure_names import explain
from dall_e.images.files import ImageArray, encode_webp

EarlierReport = tuple[str, dict[str, Any]]
"""Name of an earlier run's folder, and what its JSON file holds."""

_STYLE = """
body {
  font: 15px/1.4 system-ui, sans-serif; color: #222;
  margin: 2em auto; max-width: 72em; padding: 0 1em;
}
table { border-collapse: collapse }
td, th { padding: .2em .8em .2em 0; text-align: left; vertical-align: middle }
td.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
small { color: #777 }
.grid { display: flex; flex-wrap: wrap; gap: .7em }
figure { margin: 0; width: 136px; font-size: 12px }
figure img { width: 64px; height: 64px; border: 1px solid #ddd }
.copy img { border-color: #c00 }
.miss figcaption { color: #a00 }
"""


def document(title: str, body: str) -> str:
    """Return a whole page; both arguments are HTML already."""
    return (
        f"<!doctype html><meta charset='utf-8'><title>{title}</title>"
        f"<style>{_STYLE}</style>{body}\n"
    )


def image_tag(image: ImageArray, title: str = "") -> str:
    """Return an <img> that holds the image itself, so that nothing is fetched."""
    data = base64.b64encode(encode_webp(image)).decode()
    title = html.escape(title)
    return f'<img src="data:image/webp;base64,{data}" title="{title}" alt="{title}">'


def measure_table(measures: dict[str, Measure], earlier: Sequence[EarlierReport]) -> str:
    """Return a table with one row per measure: value, interval, plot, and earlier values."""
    heads = "".join(f"<th><small>{html.escape(name)}</small></th>" for name, _ in earlier)
    rows = [f"<tr><th>measure</th><th>value</th><th>interval</th><th></th><th></th>{heads}</tr>"]
    for name, measure in measures.items():
        earlier_values = [_read_measure(report["measures"].get(name)) for _, report in earlier]
        rows.append(_measure_row(name, measure, earlier_values))
    return f"<table>{''.join(rows)}</table>"


def _measure_row(name: str, measure: Measure, earlier: Sequence[Measure | None]) -> str:
    text, better = explain(name)
    note = f"; {better} is better" if better else ""
    earlier_cells = "".join(
        f"<td class='n'><small>{value.value:.4g}</small></td>" if value else "<td></td>"
        for value in earlier
    )
    return (
        f"<tr><td>{name}<br><small>{html.escape(text)}{note}</small></td>"
        f"<td class='n'><b>{measure.value:.4g}</b></td>"
        f"<td class='n'><small>{measure.low:.4g} to {measure.high:.4g}</small></td>"
        f"<td class='n'><small>n={measure.count}</small></td>"
        f"<td>{interval_plot([measure, *earlier])}</td>{earlier_cells}</tr>"
    )


def _read_measure(values: Any) -> Measure | None:
    """Return a measure of an earlier report; None if that has no such measure."""
    try:
        return Measure(**values)
    except TypeError:
        return None


def interval_plot(measures: Sequence[Measure | None], width: int = 160, row: int = 9) -> str:
    """Plot intervals below each other on one axis, as SVG.

    This run is on top, earlier ones are paler below it. None leaves its row empty.
    """
    known = [measure for measure in measures if measure]
    low, high = min(measure.low for measure in known), max(measure.high for measure in known)
    margin = 0.05 * (high - low) or 0.05 * abs(high) or 1.0
    low, high = low - margin, high + margin

    def across(value: float) -> str:
        return f"{width * (value - low) / (high - low):.1f}"

    marks = []
    for number, measure in enumerate(measures):
        if measure is None:
            continue
        y = row * number + row / 2
        colour = "#1a5fb4" if number == 0 else "#aaa"
        marks.append(
            f"<line x1='{across(measure.low)}' x2='{across(measure.high)}' "
            f"y1='{y}' y2='{y}' stroke='{colour}'/>"
            f"<circle cx='{across(measure.value)}' cy='{y}' r='3' fill='{colour}'/>"
        )
    height = row * len(measures)
    size = f"width='{width}' height='{height}' viewBox='0 0 {width} {height}'"
    return f"<svg {size}>{''.join(marks)}</svg>"
