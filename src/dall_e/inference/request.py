"""What goes into the engine and what comes out: checked requests, and finished images.

Shapes: B candidates, N image tokens, C codes.
"""

from __future__ import annotations

import dataclasses
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypedDict

from torch import Tensor

from dall_e.config import ModelConfig, SamplingConfig
from dall_e.config.published import PublishedConfig, left_to_right
from dall_e.images.files import PILImage
from dall_e.planning.placed_plan import PlacedPlan
from dall_e.planning.plan import Plan
from dall_e.sampling.decode import KnownTokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dall_e.inference.image_prompts import ImagePrompt
    from dall_e.inference.progress import AnyStepCallback
    from dall_e.inference.validation import Generators, Seed


class ExplicitNoise(Protocol):
    """Noise that one image is drawn with, as `DALL_E.invert` finds it (`editing/inversion.py`)."""

    @property
    def seed(self) -> int:
        """Chooses the order of the tokens."""
        ...

    @property
    def sampling(self) -> SamplingConfig:
        """The settings that it was found for."""
        ...

    @property
    def noise_NC(self) -> Tensor:  # noqa: N802
        """float32, one number per position and code."""
        ...

    def check_model(self, weights_sha256: str) -> None:
        """Raise ValueError if it was found with other weights."""
        ...


class DrawingKeywords(TypedDict, total=False):
    """The keywords of `DALL_E.__call__`, which explains them, but for how many pictures it draws.

    For type checkers: its overloads share them.
    """

    num_inference_steps: int | None
    best_of: int
    guidance_scale: float | None
    temperature: float | None
    top_k: int | None
    top_p: float | None
    compose: bool | None
    negative_prompt: str | Sequence[str] | None
    seed: Seed
    generator: Generators
    height: int | None
    width: int | None
    transparent: bool
    style: str | None
    tile: str | None
    upsample: bool | None
    finish: str | None
    sampling: SamplingConfig | None
    callback_on_step_end: AnyStepCallback | None
    progress: bool
    strict: bool
    noise: ExplicitNoise | None
    image_prompt: ImagePrompt | None


