"""Dry colours drawn by hand: chalk on a board, crayon, coloured pencils, and a marker's doodle.

Each takes a painted picture, uint8 [S, S, C] premultiplied, and returns its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from dall_e.images.effects.prints import across, hatching
from dall_e.images.effects.segments import Segments, over, tinted
from dall_e.images.effects.texture import (
    Floats,
    UInt8,
    blurred,
    clouds,
    finished,
    noise,
    paper,
    shading,
    trembling,
)

_BOARD = np.array([0.17, 0.27, 0.235], dtype=np.float32)
_WOOD = np.array([0.58, 0.39, 0.24], dtype=np.float32)
_FRAME = 13.0
"""Width of the board's frame."""


@dataclass(frozen=True, kw_only=True)
class _Medium:
    """What is drawn with."""

    wander: float
    """How far the hand strays."""
    line: float
    """Width of lines."""
    pitch: float
    """From stroke to stroke."""
    grain: float
    """How much of the paper shows through."""
    cover: float
    """How wide strokes are, as a part of their pitch."""


_CRAYON = _Medium(wander=2.2, line=4.0, pitch=6.0, grain=0.42, cover=0.92)
_PENCILS = _Medium(wander=1.0, line=1.8, pitch=3.6, grain=0.3, cover=0.84)
_CHALK = _Medium(wander=1.8, line=3.4, pitch=6.5, grain=0.3, cover=0.82)


def _by_hand(image_SSC: UInt8, rng: np.random.Generator, reach: float) -> Segments:
    """The areas of a picture, as a hand draws them that strays a little."""
    strayed = trembling(image_SSC.astype(np.float32), reach, 40, rng)
    return Segments(np.asarray(strayed.clip(0, 255), dtype=np.uint8), rng)


def _strokes(segments: Segments, medium: _Medium, rng: np.random.Generator) -> Floats:
    """How much colour lies on each pixel, [S, S] in [0, 1], from strokes to and fro."""
    side = segments.side
    turn = segments.spread(0.75 + 0.35 * np.sin(2.4 * np.arange(len(segments.lab_K3))))
    along_SS = across(side, turn) + medium.pitch * 0.22 * noise(side, 30, rng)
    width_SS = medium.cover + 0.2 * noise(side, 20, rng) + 0.12 * shading(segments.alpha_SS)
    cover_SS = hatching(along_SS, medium.pitch, width_SS, segments.scale)
    return np.asarray(cover_SS * segments.shown_SS)


def _grainy(cover_SS: Floats, amount: float, rng: np.random.Generator) -> Floats:
    """Colour that the hollows of the paper do not take."""
    side = len(cover_SS)
    tooth_SS = 0.6 * noise(side, 1.7, rng) + 0.4 * paper(side, rng, 2.4)
    return np.asarray(cover_SS * np.clip(1 - amount * (tooth_SS + 0.45), 0.12, 1))


def chalk(image_SSC: UInt8, rng: np.random.Generator, *, ground: bool) -> UInt8:
    """Return lines and strokes of chalk; `ground` is a green board in its frame."""
    segments = _by_hand(image_SSC, rng, _CHALK.wander)
    side, k = segments.side, segments.scale
    lab_K3 = segments.lab_K3.copy()
    dark_K = lab_K3[:, 0] < 0.45
    lab_K3[:, 0] = 0.82 + 0.17 * lab_K3[:, 0]
    chalks_K3 = tinted(lab_K3, chroma=1.0)
    fill_SS: Any = _strokes(segments, _CHALK, rng) * segments.spread(np.where(dark_K, 0.12, 0.9))
    dust_SS = 0.12 * segments.alpha_SS * segments.spread(np.where(dark_K, 0.0, 1.0))
    fill_SS = _grainy(np.maximum(fill_SS, dust_SS), _CHALK.grain, rng)
    line_SS = _grainy(segments.lines(_CHALK.line, 1.3 * _CHALK.line), 0.34, rng)

    smears_SS = 1 + 0.22 * (clouds(side, 130, rng) - 0.5) + 0.025 * noise(side, 2, rng)
    glow_SS = 0.035 * blurred(segments.alpha_SS, 14)
    board_SS3: Any = _BOARD * smears_SS[..., None] + glow_SS[..., None]
    colour_SS3: Any = over(board_SS3, segments.spread(chalks_K3), fill_SS)
    colour_SS3 = over(colour_SS3, (0.95, 0.95, 0.92), line_SS)
    if not ground:
        return finished(colour_SS3, np.maximum(segments.alpha_SS, line_SS))
    steps = np.arange(side) / k
    rim_SS = np.minimum.outer(np.minimum(steps, steps[::-1]), np.minimum(steps, steps[::-1]))
    wood_SS = (0.95 + 0.1 * noise(side, 12, rng)) * np.where(rim_SS > _FRAME - 2.5, 0.7, 1)
    frame_SS3 = _WOOD * wood_SS[..., None]
    return finished(np.where(rim_SS[..., None] < _FRAME, frame_SS3, colour_SS3), 1.0)


