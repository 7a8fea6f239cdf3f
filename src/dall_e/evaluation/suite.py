"""A named set of prompts drawn by a model and measured in every way; report.py writes down what
comes of it.

Shapes: B pictures, T texts, D width, C H W a picture (4 channels, premultiplied RGBA).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from dall_e.data.datasets import ImageSet
from dall_e.data.prompt_sets import SuitePrompt
from dall_e.evaluation.alignment import r_precision
from dall_e.evaluation.composition import PER_TASK, Composed, Composition, composition_measures
from dall_e.evaluation.cost import Cost
from dall_e.evaluation.diversity import spread
from dall_e.evaluation.fidelity import fidelity
from dall_e.evaluation.intervals import Measure, difference_measure, mean_measure
from dall_e.evaluation.judge import Judge
from dall_e.evaluation.memorisation import Nearest, nearest, thumbnails
from dall_e.evaluation.reconstruction import reconstruction
from dall_e.evaluation.samples import (
    LANGUAGES,
    Draw,
    RealImages,
    Sample,
    draw_samples,
    spread_over,
)
from dall_e.images.files import ImageArray, from_pil
from dall_e.text.language import Language

_DIVERSITY_PROMPTS, _DIVERSITY_SEEDS = 12, 4
_DIVERSITY_SEED, _COMPOSITION_SEED = 1_000_000, 2_000_000
_MOST_HELD_OUT = 200

Embed = Callable[[Sequence[ImageArray]], Tensor]


@dataclass(frozen=True, kw_only=True)
class Subject:
    """The model under test, as far as the measures need it."""

    draw: Draw
    """Prompts and seeds to pictures."""
    embed: Embed | None = None
    """Features of pictures by the model's own dual encoder, if it has one."""
    there_and_back: Callable[[Tensor], Tensor] | None = None
    """Pictures [B, 4, H, W] in [0, 1] through the image tokenizer, at its own side, if it has
    one."""
    cost: Cost | None = None
    """Seconds and memory of single pictures."""


