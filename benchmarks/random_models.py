"""Models of the published shapes with random weights, built without any file.

Shapes: L tokens of the text, F features of each, N tokens of an image.
"""

from __future__ import annotations

import inspect
import tempfile
from typing import TYPE_CHECKING, Any

from benchmarks.counting import BYTES
from benchmarks.shapes import WORDS, Shape

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from dall_e.config.published import PublishedConfig
    from dall_e.pipeline import DALL_E

_POOL = 1 << 22
"""Random numbers that are made; they repeat, which plays no part in how long anything takes."""


# Stand-ins for text tokenizers and text encoders


class FixedPrompt:
    """Stands for a text tokenizer: the same ids whatever the words."""

    def __init__(self, ids: tuple[int, ...], null_ids: tuple[int, ...]) -> None:
        self.ids, self.null_ids = list(ids), list(null_ids)

    def encode(self, text: str, max_tokens: int) -> Any:
        """Return the prompt's ids."""
        from dall_e.text.published_tokenizers import EncodedPrompt

        return EncodedPrompt(ids=self.ids, dropped="", lost="")

    def without_words(self, encoded: Any, max_tokens: int) -> Any:
        """Return the ids of no prompt."""
        from dall_e.text.published_tokenizers import EncodedPrompt

        return EncodedPrompt(ids=self.null_ids, dropped="", lost="")


class FixedFeatures:
    """Stands for a text encoder: the same random features whatever the words."""

    def __init__(self, num_tokens: int, width: int) -> None:
        self._num_tokens, self._width = num_tokens, width

    def __call__(self, text: str) -> Any:
        """Return features at the right end, as T5Features does."""
        import torch

        from dall_e.checkpoints.t5 import Features

        generator = torch.Generator().manual_seed(0)
        features_1LF = torch.zeros(1, self._num_tokens, self._width)
        visible_1L = torch.zeros(1, self._num_tokens, dtype=torch.bool)
        features_1LF[:, -WORDS:] = torch.randn(1, WORDS, self._width, generator=generator)
        visible_1L[:, -WORDS:] = True
        return Features(features_1LF, visible_1L, "")


def text_reader(shape: Shape) -> FixedPrompt | FixedFeatures:
    """Return what stands for the shape's text tokenizer or text encoder."""
    text = shape.config.text
    if text.kind == "features":
        return FixedFeatures(text.max_tokens, text.feature_width)
    return FixedPrompt(shape.ids, shape.null_ids)


def any_codes(shape: Shape, device: torch.device) -> Tensor:
    """Return as many codes [1, N] as an image has, all over the codebook, to decode pixels of."""
    import torch

    generator = shape.config.generator
    positions_1N = torch.arange(generator.num_tokens, device=device)[None]
    return positions_1N * 31 % generator.num_codes


# Networks


def count_parameters(shape: Shape) -> dict[str, int]:
    """Count the numbers in the weights, by part."""
    import torch

    with torch.device("meta"):
        parts = _unfilled(shape.config).parts()
    return {
        part: sum(tensor.numel() for tensor in network.state_dict().values())
        for part, network in parts.items()
    }


def random_networks(shape: Shape, dtype: torch.dtype, *, shared: bool = False) -> Any:
    """Build the three networks with random weights, the same for every call.

    Those of the image tokenizer are float32. With `shared`, weights are views of the same numbers,
    so that all of them take no more memory than the largest one. That is for networks that are only
    written to a file: drawn with, they would be read from the cache.
    """
    import torch

    networks = _unfilled(shape.config)
    pool = torch.randn(_POOL, generator=torch.Generator().manual_seed(0)) * 0.02
    for part, network in networks.parts().items():
        state = network.state_dict()
        largest = max(tensor.numel() for tensor in state.values())
        part_dtype = torch.float32 if part == "tokenizer" else dtype
        numbers = pool.to(part_dtype).repeat(-(-largest // _POOL))

        weights = {}
        for name, tensor in state.items():
            if tensor.dim() == 1 and name.endswith("weight"):  # The scale of a norm.
                weights[name] = torch.ones_like(tensor, dtype=part_dtype)
                continue
            values = numbers[: tensor.numel()]
            weights[name] = (values if shared else values.clone()).view(tensor.shape)
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


# Models


def check_precision(precision: str) -> None:
    """Raise ValueError for a precision that nobody knows, or that the library does not have."""
    from dall_e.pipeline import DALL_E

    if precision not in BYTES:
        raise ValueError(f"precision {precision!r} is not one of {', '.join(BYTES)}")
    quantised = precision.startswith("int")
    if quantised and "quantization" not in inspect.signature(DALL_E.from_pretrained).parameters:
        raise ValueError(
            f"this version of the library has no {precision}: DALL_E.from_pretrained takes no "
            "`quantization`; --quantization fp32,bf16 measures what there is"
        )


def random_model(shape: Shape, precision: str = "fp32") -> DALL_E:
    """Build a published model of some shape with random weights, ready to draw.

    Quantised ones take the way that users take, through `from_pretrained`, from a folder that is
    gone afterwards. Raises as `check_precision` does.
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
    model.text_tokenizer = reader
    return model


def _any_tokenizer() -> str:
    """Return any text tokenizer as JSON: a folder has to have one, and it is replaced at once."""
    from dall_e.text.published_tokenizers import MiniTokenizer

    return MiniTokenizer({"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3}, []).to_json()
