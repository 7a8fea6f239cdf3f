"""LlamaGen's image tokenizers VQ-16 and VQ-8: taming's network, other names, and a codebook of unit
vectors.

Names and sizes: FoundationVision/LlamaGen, `tokenizer/tokenizer_image/vq_model.py`.
"""

from __future__ import annotations

from typing import Any

from dall_e.checkpoints.keymap import KeyTable, Tensors
from dall_e.checkpoints.vqgan_keys import LLAMAGEN, codebook_sizes, sizes_from_tensors, vqgan_table
from dall_e.config.published import VQGANConfig

# A tally of codes that training kept.
DROPPED = ("quantize.codebook_used",)


def settings(given: dict[str, Any], tensors: Tensors, image_size: int = 256) -> VQGANConfig:
    """From the constructor's arguments where they are given, else off the tensors."""
    if "ch" in given:
        multipliers = tuple(given.get("encoder_ch_mult", given["ch_mult"]))
        found: dict[str, Any] = {
            "channels": given.get("out_channels", 3),
            "width": given["ch"],
            "multipliers": multipliers,
            "encoder_blocks": given.get("num_res_blocks", 2),
            "decoder_blocks": given.get("num_res_blocks", 2) + 1,
            "attention_levels": (len(multipliers) - 1,),
            "latent_width": given["z_channels"],
        }
    else:
        found = sizes_from_tensors(tensors, LLAMAGEN)
    if "codebook_size" in given:
        found |= {"num_codes": given["codebook_size"], "code_width": given["codebook_embed_dim"]}
    else:
        found |= codebook_sizes(tensors, "quantize.embedding.weight")
    lookup: Any = "cosine" if given.get("codebook_l2_norm", True) else "distance"
    return VQGANConfig(image_size=image_size, lookup=lookup, norm_eps=1e-6, **found)


def table(config: VQGANConfig) -> KeyTable:
    """Names of all weights."""
    return vqgan_table(config, LLAMAGEN, DROPPED)
