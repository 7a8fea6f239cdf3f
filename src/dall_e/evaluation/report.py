"""What was measured, written down: `report.json` for programs, `report.html`, one file with all
pictures, for eyes."""

from __future__ import annotations

import base64
import dataclasses
import html
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dall_e.atomic_files import replace_text
from dall_e.evaluation.composition import Composed
from dall_e.evaluation.intervals import Measure
from dall_e.evaluation.samples import RealImages
from dall_e.evaluation.suite import Result
from dall_e.images.files import ImageArray, encode_webp

REPORT_FILE, PAGE_FILE = "report.json", "report.html"
_MOST_EARLIER = 6

# Name: (what it is, which way is better).
EXPLAINED = {
    "r_precision_single": ("one thing: the judge finds the own prompt among 100", "higher"),
    "r_precision_words": ("the same by everyday words", "higher"),
    "r_precision_real": (
        "what the judge reaches on real pictures that it has not seen: the ceiling",
        "",
    ),
    "parity_en_minus_zh": ("R-precision in English minus Chinese, in pairs; 0 is best", ""),
    "kid_judge": ("KID x 1000 to real pictures of the same things, features of the judge", "lower"),
    "fid_judge": ("FID, features of the judge; grows as there are fewer pictures", "lower"),
    "kid_dual_encoder": (
        "KID x 1000, features of the model's own dual encoder, which may have chosen the pictures",
        "lower",
    ),
    "fid_dual_encoder": ("FID, features of the model's own dual encoder", "lower"),
    "near_copies_of_names": (
        "fraction of near-copies of training pictures, for names of what they show",
        "lower",
    ),
    "near_copies_of_sentences": ("fraction of near-copies in sentences", "lower"),
    "near_copies_of_tasks": (
        "fraction of near-copies in tasks of known content, but for single things",
        "lower",
    ),
    "near_copies_of_true_tasks": (
        "fraction of near-copies among the true composed pictures of these tasks",
        "",
    ),
    "near_copies_held_out": ("fraction of near-copies among real pictures that were held out", ""),
    "near_copies_other_style": (
        "fraction of near-copies among pictures of a style that is not trained on",
        "",
    ),
    "distance_to_nearest": (
        "distance to the nearest training picture; 1 is as far as an empty page",
        "",
    ),
    "diversity": ("1 - cosine between pictures of one prompt, by the judge", "higher"),
    "diversity_real": ("the same between real pictures of one thing", ""),
    "reconstruction_psnr": ("what the image tokenizer keeps of held-out pictures, in dB", "higher"),
    "seconds": ("seconds for one picture alone", "lower"),
    "peak_mib": ("peak memory of a process that draws one picture, MiB", "lower"),
    "gpu_mib": ("peak memory on the GPU, MiB", "lower"),
    "composition": ("what was asked for is there, by the detector", "higher"),
}
_SUFFIXES = {
    "_en": " (English)", "_zh": " (Chinese)", "_real": ", real against real: the floor",
    "_ceiling": ", on true composed pictures: the ceiling",
    "_fraction": ", as a fraction of the ceiling",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Header:
    """What was measured, and how."""

    suite: str
    model: dict[str, str]
    """Name, version, digest and so on."""
    settings: dict[str, Any]
    """Of the drawing."""
    judge: str
    seed: int
    limit: int


def explain(name: str) -> tuple[str, str]:
    """What a measure is, and "higher", "lower" or nothing for which way is better."""
    if name in EXPLAINED:
        return EXPLAINED[name]
    for suffix, words in _SUFFIXES.items():
        if name.endswith(suffix):
            text, better = explain(name.removesuffix(suffix))
            return f"{text}{words}", "" if suffix in ("_real", "_ceiling") else better
    base = next((known for known in EXPLAINED if name.startswith(known)), "")
    return (
        (f"{EXPLAINED[base][0]}: {name.removeprefix(base).strip('_')}", EXPLAINED[base][1])
        if base
        else (name, "")
    )


def write_report(folder: Path, header: Header, result: Result, real: RealImages) -> dict[str, Any]:
    """Writes both files, and returns what the JSON file holds. Raises OSError if the folder cannot
    be written.

    Reports in folders beside this one, of the same suite, are the earlier runs on the page.
    """
    folder.mkdir(parents=True, exist_ok=True)
    report = {
        **dataclasses.asdict(header),
        "measures": {
            name: dataclasses.asdict(measure) for name, measure in result.measures.items()
        },
        "notes": result.notes,
        "samples": [
            {
                "text": sample.text,
                "language": sample.language,
                "group": sample.prompt.group,
                "seed": sample.seed,
                "first": result.first.get(number),
                "nearest": _name(real.record(hit.index)),
                "distance": round(hit.distance, 4),
                "near_copy": hit.near_copy,
            }
            for number, (sample, hit) in enumerate(zip(result.samples, result.nearest, strict=True))
        ],
        "composed": [
            {
                "task": c.task,
                "text": c.text,
                "seed": c.seed,
                "right": c.right,
                "true_right": c.true_right,
            }
            for c in result.composed
        ],
    }
    earlier = earlier_reports(folder, header.suite)
    replace_text(folder / REPORT_FILE, json.dumps(report, indent=2, ensure_ascii=False) + "\n")
    replace_text(folder / PAGE_FILE, _page(header, result, real, earlier))
    return report


def earlier_reports(folder: Path, suite: str) -> list[tuple[str, dict[str, Any]]]:
    """(name of the folder, report) of the newest reports of the suite in folders beside this one,
    newest first."""
    found = []
    for path in folder.resolve().parent.glob(f"*/{REPORT_FILE}"):
        if path.parent == folder.resolve():
            continue
        try:
            report = json.loads(path.read_text(encoding="utf-8"))
            if report["suite"] == suite and isinstance(report["measures"], dict):
                found.append((path.stat().st_mtime, path.parent.name, report))
        except (OSError, ValueError, KeyError, TypeError):
            continue  # Somebody else's file.
    found.sort(key=lambda item: item[:2], reverse=True)
    return [(name, report) for _, name, report in found[:_MOST_EARLIER]]


def _name(record: dict[str, Any]) -> str:
    return f"{record.get('source', '')}/{record.get('name', record.get('text', ''))}".strip("/")


# The page

STYLE = """
body { font: 15px/1.4 system-ui, sans-serif; margin: 2em auto; max-width: 72em; padding: 0 1em; color: #222 }
table { border-collapse: collapse } td, th { padding: .2em .8em .2em 0; text-align: left; vertical-align: middle }
td.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap } small { color: #777 }
.grid { display: flex; flex-wrap: wrap; gap: .7em } figure { margin: 0; width: 136px; font-size: 12px }
figure img { width: 64px; height: 64px; border: 1px solid #ddd } .copy img { border-color: #c00 }
.miss figcaption { color: #a00 }
"""


def image_tag(image: ImageArray, title: str = "") -> str:
    """An <img> that holds the picture itself."""
    data = base64.b64encode(encode_webp(image)).decode()
    return f'<img src="data:image/webp;base64,{data}" title="{html.escape(title)}" alt="{html.escape(title)}">'


def _page(
    header: Header,
    result: Result,
    real: RealImages,
    earlier: Sequence[tuple[str, dict[str, Any]]],
) -> str:
    model = f"{header.model.get('model', '?')} {header.model.get('model_version', '')}".strip()
    parts = [
        f"<h1>{html.escape(model)} on {html.escape(header.suite)}</h1>",
        f"<p>Judge: {html.escape(header.judge)}. Seed {header.seed}. {len(result.samples)} pictures. ",
        f"<small>{html.escape(json.dumps({**header.model, **header.settings}, ensure_ascii=False))}</small></p>",
        "".join(f"<p>{html.escape(note)}</p>" for note in result.notes),
        "<h2>Measures, with 95 % intervals</h2>",
        measure_table(result.measures, earlier),
        "<h2>Pictures</h2><p>Each beside the training picture that it is most like, with their distance. "
        "Red frame: a near-copy. Red text: the judge prefers another prompt of a hundred.</p>",
    ]
    for group in dict.fromkeys(sample.prompt.group for sample in result.samples):
        parts.append(
            f"<h3>{html.escape(group)}</h3><div class='grid'>{_figures(group, result, real)}</div>"
        )
    if result.composed:
        parts.append(
            "<h2>Composition</h2><p>Each beside the composer's picture of the same record. Red text: the detector does "
            "not find what was asked for. Struck out: not on the true picture either.</p>"
        )
    for task in dict.fromkeys(one.task for one in result.composed):
        figures = "".join(_composed_figure(one) for one in result.composed if one.task == task)
        parts.append(f"<h3>{html.escape(task)}</h3><div class='grid'>{figures}</div>")
    title = html.escape(f"{model}: {header.suite}")
    return f"<!doctype html><meta charset='utf-8'><title>{title}</title><style>{STYLE}</style>{''.join(parts)}\n"


def _figures(group: str, result: Result, real: RealImages) -> str:
    figures = []
    for number, (sample, hit) in enumerate(zip(result.samples, result.nearest, strict=True)):
        if sample.prompt.group != group:
            continue
        marks = ["copy"] if hit.near_copy else []
        marks += ["miss"] if result.first.get(number) is False else []
        name = _name(real.record(hit.index))
        figures.append(
            f"<figure class='{' '.join(marks)}'>{image_tag(sample.image, f'seed {sample.seed}')}"
            f"{image_tag(real.image(hit.index), name)}"
            f"<figcaption>{html.escape(sample.text)} <small>{hit.distance:.2f}</small></figcaption></figure>"
        )
    return "".join(figures)


def _composed_figure(one: Composed) -> str:
    text = html.escape(one.text)
    return (
        f"<figure class='{'' if one.right else 'miss'}'>{image_tag(one.image, f'seed {one.seed}')}"
        f"{image_tag(one.true_image, 'composed')}"
        f"<figcaption>{text if one.true_right else f'<s>{text}</s>'}</figcaption></figure>"
    )


def measure_table(
    measures: dict[str, Measure], earlier: Sequence[tuple[str, dict[str, Any]]]
) -> str:
    """One row per measure: value, interval, plot, and the values of earlier runs."""
    heads = "".join(f"<th><small>{html.escape(name)}</small></th>" for name, _ in earlier)
    rows = [f"<tr><th>measure</th><th>value</th><th>interval</th><th></th><th></th>{heads}</tr>"]
    for name, measure in measures.items():
        others = [_measure(report["measures"].get(name)) for _, report in earlier]
        text, better = explain(name)
        cells = "".join(
            f"<td class='n'><small>{other.value:.4g}</small></td>" if other else "<td></td>"
            for other in others
        )
        rows.append(
            f"<tr><td>{name}<br><small>{html.escape(text)}{f'; {better} is better' if better else ''}</small></td>"
            f"<td class='n'><b>{measure.value:.4g}</b></td>"
            f"<td class='n'><small>{measure.low:.4g} to {measure.high:.4g}</small></td>"
            f"<td class='n'><small>n={measure.count}</small></td>"
            f"<td>{interval_plot([measure, *others])}</td>{cells}</tr>"
        )
    return f"<table>{''.join(rows)}</table>"


def _measure(values: Any) -> Measure | None:
    try:
        return Measure(**values)
    except TypeError:
        return None


def interval_plot(measures: Sequence[Measure | None], width: int = 160, row: int = 9) -> str:
    """Intervals under each other on one axis, as SVG: this run on top, earlier ones paler below."""
    known = [measure for measure in measures if measure]
    low, high = min(measure.low for measure in known), max(measure.high for measure in known)
    margin = 0.05 * (high - low) or 0.05 * abs(high) or 1.0
    low, high = low - margin, high + margin

    def place(value: float) -> str:
        return f"{width * (value - low) / (high - low):.1f}"

    lines = []
    for number, measure in enumerate(measures):
        if measure is None:
            continue
        y, colour = row * number + row / 2, "#1a5fb4" if number == 0 else "#aaa"
        lines.append(
            f"<line x1='{place(measure.low)}' x2='{place(measure.high)}' y1='{y}' y2='{y}' stroke='{colour}'/>"
            f"<circle cx='{place(measure.value)}' cy='{y}' r='3' fill='{colour}'/>"
        )
    height = row * len(measures)
    return f"<svg width='{width}' height='{height}' viewBox='0 0 {width} {height}'>{''.join(lines)}</svg>"
