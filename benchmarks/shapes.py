"""Models of the published shapes with random weights, built without any file; and small ones of the
same make."""

from __future__ import annotations

import dataclasses
import inspect
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmarks.counting import BYTES
from dall_e.config import SamplingConfig
from dall_e.config.published import (
    BlockStyle,
    LeftToRightConfig,
    PromptConfig,
    PublishedConfig,
    VQGANConfig,
)

if TYPE_CHECKING:
    import torch

    from dall_e.pipeline import DALL_E

_WORDS = 14
"""Tokens of the prompt that are not padding, marks included: about ten words."""
_POOL = 1 << 22
"""Random numbers that are made; they repeat, which takes no part in how long anything takes."""


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A published model to be drawn with."""

    config: PublishedConfig
    """Its sizes."""
    ids: tuple[int, ...] = ()
    """The prompt's ids, padding included; none for features of a text encoder."""
    null_ids: tuple[int, ...] = ()
    """What stands for no prompt."""
    pixels: bool = True
    """Whether both sides decode pixels; tokens only where theirs has another decoder."""


def _config(name: str, family: str, sampling: dict[str, Any], **parts: Any) -> PublishedConfig:
    settings = {
        "num_inference_steps": parts["generator"].num_tokens, "order": "raster", "schedule": "uniform", "max_group": 1,
        "temperature": 1.0, "final_temperature": 1.0, "top_p": 1.0, **sampling,
    }  # fmt: skip
    guided = settings["guidance_scale"] != 1
    return PublishedConfig(
        name=name,
        family=family,
        licence="random",
        guided=guided,
        sampling=SamplingConfig(**settings),
        **parts,
    )


_MINI_STYLE = BlockStyle(
    norm="layer",
    norm_eps=1e-5,
    norm_after=True,
    norm_inside_mlp=True,
    qk_norm=False,
    mlp="gelu_gated",
)


def _mini(name: str, num_layers: int, width: int, mlp_width: int, rows: tuple[int, int]) -> Shape:
    """`rows` of the embeddings of words and of codes. Sizes: kuprel/min-dalle, `min_dalle.py`."""
    sizes: dict[str, Any] = {
        "width": width,
        "num_layers": num_layers,
        "num_heads": width // 64,
        "mlp_width": mlp_width,
    }
    text = PromptConfig(
        kind="encoder",
        vocab_size=rows[0],
        max_tokens=64,
        places=True,
        pad_id=1,
        style=_MINI_STYLE,
        **sizes,
    )
    generator = LeftToRightConfig(
        num_codes=16384, code_rows=rows[1], num_logits=rows[1], start_code=16383, embedding_norm=True,
        style=dataclasses.replace(_MINI_STYLE, cross_attention=True), **sizes,
    )  # fmt: skip
    tokenizer = VQGANConfig(encoder_blocks=0, norm_eps=1e-5, unit_range=True)
    sampling = {"guidance_scale": 16.0, "top_k": 256}
    return Shape(
        config=_config(
            name, "min_dalle", sampling, tokenizer=tokenizer, text=text, generator=generator
        ),
        ids=(0, *range(10, 8 + _WORDS), 2, *[1] * (64 - _WORDS)),
        null_ids=(0, 2, *[1] * 62),
    )


def _llamagen(
    name: str, num_layers: int, width: int, mlp_width: int, *, features: bool, num_tokens: int = 256
) -> Shape:
    """Class-conditional, or with a prefix of T5 features. Sizes: FoundationVision/LlamaGen,
    `gpt.py`."""
    text = PromptConfig(kind="class", vocab_size=1001, max_tokens=1, width=width)
    if features:
        text = PromptConfig(kind="features", max_tokens=120, feature_width=2048, width=width)
    generator = LeftToRightConfig(
        num_tokens=num_tokens, prefix_tokens=text.max_tokens, width=width, num_layers=num_layers,
        num_heads=width // 64, mlp_width=mlp_width, places="grid", style=BlockStyle(norm_eps=1e-5, qk_norm=False),
    )  # fmt: skip
    image_size = 16 * generator.grid_size
    tokenizer = VQGANConfig(image_size=image_size, encoder_blocks=0, code_width=8, lookup="cosine")
    sampling = {"guidance_scale": 7.5, "top_k": 1000}
    return Shape(
        config=_config(
            name, "llamagen", sampling, tokenizer=tokenizer, text=text, generator=generator
        ),
        ids=() if features else (7,),
        null_ids=() if features else (1000,),
    )


