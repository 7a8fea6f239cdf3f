"""Captions of scenes, in English and Chinese: a caption says nothing that the record does not.

Every way to say something is a row in a table of templates. The words in braces are filled in
from left to right, and drawn at that moment, so that the same `rng` state gives the same caption.
Without an `rng` the caption is canonical: always the same words for the same scene.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from dall_e.scenes.chance import Chance, choice, fraction, happens
from dall_e.scenes.graph import Scene, SceneObject
from dall_e.scenes.phrases import (
    OPPOSITE,
    PROBABILITIES,
    RELATIONS_EN,
    RELATIONS_ZH,
    noun_en,
    noun_phrase_en,
    noun_phrase_zh,
    place_en,
    place_zh,
)
from dall_e.text.language import Language

Words = Mapping[str, str | Callable[[], str]]
"""What is filled in for each word in braces, or what draws it."""


class _Template(NamedTuple):
    """A way to say something, for draws between `start` and `end` where `needs` is true."""

    start: float
    end: float
    text: str
    needs: str = ""


# Of the templates that a draw and a scene allow, the first one is taken.
ONE_EN = (
    _Template(0.0, 0.2, "{bare}", needs="alone"),
    _Template(0.2, 0.3, "a picture of {phrase}", needs="alone, of no size"),
    _Template(0.92, 1.0, "{there is} {phrase} {place}"),
    _Template(0.84, 0.92, "{bare} {place}", needs="in nature or a room"),
    _Template(0.0, 1.0, "{phrase} {place}"),
)
STATE_EN = (
    _Template(0.0, 0.14, "a sleeping {coloured noun} {place}", needs="one sleeper"),
    _Template(0.0, 0.3, "{phrase} {is} {doing} {place}"),
    _Template(0.3, 0.4, "{bare} {doing} {place}"),
    _Template(0.4, 0.5, "{phrase} asleep {place}", needs="one sleeper"),
    _Template(0.0, 1.0, "{phrase} {doing} {place}"),
)

# Of these, one is drawn; what is there twice is said twice as often.
DOING_ZH = ("玩耍", "玩耍", "玩", "玩球")
PLAYING_ZH = ("{phrase}在{doing}", "{phrase}正在{doing}")
PLAYING_PLACED_ZH = (
    "{phrase}在{place}{doing}",
    "{phrase}在{place}{doing}",
    "{place}有{whole}在{doing}",
    "{phrase}正在{place}{doing}",
)
SLEEPING_ZH = ("{phrase}在睡觉", "{phrase}正在睡觉", "睡觉的{bare}")
SLEEPING_PLACED_ZH = (
    "{phrase}在{place}睡觉",
    "{phrase}在{place}睡觉",
    "{phrase}睡在{place}",
    "{place}有{whole}在睡觉",
    "{phrase}正在{place}睡觉",
)
PLACED_ZH = ("{place}的{phrase}", "{place}有{phrase}", "{phrase}在{place}")
LISTED_ZH = ("{place}有{phrase}", "{place}的{phrase}")
RELATED_ZH = (
    "{bare second}{relation}有{first}",
    "{first}在{second}{link}{relation}",
    "{bare second}{relation}的{first}",
)
STYLED_ZH = ("{text}，{style}", "{style}，{text}")


def _filled(template: str, words: Words) -> str:
    """A template with its words, drawn from left to right."""

    def word(field: re.Match[str]) -> str:
        value = words[field[1]]
        return value if isinstance(value, str) else value()

    return re.sub(r"\{([a-z ]+)\}", word, template).strip()


def _filled_one(templates: Sequence[str], words: Words, rng: Chance) -> str:
    """One of several templates, drawn after all of them are filled."""
    return choice(rng, [_filled(template, words) for template in templates])


def scene_caption(scene: Scene, rng: Chance, language: Language | None = None) -> str:
    """One of the many captions of a scene; half are Chinese unless a language is asked for.

    The same `rng` state gives the same caption. Without an `rng` the caption is canonical.
    """
    if language is None:
        language = "zh" if happens(rng, PROBABILITIES.chinese) else "en"
    text = _chinese(scene, rng) if language == "zh" else _english(scene, rng)

    if scene.style_en and happens(rng, scene.style_said):
        text = _styled(text, scene, language, rng)
    if language == "zh":
        return f"{text}。" if happens(rng, PROBABILITIES.full_stop) else text
    if happens(rng, PROBABILITIES.capital):
        text = text[0].upper() + text[1:]
    return f"{text}." if happens(rng, PROBABILITIES.full_stop) else text


def _styled(text: str, scene: Scene, language: Language, rng: Chance) -> str:
    """The caption with its style, in English where the style has no Chinese name."""
    if language == "zh" and scene.style_zh:
        return _filled_one(STYLED_ZH, {"text": text, "style": scene.style_zh}, rng)
    link = " in " if scene.style_en.endswith("style") else " "
    return choice(rng, (f"{text}{link}{scene.style_en}", f"{text}, {scene.style_en}"))


def _says_background(scene: Scene, rng: Chance) -> bool:
    """Whether a caption says where the things are; of what acts, it always does."""
    if not scene.background:
        return False
    return bool(scene.objects[0].state) or happens(rng, PROBABILITIES.background)


def _in_any_order(scene: Scene, rng: Chance) -> Sequence[SceneObject]:
    """The objects in the order in which they are listed; canonical is that of the record."""
    return rng.sample(scene.objects, len(scene.objects)) if rng is not None else scene.objects


def _said_relation(scene: Scene, rng: Chance) -> tuple[SceneObject, SceneObject, str]:
    """Two objects and the relation of the first to the second, now and then from the other side."""
    first, second = scene.objects
    if scene.relation in OPPOSITE and happens(rng, PROBABILITIES.opposite):
        return second, first, OPPOSITE[scene.relation]
    return first, second, scene.relation


# English


def _english(scene: Scene, rng: Chance) -> str:
    """The caption without style, capital and full stop."""
    place = place_en(scene, rng) if _says_background(scene, rng) else ""
    if len(scene.objects) == 1:
        return _one_en(scene, place, rng)

    if len(scene.objects) == 2 and scene.relation:
        first, second, relation = _said_relation(scene, rng)
        words = choice(rng, RELATIONS_EN[relation])
        text = f"{noun_phrase_en(first, rng)} {words} {noun_phrase_en(second, rng)}"
    else:
        *phrases, last = [noun_phrase_en(item, rng) for item in _in_any_order(scene, rng)]
        text = f"{', '.join(phrases)} and {last}"
    return f"{text} {place}".strip()


def _one_en(scene: Scene, place: str, rng: Chance) -> str:
    """A caption of one object, by ONE_EN or, if it sleeps or plays, by STATE_EN."""
    item = scene.objects[0]
    draw = fraction(rng)
    doing = ""
    if item.state:
        # The first draw is not used: without it, every seed's captions would change.
        draw = fraction(rng)
        doing = item.state
        if doing == "playing" and not happens(rng, PROBABILITIES.play_alone):
            doing = "playing with a ball"

    def coloured_noun() -> str:
        return f"{item.colour} {noun_en(item, rng)}".strip()

    words: Words = {
        "place": place,
        "doing": doing,
        "is": "is" if item.count == 1 else "are",
        "there is": "there is" if item.count == 1 else "there are",
        "phrase": lambda: noun_phrase_en(item, rng),
        "bare": lambda: noun_phrase_en(item, rng, article=""),
        "coloured noun": coloured_noun,
    }
    alone = item.count == 1 and not place
    met = {
        "": True,
        "alone": alone,
        "alone, of no size": alone and not item.size,
        "in nature or a room": bool(place) and scene.background not in ("plain", "gradient"),
        "one sleeper": item.count == 1 and item.state == "sleeping",
    }
    templates = STATE_EN if item.state else ONE_EN
    allowed = (row for row in templates if row.start <= draw < row.end and met[row.needs])
    return _filled(next(allowed).text, words)


# Chinese


def _chinese(scene: Scene, rng: Chance) -> str:
    """The caption without style and full stop."""
    place = place_zh(scene, rng) if _says_background(scene, rng) else ""
    item = scene.objects[0]
    if len(scene.objects) == 1:
        return _state_zh(item, place, rng) if item.state else _one_zh(item, place, rng)

    if len(scene.objects) == 2 and scene.relation:
        text = _related_zh(scene, rng)
        return f"{place}，{text}" if place else text
    *phrases, last = [noun_phrase_zh(item, rng) for item in _in_any_order(scene, rng)]
    text = f"{'、'.join(phrases)}和{last}"
    return _filled_one(LISTED_ZH, {"place": place, "phrase": text}, rng) if place else text


def _one_zh(item: SceneObject, place: str, rng: Chance) -> str:
    """A caption of one object that does nothing."""
    phrase = noun_phrase_zh(item, rng)
    if place:
        return _filled_one(PLACED_ZH, {"place": place, "phrase": phrase}, rng)
    if item.count > 1 or happens(rng, PROBABILITIES.measured_zh):
        return phrase
    return noun_phrase_zh(item, rng, number=False)


def _state_zh(item: SceneObject, place: str, rng: Chance) -> str:
    """A caption of one object that sleeps or plays: 一只白色的猫在窗台上睡觉."""
    measured = happens(rng, PROBABILITIES.measured_actor_zh)
    words: dict[str, str | Callable[[], str]] = {
        "phrase": noun_phrase_zh(item, rng, number=measured),
        "whole": noun_phrase_zh(item, rng),
        "bare": lambda: noun_phrase_zh(item, rng, number=False),
        "place": place,
    }
    if item.state == "sleeping":
        return _filled_one(SLEEPING_PLACED_ZH if place else SLEEPING_ZH, words, rng)
    words["doing"] = choice(rng, DOING_ZH)
    return _filled_one(PLAYING_PLACED_ZH if place else PLAYING_ZH, words, rng)


def _related_zh(scene: Scene, rng: Chance) -> str:
    """A caption of two objects in a relation: 一只狗在一辆汽车的左边."""
    first, second, relation = _said_relation(scene, rng)
    words: Words = {
        "relation": choice(rng, RELATIONS_ZH[relation]),
        "link": "" if relation in ("on", "inside") else "的",
        "first": lambda: noun_phrase_zh(first, rng),
        "second": lambda: noun_phrase_zh(second, rng),
        "bare second": lambda: noun_phrase_zh(second, rng, number=False),
    }
    return _filled_one(RELATED_ZH, words, rng)
