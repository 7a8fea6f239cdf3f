"""taming-transformers: Lightning checkpoints of VQGANs, f16 with 1024 or 16384 codes, and the
Gumbel f8.

Names and sizes: CompVis/taming-transformers, `taming/models/vqgan.py` and
`taming/modules/diffusionmodules/model.py`.
"""

from __future__ import annotations

from typing import Any

from dall_e.checkpoints.keymap import KeyTable, Tensors
from dall_e.checkpoints.vqgan_keys import TAMING, codebook_sizes, sizes_from_tensors, vqgan_table
from dall_e.config.published import VQGANConfig

# Perceptual loss and discriminator: of use in training only.
DROPPED = ("loss.",)


def settings(given: dict[str, Any], tensors: Tensors) -> VQGANConfig:
    """From `params` of the published model.yaml, flattened; what it does not say is read off the
    tensors."""
    if given.get("double_z"):
        raise ValueError("double_z is set: this is an autoencoder without a codebook, not a VQGAN")
    gumbel = "quantize.embed.weight" in tensors
    found: dict[str, Any] = {}
    if "ch" not in given:
        found = sizes_from_tensors(tensors, TAMING)
    else:
        multipliers = tuple(given["ch_mult"])
        sides = [given["resolution"] >> level for level in range(len(multipliers))]
        found = {
            "channels": given["out_ch"],
            "width": given["ch"],
            "multipliers": multipliers,
            "encoder_blocks": given["num_res_blocks"],
            "decoder_blocks": given["num_res_blocks"] + 1,
            "attention_levels": tuple(
                level for level, side in enumerate(sides) if side in given["attn_resolutions"]
            ),
            "latent_width": given["z_channels"],
        }
    if "n_embed" in given:
        found |= {"num_codes": given["n_embed"], "code_width": given["embed_dim"]}
    else:
        found |= codebook_sizes(tensors, "quantize.embedding.weight", "quantize.embed.weight")
    return VQGANConfig(
        image_size=given.get("resolution", 256),
        lookup="logits" if gumbel else "distance",
        norm_eps=1e-6,
        **found,
    )


def table(config: VQGANConfig) -> KeyTable:
    """Names of all weights."""
    return vqgan_table(config, TAMING, DROPPED)
