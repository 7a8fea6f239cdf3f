"""How alike two pictures look to a trained dual encoder: features of its picture tower, at every
resolution.

A dual encoder knows what tells things apart, so its features weigh an eye or a whisker as much as a
plain back. It is of the same pictures and needs no network of another project (Johnson et al. 2016,
arXiv 1603.08155, section 3.2, with an image classifier).

Shapes: B pictures, C 4 channels (premultiplied RGBA in [0, 1]), H W rows and columns.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from dall_e.checkpoints.store import load_strict
from dall_e.config import DualEncoderConfig, build_settings
from dall_e.losses.reconstruction import feature_matching_loss
from dall_e.models.dual_encoder import DualEncoder
from dall_e.nn.preprocessing import composite_and_resize
from dall_e.training.run_folder import load_stage_weights, player_weights


def load_dual_encoder(folder: str | Path) -> tuple[dict[str, Any], DualEncoder]:
    """The dual encoder of a run or model folder, and the settings of the run. Raises ValueError if it
    has none."""
    run, players = load_stage_weights(folder)
    weights = player_weights(players, "dual_encoder", folder)
    dual_encoder = DualEncoder(build_settings(DualEncoderConfig, run["networks"]["dual_encoder"]))
    load_strict(dual_encoder, weights, "")
    return run, dual_encoder.eval().requires_grad_(False)


class PerceptualDistance:
    """Distance of pictures by a dual encoder's features. The dual encoder does not learn."""

    def __init__(self, folder: str, device: torch.device) -> None:
        """`folder`: a run or model folder with a dual encoder. Raises ValueError if it has none."""
        _, dual_encoder = load_dual_encoder(folder)
        dual_encoder.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._tower, self._side = dual_encoder.image, dual_encoder.config.image_size

    def __call__(
        self, *, original_BCHW: Tensor, reconstruction_BCHW: Tensor, background_BC: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The scalar, 0 for equal pictures, and the same as the part "perceptual"; pictures on flat
        colours [B, 3]."""
        with torch.no_grad():
            original = self._tower.maps(
                composite_and_resize(self._side, original_BCHW, background_BC)
            )
        reconstruction = self._tower.maps(
            composite_and_resize(self._side, reconstruction_BCHW, background_BC)
        )
        loss, parts = feature_matching_loss(original=original, reconstruction=reconstruction)
        return loss, {"perceptual": parts["features"]}
