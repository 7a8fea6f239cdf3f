"""Two plans of one prompt, made by two seeds, as one."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from dall_e.planning.plan import Plan


def mixed_plan(first: Plan, second: Plan, takes: Sequence[bool]) -> Plan:
    """Return a plan of a prompt whose objects are those of another seed's where `takes` says so."""
    if first.scene is None or second.scene is None or len(second.objects) != len(first.objects):
        return first
    objects, items = list(first.objects), list(first.scene.objects)
    for index in np.flatnonzero(takes):
        objects[index], items[index] = second.objects[index], second.scene.objects[index]
    scene = dataclasses.replace(first.scene, objects=tuple(items))
    return dataclasses.replace(first, objects=tuple(objects), scene=scene)
