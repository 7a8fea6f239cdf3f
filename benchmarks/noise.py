"""`python -m benchmarks noise`: what noise that was found in hindsight does.

Shapes: N image tokens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from torch import Tensor

    from dall_e.images.files import PILImage
    from dall_e.pipeline import DALL_E

_CHANGES = (
    ("a red apple", "a green apple"),
    ("a cat", "a dog"),
    ("a house", "a castle"),
    ("a car", "a bus"),
    ("a tree", "a palm tree"),
    ("a red heart", "a blue heart"),
    ("a happy face", "a sad face"),
    ("a sun", "a moon"),
    ("一只猫", "一只狗"),
    ("a book", "a newspaper"),
)
"""Words, and what they are changed to."""


def measure(
    model: Annotated[str, typer.Option(help="A known name or a model folder.")] = "",
    seed: Annotated[int, typer.Option(help="Of the drawings and of the orders.")] = 1,
) -> None:
    """Print how many tokens are replayed, and how many stay under other words.

    Each picture is drawn whole, or is random pixels, which no model would draw. Its noise is found
    in an order of another seed. Beside the same noise under other words stands a fresh one.
    """
    from dall_e.pipeline import DALL_E

    pipeline = DALL_E.from_pretrained(model) if model else DALL_E.from_pretrained()
    replayed: list[float] = []
    same: list[float] = []
    fresh: list[float] = []
    for index, (before, after) in enumerate(_CHANGES):
        image = pipeline(before, seed=seed, compose=False)
        inversion = pipeline.invert(image, before, seed=seed + 1)
        replayed.append(_kept(_tokens(pipeline, before, inversion), inversion.codes_N))
        same.append(_kept(_tokens(pipeline, after, inversion), inversion.codes_N))
        fresh.append(_kept(_tokens(pipeline, after, seed=seed + 2), inversion.codes_N))

        noisy = pipeline.invert(_random_pixels(index), before, seed=seed + 1)
        replayed.append(_kept(_tokens(pipeline, before, noisy), noisy.codes_N))
        print(
            f"{before} -> {after}: replayed {replayed[-2]:.2%}, of random pixels "
            f"{replayed[-1]:.2%}; kept with the same noise {same[-1]:.1%}, "
            f"with fresh {fresh[-1]:.1%}"
        )

    print(f"replayed: {_mean(replayed):.3%} of tokens, {len(replayed)} pictures (bar: 99.9 %)")
    print(
        f"kept under other words: {_mean(same):.1%} with the same noise, {_mean(fresh):.1%} fresh"
    )


def _tokens(pipeline: DALL_E, prompt: str, noise: object = None, seed: int | None = None) -> Tensor:
    """What a call draws, as codes [N]."""
    last: list[Tensor] = []
    call: dict[str, object] = {"noise": noise} if noise else {"seed": seed, "compose": False}
    pipeline(  # type: ignore[call-overload]  # keywords in a dict
        prompt, callback_on_step_end=lambda step: last.append(step.codes_BN.clone()), **call
    )
    return last[-1][0].cpu()


def _kept(drawn_N: Tensor, codes_N: Tensor) -> float:
    """Fraction of tokens that are the same."""
    return float((drawn_N == codes_N).float().mean())


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _random_pixels(seed: int) -> PILImage:
    import numpy as np

    from dall_e.images.files import to_pil

    pixels = np.random.default_rng(seed).integers(0, 256, (4, 96, 96), dtype=np.uint8)
    return to_pil(pixels, transparent=True)
