"""What Janus describes images with: SigLIP's vision tower, an aligner, the head over words.

None of it is read to draw; `janus.load` leaves it on the disk until it is needed.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dall_e.bounded_files import naming
from dall_e.checkpoints.families.base import Settings, read_weights
from dall_e.checkpoints.families.janus_names import VisionNames, names_of
from dall_e.checkpoints.keymap import (
    From,
    KeyTable,
    Source,
    Tensors,
    count_layers,
    expand,
    fill,
    matrix_shape,
)
from dall_e.config.published import VisionConfig

if TYPE_CHECKING:
    import torch

    from dall_e.models.vision_encoder import Vision

_HEAD_WIDTH = 64
"""SigLIP's; no tensor shows it."""


def vision_tensors(tensors: Tensors) -> Tensors:
    """The part of a file that only describing needs.

    It includes the words' embeddings where they are the head over words.
    """
    names = names_of(tensors)
    held = {name: tensor for name, tensor in tensors.items() if name.startswith(names.describing)}
    head = names.word_head(tensors)
    return held | {head: tensors[head]} if held and head in tensors else held


def vision_table(settings: VisionConfig, tensors: Tensors) -> KeyTable:
    """Names of the weights that only describing needs."""
    names = names_of(tensors)
    vision = names.vision
    template: dict[str, Source] = {
        "patches.*": f"{vision.patches}.*",
        "places.weight": _places(vision),
        "norm.*": f"{vision.norm}.*",
        "words.weight": names.word_head(tensors),
        "aligner.wide.*": f"{vision.aligner[0]}.*",
        "aligner.out.*": f"{vision.aligner[1]}.*",
    }
    for layer, parts in vision.layers.items():
        template[f"blocks.{{}}.{layer}.*"] = tuple(f"{vision.block}.{part}.*" for part in parts)
    return KeyTable(rows=expand(template, settings.num_layers), dropped=names.dropped)


def _places(vision: VisionNames) -> From:
    if vision.flat_places:
        return From(names=(vision.places,))
    return From(
        names=(vision.places,),
        arranged=lambda places_1PD: places_1PD[0],
        shape=lambda shape: (1, *shape),
    )


def vision_config(given: Settings, tensors: Tensors) -> VisionConfig | None:
    """Sizes of what reads images; None if the file has none of it."""
    names = names_of(tensors)
    vision = names.vision
    if not any(name.startswith(vision.tower) for name in tensors):
        return None

    patches = f"{vision.patches}.weight"
    if patches not in tensors or len(tensors[patches].shape) != 4:
        raise ValueError(f"the weights have no {patches} of four axes")
    if vision.places not in tensors:
        raise ValueError(f"the weights have no {vision.places}")
    sizes = given.get("vision_config", {})
    if sizes.get("use_qk_norm"):
        raise ValueError("the vision tower norms queries and keys: not supported")

    width, _, patch_size, _ = tensors[patches].shape
    side = round(tensors[vision.places].shape[-2] ** 0.5)
    vocab_size, out_width = matrix_shape(tensors, names.word_head(tensors))
    return VisionConfig(
        image_size=side * patch_size,
        patch_size=patch_size,
        width=width,
        num_heads=sizes.get("num_attention_heads", max(1, width // _HEAD_WIDTH)),
        num_layers=count_layers(tensors, vision.block.removesuffix(".{}")),
        mlp_width=matrix_shape(tensors, f"{vision.block.format(0)}.mlp.fc1.weight")[0],
        norm_eps=sizes.get("layer_norm_eps", 1e-6),
        out_width=out_width,
        vocab_size=vocab_size,
    )


def read_vision_config(path: Path, given: Settings) -> VisionConfig | None:
    """`vision_config` of a weight file; an error names the file."""
    tensors = read_weights(path, own_prefix="model.")
    with naming(path):
        return vision_config(given, tensors)


def load_vision(path: Path, settings: VisionConfig, dtype: torch.dtype) -> Vision:
    """Load what describes images and does not draw."""
    from dall_e.checkpoints.store import Unfilled
    from dall_e.models.vision_encoder import Vision

    tensors = read_weights(path, own_prefix="model.")
    with naming(path), Unfilled(tensors):
        network = Vision(settings)
    part = (network, vision_table(settings, tensors))
    fill([part], vision_tensors(tensors), dtype, str(path))
    return network
