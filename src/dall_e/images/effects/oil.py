"""Oil: strokes of thick paint, large ones first, along what they show.

Shapes: S the side of the picture, C 4 channels (premultiplied RGBA).
"""

from __future__ import annotations

import cv2
import numpy as np

from dall_e.images.effects.texture import (
    LUMA,
    SIDE,
    Floats,
    UInt8,
    blurred,
    finished,
    noise,
    on_white,
    shading,
)

_LAYERS = ((18.0, 46.0, 10.0), (9.0, 30.0, 6.5), (4.0, 15.0, 3.4))
"""Width and length of strokes, and how far apart they start, layer by layer."""
_CANVAS = np.array([0.93, 0.89, 0.81], dtype=np.float32)
_SEEN = 0.1
"""A smaller difference is not painted over."""
_SHADE = np.array([0.2, 0.19, 0.12], dtype=np.float32)
_RELIEF = 0.06
"""How strongly light falls on thick paint."""


def oil(image_SSC: UInt8, rng: np.random.Generator, *, ground: bool) -> UInt8:
    """Return a drawing, premultiplied RGBA, in oil; `ground` paints the canvas around it."""
    side = len(image_SSC)
    image = image_SSC.astype(np.float32) / 255
    alpha_SS = image[..., 3]
    colour_SS3 = image[..., :3] + (1 - image[..., 3:]) * _CANVAS if ground else on_white(image)

    # Warm where the light falls, cool where it does not
    turned_SS = shading(alpha_SS)
    turned_SS1 = np.where(turned_SS > 0, turned_SS * (0.5 + 0.5 * alpha_SS), turned_SS * alpha_SS)[
        ..., None
    ]
    colour_SS3 = colour_SS3 - turned_SS1 * _SHADE * (0.35 + 0.65 * colour_SS3)

    angles_SS = _directions(image, rng)
    painted_SS3, height_SS = colour_SS3.copy(), np.zeros((side, side), dtype=np.float32)
    for number, (width, length, gap) in enumerate(_LAYERS):
        target_SS3 = blurred(colour_SS3, width / 5)
        differs_SS = np.abs(target_SS3 - blurred(painted_SS3, width / 6)).sum(2)
        where_SS = differs_SS > _SEEN if number else np.ones((side, side), dtype=bool)
        where_SS |= (number == 1) & (alpha_SS > 0.5)
        _strokes(painted_SS3, height_SS, target_SS3, angles_SS, where_SS, (width, length, gap), rng)

    # Thick paint shines on one side.
    height_SS += 0.12 * noise(side, 2.5, rng)
    height_SS = blurred(height_SS, 0.8)
    light_SS = cv2.Sobel(height_SS, cv2.CV_32F, 1, 0) + cv2.Sobel(height_SS, cv2.CV_32F, 0, 1)
    painted_SS3 = painted_SS3 - _RELIEF * np.clip(light_SS, -2.2, 2.2)[..., None]
    return finished(painted_SS3, 1.0 if ground else alpha_SS)


def _directions(image: Floats, rng: np.random.Generator) -> Floats:
    """The angle of a stroke at each pixel: along borders, elsewhere in slow turns."""
    grey_SS = blurred(on_white(image) @ LUMA, 2.0)
    across = cv2.Sobel(grey_SS, cv2.CV_32F, 1, 0)
    down = cv2.Sobel(grey_SS, cv2.CV_32F, 0, 1)
    cosine, sine = blurred(across**2 - down**2, 9), blurred(2 * across * down, 9)
    turns_SS = 1.1 * noise(len(image), 120, rng)
    weak = 2e-4
    return np.asarray(
        0.5 * np.arctan2(sine - weak * np.sin(turns_SS), cosine - weak * np.cos(turns_SS))
        + np.pi / 2
    )


def _strokes(  # noqa: PLR0913, one layer of paint
    painted_SS3: Floats,
    height_SS: Floats,
    target_SS3: Floats,
    angles_SS: Floats,
    where_SS: np.ndarray,
    brush: tuple[float, float, float],
    rng: np.random.Generator,
) -> None:
    """Paint one layer of strokes in random order, and how thick they lie."""
    side = len(painted_SS3)
    width, length, gap = (value * side / SIDE for value in brush)
    steps = np.arange(gap / 2, side, gap)
    y_P, x_P = (axis.ravel() for axis in np.meshgrid(steps, steps, indexing="ij"))
    y_P, x_P = (axis + gap * (rng.random(len(axis)) - 0.5) for axis in (y_P, x_P))
    y_P, x_P = (axis.clip(0, side - 1) for axis in (y_P, x_P))
    order_P = rng.permutation(len(y_P))
    tint_P3 = (
        1 + 0.055 * rng.standard_normal((len(y_P), 1)) + 0.022 * rng.standard_normal((len(y_P), 3))
    )
    jitter_P = 0.25 * rng.standard_normal(len(y_P))
    thick = max(round(width), 1)
    for p in order_P:
        row, column = int(y_P[p]), int(x_P[p])
        if not where_SS[row, column]:
            continue
        angle = angles_SS[row, column] + jitter_P[p]
        dx, dy = 0.5 * length * np.cos(angle), 0.5 * length * np.sin(angle)
        ends = (
            (round(x_P[p] - dx), round(y_P[p] - dy)),
            (round(x_P[p] + dx), round(y_P[p] + dy)),
        )
        colour = (target_SS3[row, column] * tint_P3[p]).tolist()
        cv2.line(painted_SS3, *ends, colour, thick, cv2.LINE_8)
        cv2.line(height_SS, *ends, float(rng.random()), thick, cv2.LINE_8)
