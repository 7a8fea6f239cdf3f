"""A bird in a cage that is not the one on the cage's picture: an empty cage with that bird in it,
and where it is said to hang, the cage hangs.
"""

from __future__ import annotations

import re
from dataclasses import replace

from dall_e.planning.qualities import shown_as
from dall_e.planning.vocabulary import Vocabulary
from dall_e.scenes.graph import Action, Scene, SceneObject

SAY_INSIDE = frozenset(("inside", "hanging", "挂着", "里面有", "里面", "里有", "有"))
"""Words that are read where a bird is put into a cage."""
_CAGE, _EMPTY = "birdcage", "empty birdcage"
_BIRD = re.compile(r"bird$|canary$|parrot$|finch$|sparrow$|budgie$|parakeet$|cockatoo$|robin$")
_WITHIN = re.compile(r"\b(?:inside|in it|in a |in the )|[里内]")
_POSE = re.compile("^(?:nest-sitting|sitting|flying|hatching|standing) ")


def with_bird_in_cage(scene: Scene, text: str, vocabulary: Vocabulary) -> Scene:
    """Return a scene with its one bird in its one cage, if the text says that something is inside.

    A plain bird is on the picture of a cage already.
    """
    names = [item.name for item in scene.objects]
    birds = [index for index, name in enumerate(names) if _BIRD.search(name)]
    if names.count(_CAGE) != 1 or len(birds) != 1 or not vocabulary.knows(_EMPTY):
        return scene
    cage, bird = names.index(_CAGE), birds[0]
    item = _at_rest(scene.objects[bird], vocabulary)
    between = {link.relation for link in scene.all_links if {*link[::2]} == {cage, bird}}
    if not between <= {"inside"} or (not between and not _WITHIN.search(text)):
        return scene
    if names[bird] == "bird" and item.is_plain and between and len(names) == 2:
        return scene
    objects = list(scene.objects)
    objects[bird] = replace(item, count=1, size="")
    objects[cage] = shown_as(vocabulary, scene.objects[cage], _EMPTY)
    actions = [
        action._replace(subject=cage if action.subject == bird else action.subject)
        for action in scene.actions
        if {action.subject, action.thing} != {cage, bird}
    ]
    links = tuple(link for link in scene.all_links if bird not in link[::2])
    hung = [link for link in links if link.first == cage and names[link.second] == "branch"]
    if hung and not actions:
        actions.append(Action(cage, "hanging from", hung[0].second))
        links = tuple(link for link in links if link not in hung)
    return replace(
        scene,
        objects=tuple(objects),
        relation="",
        actions=(*actions, Action(cage, "containing", bird)),
        links=links,
    )


def _at_rest(item: SceneObject, vocabulary: Vocabulary) -> SceneObject:
    """A bird without a nest or a perch of its own."""
    base = _POSE.sub("", item.name)
    return shown_as(vocabulary, item, base) if vocabulary.knows(base) else item
