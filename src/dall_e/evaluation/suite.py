"""The suite: a fixed set of prompts, drawn by a model and measured in every way.

report.py writes down what comes of it.

Shapes: B images, T texts, P prompts, K images of a prompt, D width of an embedding, C H W channels
(4, premultiplied RGBA), rows and columns.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec

import torch
from torch import Tensor

from dall_e.data.datasets import ImageSet
from dall_e.data.prompt_sets import SuitePrompt
from dall_e.evaluation.alignment import measure_alignment
from dall_e.evaluation.composition import PER_TASK, Composed, Composition, composition_measures
from dall_e.evaluation.cost import Cost
from dall_e.evaluation.diversity import spread
from dall_e.evaluation.fidelity import fidelity
from dall_e.evaluation.intervals import Measure, mean_measure
from dall_e.evaluation.judge import Judge
from dall_e.evaluation.near_copies import Nearest, nearest, thumbnails
from dall_e.evaluation.reconstruction import reconstruction
from dall_e.evaluation.samples import (
    Drawer,
    RealImages,
    Sample,
    draw_samples,
    spread_over,
)
from dall_e.images.files import ImageArray, from_pil

_DIVERSITY_PROMPTS, _DIVERSITY_SEEDS = 12, 4
# First seeds, far apart, so that no image is drawn for two measures.
_DIVERSITY_SEED, _COMPOSITION_SEED = 1_000_000, 2_000_000
_MOST_REAL_IMAGES = 200
_RECONSTRUCTION_BATCH = 16

WITHOUT_JUDGE = (
    "No judge was given, so it was not measured whether pictures show what was asked for "
    "(alignment), nor how real they look to an independent eye (fidelity, composition). Judges are "
    "trained by `bash runs/judges.sh`, in some fifty minutes on two CPU cores; then give --judge "
    "runs/judge --detector runs/detector. Measures named dual_encoder are by the model's own dual "
    "encoder, which may have chosen the pictures: no independent judgement."
)

Embed = Callable[[Sequence[ImageArray]], Tensor]
Measures = dict[str, Measure]


@dataclass(frozen=True, kw_only=True)
class Subject:
    """The model under test, as far as the measures need it."""

    draw: Drawer
    embed: Embed | None = None
    """Embeds images by the model's own dual encoder, if it has one."""
    reconstruct: Callable[[Tensor], Tensor] | None = None
    """Takes images [B, 4, H, W] in [0, 1] through the image tokenizer and back, if it has one.

    The images have the side that the tokenizer was made for.
    """
    cost: Cost | None = None
    """Seconds and memory of single images."""


