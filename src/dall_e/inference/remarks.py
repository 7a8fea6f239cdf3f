"""What a caller is told of a drawing: words that were not read, a picture that is blank."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from dall_e.errors import DallEWarning
from dall_e.images.files import PILImage, shows_nothing
from dall_e.planning.drawing_jobs import DrawingJob
from dall_e.planning.plan import Plan
from dall_e.text.language import Language, is_chinese

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


def unread_in_words(prompt: str, plan: Plan, language: Language = "en") -> str:
    """What of a prompt is not in its picture, or is another thing, in one line.

    Empty if nothing is missing.
    """
    unread, parse = plan.unread, plan.parse
    if parse is None or not (unread or parse.mended or parse.nearest):
        return ""

    said = _SAID[language]
    shown = _shown(prompt, _LONGEST_PROMPT, said)
    told = [said.mended.format(was=was, now=now) for was, now in parse.mended]
    if parse.nearest:
        drawn = said.comma.join(near.in_words(language) for near in parse.nearest)
        told.append(said.nearest.format(prompt=shown, drawn=drawn))
    style = "" if plan.is_whole else parse.refused_style
    words = [word for word in unread if word != style]
    if words:
        # Words of other scripts, and prompts of which nothing was read, are of other languages.
        is_foreign = parse.scene is None or not all(word.isascii() for word in words)
        if language == "zh":
            is_foreign = not any(word.isascii() or is_chinese(word) for word in words)
        unread_said = said.foreign if is_foreign else said.unread
        told.append(unread_said.format(prompt=shown, words=_list(words, said)))
    if style:
        where = "" if words or parse.mended else said.where.format(prompt=shown)
        told.append(said.style.format(style=style, where=where))
    return said.semicolon.join(told)


class _Said(NamedTuple):
    """How it is said in one language; the names of values are in brackets."""

    quoted: str
    mended: str
    nearest: str
    unread: str
    foreign: str
    where: str
    style: str
    more: str
    comma: str
    semicolon: str


_SAID: dict[Language, _Said] = {
    "en": _Said(
        quoted="{text!r}",
        mended="took {was!r} for {now!r}",
        nearest="of {prompt} this model has no picture: it {drawn}",
        unread="of {prompt} this model did not read: {words}",
        foreign="this model reads English and Chinese; of {prompt} it did not read: {words}",
        where=", which {prompt} asks for",
        style="the style {style!r}{where} is not available: the picture is in the model's own",
        more="{words} and {number} more",
        comma=", ",
        semicolon="; ",
    ),
    "zh": _Said(
        quoted="“{text}”",
        mended="把“{was}”当作“{now}”",
        nearest="{prompt} 里有模型没见过的：{drawn}",
        unread="{prompt} 里没有读懂：{words}",
        foreign="模型只读中文和英文；{prompt} 里没有读懂：{words}",
        where="（{prompt} 所要的）",
        style="没有“{style}”这种风格{where}：图用模型自己的风格",
        more="{words} 等，还有 {number} 个",
        comma="，",
        semicolon="；",
    ),
}


def check_not_blank(image: PILImage, job: DrawingJob, *, strict: bool) -> None:
    """Say that an image shows nothing. Raises ValueError in a strict call."""
    if shows_nothing(image):
        prompt = _shown(job.text, _LONGEST_PROMPT, _SAID["en"])
        remark(
            f"the picture of {prompt} with seed {job.seed} is blank: try another seed or other "
            "words",
            strict=strict,
        )


def _list(words: Sequence[str], said: _Said) -> str:
    shown = said.comma.join(_shown(word, _LONGEST_WORD, said) for word in words[:_MOST_WORDS])
    more = len(words) - _MOST_WORDS
    return said.more.format(words=shown, number=more) if more > 0 else shown


def _shown(text: str, longest: int, said: _Said) -> str:
    """A text in quotes and in one line, without the end of a long one."""
    short = text if len(text) <= longest else f"{text[: longest - 3]}..."
    return said.quoted.format(text=short)
