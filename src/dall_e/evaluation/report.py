"""The report of one run: `report.json` for programs, `report.html` with all images for eyes."""

from __future__ import annotations

import dataclasses
import html
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dall_e.atomic_files import replace_text
from dall_e.evaluation.composition import Composed
from dall_e.evaluation.near_copies import Nearest
from dall_e.evaluation.pages import EarlierReport, document, image_tag, measure_table
from dall_e.evaluation.samples import RealImages, Sample
from dall_e.evaluation.suite import Result

REPORT_FILE, PAGE_FILE = "report.json", "report.html"
_MOST_EARLIER = 6
_SAMPLES_NOTE = (
    "Each beside the training picture that it is most like, with their distance. "
    "Red frame: a near-copy. Red text: the judge prefers another prompt of a hundred."
)
_COMPOSED_NOTE = (
    "Each beside the composer's picture of the same record. Red text: the detector does "
    "not find what was asked for. Struck out: not on the true picture either."
)


@dataclass(frozen=True, kw_only=True)
class Header:
    """What was measured, and how."""

    suite: str
    model: dict[str, str]
    """Name, version, digest and so on."""
    settings: dict[str, Any]
    """Settings that the images were drawn with."""
    judge: str
    seed: int
    limit: int


def write_report(folder: Path, header: Header, result: Result, real: RealImages) -> dict[str, Any]:
    """Write both files, and return what the JSON file holds.

    Reports of the same suite in folders beside this one appear on the page as earlier runs. Raises
    OSError if the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    report = _report(header, result, real)
    page = _page(header, result, real, earlier_reports(folder, header.suite))
    replace_text(folder / REPORT_FILE, json.dumps(report, indent=2, ensure_ascii=False) + "\n")
    replace_text(folder / PAGE_FILE, page)
    return report


def earlier_reports(folder: Path, suite: str) -> list[EarlierReport]:
    """Return the newest reports of the suite in folders beside this one, newest first."""
    dated = []
    for path in folder.resolve().parent.glob(f"*/{REPORT_FILE}"):
        if path.parent == folder.resolve():
            continue
        try:
            report = json.loads(path.read_text(encoding="utf-8"))
            if report["suite"] == suite and isinstance(report["measures"], dict):
                dated.append((path.stat().st_mtime, path.parent.name, report))
        except (OSError, ValueError, KeyError, TypeError):
            continue  # A file that only has the same name.

    dated.sort(key=lambda item: item[:2], reverse=True)
    return [(name, report) for _, name, report in dated[:_MOST_EARLIER]]


# The JSON file


def _report(header: Header, result: Result, real: RealImages) -> dict[str, Any]:
    measures = {name: dataclasses.asdict(measure) for name, measure in result.measures.items()}
    return {
        **dataclasses.asdict(header),
        "measures": measures,
        "notes": result.notes,
        "samples": [
            _sample_entry(sample, result.ranked_first.get(number), neighbour, real)
            for number, (sample, neighbour) in enumerate(_sample_pairs(result))
        ],
        "composed": [
            {
                "task": composed.task,
                "text": composed.text,
                "seed": composed.seed,
                "right": composed.correct,
                "true_right": composed.reference_correct,
            }
            for composed in result.composed
        ],
    }


def _sample_entry(
    sample: Sample, ranked_first: bool | None, neighbour: Nearest, real: RealImages
) -> dict[str, Any]:
    return {
        "text": sample.text,
        "language": sample.language,
        "group": sample.prompt.group,
        "seed": sample.seed,
        "first": ranked_first,
        "nearest": _record_name(real.record(neighbour.index)),
        "distance": round(neighbour.distance, 4),
        "near_copy": neighbour.near_copy,
    }


def _sample_pairs(result: Result) -> list[tuple[Sample, Nearest]]:
    return list(zip(result.samples, result.nearest, strict=True))


def _record_name(record: dict[str, Any]) -> str:
    return f"{record.get('source', '')}/{record.get('name', record.get('text', ''))}".strip("/")


# The page


def _page(
    header: Header, result: Result, real: RealImages, earlier: Sequence[EarlierReport]
) -> str:
    model = f"{header.model.get('model', '?')} {header.model.get('model_version', '')}".strip()
    details = json.dumps({**header.model, **header.settings}, ensure_ascii=False)
    parts = [
        f"<h1>{html.escape(model)} on {html.escape(header.suite)}</h1>",
        f"<p>Judge: {html.escape(header.judge)}. Seed {header.seed}. ",
        f"{len(result.samples)} pictures. <small>{html.escape(details)}</small></p>",
        "".join(f"<p>{html.escape(note)}</p>" for note in result.notes),
        "<h2>Measures, with 95 % intervals</h2>",
        measure_table(result.measures, earlier),
    ]

    # The samples, by group of prompts.
    parts.append(f"<h2>Pictures</h2><p>{_SAMPLES_NOTE}</p>")
    for group in dict.fromkeys(sample.prompt.group for sample in result.samples):
        figures = "".join(
            _sample_figure(sample, result.ranked_first.get(number), neighbour, real)
            for number, (sample, neighbour) in enumerate(_sample_pairs(result))
            if sample.prompt.group == group
        )
        parts.append(f"<h3>{html.escape(group)}</h3><div class='grid'>{figures}</div>")

    # The tasks of known content, by task.
    if result.composed:
        parts.append(f"<h2>Composition</h2><p>{_COMPOSED_NOTE}</p>")
    for task in dict.fromkeys(composed.task for composed in result.composed):
        figures = "".join(
            _composed_figure(composed) for composed in result.composed if composed.task == task
        )
        parts.append(f"<h3>{html.escape(task)}</h3><div class='grid'>{figures}</div>")

    return document(html.escape(f"{model}: {header.suite}"), "".join(parts))


def _sample_figure(
    sample: Sample, ranked_first: bool | None, neighbour: Nearest, real: RealImages
) -> str:
    marks = ["copy"] if neighbour.near_copy else []
    # None: the judge was not asked.
    marks += ["miss"] if ranked_first is False else []
    name = _record_name(real.record(neighbour.index))
    return (
        f"<figure class='{' '.join(marks)}'>{image_tag(sample.image, f'seed {sample.seed}')}"
        f"{image_tag(real.image(neighbour.index), name)}"
        f"<figcaption>{html.escape(sample.text)} <small>{neighbour.distance:.2f}</small>"
        "</figcaption></figure>"
    )


def _composed_figure(composed: Composed) -> str:
    text = html.escape(composed.text)
    caption = text if composed.reference_correct else f"<s>{text}</s>"
    return (
        f"<figure class='{'' if composed.correct else 'miss'}'>"
        f"{image_tag(composed.image, f'seed {composed.seed}')}"
        f"{image_tag(composed.reference_image, 'composed')}"
        f"<figcaption>{caption}</figcaption></figure>"
    )
