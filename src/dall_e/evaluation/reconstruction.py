"""Reconstruction: how much of a real image the image tokenizer keeps.

Shapes: B images, C H W channels (4, premultiplied RGBA), rows and columns.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from dall_e.losses.metrics import peak_signal_to_noise


@torch.inference_mode()
def reconstruction(
    reconstruct: Callable[[Tensor], Tensor], images_BCHW: Tensor
) -> npt.NDArray[np.float64]:
    """Compute the PSNR in dB of each uint8 image after the image tokenizer.

    `reconstruct` encodes and decodes a batch of floats in [0, 1]. It gets one image at a time.
    """
    psnr = []
    for image_1CHW in (images_BCHW.float() / 255).split(1):
        decoded_1CHW = reconstruct(image_1CHW).float().clamp(0, 1)
        psnr.append(
            peak_signal_to_noise(original_BCHW=image_1CHW, reconstruction_BCHW=decoded_1CHW)
        )
    return torch.cat(psnr).double().numpy()
