"""Knowledge and rules: a prompt that names several things or a colour is planned, and each thing is
drawn by itself.

A small model draws one thing well and two things badly: their shapes and colours mix. And it knows
a house, but hardly a blue one. Where every word of a prompt is understood (`planning/parser.py`),
the model is asked for the things one after the other, each in the colour that it has by itself; the
plan says what is painted over, and where everything goes. Of other prompts it is asked for the
things that they name (`planning/gleaning.py`), and those that name nothing known are drawn as a
whole. The plan is what explains the picture: it is written into its metadata.

Shapes: C H W channels (4, premultiplied RGBA), rows and columns.
"""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from dall_e.images.animals import SPECIES
from dall_e.images.files import ImageArray
from dall_e.planning.gleaning import glean_scene
from dall_e.planning.parser import is_chinese, read_scene
from dall_e.planning.renderer import alone, assemble, painted, sprite_of
from dall_e.planning.variation import Appearance, canonical_appearance, sample_appearance
from dall_e.scenes.captions import Language, scene_caption
from dall_e.scenes.graph import COAT_COLOURS, Scene, SceneObject, named_things, thing_called, things


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How the picture of a prompt is put together."""

    scene: Scene
    """What is where."""
    parts: tuple[str, ...]
    """The prompt of each of its things, alone."""
    paints: tuple[str, ...]
    """The colour that each of them is given after it is drawn, or nothing."""
    mirrored: tuple[bool, ...]
    """Whether each of them is turned to look the other way."""
    turning: tuple[bool, ...]
    """Whether of several of them every second one looks the other way than the first."""
    whole: bool = True
    """Whether every word of the prompt was understood."""

    def describe(self) -> str:
        """The plan in a line, as metadata keep it."""
        named = zip(self.scene.objects, self.parts, self.paints, self.mirrored, strict=True)
        parts = [
            f"{item.count} x {part}{f' painted {paint}' if paint else ''}{' mirrored' if mirrored else ''}"
            for item, part, paint, mirrored in named
        ]
        where = f" [{self.scene.relation}]" if self.scene.relation else ""
        place = f" @ {self.scene.background}" if self.scene.background else ""
        return f"{' + '.join(parts)}{where}{place}{'' if self.whole else ', the rest was not understood'}"

    def put_together(self, images: list[ImageArray], side: int, seed: int) -> ImageArray:
        """The picture [4, side, side] from one of each of `parts`, [4, H, W]."""
        drawn = [np.ascontiguousarray(image.transpose(1, 2, 0)) for image in images]
        drawn = [
            painted(drawing[:, ::-1] if mirrored else drawing, paint)
            for drawing, paint, mirrored in zip(drawn, self.paints, self.mirrored, strict=True)
        ]
        if _is_alone(self.scene):
            whole_SSC = alone(drawn[0], side)
        else:
            # Whoever sleeps or plays is drawn so already, with all that belongs to it.
            items = tuple(dataclasses.replace(item, state="") for item in self.scene.objects)
            scene = dataclasses.replace(self.scene, objects=items)
            whole_SSC = assemble(
                scene, [sprite_of(drawing) for drawing in drawn], side, seed, self.turning
            )
        return np.ascontiguousarray(whole_SSC.transpose(2, 0, 1))


def plan_of(prompt: str, seed: int | None = None) -> Plan | None:
    """The plan of a prompt; None for one that names nothing known, and where there is nothing to do
    but to draw it.

    `seed`: what the prompt leaves open, as the colour of a car, is chosen by it; without one it is
    always the same.
    """
    scene, whole = _understood(prompt)
    if scene is None:
        return None
    if seed is None:
        appearances = tuple(map(canonical_appearance, scene.objects))
    else:
        scene, appearances = sample_appearance(scene, seed)
    return _planned(prompt, scene, appearances, whole)


@lru_cache(maxsize=64)
def _understood(prompt: str) -> tuple[Scene | None, bool]:
    """What is known of a prompt, and whether that is every word of it."""
    scene = read_scene(prompt)
    if scene and all(map(_is_drawn, scene.objects)):
        return scene, True
    return glean_scene(prompt), False


def _planned(
    prompt: str, scene: Scene, appearances: tuple[Appearance, ...], whole: bool
) -> Plan | None:
    paints = tuple("" if _comes_in(item) else item.colour for item in scene.objects)
    language: Language = "zh" if is_chinese(prompt) else "en"
    style_said = scene.style_zh if language == "zh" else scene.style_en
    comma = "，" if language == "zh" else ", "
    style = f"{comma}{style_said}" if style_said else ""
    single = [
        dataclasses.replace(item, count=1, size="", colour="" if paint else item.colour)
        for item, paint in zip(scene.objects, paints, strict=True)
    ]
    said = [
        _said(item, appearance.name, language)
        for item, appearance in zip(single, appearances, strict=True)
    ]
    parts = tuple(f"{words}{style}" for words in said)
    mirrored = tuple(appearance.mirrored for appearance in appearances)
    # The name of a thing, and nothing said of it: the prompt does as it is.
    if whole and _is_alone(scene) and not (any(paints) or any(mirrored)):
        known = (parts[0], f"{_word_for(appearances[0].name, scene.objects[0], language)}{style}")
        if _bare(prompt) in map(_bare, known):
            return None
    turning = tuple(appearance.turns for appearance in appearances)
    return Plan(
        scene=scene, parts=parts, paints=paints, mirrored=mirrored, turning=turning, whole=whole,
    )  # fmt: skip


def _bare(name: str) -> str:
    """A name without its article."""
    return re.sub(r"^(?:an?|the) ", "", name.strip().lower())


def _said(item: SceneObject, image_name: str, language: Language) -> str:
    """What the model is asked for: always the same words for the same picture, and those that it
    knows best."""
    name = _word_for(image_name, item, language)
    known = thing_called(item.name)
    if item.name in things() and (name in (known.name, known.zh) or item.state or item.colour):
        return scene_caption(Scene(objects=(item,)), None, language)
    return name


def _word_for(image_name: str, item: SceneObject, language: Language) -> str:
    """The name of pictures in a language: those of a book are called closed book."""
    if language == "en":
        return image_name
    return thing_called(image_name if image_name in named_things() else item.name).zh


def _is_drawn(item: SceneObject) -> bool:
    """Whether the model knows the thing by itself; asleep and at play it knows few."""
    return not item.state or item.name in SPECIES


def _comes_in(item: SceneObject) -> bool:
    """Whether there are pictures of the thing in just this colour, as of blue books and of sleeping
    white cats."""
    if item.state:
        return item.colour in COAT_COLOURS
    return bool(_image_in_its_colour(item))


def _image_in_its_colour(item: SceneObject) -> str:
    """The name of the pictures of the thing in just this colour; empty if there are none."""
    names = thing_called(item.name).image_names
    return next(
        (name for name, colour in names if item.colour == colour or item.colour in name.split()), ""
    )


def _is_alone(scene: Scene) -> bool:
    """Whether nothing is said of where its one thing is, and how large: then it stays where it was
    drawn."""
    item, *others = scene.objects
    return not others and item.count == 1 and not item.size and not scene.background


@dataclass(frozen=True)
class Job:
    """A picture to be drawn."""

    text: str
    seed: int
    plan: Plan | None
    rows: range
    """Its drawings among those of the whole call: one, or one for each part of the plan."""

    @property
    def parts(self) -> tuple[str, ...]:
        """The prompts of its drawings."""
        return self.plan.parts if self.plan else (self.text,)


def jobs_of(texts: list[str], seeds: list[int], *, compose: bool) -> list[Job]:
    """What is to be drawn for each text with its seed; with plans where `compose` asks for them."""
    jobs: list[Job] = []
    for text, seed in zip(texts, seeds, strict=True):
        plan = plan_of(text, seed) if compose else None
        first = jobs[-1].rows.stop if jobs else 0
        jobs.append(Job(text, seed, plan, range(first, first + (len(plan.parts) if plan else 1))))
    return jobs
