"""The package dalle-pytorch, which draws tokens only, without dependencies that are gone.

Its mathematics is untouched. Stand-ins take the place of modules that only its downloads and its
VQGAN use, and of positions along two axes, which are not asked for. Its guidance is broken (after
the first token both rows see the empty prompt), but does the work of guidance; only with it does it
use its cache.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.clock import Clock, Steps, Times
from benchmarks.rivals import load
from benchmarks.shapes import Shape

if TYPE_CHECKING:
    import numpy as np
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
    *,
    codes: tuple[int, int],
    text: tuple[int, int],
    width: int,
    depth: int,
    heads: int,
    side: int = 0,
) -> Any:
    """Its transformer, with rotary positions.

    `codes`: how many there are, and the side of their grid; `text`: words, and words of a prompt.
    `side`: that of the pictures in pixels, for an image tokenizer as `train_vae.py` makes it; at 0
    it is a stand-in that is never run. Raises MissingPeerError if it is not installed.
    """
    package = load("dalle_pytorch.dalle_pytorch", INSTALL, _STUBS)
    num_codes, grid_size = codes
    vocab_size, text_tokens = text
    vae = package.DiscreteVAE(
        image_size=256,  # Its own check wants a power of two; convolutions take any.
        num_tokens=num_codes,
        num_layers=(side // grid_size).bit_length() - 1 if side else 4,
        num_resnet_blocks=2 if side else 0,
        codebook_dim=512 if side else 8,
        hidden_dim=256 if side else 8,
    )
    vae.image_size = side or 16 * grid_size
    if not side:
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


def folder_batches(folder: Path, size: int, side: int) -> Iterator[torch.Tensor]:
    """Batches without end as its trainer reads them: [B, 3, side, side] in [0, 1].

    Each picture is opened anew, and a random square of three quarters of it or more is scaled.
    """
    import numpy as np
    import torch
    from PIL import Image

    rng = np.random.default_rng(0)

    def read(path: Path) -> np.ndarray:
        with Image.open(path) as opened:
            image = opened.convert("RGB")
        fraction = rng.uniform(0.75, 1) ** 0.5
        width, height = (fraction * length for length in image.size)
        left, top = rng.uniform(0, image.width - width), rng.uniform(0, image.height - height)
        box = (left, top, left + width, top + height)
        scaled = image.resize((side, side), Image.Resampling.BILINEAR, box=box)
        return np.asarray(scaled, np.float32) / 255

    paths = sorted(folder.glob("*.png"))
    while True:
        chosen = rng.choice(len(paths), size)
        batch_BHWC = np.stack([read(paths[row]) for row in chosen])
        yield torch.from_numpy(batch_BHWC).permute(0, 3, 1, 2).contiguous()


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
