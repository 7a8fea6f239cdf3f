"""Is what was asked for there: one thing, two things, a count, a colour, a place, two colours on
the right things.

Prompts are made from scene records, with combinations that no training scene has where there is
anything to combine (GenEval's tasks, arXiv 2310.11513). A detector that has only seen real cut-outs
looks at the drawn picture, and at the true one that the composer draws of the same record: how
often it is right there is the ceiling of the measure.

Shapes: B pictures, S the side.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from dall_e.evaluation.intervals import Measure, mean_measure, statistic_measure
from dall_e.evaluation.samples import LANGUAGES, Draw
from dall_e.images.files import ImageArray, from_pil
from dall_e.models.detector import Detection, Detector
from dall_e.scenes.composer import SceneComposer, held_out
from dall_e.scenes.graph import Scene, SceneObject, Shape
from dall_e.text.language import Language

TASKS = ("single", "two", "count", "colour", "position", "binding")
SIDES = {"left": (-1, 0), "right": (1, 0), "above": (0, -1), "below": (0, 1)}
"""Relations whose truth the middles of two things decide: (across, down)."""
LEAST_STEP = 0.05
"""How far apart two middles must be in the asked direction, as a fraction of the side."""
PER_TASK = 24
_TRIES = 20_000


@dataclass(frozen=True, kw_only=True)
class Composed:
    """A prompt of known content, what was drawn, and what is right."""

    task: str
    scene: Scene
    language: Language
    text: str
    seed: int
    image: ImageArray
    """As the model drew it."""
    right: bool
    """Whether the detector finds what was asked for."""
    true_image: ImageArray
    """As the composer draws the same record."""
    true_right: bool
    """Whether the detector finds it there."""


class Composition:
    """The tasks, for any model."""

    def __init__(self, composer: SceneComposer, detector: Detector) -> None:
        """The detector's things are what may be asked for."""
        self._composer = composer
        self._detector = detector.eval().requires_grad_(False)
        self._seen_in = {
            (cut_out.thing, cut_out.own_colour)
            for cut_out in composer.cut_outs
            if cut_out.own_colour
        }

    def run(self, draw: Draw, *, seed: int, per_task: int = PER_TASK) -> list[Composed]:
        """Draws `per_task` prompts of each task, English and Chinese in turn, and looks at them."""
        asked = [(task, scene) for task in TASKS for scene in self.scenes(task, per_task)]
        languages = [LANGUAGES[number % 2] for number in range(len(asked))]
        texts = [
            self._composer.caption(scene, random.Random(f"{task}/{scene.seed}"), language)
            for (task, scene), language in zip(asked, languages, strict=True)
        ]
        seeds = [seed + number for number in range(len(asked))]
        drawn = [from_pil(image) for image in draw(texts, seeds)]
        true = [self._composer.draw(scene) for _, scene in asked]
        found, true_found = self._find(drawn), self._find(true)
        return [
            Composed(
                task=task, scene=scene, language=languages[number], text=texts[number], seed=seeds[number],
                image=drawn[number], right=is_right(task, scene, found[number]),
                true_image=true[number], true_right=is_right(task, scene, true_found[number]),
            )
            for number, (task, scene) in enumerate(asked)
        ]  # fmt: skip

    def scenes(self, task: str, count: int) -> list[Scene]:
        """The same scenes each time, no two of which ask for the same. Raises ValueError if there
        are too few.

        A colour in which there are pictures of a thing is nothing to be combined: a brown hedgehog
        is a hedgehog.
        """
        found: dict[tuple[object, ...], Scene] = {}
        for number in range(_TRIES):
            # A training scene has no thing in a colour that is held out for it.
            split = "heldout" if task in ("colour", "binding") else "train"
            base = self._composer.scene(f"composition/{task}/{number}", split)
            scene = posed(task, base, random.Random(f"{task}/{number}"))
            if scene is None or not all(
                item.name in self._detector.config.things for item in scene.objects
            ):
                continue
            if any((item.name, item.colour) in self._seen_in for item in scene.objects):
                continue
            # One thing, or two side by side, combine nothing that could be held out.
            if task in ("single", "two") or held_out(scene):
                asked = (
                    scene.relation,
                    *((item.name, item.count, item.colour) for item in scene.objects),
                )
                found.setdefault(asked, scene)
            if len(found) == count:
                return list(found.values())
        raise ValueError(f"{_TRIES} scenes gave {len(found)} of {count} for the task {task!r}")

    def _find(self, images: Sequence[ImageArray]) -> list[list[Detection]]:
        device = self._detector.things.weight.device
        one_by_one = (torch.from_numpy(np.ascontiguousarray(picture))[None] for picture in images)
        return [self._detector.find(x_1CHW.to(device).float() / 255)[0] for x_1CHW in one_by_one]


