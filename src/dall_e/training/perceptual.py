"""How alike two pictures look to a trained dual encoder: its features, at every resolution.

A dual encoder knows what tells things apart, so its features weigh an eye or a whisker as much as a
plain back. It is of the same pictures and needs no network of another project (Johnson et al. 2016,
arXiv 1603.08155, section 3.2, with an image classifier).

Shapes: B pictures, C 4 channels (premultiplied RGBA in [0, 1]), H W rows and columns.
"""

from __future__ import annotations

import torch
from torch import Tensor

from dall_e.checkpoints.run_files import load_dual_encoder, load_stage
from dall_e.losses.reconstruction import feature_matching_loss
from dall_e.nn.preprocessing import composite_and_resize
from dall_e.training.stage import StepOutput


class PerceptualDistance:
    """Distance of pictures by a dual encoder's features. The dual encoder does not learn."""

    def __init__(self, folder: str, device: torch.device) -> None:
        """`folder`: a run or model folder with a dual encoder. Raises ValueError if it has none."""
        dual_encoder = load_dual_encoder(load_stage(folder))
        dual_encoder.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._tower, self._side = dual_encoder.image, dual_encoder.config.image_size

    def __call__(
        self, *, original_BCHW: Tensor, reconstruction_BCHW: Tensor, background_BC: Tensor
    ) -> StepOutput:
        """The distance on flat colours [B, 3], 0 for equal pictures; its part is "perceptual"."""
        with torch.no_grad():
            shown_BCHW = composite_and_resize(self._side, original_BCHW, background_BC)
            original = self._tower.maps(shown_BCHW)
        shown_BCHW = composite_and_resize(self._side, reconstruction_BCHW, background_BC)
        reconstruction = self._tower.maps(shown_BCHW)

        loss, parts = feature_matching_loss(original=original, reconstruction=reconstruction)
        return StepOutput(loss, {"perceptual": parts["features"]})