@dataclass(frozen=True, kw_only=True)
class Material:
    """What models are measured with; the same for all of them."""

    prompts: Sequence[SuitePrompt]
    judge: Judge
    training: ImageSet
    """The pictures that models were trained on."""
    held_out: ImageSet
    """Pictures of the same styles that they were not trained on."""
    other_style: ImageSet | None = None
    """Pictures of a style that they were not trained on, if there are some."""
    composition: Composition | None = None
    """Tasks of known content with their detector, if there is one."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """All that was drawn and measured."""

    measures: dict[str, Measure]
    samples: list[Sample]
    first: dict[int, bool]
    """For samples by number: whether the judge puts the own prompt first among 100."""
    nearest: list[Nearest]
    """Of each sample."""
    composed: list[Composed] = field(default_factory=list)
    """Drawn prompts of known content."""
    notes: list[str] = field(default_factory=list)
    """What could not be measured, and why."""


def evaluate(
    subject: Subject,
    material: Material,
    *,
    seed: int = 0,
    limit: int = 0,
    say: Callable[[str], None] = print,
) -> Result:
    """Draws the prompts (`limit` of them, evenly spread; 0 all) and measures the pictures."""
    say("drawing")
    samples = draw_samples(subject.draw, material.prompts, seed=seed, limit=limit)
    judged_BD = material.judge.embed_images([sample.image for sample in samples])
    real = RealImages(material.training)
    notes: list[str] = []
    say("alignment")
    measures, first = _alignment(material, samples, judged_BD, real)
    say("fidelity")
    embeds: dict[str, Embed] = {"judge": material.judge.embed_images}
    if subject.embed:
        embeds["dual_encoder"] = subject.embed
    else:
        notes.append("The model has no dual encoder, so there is no fidelity by its features.")
    measures |= _fidelity(embeds, samples, real, notes)
    composed: list[Composed] = []
    if material.composition:
        say("composition")
        per_task = min(PER_TASK, limit) if limit else PER_TASK
        composed = material.composition.run(
            subject.draw, seed=_COMPOSITION_SEED + seed, per_task=per_task
        )
        measures |= composition_measures(composed)
    else:
        notes.append("No detector was given, so composition was not judged.")
    say("memorisation")
    copies, found = _memorisation(subject, material, samples, composed, real)
    measures |= copies
    say("diversity, reconstruction, cost")
    measures |= _diversity(subject, material, real, limit)
    if subject.there_and_back:
        kept = material.held_out.images_NCHW[:_MOST_HELD_OUT]
        measures["reconstruction_psnr"] = mean_measure(reconstruction(subject.there_and_back, kept))
    if subject.cost:
        measures["seconds"] = mean_measure(subject.cost.seconds)
        measures["peak_mib"] = mean_measure([subject.cost.peak_mib])
        if subject.cost.gpu_mib:
            measures["gpu_mib"] = mean_measure([subject.cost.gpu_mib])
    return Result(
        measures=measures,
        samples=samples,
        first=first,
        nearest=found,
        composed=composed,
        notes=notes,
    )


def _alignment(
    material: Material, samples: Sequence[Sample], judged_BD: Tensor, real: RealImages
) -> tuple[dict[str, Measure], dict[int, bool]]:
    """R-precision by language and group, the difference of the languages, and what the judge makes
    of real pictures."""
    judge = material.judge
    # Those to choose from are always the whole suite's, however few are drawn.
    shown = [prompt for prompt in material.prompts if prompt.concept]
    meanings = [prompt.concept for prompt in shown]
    measures: dict[str, Measure] = {}
    first: dict[int, bool] = {}
    hits: dict[tuple[str, str], dict[str, float]] = {}
    for language in LANGUAGES:
        text_TD = judge.embed_texts([prompt.text(language) for prompt in shown])
        rows = [row for row, s in enumerate(samples) if s.language == language and s.prompt.concept]
        own = [shown.index(samples[row].prompt) for row in rows]
        if not rows:
            continue
        found = r_precision(judged_BD[rows], own, text_TD, meanings)
        for row, hit in zip(rows, found, strict=True):
            first[row] = bool(hit)
            hits.setdefault((samples[row].prompt.group, language), {})[samples[row].prompt.en] = (
                float(hit)
            )
        measures |= _real_alignment(language, material, text_TD, real, shown, meanings)
    for key, by_prompt in hits.items():
        measures[f"r_precision_{'_'.join(key)}"] = mean_measure(list(by_prompt.values()))
    both = [hits.get(("single", language), {}) for language in LANGUAGES]
    if both[0]:
        english, chinese = ([by_prompt[name] for name in both[0]] for by_prompt in both)
        measures["parity_en_minus_zh"] = difference_measure(english, chinese)
    return measures, first


def _real_alignment(
    language: Language,
    material: Material,
    text_TD: Tensor,
    real: RealImages,
    shown: Sequence[SuitePrompt],
    meanings: Sequence[str],
) -> dict[str, Measure]:
    """The judge's ceiling: the same measure of one real picture of each thing, one that the judge
    has not seen."""
    chosen = [
        (place, rows[0])
        for place, prompt in enumerate(shown)
        if prompt.group == "single"
        and (rows := real.rows(prompt.concept, lambda r: not material.judge.has_seen(r)))
    ]
    if not chosen:
        return {}
    image_BD = material.judge.embed_images([real.image(row) for _, row in chosen])
    found = r_precision(image_BD, [place for place, _ in chosen], text_TD, meanings)
    return {f"r_precision_real_{language}": mean_measure(found)}


def _fidelity(
    embeds: dict[str, Embed], samples: Sequence[Sample], real: RealImages, notes: list[str]
) -> dict[str, Measure]:
    """Distances to as many real pictures of the same things; and between two sets of such, which is
    the floor."""
    pairs = real.pairs([sample.prompt.concept for sample in samples])
    if len(pairs) < 2:
        notes.append("The training pictures show too few of the things asked for: no fidelity.")
        return {}
    measures: dict[str, Measure] = {}
    for name, embed in embeds.items():
        drawn_BD = embed([samples[place].image for place, _, _ in pairs])
        real_BD = embed([real.image(row) for _, row, _ in pairs])
        other_BD = embed([real.image(row) for _, _, row in pairs])
        measures |= {f"{kind}_{name}": value for kind, value in fidelity(real_BD, drawn_BD).items()}
        measures |= {
            f"{kind}_{name}_real": value for kind, value in fidelity(real_BD, other_BD).items()
        }
    return measures


def _memorisation(
    subject: Subject,
    material: Material,
    samples: Sequence[Sample],
    composed: Sequence[Composed],
    real: RealImages,
) -> tuple[dict[str, Measure], list[Nearest]]:
    """Fraction of near-copies where a training name was asked for, in sentences, in tasks, and among
    real pictures."""
    training_MF = thumbnails([real.image(row) for row in range(len(material.training))])

    def redrawn(rows: list[int]) -> Tensor:
        assert subject.there_and_back is not None
        x_BCHW = material.training.images_NCHW[rows].float() / 255
        again = [subject.there_and_back(x).float().clamp(0, 1) for x in x_BCHW.split(16)]
        return thumbnails([(x * 255).round().byte().numpy() for x in torch.cat(again)])

    pictures = [sample.image for sample in samples] + [one.image for one in composed]
    every = nearest(
        thumbnails(pictures), training_MF, redrawn=redrawn if subject.there_and_back else None
    )
    found, of_tasks = every[: len(samples)], every[len(samples) :]
    # One thing as it is drawn is what the training pictures show.
    true_tasks = [one.true_image for one in composed if one.task != "single"]
    groups = {
        "of_names": [hit for hit, s in zip(found, samples, strict=True) if s.prompt.concept],
        "of_sentences": [
            hit for hit, s in zip(found, samples, strict=True) if s.prompt.group == "scenes"
        ],
        "of_tasks": [
            hit for hit, one in zip(of_tasks, composed, strict=True) if one.task != "single"
        ],
    }
    for name, others in (
        ("of_true_tasks", true_tasks),
        ("held_out", _some(material.held_out)),
        ("other_style", _some(material.other_style) if material.other_style else []),
    ):
        groups[name] = nearest(thumbnails(others), training_MF) if others else []
    measures = {
        f"near_copies_{name}": mean_measure([float(hit.near_copy) for hit in hits])
        for name, hits in groups.items()
        if hits
    }
    measures["distance_to_nearest"] = mean_measure([hit.distance for hit in found])
    return measures, found


def _some(pictures: ImageSet) -> list[ImageArray]:
    """Enough of the pictures to measure a fraction, evenly spread."""
    return [pictures.images_NCHW[row].numpy() for row in spread_over(len(pictures), _MOST_HELD_OUT)]


def _diversity(
    subject: Subject, material: Material, real: RealImages, limit: int
) -> dict[str, Measure]:
    """Spread of the pictures of one prompt, and of as many real pictures of one thing."""
    named = [
        prompt for prompt in material.prompts if len(real.rows(prompt.concept)) >= _DIVERSITY_SEEDS
    ]
    most = min(_DIVERSITY_PROMPTS, limit) if limit else _DIVERSITY_PROMPTS
    chosen = [named[index] for index in spread_over(len(named), most)]
    if not chosen:
        return {}
    texts = [prompt.en for prompt in chosen for _ in range(_DIVERSITY_SEEDS)]
    images = subject.draw(texts, [_DIVERSITY_SEED + number for number in range(len(texts))])
    drawn = [from_pil(image) for image in images]
    rows = [row for prompt in chosen for row in real.rows(prompt.concept)[:_DIVERSITY_SEEDS]]
    sets = {"diversity": drawn, "diversity_real": [real.image(row) for row in rows]}
    return {
        name: mean_measure(
            spread(material.judge.embed_images(pictures).unflatten(0, (-1, _DIVERSITY_SEEDS)))
        )
        for name, pictures in sets.items()
    }
