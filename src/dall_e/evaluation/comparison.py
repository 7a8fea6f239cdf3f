"""Two models side by side: the same prompts, the same seeds, and the difference in pairs."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dall_e.atomic_files import replace_text
from dall_e.evaluation.alignment import r_precision
from dall_e.evaluation.intervals import Measure, difference_measure, mean_measure
from dall_e.evaluation.report import STYLE, image_tag, measure_table
from dall_e.evaluation.samples import LANGUAGES, Sample
from dall_e.evaluation.suite import Material

COMPARISON_FILE = "comparison.html"


def compare(
    material: Material, first: Sequence[Sample], second: Sequence[Sample]
) -> dict[str, Measure]:
    """R-precision of both and their difference, by language, and the mean cosine of picture and
    prompt.

    Both were drawn for the same prompts and seeds: what is hard for both cancels in the difference.
    """
    assert [(s.text, s.seed) for s in first] == [(s.text, s.seed) for s in second]
    shown = [prompt for prompt in material.prompts if prompt.concept]
    measures: dict[str, Measure] = {}
    for language in LANGUAGES:
        rows = [row for row, s in enumerate(first) if s.language == language and s.prompt.concept]
        if not rows:
            continue
        text_TD = material.judge.embed_texts([prompt.text(language) for prompt in shown])
        own = [shown.index(first[row].prompt) for row in rows]
        hits, fits = [], []
        for samples in (first, second):
            image_BD = material.judge.embed_images([samples[row].image for row in rows])
            hits.append(r_precision(image_BD, own, text_TD, [prompt.concept for prompt in shown]))
            fits.append((image_BD * text_TD[own]).sum(1).double().numpy())
        for name, (one, two) in (("r_precision", hits), ("cosine", fits)):
            measures[f"{name}_{language}_a"], measures[f"{name}_{language}_b"] = (
                mean_measure(one),
                mean_measure(two),
            )
            measures[f"{name}_{language}_b_minus_a"] = difference_measure(
                np.asarray(two), np.asarray(one)
            )
    return measures


def write_comparison(
    folder: Path,
    names: tuple[str, str],
    measures: dict[str, Measure],
    first: Sequence[Sample],
    second: Sequence[Sample],
) -> Path:
    """The page with both pictures of each prompt. Raises OSError if the folder cannot be
    written."""
    figures = "".join(
        f"<figure>{image_tag(one.image, names[0])}{image_tag(two.image, names[1])}"
        f"<figcaption>{html.escape(one.text)} <small>{one.seed}</small></figcaption></figure>"
        for one, two in zip(first, second, strict=True)
    )
    title = html.escape(f"{names[0]} (A, left) and {names[1]} (B, right)")
    page = (
        f"<!doctype html><meta charset='utf-8'><title>{title}</title><style>{STYLE}</style><h1>{title}</h1>"
        f"{measure_table(measures, [])}<div class='grid'>{figures}</div>\n"
    )
    folder.mkdir(parents=True, exist_ok=True)
    replace_text(folder / COMPARISON_FILE, page)
    return folder / COMPARISON_FILE
