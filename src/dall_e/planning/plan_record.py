"""A plan as JSON that says all of it, and as lines that people read."""

from __future__ import annotations

import dataclasses
from typing import Any

from dall_e.planning.illustration import square_boxes
from dall_e.planning.plan import Plan
from dall_e.planning.plan_files import BOXES, FORMAT, VERSION
from dall_e.planning.planned_object import PlannedObject
from dall_e.scenes.graph import SceneObject

PLAN_KEY = "plan_json"
"""The text of a picture's metadata that holds its plan as JSON."""
_LOOKS = ("material", "pattern", "build", "condition")
RULES = "rules"
"""What places the things of a plan without boxes, when they are drawn."""
FROM_PLAN_KEY = "from_plan"
"""The text of a picture's metadata that says it was drawn from a plan, not from a prompt."""


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
        objects = [{"prompt": text} for text in plan.prompts]
        return {**record, "style": plan.style, "objects": objects}

    scene = plan.scene
    boxes = square_boxes(scene)
    return {
        **record,
        "layout": RULES,
        "style": plan.style,
        "relation": scene.relation,
        "links": [link._asdict() for link in scene.links],
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
    """A record in lines, as people read it."""
    if record.get("layout") == BOXES:
        return _placed_lines(record)
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
    lines += [
        f"{record['objects'][each['first']]['name']} is {each['relation']} "
        f"{record['objects'][each['second']]['name']}"
        for each in record.get("links", ())
    ]
    names = ("style", "relation", "background", "background_colour", "style_en", "style_zh")
    lines += [f"{name.replace('_', ' ')}: {record[name]}" for name in names if record.get(name)]
    if record.get("unread"):
        lines.append(f"not understood: {', '.join(record['unread'])}")
    return lines


def _placed_lines(record: dict[str, Any]) -> list[str]:
    """A plan with boxes in lines, one for each thing that is seen, those at the back first."""
    lines = [f"prompt: {record['prompt']}", f"seed: {record['seed']}"]
    things = [layer for layer in record["layers"] if layer["kind"] == "thing"]
    owners = sorted((layer["object"], layer["copy"]) for layer in things)
    for layer in things:
        drawn = record["objects"][layer["object"]]
        alike = [owner for owner in owners if record["objects"][owner[0]]["name"] == drawn["name"]]
        place = alike.index((layer["object"], layer["copy"])) + 1
        number = f"#{place}" if len(alike) > 1 else ""
        left, top, width, height = layer["box"]
        lines.append(f"{drawn['name']}{number}, {_how(drawn)}")
        lines.append(
            f"   at {left:.2f} from the left and {top:.2f} from the top, {width:.2f} x {height:.2f}"
        )
        if layer["angle"]:
            lines.append(f"   turned by {layer['angle']:g} degrees")
        if drawn["held_by"] is not None:
            lines.append(f"   goes with {record['objects'][drawn['held_by']]['name']}")
    names = ("style", "background", "background_colour")
    return [
        *lines,
        *(f"{name.replace('_', ' ')}: {record[name]}" for name in names if record[name]),
    ]


def _object_record(item: SceneObject, planned: PlannedObject) -> dict[str, Any]:
    return {
        "name": item.name,
        "count": item.count,
        "colour": item.colour,
        "size": item.size,
        "state": item.state,
        **({"spot": item.spot} if item.spot else {}),
        **dataclasses.asdict(planned),
    }


def _how(drawn: dict[str, Any]) -> str:
    """What the model is asked for, and what is done with the drawing."""
    words = [f'drawn as "{drawn["prompt"]}"']
    words += [drawn[what] for what in _LOOKS if drawn[what]]
    words += [f"{part} {colour}" for part, colour in drawn["parts"]]
    if drawn["paint"]:
        words.append(f"painted {drawn['paint']}")
    if drawn.get("size"):
        words.append(drawn["size"])
    if drawn["mirrored"]:
        words.append("mirrored")
    if drawn.get("alternates") and drawn["count"] > 1:
        words.append("every second one the other way")
    return ", ".join(words)