def posed(task: str, scene: Scene, rng: random.Random) -> Scene | None:
    """A record that asks for the task's matter and nothing else, from any scene; None if that one
    does not suit."""
    if any(item.state for item in scene.objects):
        return None
    plain = [
        SceneObject(name=item.name, image=item.image)
        for item in scene.objects
        if not isinstance(item.image, Shape)
    ]
    coloured = [
        dataclasses.replace(item, size="", state="", count=1)
        for item in scene.objects
        if item.colour
    ]
    coloured = [item for item in coloured if not isinstance(item.image, Shape)]

    def of(*objects: SceneObject, relation: str = "") -> Scene:
        return Scene(objects=objects, relation=relation, seed=f"{task}/{scene.seed}")

    if task in ("single", "count") and len(plain) == 1:
        return of(
            plain[0] if task == "single" else dataclasses.replace(plain[0], count=rng.randint(2, 4))
        )
    if task == "colour" and len(coloured) == 1 and len(scene.objects) == 1:
        return of(coloured[0])
    if len(plain) == 2 and plain[0].name != plain[1].name:
        if task == "two":
            return of(*plain)
        if task == "position":
            return of(*plain, relation=rng.choice(list(SIDES)))
        if task == "binding" and len(coloured) == 2 and coloured[0].colour != coloured[1].colour:
            return of(*coloured)
    return None


def is_right(task: str, scene: Scene, found: Sequence[Detection]) -> bool:
    """Whether what was found, surest first, is what was asked for."""
    best = [next((hit for hit in found if hit.thing == item.name), None) for item in scene.objects]
    hits = [hit for hit in best if hit is not None]
    if len(hits) < len(best):
        return False
    if task == "count":
        return sum(hit.thing == scene.objects[0].name for hit in found) == scene.objects[0].count
    if task in ("colour", "binding"):
        return all(hit.colour == item.colour for hit, item in zip(hits, scene.objects, strict=True))
    if task == "position":
        across, down = SIDES[scene.relation]
        first, second = hits
        return across * (first.x - second.x) + down * (first.y - second.y) >= LEAST_STEP
    return True


def composition_measures(composed: Sequence[Composed]) -> dict[str, Measure]:
    """Shares of right pictures by task and language, their ceilings, and the whole as a fraction of
    its ceiling."""
    groups = {"composition": list(composed)}
    groups |= {
        f"composition_{task}": [one for one in composed if one.task == task] for task in TASKS
    }
    measures: dict[str, Measure] = {}
    for name, chosen in groups.items():
        if chosen:
            measures[name] = mean_measure([float(one.right) for one in chosen])
            measures[f"{name}_ceiling"] = mean_measure([float(one.true_right) for one in chosen])
            measures[f"{name}_fraction"] = _fraction(chosen)
    for language in LANGUAGES:
        chosen = [one for one in composed if one.language == language]
        if chosen:
            measures[f"composition_{language}"] = mean_measure([float(one.right) for one in chosen])
    return measures


def _fraction(composed: Sequence[Composed]) -> Measure:
    """Right pictures per picture that the detector can judge right at all; 0 if there are none."""
    right = np.array([float(one.right) for one in composed])
    ceiling = np.array([float(one.true_right) for one in composed])
    return statistic_measure(
        lambda rows: float(right[rows].sum() / max(ceiling[rows].sum(), 1.0)),
        len(composed),
        resamples=1000,
    )
