"""What commands share that write films, or draw with noise from a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from dall_e.atomic_files import check_writable
from dall_e.cli.output import Say
from dall_e.cli.overwriting import check_free

if TYPE_CHECKING:
    from dall_e.config import SamplingConfig
    from dall_e.editing.inversion import Inversion
    from dall_e.images.files import PILImage
    from dall_e.pipeline import DALL_E

FILM_TYPES = (".gif", ".webp")
"""What a film's file may end in."""


def check_film(film: str, force: bool, count: int = 1) -> None:
    """Check before the drawing that a film can be written, of one picture.

    film: its path, or nothing for no film. Raises ValueError or OSError if it cannot be written.
    """
    if not film:
        return
    path = Path(film)
    if path.suffix.lower() not in FILM_TYPES:
        raise ValueError(
            f"cannot make a film of the type of {path.name!r}: end it in {' or '.join(FILM_TYPES)}"
        )
    if count != 1:
        raise ValueError(f"--film shows how one picture is drawn, and {count} are asked for")
    check_free([path], force)
    check_writable(path)


def drawn_or_filmed(
    pipeline: DALL_E, prompts: list[str], film: str, **keywords: Any
) -> list[PILImage]:
    """The pictures of some prompts; the one of a film, which is written on the way.

    keywords: of a call. Noise that is given has a seed of its own.
    """
    if keywords["noise"] is not None:
        keywords["seed"] = keywords["noise"].seed
    if not film:
        return list(pipeline(prompts, **keywords))
    seed = keywords.pop("seed")
    first = seed[0] if isinstance(seed, list) else seed
    return [pipeline.film(prompts[0], film, seed=first, **keywords)]


def tell_film(film: str, say: Say) -> None:
    """Print the path of a film, if there is one."""
    if film:
        say(film)


def given_noise(
    path: Path | None, seed: int | None
) -> tuple[Inversion | None, SamplingConfig | None]:
    """What `dall-e invert` wrote to a file, and the settings in it; None without one.

    Raises UnusableFileError for another file, and ValueError for a seed beside it.
    """
    if path is None:
        return None, None
    if seed is not None:
        raise ValueError("--noise has a seed of its own: leave out --seed")
    from dall_e.editing.inversion import Inversion

    inversion = Inversion.load(path)
    return inversion, inversion.sampling
