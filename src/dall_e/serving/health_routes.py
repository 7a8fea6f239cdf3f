"""Whether a server lives, whether it is ready, and what it has counted."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response

from dall_e.serving.metrics import CONTENT_TYPE
from dall_e.serving.state import state_of

router = APIRouter()


@router.get("/healthz", response_class=PlainTextResponse, summary="Whether it lives")
async def is_alive(request: Request) -> PlainTextResponse:
    """Answer 200 as long as the thread that draws runs; else it has to be started anew."""
    if state_of(request).batcher.is_alive:
        return PlainTextResponse("ok")
    return PlainTextResponse("the thread that draws has ended", 500)


@router.get("/readyz", response_class=PlainTextResponse, summary="Whether it takes requests")
async def is_ready(request: Request) -> PlainTextResponse:
    """Answer 200 once each model has drawn, until the server is about to stop; else 503."""
    state = state_of(request)
    if state.batcher.is_draining:
        return PlainTextResponse("stopping", 503)
    return PlainTextResponse("ready") if state.is_warm else PlainTextResponse("warming up", 503)


@router.get("/metrics", summary="Counters, for Prometheus")
async def show_metrics(request: Request) -> Response:
    """Give all counters."""
    return Response(state_of(request).metrics.text(), media_type=CONTENT_TYPE)