def _janus(name: str, num_layers: int, width: int, mlp_width: int) -> Shape:
    """Janus-Pro. Sizes: deepseek-ai/Janus-Pro-1B and -7B, `config.json`."""
    generator = LeftToRightConfig(
        num_tokens=576, code_width=8, head_width=width, prefix_tokens=1024, width=width, num_layers=num_layers,
        num_heads=width // 128, mlp_width=mlp_width, places="line", style=BlockStyle(qk_norm=False),
    )  # fmt: skip
    return Shape(
        config=_config(
            name,
            "janus",
            {"guidance_scale": 5.0, "top_k": 0},
            tokenizer=VQGANConfig(image_size=384, encoder_blocks=0, code_width=8, lookup="cosine"),
            text=PromptConfig(kind="table", vocab_size=102400, max_tokens=1024, width=width),
            generator=generator,
        ),
        ids=(0, *range(10, 8 + _WORDS), 3),
        null_ids=(0, *[2] * (_WORDS - 2), 3),
    )


def _mindalle() -> Shape:
    """minDALL-E 1.3B, which has no guidance. Sizes: kakaobrain/minDALL-E, `utils/config.py`."""
    style = BlockStyle(
        norm="layer", norm_eps=1e-5, qk_norm=False, attention_bias=True, mlp="gelu", mlp_bias=True
    )
    generator = LeftToRightConfig(
        width=1536, num_layers=42, num_heads=24, mlp_width=6144, text_logits=16384, style=style
    )
    text = PromptConfig(kind="table", vocab_size=16384, max_tokens=64, width=1536, places=True)
    sampling = {"guidance_scale": 1.0, "top_k": 256}
    ids = (*range(10, 10 + _WORDS), *[0] * (64 - _WORDS))
    return Shape(
        config=_config(
            "minDALL-E",
            "mindalle",
            sampling,
            tokenizer=VQGANConfig(encoder_blocks=0),
            text=text,
            generator=generator,
        ),
        ids=ids,
        null_ids=ids,
    )


def _rudalle() -> Shape:
    """ruDALL-E Malevich, which has no guidance. Sizes: ai-forever/ru-dalle,
    `rudalle/dalle/__init__.py`."""
    style = BlockStyle(
        norm="layer", norm_eps=1e-5, norm_after=True, norm_after_mlp=True, qk_norm=False, attention_bias=True,
        mlp="gelu_tanh", mlp_bias=True,
    )  # fmt: skip
    generator = LeftToRightConfig(
        num_codes=8192, code_rows=8192, num_logits=8192, num_tokens=1024, prefix_tokens=128, width=2048, num_heads=16,
        num_layers=24, mlp_width=8192, head_norm=True, head_bias=True, attention_mask="lines", style=style,
    )  # fmt: skip
    vqgan = VQGANConfig(
        encoder_blocks=0,
        multipliers=(1, 1, 2, 4),
        attention_levels=(3,),
        num_codes=8192,
        lookup="logits",
    )
    text = PromptConfig(kind="table", vocab_size=16512, max_tokens=128, width=2048, places=True)
    ids = (2, *range(10, 8 + _WORDS), 3, *range(16384 + _WORDS, 16512))
    sampling = {"guidance_scale": 1.0, "top_k": 2048}
    return Shape(
        config=_config(
            "ruDALL-E", "rudalle", sampling, tokenizer=vqgan, text=text, generator=generator
        ),
        ids=ids,
        null_ids=ids,
    )


