"""How the two layouts of Janus name their parts: DeepSeek's own, and that of transformers.

Names: deepseek-ai/Janus, `janus/models/modeling_vlm.py`; and of converted files, transformers,
`models/janus/modeling_janus.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

from dall_e.checkpoints.families.vqgan_keys import LLAMAGEN, TRANSFORMERS, Layout
from dall_e.checkpoints.keymap import Tensors


@dataclass(frozen=True, kw_only=True)
class VisionNames:
    """How one layout names the parts that read images."""

    tower: str
    """Start of the names of the vision tower."""
    aligner: tuple[str, str]
    """The two layers that bring the tower's output to the language model's width."""
    patches: str
    """The convolution that embeds patches."""
    places: str
    """Embeddings of the positions of patches."""
    norm: str
    """The norm after the last block."""
    block: str
    """A block; `{}` is its number."""
    layers: dict[str, tuple[str, ...]]
    """The layers of a block by our names; several are joined."""
    flat_places: bool
    """Whether the embeddings of positions are a matrix, without an axis for the batch."""


@dataclass(frozen=True, kw_only=True)
class Names:
    """How one layout names the parts."""

    language: str
    """The language model."""
    embedding: str
    """Embeddings of image codes."""
    aligner: tuple[str, str]
    """The two layers that bring codes to the language model's width."""
    head: tuple[str, str]
    """The two layers of the head over codes."""
    vqgan: str
    """Start of the names of the image tokenizer."""
    vqgan_layout: Layout
    """Its layout."""
    words: str
    """The head over words."""
    vision: VisionNames
    """The parts that read images."""
    dropped: tuple[str, ...]
    """Starts of names of which nothing is ever read."""

    @property
    def describing(self) -> tuple[str, ...]:
        """Starts of the names that only describing needs."""
        aligner = self.vision.aligner[0].split("aligner.")[0] + "aligner."
        return (f"{self.words}.", self.vision.tower, aligner)

    def word_head(self, tensors: Tensors) -> str:
        """The head over words; a file without one uses the words' embeddings."""
        head = f"{self.words}.weight"
        return head if head in tensors else f"{self.language}.embed_tokens.weight"


ORIGINAL = Names(
    language="language_model.model",
    embedding="gen_embed",
    aligner=("gen_aligner.layers.0", "gen_aligner.layers.2"),
    head=("gen_head.output_mlp_projector", "gen_head.vision_head"),
    vqgan="gen_vision_model.",
    vqgan_layout=LLAMAGEN,
    words="language_model.lm_head",
    vision=VisionNames(
        tower="vision_model.",
        aligner=("aligner.layers.0", "aligner.layers.2"),
        patches="vision_model.vision_tower.patch_embed.proj",
        places="vision_model.vision_tower.pos_embed",
        norm="vision_model.vision_tower.norm",
        block="vision_model.vision_tower.blocks.{}",
        layers={
            "attention_norm": ("norm1",),
            "attention.qkv": ("attn.qkv",),
            "attention.out": ("attn.proj",),
            "mlp_norm": ("norm2",),
            "mlp.up": ("mlp.fc1",),
            "mlp.down": ("mlp.fc2",),
        },
        flat_places=False,
    ),
    # SigLIP's own pooling, which Janus does not use, and a count that training kept.
    dropped=("vision_model.vision_tower.attn_pool.", "gen_vision_model.quantize.codebook_used"),
)
CONVERTED = Names(
    language="model.language_model",
    embedding="model.generation_embeddings",
    aligner=("model.generation_aligner.fc1", "model.generation_aligner.hidden_layers.0"),
    head=("model.generation_head.proj_out", "model.generation_head.vision_head"),
    vqgan="model.vqmodel.",
    vqgan_layout=TRANSFORMERS,
    words="lm_head",
    vision=VisionNames(
        tower="model.vision_model.",
        aligner=("model.aligner.fc1", "model.aligner.hidden_layers.0"),
        patches="model.vision_model.embeddings.patch_embedding",
        places="model.vision_model.embeddings.position_embedding.weight",
        norm="model.vision_model.post_layernorm",
        block="model.vision_model.encoder.layers.{}",
        layers={
            "attention_norm": ("layer_norm1",),
            "attention.qkv": ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
            "attention.out": ("self_attn.projection_layer",),
            "mlp_norm": ("layer_norm2",),
            "mlp.up": ("mlp.fc1",),
            "mlp.down": ("mlp.fc2",),
        },
        flat_places=True,
    ),
    dropped=(),
)


def names_of(tensors: Tensors) -> Names:
    """The layout of a file."""
    return CONVERTED if "model.language_model.embed_tokens.weight" in tensors else ORIGINAL


def within(tensors: Tensors, prefix: str) -> Tensors:
    """The tensors whose names start with `prefix`, without it."""
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in tensors.items()
        if name.startswith(prefix)
    }
