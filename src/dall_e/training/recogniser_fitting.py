"""A recogniser from a data set: discriminants of what drawings show, and how sure to be.

Fisher's discriminants are solved for, not descended to, so it takes a minute and no run folder.
Beside each drawing stand views of it: moved, mirrored, on colours, through JPEG, soft. They belong
to what drawings of one thing may differ in.

Shapes: M drawings, K things, F numbers of a descriptor, P principal components, D of a direction,
C H W channels (4, premultiplied RGBA), rows and columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
import numpy.typing as npt
import torch

from dall_e.data.augment import random_views
from dall_e.data.captions import describing_captions, names_of
from dall_e.data.datasets import ImageSet, Record
from dall_e.images.descriptors import Floats, descriptor
from dall_e.images.files import ImageArray, to_uint8
from dall_e.images.flat_ground import without_flat_ground
from dall_e.models.recogniser import RecognisedThing, Recogniser, calibrated, unit_rows
from dall_e.text.language import mirrors, without_tone

_COMPONENTS, _DIMS = 600, 128
_OVERSAMPLING = 50
"""More random directions than components, from which principal components are found (Halko,
Martinsson and Tropp 2011, arXiv 0909.4061)."""
_VIEW_WEIGHT = 0.3
"""Of what views differ in, beside what drawings of one thing by several people do. With 1 another
designer's drawings are recognised less often, with 0 cropped and turned ones."""
_SHRINKAGE = 0.1
"""Of the covariance within things towards a ball, as a fraction of its mean."""
_VIEW_BATCH = 256
_SHARPNESS = (4.0, 6.0, 8.0, 10.0, 12.0, 15.0, 18.0, 22.0, 27.0, 33.0, 40.0)
_UNKNOWN = (0.2, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75)
_CALIBRATED_ON = 4000
"""Drawings that are recognised by the others to find how sure to be."""


def fit_recogniser(images: ImageSet, *, views: int = 1, seed: int = 0) -> Recogniser:
    """A recogniser of the things of a data set with names (`dall-e data build`).

    Raises ValueError for records without names.
    """
    if any("en" not in record for record in images.records):
        raise ValueError(
            "a recogniser learns from names, and there are pictures with captions alone: "
            "`dall-e data build` makes a data set with names"
        )
    things, thing_M = things_of(images.records)
    own_MF = np.stack([_described(image.numpy()) for image in images.images_NCHW])
    mean_F = own_MF.mean(0)
    basis_FP = _principal_components(own_MF - mean_F, seed)

    # What drawings of one thing differ in
    own_MP = (own_MF - mean_F) @ basis_FP
    count_K = np.bincount(thing_M, minlength=len(things))
    mean_KP = np.zeros((len(things), own_MP.shape[1]), np.float32)
    np.add.at(mean_KP, thing_M, own_MP)
    mean_KP /= count_K[:, None]
    several_M = count_K[thing_M] > 1
    scatter_PP = _scatter((own_MP - mean_KP[thing_M])[several_M])
    for view_MF in _described_views(images, views, seed):
        view_MP = (view_MF - mean_F) @ basis_FP
        scatter_PP += _VIEW_WEIGHT / views * _scatter(view_MP - own_MP)

    projection_FD = basis_FP @ _discriminants(scatter_PP, mean_KP, count_K)
    directions_MD = unit_rows((own_MF - mean_F) @ projection_FD)
    sharpness, unknown = calibration(directions_MD, thing_M, seed)
    return Recogniser(
        mean_F=mean_F,
        projection_FD=projection_FD.astype(np.float32),
        directions_MD=directions_MD,
        thing_M=thing_M,
        things=tuple(things),
        sharpness=sharpness,
        unknown=unknown,
    )


def things_of(
    records: Sequence[Record],
) -> tuple[list[RecognisedThing], npt.NDArray[np.int64]]:
    """The things of records, and which each is of: the same English name without a skin tone."""
    things: dict[str, RecognisedThing] = {}
    names = [without_tone(str(record["en"]), "en").lower() for record in records]
    for name, record in sorted(zip(names, records, strict=True), key=lambda pair: pair[0]):
        if name in things and (things[name].zh or not names_of(record, "zh")):
            continue
        en, zh = (without_tone(_caption(record, language), language) for language in ("en", "zh"))
        things[name] = RecognisedThing(name, en, zh)
    number = {name: row for row, name in enumerate(things)}
    return list(things.values()), np.array([number[name] for name in names], np.int64)


def _caption(record: Record, language: str) -> str:
    said = describing_captions(record, "zh" if language == "zh" else "en")
    return said[0] if said else ""


def _described(image_CHW: ImageArray) -> Floats:
    return descriptor(without_flat_ground(image_CHW))


