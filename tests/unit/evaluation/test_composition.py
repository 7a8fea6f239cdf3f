"""What counts as correct: detections made by hand, and whole tasks with a perfect detector."""

import random
from collections.abc import Sequence
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from dall_e.config import DetectorConfig
from dall_e.evaluation.composition import (
    SIDES,
    TASKS,
    Composed,
    Composition,
    composition_measures,
    is_correct,
    scene_for_task,
)
from dall_e.models.detector import Detection
from dall_e.scenes.composer import held_out
from dall_e.scenes.graph import COLOURS, CutoutImage, Scene, SceneObject
from dall_e.scenes.vocabulary import things


def hit(
    thing: str, x: float = 0.5, y: float = 0.5, colour: str = "red", score: float = 0.9
) -> Detection:
    return Detection(thing=thing, colour=colour, x=x, y=y, score=score)


def thing(name: str, colour: str = "", count: int = 1, state: str = "") -> SceneObject:
    return SceneObject(name=name, image=CutoutImage(0), colour=colour, count=count, state=state)


CAT, PAIR = Scene(objects=(thing("cat"),)), Scene(objects=(thing("cat"), thing("car")))


def test_things_must_be_there() -> None:
    assert is_correct("single", CAT, [hit("dog"), hit("cat")])
    assert not is_correct("single", CAT, [hit("dog")])
    assert is_correct("two", PAIR, [hit("car"), hit("cat")])
    assert not is_correct("two", PAIR, [hit("cat"), hit("cat")])


def test_counts_are_exact() -> None:
    three = Scene(objects=(thing("cat", count=3),))
    assert is_correct("count", three, [hit("cat")] * 3 + [hit("dog")])
    assert not is_correct("count", three, [hit("cat")] * 2)
    assert not is_correct("count", three, [hit("cat")] * 4)


def test_colours_are_those_of_the_surest_hit() -> None:
    red = Scene(objects=(thing("cat", "red"),))
    assert is_correct("colour", red, [hit("cat"), hit("cat", colour="blue")])
    assert not is_correct("colour", red, [hit("cat", colour="blue"), hit("cat")])
    both = Scene(objects=(thing("cat", "red"), thing("car", "blue")))
    assert is_correct("binding", both, [hit("car", colour="blue"), hit("cat")])
    # The colours of the two things swapped.
    assert not is_correct("binding", both, [hit("car"), hit("cat", colour="blue")])


@pytest.mark.parametrize(
    ("relation", "cat", "correct"),
    [
        ("left", (0.3, 0.5), True),
        ("left", (0.7, 0.5), False),
        ("right", (0.7, 0.5), True),
        ("above", (0.5, 0.3), True),
        ("above", (0.5, 0.7), False),
        ("below", (0.5, 0.7), True),
        # The step must be seen.
        ("left", (0.46, 0.1), False),
        ("left", (0.44, 0.1), True),
    ],
)
def test_positions(relation: str, cat: tuple[float, float], correct: bool) -> None:
    scene = Scene(objects=(thing("cat"), thing("car")), relation=relation)
    assert is_correct("position", scene, [hit("car"), hit("cat", *cat)]) is correct


def test_a_task_asks_for_one_matter() -> None:
    rng = random.Random(0)
    rich = Scene(objects=(thing("cat", "red", count=2),), background="grass")
    assert scene_for_task("single", rich, rng) == Scene(objects=(thing("cat"),), seed="single/")
    counted = scene_for_task("count", rich, rng)
    assert counted is not None and 2 <= counted.objects[0].count <= 4 and counted.background == ""
    assert scene_for_task("colour", rich, rng) == Scene(
        objects=(thing("cat", "red"),), seed="colour/"
    )
    assert scene_for_task("two", rich, rng) is None and scene_for_task("binding", rich, rng) is None
    pair = Scene(objects=(thing("cat", "red"), thing("car", "blue")), relation="behind")
    placed, bound = scene_for_task("position", pair, rng), scene_for_task("binding", pair, rng)
    assert placed is not None and placed.relation in ("left", "right", "above", "below")
    assert all(not item.colour for item in placed.objects)
    assert bound is not None and bound.relation == ""
    assert [item.colour for item in bound.objects] == ["red", "blue"]
    assert (
        scene_for_task("binding", Scene(objects=(thing("cat", "red"), thing("car", "red"))), rng)
        is None
    )
    assert scene_for_task("single", Scene(objects=(thing("cat", state="sleeping"),)), rng) is None


