"""Checks of what callers of a model pass: prompts, counts, seeds and sizes.

Each raises a ValueError that says what is wrong and what would be right. Imports no torch, so that
the command line can name limits and defaults in its help.
"""

from __future__ import annotations

import numbers
import reprlib
import secrets
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Union

from dall_e.config.model import FINISHES, ModelConfig
from dall_e.config.published import PublishedConfig

if TYPE_CHECKING:
    import torch

MOST_IMAGES = 10_000
"""Images of one call: they are all in memory at its end."""

SMALLEST_SIZE, LARGEST_SIZE = 8, 4096
"""Sides in pixels between which an image can be drawn."""

DEFAULT_SIZE = 384
"""Side in pixels at which a model with an upsampler draws if nothing else is asked for."""

SEEDS = 2**64
"""How many seeds there are, from 0 on: the noise has a key of 64 bits."""

TILES = ("x", "y", "xy")
"""The directions in which a texture can repeat: across, down, both."""

RANDOM_SEED = -1
"""Asks for a fresh seed, as other programs have it."""

_BLANK_CATEGORIES = ("Cc", "Cf", "Zl", "Zp", "Zs")
"""Unicode categories with nothing to see: control characters, separators, zero-width spaces."""


def checked_prompts(prompt: str | Sequence[str]) -> list[str]:
    """One or several prompts, none of them blank, as texts that can be stored."""
    if isinstance(prompt, str):
        named = {"the prompt": prompt}
    elif isinstance(prompt, Sequence) and len(prompt) and not isinstance(prompt, bytes | bytearray):
        named = {f"prompt {index} of the list": text for index, text in enumerate(prompt)}
        named = named if len(prompt) > 1 else {"the prompt": prompt[0]}
    else:
        raise ValueError(
            f"prompt must be a text or a list of at least one text, got {reprlib.repr(prompt)}"
        )

    for name, text in named.items():
        if not isinstance(text, str):
            raise ValueError(
                f"{name} must be a text, got {type(text).__name__}: {reprlib.repr(text)}"
            )
        if all(unicodedata.category(character) in _BLANK_CATEGORIES for character in text):
            raise ValueError(f"{name} is blank; say what to draw, for example 'a white cat'")
    return [_storable(text) for text in named.values()]


def checked_negatives(
    negative_prompt: str | Sequence[str] | None, num_prompts: int
) -> tuple[str, ...]:
    """What to steer away from for each prompt; empty for nothing.

    One text is for all prompts, of a list each prompt has its own.
    """
    if isinstance(negative_prompt, str | None):
        return (_storable(negative_prompt or ""),) * num_prompts

    is_list = isinstance(negative_prompt, Sequence)
    if not is_list or not all(isinstance(text, str) for text in negative_prompt):
        raise ValueError(
            f"negative_prompt must be a text, or a list of texts, got "
            f"{reprlib.repr(negative_prompt)}"
        )
    if len(negative_prompt) != num_prompts:
        raise ValueError(
            f"negative_prompt has {len(negative_prompt)} entries for {num_prompts} prompts; "
            "give one per prompt, or one text for all"
        )
    return tuple(_storable(text) for text in negative_prompt)


def _storable(text: str) -> str:
    """A text without surrogates, which no file could store.

    Where the locale knows no UTF-8, each byte of an argument is one. Those of other systems come in
    pairs. What is neither becomes a question mark.
    """
    for encoding, errors in (("utf-8", "surrogateescape"), ("utf-16-le", "surrogatepass")):
        try:
            return text.encode(encoding, errors).decode(encoding)
        except UnicodeError:
            continue
    return text.encode("utf-8", "replace").decode("utf-8")


def check_count(num_images_per_prompt: int, best_of: int, num_prompts: int) -> None:
    """Check how many images a call draws, candidates included."""
    for name, number in (("num_images_per_prompt", num_images_per_prompt), ("best_of", best_of)):
        if not is_int(number) or number < 1:
            raise ValueError(f"{name} must be a whole number of at least 1, got {number!r}")

    count = num_images_per_prompt * best_of * num_prompts
    if count > MOST_IMAGES:
        raise ValueError(
            f"{count} pictures are more than one call draws, {MOST_IMAGES}: make several calls"
        )


def checked_size(height: int | None, width: int | None, default: int) -> int:
    """The side of a square image in pixels; `default` if neither height nor width is given."""
    sides = [side for side in (height, width) if side is not None] or [default]
    for side in sides:
        if not is_int(side) or not SMALLEST_SIZE <= side <= LARGEST_SIZE:
            raise ValueError(
                f"height and width must be whole numbers from {SMALLEST_SIZE} to {LARGEST_SIZE}, "
                f"got {side!r}"
            )
    if sides[0] != sides[-1]:
        raise ValueError(
            f"this model draws square pictures: height {height} and width {width} must be equal"
        )
    return sides[0]


