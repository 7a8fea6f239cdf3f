"""A part of a picture is redrawn, and nothing else.

    what lies within    is taken out, and the colours around it close the hole
    paste               the part is drawn whole and put into the selection
    tokens              the tokens of the selection are drawn anew, the others are known

A model that knows things by name draws them whole and well, but it fits half of a thing to another
half badly, so it pastes. Tokens are for models of one's own, trained on pictures of one kind.

Shapes: H W rows and columns of the picture, h w those of a window, C 4 channels (premultiplied
RGBA), N tokens.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
import torch

from dall_e.config import SamplingConfig
from dall_e.editing.drawing import as_canvas, draw_part, is_place, new_part, whole_settings
from dall_e.editing.instructions import Instruction
from dall_e.images.blending import (
    allowed,
    blended_edge,
    covering,
    fitted,
    over,
    premultiplied,
    put_into,
)
from dall_e.images.colour import largest_colour, recoloured
from dall_e.images.compositing import Canvas, resized
from dall_e.images.files import PILImage
from dall_e.images.holes import filled, held_within, things_within
from dall_e.images.selections import Box, UInt8, border_of, bounds_of, grown, is_box
from dall_e.inference.engine import Engine
from dall_e.inference.image_tokens import image_tokens
from dall_e.inference.partial_images import PartialImages
from dall_e.planning.renderer import sprite_of
from dall_e.sampling.decode import KnownTokens

Method = Literal["paste", "tokens"]

_TOUCHED = 8
"""A token is drawn anew if the selection, 0 to 255, has this mean in its patch."""
_CONTEXT = 2.0
"""Side of the window that is redrawn by tokens, as a multiple of the selection's."""
_LEAST_THING = 0.02
"""What lies within a selection is a thing if it fills this fraction of it."""


@dataclass(frozen=True, kw_only=True)
class Edit:
    """One change of one picture, with every value checked."""

    instruction: Instruction
    selected_HW: UInt8
    """What may change."""
    seed: int
    sampling: SamplingConfig
    method: Method = "paste"
    finish: str | None = None
    style: str | None = None
    thing_HW: UInt8 | None = None
    """The thing that is there now, if it is known which pixels are its own."""
    behind_HWC: Canvas | None = None
    """The picture without it, if that is known."""
    shown: str = ""
    """The prompt of the picture as it is, if it is known."""
    on_image: Callable[[PILImage], bool | None] | None = None
    """Sees the edited picture while its part is drawn; True stops the drawing."""
    previews: int = 0
    """How often, at most."""


def edited(engine: Engine, image: PILImage, edit: Edit) -> PILImage:
    """Return a picture in mode RGB or RGBA with one change, in its own size and mode.

    Pixels outside of the selection and its border are the same, bit for bit. Raises ValueError
    where there is nothing to recolour, and as a drawing does.
    """
    if edit.instruction.kind == "remove":
        ground, _ = _cleared(image, edit, everything=True)
        return ground
    if edit.instruction.kind == "recolour":
        return _recoloured(image, edit)
    if edit.method == "tokens":
        return _redrawn(engine, image, edit)
    return _pasted(engine, image, edit)


# Removing and recolouring


def _cleared(image: PILImage, edit: Edit, *, everything: bool) -> tuple[PILImage, Canvas]:
    """The picture without what lies within the selection, also as a canvas.

    everything: takes out all that is selected if no thing lies within.
    """
    canvas_HWC, selected_HW = premultiplied(image), edit.selected_HW
    if edit.behind_HWC is not None and edit.thing_HW is not None:
        without = put_into(image, edit.behind_HWC, edit.thing_HW)
        return without, premultiplied(without)

    if everything:
        hole_HW, ground_HW = _held(canvas_HWC, edit)
    else:
        hole_HW, ground_HW = _hole(canvas_HWC, edit), None
    if not hole_HW.any() or (not everything and (hole_HW >= 128).all()):
        return image, canvas_HWC
    border = border_of(selected_HW)
    closed_HWC = filled(canvas_HWC, grown(hole_HW, border), ground_HW)
    weight_HW = np.minimum(blended_edge(hole_HW, border), allowed(selected_HW))
    result = put_into(image, closed_HWC, weight_HW)
    return result, premultiplied(result)


