"""What is known of a published model before it is loaded: name, licence, sizes, memory.

Importing this file needs no torch, so that `dall-e models` lists the models in an instant.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Precision = Literal["float32", "bfloat16", "int8", "int4"]

BYTES_PER_WEIGHT: dict[Precision, float] = {"float32": 4, "bfloat16": 2, "int8": 1, "int4": 0.625}
"""Four bits come with a scale and a zero in bfloat16 for each 32 weights (`nn/quantization.py`)."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """How many weights a model, or one of its variants, has."""

    drawing: int
    """Weights of the transformer and of the network that reads the prompt."""
    embeddings: int
    """Those of `drawing` that stay in bfloat16 when matrices are rounded to eight or four bits:
    embeddings, norms and biases."""
    tokenizer: int
    """Weights of the image tokenizer, which stay in float32."""
    layers: int
    """Layers with keys and values in the KV cache."""
    width: int
    """Width of a key or value."""
    positions: int
    """Tokens of the longest usual prompt and an image: the length of the KV cache."""
    guided: bool = True
    """Whether each image is drawn with and without its prompt."""
    reader: int = 0
    """Weights of another project's model that reads the prompt, in bfloat16."""
    describing: int = 0
    """Weights that are read only to describe images."""

    def gigabytes(self, precision: Precision) -> float:
        """Memory for the weights, and for the KV cache of one image, on a CPU.

        Python and PyTorch themselves, and what the image tokenizer computes, come on top.
        """
        per_weight = BYTES_PER_WEIGHT[precision]
        matrices = (self.drawing - self.embeddings) * per_weight
        embeddings = self.embeddings * max(per_weight, 2)

        # On a CPU keys and values are float32 whatever the weights are (`nn/attention.py`).
        rows = 2 if self.guided else 1
        kv_cache = 2 * self.layers * self.width * self.positions * rows * 4

        return (matrices + embeddings + kv_cache + self.tokenizer * 4 + self.reader * 2) / 1e9


@dataclass(frozen=True, kw_only=True)
class KnownModel:
    """A model that `DALL_E.from_pretrained` loads by name."""

    name: str
    """The name to pass; a hub id for models of other projects."""
    summary: str
    """One sentence on what it draws."""
    licence: str
    """Licence of the weights."""
    built_in: bool = False
    """Whether its weights come with the package; others are downloaded on first use."""
    archive: str = ""
    """Where to get it, if not from the hub: unpacked, it loads by its folder."""
    aliases: tuple[str, ...] = ()
    """Other names that load it, with a warning."""
    variants: tuple[str, ...] = ()
    """What `variant=` may be, the default first."""
    sizes: tuple[Size, ...] = ()
    """Of each variant, or of the only one; none for the built-in model, which is small."""
    languages: str = "English"
    """Languages of the prompts it was trained on."""
    resolution: str = ""
    """Side of its pictures in pixels."""
    files: tuple[str, ...] = ()
    """What to download, as patterns; `{v}` is `_mini` for the variant mini, else nothing."""

    @property
    def parameters(self) -> str:
        """Number of weights that draw, of each variant."""
        return self._of_each_size(
            lambda size: f"{(size.drawing + size.tokenizer + size.reader) / 1e9:.1f} B"
        )

    @property
    def memory(self) -> str:
        """Memory that drawing one picture takes, of each variant."""
        return self._of_each_size(
            lambda size: (
                f"{size.gigabytes('float32'):.1f} GB in float32, "
                f"{size.gigabytes('int8'):.1f} GB in int8"
            )
        )

    @property
    def describes(self) -> bool:
        """Whether it also says what is in a picture."""
        return any(size.describing for size in self.sizes)

    def _of_each_size(self, text_of: Callable[[Size], str]) -> str:
        """One text if all variants have the same, else one for each variant."""
        texts = [text_of(size) for size in self.sizes]
        if len(set(texts)) > 1:
            pairs = zip(self.variants, texts, strict=True)
            texts = [f"{variant}: {text}" for variant, text in pairs]
        return "; ".join(dict.fromkeys(texts))
