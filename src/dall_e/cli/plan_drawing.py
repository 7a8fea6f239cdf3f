"""A plan from a file, drawn by `dall-e generate --plan` and `dall-e reproduce`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dall_e.cli.films import tell_film
from dall_e.cli.output import steady_output
from dall_e.inference.validation import RANDOM_SEED, fresh_seed

if TYPE_CHECKING:
    from dall_e.cli.image_files import ImageFiles
    from dall_e.images.files import PILImage
    from dall_e.pipeline import DALL_E


def check_plan_alone(given: Mapping[str, Any]) -> None:
    """Raise ValueError for what was given beside a plan, by name, and means nothing there."""
    others = [name for name, value in given.items() if value]
    if others:
        raise ValueError(
            f"--plan says what is drawn, and draws one picture: leave out {', '.join(others)}"
        )


def draw_plan_file(
    pipeline: DALL_E,
    plan: str,
    files: ImageFiles,
    *,
    seed: int | None,
    size: int | None,
    transparent: bool,
    sampling: Mapping[str, Any],
    film: str,
) -> None:
    """Draw the plan in a file, save the picture and print where it is.

    seed, size: instead of those of the plan. sampling: settings that were given. film: where to
    show how it is drawn, or nothing. Raises UnusableFileError for a file that holds no plan.
    """
    keywords: dict[str, Any] = {
        "seed": fresh_seed() if seed == RANDOM_SEED else seed,
        "height": size,
        "transparent": transparent,
        "sampling": pipeline.sampling_settings(**sampling),
        "progress": True,
    }
    source = Path(plan)
    if film:
        image: PILImage = pipeline.film(source, film, **keywords)
    else:
        image = pipeline.draw_plan(source, **keywords)
    with steady_output() as say:
        say(files.save(image))
        tell_film(film, say)