@dataclass(frozen=True, kw_only=True)
class Material:
    """What models are measured with, the same for all of them."""

    prompts: Sequence[SuitePrompt]
    judge: Judge | None
    """Without one, only what needs no judgement is measured."""
    training: ImageSet
    """The images that models were trained on."""
    held_out: ImageSet
    """Images of the same styles that they were not trained on."""
    other_style: ImageSet | None = None
    """Images of a style that they were not trained on, if there are some."""
    composition: Composition | None = None
    """Tasks of known content with their detector, if there is one."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """All that was drawn and measured."""

    measures: Measures
    samples: list[Sample]
    ranked_first: dict[int, bool]
    """By number of a sample: whether the judge ranks its own prompt first among 100."""
    nearest: list[Nearest]
    """For each sample, the training image that it is most like."""
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
    """Draw the prompts, or `limit` of them evenly spread, and measure the images.

    `say` is told what is being done. Raises ImportError if torchmetrics is not installed.
    """
    notes: list[str] = []
    real = RealImages(material.training)

    say("drawing")
    samples = draw_samples(subject.draw, material.prompts, seed=seed, limit=limit)

    measures, ranked_first = Measures(), dict[int, bool]()
    if material.judge is None:
        notes.append(WITHOUT_JUDGE)
    else:
        say("alignment")
        measures, ranked_first = measure_alignment(material.judge, material.prompts, samples, real)

    say("fidelity")
    measures |= _measure_fidelity(subject, material, samples, real, notes)

    composed: list[Composed] = []
    if material.composition is None:
        notes.append("No detector was given, so composition was not judged.")
    else:
        say("composition")
        composed = material.composition.run(
            subject.draw,
            seed=_COMPOSITION_SEED + seed,
            per_task=min(PER_TASK, limit) if limit else PER_TASK,
        )
        measures |= composition_measures(composed)

    say("memorisation")
    copy_measures, neighbours = _measure_memorisation(subject, material, samples, composed, real)
    measures |= copy_measures

    say("diversity, reconstruction, cost")
    measures |= _measure_diversity(subject, material, real, limit, notes)
    measures |= _measure_reconstruction(subject, material)
    measures |= _measure_cost(subject)

    return Result(
        measures=measures,
        samples=samples,
        ranked_first=ranked_first,
        nearest=neighbours,
        composed=composed,
        notes=notes,
    )


# Fidelity


def _measure_fidelity(
    subject: Subject,
    material: Material,
    samples: Sequence[Sample],
    real: RealImages,
    notes: list[str],
) -> Measures:
    """Measure distances to as many real images of the same things, by each dual encoder.

    The distance between two sets of real images is the floor.
    """
    embeds: dict[str, Embed] = {}
    if material.judge:
        embeds["judge"] = material.judge.embed_images
    if subject.embed:
        embeds["dual_encoder"] = subject.embed
    else:
        notes.append("The model has no dual encoder, so there is no fidelity by its features.")

    pairs = real.pairs([sample.prompt.concept for sample in samples])
    if len(pairs) < 2:
        notes.append("The training pictures show too few of the things asked for: no fidelity.")
        return {}

    measures: Measures = {}
    if material.judge is None and find_spec("torchmetrics") is None:
        notes.append("Without the package torchmetrics (open-dalle[eval]) there is no fidelity.")
        return {}
    for name, embed in embeds.items():
        drawn_BD = embed([samples[index].image for index, _, _ in pairs])
        real_BD = embed([real.image(row) for _, row, _ in pairs])
        other_real_BD = embed([real.image(row) for _, _, row in pairs])
        for kind, measure in fidelity(real_BD, drawn_BD).items():
            measures[f"{kind}_{name}"] = measure
        for kind, measure in fidelity(real_BD, other_real_BD).items():
            measures[f"{kind}_{name}_real"] = measure
    return measures


# Memorisation


def _measure_memorisation(
    subject: Subject,
    material: Material,
    samples: Sequence[Sample],
    composed: Sequence[Composed],
    real: RealImages,
) -> tuple[Measures, list[Nearest]]:
    """Measure fractions of near-copies among drawn images, and among images nobody could copy.

    Also returns the nearest training image of each sample.
    """
    training_MF = thumbnails([real.image(row) for row in range(len(material.training))])

    # What was drawn, compared with training images as the model's tokenizer draws them, too.
    drawn = [sample.image for sample in samples] + [item.image for item in composed]
    neighbours = nearest(thumbnails(drawn), training_MF, redrawn=_redrawn(subject, material))
    of_samples, of_composed = neighbours[: len(samples)], neighbours[len(samples) :]
    groups: dict[str, list[Nearest]] = {"of_names": [], "of_sentences": [], "of_tasks": []}
    for sample, neighbour in zip(samples, of_samples, strict=True):
        if sample.prompt.concept:
            groups["of_names"].append(neighbour)
        if sample.prompt.group == "scenes":
            groups["of_sentences"].append(neighbour)
    # One thing as it is drawn is what the training images show, so single things do not count.
    for item, neighbour in zip(composed, of_composed, strict=True):
        if item.task != "single":
            groups["of_tasks"].append(neighbour)

    # What cannot be a copy: references of the tasks, and real images that were held out.
    references = [item.reference_image for item in composed if item.task != "single"]
    for name, images in (
        ("of_true_tasks", references),
        ("held_out", _some_images(material.held_out)),
        ("other_style", _some_images(material.other_style)),
    ):
        groups[name] = nearest(thumbnails(images), training_MF) if images else []

    measures = {
        f"near_copies_{name}": mean_measure([float(neighbour.near_copy) for neighbour in group])
        for name, group in groups.items()
        if group
    }
    distances = [neighbour.distance for neighbour in of_samples]
    measures["distance_to_nearest"] = mean_measure(distances)
    return measures, of_samples


def _redrawn(subject: Subject, material: Material) -> Callable[[list[int]], Tensor] | None:
    """Return a function to thumbnails of training images that the model's tokenizer redraws."""
    reconstruct = subject.reconstruct
    if reconstruct is None:
        return None

    def redraw(rows: list[int]) -> Tensor:
        x_BCHW = material.training.images_NCHW[rows].float() / 255
        batches = [
            reconstruct(batch_BCHW).float().clamp(0, 1)
            for batch_BCHW in x_BCHW.split(_RECONSTRUCTION_BATCH)
        ]
        images_BCHW = (torch.cat(batches) * 255).round().byte()
        return thumbnails(list(images_BCHW.numpy()))

    return redraw


