"""What the page shows beside Gradio's components, as HTML. All texts are escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from dall_e.page.album import Album, Entry
from dall_e.page.words import CONDITIONS_ZH, LOOKS_ZH, Words
from dall_e.planning.placed_plan import PlacedPlan
from dall_e.planning.places import place_words
from dall_e.planning.plan import Plan
from dall_e.planning.style_words import style_table
from dall_e.planning.vocabulary import Vocabulary
from dall_e.scenes.graph import SHAPES
from dall_e.serving.guard import EXPLANATION_PATH, LINK_PATH

_LONGEST_NAME = 48
"""Characters of the name of a file."""


class Pending(NamedTuple):
    """A picture that is being drawn."""

    image: str = ""
    """The name of its link on the way; nothing before there is something to see."""


def heading(words: Words) -> str:
    """The top of the page, with the way to the other language."""
    other = "zh" if words.language == "en" else "en"
    return (
        f'<header class="top"><div><h1>{escape(words.title)}</h1><p>{escape(words.tagline)}</p>'
        f'</div><a class="language" href="/{other}/" lang="{other}" hreflang="{other}">'
        f"{escape(words.other_language)}</a></header>"
    )


def examples(words: Words) -> str:
    """Prompts to choose from."""
    shown = "".join(
        f'<button type="button" class="example" data-index="{number}">{escape(prompt)}</button>'
        for number, prompt in enumerate(words.prompts)
    )
    return f'<p class="examples"><span>{escape(words.examples)}</span>{shown}</p>'


# What was understood


def understanding(plan: Plan, remark: str, vocabulary: Vocabulary, words: Words) -> str:
    """Say what was read in a prompt, and what was not.

    remark: what of it is not in the picture, in one line, as other callers are told.
    """
    parsed = plan.parse
    scene = parsed.scene if parsed else None
    chips = []
    if scene is not None and parsed is not None:
        swapped = {near.name: near.word for near in parsed.nearest}
        for item, drawn in zip(scene.objects, plan.objects * len(scene.objects), strict=False):
            look = [drawn.paint or item.colour, drawn.material, drawn.pattern, item.size]
            name = _named(item.name, vocabulary, words)
            said = " ".join([*(_look(each, words) for each in look if each), name])
            said = f"{item.count} × {said}" if item.count > 1 else said
            if item.name in swapped:
                said = f"{said} ({words.instead} “{swapped[item.name]}”)"
            chips.append(_chip("near" if item.name in swapped else "known", said))
        if scene.background:
            chips.append(_chip("place", f"{words.here}: {_place(scene.background, words)}"))
    if plan.style:
        chips.append(_chip("place", f"{words.style}: {_style(plan.style, vocabulary, words)}"))
    unread = "".join(_chip("unknown", word) for word in plan.unread)
    if not chips and not unread:
        return ""
    known = f"<b>{escape(words.understood)}</b>{''.join(chips)}" if chips else ""
    label = words.not_understood if chips else words.nothing_understood
    missing = f"<b>{escape(label)}</b>{unread}" if unread else ""
    return f'<p class="understood" title="{escape(remark)}">{known}{missing}</p>'


def _style(name: str, vocabulary: Vocabulary, words: Words) -> str:
    """A style in the page's language."""
    if words.language != "zh":
        return name
    fitted = vocabulary.fitted.get(name)
    return fitted.name_zh if fitted else style_table()[name][0]


def _chip(kind: str, text: str) -> str:
    return f'<span class="chip {kind}">{escape(text)}</span>'


def _named(name: str, vocabulary: Vocabulary, words: Words) -> str:
    if name in SHAPES or words.language == "en":
        return _look(name, words)
    return vocabulary.thing(name).zh or name if vocabulary.knows(name) else name


def things_in_words(names: Sequence[str], vocabulary: Vocabulary | None, words: Words) -> str:
    """Things of a plan by their names in it, such as "cat#2", as a list in words."""
    if vocabulary is None or words.language == "en":
        return ", ".join(names)
    parts = [name.partition("#") for name in names]
    return "、".join(_named(name, vocabulary, words) + "".join(rest) for name, *rest in parts)


def _place(background: str, words: Words) -> str:
    """A background such as "harbour+night" in words."""
    parts = background.split("+")
    if words.language == "en":
        return ", ".join(part.replace("-", " ") for part in parts)
    known = {part: place_words()[part] for part in parts if part in place_words()}
    names = [(known[part][2] + known[part][3])[0] if part in known else part for part in parts]
    return "，".join(CONDITIONS_ZH.get(name, name) for name in names)


def _look(name: str, words: Words) -> str:
    """A colour, a size, a material, a pattern or a shape in words."""
    return LOOKS_ZH.get(name, name) if words.language == "zh" else name


# Pictures


def gallery(album: Album, words: Words, pending: Sequence[Pending] = ()) -> str:
    """All pictures of an album, those that are being drawn in front."""
    cards = [_pending_card(each, words) for each in pending]
    cards += [
        _card(number, entry, number == album.index and not pending)
        for number, entry in enumerate(album.entries)
    ]
    if not cards:
        return f'<div class="empty">{escape(words.empty)}</div>'
    return f'<div class="cards" role="list">{"".join(cards)}</div>'