def _described_views(images: ImageSet, views: int, seed: int) -> Iterator[Floats]:
    """Descriptors [M, F] of one view of every drawing after the other."""
    mirror_M = torch.tensor([mirrors(record) for record in images.records])
    for view in range(views):
        rng = torch.Generator().manual_seed(seed * 1000 + view)
        chance = np.random.default_rng((seed, view))
        described: list[Floats] = []
        for start in range(0, len(images), _VIEW_BATCH):
            rows = slice(start, start + _VIEW_BATCH)
            x_BCHW = images.images_NCHW[rows].float() / 255
            x_BCHW = random_views(
                x_BCHW, rng, mirror_B=mirror_M[rows], scales=(0.85, 1.15), shift=0.08
            )
            described += [_described(_saved(to_uint8(x_CHW), chance)) for x_CHW in x_BCHW]
        yield np.stack(described)


def _saved(image_CHW: ImageArray, chance: np.random.Generator) -> ImageArray:
    """A drawing as it may come: some on a colour, of these some through JPEG, some soft."""
    draw = chance.random(4)
    if draw[0] < 0.3:
        blurred = cv2.GaussianBlur(image_CHW.transpose(1, 2, 0), (0, 0), 0.3 + draw[1])
        image_CHW = blurred.transpose(2, 0, 1)
    if draw[2] < 0.5:
        return image_CHW

    colour_3 = chance.integers(0, 256, 3) if draw[2] > 0.75 else np.full(3, 255)
    through_HW = 255 - image_CHW[3].astype(np.int64)
    ground_3HW = colour_3[:, None, None] * through_HW // 255
    rgb_HW3 = np.minimum(image_CHW[:3] + ground_3HW, 255).astype(np.uint8).transpose(1, 2, 0)
    if draw[3] < 0.5:
        quality = int(30 + 120 * draw[3])
        _, content = cv2.imencode(".jpg", rgb_HW3, [cv2.IMWRITE_JPEG_QUALITY, quality])
        rgb_HW3 = np.asarray(cv2.imdecode(content, cv2.IMREAD_COLOR), np.uint8)
    opaque_1HW = np.full((1, *rgb_HW3.shape[:2]), 255, np.uint8)
    return np.concatenate((rgb_HW3.transpose(2, 0, 1), opaque_1HW))


# Linear algebra


def _principal_components(centred_MF: Floats, seed: int) -> Floats:
    """A basis [F, P] of the directions in which descriptors differ most."""
    size = centred_MF.shape[1]
    rng = np.random.default_rng(seed)
    count = min(_COMPONENTS, *centred_MF.shape)
    basis_FP = rng.standard_normal((size, min(count + _OVERSAMPLING, size))).astype(np.float32)
    for _ in range(2):
        basis_FP = np.linalg.qr(centred_MF.T @ (centred_MF @ basis_FP))[0]
    seen_MP = centred_MF @ basis_FP
    _, vectors_PP = np.linalg.eigh(seen_MP.T @ seen_MP)
    components_FP: Floats = basis_FP @ vectors_PP[:, -count:]
    return components_FP


def _scatter(differences_MP: Floats) -> Floats:
    """Mean outer product [P, P]."""
    scatter_PP: Floats = differences_MP.T @ differences_MP / max(len(differences_MP), 1)
    return scatter_PP


def _discriminants(scatter_PP: Floats, mean_KP: Floats, count_K: npt.NDArray[np.int64]) -> Floats:
    """Directions [P, D] in which things differ most, beside what their drawings differ in."""
    size = len(scatter_PP)
    ball_PP = np.eye(size, dtype=np.float32) * (_SHRINKAGE * np.trace(scatter_PP) / size + 1e-6)
    whiten_PP = np.linalg.cholesky(np.linalg.inv(scatter_PP + ball_PP))
    white_KP = mean_KP @ whiten_PP
    _, vectors_PP = np.linalg.eigh(white_KP.T @ (white_KP * count_K[:, None]))
    discriminants_PD: Floats = whiten_PP @ vectors_PP[:, -_DIMS:]
    return discriminants_PD


def calibration(
    directions_MD: Floats, thing_M: npt.NDArray[np.int64], seed: int
) -> tuple[float, float]:
    """The sharpness and the cosine of the unknown that tell best what each drawing is by others.

    A drawing whose thing nobody else drew is one of something unknown.
    """
    rng = np.random.default_rng(seed)
    rows_B = rng.permutation(len(thing_M))[:_CALIBRATED_ON]
    cosine_BM = directions_MD[rows_B] @ directions_MD.T
    cosine_BM[np.arange(len(rows_B)), rows_B] = -1.0

    order_M = np.argsort(thing_M, kind="stable")
    first_K = np.searchsorted(thing_M[order_M], np.arange(thing_M.max() + 1))
    cosine_BK = np.maximum.reduceat(cosine_BM[:, order_M], first_K, axis=1)
    is_known_B = np.bincount(thing_M)[thing_M[rows_B]] > 1

    def nats(sharpness: float, unknown: float) -> float:
        log_BK = calibrated(cosine_BK, sharpness, unknown)
        right_B = log_BK[np.arange(len(rows_B)), thing_M[rows_B]]
        none_B = np.log(np.clip(1 - np.exp(log_BK).sum(1), 1e-9, 1))
        return -float(np.where(is_known_B, right_B, none_B).mean())

    pairs = [(sharpness, unknown) for sharpness in _SHARPNESS for unknown in _UNKNOWN]
    return min(pairs, key=lambda pair: nats(*pair))
