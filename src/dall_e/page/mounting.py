"""The page put on a server: both languages, their front, and the routes beside them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, cast

from fastapi import FastAPI
from starlette.routing import Mount

from dall_e.page import routes
from dall_e.page.front import PageFront
from dall_e.page.words import WORDS
from dall_e.serving.app import server_of

_STYLE = Path(__file__).parent / "style.css"


def mount_page(app: FastAPI) -> None:
    """Mount a page to draw on at `/` of an application that `create_app` made.

    It draws through the queue of the application, under its limits, and by its keys: whoever has
    one signs in with it.
    """
    # Gradio asks for these when it is imported, and when it makes a page.
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["GRADIO_RUN_HISTORY"] = "False"
    import gradio as gr

    from dall_e.page.layout import build_page

    state = server_of(app)
    app.include_router(routes.router)
    for language, words in WORDS.items():
        path = f"/{language}"
        gr.mount_gradio_app(
            app,
            build_page(state, words),
            path,
            footer_links=["settings"],
            run_history=False,
            ssr_mode=False,
            pwa=False,
            mcp_server=False,
            enable_monitoring=False,
            theme=_theme(gr),
            css_paths=_STYLE,
        )
        mount = cast(Mount, app.routes[-1])
        mount.app = PageFront(mount.app, language)
        state.pages[f"{path}/"] = language


def _theme(gr: Any) -> Any:
    """Our colours, and the fonts that a system has: none is fetched."""
    return gr.themes.Default(
        primary_hue=gr.themes.colors.violet,
        secondary_hue=gr.themes.colors.violet,
        neutral_hue=gr.themes.colors.slate,
        radius_size=gr.themes.sizes.radius_lg,
        font=[
            "system-ui",
            "-apple-system",
            "Segoe UI",
            "Noto Sans",
            "Noto Sans CJK SC",
            "sans-serif",
        ],
        font_mono=["ui-monospace", "monospace"],
    )
