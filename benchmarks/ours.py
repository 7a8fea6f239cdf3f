"""Our side: a random model of a published shape, drawn with as a user would."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

from benchmarks.clock import Clock, Steps, Times
from benchmarks.random_models import any_codes, random_model
from benchmarks.shapes import Shape

if TYPE_CHECKING:
    import torch

PROMPT = "a white cat sleeping on a windowsill"


class Ours:
    """Draws with `dall_e`."""

    def __init__(self, shape: Shape, precision: str, device: torch.device) -> None:
        self.name = f"dall_e {version('open-dalle')}, {precision}"
        self._shape = shape
        self._model = random_model(shape, precision).to(device)
        self._device = device
        self._clock = Clock(device)

    def draw(self, tokens: int) -> Times:
        """Draw a whole image as one call of the model, or only its first tokens.

        A whole image is watched by nobody; its pixels are timed once more on their own.
        """
        if tokens == self._shape.config.generator.num_tokens and self._shape.pixels:
            whole = self._clock.timed(lambda: self._model(PROMPT, seed=1))
            pixels = min(self._decode(), whole)
            return Times(first=0.0, rest=whole - pixels, drawn=tokens, pixels=pixels)

        steps = Steps(self._clock)

        def loop() -> None:
            self._model(PROMPT, seed=1, callback_on_step_end=lambda _step: steps.done())

        first, rest = steps.run(loop, tokens)
        pixels = self._decode() if self._shape.pixels else 0.0
        return Times(first=first, rest=rest, drawn=tokens, pixels=pixels)

    def _decode(self) -> float:
        """Return the seconds from tokens to pixels."""
        import torch

        codes_1N = any_codes(self._shape, self._device)
        with torch.inference_mode():
            return self._clock.timed(lambda: self._model.networks.tokenizer.detokenize(codes_1N))
