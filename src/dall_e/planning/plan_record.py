"""A plan as JSON that says all of it, and as lines that people read."""

from __future__ import annotations

import dataclasses
from typing import Any

from dall_e.planning.illustration import square_places
from dall_e.planning.plan import Plan, PlannedObject
from dall_e.scenes.graph import Scene, SceneObject

FORMAT, VERSION = "dall-e plan", 1

Box = tuple[float, float, float, float]
"""Left, top, width, height, as fractions of the picture's side."""


def plan_record(plan: Plan, prompt: str, *, seed: int | None, size: int | None) -> dict[str, Any]:
    """Everything that a plan says, for JSON.

    `boxes` has one box for each thing of an object, as they come for things that are as wide as
    they are high: how wide a drawing is, is known when it is drawn. `layout` says that rules place
    them. Where the prompt is drawn whole there is one object, with the prompt and nothing else.
    """
    record: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "prompt": prompt,
        "seed": seed,
        "size": size,
        "whole": plan.is_whole,
    }
    if plan.parse is not None:
        record |= {
            "exact": plan.parse.is_exact,
            "coverage": round(plan.parse.coverage, 3),
            "unread": list(plan.parse.unread),
        }
    if plan.scene is None:
        return {**record, "objects": [{"prompt": text} for text in plan.prompts]}

    scene = plan.scene
    boxes = _boxes(scene)
    return {
        **record,
        "layout": "rules",
        "style": plan.style,
        "relation": scene.relation,
        "actions": [action._asdict() for action in scene.actions],
        "background": scene.background,
        "background_colour": scene.background_colour,
        "style_en": scene.style_en,
        "style_zh": scene.style_zh,
        "objects": [
            {**_object_record(item, planned), "boxes": boxes[number]}
            for number, (item, planned) in enumerate(zip(scene.objects, plan.objects, strict=True))
        ],
    }


def plan_lines(record: dict[str, Any]) -> list[str]:
    """A record of `plan_record` in lines."""
    lines = [f"prompt: {record['prompt']}"]
    if record["whole"]:
        lines.append("plan: it is drawn whole, as one picture")
    for number, drawn in enumerate([] if record["whole"] else record["objects"], start=1):
        lines.append(f"{number}. {drawn['count']} x {drawn['name']}, {_how(drawn)}")
        lines += [
            f"   at {left:.2f} from the left and {top:.2f} from the top, {width:.2f} x {height:.2f}"
            for left, top, width, height in drawn["boxes"]
        ]

    lines += [
        f"{record['objects'][each['subject']]['name']} is {each['verb']} "
        f"{record['objects'][each['thing']]['name']}"
        for each in record.get("actions", ())
    ]
    names = ("style", "relation", "background", "background_colour", "style_en", "style_zh")
    lines += [f"{name.replace('_', ' ')}: {record[name]}" for name in names if record.get(name)]
    if record.get("unread"):
        lines.append(f"not understood: {', '.join(record['unread'])}")
    return lines


def _object_record(item: SceneObject, planned: PlannedObject) -> dict[str, Any]:
    return {
        "name": item.name,
        "count": item.count,
        "colour": item.colour,
        "size": item.size,
        "state": item.state,
        **dataclasses.asdict(planned),
    }


def _how(drawn: dict[str, Any]) -> str:
    """What the model is asked for, and what is done with the drawing."""
    words = [f'drawn as "{drawn["prompt"]}"']
    words += [drawn[what] for what in ("material", "pattern") if drawn[what]]
    words += [f"{part} {colour}" for part, colour in drawn["parts"]]
    if drawn["paint"]:
        words.append(f"painted {drawn['paint']}")
    if drawn["size"]:
        words.append(drawn["size"])
    if drawn["mirrored"]:
        words.append("mirrored")
    if drawn["alternates"] and drawn["count"] > 1:
        words.append("every second one the other way")
    return ", ".join(words)


def _boxes(scene: Scene) -> list[list[Box]]:
    """The boxes of each object, for square drawings."""
    # Whoever sleeps or plays is drawn so already, with all that belongs to it.
    items = tuple(dataclasses.replace(item, state="") for item in scene.objects)
    still = dataclasses.replace(scene, objects=items)
    boxes: list[list[Box]] = [[] for _ in items]
    for place in square_places(still):
        left, top = place.x - place.width / 2, place.y - place.height / 2
        numbers = (left, top, place.width, place.height)
        left, top, width, height = (round(number, 4) for number in numbers)
        boxes[place.index].append((left, top, width, height))
    return boxes
