"""What is put into a picture: the part of a prompt that is new, drawn by itself.

People describe the part ("a red hat") or the whole picture ("a cat wearing a red hat", "a dog in
the snow"). Of a whole, what is drawn is the thing that is worn or held, or what the picture does
not show yet; the place is there already.

Shapes: h w rows and columns, C 4 channels (premultiplied RGBA).
"""

from __future__ import annotations

import dataclasses
import re

import numpy as np

from dall_e.config import SamplingConfig
from dall_e.images.compositing import Canvas
from dall_e.images.files import PILImage, from_pil
from dall_e.inference.engine import Engine
from dall_e.inference.partial_images import PartialImages
from dall_e.planning.parser import parse
from dall_e.planning.plan import plan_prompt
from dall_e.planning.renderer import sprite_of
from dall_e.planning.vocabulary import Vocabulary
from dall_e.scenes.captions import scene_caption
from dall_e.scenes.graph import Scene, SceneObject
from dall_e.text.language import Language, is_chinese

_LARGEST = 2048
"""Longest side in pixels at which a part is painted; a larger one is enlarged."""
_MARGIN = 1.15
"""A drawing is larger than what is seen of it."""

_OWNED_EN = re.compile(
    r"(?P<who>.+?) (?:(?:who|that) )?(?:is )?"
    r"(?:wearing|wears|holding|holds|carrying|carries|(?:in|with|having|has)(?= (?:an?|the) )) "
    r"(?P<what>.+)",
    re.IGNORECASE,
)
_OWNED_ZH = re.compile(
    "(?P<who>.*?)(?:正?(?:戴|穿|拿|举|抱|背|打|提|系)着?)(?P<what>.+?)(?:的(?P<whose>[^的]+))?"
)


def new_part(prompt: str, vocabulary: Vocabulary | None, shown: str = "") -> str:
    """Return the words for what of a prompt is drawn anew.

    shown: the prompt of the picture as it is, if that is known; what it names is there already.
    """
    if vocabulary is None:
        return prompt
    before = named_things(shown, vocabulary) if shown else ()
    there = {item.name for item in before}
    owned_part = _owned_part(prompt, there, vocabulary)
    if owned_part:
        return owned_part
    plan = plan_prompt(prompt, vocabulary)
    if plan.scene is None or not plan.scene.objects:
        return prompt

    scene = plan.scene
    kept = list(range(len(scene.objects)))
    owned = [action.thing for action in scene.actions]
    is_there = [bool(there & set(item.name.split())) for item in scene.objects]
    looks = {(item.name, item.colour) for item in before}
    if owned and (not before or any(is_there[action.subject] for action in scene.actions)):
        kept = owned
    elif before:
        kept = [i for i in kept if (scene.objects[i].name, scene.objects[i].colour) not in looks]
        kept = kept or list(range(len(scene.objects)))

    # A single thing of a prompt that says nothing else is asked for in the prompt's own words.
    if len(kept) == len(scene.objects) and not scene.background:
        return prompt
    items = tuple(scene.objects[index] for index in kept)
    relation = scene.relation if len(items) == len(scene.objects) else ""
    language: Language = "zh" if is_chinese(prompt) else "en"
    reduced = Scene(objects=items, relation=relation)
    if any(item.model_thing or item.material or item.pattern for item in items):
        return " and ".join(plan.objects[index].prompt for index in kept)
    return scene_caption(reduced, None, language)


def _owned_part(prompt: str, there: set[str], vocabulary: Vocabulary) -> str:
    """What somebody has on or holds, of a prompt that is read as one picture of both; or nothing.

    there: names of what the picture shows; empty where that is not known.
    """
    pattern = _OWNED_ZH if is_chinese(prompt) else _OWNED_EN
    found = pattern.fullmatch(prompt.strip(" .,。，"))
    if found is None:
        return ""
    parts = found.groupdict()
    read = named_things(prompt, vocabulary)
    owners = named_things(parts.get("whose") or parts["who"], vocabulary)
    if len(read) != 1 or len(owners) != 1 or not named_things(parts["what"], vocabulary):
        return ""
    name, owner = read[0].name, owners[0].name
    is_both = name != owner and owner.split()[-1] in re.split("[ -]", name)
    return parts["what"] if is_both and (not there or owner in there) else ""


def named_things(prompt: str, vocabulary: Vocabulary) -> tuple[SceneObject, ...]:
    """Return the things that a prompt names, in its order."""
    scene = parse(prompt, vocabulary).scene
    return scene.objects if scene else ()


def draw_part(
    engine: Engine,
    prompt: str,
    seed: int,
    side: int,
    settings: SamplingConfig,
    finish: str | None = None,
    style: str | None = None,
    partial: PartialImages | None = None,
) -> Canvas:
    """Draw what a prompt says, cut to what is seen of it, uint8 [h, w, C].

    side: longest side in pixels at which it is shown. partial: shows it on the way. It is opaque
    where the prompt is a place.
    """
    own_side = engine.config.tokenizer.image_size
    size = min(max(round(side * _MARGIN), own_side), _LARGEST)
    request = engine.request(
        prompt,
        seed=seed,
        height=size,
        transparent=True,
        sampling=settings,
        finish=finish,
        style=style,
    )
    (drawn,) = engine.generate(request, partial=partial)
    return sprite_of(as_canvas(drawn.pixels))


def as_canvas(image: PILImage) -> Canvas:
    """A PIL image as uint8 [h, w, C]."""
    return np.ascontiguousarray(from_pil(image).transpose(1, 2, 0))


def is_place(drawing_hwC: Canvas) -> bool:
    """Whether a drawing is opaque to its corners: a place, and no thing."""
    corners_4 = drawing_hwC[[0, 0, -1, -1], [0, -1, 0, -1], 3]
    return bool((corners_4 >= 250).all() and (drawing_hwC[..., 3] >= 250).mean() > 0.98)


def whole_settings(settings: SamplingConfig) -> SamplingConfig:
    """Return settings that draw a prompt as one picture, as known tokens need it."""
    return dataclasses.replace(settings, compose=False)
