"""A picture varied: part of its tokens are drawn anew, the others stay.

Of a picture of ours the things stay where they are, and each is varied by itself. Any other picture
is varied as a whole, at the size at which the model reads pictures.

Shapes: N image tokens.
"""

from __future__ import annotations

from typing import Any

from dall_e.config import SamplingConfig
from dall_e.editing.drawing import whole_settings
from dall_e.images.files import PILImage
from dall_e.inference.engine import Engine
from dall_e.inference.image_tokens import image_tokens, new_tokens
from dall_e.inference.request import GeneratedImage
from dall_e.sampling.decode import KnownTokens


def checked_strength(strength: float) -> float:
    """Return a fraction of tokens. Raises ValueError if it is not above 0 and at most 1."""
    is_number = isinstance(strength, int | float) and not isinstance(strength, bool)
    if not is_number or not 0 < strength <= 1:
        raise ValueError(f"strength must be above 0 and at most 1, got {strength!r}")
    return float(strength)


def varied(
    engine: Engine,
    image: PILImage,
    prompt: str,
    strength: float,
    seed: int,
    settings: SamplingConfig,
    **keywords: Any,
) -> GeneratedImage:
    """Return a variation of a picture.

    prompt: what it shows; "" takes what a picture of ours says of itself. keywords: those of
    `Engine.request`, such as transparent. Raises ValueError where nobody says what it shows.
    """
    shown = image.info
    is_ours = shown.get("weights_sha256") == engine.weights_sha256 and "seed" in shown
    if is_ours and not prompt and "grid_prompts" not in shown:
        request = engine.request(
            shown["prompt"], seed=int(shown["seed"]), sampling=settings, **keywords
        )
        return engine.vary(request, strength, seed)

    prompt = prompt or str(shown.get("prompt", ""))
    if not prompt:
        raise ValueError('the picture does not say what it shows: give prompt="a red apple"')
    codes_1N = image_tokens(engine.config, engine.networks, image)
    kept_1N = ~new_tokens(codes_1N, strength, seed)
    request = engine.request(
        prompt,
        seed=seed,
        sampling=whole_settings(settings),
        known=KnownTokens(codes_1N, kept_1N) if strength < 1 else None,
        refuses_blots=False,
        **keywords,
    )
    return engine.generate(request)[0]
