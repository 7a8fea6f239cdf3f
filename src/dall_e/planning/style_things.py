"""Things that are drawn otherwise in a style: the silhouette of a tree has branches.

Which they are is in `style_things.txt`.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from dall_e.planning.vocabulary import Vocabulary
from dall_e.scenes.graph import Scene
from dall_e.text.tables import read_table


def in_own_way(scene: Scene, style: str, vocabulary: Vocabulary) -> Scene:
    """Return a scene whose things are those that a style is best seen with.

    Who does something keeps the picture of that.
    """
    own = _table().get(style)
    if not own:
        return scene
    busy = {action.subject for action in scene.actions}
    items = []
    for index, item in enumerate(scene.objects):
        other = own.get(item.name, "")
        if other and vocabulary.knows(other) and index not in busy and not item.state:
            thing = vocabulary.planned(other).model_thing
            item = replace(item, name=other, image=None, model_thing=thing)
        items.append(item)
    return replace(scene, objects=tuple(items))


@lru_cache(maxsize=1)
def _table() -> dict[str, dict[str, str]]:
    """The other name of each thing, by style."""
    found: dict[str, dict[str, str]] = {}
    for style, name, other in read_table("planning/style_things.txt"):
        found.setdefault(style, {})[name] = other
    return found
