"""Checks of what callers of a model pass: prompts, numbers of pictures, seeds. Each raises
ValueError with a reason."""

from __future__ import annotations

import numbers
import reprlib
import secrets
import unicodedata
from collections.abc import Sequence

import torch

MOST_IMAGES = 10_000
"""Pictures of one call: they are all in memory at its end."""


def checked_prompts(prompt: str | Sequence[str]) -> list[str]:
    """One or several prompts, none of them blank, as texts that can be stored."""
    if isinstance(prompt, str):
        named = {"the prompt": prompt}
    elif isinstance(prompt, Sequence) and len(prompt) and not isinstance(prompt, bytes | bytearray):
        named = {f"prompt {index} of the list": text for index, text in enumerate(prompt)}
    else:
        raise ValueError(
            f"prompt must be a text or a list of at least one text, got {reprlib.repr(prompt)}"
        )
    for name, text in named.items():
        if not isinstance(text, str):
            raise ValueError(
                f"{name} must be a text, got {type(text).__name__}: {reprlib.repr(text)}"
            )
        # Separators, control characters and such as the zero-width space leave nothing to see
        # either.
        if all(
            unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp", "Zs") for character in text
        ):
            raise ValueError(f"{name} is blank; say what to draw, for example 'a white cat'")
    return [_storable(text) for text in named.values()]


def checked_negative(negative_prompt: str | None) -> str:
    """What to steer away from, as a text; empty for nothing."""
    if not isinstance(negative_prompt, str | None):
        raise ValueError(f"negative_prompt must be a text, got {reprlib.repr(negative_prompt)}")
    return _storable(negative_prompt or "")


def _storable(text: str) -> str:
    """Lone surrogates (from file names or broken input) are no characters: nothing could store
    them."""
    return text.encode("utf-8", "replace").decode("utf-8")


def check_count(num_images_per_prompt: int, best_of: int, num_prompts: int) -> None:
    """How many pictures are to be drawn, candidates included."""
    for name, number in (("num_images_per_prompt", num_images_per_prompt), ("best_of", best_of)):
        if not is_int(number) or number < 1:
            raise ValueError(f"{name} must be a whole number of at least 1, got {number!r}")
    count = num_images_per_prompt * best_of * num_prompts
    if count > MOST_IMAGES:
        raise ValueError(
            f"{count} pictures are more than one call draws, {MOST_IMAGES}: make several calls"
        )


def image_seeds(
    seed: int | Sequence[int] | None, generator: torch.Generator | None, count: int, best_of: int
) -> list[int]:
    """One seed per candidate, `best_of` for each of `count` pictures, which count up from the
    picture's own."""
    firsts = _first_seeds(seed, generator, count, best_of)
    seeds = [
        first + number if is_int(first) else first for first in firsts for number in range(best_of)
    ]
    for number in seeds:
        if not is_int(number) or not 0 <= number < 2**63:
            raise ValueError(
                f"a seed must be a whole number between 0 and 2^63 - 1, got {number!r}"
            )
    return [int(number) for number in seeds]


def _first_seeds(
    seed: int | Sequence[int] | None, generator: torch.Generator | None, count: int, best_of: int
) -> list[int]:
    """The first seed of each picture."""
    if generator is not None:
        if seed is not None:
            raise ValueError("give either seed or generator, not both")
        if not isinstance(generator, torch.Generator):
            raise ValueError(f"generator must be a torch.Generator, got {type(generator).__name__}")
        return torch.randint(
            2**63 - best_of, (count,), generator=generator, device=generator.device
        ).tolist()
    if seed is None:
        seed = secrets.randbelow(2**32)
    if hasattr(seed, "tolist"):  # a number or list of numpy's or torch's
        seed = seed.tolist()
    if isinstance(seed, Sequence):
        if len(seed) != count:
            raise ValueError(
                f"seed has {len(seed)} entries for {count} pictures; give one per picture, or one number"
            )
        return list(seed)
    return [seed + index * best_of if is_int(seed) else seed for index in range(count)]


def is_int(value: object) -> bool:
    """Whether it is a whole number; True and False are none."""
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)
