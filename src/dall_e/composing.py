"""Knowledge and rules: a prompt that names several things is planned, and each thing is drawn by itself.

A small model draws one thing well and two things badly: their shapes and colours mix. Where every word of a prompt is
understood (`data/scene_reading.py`), the model is asked for the things one after the other, and the plan says where
they go. The plan is what explains the picture: it is written into its metadata.

Shapes: C H W channels (4, premultiplied RGBA), rows and columns.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from dall_e.data.images import Picture
from dall_e.data.scene_assembly import assemble, sprite_of
from dall_e.data.scene_captions import noun_phrase_en, noun_phrase_zh
from dall_e.data.scene_graph import Scene
from dall_e.data.scene_layouts import Settled
from dall_e.data.scene_reading import is_chinese, read_scene


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How the picture of a prompt is put together."""

    scene: Scene
    """What is where."""
    parts: tuple[str, ...]
    """The prompt of each of its things, alone."""

    def describe(self) -> str:
        """The plan in a line, as metadata keep it."""
        counts = [f"{item.count} x {part}" for item, part in zip(self.scene.objects, self.parts, strict=True)]
        where = f" [{self.scene.relation}]" if self.scene.relation else ""
        return f"{' + '.join(counts)}{where}{f' @ {self.scene.background}' if self.scene.background else ''}"

    def put_together(self, pictures: list[Picture], side: int, seed: int) -> Picture:
        """The picture [4, side, side] from one of each part, [4, H, W]."""
        sprites = [sprite_of(np.ascontiguousarray(picture.transpose(1, 2, 0))) for picture in pictures]
        return np.ascontiguousarray(assemble(self.scene, sprites, side, seed).transpose(2, 0, 1))


def plan_of(prompt: str) -> Plan | None:
    """The plan of a prompt that names several things; None for one thing, and for a prompt that is not understood."""
    scene = read_scene(prompt)
    if scene is None or sum(item.count for item in scene.objects) < 2:
        return None
    phrase = noun_phrase_zh if is_chinese(prompt) else noun_phrase_en
    style = f"，{scene.style_zh}" if scene.style_zh else f", {scene.style_en}" if scene.style_en else ""
    alone = [dataclasses.replace(item, count=1, size="") for item in scene.objects]
    # Always the same words for the same thing, and those that are said most.
    return Plan(scene=scene, parts=tuple(f"{phrase(item, Settled())}{style}" for item in alone))


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


def jobs_of(texts: list[str], seeds: list[int], compose: bool) -> list[Job]:
    """What is to be drawn for each text with its seed; with plans where `compose` asks for them."""
    plans = {text: plan_of(text) if compose else None for text in dict.fromkeys(texts)}
    jobs: list[Job] = []
    for text, seed in zip(texts, seeds, strict=True):
        plan = plans[text]
        first = jobs[-1].rows.stop if jobs else 0
        jobs.append(Job(text, seed, plan, range(first, first + (len(plan.parts) if plan else 1))))
    return jobs
