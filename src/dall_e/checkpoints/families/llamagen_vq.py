"""LlamaGen's VQ-16 and VQ-8: taming's network, other names, and a codebook of unit vectors.

Names and sizes: FoundationVision/LlamaGen, `tokenizer/tokenizer_image/vq_model.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from dall_e.bounded_files import naming
from dall_e.checkpoints.families.base import Settings, load_vqgan, read_weights
from dall_e.checkpoints.families.reference import ReferenceCase, vqgan_outputs
from dall_e.checkpoints.families.vqgan_keys import (
    LLAMAGEN,
    codebook_sizes,
    sizes_from_tensors,
    vqgan_table,
)
from dall_e.checkpoints.keymap import KeyTable, Tensors
from dall_e.config.published import VQGANConfig

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from dall_e.models.vqgan import VQGAN

SIGNATURES = (("decoder.conv_blocks.0.res.0.conv1.weight",),)
KEYS = {"tokenizer": LLAMAGEN}
KEPT_UNDER = ("ema", "model")


def tokenizer_table(settings: VQGANConfig) -> KeyTable:
    """Names of all weights."""
    # A count of the codes that training drew is left out.
    return vqgan_table(settings, KEYS["tokenizer"], ("quantize.codebook_used",))


def config(given: Settings, tensors: Tensors, image_size: int = 256) -> VQGANConfig:
    """From the constructor's arguments where they are given, else off the tensors."""
    sizes = _sizes_given(given) if "ch" in given else sizes_from_tensors(tensors, LLAMAGEN)
    if "codebook_size" in given:
        sizes |= {"num_codes": given["codebook_size"], "code_width": given["codebook_embed_dim"]}
    else:
        sizes |= codebook_sizes(tensors, "quantize.embedding.weight")

    unit_vectors = given.get("codebook_l2_norm", True)
    return VQGANConfig(
        image_size=image_size,
        lookup="cosine" if unit_vectors else "distance",
        norm_eps=1e-6,
        **sizes,
    )


def _sizes_given(given: Settings) -> dict[str, Any]:
    multipliers: Any = given.get("encoder_ch_mult", given["ch_mult"])
    return {
        "channels": given.get("out_channels", 3),
        "width": given["ch"],
        "multipliers": tuple(multipliers),
        "encoder_blocks": given.get("num_res_blocks", 2),
        "decoder_blocks": given.get("num_res_blocks", 2) + 1,
        "attention_levels": (len(multipliers) - 1,),
        "latent_width": given["z_channels"],
    }


def load(path: Path, given: Settings, dtype: torch.dtype, image_size: int = 256) -> VQGAN:
    """Load VQ-16 or VQ-8, to draw images of `image_size` pixels a side.

    Where the file has running averages of the weights, they are what the project's own scripts
    take of an image tokenizer.
    """
    tensors = read_weights(path, *KEPT_UNDER)
    with naming(path):
        settings = config(given, tensors, image_size)
    return load_vqgan(path, tensors, settings, tokenizer_table(settings), dtype)


def reference_outputs(case: ReferenceCase) -> dict[str, Tensor]:
    """Codes, quantized vectors and reconstruction of the image."""
    return vqgan_outputs(case, load)
