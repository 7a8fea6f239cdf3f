"""Alignment: does an independent judge find the prompt that an image was drawn for?

Shapes: B images, T texts, D width of an embedding.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from dall_e.data.prompt_sets import SuitePrompt
from dall_e.evaluation.intervals import Measure, difference_measure, mean_measure
from dall_e.evaluation.judge import Judge
from dall_e.evaluation.r_precision import r_precision
from dall_e.evaluation.samples import LANGUAGES, RealImages, Sample, rows_with_concept
from dall_e.text.language import Language

Measures = dict[str, Measure]


def measure_alignment(
    judge: Judge, prompts: Sequence[SuitePrompt], samples: Sequence[Sample], real: RealImages
) -> tuple[Measures, dict[int, bool]]:
    """Measure R-precision by group and language, its ceiling, and the parity of the languages.

    Also returns, by number of a sample, whether the judge ranks its prompt first.
    """
    image_BD = judge.embed_images([sample.image for sample in samples])
    # The judge always chooses among the texts of the whole suite, however few are drawn.
    prompts = [prompt for prompt in prompts if prompt.concept]
    meanings = [prompt.concept for prompt in prompts]

    measures: Measures = {}
    ranked_first: dict[int, bool] = {}
    hits_of_group: dict[tuple[str, Language], dict[str, float]] = {}
    for language in LANGUAGES:
        rows = rows_with_concept(samples, language)
        if not rows:
            continue
        text_TD = judge.embed_texts([prompt.text(language) for prompt in prompts])
        text_of_image = [prompts.index(samples[row].prompt) for row in rows]
        hits = r_precision(image_BD[rows], text_of_image, text_TD, meanings)
        for row, hit in zip(rows, hits, strict=True):
            prompt = samples[row].prompt
            ranked_first[row] = bool(hit)
            hits_of_group.setdefault((prompt.group, language), {})[prompt.en] = float(hit)
        measures |= _measure_ceiling(language, judge, text_TD, real, prompts)

    for (group, language), hit_of_prompt in hits_of_group.items():
        measures[f"r_precision_{group}_{language}"] = mean_measure(list(hit_of_prompt.values()))

    english, chinese = (hits_of_group.get(("single", language), {}) for language in LANGUAGES)
    if english:
        paired = [chinese[prompt] for prompt in english]
        measures["parity_en_minus_zh"] = difference_measure(list(english.values()), paired)
    return measures, ranked_first


def _measure_ceiling(
    language: Language,
    judge: Judge,
    text_TD: Tensor,
    real: RealImages,
    prompts: Sequence[SuitePrompt],
) -> Measures:
    """Measure R-precision of real images that the judge has not seen, one of each thing."""

    def unseen(record: dict[str, object]) -> bool:
        return not judge.has_seen(record)

    text_of_image, images = [], []
    for index, prompt in enumerate(prompts):
        rows = real.rows(prompt.concept, unseen) if prompt.group == "single" else []
        if rows:
            text_of_image.append(index)
            images.append(real.image(rows[0]))
    if not images:
        return {}

    image_BD = judge.embed_images(images)
    meanings = [prompt.concept for prompt in prompts]
    hits = r_precision(image_BD, text_of_image, text_TD, meanings)
    return {f"r_precision_real_{language}": mean_measure(hits)}
