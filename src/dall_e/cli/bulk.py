"""Many prompts into a folder or to a URL: `dall-e generate --cluster`, or `--out URL` alone."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from dall_e.checkpoints.known_models import locate
from dall_e.cli.options import load
from dall_e.cli.output import steady_output
from dall_e.cli.paths import absolute
from dall_e.cli.prompts import Asked
from dall_e.inference.validation import RANDOM_SEED, SEEDS, fresh_seed

if TYPE_CHECKING:
    from dall_e.images.credentials import Credentials
    from dall_e.serving.bulk import Line


@dataclass(frozen=True, kw_only=True)
class HowDrawn:
    """What is the same for all lines."""

    model: Mapping[str, Any]
    """Arguments of `load`."""
    keywords: Mapping[str, Any]
    """Of a call of the model."""
    sampling: Mapping[str, Any]
    suffix: str
    credentials: Credentials | None


def is_url(out: str) -> bool:
    """Whether pictures go to an address instead of a file."""
    return "://" in out


def check_bulk(given: Mapping[str, Any], out: str, *, on_cluster: bool = True) -> None:
    """Raise ValueError for flags that mean nothing in a bulk job, by name, and without --out."""
    others = [name for name, value in given.items() if value]
    if others:
        what = "--cluster draws" if on_cluster else "to a URL goes"
        raise ValueError(f"{what} one picture of each line: leave out {', '.join(others)}")
    if not out:
        raise ValueError("--cluster writes many pictures: give a folder or a URL with --out")


def draw_bulk(
    asked: Sequence[Asked],
    out: str,
    how: HowDrawn,
    *,
    seed: int | None,
    force: bool,
    num_workers: int | None,
) -> None:
    """Draw what is asked for that is not there yet, and print where each picture is.

    num_workers: of a cluster, as many as there is room for if 0; None draws in this process.
    Raises ValueError at the end if lines could not be drawn.
    """
    from dall_e.serving.bulk import (
        BulkJob,
        draw_here,
        draw_on_cluster,
        first_seed_of,
        lines_to_draw,
    )
    from dall_e.serving.targets import Target

    # A misspelt name is found before a cluster is.
    locate(how.model["name"], how.model["variant"])
    first = seed
    if first in (None, RANDOM_SEED):
        begun = None if force else first_seed_of(out)
        first = fresh_seed() if begun is None else begun
    assert first is not None
    lines = _lines_of(asked, first, how.suffix)
    job = BulkJob(
        load=partial(load, **{**how.model, "name": absolute(how.model["name"])}),
        how={"model": dict(how.model), "seed": first, **how.keywords, **how.sampling},
        keywords=how.keywords,
        sampling=how.sampling,
        suffix=how.suffix,
        target=out if is_url(out) else str(Path(out).absolute()),
        credentials=how.credentials,
        num_workers=num_workers or 0,
    )
    left = lines_to_draw(job, lines, anew=force)
    if len(left) < len(lines):
        print(f"dall-e: {len(lines) - len(left)} of {len(lines)} are there", file=sys.stderr)
    place = Target(out).place_of
    num_failed = 0
    # Ray tells of workers that died on standard output, where the paths belong.
    with steady_output(sys.stdout) as say, contextlib.redirect_stdout(sys.stderr):
        draw = draw_here if num_workers is None else draw_on_cluster
        for name, error in draw(job, left):
            if error:
                num_failed += 1
                print(f"dall-e: {name} was not drawn: {error}", file=sys.stderr)
            else:
                say(place(name))
    if num_failed:
        raise ValueError(f"{num_failed} of {len(lines)} pictures were not drawn")


def _lines_of(asked: Sequence[Asked], first: int, suffix: str) -> list[Line]:
    """The pictures of a job: seeds count on from `first`, but for lines with one of their own.

    Raises ValueError for two lines with one file, and for a file that is not below the target.
    """
    from dall_e.serving.bulk import Line

    digits = max(6, len(str(len(asked) - 1)))
    lines: dict[str, Line] = {}
    for number, each in enumerate(asked):
        name = each.out or f"{number:0{digits}}{suffix}"
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or path.suffix.lower() != suffix:
            raise ValueError(
                f"line {number + 1}: out is the name of a {suffix} file below --out, got {name!r}"
            )
        if str(path) in lines:
            raise ValueError(
                f"line {number + 1} would be drawn to {str(path)!r}, as is another line"
            )
        own = each.seed not in (None, RANDOM_SEED)
        seed = each.seed if own and each.seed is not None else first + number
        if not 0 <= seed < SEEDS:
            raise ValueError(f"line {number + 1}: a seed is from 0 to 2^64 - 1, got {seed}")
        lines[str(path)] = Line(prompt=each.prompt, seed=seed, name=str(path))
    return list(lines.values())
