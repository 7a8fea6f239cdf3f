"""Is a picture drawn, or remembered: the nearest training picture of each sample, and the fraction of
near-copies.

Pictures are compared where something is drawn: each is cut to the box that holds what differs from
white and brought to 32 x 32 pixels, so that a copy that was moved, scaled or turned to its mirror
image is still found. Then every pixel looks for its like within one step of its place in the other
picture, and the other way round: a copy that was bent a little is found too. What is left over is
the root mean square of the difference of colours, as a fraction of what the stronger of the two
pictures differs from white: pale pictures are not alike for being pale. The same drawing in another
colour is no copy by this measure.

Shapes: B samples, M training pictures, K candidates, U different ones of them, F numbers of a
thumbnail, C H W a picture.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from dall_e.images.files import ImageArray

NEAR_COPY = 0.18
"""Distance below which a sample counts as a near-copy.

Measured against 15,874 training pictures: of 600 pictures of a style that is not among them 1 % is
nearer, and those are the same by meaning, as the flag of Dominica and a black circle. Of 300
training pictures that the built-in model's image tokenizer drew again, 98 % are found; after they
were scaled to between 60 and 100 %, moved and half of them mirrored, 88 %; after they were bent, by
4 % of the side on average, 79 %.
"""
_CANDIDATES = 16
_SIDE = 32
_LEAST_INK = 1.0
_RIM = 0.02
_STEPS = ((0, 0), (0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (1, -1), (-1, 1), (-1, -1))


@dataclass(frozen=True, kw_only=True)
class Nearest:
    """The training picture that a sample is most like."""

    index: int
    """Row of the training set."""
    distance: float
    """0 (the same), 1 (as far as from an empty page) and above."""

    @property
    def near_copy(self) -> bool:
        """Whether the sample is hardly anything but this picture."""
        return self.distance < NEAR_COPY


def thumbnail(image: ImageArray) -> npt.NDArray[np.float32]:
    """uint8 [4, S, S], premultiplied RGBA, as [F] in [0, 1]: what is drawn on white, cut out, at 32
    x 32 pixels."""
    on_white_CHW = (image[:3].astype(np.float32) + (255 - image[3:].astype(np.float32))) / 255
    ink_HW = (1 - on_white_CHW).max(0)
    if ink_HW.sum() < _LEAST_INK:
        return np.ones(3 * _SIDE * _SIDE, dtype=np.float32)
    rows, columns = _middle(ink_HW.sum(1)), _middle(ink_HW.sum(0))
    cut_CHW = np.ascontiguousarray(on_white_CHW[:, rows, columns])
    small = F.interpolate(
        torch.from_numpy(cut_CHW)[None], size=(_SIDE, _SIDE), mode="bilinear", antialias=True
    )
    flat: npt.NDArray[np.float32] = small.flatten().numpy()
    return flat


def _middle(ink: npt.NDArray[np.float32]) -> slice:
    """Where all but the outermost ink is. Specks that a decoder leaves at the rim do not move it
    far."""
    fraction = np.cumsum(ink) / ink.sum()
    return slice(int(np.searchsorted(fraction, _RIM)), int(np.searchsorted(fraction, 1 - _RIM)) + 1)


def thumbnails(images: Sequence[ImageArray]) -> Tensor:
    """[B, F] of pictures."""
    return torch.from_numpy(np.stack([thumbnail(image) for image in images]))


def nearest(
    samples_BF: Tensor,
    training_MF: Tensor,
    *,
    redrawn: Callable[[list[int]], Tensor] | None = None,
) -> list[Nearest]:
    """The nearest training picture of each sample, by thumbnails.

    redrawn: thumbnails of some training pictures as the model's own image tokenizer draws them. A
    model cannot copy a picture better than that, so the nearest few are looked at this way too, and
    the smaller distance counts.
    """
    distance_BM = _rough_distances(samples_BF, training_MF)
    rows_BK = distance_BM.topk(min(_CANDIDATES, len(training_MF)), dim=1, largest=False).indices
    found_BK = _distances(samples_BF, training_MF, rows_BK)
    if redrawn is not None:
        rows_U, place_BK = rows_BK.unique(return_inverse=True)
        found_BK = torch.minimum(
            found_BK, _distances(samples_BF, redrawn(rows_U.tolist()), place_BK)
        )
    best = found_BK.min(1)
    rows_B = rows_BK.gather(1, best.indices[:, None])[:, 0]
    pairs = zip(rows_B.tolist(), best.values.tolist(), strict=True)
    return [Nearest(index=index, distance=distance) for index, distance in pairs]


def _rough_distances(samples_BF: Tensor, training_MF: Tensor) -> Tensor:
    """[B, M]: of each sample, or of its mirror image where that is nearer, pixel by pixel."""
    far_BM = torch.minimum(
        torch.cdist(samples_BF, training_MF), torch.cdist(_mirrored(samples_BF), training_MF)
    )
    return far_BM / torch.maximum(_ink(samples_BF)[:, None], _ink(training_MF))


def _distances(samples_BF: Tensor, images_UF: Tensor, places_BK: Tensor) -> Tensor:
    """[B, K]: of each sample, or of its mirror image where that is nearer, to its own K of the
    pictures."""
    found = []
    for sample_F, mirrored_F, places_K in zip(
        samples_BF, _mirrored(samples_BF), places_BK, strict=True
    ):
        images_KF = images_UF[places_K]
        far_K = torch.minimum(_left_over(sample_F, images_KF), _left_over(mirrored_F, images_KF))
        found.append(far_K / torch.maximum(_ink(sample_F[None]), _ink(images_KF)))
    return torch.stack(found)


def _left_over(sample_F: Tensor, images_KF: Tensor) -> Tensor:
    """[K]: what of the one picture is not in the other within a step, or of the other in the one if
    that is more."""
    one_1CHW, other_KCHW = _as_image(sample_F[None]), _as_image(images_KF)
    return torch.maximum(_not_found(one_1CHW, other_KCHW), _not_found(other_KCHW, one_1CHW))


def _not_found(wanted_KCHW: Tensor, other_KCHW: Tensor) -> Tensor:
    """Norm of the differences between each pixel and the one that is most like it within a step in
    the other."""
    edged_KCHW = F.pad(other_KCHW, (1, 1, 1, 1), mode="replicate")
    near = [
        edged_KCHW[..., 1 + down : 1 + down + _SIDE, 1 + right : 1 + right + _SIDE]
        for down, right in _STEPS
    ]
    least_KHW = torch.stack(
        [(wanted_KCHW - moved_KCHW).square().sum(1) for moved_KCHW in near]
    ).amin(0)
    return least_KHW.sum((1, 2)).sqrt()


def _ink(images_BF: Tensor) -> Tensor:
    """[B]: how much of each differs from white."""
    return (1 - images_BF).square().sum(1).sqrt().clamp_min(1e-6)


def _mirrored(images_BF: Tensor) -> Tensor:
    return _as_image(images_BF).flip(-1).flatten(1)


def _as_image(images_BF: Tensor) -> Tensor:
    return images_BF.reshape(-1, 3, _SIDE, _SIDE)
