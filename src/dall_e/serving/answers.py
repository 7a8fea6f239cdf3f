"""From a finished image to what a client gets: a file in base64 or behind a link, and its facts."""

from __future__ import annotations

import base64
import io
import time
from dataclasses import dataclass
from typing import Any

from dall_e.images.credentials import Credentials
from dall_e.images.files import PILImage
from dall_e.images.metadata import texts_of
from dall_e.images.results import DrawnImage
from dall_e.inference.engine import Engine
from dall_e.serving.links import StoredImage
from dall_e.serving.schemas import Format, ImageBody
from dall_e.text.tokenizer import TextTokenizer

_MEDIA_TYPES = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}
_MOST_COUNTED = 32768
"""Tokens of the longest prompt that is counted."""


@dataclass(frozen=True)
class Answer:
    """One image of an answer."""

    file: StoredImage
    width: int
    height: int
    seed: int | None
    is_transparent: bool
    unread: str = ""
    """Words of the prompt that were not understood."""
    svg: str | None = None

    @property
    def size(self) -> str:
        """As OpenAI writes it."""
        return f"{self.width}x{self.height}"

    @property
    def base64(self) -> str:
        """The file as JSON can hold it."""
        return base64.b64encode(self.file.content).decode("ascii")


def answer_of(
    image: DrawnImage,
    body: ImageBody,
    *,
    svg: bool = False,
    credentials: Credentials | None = None,
    is_change: bool = False,
) -> Answer:
    """Return a finished image as the body of a request asks for it.

    is_change: a part of it may be that of somebody else, as its credentials say.
    """
    info = image.info
    seed = info.get("seed") or info.get("edit_seed") or info.get("variation_seed")
    document = info.get("svg", b"") if svg else b""
    return Answer(
        file=image_file(
            image,
            body.output_format,
            body.output_compression,
            credentials=credentials,
            is_change=is_change,
        ),
        width=image.width,
        height=image.height,
        seed=None if seed is None else int(seed),
        is_transparent=image.mode == "RGBA",
        unread=info.get("unread", ""),
        svg=document.decode() if document else None,
    )


def image_file(
    image: PILImage,
    file_format: Format,
    compression: int = 100,
    *,
    credentials: Credentials | None = None,
    is_change: bool = False,
) -> StoredImage:
    """Return an image as a file, with its metadata where the format has room for them.

    compression: of jpeg and webp, from 0 to 100; 100 is the best quality, in webp without loss.
    """
    options: dict[str, Any] = {}
    if file_format == "jpeg":
        options = {"quality": max(1, min(95, compression))}
    elif file_format == "webp":
        options = {"lossless": True} if compression == 100 else {"quality": compression}
    buffer = io.BytesIO()
    image.save(buffer, file_format.upper(), **options)
    content, media_type = buffer.getvalue(), _MEDIA_TYPES[file_format]
    if credentials is not None:
        texts = texts_of(image.info)
        content = credentials.signed(content, media_type, texts, is_change=is_change)
    return StoredImage(content, media_type)


def facts_of(answer: Answer, body: ImageBody) -> dict[str, Any]:
    """Return what OpenAI's answers say of an image beside the image."""
    return {
        "background": "transparent" if answer.is_transparent else "opaque",
        "output_format": body.output_format,
        "quality": "high",
        "size": answer.size,
    }


def usage_of(engine: Engine, prompt: str, num_images: int) -> dict[str, Any]:
    """Return how many tokens of text were read, and how many of images were drawn."""
    text = _num_text_tokens(engine, prompt)
    drawn = num_images * int(engine.networks.generator.config.num_tokens)
    return {
        "input_tokens": text,
        "input_tokens_details": {"text_tokens": text, "image_tokens": 0},
        "output_tokens": drawn,
        "output_tokens_details": {"text_tokens": 0, "image_tokens": drawn},
        "total_tokens": text + drawn,
    }


def _num_text_tokens(engine: Engine, prompt: str) -> int:
    """Tokens that a prompt has for a model; its words, for one with a reader of its own."""
    tokenizer = engine.text_tokenizer
    if isinstance(tokenizer, TextTokenizer):
        return len(tokenizer.spans(prompt, _MOST_COUNTED))
    return len(prompt.split())


def now() -> int:
    """Return the time as OpenAI's answers have it: seconds since 1970."""
    return int(time.time())
