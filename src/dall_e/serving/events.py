"""Answers as server-sent events, with OpenAI's names for them."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

from starlette.concurrency import run_in_threadpool

from dall_e.images.credentials import Credentials
from dall_e.images.files import PILImage
from dall_e.inference.engine import Engine
from dall_e.serving.answers import Answer, facts_of, image_file, now, usage_of
from dall_e.serving.failures import as_refusal
from dall_e.serving.schemas import EditBody, GenerationBody
from dall_e.serving.waiting import ProgressFeed
from dall_e.serving.work import Work

MEDIA_TYPE = "text/event-stream"


async def image_events(
    name: str,
    engine: Engine,
    body: GenerationBody | EditBody,
    works: Sequence[Work],
    feed: ProgressFeed,
    credentials: Credentials | None = None,
) -> AsyncIterator[bytes]:
    """Give the events of images, the last of which is [DONE].

    name: image_generation or image_edit. An error is an event too, and the last before [DONE].
    credentials: sign images on the way; those at the end are signed already.
    """
    shown = [0] * len(works)
    async for event in feed.follow(works):
        if not event.is_final:
            yield await run_in_threadpool(
                _partial_event, name, body, event.value, shown[event.number], credentials
            )
            shown[event.number] += 1
            continue
        try:
            answer: Answer = event.value.result()
        except (asyncio.CancelledError, Exception) as error:
            yield _event(as_refusal(error).body())
            break
        yield _completed_event(name, engine, body, answer)
    yield b"data: [DONE]\n\n"


def _partial_event(
    name: str,
    body: GenerationBody | EditBody,
    image: PILImage,
    index: int,
    credentials: Credentials | None,
) -> bytes:
    file = image_file(
        image,
        body.output_format,
        body.output_compression,
        credentials=credentials,
        is_change=isinstance(body, EditBody),
    )
    return _event(
        {
            "type": f"{name}.partial_image",
            "b64_json": base64.b64encode(file.content).decode("ascii"),
            "partial_image_index": index,
            "created_at": now(),
            "background": "transparent" if image.mode == "RGBA" else "opaque",
            "output_format": body.output_format,
            "quality": "high",
            "size": f"{image.width}x{image.height}",
        }
    )


def _completed_event(
    name: str, engine: Engine, body: GenerationBody | EditBody, answer: Answer
) -> bytes:
    return _event(
        {
            "type": f"{name}.completed",
            "b64_json": answer.base64,
            "created_at": now(),
            **facts_of(answer, body),
            "usage": usage_of(engine, body.prompt, 1),
            "seed": answer.seed,
            "unread": answer.unread,
            **({"svg": answer.svg} if answer.svg else {}),
        }
    )


def _event(content: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(content)}\n\n".encode()
