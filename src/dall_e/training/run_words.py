"""The text tokenizer of a run: kept in its folder, taken over, or made from the captions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from dall_e.checkpoints.run_files import load_text_tokenizer
from dall_e.checkpoints.store import TEXT_FILE
from dall_e.text.tokenizer import TextTokenizer
from dall_e.training.tracking import announce


def text_tokenizer_of_run(
    folder: Path | None,
    taken_from: str,
    captions: Callable[[], Iterable[str]],
    vocab_size: int,
) -> TextTokenizer:
    """The one in the run folder, else that of the folder to take it from, else a new one.

    It is kept in the run folder; without one, nothing is written. A new one is made from `captions`
    and has at most `vocab_size` entries. Raises ValueError for a damaged file, with the mend, and
    for a folder to take from that has none.
    """
    path = folder / TEXT_FILE if folder else None
    if path and path.exists():
        try:
            return TextTokenizer.load(path)
        except ValueError as error:
            raise ValueError(
                f"{error}; delete it, and it is made again from the captions"
            ) from error

    if taken_from:
        tokenizer = load_text_tokenizer(taken_from)
    else:
        announce("learning words from the captions")
        tokenizer = TextTokenizer.train(captions(), vocab_size)
    if path:
        tokenizer.save(path)
    return tokenizer
