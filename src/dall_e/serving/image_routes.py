"""OpenAI's routes for images: generations, edits, variations, models, and pictures behind links."""

from __future__ import annotations

import logging
from typing import Any, TypeVar

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, ValidationError
from starlette.concurrency import run_in_threadpool

from dall_e.images.files import PILImage
from dall_e.serving.answers import Answer, facts_of, now, usage_of
from dall_e.serving.drawings import drawings_of, edits_of, variations_of
from dall_e.serving.events import MEDIA_TYPE, image_events
from dall_e.serving.failures import unreadable
from dall_e.serving.schemas import EditBody, GenerationBody, ImageBody, VariationBody
from dall_e.serving.state import NamedModel, ServerState, owner_of, state_of
from dall_e.serving.uploads import only_image, optional_image, read_form, texts_of_form
from dall_e.serving.waiting import ProgressFeed, results_of
from dall_e.serving.work import Work

router = APIRouter()
LOG = logging.getLogger("dall_e.serving")

BodyT = TypeVar("BodyT", bound=BaseModel)

_BINARY = {"type": "string", "format": "binary"}


def form_schema(body: type[BaseModel], *files: str) -> dict[str, Any]:
    """What the OpenAPI document says of a form with files."""
    schema = body.model_json_schema()
    schema["properties"] = {**{name: _BINARY for name in files}, **schema.get("properties", {})}
    schema["required"] = [files[0], *schema.get("required", [])]
    content = {"multipart/form-data": {"schema": schema}}
    return {"requestBody": {"required": True, "content": content}}


def checked_body(body: type[BodyT], values: dict[str, Any]) -> BodyT:
    """Return the fields of a form. Raises Refusal 400 that names the one that is wrong."""
    try:
        return body.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        name = ".".join(map(str, first["loc"]))
        raise unreadable(f"{name}: {first['msg']}", name) from error


@router.post("/images/generations", summary="Draw pictures from a prompt")
async def generate_images(body: GenerationBody, request: Request) -> Response:
    """Draw pictures from a prompt; the fields and the answer are OpenAI's, and a few more."""
    state, owner = state_of(request), owner_of(request)
    named = state.model_of(body.model)
    log_prompt(state, body.prompt)
    if not body.stream:
        works = await run_in_threadpool(drawings_of, named.model, body, owner, state)
        return await answered(request, named, body, works)
    feed = ProgressFeed()
    drawings = await run_in_threadpool(drawings_of, named.model, body, owner, state, feed.put)
    return streamed("image_generation", state, named, body, drawings, feed)


@router.post(
    "/images/edits",
    summary="Change a part of a picture",
    openapi_extra=form_schema(EditBody, "image", "mask"),
)
async def edit_image(request: Request) -> Response:
    """Change a part of a picture: what the mask has transparent, or where the words say."""
    state, owner = state_of(request), owner_of(request)
    body, image, mask = await _form(request, EditBody)
    named = state.model_of(body.model)
    log_prompt(state, body.prompt)
    if not body.stream:
        works = await run_in_threadpool(edits_of, named.model, body, image, mask, owner, state)
        return await answered(request, named, body, works)
    feed = ProgressFeed()
    works = await run_in_threadpool(
        edits_of, named.model, body, image, mask, owner, state, feed.put
    )
    return streamed("image_edit", state, named, body, works, feed)


@router.post(
    "/images/variations",
    summary="Draw variations of a picture",
    openapi_extra=form_schema(VariationBody, "image"),
)
async def vary_image(request: Request) -> Response:
    """Draw a fraction of a picture anew. A picture of another program needs a `prompt`."""
    state, owner = state_of(request), owner_of(request)
    body, image, _ = await _form(request, VariationBody)
    named = state.model_of(body.model)
    log_prompt(state, body.prompt)
    works = await run_in_threadpool(variations_of, named.model, body, image, owner, state)
    return await answered(request, named, body, works)


@router.get("/images/files/{name}", summary="A picture behind a link")
async def linked_image(name: str, request: Request) -> Response:
    """Give the picture of a link that was given out, until it runs out."""
    image = state_of(request).links.find(name)
    return Response(image.content, media_type=image.media_type)


@router.get("/models", summary="Models that can be asked for")
async def list_models(request: Request) -> dict[str, Any]:
    """List the models; the first one draws for every name that is not here."""
    names = state_of(request).models
    return {"object": "list", "data": [_model_record(name) for name in names]}


@router.get("/models/{name:path}", summary="One model")
async def show_model(name: str, request: Request) -> dict[str, Any]:
    """Say of one name which model it means."""
    return _model_record(state_of(request).model_of(name).name)


def _model_record(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "dall_e"}


async def answered(
    request: Request, named: NamedModel, body: ImageBody, works: list[Any]
) -> Response:
    """Let work be done, and answer with all of its images at once."""
    state = state_of(request)
    answers: list[Answer] = await results_of(request, state.batcher, works)
    prompt = getattr(body, "prompt", "")
    content = {
        "created": now(),
        "data": [_image_record(request, state, body, answer) for answer in answers],
        **facts_of(answers[0], body),
        "usage": usage_of(named.model.engine, prompt, len(answers)),
    }
    return JSONResponse(content, headers=named.headers)


def streamed(
    name: str,
    state: ServerState,
    named: NamedModel,
    body: GenerationBody | EditBody,
    works: list[Any],
    feed: ProgressFeed,
) -> Response:
    """Let work be done, and answer with events. Raises Refusal if there is no room for it."""
    if body.response_format == "url":
        raise unreadable("a stream has its pictures as b64_json, not as links", "response_format")
    waiting: list[Work] = works
    state.batcher.submit(waiting)
    events = image_events(name, named.model.engine, body, waiting, feed, state.credentials)
    return StreamingResponse(events, media_type=MEDIA_TYPE, headers=named.headers)


def _image_record(
    request: Request, state: ServerState, body: ImageBody, answer: Answer
) -> dict[str, Any]:
    """One image of an answer, as OpenAI has it, with its seed and what was not understood."""
    if body.response_format == "url":
        path = f"v1/images/files/{state.links.add(answer.file)}"
        record: dict[str, Any] = {"url": state.url_of(request, path)}
    else:
        record = {"b64_json": answer.base64}
    record |= {"seed": answer.seed, "unread": answer.unread}
    return {**record, "svg": answer.svg} if answer.svg else record


async def _form(request: Request, body: type[BodyT]) -> tuple[BodyT, PILImage, PILImage | None]:
    """The fields, the picture and the mask of a form."""
    most_pixels = state_of(request).settings.max_upload_pixels
    form = await read_form(request)
    try:
        fields = checked_body(body, texts_of_form(form))
        image = await only_image(form, most_pixels)
        mask = await optional_image(form, "mask", most_pixels)
    finally:
        await form.close()
    return fields, image, mask


def log_prompt(state: ServerState, prompt: str) -> None:
    """Write a prompt to the log, where the settings want that."""
    if state.settings.log_prompts:
        LOG.info("prompt: %r", prompt)
