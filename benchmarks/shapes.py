"""The shapes of published models: their sizes, without their weights; and small ones of each make.

`random_models.py` builds them.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from dall_e.config import SamplingConfig
from dall_e.config.published import (
    BlockStyle,
    LeftToRightConfig,
    PromptConfig,
    PublishedConfig,
    VQGANConfig,
)

WORDS = 14
"""Tokens of the prompt that are not padding, marks included: about ten words."""


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A published model to be drawn with."""

    config: PublishedConfig
    """Its sizes."""
    ids: tuple[int, ...] = ()
    """The prompt's ids, padding included; none for features of a text encoder."""
    null_ids: tuple[int, ...] = ()
    """The ids of no prompt."""
    pixels: bool = True
    """Whether both sides decode pixels; tokens only where theirs has another decoder."""


def _published(
    name: str,
    family: str,
    *,
    guidance_scale: float,
    top_k: int,
    tokenizer: VQGANConfig,
    text: PromptConfig,
    generator: LeftToRightConfig,
) -> PublishedConfig:
    """Settings of a model that draws one token after the other."""
    sampling = SamplingConfig(
        num_inference_steps=generator.num_tokens,
        order="raster",
        schedule="uniform",
        max_group=1,
        temperature=1.0,
        final_temperature=1.0,
        top_p=1.0,
        top_k=top_k,
        guidance_scale=guidance_scale,
    )
    return PublishedConfig(
        name=name,
        family=family,
        licence="random",
        guided=guidance_scale != 1,
        sampling=sampling,
        tokenizer=tokenizer,
        text=text,
        generator=generator,
    )


# DALL-E mini and mega. Sizes: kuprel/min-dalle, `min_dalle.py`.


def _mini(
    name: str, *, layers: int, width: int, mlp_width: int, word_rows: int, code_rows: int
) -> Shape:
    """`word_rows` and `code_rows` are the rows of both embeddings."""
    style = BlockStyle(
        norm="layer",
        norm_eps=1e-5,
        norm_after=True,
        norm_inside_mlp=True,
        qk_norm=False,
        mlp="gelu_gated",
    )
    sizes: dict[str, Any] = {
        "width": width,
        "num_layers": layers,
        "num_heads": width // 64,
        "mlp_width": mlp_width,
    }
    text = PromptConfig(
        kind="encoder",
        vocab_size=word_rows,
        max_tokens=64,
        places=True,
        pad_id=1,
        style=style,
        **sizes,
    )
    generator = LeftToRightConfig(
        num_codes=16384,
        code_rows=code_rows,
        num_logits=code_rows,
        start_code=16383,
        embedding_norm=True,
        style=dataclasses.replace(style, cross_attention=True),
        **sizes,
    )
    config = _published(
        name,
        "min_dalle",
        guidance_scale=16.0,
        top_k=256,
        tokenizer=VQGANConfig(encoder_blocks=0, norm_eps=1e-5, unit_range=True),
        text=text,
        generator=generator,
    )
    return Shape(
        config=config,
        ids=(0, *range(10, 8 + WORDS), 2, *[1] * (64 - WORDS)),
        null_ids=(0, 2, *[1] * 62),
    )


# LlamaGen. Sizes: FoundationVision/LlamaGen, `gpt.py`.


def _llamagen(
    name: str, *, layers: int, width: int, mlp_width: int, features: bool, num_tokens: int = 256
) -> Shape:
    """Class-conditional, or with a prefix of T5 features."""
    text = PromptConfig(kind="class", vocab_size=1001, max_tokens=1, width=width)
    if features:
        text = PromptConfig(kind="features", max_tokens=120, feature_width=2048, width=width)
    generator = LeftToRightConfig(
        num_tokens=num_tokens,
        prefix_tokens=text.max_tokens,
        width=width,
        num_layers=layers,
        num_heads=width // 64,
        mlp_width=mlp_width,
        places="grid",
        style=BlockStyle(norm_eps=1e-5, qk_norm=False),
    )
    tokenizer = VQGANConfig(
        image_size=16 * generator.grid_size, encoder_blocks=0, code_width=8, lookup="cosine"
    )
    config = _published(
        name,
        "llamagen",
        guidance_scale=7.5,
        top_k=1000,
        tokenizer=tokenizer,
        text=text,
        generator=generator,
    )
    return Shape(config=config, ids=() if features else (7,), null_ids=() if features else (1000,))


# Janus-Pro. Sizes: deepseek-ai/Janus-Pro-1B and -7B, `config.json`.


def _janus(name: str, *, layers: int, width: int, mlp_width: int) -> Shape:
    generator = LeftToRightConfig(
        num_tokens=576,
        code_width=8,
        head_width=width,
        prefix_tokens=1024,
        width=width,
        num_layers=layers,
        num_heads=width // 128,
        mlp_width=mlp_width,
        places="line",
        style=BlockStyle(qk_norm=False),
    )
    config = _published(
        name,
        "janus",
        guidance_scale=5.0,
        top_k=0,
        tokenizer=VQGANConfig(image_size=384, encoder_blocks=0, code_width=8, lookup="cosine"),
        text=PromptConfig(kind="table", vocab_size=102400, max_tokens=1024, width=width),
        generator=generator,
    )
    return Shape(
        config=config,
        ids=(0, *range(10, 8 + WORDS), 3),
        null_ids=(0, *[2] * (WORDS - 2), 3),
    )


# minDALL-E 1.3B. Sizes: kakaobrain/minDALL-E, `utils/config.py`.