def checked_tile(tile: str | None) -> str:
    """The directions in which a texture repeats; "" for none. Raises ValueError for others."""
    if tile is None or tile == "":
        return ""
    if tile not in TILES:
        raise ValueError(f"tile must be one of {', '.join(TILES)}, got {tile!r}")
    return tile


def checked_finish(finish: str | None, config: ModelConfig | PublishedConfig) -> str:
    """How drawings are painted: `finish`, or the model's own where it is None.

    Raises ValueError for a word that is none, and for "crisp" from a model of another project.
    """
    own = config.finish if isinstance(config, ModelConfig) else "soft"
    chosen = own if finish is None else finish
    if chosen not in FINISHES:
        raise ValueError(f"finish must be one of {', '.join(FINISHES)}, got {finish!r}")
    if chosen == "crisp" and not isinstance(config, ModelConfig):
        raise ValueError(
            "finish='crisp' is for drawings in areas of one colour: "
            f"{config.name} paints pictures, which would lose their shading"
        )
    return chosen


def default_size(own_size: int, has_upsampler: bool) -> int:
    """The side at which a model draws if none is given: its own, or 384 where it can upsample."""
    return max(own_size, DEFAULT_SIZE) if has_upsampler else own_size


Seed = int | Sequence[int] | None
Generators = Union["torch.Generator", Sequence["torch.Generator"], None]


def image_seeds(seed: Seed, generator: Generators, count: int, best_of: int) -> list[int]:
    """One seed per candidate: those of an image count up from its first one.

    Each of the `count` images has `best_of` candidates. `seed` is the first of all, or a list with
    the first of each image; -1 is a fresh one, and so is None without a generator.
    """
    if generator is not None and seed is not None:
        raise ValueError("give either seed or generator, not both")
    if generator is not None:
        first_seeds = _drawn_seeds(generator, count, best_of)
    else:
        first_seeds = _first_seeds(seed, count, best_of)

    seeds = [
        first + number if is_int(first) else first
        for first in first_seeds
        for number in range(best_of)
    ]
    for number in seeds:
        if not is_int(number) or not 0 <= number < SEEDS:
            raise ValueError(
                "a seed must be a whole number between 0 and 2^64 - 1, or -1 for a random one, "
                f"got {number!r}"
            )
    return [int(number) for number in seeds]


def fresh_seed() -> int:
    """A random seed, short enough to be typed."""
    return secrets.randbelow(2**32)


def _first_seeds(seed: Seed, count: int, best_of: int) -> list[int]:
    """The seed of the first candidate of each image."""
    # A number or list of numpy's or torch's.
    if seed is not None and hasattr(seed, "tolist"):
        seed = seed.tolist()

    if not isinstance(seed, Sequence):
        first = _chosen(seed)
        return [first + index * best_of if is_int(first) else first for index in range(count)]
    if len(seed) != count:
        raise ValueError(
            f"seed has {len(seed)} entries for {count} pictures; "
            "give one per picture, or one number"
        )
    return [_chosen(number) for number in seed]


def _chosen(seed: int | None) -> int:
    """A fresh seed for None and -1."""
    return fresh_seed() if seed is None or (is_int(seed) and seed == RANDOM_SEED) else seed


def _drawn_seeds(generator: Generators, count: int, best_of: int) -> list[int]:
    """First seeds from one random stream of torch, or from one per image."""
    import torch

    streams: list[Any] = list(generator) if isinstance(generator, list | tuple) else [generator]
    for stream in streams:
        if not isinstance(stream, torch.Generator):
            raise ValueError(
                "generator must be a torch.Generator, or a list of them, got "
                f"{type(stream).__name__}"
            )
    if isinstance(generator, list | tuple) and len(streams) != count:
        raise ValueError(
            f"generator has {len(streams)} entries for {count} pictures; "
            "give one per picture, or a single one"
        )

    each = count // len(streams)
    most = 2**63 - best_of
    seeds: list[int] = []
    for stream in streams:
        drawn = torch.randint(
            most, (each,), generator=stream, dtype=torch.int64, device=stream.device
        )
        seeds += drawn.tolist()
    return seeds


def check_callback(callback: object) -> None:
    """Check that what is to be called after each step is a function, or None."""
    if callback is not None and not callable(callback):
        raise ValueError(f"callback_on_step_end must be a function, got {type(callback).__name__}")


def is_int(value: object) -> bool:
    """Whether a value is a whole number; True and False are none."""
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def checked_upsample(
    upsample: bool | None,
    size: int,
    config: ModelConfig | PublishedConfig,
    has_upsampler: bool,
) -> bool:
    """Whether the upsampler is used: for sizes beyond the model's own, unless it is refused.

    Raises ValueError if it is asked for and the model has none.
    """
    if upsample and not has_upsampler:
        raise ValueError(f"the model {config.name!r} {config.version} has no upsampler")
    return has_upsampler and size > config.tokenizer.image_size and upsample is not False
