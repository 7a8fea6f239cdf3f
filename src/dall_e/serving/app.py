"""The server put together: routes, errors in OpenAI's shape, the guard around it all.

A page can be mounted at `/`, as no route of ours lies there: `create_app(...).mount("/", page)`. A
content-security policy that it sends wins over the guard's, which lets a page load nothing.
"""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import AsyncIterator, Mapping, Sequence
from functools import partial
from typing import Any, cast

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse, Response
from fastapi.security import HTTPBearer
from fastapi_swagger import patch_fastapi
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from dall_e.config import ServingConfig
from dall_e.errors import DallEWarning
from dall_e.pipeline import DALL_E
from dall_e.serving import health_routes, image_routes, own_routes, webui_routes
from dall_e.serving.drawing_processes import Load
from dall_e.serving.failures import ClientGoneError, Refusal, as_refusal, unreadable
from dall_e.serving.filters import ContentFilter
from dall_e.serving.guard import DOCUMENTATION, Guard
from dall_e.serving.keys import KeyFile
from dall_e.serving.state import MODEL_HEADER, ServerState
from dall_e.serving.work import Task
from dall_e.version import __version__

_LOG = logging.getLogger("dall_e.serving")
_CLIENT_CLOSED_REQUEST = 499
"""What nginx logs for a client that left; nobody reads the answer."""
_WARM_UP_PROMPT = "a cat"
_WARM_UP_SECONDS = 3600.0


def create_app(
    models: Mapping[str, DALL_E],
    settings: ServingConfig | None = None,
    keys: KeyFile | None = None,
    *,
    filters: Sequence[ContentFilter] = (),
    warm_up: bool = True,
    gives_links: bool = True,
    load: Load | None = None,
) -> FastAPI:
    """Return an ASGI application that serves models.

    models: by the name that clients call each; the first one is for all other names. keys: who may
    use it, everybody unless given. filters: of prompts and images, beside those that the
    settings name. warm_up: draw once with each model before it says it is ready. gives_links:
    pictures may be asked for as links, which one server alone at its address can keep.
    load: makes the same models in further processes, where the settings have some.
    """
    state = ServerState(models, settings or ServingConfig(), keys, filters, gives_links, load)
    app = FastAPI(
        title="dall_e",
        version=__version__,
        summary="Text to picture, by OpenAI's images API.",
        docs_url=None,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
        # For the page of the API alone: the guard has looked at the key before.
        dependencies=[Depends(HTTPBearer(auto_error=False))] if keys else None,
        lifespan=lambda _: _running(state, is_cold=warm_up),
    )
    app.state.server = state
    app.include_router(health_routes.router, tags=["health"])
    app.include_router(image_routes.router, prefix="/v1", tags=["images"])
    app.include_router(image_routes.router, include_in_schema=False)
    app.include_router(own_routes.router, prefix="/v1", tags=["more"])
    app.include_router(webui_routes.router, prefix="/sdapi/v1", tags=["AUTOMATIC1111"])
    patch_fastapi(
        app,
        DOCUMENTATION,
        redirect_from_root_to_docs=False,
        swagger_js_url=f"{DOCUMENTATION}/swagger-ui-bundle.js",
        swagger_css_url=f"{DOCUMENTATION}/swagger-ui.css",
        swagger_favicon_url=f"{DOCUMENTATION}/favicon-32x32.png",
    )
    _answer_errors(app)

    if state.settings.allow_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(state.settings.allow_origins),
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type"],
            expose_headers=[MODEL_HEADER, "Retry-After"],
        )
    app.add_middleware(cast(Any, Guard), state=state)
    return app


def server_of(app: ASGIApp) -> ServerState:
    """Return the parts of an application that `create_app` made."""
    return cast(ServerState, cast(FastAPI, app).state.server)


@contextlib.asynccontextmanager
async def _running(state: ServerState, *, is_cold: bool) -> AsyncIterator[None]:
    """Draw what is asked for, from the start of the server to its end."""
    # A warning has words of the prompt in it; clients are told in the answer.
    warnings.filterwarnings("ignore", category=DallEWarning)
    state.batcher.start()
    if is_cold:
        state.batcher.submit([Task("", _WARM_UP_SECONDS, partial(warm_up, state))])
    else:
        state.is_warm = True
    try:
        yield
    finally:
        state.batcher.stop()


def warm_up(state: ServerState) -> None:
    """Draw once with each model, which compiles and allocates what later drawings find there."""
    for name, model in state.models.items():
        try:
            model(_WARM_UP_PROMPT, num_inference_steps=1, compose=False, seed=0)
        except Exception:  # it may not know the word; what counts is that it has drawn
            _LOG.warning("the model %s could not warm up", name, exc_info=True)
    state.is_warm = True


def _answer_errors(app: FastAPI) -> None:
    """Give every error OpenAI's shape."""

    async def refused(_: Request, error: Exception) -> Response:
        refusal = as_refusal(_translated(error))
        return JSONResponse(refusal.body(), refusal.status, refusal.headers)

    async def gone(_: Request, error: Exception) -> Response:
        return Response(status_code=_CLIENT_CLOSED_REQUEST)

    app.add_exception_handler(ClientGoneError, gone)
    for kind in (HTTPException, RequestValidationError, ValueError):
        app.add_exception_handler(kind, refused)


def _translated(error: Exception) -> Exception:
    """An error of the framework as a refusal; others as they are."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, RequestValidationError):
        first = error.errors()[0]
        if first["type"] == "json_invalid":
            return unreadable(f"the body is no JSON: {first['ctx']['error']}")
        name = ".".join(str(part) for part in first["loc"][1:])
        return unreadable(f"{name or 'the body'}: {first['msg']}", name or None)
    if isinstance(error, HTTPException):
        code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code)
        return Refusal(error.status_code, str(error.detail), code=code)
    return error
