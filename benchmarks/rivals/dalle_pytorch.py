"""The package dalle-pytorch, which draws tokens only, without dependencies that are gone.

Its mathematics is untouched. Stand-ins take the place of modules that only its downloads and its
VQGAN use, and of positions along two axes, which are not asked for. Its guidance is broken (after
the first token both rows see the empty prompt), but does the work of guidance; only with it does it
use its cache.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from benchmarks.clock import Clock, Steps, Times
from benchmarks.rivals import load
from benchmarks.shapes import Shape

if TYPE_CHECKING:
    import torch

INSTALL = "pip install 'open-dalle[bench]' && pip install --no-deps dalle-pytorch"
_STUBS = (
    "axial_positional_embedding",
    "omegaconf",
    "packaging",
    "pkg_resources",
    "requests",
    "taming",
    "taming.models",
    "taming.models.vqgan",
    "tqdm",
    "yaml",
)


def make_network(
    *, codes: tuple[int, int], text: tuple[int, int], width: int, depth: int, heads: int
) -> Any:
    """Its transformer, with rotary positions.

    `codes`: how many there are, and the side of their grid; `text`: words, and words of a prompt.
    Raises MissingPeerError if it is not installed.
    """
    package = load("dalle_pytorch.dalle_pytorch", INSTALL, _STUBS)
    num_codes, grid_size = codes
    vocab_size, text_tokens = text
    # Four levels make 16 pixels a token; the rest of the image tokenizer is never run.
    vae = package.DiscreteVAE(
        image_size=256, num_tokens=num_codes, num_layers=4, codebook_dim=8, hidden_dim=8
    )
    vae.image_size = 16 * grid_size  # Its own check wants a power of two.
    vae.decode = lambda codes: codes
    return package.DALLE(
        dim=width,
        vae=vae,
        num_text_tokens=vocab_size - text_tokens,
        text_seq_len=text_tokens,
        depth=depth,
        heads=heads,
        dim_head=width // heads,
        shift_tokens=False,
        rotary_emb=True,
    )


class DallePytorch:
    """Draws as `DALLE.generate_images(use_cache=True)` does, with random weights of its own."""

    def __init__(self, shape: Shape, device: torch.device) -> None:
        import torch

        self.name = f"dalle-pytorch {version('dalle-pytorch')}, fp32, tokens only"
        self._shape, self._device = shape, device
        config = shape.config.generator
        self._text_tokens = config.prefix_tokens - 1
        torch.manual_seed(0)

        assert config.mlp_width == 4 * config.width, "its inner width is four times the outer one"
        self._model = make_network(
            codes=(config.num_codes, config.grid_size),
            text=(shape.config.text.vocab_size, self._text_tokens),
            width=config.width,
            depth=config.num_layers,
            heads=config.num_heads,
        )
        self._model.eval().requires_grad_(False).to(device)

        # Every call of its network is a step.
        self._steps = Steps(Clock(device))
        counted = self._steps.counted(self._model.forward_with_cond_scale)
        self._model.forward_with_cond_scale = counted

    def draw(self, tokens: int) -> Times:
        """Run its own loop, left after the network's last step."""
        import torch

        # A prompt is filled with zeros, which become its padding. It writes into what it is given.
        prompt = [number for number in self._shape.ids[1:] if number < 10000]
        padding = [0] * (self._text_tokens - len(prompt))
        text = torch.tensor([prompt + padding], device=self._device)

        sampling, num_codes = self._shape.config.sampling, self._shape.config.generator.num_codes
        dropped_fraction = 1 - sampling.top_k / num_codes

        def loop() -> None:
            self._model.generate_images(
                text,
                filter_thres=dropped_fraction,
                cond_scale=sampling.guidance_scale,
                use_cache=True,
            )

        with torch.no_grad():
            first, rest = self._steps.run(loop, tokens)
        return Times(first=first, rest=rest, drawn=tokens, pixels=0.0)
