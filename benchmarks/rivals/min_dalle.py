"""The package min-dalle (mini and mega) with our weights, and without its downloads."""

from __future__ import annotations

import warnings
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from benchmarks.clock import Clock, Steps, Times
from benchmarks.rivals import load, renamed
from benchmarks.shapes import Shape, random_networks

if TYPE_CHECKING:
    import torch

INSTALL = "pip install 'open-dalle[bench]'"


class MinDalle:
    """Draws as `MinDalle.generate_raw_image_stream` does, in the package's own number format."""

    def __init__(self, shape: Shape, device: torch.device) -> None:
        import torch

        package = load("min_dalle.min_dalle", INSTALL, stubs=("requests",))
        # Float32 is its default; on a GPU its readme advises float16.
        dtype = torch.float16 if device.type == "cuda" else torch.float32
        self.name = (
            f"min-dalle {version('min-dalle')}, {'fp16' if device.type == 'cuda' else 'fp32'}"
        )
        self._shape, self._device = shape, device
        self._clock = Clock(device)
        self._steps = Steps(self._clock)
        # Made without its constructor, which does nothing but download files and read them.
        self._package = package.MinDalle.__new__(package.MinDalle)
        self._fill(dtype)

    def _fill(self, dtype: torch.dtype) -> None:
        from dall_e.checkpoints.families import min_dalle, min_dalle_vqgan

        package, config = self._package, self._shape.config
        models = load("min_dalle.models", INSTALL)
        networks = random_networks(self._shape, dtype)
        encoder, decoder = _sizes(config.text), _sizes(config.generator)
        package.device, package.dtype = str(self._device), dtype
        package.is_reusable, package.is_verbose = True, False
        package.text_token_count = config.text.max_tokens
        package.layer_count, package.embed_count = decoder["layer_count"], decoder["embed_count"]
        package.tokenizer = _FixedTokens(
            [number for number in self._shape.ids if number != config.text.pad_id]
        )
        package.encoder = models.DalleBartEncoder(
            **encoder,
            text_token_count=config.text.max_tokens,
            text_vocab_count=config.text.vocab_size,
            device=package.device,
        )
        package.decoder = models.DalleBartDecoder(
            **decoder, image_vocab_count=config.generator.code_rows - 1, device=package.device
        )
        package.detokenizer = models.VQGanDetokenizer()
        tables = (
            (package.encoder, networks.text, min_dalle.prompt_table(config.text)),
            (package.decoder, networks.generator, min_dalle.transformer_table(config.generator)),
            (
                package.detokenizer,
                networks.tokenizer,
                min_dalle_vqgan.tokenizer_table(config.tokenizer),
            ),
        )
        for theirs, our, table in tables:
            theirs.load_state_dict(renamed(our, table), strict=True, assign=True)
            theirs.eval().requires_grad_(False).to(self._device)
        package.decoder.sample_tokens = self._steps.counted(package.decoder.sample_tokens)

    def draw(self, tokens: int) -> Times:
        """Its own loop; the last token is followed by the pixels."""
        import torch

        sampling = self._shape.config.sampling
        keywords = {"top_k": sampling.top_k, "supercondition_factor": sampling.guidance_scale}

        def loop() -> None:
            for _ in self._package.generate_raw_image_stream("", seed=1, grid_size=1, **keywords):
                pass

        num_codes = self._shape.config.generator.num_codes
        codes = torch.arange(256, device=self._device)[None] * 31 % num_codes
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # It asks for CUDA's autocast on a CPU too.
            first, rest = self._steps.run(loop, tokens)
            pixels = self._clock.timed(
                lambda: self._package.image_grid_from_tokens(codes, is_seamless=False).cpu()
            )
        return Times(first=first, rest=rest, drawn=tokens, pixels=pixels)


class _FixedTokens:
    """Stands for its text tokenizer."""

    def __init__(self, ids: list[int]) -> None:
        self._ids = ids

    def tokenize(self, text: str, is_verbose: bool = False) -> list[int]:
        """The same ids whatever the words."""
        return self._ids


def _sizes(config: Any) -> dict[str, int]:
    return {
        "layer_count": config.num_layers,
        "embed_count": config.width,
        "attention_head_count": config.num_heads,
        "glu_embed_count": config.mlp_width,
    }
