"""The prompts of a command line: its arguments, the lines of a file, or of standard input."""

from __future__ import annotations

import json
import reprlib
import shlex
import sys
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import typer

from dall_e.errors import DallEWarning, UnusableFileError
from dall_e.inference.validation import (
    RANDOM_SEED,
    check_count,
    checked_prompts,
    fresh_seed,
    image_seeds,
    is_int,
)
from dall_e.text.language import is_chinese

STANDARD_INPUT = "-"
_MOST_BYTES = 1 << 26
"""Of a file of prompts; 10,000 pictures are the most that one command draws."""
_ENTRIES = ("prompt", "seed", "out")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One prompt, and what was said with it."""

    prompt: str
    seed: int | None = None
    """Of its first picture; -1 is a random one, and without one the command's seed counts on."""
    out: str = ""
    """The file that it is drawn to, if it has one of its own."""


def asked_prompts(arguments: Sequence[str], file: str, *, command: str = "generate") -> list[Asked]:
    """What a command is to draw: its arguments, or what is in a file; `-` is standard input.

    Words that were not quoted are one prompt, which is said on stderr. Raises ValueError if there
    are both arguments and a file, or prompts that are blank, and OSError for a file that cannot be
    read.
    """
    if STANDARD_INPUT in arguments and (len(arguments) > 1 or file):
        raise ValueError("- reads the prompts from standard input, and stands alone")
    if arguments and file:
        raise ValueError("give prompts, or a file of them with --prompts, but not both")
    if not arguments and not file:
        raise typer.BadParameter(f'give a prompt, in quotes: dall-e {command} "a white cat"')

    if file or STANDARD_INPUT in arguments:
        return _read_prompts(file or STANDARD_INPUT)
    return [Asked(prompt=prompt) for prompt in checked_prompts(_joined(arguments, command))]


def seeds_of(
    asked: Sequence[Asked], *, number: int, best_of: int, seed: int | None, same_seed: bool
) -> list[int]:
    """The first seed of each of the `number` pictures of each prompt.

    same_seed: every prompt starts at `seed`, rather than where the one before ends. Raises
    ValueError for too many pictures, and for a seed that is out of range.
    """
    check_count(number, best_of, len(asked))
    first = fresh_seed() if seed in (None, RANDOM_SEED) else seed
    assert first is not None

    seeds: list[int] = []
    for each in asked:
        start = first if same_seed else first + len(seeds) * best_of
        if each.seed is not None:
            start = fresh_seed() if each.seed == RANDOM_SEED else each.seed
        seeds += [start + copy * best_of for copy in range(number)]
    return image_seeds(seeds, None, len(seeds), best_of)[::best_of]


def files_of(asked: Sequence[Asked], number: int) -> dict[int, Path]:
    """The files of the pictures whose prompts have one, by the number of the picture.

    Several pictures of a prompt are numbered, NAME-0.png, NAME-1.png ...
    """
    files: dict[int, Path] = {}
    for place, each in enumerate(asked):
        path = Path(each.out).expanduser()
        for copy in range(number if each.out else 0):
            name = f"{path.stem}-{copy}{path.suffix}" if number > 1 else path.name
            files[place * number + copy] = path.with_name(name)
    return files


def _joined(arguments: Sequence[str], command: str) -> list[str]:
    """The arguments, or one prompt if they are the words of one that was not quoted.

    An argument with a space was quoted, and Chinese prompts have no spaces.
    """
    are_words = not any(len(word.split()) > 1 or is_chinese(word) for word in arguments)
    if len(arguments) == 1 or not are_words:
        return list(arguments)

    prompt = " ".join(arguments)
    print(
        f"dall-e: note: taken as one prompt: dall-e {command} {shlex.quote(prompt)}; "
        f"for several, write one on each line of standard input: dall-e {command} -",
        file=sys.stderr,
    )
    return [prompt]


# Files


def _read_prompts(name: str) -> list[Asked]:
    """The prompts of a file: one on each line, or in JSON for .jsonl. Blank lines do not count."""
    is_stream = name == STANDARD_INPUT
    label = "standard input" if is_stream else name
    text = _decoded(_read_stream() if is_stream else _read_file(name), label)
    lines = [
        (number, line.strip())
        for number, line in enumerate(text.split("\n"), start=1)
        if line.strip()
    ]
    if not lines:
        raise UnusableFileError(label, "it holds no prompt", "write one on each line")

    if name.lower().endswith(".jsonl") or (is_stream and lines[0][1].startswith("{")):
        return list(_from_json(lines, label))
    return [Asked(prompt=prompt) for prompt in checked_prompts([line for _, line in lines])]


def _read_stream() -> bytes:
    if sys.stdin is not None and sys.stdin.isatty():
        print("dall-e: one prompt on each line; Ctrl-D ends", file=sys.stderr)
    return typer.get_binary_stream("stdin").read(_MOST_BYTES + 1)


def _read_file(name: str) -> bytes:
    with open(name, "rb") as file:
        return file.read(_MOST_BYTES + 1)


def _decoded(data: bytes, label: str) -> str:
    if len(data) > _MOST_BYTES:
        raise UnusableFileError(
            label, f"it is larger than {_MOST_BYTES >> 20} MiB", "make several of it"
        )
    # UTF-16 has a zero in every Latin letter, which UTF-8 allows and nobody writes.
    wrong, text = data.find(b"\0"), ""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        wrong = error.start
    if wrong >= 0:
        line = data.count(b"\n", 0, wrong) + 1
        raise UnusableFileError(label, f"line {line} is no UTF-8", "save it as UTF-8")
    return text


def _from_json(lines: Sequence[tuple[int, str]], label: str) -> Iterator[Asked]:
    """One prompt for each line. Warns of entries that mean nothing here."""
    unknown: set[str] = set()
    for number, line in lines:
        try:
            entries = json.loads(line)
            if not isinstance(entries, dict):
                raise ValueError("it is no object")
            unknown |= entries.keys() - set(_ENTRIES)
            yield _checked(entries)
        except (ValueError, RecursionError) as error:
            raise UnusableFileError(
                label,
                f"line {number} cannot be used: {error}",
                'a line is like {"prompt": "a cat", "seed": 7, "out": "cat.png"}',
            ) from error

    if unknown:
        names = ", ".join(sorted(unknown))
        warnings.warn(
            f"{label}: entries that are not known are ignored: {names}", DallEWarning, stacklevel=2
        )


def _checked(entries: dict[str, object]) -> Asked:
    """A prompt from the entries of a line. Raises ValueError for what is missing or ill-typed."""
    if "prompt" not in entries:
        raise ValueError('it has no "prompt"')
    prompt, seed, out = (entries.get(name) for name in _ENTRIES)
    if not isinstance(prompt, str):
        raise ValueError(f"prompt must be a text, got {reprlib.repr(prompt)}")
    if seed is not None and not is_int(seed):
        raise ValueError(f"seed must be a whole number, got {reprlib.repr(seed)}")
    if not isinstance(out, str | None):
        raise ValueError(f"out must be a file name, got {reprlib.repr(out)}")
    (prompt,) = checked_prompts([prompt])
    assert isinstance(seed, int | None)
    return Asked(prompt=prompt, seed=seed, out=out or "")
