"""The last step of a picture: its drawings put together, painted and styled, as a PIL image.

Shapes: C H W channels (4, premultiplied RGBA), rows and columns; S the side of the picture.
"""

from __future__ import annotations

import reprlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from torch import Tensor

from dall_e.config import ModelConfig
from dall_e.config.published import PublishedConfig
from dall_e.images.effects.catalogue import is_drawn_in_groups, styled_pixels
from dall_e.images.files import ImageArray, PILImage, from_pil, resize, to_pil, to_uint8
from dall_e.images.painting import painted_svg, svg_image
from dall_e.images.restyling.fitted_style import FittedStyle
from dall_e.images.restyling.redrawing import needs_pixels, redrawn_pixels
from dall_e.inference.request import GenerationRequest
from dall_e.planning.drawing_jobs import DrawingJob
from dall_e.planning.placed_plan import PlacedPlan
from dall_e.planning.style_words import effect_named, fitted_named, style_table
from dall_e.planning.tiling import mirrored_tile, tiled
from dall_e.planning.vocabulary import Vocabulary


class FinishedImage(NamedTuple):
    """The picture of a job, and what it was painted from."""

    pixels: PILImage
    svg: str = ""
    """The document that it was painted from; "" where pixels are all there is."""
    placed: PlacedPlan | None = None
    """The plan with the boxes of everything; None if nothing was painted."""


def finished_image(
    request: GenerationRequest,
    job: DrawingJob,
    drawings: Sequence[Tensor],
    curves: Sequence[str] = (),
    fitted: FittedStyle | None = None,
) -> FinishedImage:
    """Return the picture of a job from its drawings, [4, H, W] in [0, 1].

    curves: of each drawing, where they are known (`images/curves.py`), else "". fitted: the style
    of its plan, if that was found in pictures.
    """
    plan, size, transparent = job.plan, request.size, request.transparent
    arrays = [to_uint8(x_CHW) for x_CHW in drawings]
    if request.tile:
        return tiled_image(request, job, arrays, curves, fitted)

    # Effects on groups need areas, however else the model's pictures are finished.
    is_in_groups = is_drawn_in_groups(plan.style) or fitted is not None
    if request.finish == "crisp" or is_in_groups:
        vectors = plan.vectors(arrays, curves)
        placed = plan.settle(vectors, prompt=job.text, seed=job.seed, size=size)
        svg = placed.document(
            vectors, title=job.text, size=size, ground=not transparent, fitted=fitted
        )
        if _is_done_in_groups(plan.style, fitted):
            return FinishedImage(svg_image(svg, size, transparent=transparent), svg, placed)
        pixels = _styled(painted_svg(svg, size).transpose(2, 0, 1), request, job, fitted)
        return FinishedImage(pixels, placed=placed)
    if not plan.is_whole:
        return FinishedImage(_styled(plan.render(arrays, size, job.seed), request, job))

    image = to_pil(arrays[0], transparent=transparent or bool(plan.style))
    image = image if size == image.width else resize(image, size, size)
    return FinishedImage(_styled(from_pil(image), request, job) if plan.style else image)


def tiled_image(
    request: GenerationRequest,
    job: DrawingJob,
    arrays: Sequence[ImageArray],
    curves: Sequence[str] = (),
    fitted: FittedStyle | None = None,
) -> FinishedImage:
    """Return the things of a job as a texture.

    A drawing that fills its picture, and a place without things, is mirrored; that has no document.
    """
    plan, size, transparent = job.plan, request.size, request.transparent
    corners = [array_CHW[3, [0, 0, -1, -1], [0, -1, 0, -1]].min() for array_CHW in arrays]
    if arrays and max(corners) < 255:
        vectors = plan.vectors(arrays, curves)
        placed = plan.settle(vectors, prompt=job.text, seed=job.seed, size=size)
        placed = tiled(placed, request.tile, job.seed)
        svg = placed.document(vectors, title=job.text, size=size, ground=False, fitted=fitted)
        if _is_done_in_groups(plan.style, fitted):
            return FinishedImage(svg_image(svg, size, transparent=transparent), svg)
        pixels_CSS = painted_svg(svg, size).transpose(2, 0, 1)
        return FinishedImage(_styled(pixels_CSS, request, job, fitted))

    if plan.is_whole:
        whole_CSS = from_pil(resize(to_pil(arrays[0], transparent=True), size, size))
    else:
        whole_CSS = plan.render(arrays, size, job.seed)
    tile_SSC = mirrored_tile(np.ascontiguousarray(whole_CSS.transpose(1, 2, 0)), request.tile)
    tile_CSS = np.ascontiguousarray(tile_SSC.transpose(2, 0, 1))
    if plan.style:
        return FinishedImage(_styled(tile_CSS, request, job))
    return FinishedImage(to_pil(tile_CSS, transparent=transparent))


def _is_done_in_groups(style: str, fitted: FittedStyle | None) -> bool:
    """Whether nothing of a style is left to do once a document is painted."""
    return not needs_pixels(fitted) if fitted else not style or is_drawn_in_groups(style)


def _styled(
    whole_CSS: ImageArray,
    request: GenerationRequest,
    job: DrawingJob,
    fitted: FittedStyle | None = None,
) -> PILImage:
    """A finished picture with the style of its plan, if that is one on pixels."""
    whole_SSC = np.ascontiguousarray(whole_CSS.transpose(1, 2, 0))
    ground = not request.transparent
    if fitted:
        styled_SSC = redrawn_pixels(whole_SSC, fitted, job.seed, ground=ground)
    else:
        styled_SSC = styled_pixels(whole_SSC, job.plan.style, job.seed, ground=ground)
    return to_pil(styled_SSC.transpose(2, 0, 1), transparent=request.transparent)


def checked_style(
    style: str | None, config: ModelConfig | PublishedConfig, vocabulary: Vocabulary | None
) -> str:
    """The name of the style that is asked for; empty for none.

    Raises ValueError for one that neither the program nor the model has, and for any of a model of
    another project, which reads styles as words of the prompt.
    """
    if style is None or style == "":
        return ""
    if not isinstance(style, str):
        raise ValueError(f"style must be a text, got {reprlib.repr(style)}")
    if not isinstance(config, ModelConfig):
        raise ValueError(f"{config.name} reads styles in the prompt: say {style!r} there")
    fitted = fitted_named(style, vocabulary)
    if fitted:
        return fitted
    learned = vocabulary.styles if vocabulary is not None else ()
    for names in learned:
        if style.lower() in [name.lower() for name in names]:
            return names[0]
    effect = effect_named(style)
    if not effect:
        # A learned style may be called without its last word: crayon is "crayon style".
        for names in learned:
            if f"{style.lower()} style" == names[0].lower() or f"{style}风格" == names[1]:
                return names[0]
        own = vocabulary.fitted if vocabulary is not None else ()
        known = ", ".join((*own, *style_table(), *(name for name, _ in learned)))
        raise ValueError(f"style {style!r} is not known; `dall-e styles` lists these: {known}")
    return effect
