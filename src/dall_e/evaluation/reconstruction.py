"""How much of a real picture the image tokenizer keeps.

Shapes: B pictures, C H W channels (4, premultiplied RGBA), rows and columns.
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
    there_and_back: Callable[[Tensor], Tensor], images_BCHW: Tensor
) -> npt.NDArray[np.float64]:
    """PSNR in dB of each uint8 picture, encoded and decoded one at a time by `there_and_back`
    (floats in [0, 1])."""
    found = []
    for image_1CHW in (images_BCHW.float() / 255).split(1):
        ours_1CHW = there_and_back(image_1CHW).float().clamp(0, 1)
        found.append(peak_signal_to_noise(original_BCHW=image_1CHW, reconstruction_BCHW=ours_1CHW))
    return torch.cat(found).double().numpy()