@dataclass(frozen=True, kw_only=True)
class GenerationRequest:
    """What to draw, with every value checked. `Engine.request` makes one.

    An image is chosen among `best_of` candidates, each with a seed of its own.
    """

    prompts: tuple[str, ...]
    """What to draw."""
    seeds: tuple[int, ...]
    """One per candidate: prompt by prompt, image by image, candidate by candidate."""
    sampling: SamplingConfig
    """How tokens are drawn, and whether prompts are planned."""
    size: int
    """Side of the images in pixels."""
    upsample: bool
    """Whether the model's upsampler draws what is beyond the model's own size."""
    negative_prompts: tuple[str, ...] = ()
    """What to steer away from, one for each prompt; nothing if it is left out."""
    images_per_prompt: int = 1
    """Images of each prompt."""
    best_of: int = 1
    """Candidates for each image."""
    finish: str = "soft"
    """"crisp" paints areas of one colour with sharp borders, "soft" shows the network's pixels."""
    style: str = ""
    """An effect or a learned style for all images; or nothing: the prompts say which, if any."""
    transparent: bool = False
    """Keep the transparent background instead of white."""
    tile: str = ""
    """Directions in which the picture can be repeated without seam, one of TILES; or nothing."""
    known: KnownTokens | None = None
    """Tokens that are given, one row per candidate; the rest is drawn to fit them."""
    noise_BNC: Tensor | None = None
    """Noise that is given, one row per candidate, instead of that of the seeds, which then choose
    the order alone."""
    plans: tuple[Plan, ...] = ()
    """The plan of each candidate, if it was made before; else the prompts are planned."""
    refuses_blots: bool = True
    """Whether a drawing of what names nothing known has to look like its prompt; else it is a
    ValueError. Whoever measures a model wants to see them all."""
    strict: bool = False
    """Whether what is not read, and a blank image, is an error instead of a warning."""

    def __post_init__(self) -> None:
        count = len(self.prompts) * self.images_per_prompt * self.best_of
        if len(self.seeds) != count:
            raise ValueError(f"there are {len(self.seeds)} seeds for {count} candidates")
        if len(self.negative_prompts) not in (0, len(self.prompts)):
            raise ValueError(
                f"there are {len(self.negative_prompts)} negative prompts for "
                f"{len(self.prompts)} prompts"
            )
        self._check_noise(count)
        if self.plans:
            self._check_plans()
        if self.known is None:
            return

        if self.sampling.compose:
            raise ValueError("known tokens are of a whole picture: draw with compose=False")
        if len(self.known.codes_BN) != count:
            raise ValueError(
                f"there are {len(self.known.codes_BN)} rows of known tokens for {count} candidates"
            )

    def _check_noise(self, count: int) -> None:
        if self.noise_BNC is None:
            return
        if self.sampling.compose:
            raise ValueError("noise that is given is of a whole picture: draw with compose=False")
        if len(self.noise_BNC) != count:
            raise ValueError(
                f"there is noise for {len(self.noise_BNC)} pictures, and {count} are asked for"
            )

    def _check_plans(self) -> None:
        """Raise ValueError for plans that are not one per candidate, or not drawn so."""
        if len(self.plans) != len(self.seeds) or self.best_of != 1:
            raise ValueError(
                f"there are {len(self.plans)} plans for {len(self.seeds)} candidates, and "
                f"best_of {self.best_of}: a plan says what is drawn, so there is one candidate"
            )
        if self.finish != "crisp" and any(plan.placed for plan in self.plans):
            raise ValueError(
                f"a plan with boxes is painted from areas: finish must be 'crisp', not "
                f"{self.finish!r}"
            )

    @property
    def candidate_prompts(self) -> list[str]:
        """The prompt of each candidate."""
        copies = self.images_per_prompt * self.best_of
        return [prompt for prompt in self.prompts for _ in range(copies)]

    def negative_of(self, candidate: int) -> str:
        """What a candidate, counted from 0, steers away from."""
        copies = self.images_per_prompt * self.best_of
        return self.negative_prompts[candidate // copies] if self.negative_prompts else ""


@dataclass(frozen=True, kw_only=True)
class GeneratedImage:
    """A finished image, and how it came about."""

    pixels: PILImage
    """RGB on white, or RGBA if `transparent` was asked for."""
    prompt: str
    """What was asked for."""
    seed: int
    """The seed of the candidate that was kept."""
    plan: Plan
    """How its objects were put together, or that it was drawn whole."""
    score: float | None
    """How well it fits the prompt, from -1 to 1; None if there was nothing to choose from."""
    metadata: dict[str, str]
    """All that is needed to draw it again, as texts."""
    svg: str = ""
    """The same as an SVG document, a named group for each thing; "" if its finish is soft."""
    placed: PlacedPlan | None = None
    """The plan with the boxes of everything; None if its finish is soft."""


def with_noise(
    noise: ExplicitNoise, seed: Seed, sampling: SamplingConfig | None, weights_sha256: str
) -> tuple[Seed, SamplingConfig]:
    """The seed and the settings of a drawing with noise that is given: the noise's own.

    Raises ValueError for another seed beside it, and for noise of another model.
    """
    noise.check_model(weights_sha256)
    if seed is not None and seed != noise.seed:
        raise ValueError(f"this noise has a seed of its own, {noise.seed}: leave out seed={seed!r}")
    return noise.seed, sampling or noise.sampling


def resolve_sampling(
    config: ModelConfig | PublishedConfig,
    base: SamplingConfig | None,
    *,
    can_compose: bool,
    **given: Any,
) -> SamplingConfig:
    """`base`, or the model's own settings, with those replaced that are given and not None.

    A native model composes if it has a vocabulary (`can_compose`); else it draws every prompt
    whole. Where more steps are asked for than the image has tokens, it takes one for each token,
    and warns of it. Raises ValueError for a value out of range.
    """
    if not isinstance(base, SamplingConfig | None):
        raise ValueError(f"sampling must be a SamplingConfig, got {type(base).__name__}")

    settings = _overridden(base or config.sampling, given)
    steps_are_chosen = base is not None or given.get("num_inference_steps") is not None
    if isinstance(config, PublishedConfig):
        return left_to_right(config, settings, warn=steps_are_chosen)

    if not can_compose:
        if given.get("compose"):
            raise ValueError(
                f"compose is on: the model {config.name!r} {config.version} has no vocabulary.txt, "
                "so it draws every prompt whole; `dall-e export` writes one from the captions of "
                "its data set"
            )
        settings = dataclasses.replace(settings, compose=False)

    most = config.generator.num_tokens
    if settings.num_inference_steps <= most:
        return settings
    if steps_are_chosen:
        warnings.warn(
            f"num_inference_steps {settings.num_inference_steps} is more than the picture's "
            f"{most} tokens: {most} steps are taken",
            stacklevel=3,
        )
    return dataclasses.replace(settings, num_inference_steps=most)


def _overridden(base: SamplingConfig, given: dict[str, Any]) -> SamplingConfig:
    """Settings with some replaced; the last temperature keeps its ratio to the first."""
    changes = {name: value for name, value in given.items() if value is not None}
    settings = dataclasses.replace(base, **changes)
    if "temperature" not in changes or "final_temperature" in changes:
        return settings
    ratio = base.final_temperature / base.temperature if base.temperature else 1.0
    return dataclasses.replace(settings, final_temperature=settings.temperature * ratio)
