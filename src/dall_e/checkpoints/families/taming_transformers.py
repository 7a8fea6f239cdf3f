"""taming-transformers: VQGANs with f16 and 1024 or 16384 codes, and the Gumbel f8.

They come as Lightning checkpoints. Names and sizes: CompVis/taming-transformers,
`taming/models/vqgan.py` and `taming/modules/diffusionmodules/model.py`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dall_e.bounded_files import naming
from dall_e.checkpoints.families.base import Settings, load_vqgan, read_weights
from dall_e.checkpoints.families.reference import ReferenceCase, vqgan_outputs
from dall_e.checkpoints.families.vqgan_keys import (
    TAMING,
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

SIGNATURES = (("quantize.embedding.weight",), ("quantize.embed.weight",))
KEYS = {"tokenizer": TAMING}
KEPT_UNDER = ("state_dict",)


def tokenizer_table(settings: VQGANConfig) -> KeyTable:
    """Names of all weights."""
    # Perceptual loss and discriminator are of use in training only.
    return vqgan_table(settings, KEYS["tokenizer"], ("loss.",))


def config(given: Settings, tensors: Tensors) -> VQGANConfig:
    """From `params` of the published model.yaml, flattened; the rest is read off the tensors."""
    if given.get("double_z"):
        raise ValueError("double_z is set: this is an autoencoder without a codebook, not a VQGAN")

    sizes = _sizes_given(given) if "ch" in given else sizes_from_tensors(tensors, TAMING)
    if "n_embed" in given:
        sizes |= {"num_codes": given["n_embed"], "code_width": given["embed_dim"]}
    else:
        sizes |= codebook_sizes(tensors, "quantize.embedding.weight", "quantize.embed.weight")

    return VQGANConfig(
        image_size=given.get("resolution", 256),
        lookup="logits" if "quantize.embed.weight" in tensors else "distance",
        norm_eps=1e-6,
        **sizes,
    )


def _sizes_given(given: Settings) -> dict[str, Any]:
    multipliers = tuple(given["ch_mult"])
    sides = [given["resolution"] >> level for level in range(len(multipliers))]
    attended = (level for level, side in enumerate(sides) if side in given["attn_resolutions"])
    return {
        "channels": given["out_ch"],
        "width": given["ch"],
        "multipliers": multipliers,
        "encoder_blocks": given["num_res_blocks"],
        "decoder_blocks": given["num_res_blocks"] + 1,
        "attention_levels": tuple(attended),
        "latent_width": given["z_channels"],
    }


def load(path: Path, given: Settings, dtype: torch.dtype, grid_size: int = 0) -> VQGAN:
    """Load a checkpoint. `grid_size` is the side of the grid of codes to draw; 0 if not known."""
    tensors = read_weights(path, *KEPT_UNDER)
    with naming(path):
        settings = config(given, tensors)
    if grid_size:
        settings = replace(settings, image_size=grid_size * settings.patch_size)
    return load_vqgan(path, tensors, settings, tokenizer_table(settings), dtype)


def reference_outputs(case: ReferenceCase) -> dict[str, Tensor]:
    """Codes, quantized vectors and reconstruction of the image."""
    return vqgan_outputs(case, load)
