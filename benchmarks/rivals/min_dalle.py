"""The package min-dalle (mini and mega) with our weights, and without its downloads."""

from __future__ import annotations

import warnings
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from benchmarks.clock import Clock, Steps, Times
from benchmarks.random_models import any_codes, random_networks
from benchmarks.rivals import load, renamed
from benchmarks.shapes import Shape

if TYPE_CHECKING:
    import torch

INSTALL = "pip install 'open-dalle[bench]'"


class MinDalle:
    """Draws as `MinDalle.generate_raw_image_stream` does, in the package's own number format."""

    def __init__(self, shape: Shape, device: torch.device) -> None:
        import torch

        package = load("min_dalle.min_dalle", INSTALL, stubs=("requests",))
        # Float32 is its default; on a GPU its readme advises float16.
        in_fp16 = device.type == "cuda"
        self.name = f"min-dalle {version('min-dalle')}, {'fp16' if in_fp16 else 'fp32'}"
        self._shape, self._device = shape, device
        self._clock = Clock(device)
        self._steps = Steps(self._clock)

        # Made without its constructor, which does nothing but download files and read them.
        self._package = package.MinDalle.__new__(package.MinDalle)
        self._set_up(torch.float16 if in_fp16 else torch.float32)
        self._load_weights(torch.float16 if in_fp16 else torch.float32)
        decoder = self._package.decoder
        decoder.sample_tokens = self._steps.counted(decoder.sample_tokens)

    def _set_up(self, dtype: torch.dtype) -> None:
        """Give it settings, a text tokenizer, and networks of our sizes."""
        models = load("min_dalle.models", INSTALL)
        package, config = self._package, self._shape.config
        encoder_sizes, decoder_sizes = _sizes(config.text), _sizes(config.generator)

        package.device, package.dtype = str(self._device), dtype
        package.is_reusable, package.is_verbose = True, False
        package.text_token_count = config.text.max_tokens
        package.layer_count = decoder_sizes["layer_count"]
        package.embed_count = decoder_sizes["embed_count"]
        package.tokenizer = _FixedTokens(
            [number for number in self._shape.ids if number != config.text.pad_id]
        )

        package.encoder = models.DalleBartEncoder(
            **encoder_sizes,
            text_token_count=config.text.max_tokens,
            text_vocab_count=config.text.vocab_size,
            device=package.device,
        )
        package.decoder = models.DalleBartDecoder(
            **decoder_sizes,
            image_vocab_count=config.generator.code_rows - 1,
            device=package.device,
        )
        package.detokenizer = models.VQGanDetokenizer()

    def _load_weights(self, dtype: torch.dtype) -> None:
        """Give it our weights under its names."""
        from dall_e.checkpoints.families import min_dalle, min_dalle_vqgan

        package, config = self._package, self._shape.config
        networks = random_networks(self._shape, dtype)
        for theirs, ours, table in (
            (package.encoder, networks.text, min_dalle.prompt_table(config.text)),
            (package.decoder, networks.generator, min_dalle.transformer_table(config.generator)),
            (
                package.detokenizer,
                networks.tokenizer,
                min_dalle_vqgan.tokenizer_table(config.tokenizer),
            ),
        ):
            theirs.load_state_dict(renamed(ours, table), strict=True, assign=True)
            theirs.eval().requires_grad_(False).to(self._device)

    def draw(self, tokens: int) -> Times:
        """Run its own loop; the last token is followed by the pixels."""
        import torch

        sampling = self._shape.config.sampling
        settings = {"top_k": sampling.top_k, "supercondition_factor": sampling.guidance_scale}

        def loop() -> None:
            for _ in self._package.generate_raw_image_stream("", seed=1, grid_size=1, **settings):
                pass

        codes = any_codes(self._shape, self._device)
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
        """Return the same ids whatever the words."""
        return self._ids


def _sizes(config: Any) -> dict[str, int]:
    return {
        "layer_count": config.num_layers,
        "embed_count": config.width,
        "attention_head_count": config.num_heads,
        "glu_embed_count": config.mlp_width,
    }
