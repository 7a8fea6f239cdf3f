"""From the body of a request to the work that makes its images."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from dall_e.config import ServingConfig
from dall_e.config.published import PublishedConfig
from dall_e.images.files import PILImage, resize
from dall_e.images.metadata import texts_of
from dall_e.images.results import DrawnImage
from dall_e.inference.request import GeneratedImage
from dall_e.inference.validation import fresh_seed, image_seeds
from dall_e.pipeline import DALL_E
from dall_e.planning.plan_reading import read_plan
from dall_e.serving.answers import Answer, answer_of
from dall_e.serving.failures import unreadable
from dall_e.serving.schemas import EditBody, GenerationBody, ImageBody, VariationBody
from dall_e.serving.state import ServerState
from dall_e.serving.work import Drawing, Task

WITHOUT_EFFECT = ("vivid", "natural")
"""Styles of OpenAI's that mean nothing here."""
_SHORTEST_SIDE = 16
_LONGEST_TO_SHORTEST = 3

OnImage = Callable[[int, PILImage], None]
"""Is told the number of an image of the request, and how it looks on the way."""


class Size(NamedTuple):
    """Of an image, in pixels."""

    width: int
    height: int

    @property
    def is_square(self) -> bool:
        """Whether it is what models draw by themselves."""
        return self.width == self.height


def drawings_of(
    model: DALL_E,
    body: GenerationBody,
    owner: str,
    state: ServerState,
    on_image: OnImage | None = None,
) -> list[Drawing]:
    """Return one drawing for each image that is asked for.

    Raises ValueError for what the model cannot do, and Refusal for what the server does not.
    """
    settings = state.settings
    _check_body(body, state)
    size = _size_of(body, settings)
    _check_shape(model, body, size)
    if body.plan is None and not body.prompt:
        raise unreadable("prompt is missing: say what to draw, or give a plan", "prompt")

    _check_words(body, state)

    # With a plan, its own seed and size are the defaults.
    saved = None if body.plan is None else read_plan(body.plan, model.vocabulary)
    first = body.seed
    if first is None and saved is not None:
        first = saved.seed
    side = min(size) if size else None
    if side is None and saved is not None:
        side = _checked_side(saved.size, settings)

    engine = model.engine
    sampling = model.sampling_settings(
        num_inference_steps=body.steps, guidance_scale=body.guidance_scale
    )
    works: list[Drawing] = []
    for number, seed in enumerate(image_seeds(first, None, body.n, 1)):
        request = engine.request(
            saved.prompt if saved else body.prompt,
            negative_prompt=body.negative_prompt,
            seed=seed,
            height=side,
            transparent=body.background == "transparent",
            finish="crisp" if body.svg or saved else None,
            style="" if body.style in WITHOUT_EFFECT else body.style,
            sampling=sampling,
            plans=[saved.with_seed(seed).plan] if saved else (),
        )
        works.append(
            Drawing(
                owner,
                settings.request_seconds,
                model,
                request,
                partial(_drawn, state, model, body, size),
                previews=body.partial_images if body.stream else 0,
                on_image=_numbered(state, on_image, number),
            )
        )
    return works


def edits_of(
    model: DALL_E,
    body: EditBody,
    image: PILImage,
    mask: PILImage | None,
    owner: str,
    state: ServerState,
    on_image: OnImage | None = None,
) -> list[Task]:
    """Return one piece of work for each edited image that is asked for."""
    settings = state.settings
    _check_body(body, state)
    size = _size_of(body, settings)
    if not body.prompt:
        raise unreadable("prompt is missing: say what to change, such as 'add a bird'", "prompt")
    state.moderation.check_prompts(body.prompt)
    tell = _shown(state, on_image)

    def edited(number: int, seed: int) -> Answer:
        state.moderation.check_upload(image)
        result = model.edit(
            image,
            body.prompt,
            mask,
            seed=seed,
            on_image=None if tell is None else partial(tell, number),
            previews=body.partial_images,
            num_inference_steps=body.steps,
            guidance_scale=body.guidance_scale,
        )
        return _answer(state, _in_size(result, size), body, is_change=True)

    seeds = image_seeds(body.seed, None, body.n, 1)
    kept = [image] if mask is None else [image, mask]
    return [
        # All of them keep the same pictures.
        Task(owner, settings.request_seconds, partial(edited, number, seed), [] if number else kept)
        for number, seed in enumerate(seeds)
    ]


def variations_of(
    model: DALL_E, body: VariationBody, image: PILImage, owner: str, state: ServerState
) -> list[Task]:
    """Return one piece of work for each variation that is asked for."""
    settings = state.settings
    _check_body(body, state)
    size = _size_of(body, settings)
    if size and not size.is_square:
        raise unreadable(f"variations are square, got {body.size}", "size")

    state.moderation.check_prompts(body.prompt)

    def varied(seed: int) -> Answer:
        state.moderation.check_upload(image)
        results = model.variations(
            image,
            body.strength,
            prompt=body.prompt,
            num_images=1,
            seed=seed,
            transparent=body.background == "transparent",
            height=size.height if size else None,
            num_inference_steps=body.steps,
            guidance_scale=body.guidance_scale,
        )
        return _answer(state, results[0], body, svg=body.svg, is_change=True)

    first = fresh_seed() if body.seed is None else body.seed
    seeds = image_seeds(first, None, body.n, 1)
    return [
        Task(owner, settings.request_seconds, partial(varied, seed), [] if number else [image])
        for number, seed in enumerate(seeds)
    ]


