"""Our own routes: captions, explanations and plans."""

from __future__ import annotations

import base64
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool

from dall_e.images.files import PILImage
from dall_e.inference.captioning import CaptionSettings
from dall_e.inference.validation import RANDOM_SEED, fresh_seed
from dall_e.pipeline import DALL_E
from dall_e.planning.plan import Plan, plan_prompt
from dall_e.planning.plan_record import plan_record
from dall_e.serving.answers import image_file
from dall_e.serving.image_routes import checked_body, form_schema, log_prompt
from dall_e.serving.schemas import CaptionBody, ExplanationBody, PlanBody
from dall_e.serving.state import ServerState, owner_of, state_of
from dall_e.serving.uploads import only_image, read_form, texts_of_form
from dall_e.serving.waiting import results_of
from dall_e.serving.work import Task

router = APIRouter()

BodyT = TypeVar("BodyT", ExplanationBody, PlanBody)
"""What asks about a prompt."""


@router.post(
    "/captions",
    summary="Say what a picture shows",
    openapi_extra=form_schema(CaptionBody, "image"),
)
async def caption_image(request: Request) -> Response:
    """Say what a picture shows; several captions are drawn by `seed`."""
    state = state_of(request)
    form = await read_form(request)
    try:
        body = checked_body(CaptionBody, texts_of_form(form))
        image = await only_image(form, state.settings.max_upload_pixels)
    finally:
        await form.close()
    named = state.model_of(body.model)
    content = await _done(request, partial(_captions, state, named.model, image, body), image)
    return JSONResponse(content, headers=named.headers)


@router.post("/explanations", summary="Draw a picture, and say how it came about")
async def explain_image(body: ExplanationBody, request: Request) -> Response:
    """Draw a picture, and give the page that says which word drew what, and how sure it was."""
    return await _answer(request, body, _explanation)


@router.post("/plans", summary="Say how a prompt would be drawn")
async def plan_image(body: PlanBody, request: Request) -> Response:
    """Give the plan of a prompt: things, colours, places, and what was not understood."""
    return await _answer(request, body, _plan)


async def _answer(
    request: Request, body: BodyT, call: Callable[[ServerState, DALL_E, BodyT], dict[str, Any]]
) -> Response:
    """What a call makes of a prompt, with the model that its body names."""
    state = state_of(request)
    named = state.model_of(body.model)
    log_prompt(state, body.prompt)
    await run_in_threadpool(state.moderation.check_prompts, body.prompt)
    content = await _done(request, partial(call, state, named.model, body))
    return JSONResponse(content, headers=named.headers)


async def _done(
    request: Request, call: partial[dict[str, Any]], *images: PILImage
) -> dict[str, Any]:
    """What a call gives, when it is its turn; images are those that it keeps until then."""
    state = state_of(request)
    work = Task(owner_of(request), state.settings.request_seconds, call, images)
    (content,) = await results_of(request, state.batcher, [work])
    return dict(content)


def _captions(
    state: ServerState, model: DALL_E, image: PILImage, body: CaptionBody
) -> dict[str, Any]:
    state.moderation.check_upload(image)
    is_drawn = body.n > 1 or body.seed is not None
    settings = CaptionSettings(
        language=body.language,
        method="sampled" if is_drawn else "greedy",
        num=body.n,
        seed=_seed(body.seed) if is_drawn else None,
    )
    (captions,) = model.captions_of([image], settings)
    return {"captions": [caption._asdict() for caption in captions]}


def _explanation(state: ServerState, model: DALL_E, body: ExplanationBody) -> dict[str, Any]:
    if body.guidance_scale is not None and body.guidance_scale < 1:
        state.moderation.check_prompts(body.negative_prompt)
    sampling = model.sampling_settings(
        num_inference_steps=body.steps, guidance_scale=body.guidance_scale
    )
    explanation = model.explain(
        body.prompt,
        seed=_seed(body.seed),
        negative_prompt=body.negative_prompt,
        sampling=sampling,
    )
    state.moderation.check_image(explanation.image)
    file = image_file(explanation.image, "png", credentials=state.credentials)
    return {
        "b64_json": base64.b64encode(file.content).decode("ascii"),
        "seed": explanation.seed,
        "plan": explanation.plan,
        "unread": ", ".join(explanation.unread),
        "html": explanation.to_html(body.language),
    }


def _plan(state: ServerState, model: DALL_E, body: PlanBody) -> dict[str, Any]:
    seed = None if body.seed is None else _seed(body.seed)
    if body.boxes:
        return model.plan(body.prompt, _seed(seed)).record()
    made = Plan.whole(body.prompt)
    if model.vocabulary is not None:
        made = plan_prompt(body.prompt, model.vocabulary, seed)
    return plan_record(made, body.prompt, seed=seed, size=None)


def _seed(seed: int | None) -> int:
    """A seed, fresh for None and -1."""
    return fresh_seed() if seed is None or seed == RANDOM_SEED else seed