def crayon(image_SSC: UInt8, rng: np.random.Generator, *, ground: bool) -> UInt8:
    """Return thick wax strokes, as children draw."""
    return _on_paper(image_SSC, _CRAYON, rng, ground=ground)


def coloured_pencils(image_SSC: UInt8, rng: np.random.Generator, *, ground: bool) -> UInt8:
    """Return fine strokes of coloured pencils."""
    return _on_paper(image_SSC, _PENCILS, rng, ground=ground)


def _on_paper(
    image_SSC: UInt8, medium: _Medium, rng: np.random.Generator, *, ground: bool
) -> UInt8:
    segments = _by_hand(image_SSC, rng, medium.wander)
    side = segments.side
    sheet_SS3 = np.ones((side, side, 3), dtype=np.float32) * (0.995, 0.99, 0.975)
    light_K3 = tinted(segments.lab_K3, chroma=1.08)
    dark_K3 = tinted(segments.lab_K3, chroma=1.05, light=0.72)
    under_SS = 0.42 * segments.alpha_SS
    cover_SS = _grainy(np.maximum(_strokes(segments, medium, rng), under_SS), medium.grain, rng)
    colour_SS3 = over(sheet_SS3, segments.spread(light_K3), cover_SS)
    line_SS = _grainy(segments.lines(medium.line, 1.2 * medium.line), 0.3, rng)
    colour_SS3 = over(colour_SS3, segments.spread(dark_K3), line_SS * segments.shown_SS * 0.85)
    return finished(colour_SS3, 1.0 if ground else segments.alpha_SS)


def doodle(image_SSC: UInt8, rng: np.random.Generator, *, ground: bool) -> UInt8:
    """Return wobbly black lines of a marker beside loose colours."""
    fills = Segments(image_SSC, rng)
    segments = _by_hand(image_SSC, rng, 3.0)
    side, k = segments.side, segments.scale
    again = _by_hand(image_SSC, rng, 2.0)
    pale_K3 = tinted(fills.lab_K3, chroma=0.95, lift=0.04)
    shift = round(4 * k)
    flat_SS3 = np.roll(fills.spread(pale_K3), (shift, shift), (0, 1))
    shown_SS = np.roll(fills.alpha_SS, (shift, shift), (0, 1))
    streak_SS = 0.84 + 0.16 * hatching(
        across(side, np.float32(0.8)), 9, np.float32(0.8) + 0 * shown_SS, k
    )
    if fills.is_scene:
        flat_SS3, shown_SS = fills.spread(pale_K3), fills.alpha_SS
    sheet_SS3 = np.ones((side, side, 3), dtype=np.float32)
    colour_SS3 = over(sheet_SS3, flat_SS3, shown_SS * streak_SS)
    line_SS = np.maximum(segments.lines(2.6, 4.2), 0.85 * again.lines(0.0, 2.0))
    dark_SS = (segments.lightness_SS < 0.35) & segments.shown_SS
    colour_SS3 = over(colour_SS3, (0.1, 0.1, 0.12), np.maximum(line_SS, dark_SS))
    solid_SS = np.maximum.reduce((segments.alpha_SS, line_SS, shown_SS))
    solid_SS[:4, :4] *= image_SSC[:4, :4, 3] / 255
    return finished(colour_SS3, 1.0 if ground else solid_SS)