def _hole(canvas_HWC: Canvas, edit: Edit) -> UInt8:
    """What gives way to a drawing: things in a box; all of a mask that somebody painted."""
    if edit.thing_HW is not None:
        return edit.thing_HW
    selected_HW = edit.selected_HW
    if not is_box(selected_HW):
        return selected_HW
    hole_HW = things_within(canvas_HWC, selected_HW)
    is_thing = np.count_nonzero(hole_HW) >= _LEAST_THING * np.count_nonzero(selected_HW)
    return hole_HW if is_thing else np.zeros_like(hole_HW)


def _held(canvas_HWC: Canvas, edit: Edit) -> tuple[UInt8, UInt8 | None]:
    """What is selected, of a box what it holds; and the ground around it, where that is known."""
    if edit.thing_HW is not None or not is_box(edit.selected_HW):
        return _hole(canvas_HWC, edit), None
    held_HW, ground_HW = held_within(canvas_HWC, edit.selected_HW)
    return (held_HW, ground_HW) if held_HW.any() else (edit.selected_HW, None)


def _recoloured(image: PILImage, edit: Edit) -> PILImage:
    """The main colour of what is selected becomes another."""
    canvas_HWC, selected_HW = premultiplied(image), edit.selected_HW
    thing_HW, _ = _held(canvas_HWC, edit)
    left, top, right, bottom = bounds_of(thing_HW)
    part_hwC = canvas_HWC[top:bottom, left:right]
    seen_hwC = part_hwC.copy()
    seen_hwC[thing_HW[top:bottom, left:right] < 128] = 0

    main = largest_colour(seen_hwC)
    if main is None:
        raise ValueError("what is selected shows nothing: there is no colour to change")
    canvas_HWC[top:bottom, left:right] = recoloured(part_hwC, main, edit.instruction.what)
    weight_HW = np.minimum(blended_edge(thing_HW, 2), allowed(selected_HW))
    return put_into(image, canvas_HWC, weight_HW)


# Drawing


def _pasted(engine: Engine, image: PILImage, edit: Edit) -> PILImage:
    """The part is drawn whole; what it replaces is taken out first."""
    selected_HW = edit.selected_HW
    prompt = edit.instruction.what
    if not edit.instruction.whole:
        prompt = new_part(prompt, engine.vocabulary, edit.shown)
    left, top, right, bottom = bounds_of(selected_HW)
    side = max(right - left, bottom - top)
    partial = _previews(edit, lambda part: _with_part(image, edit, sprite_of(as_canvas(part))))
    drawing_hwC = draw_part(
        engine, prompt, edit.seed, side, edit.sampling, edit.finish, edit.style, partial
    )
    return _with_part(image, edit, drawing_hwC)


def _with_part(image: PILImage, edit: Edit, drawing_hwC: Canvas) -> PILImage:
    """The picture with a drawing in the place of what is selected."""
    selected_HW = edit.selected_HW
    if is_place(drawing_hwC):
        wide_HW = grown(selected_HW, border_of(selected_HW))
        changed_HWC = over(covering(drawing_hwC, wide_HW), premultiplied(image))
        return put_into(image, changed_HWC, allowed(selected_HW))

    ground, canvas_HWC = _cleared(image, edit, everything=False)
    is_painted = edit.thing_HW is None and not is_box(selected_HW)
    sprite_HWC = fitted(drawing_hwC, selected_HW, stands=not is_painted)
    return put_into(ground, over(sprite_HWC, canvas_HWC), allowed(selected_HW))