class Composer:
    """Draws the number of a scene as a grey value; every other scene has two things."""

    def __init__(self) -> None:
        self.drawn: list[Scene] = []
        # Every other thing is red by itself, the others are nothing that has a name.
        self.cut_outs = [
            SimpleNamespace(thing=name, own_colour="red" if number % 2 else "")
            for number, name in enumerate(sorted(things()))
        ]

    def scene(self, seed: str, split: str) -> Scene:
        number = int(seed.rpartition("/")[2])
        rng = random.Random(number)
        names, colours = rng.sample(sorted(things()), 2), rng.sample(COLOURS, 2)
        objects = [thing(name, colour) for name, colour in zip(names, colours, strict=True)]
        return Scene(objects=tuple(objects[: 1 + number % 2]), seed=str(number))

    def caption(self, scene: Scene, rng: random.Random, language: str) -> str:
        self.drawn.append(scene)
        return f"{language} {len(self.drawn) - 1}"

    def draw(self, scene: Scene) -> np.ndarray:
        return np.full((4, 32, 32), self.drawn.index(scene), dtype=np.uint8)


class Knowing(nn.Module):
    """Reads the number from the image's grey value, and finds just what that scene has."""

    def __init__(self, composer: Composer) -> None:
        super().__init__()
        self.config = DetectorConfig(things=tuple(sorted(things())))
        self.things = nn.Linear(1, 1)
        self.composer = composer

    def find(self, x_BCHW: torch.Tensor) -> list[list[Detection]]:
        scene = self.composer.drawn[round(float(x_BCHW[0, 0, 0, 0]) * 255)]
        across, down = {"": (0, 0), **SIDES}[scene.relation]
        x, y = 0.5 + 0.3 * across, 0.5 + 0.3 * down
        first = [hit(scene.objects[0].name, x, y, scene.objects[0].colour)] * scene.objects[0].count
        return [first + [hit(item.name, colour=item.colour) for item in scene.objects[1:]]]


def numbered(texts: list[str], seeds: list[int]) -> Sequence[Image.Image]:
    """Images as the composer draws them; in Chinese always the very first one."""
    numbers = [int(text.split()[1]) if text.startswith("en") else 0 for text in texts]
    return [Image.new("RGB", (32, 32), (number,) * 3) for number in numbers]


@pytest.fixture(scope="module")
def composed() -> list[Composed]:
    composer = Composer()
    composition = Composition(composer, Knowing(composer))  # type: ignore[arg-type]
    return composition.run(numbered, seed=100, per_task=4)


def test_tasks_are_whole(composed: list[Composed]) -> None:
    assert [item.task for item in composed] == [task for task in TASKS for _ in range(4)]
    assert [item.seed for item in composed] == list(range(100, 124))
    assert [item.language for item in composed[:4]] == ["en", "zh", "en", "zh"]
    combined = [item.scene for item in composed if item.task not in ("single", "two")]
    assert len(combined) == 16 and all(held_out(scene) for scene in combined)


def test_no_task_asks_twice_or_for_what_pictures_show() -> None:
    composer = Composer()
    composition = Composition(composer, Knowing(composer))  # type: ignore[arg-type]
    scenes = composition.scenes("colour", 40)
    asked = [(scene.objects[0].name, scene.objects[0].colour) for scene in scenes]
    assert len(set(asked)) == 40
    red = {cut_out.thing for cut_out in composer.cut_outs if cut_out.own_colour}
    assert "red" in {colour for _, colour in asked}
    assert not any(colour == "red" and name in red for name, colour in asked)


def test_measures_are_fractions_of_the_ceiling(composed: list[Composed]) -> None:
    measures = composition_measures(composed)
    ceiling = measures["composition_ceiling"]
    assert (ceiling.value, ceiling.count) == (1, 24)
    # English ones are right; of the Chinese ones only those that the very first image happens to
    # satisfy.
    assert measures["composition_en"].value == 1 and measures["composition_zh"].value < 0.3
    correct = sum(item.correct for item in composed) / 24
    assert measures["composition"].value == pytest.approx(correct)
    assert measures["composition_fraction"].value == measures["composition"].value
    assert measures["composition_binding"].value == 0.5
    assert measures["composition_binding_fraction"].count == 4


def test_the_fraction_counts_only_what_can_be_judged() -> None:
    def judged(correct: bool, reference_correct: bool) -> Composed:
        image = np.zeros((4, 8, 8), dtype=np.uint8)
        return Composed(
            task="single",
            scene=CAT,
            language="en",
            text="",
            seed=0,
            image=image,
            correct=correct,
            reference_image=image,
            reference_correct=reference_correct,
        )

    unjudged = judged(False, False)
    measures = composition_measures([judged(True, True), judged(False, True), unjudged, unjudged])
    assert measures["composition"].value == 0.25 and measures["composition_ceiling"].value == 0.5
    assert measures["composition_fraction"].value == 0.5
    assert composition_measures([unjudged])["composition_fraction"].value == 0
    assert "composition_zh" not in measures and "composition_two" not in measures
