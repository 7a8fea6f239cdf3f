"""min-dalle's "detoker": the decoder of a taming VQGAN, trained again to draw in [0, 1].

Names and sizes: kuprel/min-dalle, `min_dalle/models/vqgan_detokenizer.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dall_e.bounded_files import naming
from dall_e.checkpoints.families.base import Settings, load_vqgan, read_weights
from dall_e.checkpoints.families.reference import ReferenceCase
from dall_e.checkpoints.families.vqgan_keys import (
    TAMING,
    codebook_sizes,
    network_rows,
    sizes_from_tensors,
)
from dall_e.checkpoints.keymap import KeyTable, Tensors, expand
from dall_e.config.published import VQGANConfig

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from dall_e.models.vqgan import VQGAN

SIGNATURES = (("embedding.weight", "decoder.conv_in.weight"),)
KEPT_UNDER = ()
KEYS = {
    "codebook": {
        "after_codes.*": "post_quant_conv.*",
        "quantizer.codebook_CD": "embedding.weight",
    },
}


def tokenizer_table(settings: VQGANConfig) -> KeyTable:
    """Names of all weights."""
    return KeyTable(rows=network_rows(settings, TAMING) | expand(KEYS["codebook"]))


def config(given: Settings, tensors: Tensors) -> VQGANConfig:
    """Sizes of the decoder, off the tensors; there are no settings beside them.

    Its group norms add 1e-5 in the package, where taming and the Flax original add 1e-6.
    """
    sizes = sizes_from_tensors(tensors, TAMING) | codebook_sizes(tensors, "embedding.weight")
    levels = len(sizes["multipliers"])
    return VQGANConfig(image_size=16 << (levels - 1), norm_eps=1e-5, unit_range=True, **sizes)


def load(path: Path, given: Settings, dtype: torch.dtype) -> VQGAN:
    """Load detoker.pt. The network has no encoder."""
    tensors = read_weights(path)
    with naming(path):
        settings = config(given, tensors)
    return load_vqgan(path, tensors, settings, tokenizer_table(settings), dtype)


def reference_outputs(case: ReferenceCase) -> dict[str, Tensor]:
    """The image that recorded codes stand for."""
    import torch

    network = load(case.only_file, case.config, torch.float32)
    return {"reconstruction": network.decode(case.input("codes"))}