def _previews(edit: Edit, finish: Callable[[PILImage], PILImage]) -> PartialImages | None:
    """What shows the edited picture on the way; None where nobody looks.

    finish: makes the picture of the part as it is so far.
    """
    on_image = edit.on_image
    if on_image is None or not edit.previews:
        return None

    def show(done: int, total: int, part: PILImage) -> bool | None:
        return on_image(finish(part))

    # The last of the steps that are evenly spread is the finished picture.
    return PartialImages(show, edit.previews + 1)


def _redrawn(engine: Engine, image: PILImage, edit: Edit) -> PILImage:
    """The tokens that the selection touches are drawn anew in a square window around it."""
    selected_HW = edit.selected_HW
    window = _window(selected_HW)
    side = window[2] - window[0]
    cropped = image.convert("RGBA").crop(window)
    mask_hw = _cropped(selected_HW, window)

    tokenizer = engine.networks.tokenizer
    own_side = tokenizer.config.image_size
    grid = own_side // tokenizer.config.patch_size
    touched_hw = cv2.resize(mask_hw, (grid, grid), interpolation=cv2.INTER_AREA) >= _TOUCHED
    codes_1N = image_tokens(engine.config, engine.networks, cropped)
    known_1N = torch.from_numpy(~touched_hw.ravel())[None].to(codes_1N.device)
    known = KnownTokens(codes_1N, known_1N) if known_1N.any() else None

    request = engine.request(
        edit.instruction.what,
        seed=edit.seed,
        height=max(own_side, min(side, 4 * own_side)),
        transparent=True,
        sampling=whole_settings(edit.sampling),
        finish=edit.finish or "soft",
        known=known,
        refuses_blots=False,
    )
    partial = _previews(edit, lambda part: _with_window(image, edit, window, as_canvas(part)))
    (drawn,) = engine.generate(request, partial=partial)
    return _with_window(image, edit, window, as_canvas(drawn.pixels))


def _with_window(image: PILImage, edit: Edit, window: Box, drawn_hwC: Canvas) -> PILImage:
    """The picture with a square window drawn anew, where it is selected."""
    left, top, right, bottom = window
    side = right - left
    selected_HW = edit.selected_HW
    canvas_HWC = premultiplied(image)
    height, width = selected_HW.shape
    changed_HWC = canvas_HWC.copy()
    inside = np.s_[max(top, 0) : min(bottom, height), max(left, 0) : min(right, width)]
    offset = np.s_[
        max(top, 0) - top : min(bottom, height) - top,
        max(left, 0) - left : min(right, width) - left,
    ]
    changed_HWC[inside] = resized(drawn_hwC, side, side)[offset]
    if image.mode == "RGB":
        changed_HWC = over(changed_HWC, np.full_like(changed_HWC, 255))
    return put_into(image, changed_HWC, allowed(selected_HW))


def _window(selected_HW: UInt8) -> Box:
    """A square around a selection with what is around it; it may reach out of the picture."""
    height, width = selected_HW.shape
    left, top, right, bottom = bounds_of(selected_HW)
    longest = max(right - left, bottom - top)
    side = max(longest, min(round(_CONTEXT * longest), max(height, width)))
    starts = [
        min(max((start + end - side) // 2, 0), max(length - side, (length - side) // 2))
        for start, end, length in ((left, right, width), (top, bottom, height))
    ]
    return starts[0], starts[1], starts[0] + side, starts[1] + side


def _cropped(selected_HW: UInt8, window: Box) -> UInt8:
    """A selection in a window; nothing is selected beyond the picture."""
    height, width = selected_HW.shape
    left, top, right, bottom = window
    result_hw = np.zeros((bottom - top, right - left), dtype=np.uint8)
    rows = slice(max(top, 0), min(bottom, height))
    columns = slice(max(left, 0), min(right, width))
    result_hw[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left] = (
        selected_HW[rows, columns]
    )
    return result_hw
