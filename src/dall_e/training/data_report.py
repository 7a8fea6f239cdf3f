"""What a run is trained on: said in one paragraph at its start, and compared when it is resumed."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

from dall_e.data.datasets import ImageSet, Record
from dall_e.data.token_shards import TokenSet
from dall_e.errors import DallEWarning
from dall_e.text.tokenizer import TextTokenizer
from dall_e.training.run_folder import RunData, check_same_data


def report_data(
    run_folder: str, images: ImageSet | TokenSet, held_out: ImageSet | TokenSet | None = None
) -> RunData:
    """Say what was read and what was not, and compare it with what the run was begun with.

    Raises ValueError if the run folder holds a run on other pictures or captions.
    """
    data = run_data(images, held_out)
    inventory = images.inventory
    parts = [f"{len(images):,} pictures to train on"]
    if held_out is not None:
        inventory = inventory.with_losses_of(held_out.inventory)
        parts.append(f"{len(held_out):,} to measure with")
    print("; ".join([", ".join(parts), inventory.used()]).rstrip("; "), file=sys.stderr)

    problems = inventory.losses()
    if problems:
        told = f"{inventory.root}: {problems}; `dall-e data check` names all of it"
        warnings.warn(told, DallEWarning, stacklevel=2)
    check_same_data(Path(run_folder), data)
    return data


def run_data(images: ImageSet | TokenSet, held_out: ImageSet | TokenSet | None = None) -> RunData:
    """What tells the pictures and captions of a run from others."""
    return RunData(
        fingerprint=" ".join(part.fingerprint for part in (images, held_out) if part).strip(),
        images=len(images),
        held_out=len(held_out or ()),
    )


def report_cut_captions(
    records: Sequence[Record], tokenizer: TextTokenizer, max_tokens: int
) -> None:
    """Warn of captions that people wrote and that do not fit into the text encoder."""
    captions = list(
        dict.fromkeys(
            caption
            for record in records
            if "text" in record
            for caption in record.get("captions") or [record["text"]]
        )
    )
    dropped = tokenizer.encode(captions, max_tokens).dropped if captions else []
    cut = [(caption, end) for caption, end in zip(captions, dropped, strict=True) if end]
    if cut:
        caption, end = cut[0]
        warnings.warn(
            f"{len(cut):,} of {len(captions):,} captions are longer than {max_tokens - 2} tokens "
            f"and are cut; {caption[:40]!r}... loses {end[:60]!r}",
            DallEWarning,
            stacklevel=2,
        )
