"""Composition: does an image show what was asked for?

The tasks are those of GenEval (arXiv 2310.11513): one thing, two things, a count, a colour, a
position, two colours on the right things. Prompts are made from scene records, with combinations
that no training scene has where there is anything to combine.

A detector that has only seen real cut-outs judges the drawn image, and also the reference that the
composer draws of the same record. How often it is right on references is the ceiling of the
measure.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from dall_e.evaluation.intervals import Measure, mean_measure, statistic_measure
from dall_e.evaluation.samples import LANGUAGES, Drawer
from dall_e.images.files import ImageArray, from_pil
from dall_e.models.detector import Detection, Detector
from dall_e.scenes.composer import SceneComposer, held_out
from dall_e.scenes.graph import Scene, SceneObject, Shape
from dall_e.text.language import Language

TASKS = ("single", "two", "count", "colour", "position", "binding")
SIDES = {"left": (-1, 0), "right": (1, 0), "above": (0, -1), "below": (0, 1)}
"""Relations that the centres of two things decide, as (across, down)."""
LEAST_STEP = 0.05
"""How far apart two centres must be in the asked direction, as a fraction of the side."""
PER_TASK = 24
_TRIES = 20_000


@dataclass(frozen=True, kw_only=True)
class Composed:
    """A prompt of known content, the image of it, and the verdict of the detector."""

    task: str
    scene: Scene
    language: Language
    text: str
    seed: int
    image: ImageArray
    """As the model drew it."""
    correct: bool
    """Whether the detector finds in it what was asked for."""
    reference_image: ImageArray
    """As the composer draws the same record."""
    reference_correct: bool
    """Whether the detector finds it there."""


class Composition:
    """The tasks, the same for every model."""

    def __init__(self, composer: SceneComposer, detector: Detector) -> None:
        """Take a composer of scenes and a detector; only things that it knows are asked for."""
        self._composer = composer
        self._detector = detector.eval().requires_grad_(False)
        self._natural_colours = {
            (cut_out.thing, cut_out.own_colour)
            for cut_out in composer.cut_outs
            if cut_out.own_colour
        }

    def run(self, draw: Drawer, *, seed: int, per_task: int = PER_TASK) -> list[Composed]:
        """Draw `per_task` prompts of each task, English and Chinese in turn, and judge them."""
        # Scenes and their prompts.
        tasks = [(task, scene) for task in TASKS for scene in self.scenes(task, per_task)]
        languages = [LANGUAGES[number % 2] for number in range(len(tasks))]
        texts = [
            self._composer.caption(scene, random.Random(f"{task}/{scene.seed}"), language)
            for (task, scene), language in zip(tasks, languages, strict=True)
        ]
        seeds = [seed + number for number in range(len(tasks))]

        # The drawn images, the references, and what is seen on both.
        images = [from_pil(image) for image in draw(texts, seeds)]
        references = [self._composer.draw(scene) for _, scene in tasks]
        detections = self._detect(images)
        reference_detections = self._detect(references)

        return [
            Composed(
                task=task,
                scene=scene,
                language=languages[number],
                text=texts[number],
                seed=seeds[number],
                image=images[number],
                correct=is_correct(task, scene, detections[number]),
                reference_image=references[number],
                reference_correct=is_correct(task, scene, reference_detections[number]),
            )
            for number, (task, scene) in enumerate(tasks)
        ]

    def scenes(self, task: str, count: int) -> list[Scene]:
        """Return the scenes of a task: always the same, no two of which ask for the same.

        Raises ValueError if there are too few.
        """
        # A training scene has no thing in a colour that is held out for it.
        split = "heldout" if task in ("colour", "binding") else "train"
        scenes: dict[tuple[object, ...], Scene] = {}
        for number in range(_TRIES):
            base = self._composer.scene(f"composition/{task}/{number}", split)
            scene = scene_for_task(task, base, random.Random(f"{task}/{number}"))
            if scene is not None and self._suits(task, scene):
                asked = [(item.name, item.count, item.colour) for item in scene.objects]
                scenes.setdefault((scene.relation, *asked), scene)
            if len(scenes) == count:
                return list(scenes.values())
        raise ValueError(f"{_TRIES} scenes gave {len(scenes)} of {count} for the task {task!r}")

    def _suits(self, task: str, scene: Scene) -> bool:
        """Tell whether the detector can judge a scene, and whether it combines something new."""
        if any(item.name not in self._detector.config.things for item in scene.objects):
            return False
        # A brown hedgehog is a hedgehog: there is nothing to combine.
        if any((item.name, item.colour) in self._natural_colours for item in scene.objects):
            return False
        # One thing, or two side by side, combine nothing that could be held out.
        return task in ("single", "two") or held_out(scene)

    def _detect(self, images: Sequence[ImageArray]) -> list[list[Detection]]:
        device = self._detector.things.weight.device
        detections = []
        for image in images:
            x_1CHW = torch.from_numpy(np.ascontiguousarray(image))[None]
            detections.append(self._detector.find(x_1CHW.to(device).float() / 255)[0])
        return detections


def scene_for_task(task: str, scene: Scene, rng: random.Random) -> Scene | None:
    """Reduce any scene to one that asks for the matter of a task and nothing else.

    Returns None if the scene does not suit the task.
    """
    if any(item.state for item in scene.objects):
        return None

    # Things that have an image, which shapes have not, without and with their colours.
    with_image = [item for item in scene.objects if not isinstance(item.image, Shape)]
    plain = [SceneObject(name=item.name, image=item.image) for item in with_image]
    coloured = [
        dataclasses.replace(item, size="", state="", count=1) for item in with_image if item.colour
    ]

    def of(*objects: SceneObject, relation: str = "") -> Scene:
        return Scene(objects=objects, relation=relation, seed=f"{task}/{scene.seed}")

    if task == "colour":
        return of(*coloured) if len(coloured) == len(scene.objects) == 1 else None

    num_things = 1 if task in ("single", "count") else 2
    if not len(plain) == len({item.name for item in plain}) == num_things:
        return None
    if task == "count":
        return of(dataclasses.replace(plain[0], count=rng.randint(2, 4)))
    if task == "position":
        return of(*plain, relation=rng.choice(list(SIDES)))
    if task == "binding":
        return of(*coloured) if len({item.colour for item in coloured}) == 2 else None
    return of(*plain)


def is_correct(task: str, scene: Scene, detections: Sequence[Detection]) -> bool:
    """Tell whether the detections, surest first, are what a scene asks for."""
    if task == "count":
        wanted = scene.objects[0]
        return sum(hit.thing == wanted.name for hit in detections) == wanted.count

    # The surest detection of each thing.
    surest: list[Detection] = []
    for item in scene.objects:
        hit = next((hit for hit in detections if hit.thing == item.name), None)
        if hit is None:
            return False
        surest.append(hit)

    if task in ("colour", "binding"):
        colours = [item.colour for item in scene.objects]
        return [hit.colour for hit in surest] == colours
    if task == "position":
        across, down = SIDES[scene.relation]
        subject, anchor = surest
        step = across * (subject.x - anchor.x) + down * (subject.y - anchor.y)
        return step >= LEAST_STEP
    return True


def composition_measures(composed: Sequence[Composed]) -> dict[str, Measure]:
    """Measure fractions of correct images by task and language, and their ceilings.

    "composition_fraction" and its like are fractions of the ceiling.
    """
    groups = {"composition": list(composed)}
    for task in TASKS:
        groups[f"composition_{task}"] = [item for item in composed if item.task == task]

    measures: dict[str, Measure] = {}
    for name, items in groups.items():
        if items:
            measures[name] = mean_measure([float(item.correct) for item in items])
            ceiling = [float(item.reference_correct) for item in items]
            measures[f"{name}_ceiling"] = mean_measure(ceiling)
            measures[f"{name}_fraction"] = _fraction_of_ceiling(items)

    for language in LANGUAGES:
        correct = [float(item.correct) for item in composed if item.language == language]
        if correct:
            measures[f"composition_{language}"] = mean_measure(correct)
    return measures


def _fraction_of_ceiling(composed: Sequence[Composed]) -> Measure:
    """Measure correct images per correct reference; 0 if no reference is correct."""
    correct = np.array([float(item.correct) for item in composed])
    ceiling = np.array([float(item.reference_correct) for item in composed])
    return statistic_measure(
        lambda rows: float(correct[rows].sum() / max(ceiling[rows].sum(), 1.0)),
        len(composed),
        resamples=1000,
    )
