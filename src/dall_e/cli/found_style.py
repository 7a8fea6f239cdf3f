"""What `dall-e finetune` does with few pictures of one style: it finds it, and trains nothing."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dall_e.checkpoints.known_models import BUILT_IN

if TYPE_CHECKING:
    from dall_e.images.restyling.fitting import StyleFit

_MOST_IMAGES = 200
"""Of more, a network learns a style better than rules find it."""


def may_find_style(folder: Path, model: str) -> bool:
    """Whether a folder has so few pictures, and a model plans, so that a style is looked for."""
    from dall_e.checkpoints.store import VOCABULARY_FILE
    from dall_e.data.counting import count_up_to

    has_names = model == BUILT_IN or (Path(model) / VOCABULARY_FILE).is_file()
    return has_names and 0 < count_up_to(folder, _MOST_IMAGES) <= _MOST_IMAGES


def found_style(
    folder: Path, model: str, out: Path, style: str, *, must: bool, dry_run: bool
) -> bool:
    """Find the style of a folder, and write the model that draws in it.

    must: raise ValueError where none is found; else it is said why, and False is returned, as for
    captions that name no style. dry_run: only say what would be done.
    """
    from dall_e import DALL_E
    from dall_e.data.datasets import load_all_images
    from dall_e.images.effects.vectors import SIDE
    from dall_e.runtime import is_main_process

    images = load_all_images(folder, SIDE)
    captions = [_captions(record) for record in images.records]
    name = style or _shared(captions, images.records)
    if not name and not must:
        return False
    if dry_run:
        print(f"dall-e: would find the style {name or 'that captions name'} in {len(images)} "
              "pictures, in less than a minute, and train nothing")  # fmt: skip
        return True
    if not is_main_process():
        return True

    start = time.monotonic()
    loaded = DALL_E.from_pretrained(model)
    try:
        fit = loaded.learn_style_of(list(images.images_NCHW.numpy()), captions, name or None, _tell)
    except ValueError as error:
        if must:
            raise
        print(f"dall-e: {error}", file=sys.stderr)
        return False
    loaded.save_pretrained(out)
    print(_said(fit, len(images), time.monotonic() - start), file=sys.stderr)
    print(out)
    return True


def _captions(record: dict[str, Any]) -> list[str]:
    """What a picture is called: by its maker, or by its data set in both languages."""
    if "text" in record:
        return [str(caption) for caption in record.get("captions") or [record["text"]]]
    return [str(record[field]) for field in ("en", "zh") if record.get(field)]


def _shared(captions: list[list[str]], records: list[dict[str, Any]]) -> str:
    """The style that captions name, or that a data set says of all of its pictures."""
    from dall_e.text.shared_style import shared_style

    said = {str(record.get("style_en", "")) for record in records}
    if len(said) == 1 and (only := said.pop()):
        return only
    return shared_style([caption for each in captions for caption in each]).name


def _tell(what: str) -> None:
    print(f"dall-e: {what}", file=sys.stderr, flush=True)


def _said(fit: StyleFit, count: int, seconds: float) -> str:
    """What was found, in words."""
    left = max(fit.after - fit.within, 0) / max(fit.before - fit.within, 1e-6)
    return (
        f"dall-e: found {fit.style.name} in {count} pictures, {fit.pairs} of things that the model "
        f"draws, too, in {seconds:.0f} s: {fit.style.describe()}; so redrawn, its own drawings "
        f"lose {1 - left:.0%} of what tells them from the pictures"
    )