def _mindalle() -> Shape:
    """It has no guidance."""
    style = BlockStyle(
        norm="layer", norm_eps=1e-5, qk_norm=False, attention_bias=True, mlp="gelu", mlp_bias=True
    )
    config = _published(
        "minDALL-E",
        "mindalle",
        guidance_scale=1.0,
        top_k=256,
        tokenizer=VQGANConfig(encoder_blocks=0),
        text=PromptConfig(kind="table", vocab_size=16384, max_tokens=64, width=1536, places=True),
        generator=LeftToRightConfig(
            width=1536, num_layers=42, num_heads=24, mlp_width=6144, text_logits=16384, style=style
        ),
    )
    ids = (*range(10, 10 + WORDS), *[0] * (64 - WORDS))
    return Shape(config=config, ids=ids, null_ids=ids)


# ruDALL-E Malevich. Sizes: ai-forever/ru-dalle, `rudalle/dalle/__init__.py`.


def _rudalle() -> Shape:
    """It has no guidance."""
    style = BlockStyle(
        norm="layer",
        norm_eps=1e-5,
        norm_after=True,
        norm_after_mlp=True,
        qk_norm=False,
        attention_bias=True,
        mlp="gelu_tanh",
        mlp_bias=True,
    )
    generator = LeftToRightConfig(
        num_codes=8192,
        code_rows=8192,
        num_logits=8192,
        num_tokens=1024,
        prefix_tokens=128,
        width=2048,
        num_heads=16,
        num_layers=24,
        mlp_width=8192,
        head_norm=True,
        head_bias=True,
        attention_mask="lines",
        style=style,
    )
    tokenizer = VQGANConfig(
        encoder_blocks=0,
        multipliers=(1, 1, 2, 4),
        attention_levels=(3,),
        num_codes=8192,
        lookup="logits",
    )
    config = _published(
        "ruDALL-E",
        "rudalle",
        guidance_scale=1.0,
        top_k=2048,
        tokenizer=tokenizer,
        text=PromptConfig(kind="table", vocab_size=16512, max_tokens=128, width=2048, places=True),
        generator=generator,
    )
    ids = (2, *range(10, 8 + WORDS), 3, *range(16384 + WORDS, 16512))
    return Shape(config=config, ids=ids, null_ids=ids)


# DALLE-pytorch, 512 wide and 8 deep, 34 M in the blocks; the rest as its `train_dalle.py` has it.


def _dalle_pytorch() -> Shape:
    """The same work as theirs, but for three things.

    Rotary positions run along the line, where theirs has two kinds of positions. The factor per
    layer by which theirs multiplies what it adds is left out. The head has no rows for words, which
    theirs computes and hides.
    """
    style = BlockStyle(norm="layer", norm_eps=1e-5, qk_norm=False, mlp="gelu_gated", mlp_bias=True)
    generator = LeftToRightConfig(
        num_codes=8192,
        code_rows=8192,
        num_logits=8192,
        prefix_tokens=257,
        width=512,
        num_layers=8,
        num_heads=8,
        mlp_width=2048,
        places="line",
        style=style,
    )
    config = _published(
        "DALLE-pytorch",
        "dalle_pytorch",
        guidance_scale=3.0,
        top_k=819,
        # Never run: tokens only.
        tokenizer=VQGANConfig(width=32, encoder_blocks=0, decoder_blocks=1, num_codes=8192),
        text=PromptConfig(kind="table", vocab_size=10256, max_tokens=257, width=512),
        generator=generator,
    )
    return Shape(
        config=config,
        ids=(0, *range(10, 10 + WORDS), *range(10000 + WORDS, 10256)),
        null_ids=(0, *range(10000, 10256)),
        pixels=False,
    )


_XL: dict[str, Any] = {"layers": 36, "width": 1280, "mlp_width": 3584, "features": True}

SHAPES = {
    "mini": _mini(
        "DALL-E mini", layers=12, width=1024, mlp_width=2730, word_rows=50264, code_rows=16385
    ),
    "mega": _mini(
        "DALL-E mega", layers=24, width=2048, mlp_width=4096, word_rows=50272, code_rows=16416
    ),
    "janus-1b": _janus("Janus-Pro-1B", layers=24, width=2048, mlp_width=5632),
    "janus-7b": _janus("Janus-Pro-7B", layers=30, width=4096, mlp_width=11008),
    "dalle-pytorch": _dalle_pytorch(),
    "llamagen-b": _llamagen("LlamaGen B", layers=12, width=768, mlp_width=2048, features=False),
    "llamagen-l": _llamagen("LlamaGen L", layers=24, width=1024, mlp_width=2816, features=False),
    "llamagen-xl": _llamagen("LlamaGen XL, text to image", **_XL),
    "llamagen-xl-512": _llamagen("LlamaGen XL, text to image, 512 pixels", **_XL, num_tokens=1024),
    "mindalle": _mindalle(),
    "rudalle": _rudalle(),
}
"""Every shape that is measured."""


def tiny(shape: Shape) -> Shape:
    """Return the same make with hardly any width and two layers, to see whether everything runs."""
    old = shape.config
    sizes: dict[str, Any] = {"width": 64, "num_heads": 1, "num_layers": 2, "mlp_width": 256}

    head_width = 64 if old.generator.head_width else 0
    generator = dataclasses.replace(old.generator, **sizes, head_width=head_width)
    text_sizes = sizes if old.text.kind == "encoder" else {"width": 64}
    text = dataclasses.replace(old.text, **text_sizes)

    tokenizer = old.tokenizer
    if old.family != "min_dalle":  # The package's decoder has one size.
        multipliers = (1,) * len(tokenizer.multipliers)
        tokenizer = dataclasses.replace(
            tokenizer, width=32, multipliers=multipliers, decoder_blocks=1
        )

    config = dataclasses.replace(old, generator=generator, text=text, tokenizer=tokenizer)
    return dataclasses.replace(shape, config=config)
