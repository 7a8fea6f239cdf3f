"""A whole native model, and the sizes that it comes in."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from dall_e.config.base import (
    as_this_version_has_them,
    build_settings,
    check_fractions,
    check_kinds,
    require,
)
from dall_e.config.networks import (
    CaptionerConfig,
    DualEncoderConfig,
    GeneratorConfig,
    TextConfig,
    TokenizerConfig,
    UpsamplerConfig,
)
from dall_e.config.sampling import SamplingConfig

FINISHES = ("crisp", "soft")
"""How a drawing is painted at last."""


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """A whole native model, as `config.json` holds it."""

    name: str = "dall-e-emoji"
    """Name in metadata and messages."""
    version: str = "0"
    """Version of the weights."""
    tokenizer: TokenizerConfig = TokenizerConfig()
    """The image tokenizer."""
    text: TextConfig = TextConfig()
    """The text encoder."""
    generator: GeneratorConfig = GeneratorConfig()
    """The generator."""
    sampling: SamplingConfig = SamplingConfig()
    """Default sampling settings of these weights."""
    dual_encoder: DualEncoderConfig | None = None
    """The scorer of text against pictures, if the model has one."""
    upsampler: UpsamplerConfig | None = None
    """The network that doubles the side of pictures, if the model has one."""
    captioner: CaptionerConfig | None = None
    """The network that says what a picture shows, if the model has one."""
    finish: str = "soft"
    """How drawings are painted unless asked otherwise: "crisp" as areas of one colour with sharp
    borders, for flat styles; "soft" as the networks' pixels."""
    trained_fraction: float = 1.0
    """How far training came in its schedule, of the part that came least far; below 1 it was
    stopped, and loading the model warns of it."""

    def __post_init__(self) -> None:
        check_kinds(self)
        check_fractions(self, "trained_fraction")
        require(
            self.finish in FINISHES,
            f"finish {self.finish!r} is not one of {', '.join(FINISHES)}",
        )
        # The generator knows its neighbours by a few numbers, which must be theirs.
        for name, part, part_name in (
            ("num_codes", "tokenizer", "num_codes"),
            ("grid_size", "tokenizer", "grid_size"),
            ("text_width", "text", "width"),
            ("text_tokens", "text", "max_tokens"),
        ):
            ours, theirs = getattr(self.generator, name), getattr(getattr(self, part), part_name)
            require(
                ours == theirs,
                f"generator.{name} = {ours} differs from {part}.{part_name} = {theirs}",
            )

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON.

        Parts that the model does not have are left out, and the fraction of a whole training.
        """
        values = dataclasses.asdict(self)
        if self.trained_fraction == 1:
            del values["trained_fraction"]
        return {name: value for name, value in values.items() if value is not None}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> ModelConfig:
        """Read what `to_dict` wrote. Raises ValueError on an unknown or ill-typed entry."""
        require(
            isinstance(values, dict),
            f"a model needs a table of settings, got {type(values).__name__}",
        )
        values = as_this_version_has_them(cls.__name__, values)
        built = {
            name: build_settings(part, values[name])
            for name, part in _PARTS.items()
            if name in values
        }
        model: ModelConfig = build_settings(cls, {**values, **built})
        return model


_PARTS = {
    "tokenizer": TokenizerConfig,
    "text": TextConfig,
    "generator": GeneratorConfig,
    "sampling": SamplingConfig,
    "dual_encoder": DualEncoderConfig,
    "upsampler": UpsamplerConfig,
    "captioner": CaptionerConfig,
}


def _preset(tokenizer: TokenizerConfig, text: TextConfig, **generator: Any) -> ModelConfig:
    return ModelConfig(
        tokenizer=tokenizer,
        text=text,
        generator=GeneratorConfig(
            num_codes=tokenizer.num_codes,
            grid_size=tokenizer.grid_size,
            text_width=text.width,
            text_tokens=text.max_tokens,
            **generator,
        ),
    )


# Of both xs presets: one grows into the other.
_XS_TEXT = TextConfig(max_tokens=24)
_XS_GENERATOR: dict[str, Any] = {
    "width": 256,
    "num_heads": 4,
    "content_layers": 4,
    "query_layers": 4,
    "mlp_width": 704,
}

PRESETS: dict[str, ModelConfig] = {
    # The newcomer's tour: trains in minutes on a CPU from the picture set in the repository.
    "tiny": _preset(
        TokenizerConfig(
            image_size=32, widths=(32, 64), encoder_blocks=(1, 1), decoder_blocks=(1, 1)
        ),
        TextConfig(vocab_size=512, max_tokens=24, width=96, num_layers=1),
        width=96,
        num_heads=4,
        content_layers=2,
        query_layers=2,
        mlp_width=256,
    ),
    # Two CPU cores, coarse: 64 pixels, 64 tokens.
    "xs64": _preset(TokenizerConfig(image_size=64), _XS_TEXT, **_XS_GENERATOR),
    # Two CPU cores: 96 pixels, 144 tokens; grows from xs64, whose tokenizer it shares.
    "xs": _preset(TokenizerConfig(), _XS_TEXT, **_XS_GENERATOR),
    # One GPU: 128 pixels, 256 tokens.
    "s": _preset(
        TokenizerConfig(
            image_size=128, widths=(48, 96, 160), encoder_blocks=(1, 2, 2), decoder_blocks=(2, 2, 2)
        ),
        TextConfig(num_layers=3),
        width=384,
        num_heads=6,
        content_layers=5,
        query_layers=5,
        mlp_width=1024,
        dropout=0.1,
    ),
}

# Sizes of the dual encoder, by preset.
DUAL_ENCODERS: dict[str, DualEncoderConfig] = {
    "tiny": DualEncoderConfig(
        image_size=32,
        image_widths=(16, 32, 48),
        vocab_size=512,
        text_width=48,
        text_layers=1,
        width=48,
    ),
    "xs64": DualEncoderConfig(),
    "xs": DualEncoderConfig(),
    "s": DualEncoderConfig(),
    # Judges are not shipped with a model, so they may be larger.
    "judge": DualEncoderConfig(image_widths=(48, 128, 256)),
}

# Sizes of the upsampler. The large one knows pictures as a whole: 12 x 12 positions that attend to
# each other, at a picture of 96 pixels.
UPSAMPLERS: dict[str, UpsamplerConfig] = {
    "tiny": UpsamplerConfig(widths=(8, 16)),
    "small": UpsamplerConfig(),
    "large": UpsamplerConfig(widths=(32, 64, 160, 320), blocks=(1, 1, 2, 3), attends=True),
}

# Sizes of the captioner. The xs one has the picture tower of the xs dual encoder, to start from.
CAPTIONERS: dict[str, CaptionerConfig] = {
    "tiny": CaptionerConfig(
        image_size=32,
        image_widths=(16, 32, 48),
        image_vector=48,
        vocab_size=512,
        width=48,
        num_layers=1,
        num_heads=2,
        mlp_width=128,
    ),
    "xs": CaptionerConfig(),
}