# What is asked for


def _check_body(body: ImageBody, state: ServerState) -> None:
    """Raise Refusal 400 for more than the server gives, and for what no file can hold."""
    settings = state.settings
    if body.response_format == "url" and not state.gives_links:
        raise unreadable(
            "several servers answer here, and none has the pictures of the others: ask for "
            "b64_json instead of links",
            "response_format",
        )
    if body.n > settings.max_images:
        raise unreadable(
            f"n is {body.n}, of one request at most {settings.max_images} pictures are drawn", "n"
        )
    if body.background == "transparent" and body.output_format == "jpeg":
        raise unreadable(
            "a JPEG has no transparent background: take output_format png or webp", "output_format"
        )


def _size_of(body: ImageBody, settings: ServingConfig) -> Size | None:
    """The size that is asked for; None where it is left to the model."""
    if body.size == "auto":
        return None
    match = re.fullmatch(r"(\d{1,5})[xX*](\d{1,5})", body.size)
    if not match:
        raise unreadable(f"size is WIDTHxHEIGHT, such as 512x512, or auto, got {body.size}", "size")
    size = Size(int(match[1]), int(match[2]))
    for side in size:
        _checked_side(side, settings)
    if max(size) > _LONGEST_TO_SHORTEST * min(size):
        raise unreadable(
            f"one side may be {_LONGEST_TO_SHORTEST} times as long as the other at most, "
            f"got {body.size}",
            "size",
        )
    return size


def _check_shape(model: DALL_E, body: GenerationBody, size: Size | None) -> None:
    """Raise Refusal 400 for a shape that the model or the document cannot have."""
    if size is None or size.is_square:
        return
    if isinstance(model.config, PublishedConfig):
        raise unreadable(
            f"{model.config.name} draws square pictures: width {size.width} and height "
            f"{size.height} must be equal",
            "size",
        )
    if body.svg:
        raise unreadable(f"an SVG document is square, got {body.size}", "size")


def _checked_side(side: int | None, settings: ServingConfig) -> int | None:
    if side is not None and not _SHORTEST_SIDE <= side <= settings.max_side:
        raise unreadable(
            f"sides have {_SHORTEST_SIDE} to {settings.max_side} pixels here, got {side}", "size"
        )
    return side


def _check_words(body: GenerationBody, state: ServerState) -> None:
    """Raise Refusal 400 for words that the filters of the server refuse."""
    state.moderation.check_prompts(body.prompt)
    if body.plan is not None:
        state.moderation.check_plan(body.plan)
    # logits = u + s (c - u): with s below 1, u is drawn rather than steered away from.
    if body.guidance_scale is not None and body.guidance_scale < 1:
        state.moderation.check_prompts(body.negative_prompt)


def _shown(state: ServerState, on_image: OnImage | None) -> OnImage | None:
    """What is told of images on the way: those that the filters let pass."""
    if on_image is None:
        return None

    def tell(number: int, image: PILImage) -> None:
        if state.moderation.allows_image(image):
            on_image(number, image)

    return tell


def _numbered(
    state: ServerState, on_image: OnImage | None, number: int
) -> Callable[[int, int, PILImage], None] | None:
    """What the engine calls with an image on the way: the same with its number."""
    shown = _shown(state, on_image)
    if shown is None:
        return None

    def tell(done: int, total: int, image: PILImage) -> None:
        shown(number, image)

    return tell


# What is made of it


def _drawn(
    state: ServerState,
    model: DALL_E,
    body: GenerationBody,
    size: Size | None,
    image: GeneratedImage,
) -> Answer:
    """The answer of a finished image."""
    drawn = DrawnImage.of(image.pixels, image.metadata, svg=image.svg)
    if size and not size.is_square:
        drawn = _enlarged(model, drawn, size)
    return _answer(state, drawn, body, svg=body.svg)


def _answer(
    state: ServerState,
    image: DrawnImage,
    body: ImageBody,
    *,
    svg: bool = False,
    is_change: bool = False,
) -> Answer:
    """An image as its client gets it. Raises Refusal 400 for one that the filters refuse."""
    state.moderation.check_image(image)
    return answer_of(image, body, svg=svg, credentials=state.credentials, is_change=is_change)


def _enlarged(model: DALL_E, drawn: DrawnImage, size: Size) -> DrawnImage:
    """A square image on a canvas of another shape, on which its ground goes on."""
    across, down = size.width - drawn.width, size.height - drawn.height
    left, top = across // 2, down // 2
    wide = model.outpaint(drawn, left=left, right=across - left, top=top, bottom=down - top)
    return DrawnImage.of(wide, {**texts_of(drawn.info), **texts_of(wide.info)})


def _in_size(image: DrawnImage, size: Size | None) -> DrawnImage:
    """An edited image in the size that is asked for, if it has that shape; else in its own."""
    if size is None or size == image.size or size.width * image.height != size.height * image.width:
        return image
    return DrawnImage.of(resize(image, *size), texts_of(image.info))
