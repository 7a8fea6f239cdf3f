"""The routes of AUTOMATIC1111's web interface that other programs call."""

from __future__ import annotations

import json
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool

from dall_e.images.selections import inverted_mask
from dall_e.serving.answers import Answer
from dall_e.serving.drawings import drawings_of, edits_of, variations_of
from dall_e.serving.failures import unreadable
from dall_e.serving.image_routes import checked_body, log_prompt
from dall_e.serving.schemas import (
    EditBody,
    GenerationBody,
    ImageToImageBody,
    TextToImageBody,
    VariationBody,
)
from dall_e.serving.state import owner_of, state_of
from dall_e.serving.uploads import from_base64
from dall_e.serving.waiting import results_of
from dall_e.serving.work import Work

router = APIRouter()

_SAMPLER = "any-order"


@router.post("/txt2img", summary="Draw pictures from a prompt")
async def text_to_image(body: TextToImageBody, request: Request) -> Response:
    """Draw batch_size times n_iter pictures; `info` has the seeds as JSON in a text."""
    state = state_of(request)
    log_prompt(state, body.prompt)
    fields = {"negative_prompt": body.negative_prompt, **_asked(body)}
    asked = checked_body(GenerationBody, fields)
    model = state.model_of(None).model
    works = await run_in_threadpool(drawings_of, model, asked, owner_of(request), state)
    return await _answered(request, body, list(works))


@router.post("/img2img", summary="Change a picture, or draw variations of it")
async def image_to_image(body: ImageToImageBody, request: Request) -> Response:
    """With a mask, redraw what is white in it; without one, draw a fraction of the picture anew."""
    state, owner = state_of(request), owner_of(request)
    log_prompt(state, body.prompt)
    model = state.model_of(None).model
    most_pixels = state.settings.max_upload_pixels
    image = await run_in_threadpool(from_base64, body.init_images[0], most_pixels, "init_images")
    works: list[Any]
    if body.mask is None:
        fields = {"strength": body.denoising_strength, **_asked(body, square=True)}
        varied = checked_body(VariationBody, fields)
        works = list(await run_in_threadpool(variations_of, model, varied, image, owner, state))
    else:
        mask = await run_in_threadpool(from_base64, body.mask, most_pixels, "mask")
        if body.inpainting_mask_invert:
            mask = inverted_mask(mask)
        edited = checked_body(EditBody, _asked(body))
        works = list(await run_in_threadpool(edits_of, model, edited, image, mask, owner, state))
    return await _answered(request, body, works)


@router.get("/sd-models", summary="Models")
async def list_checkpoints(request: Request) -> list[dict[str, Any]]:
    """List the models as checkpoints."""
    return [{"title": name, "model_name": name} for name in state_of(request).models]


@router.get("/samplers", summary="Samplers")
async def list_samplers() -> list[dict[str, Any]]:
    """List the one sampler."""
    return [{"name": _SAMPLER, "aliases": [], "options": {}}]


@router.get("/options", summary="Options")
async def show_options(request: Request) -> dict[str, Any]:
    """Say which model draws."""
    return {"sd_model_checkpoint": state_of(request).model_of(None).name}


@router.post("/options", summary="Accepted, without effect")
async def set_options() -> None:
    """Take options; the model that draws is not changed by a client."""


@router.get("/progress", summary="How much waits")
async def show_progress(request: Request) -> dict[str, Any]:
    """Say how long what waits will take."""
    batcher = state_of(request).batcher
    waits = batcher.num_waiting
    return {
        "progress": 0.0,
        "eta_relative": batcher.seconds_to_wait() if waits else 0,
        "state": {"job_count": waits},
    }


def _asked(body: TextToImageBody, *, square: bool = False) -> dict[str, Any]:
    """The fields of OpenAI's form."""
    asked: dict[str, Any] = {
        "prompt": body.prompt,
        "n": body.batch_size * body.n_iter,
        "seed": body.seed,
        "steps": body.steps,
        "guidance_scale": body.cfg_scale,
    }
    width, height = body.width or body.height, body.height or body.width
    if width and height:
        if square and width != height:
            raise unreadable(f"variations are square, got {width} x {height}", "width")
        asked["size"] = f"{width}x{height}"
    return asked


async def _answered(request: Request, body: TextToImageBody, works: list[Work]) -> Response:
    """The images in base64, and their seeds as JSON in a text, as that program has it."""
    answers: list[Answer] = await results_of(request, state_of(request).batcher, works)
    seeds = [answer.seed for answer in answers]
    info = {"prompt": body.prompt, "seed": seeds[0], "all_seeds": seeds}
    parameters = body.model_dump(exclude={"init_images", "mask"})
    images = [answer.base64 for answer in answers]
    return JSONResponse({"images": images, "parameters": parameters, "info": json.dumps(info)})