def _some_images(images: ImageSet | None) -> list[ImageArray]:
    """Return enough images, evenly spread, to measure a fraction; none of a set that is None."""
    if images is None:
        return []
    rows = spread_over(len(images), _MOST_REAL_IMAGES)
    return [images.images_NCHW[row].numpy() for row in rows]


# Diversity, reconstruction, cost


def _measure_diversity(
    subject: Subject, material: Material, real: RealImages, limit: int, notes: list[str]
) -> Measures:
    """Measure the spread of the images of one prompt, and of as many real ones of one thing.

    By the judge; without one by the model's own dual encoder, and called so.
    """
    embed = material.judge.embed_images if material.judge else subject.embed
    if embed is None:
        notes.append("There is no judge, and the model has no dual encoder: no diversity.")
        return {}
    suffix = "" if material.judge else "_dual_encoder"

    # Real pictures to compare with, where there are enough of some things.
    asked_for = [prompt for prompt in material.prompts if prompt.concept]
    several = [prompt for prompt in asked_for if len(real.rows(prompt.concept)) >= _DIVERSITY_SEEDS]
    candidates = several or asked_for
    most = min(_DIVERSITY_PROMPTS, limit) if limit else _DIVERSITY_PROMPTS
    prompts = [candidates[index] for index in spread_over(len(candidates), most)]
    if not prompts:
        return {}

    texts = [prompt.en for prompt in prompts for _ in range(_DIVERSITY_SEEDS)]
    seeds = [_DIVERSITY_SEED + number for number in range(len(texts))]
    drawn_images = [from_pil(image) for image in subject.draw(texts, seeds)]
    rows = [row for prompt in prompts for row in real.rows(prompt.concept)[:_DIVERSITY_SEEDS]]
    real_images = [real.image(row) for row in rows]

    measures = {}
    for name, images in (("", drawn_images), ("_real", real_images if several else [])):
        if not images:
            continue
        image_PKD = embed(images).unflatten(0, (-1, _DIVERSITY_SEEDS))
        measures[f"diversity{suffix}{name}"] = mean_measure(spread(image_PKD))
    return measures


def _measure_reconstruction(subject: Subject, material: Material) -> Measures:
    if subject.reconstruct is None:
        return {}
    held_out_BCHW = material.held_out.images_NCHW[:_MOST_REAL_IMAGES]
    psnr = reconstruction(subject.reconstruct, held_out_BCHW)
    return {"reconstruction_psnr": mean_measure(psnr)}


def _measure_cost(subject: Subject) -> Measures:
    if subject.cost is None:
        return {}
    measures = {
        "seconds": mean_measure(subject.cost.seconds),
        "peak_mib": mean_measure([subject.cost.peak_mib]),
    }
    if subject.cost.gpu_mib:
        measures["gpu_mib"] = mean_measure([subject.cost.gpu_mib])
    return measures