def _dalle_pytorch() -> Shape:
    """DALLE-pytorch 512 wide and 8 deep, 34 M in the blocks, as `train_dalle.py` sets it otherwise.

    Rotary along the line where theirs has two kinds of places; without the factor per layer that
    theirs multiplies what it adds by; and the head has no rows for words, which theirs computes and
    hides.
    """
    style = BlockStyle(norm="layer", norm_eps=1e-5, qk_norm=False, mlp="gelu_gated", mlp_bias=True)
    generator = LeftToRightConfig(
        num_codes=8192, code_rows=8192, num_logits=8192, prefix_tokens=257, width=512, num_layers=8, num_heads=8,
        mlp_width=2048, places="line", style=style,
    )  # fmt: skip
    return Shape(
        config=_config(
            "DALLE-pytorch",
            "dalle_pytorch",
            {"guidance_scale": 3.0, "top_k": 819},
            # Never run: tokens only.
            tokenizer=VQGANConfig(width=32, encoder_blocks=0, decoder_blocks=1, num_codes=8192),
            text=PromptConfig(kind="table", vocab_size=10256, max_tokens=257, width=512),
            generator=generator,
        ),
        ids=(0, *range(10, 10 + _WORDS), *range(10000 + _WORDS, 10256)),
        null_ids=(0, *range(10000, 10256)),
        pixels=False,
    )


SHAPES = {
    "mini": _mini("DALL-E mini", 12, 1024, 2730, (50264, 16385)),
    "mega": _mini("DALL-E mega", 24, 2048, 4096, (50272, 16416)),
    "janus-1b": _janus("Janus-Pro-1B", 24, 2048, 5632),
    "janus-7b": _janus("Janus-Pro-7B", 30, 4096, 11008),
    "dalle-pytorch": _dalle_pytorch(),
    "llamagen-b": _llamagen("LlamaGen B", 12, 768, 2048, features=False),
    "llamagen-l": _llamagen("LlamaGen L", 24, 1024, 2816, features=False),
    "llamagen-xl": _llamagen("LlamaGen XL, text to image", 36, 1280, 3584, features=True),
    "llamagen-xl-512": _llamagen(
        "LlamaGen XL, text to image, 512 pixels", 36, 1280, 3584, features=True, num_tokens=1024
    ),
    "mindalle": _mindalle(),
    "rudalle": _rudalle(),
}
"""Every shape that is measured."""


def tiny(shape: Shape) -> Shape:
    """The same make with hardly any width and two layers, to see whether everything runs."""
    old = shape.config
    small: dict[str, Any] = {"width": 64, "num_heads": 1, "num_layers": 2, "mlp_width": 256}
    generator = dataclasses.replace(
        old.generator, **small, head_width=64 if old.generator.head_width else 0
    )
    text_sizes = small if old.text.kind == "encoder" else {"width": 64}
    vqgan = old.tokenizer
    if old.family != "min_dalle":  # The package's decoder has one size.
        vqgan = dataclasses.replace(
            vqgan, width=32, multipliers=(1,) * len(vqgan.multipliers), decoder_blocks=1
        )
    config = dataclasses.replace(
        old, generator=generator, text=dataclasses.replace(old.text, **text_sizes), tokenizer=vqgan
    )
    return dataclasses.replace(shape, config=config)


class FixedPrompt:
    """Stands for a text tokenizer: the same ids whatever the words."""

    def __init__(self, ids: tuple[int, ...], null_ids: tuple[int, ...]) -> None:
        self.ids, self.null_ids = list(ids), list(null_ids)

    def encode(self, text: str, max_tokens: int) -> Any:
        """The prompt's ids."""
        from dall_e.text.published_tokenizers import EncodedPrompt

        return EncodedPrompt(ids=self.ids, dropped="", lost="")

    def without_words(self, encoded: Any, max_tokens: int) -> Any:
        """The ids of no prompt."""
        from dall_e.text.published_tokenizers import EncodedPrompt

        return EncodedPrompt(ids=self.null_ids, dropped="", lost="")


class FixedFeatures:
    """Stands for a text encoder: the same random features whatever the words."""

    def __init__(self, num_tokens: int, width: int) -> None:
        self._num_tokens, self._width = num_tokens, width

    def __call__(self, text: str) -> Any:
        """Features at the right end, as T5Features gives them."""
        import torch

        from dall_e.checkpoints.t5 import Features

        generator = torch.Generator().manual_seed(0)
        features_1LF = torch.zeros(1, self._num_tokens, self._width)
        visible_1L = torch.zeros(1, self._num_tokens, dtype=torch.bool)
        features_1LF[:, -_WORDS:] = torch.randn(1, _WORDS, self._width, generator=generator)
        visible_1L[:, -_WORDS:] = True
        return Features(features_1LF, visible_1L, "")


