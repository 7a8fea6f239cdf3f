"""The plan of a picture as a graph: from the words of the prompt to its things, and to the picture.

Which word leads to which thing is found by leaving it out: the prompt without it is planned again,
and what is missing or different then came from the word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from dall_e.explain.prompt_words import PromptWord
from dall_e.planning.plan import Plan, plan_prompt
from dall_e.planning.vocabulary import Vocabulary
from dall_e.text.language import is_chinese

_ROW, _WORD_WIDTH, _THING_WIDTH, _GAP = 44, 112, 176, 46
_HEIGHT, _LETTER = 32, 8
"""Of a box, and the width of a letter, in pixels; a Chinese one is twice as wide."""


@dataclass(frozen=True, kw_only=True)
class PlanGraph:
    """Words, things, and which word says something of which thing."""

    words: tuple[str, ...]
    things: tuple[str, ...]
    """What is drawn, one for each drawing, and behind them the place where that is said."""
    edges: tuple[tuple[int, int], ...]
    """(word, thing), as numbers."""


def plan_graph(
    prompt: str, words: Sequence[PromptWord], plan: Plan, vocabulary: Vocabulary | None
) -> PlanGraph:
    """Find which words of a prompt lead to which drawings of its plan.

    Of a prompt that is drawn whole, every word leads to the one drawing.
    """
    things = _things(plan)
    if plan.is_whole or vocabulary is None:
        edges = [(number, 0) for number in range(len(words))]
    else:
        whole = _parts(plan_prompt(prompt, vocabulary))
        edges = []
        for number, word in enumerate(words):
            rest = word.without(prompt)
            without = _parts(plan_prompt(rest, vocabulary)) if rest else ()
            edges += [(number, thing) for thing, part in enumerate(whole) if part not in without]
    return PlanGraph(
        words=tuple(word.text for word in words), things=tuple(things), edges=tuple(edges)
    )


def _parts(plan: Plan) -> tuple[object, ...]:
    """What can be told apart of a plan: its things with all that is said of them, and its place."""
    if plan.scene is None:
        return plan.prompts
    place = (plan.scene.background, plan.scene.background_colour)
    return (*plan.scene.objects, place) if place[0] else plan.scene.objects


def _things(plan: Plan) -> list[str]:
    """What each drawing is called, and the place."""
    if plan.scene is None:
        return list(plan.prompts)
    names = [
        f"{item.count} × {planned.prompt}" if item.count > 1 else planned.prompt
        for item, planned in zip(plan.scene.objects, plan.objects, strict=True)
    ]
    place = plan.scene.background.replace("+", ", ")
    return [*names, place] if place else names


def graph_svg(graph: PlanGraph, whole: str = "picture") -> str:
    """The graph as an SVG element; everything that it says is escaped.

    whole: what is written where all lines end.
    """
    rows = max(len(graph.words), len(graph.things), 1)
    height, middle = rows * _ROW, _WORD_WIDTH + _GAP
    right = middle + _THING_WIDTH + _GAP
    words_y = _spread(len(graph.words), height)
    things_y = _spread(len(graph.things), height)

    # Lines first, so that boxes lie on them.
    lines = [_curve(_WORD_WIDTH, words_y[a], middle, things_y[b]) for a, b in graph.edges]
    lines += [_curve(middle + _THING_WIDTH, y, right, height / 2) for y in things_y]
    boxes = [_box(0, y, _WORD_WIDTH, text) for y, text in zip(words_y, graph.words, strict=True)]
    boxes += [
        _box(middle, y, _THING_WIDTH, text) for y, text in zip(things_y, graph.things, strict=True)
    ]
    boxes.append(_box(right, height / 2, 76, whole))
    label = escape(f"{', '.join(graph.words)}: {', '.join(graph.things)}")
    return (
        f'<svg class="graph" viewBox="-1 -1 {right + 78} {height + 2}" role="img" '
        f'aria-label="{label}">{"".join(lines)}{"".join(boxes)}</svg>'
    )


def _spread(count: int, height: float) -> list[float]:
    """The middles of some boxes, one below the other around half the height."""
    first = height / 2 - (count - 1) * _ROW / 2
    return [first + number * _ROW for number in range(count)]


def _curve(x0: float, y0: float, x1: float, y1: float) -> str:
    middle = (x0 + x1) / 2
    return f'<path d="M{x0} {y0}C{middle} {y0} {middle} {y1} {x1} {y1}"/>'


def _box(x: float, y: float, width: float, text: str) -> str:
    shown = _fitted(text, int(width) // _LETTER - 1)
    return (
        f'<rect x="{x}" y="{y - _HEIGHT / 2}" width="{width}" height="{_HEIGHT}" rx="8"/>'
        f'<text x="{x + width / 2}" y="{y + 5}" text-anchor="middle">{escape(shown)}'
        f"<title>{escape(text)}</title></text>"
    )


def _fitted(text: str, room: int) -> str:
    """As much of a text as fits into so many narrow letters."""
    taken = 0
    for number, letter in enumerate(text):
        taken += 2 if is_chinese(letter) else 1
        if taken > room:
            return f"{text[: max(number - 1, 1)]}…"
    return text


def bars_svg(values: Sequence[float], step: str = "step {number}") -> str:
    """Bars above and below a line, one for each value, as an SVG element.

    step: what each is called, with its number.
    """
    highest, lowest = max([*values, 0.0]), min([*values, 0.0])
    span = max(highest - lowest, 1e-6)
    bars = []
    for number, value in enumerate(values):
        top, height = (highest - max(value, 0.0)) / span, abs(value) / span
        called = escape(step.format(number=number + 1))
        kind = "for" if value >= 0 else "against"
        bars.append(
            f'<rect class="{kind}" x="{number + 0.1}" y="{top:.4f}" width="0.8" '
            f'height="{height:.4f}"><title>{called}: {value:+.3f}</title></rect>'
        )
    zero = highest / span
    return (
        f'<svg class="bars" viewBox="0 -0.02 {max(len(values), 1)} 1.04" '
        'preserveAspectRatio="none" role="img" aria-label="d">'
        f'{"".join(bars)}<line x1="0" x2="{len(values)}" y1="{zero:.4f}" y2="{zero:.4f}"/></svg>'
    )