def _card(number: int, entry: Entry, is_chosen: bool) -> str:
    title = escape(entry.title)
    seed = "" if entry.seed is None else f'<span class="seed">{entry.seed}</span>'
    return (
        f'<button type="button" role="listitem" class="card{" chosen" if is_chosen else ""}" '
        f'data-index="{number}" aria-pressed="{str(is_chosen).lower()}" title="{title}">'
        f'<img src="{entry.url}" alt="{title}" width="{entry.width}" '
        f'height="{entry.height}">{seed}</button>'
    )


def _pending_card(pending: Pending, words: Words) -> str:
    label = escape(words.drawing if pending.image else words.waits)
    image = f'<img src="{LINK_PATH}{pending.image}" alt="">' if pending.image else ""
    return f'<div class="card pending" role="listitem" aria-label="{label}">{image}<i></i></div>'


def facts(entry: Entry | None, words: Words) -> str:
    """What is known of a picture, and its files to save."""
    if entry is None:
        return ""
    name = _file_name(entry)
    saves = [(entry.name, words.save_png, "png"), (entry.svg, words.save_svg, "svg")]
    links = "".join(
        f'<a class="save" href="{LINK_PATH}{link}" download="{name}.{kind}">{escape(label)}</a>'
        for link, label, kind in saves
        if link
    )
    told = [f"{entry.width} × {entry.height}"]
    if entry.seed is not None:
        told.append(f"{words.seed} {entry.seed}")
    unread = ""
    if entry.unread:
        unread = f'<p class="unread">{escape(words.not_understood)}: {escape(entry.unread)}</p>'
    return (
        f'<section class="facts"><div><h2>{escape(entry.title)}</h2>'
        f"<p>{escape(' · '.join(told))}</p>{unread}</div><div>{links}</div></section>"
    )


def _file_name(entry: Entry) -> str:
    words = "".join(c if c.isalnum() else "-" for c in entry.title[:_LONGEST_NAME])
    parts = [part for part in words.split("-") if part]
    seed = [] if entry.seed is None else [str(entry.seed)]
    return "-".join([*parts, *seed]) or "picture"


# What is done with a picture


def painter(entry: Entry | None, words: Words) -> str:
    """A picture to paint a mask over."""
    if entry is None:
        return _note(words.choose_first)
    return (
        f'<div class="painter"><div class="tools"><label>{escape(words.brush)} '
        '<input type="range" class="brush" min="4" max="120" value="36"></label>'
        f'<button type="button" class="small clear">{escape(words.clear)}</button></div>'
        f'<div class="canvas"><img src="{entry.url}" alt="{escape(entry.title)}" '
        f'draggable="false"><canvas width="{entry.width}" height="{entry.height}"></canvas>'
        "</div></div>"
    )


def stage(entry: Entry | None, plan: PlacedPlan | None, thing: str, words: Words) -> str:
    """A picture with a frame around each of its things, to drag them."""
    if entry is None:
        return _note(words.choose_first)
    if plan is None:
        return _note(words.no_plan)
    called = {name: shown for shown, name in things_of(plan, words)}
    frames = []
    for name, (left, top, width, height) in boxes_of(plan).items():
        style = f"left:{left:.2%};top:{top:.2%};width:{width:.2%};height:{height:.2%}"
        frames.append(
            f'<button type="button" class="thing{" chosen" if name == thing else ""}" '
            f'data-name="{escape(name)}" style="{style}" '
            f'aria-label="{escape(called[name])}"></button>'
        )
    return (
        f'<div class="stage"><img src="{entry.url}" alt="{escape(entry.title)}" '
        f'draggable="false">{"".join(frames)}</div>'
    )


def boxes_of(plan: PlacedPlan) -> dict[str, tuple[float, float, float, float]]:
    """The box of everything in a plan by its name, those at the back first."""
    things = [layer for layer in plan.layers if layer.kind == "thing"]
    named = dict(zip(sorted(layer.owner for layer in things), plan.names, strict=True))
    return {named[layer.owner]: layer.box for layer in things}


def things_of(plan: PlacedPlan, words: Words) -> list[tuple[str, str]]:
    """What can be chosen of a plan: what each thing is called here, and its name in the plan."""
    chinese = {each.name: each.name_zh for each in plan.objects if each.name_zh}
    if words.language == "en":
        return [(name, name) for name in boxes_of(plan)]
    return [
        (name.replace(plain, chinese.get(plain) or _look(plain, words), 1), name)
        for name in boxes_of(plan)
        for plain in [name.rpartition("#")[0] or name]
    ]


def explained(name: str, words: Words) -> str:
    """A page that explains a picture, in a frame."""
    url = f"{EXPLANATION_PATH}{name}"
    return (
        f'<div class="explained"><iframe src="{url}" title="{escape(words.explain)}"></iframe>'
        f'<a href="{url}" target="_blank" rel="noopener">{escape(words.open_alone)}</a></div>'
    )


def upload(words: Words) -> str:
    """Where somebody gives a picture of their own."""
    return (
        f'<label class="upload"><b>{escape(words.bring)}</b><span>{escape(words.bring_hint)}'
        '</span><input type="file" accept="image/png,image/jpeg,image/webp"></label>'
    )


def captioned(texts: Sequence[str]) -> str:
    """What a picture shows, in words."""
    return "".join(f'<p class="caption">{escape(text)}</p>' for text in texts)


def _note(text: str) -> str:
    return f'<div class="empty">{escape(text)}</div>'