def text_reader(shape: Shape) -> FixedPrompt | FixedFeatures:
    """What stands for the shape's text tokenizer."""
    if shape.config.text.kind == "features":
        return FixedFeatures(shape.config.text.max_tokens, shape.config.text.feature_width)
    return FixedPrompt(shape.ids, shape.null_ids)


def check_precision(precision: str) -> None:
    """Raises ValueError for a precision that nobody knows, or that this version of the library does
    not have."""
    from dall_e.pipeline import DALL_E

    if precision not in BYTES:
        raise ValueError(f"precision {precision!r} is not one of {', '.join(BYTES)}")
    quantised = precision.startswith("int")
    if quantised and "quantization" not in inspect.signature(DALL_E.from_pretrained).parameters:
        raise ValueError(
            f"this version of the library has no {precision}: DALL_E.from_pretrained takes no `quantization`; "
            "--quantization fp32,bf16 measures what there is"
        )


def count_parameters(shape: Shape) -> dict[str, int]:
    """Numbers in the weights, by part."""
    import torch

    with torch.device("meta"):
        parts = _unfilled(shape.config).parts()
    return {
        part: sum(tensor.numel() for tensor in net.state_dict().values())
        for part, net in parts.items()
    }


def random_networks(shape: Shape, dtype: torch.dtype, *, shared: bool = False) -> Any:
    """The three networks with random weights, the same for every call; the image tokenizer's are
    float32.

    `shared`: weights are views of the same numbers, so that all of them take no more memory than
    the largest one. That is for networks that are written to a file only: drawn with, they would be
    read from the cache.
    """
    import torch

    networks = _unfilled(shape.config)
    pool = torch.randn(_POOL, generator=torch.Generator().manual_seed(0)) * 0.02
    for part, network in networks.parts().items():
        state = network.state_dict()
        most = max(tensor.numel() for tensor in state.values())
        numbers = pool.to(torch.float32 if part == "tokenizer" else dtype).repeat(-(-most // _POOL))
        weights = {}
        for name, tensor in state.items():
            made = numbers[: tensor.numel()] if shared else numbers[: tensor.numel()].clone()
            scale = tensor.dim() == 1 and name.endswith("weight")
            weights[name] = (
                torch.ones_like(tensor, dtype=made.dtype) if scale else made.view(tensor.shape)
            )
        network.load_state_dict(weights, strict=True, assign=True)
    return networks


def _unfilled(config: PublishedConfig) -> Any:
    from dall_e.checkpoints.families.base import PublishedNetworks
    from dall_e.checkpoints.store import Unfilled
    from dall_e.models.left_to_right import LeftToRight
    from dall_e.models.prompt_networks import build_prompts
    from dall_e.models.vqgan import VQGAN

    with Unfilled():
        return PublishedNetworks(
            VQGAN(config.tokenizer), build_prompts(config.text), LeftToRight(config.generator)
        )


def random_model(shape: Shape, precision: str = "fp32") -> DALL_E:
    """A published model of some shape with random weights, ready to draw. Raises as
    `check_precision` does.

    Quantised ones take the way that users take, through `from_pretrained`, from a folder that is
    gone afterwards.
    """
    import torch

    from dall_e.checkpoints import store
    from dall_e.pipeline import DALL_E

    check_precision(precision)
    reader: Any = text_reader(shape)
    if not precision.startswith("int"):
        dtype = {"fp32": torch.float32, "bf16": torch.bfloat16}[precision]
        return DALL_E(shape.config, random_networks(shape, dtype), reader)
    with tempfile.TemporaryDirectory() as folder:
        weights = random_networks(shape, torch.bfloat16, shared=True).state_dict()
        store.save_model(
            folder, shape.config.to_dict(), weights, int8=True, text_tokenizer_json=_any_tokenizer()
        )
        del weights
        load: Any = DALL_E.from_pretrained
        model: DALL_E = load(folder, quantization=precision)
    return DALL_E(model.config, model.networks, reader)


def _any_tokenizer() -> str:
    """A folder has to have one; it is replaced at once."""
    from dall_e.text.published_tokenizers import MiniTokenizer

    return MiniTokenizer({"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3}, []).to_json()
