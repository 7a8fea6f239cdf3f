"""What is where on the page, and which action belongs to what."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr

from dall_e.page import views
from dall_e.page.album import Album
from dall_e.page.arranging import EDITS, ArrangingActions
from dall_e.page.asking import AskingActions, can_describe
from dall_e.page.drawing import DrawingActions
from dall_e.page.words import Words
from dall_e.planning.style_words import style_names
from dall_e.scenes.graph import COLOURS
from dall_e.serving.state import ServerState
from dall_e.text.language import COLOURS_ZH

_FOLDER = Path(__file__).parent
_SIZES = ("256x256", "384x384", "512x512", "768x768", "1024x1024", "768x512", "512x768")
_MOST_NUMBER = 8
_MOST_GUIDANCE = 12
# What is drawn waits in the server's queue; Gradio's only passes it on.
_MOST_EVENTS = 256
_PRIVATE: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
_MASK = "(album, words, mask) => [album, words, window.paintedMask ? window.paintedMask() : '']"
"""Puts what is painted into an event."""


class Actions(DrawingActions, ArrangingActions, AskingActions):
    """All actions of the page."""


class _Studio(NamedTuple):
    """The components that show an album, in the order of `Actions.show`."""

    album: gr.State
    gallery: gr.HTML
    facts: gr.HTML
    painter: gr.HTML
    stage: gr.HTML
    thing: gr.Radio
    tools: gr.Group
    tabs: gr.Column


class _Asked(NamedTuple):
    """What somebody says of the picture that is wanted."""

    prompt: gr.Textbox
    understood: gr.HTML
    draw: gr.Button
    stop: gr.Button
    number: gr.Slider
    size: gr.Dropdown
    style: gr.Dropdown
    transparent: gr.Checkbox
    seed: gr.Textbox
    negative: gr.Textbox
    guidance: gr.Slider
    model: gr.Dropdown

    @property
    def choices(self) -> list[Any]:
        """Those that `Choices` has, in its order."""
        return list(self[4:])


def build_page(state: ServerState, words: Words) -> gr.Blocks:
    """Return the page in one language. Nothing of it asks or tells anybody outside."""
    actions = Actions(state, words)
    blocks: gr.Blocks
    with gr.Blocks(title=words.title, analytics_enabled=False) as blocks:
        gr.HTML(views.heading(words), js_on_load=None)
        line = _line(actions, words)
        with gr.Row():
            with gr.Column(scale=7, min_width=320):
                studio = _studio(state, words)
            with gr.Column(scale=3, min_width=280):
                asked = _Asked(*line, *_settings(state, words))
                bring = gr.HTML(views.upload(words), js_on_load=_script("upload"))
        _connect_drawing(actions, asked, studio)
        _connect_arranging(actions, studio)
        bring.upload(actions.bring, studio.album, list(studio), **_PRIVATE)
        with studio.tabs, gr.Tabs():
            _change_tab(actions, words, studio)
            _arrange_tab(actions, words, studio)
            _vary_tab(actions, words, asked, studio)
            _explain_tab(actions, words, studio)
            if can_describe(state.model_of(None).model):
                _describe_tab(actions, words, asked, studio)
    blocks.queue(default_concurrency_limit=None, max_size=_MOST_EVENTS, api_open=False)
    return blocks


# What is wanted


def _line(actions: Actions, words: Words) -> tuple[Any, ...]:
    """The prompt, what was understood of it, and the buttons that draw and stop."""
    with gr.Row(equal_height=True):
        prompt = gr.Textbox(
            label=words.prompt,
            placeholder=words.placeholder,
            lines=2,
            max_lines=6,
            autofocus=True,
            scale=5,
            elem_id="prompt",
        )
        with gr.Column(scale=1, min_width=120):
            draw = gr.Button(words.draw, variant="primary", elem_id="draw")
            stop = gr.Button(words.stop, variant="stop", visible=False, elem_id="stop")
    understood = gr.HTML(js_on_load=None, elem_id="understood")
    examples = gr.HTML(views.examples(words), js_on_load=_script("gallery"), elem_id="examples")
    examples.select(actions.example, None, prompt, **_PRIVATE)
    return prompt, understood, draw, stop


def _settings(state: ServerState, words: Words) -> tuple[Any, ...]:
    """How the picture shall look, in the order of `Choices`."""
    most = min(state.settings.max_images, _MOST_NUMBER)
    sizes = [each for each in _SIZES if _longest(each) <= state.settings.max_side]
    shown_sizes = [(words.own_size, "auto"), *((each.replace("x", " × "), each) for each in sizes)]
    styles = [(zh if words.language == "zh" else name, name) for name, zh, _ in style_names()]
    models = list(state.models)

    with gr.Group():
        number = gr.Slider(1, max(most, 2), min(2, most), step=1, label=words.number)
        size = gr.Dropdown(shown_sizes, value="auto", label=words.size)
        style = gr.Dropdown([(words.no_style, ""), *styles], value="", label=words.style)
        transparent = gr.Checkbox(label=words.transparent)
    with gr.Accordion(words.more, open=False):
        seed = gr.Textbox("", label=words.seed, info=words.seed_hint, max_lines=1, elem_id="seed")
        negative = gr.Textbox("", label=words.negative, max_lines=1)
        guidance = gr.Slider(
            0, _MOST_GUIDANCE, 0, step=0.5, label=words.guidance, info=words.guidance_hint
        )
    model = gr.Dropdown(models, value=models[0], label=words.model, visible=len(models) > 1)
    return number, size, style, transparent, seed, negative, guidance, model


def _longest(size: str) -> int:
    return max(int(side) for side in size.split("x"))


def _connect_drawing(actions: Actions, asked: _Asked, studio: _Studio) -> None:
    """The prompt: what is understood of it while it is typed, and drawing it."""
    gr.on(
        [asked.prompt.change, asked.model.change],
        actions.understand,
        [asked.prompt, asked.model],
        asked.understood,
        trigger_mode="always_last",
        **_PRIVATE,
    )
    busy = [asked.draw, asked.stop]
    began = gr.on(
        [asked.draw.click, asked.prompt.submit],
        None,
        None,
        busy,
        js=_switch(is_drawing=True),
        **_PRIVATE,
    )
    ended = _switch(is_drawing=False)
    drawing = began.then(
        actions.draw, [studio.album, asked.prompt, *asked.choices], list(studio), **_PRIVATE
    )
    for finished in (drawing.success, drawing.failure):
        finished(None, None, busy, js=ended, **_PRIVATE)
    asked.stop.click(actions.stop, studio.album, list(studio), cancels=drawing, **_PRIVATE).then(
        None, None, busy, js=ended, **_PRIVATE
    )


def _switch(*, is_drawing: bool) -> str:
    """Show the button that stops instead of the one that draws, or the other way round.

    It is a script: it works, too, when the server does not answer or refuses.
    """
    updates = [{"__type__": "update", "visible": shown} for shown in (not is_drawing, is_drawing)]
    return f"() => {json.dumps(updates)}"


# What was drawn


def _studio(state: ServerState, words: Words) -> _Studio:
    # What a link has run out for is of no use to anybody.
    album = gr.State(Album(), time_to_live=state.settings.link_seconds)
    gallery = gr.HTML(
        views.gallery(Album(), words), js_on_load=_script("gallery"), elem_id="gallery"
    )
    facts = gr.HTML(js_on_load=None, elem_id="facts")
    with gr.Column(visible=False, elem_id="studio") as tabs:
        painter = gr.HTML(js_on_load=_script("paint"), render=False, elem_id="painter")
        stage = gr.HTML(js_on_load=_script("arrange"), render=False, elem_id="stage")
        thing = gr.Radio(label=words.thing, render=False)
        tools = gr.Group(visible=False, render=False)
    return _Studio(album, gallery, facts, painter, stage, thing, tools, tabs)


def _connect_arranging(actions: Actions, studio: _Studio) -> None:
    """Choosing pictures, and things on them."""
    shown = list(studio)
    studio.gallery.select(actions.choose, studio.album, shown, **_PRIVATE)
    # Of keys that are pressed while it draws, the last one counts.
    studio.stage.select(
        actions.point, studio.album, shown, trigger_mode="always_last", **_on_stage(studio)
    )
    studio.thing.input(actions.pick, [studio.album, studio.thing], shown, **_PRIVATE)


def _on_stage(studio: _Studio) -> dict[str, Any]:
    """What events have whose result is seen on the stage, where one waits for it."""
    shown = {"show_progress": "minimal", "show_progress_on": studio.stage}
    return {"api_visibility": "private", **shown}


def _change_tab(actions: Actions, words: Words, studio: _Studio) -> None:
    with gr.Tab(words.change):
        gr.HTML(_hint(words.change_hint), js_on_load=None)
        studio.painter.render()
        with gr.Row(equal_height=True):
            said = gr.Textbox(
                label=words.change_words,
                placeholder=words.change_example,
                max_lines=1,
                scale=4,
                elem_id="change-words",
            )
            button = gr.Button(words.change_button, variant="primary", min_width=120)
        # What is painted comes into the event by a script.
        mask = gr.Textbox(visible=False)
        gr.on(
            [button.click, said.submit],
            actions.change,
            [studio.album, said, mask],
            list(studio),
            js=_MASK,
            **_PRIVATE,
        )


def _arrange_tab(actions: Actions, words: Words, studio: _Studio) -> None:
    shown, on_stage = list(studio), _on_stage(studio)
    with gr.Tab(words.arrange):
        gr.HTML(_hint(words.arrange_hint), js_on_load=None)
        studio.stage.render()
        studio.tools.render()
        with studio.tools:
            studio.thing.render()
            with gr.Row():
                for name in EDITS:
                    gr.Button(getattr(words, name), size="sm", min_width=70).click(
                        actions.pressing(name), [studio.album, studio.thing], shown, **on_stage
                    )
                gr.Button(words.undo, size="sm", min_width=70).click(
                    actions.undo, [studio.album, studio.thing], shown, **on_stage
                )
            with gr.Row():
                is_chinese = words.language == "zh"
                colours = [(COLOURS_ZH[each] if is_chinese else each, each) for each in COLOURS]
                colour = gr.Dropdown(colours, value=None, label=words.colour, min_width=140)
                colour.input(
                    actions.recolour, [studio.album, studio.thing, colour], shown, **on_stage
                )
                added = gr.Textbox(
                    label=words.add, placeholder=words.add_example, max_lines=1, min_width=180
                )
                added.submit(actions.add, [studio.album, studio.thing, added], shown, **on_stage)


def _vary_tab(actions: Actions, words: Words, asked: _Asked, studio: _Studio) -> None:
    with gr.Tab(words.vary):
        gr.HTML(_hint(words.vary_hint), js_on_load=None)
        strength = gr.Slider(0.1, 1, 0.5, step=0.1, label=words.strength)
        gr.Button(words.vary_button, variant="primary").click(
            actions.vary,
            [studio.album, strength, asked.prompt, *asked.choices],
            list(studio),
            **_PRIVATE,
        )


def _explain_tab(actions: Actions, words: Words, studio: _Studio) -> None:
    with gr.Tab(words.explain):
        gr.HTML(_hint(words.explain_hint), js_on_load=None)
        button = gr.Button(words.explain_button, variant="primary")
        page = gr.HTML(js_on_load=None, elem_id="explanation", min_height=40)
        button.click(
            actions.explain, studio.album, page, api_visibility="private", show_progress="full"
        )
        studio.album.change(lambda: "", None, page, **_PRIVATE)


def _describe_tab(actions: Actions, words: Words, asked: _Asked, studio: _Studio) -> None:
    with gr.Tab(words.describe):
        button = gr.Button(words.describe, variant="primary")
        said = gr.HTML(js_on_load=None, elem_id="description", min_height=40)
        button.click(
            actions.describe,
            [studio.album, asked.model],
            said,
            api_visibility="private",
            show_progress="full",
        )
        studio.album.change(lambda: "", None, said, **_PRIVATE)


def _hint(text: str) -> str:
    return f'<p class="hint">{escape(text)}</p>'


def _script(name: str) -> str:
    return (_FOLDER / f"{name}.js").read_text(encoding="utf-8")
