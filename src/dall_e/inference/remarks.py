"""What a caller is told of a drawing: words that were not read, a picture that is blank."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Mapping, Sequence

from dall_e.errors import DallEWarning
from dall_e.images.files import PILImage, shows_nothing
from dall_e.planning.drawing_jobs import DrawingJob
from dall_e.planning.plan import Plan

_INSIDE = ("dall_e", "torch")
_MOST_WORDS = 12
_LONGEST_WORD = 40
"""In characters, as are all that follow."""
_LONGEST_PROMPT = 80


def remark(message: str, *, strict: bool) -> None:
    """Warn whoever called this package; in a strict call, raise a ValueError instead."""
    if strict:
        raise ValueError(message)
    # Beside this package, torch: once a model was compiled, it stands before each call.
    level, frame = 1, sys._getframe()
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] in _INSIDE:
        level, frame = level + 1, frame.f_back
    warnings.warn(message, DallEWarning, stacklevel=level)


def remark_on_prompts(
    jobs: Sequence[DrawingJob],
    losses: Mapping[str, str],
    negatives: Sequence[str],
    *,
    strict: bool,
) -> None:
    """Say in one line for each prompt what of it is not read.

    losses: what the text network had no room or no pieces for, by what it read. Raises ValueError
    for the first such prompt of a strict call.
    """
    plans = {job.text: job.plan for job in jobs}
    for prompt, plan in plans.items():
        lost = dict.fromkeys(losses[part] for part in plan.prompts if part in losses)
        told = [*filter(None, [unread_in_words(prompt, plan)]), *lost]
        if told:
            remark("; ".join(told), strict=strict)
    for negative in dict.fromkeys(negatives):
        if negative in losses:
            remark(f"of the negative prompt: {losses[negative]}", strict=strict)


def unread_in_words(prompt: str, plan: Plan) -> str:
    """What of a prompt is not in its picture, or is another thing, in one line.

    Empty if nothing is missing.
    """
    unread, parse = plan.unread, plan.parse
    if parse is None or not (unread or parse.mended or parse.nearest):
        return ""

    told = [f"took {was!r} for {now!r}" for was, now in parse.mended]
    if parse.nearest:
        drawn = ", ".join(near.in_words() for near in parse.nearest)
        told.append(f"of {_shown(prompt, _LONGEST_PROMPT)} this model has no picture: it {drawn}")
    style = "" if plan.is_whole else parse.refused_style
    words = [word for word in unread if word != style]
    if words:
        # Words of other scripts, and prompts of which nothing was read, are of other languages.
        is_foreign = parse.scene is None or not all(word.isascii() for word in words)
        who = "this model reads English and Chinese; " if is_foreign else ""
        it = "it" if is_foreign else "this model"
        told.append(f"{who}of {_shown(prompt, _LONGEST_PROMPT)} {it} did not read: {_list(words)}")
    if style:
        where = (
            "" if words or parse.mended else f", which {_shown(prompt, _LONGEST_PROMPT)} asks for"
        )
        told.append(
            f"the style {style!r}{where} is not available: the picture is in the model's own"
        )
    return "; ".join(told)


def check_not_blank(image: PILImage, job: DrawingJob, *, strict: bool) -> None:
    """Say that an image shows nothing. Raises ValueError in a strict call."""
    if shows_nothing(image):
        prompt = _shown(job.text, _LONGEST_PROMPT)
        remark(
            f"the picture of {prompt} with seed {job.seed} is blank: try another seed or other "
            "words",
            strict=strict,
        )


def _list(words: Sequence[str]) -> str:
    shown = ", ".join(_shown(word, _LONGEST_WORD) for word in words[:_MOST_WORDS])
    more = len(words) - _MOST_WORDS
    return f"{shown} and {more} more" if more > 0 else shown


def _shown(text: str, longest: int) -> str:
    """A text in quotes and in one line, without the end of a long one."""
    return repr(text if len(text) <= longest else f"{text[: longest - 3]}...")
