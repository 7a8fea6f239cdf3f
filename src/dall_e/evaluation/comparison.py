"""Two models side by side: the same prompts, the same seeds, and their difference in pairs.

Shapes: B images, T texts to choose from, D width of an embedding.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from torch import Tensor

from dall_e.atomic_files import replace_text
from dall_e.evaluation.intervals import Measure, difference_measure, mean_measure
from dall_e.evaluation.pages import document, image_tag, measure_table
from dall_e.evaluation.r_precision import r_precision
from dall_e.evaluation.samples import LANGUAGES, Sample, rows_with_concept
from dall_e.evaluation.suite import Material
from dall_e.text.language import Language

COMPARISON_FILE = "comparison.html"

Scores = dict[str, npt.NDArray[np.float64]]


def compare(
    material: Material, samples_a: Sequence[Sample], samples_b: Sequence[Sample]
) -> dict[str, Measure]:
    """Measure two models, A and B, and B - A, on the same prompts and seeds.

    By language: R-precision, and the mean cosine between image and prompt. What is hard for both
    models cancels in the difference. Raises ValueError without a judge.
    """
    assert [(s.text, s.seed) for s in samples_a] == [(s.text, s.seed) for s in samples_b]

    measures: dict[str, Measure] = {}
    for language in LANGUAGES:
        rows = rows_with_concept(samples_a, language)
        if not rows:
            continue
        scores_a = _scores(material, language, [samples_a[row] for row in rows])
        scores_b = _scores(material, language, [samples_b[row] for row in rows])
        for name in scores_a:
            a, b = scores_a[name], scores_b[name]
            measures[f"{name}_{language}_a"] = mean_measure(a)
            measures[f"{name}_{language}_b"] = mean_measure(b)
            measures[f"{name}_{language}_b_minus_a"] = difference_measure(b, a)
    return measures


def _scores(material: Material, language: Language, samples: Sequence[Sample]) -> Scores:
    """Score each sample of one language by the judge."""
    # Prompts without a concept cannot be told from others by what they show.
    prompts = [prompt for prompt in material.prompts if prompt.concept]
    meanings = [prompt.concept for prompt in prompts]
    text_of_image = [prompts.index(sample.prompt) for sample in samples]

    judge = material.judge
    if judge is None:
        raise ValueError("two models are compared by a judge: give --judge")
    text_TD = judge.embed_texts([prompt.text(language) for prompt in prompts])
    image_BD = judge.embed_images([sample.image for sample in samples])
    cosine_B: Tensor = (image_BD * text_TD[text_of_image]).sum(1)
    return {
        "r_precision": r_precision(image_BD, text_of_image, text_TD, meanings),
        "cosine": cosine_B.double().numpy(),
    }


def write_comparison(
    folder: Path,
    names: tuple[str, str],
    measures: dict[str, Measure],
    samples_a: Sequence[Sample],
    samples_b: Sequence[Sample],
) -> Path:
    """Write the page with both images of each prompt, and return its path.

    Raises OSError if the folder cannot be written.
    """
    figures = "".join(
        f"<figure>{image_tag(a.image, names[0])}{image_tag(b.image, names[1])}"
        f"<figcaption>{html.escape(a.text)} <small>{a.seed}</small></figcaption></figure>"
        for a, b in zip(samples_a, samples_b, strict=True)
    )
    title = html.escape(f"{names[0]} (A, left) and {names[1]} (B, right)")
    body = f"<h1>{title}</h1>{measure_table(measures, [])}<div class='grid'>{figures}</div>"

    folder.mkdir(parents=True, exist_ok=True)
    replace_text(folder / COMPARISON_FILE, document(title, body))
    return folder / COMPARISON_FILE
