"""From the colours of our drawings to those of a style, learned from pictures of the same things.

A pair is our drawing of a thing and the style's picture of it. Laid over each other, the colours
that meet belong together the more, the more alike they are and the more often they meet: our reds
go to the style's red, and not to the green that happens to lie there in one pair.

Shapes: A anchors, which are colours of ours, K colours of the style, S the side at which pairs are
compared, P colours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[Any]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

_SIDE = 48
_ALIKE = 0.065
"""Colours that meet belong together less and less from this distance on, in OKLab."""
_WEIGHTS_3 = np.array([0.5, 1.5, 1.5])
"""How much lightness, and the two of hue and chroma, count of a distance: a style may be lighter,
but red stays red."""
_TURN, _GREY = 0.5, 0.04
"""Hues are about one within this angle, in radians; below this chroma there is none."""
_COLOURED, _SAME_HUE = 0.05, 0.8
"""Above this chroma a colour keeps its hue, if the style has one that is so much alike."""
_MASS = 0.35
"""What two pictures have as much of counts so much beside what lies at the same place."""
_OTHER_HUE = 0.25
"""So much farther is a colour of another hue, where no pair says what belongs to it."""
_DOUBT = 0.25
"""Pairs' worth of belief in the nearest colour before any pair was seen."""
_NEAREST = 0.05
"""Width of that belief."""
_REACH = 0.05
"""How far an anchor tells other colours where to go."""
_APART, _OTHERWISE = 0.08, 0.18
"""Colours of a thing that differ by so much stay two, if the style has another one no farther than
this: skin and hair are not both orange."""
_MOST_SHARED = 0.5
"""Of the differences of lightness between our colours that go to one colour, so much stays where a
style's colours are not few."""


@dataclass(frozen=True, kw_only=True)
class ColourMap:
    """Where colours go."""

    anchors_A3: Floats
    """Colours of ours, in OKLab."""
    targets_A3: Floats
    """What the style has instead."""
    palette_K3: Floats
    """All colours of the style's areas."""
    is_strict: bool
    """Whether the style has these few colours and no others."""

    def __call__(self, lab_P3: Floats) -> Floats:
        """Return colours [P, 3] in the style."""
        if not len(self.palette_K3):
            return lab_P3
        if not len(self.anchors_A3):
            return _snapped(lab_P3, self.palette_K3) if self.is_strict else lab_P3
        gaps_PA = _gaps(lab_P3, self.anchors_A3)
        if self.is_strict:
            # The colour of the nearest anchor; what none is near to goes to the nearest colour.
            moved_P3 = self.targets_A3[gaps_PA.argmin(1)]
            is_far_P1 = gaps_PA.min(1, keepdims=True) > 2 * _REACH
            return np.where(is_far_P1, _snapped(lab_P3, self.palette_K3), moved_P3)
        weights_PA = np.exp(-((gaps_PA / _REACH) ** 2) / 2)
        shift_P3 = weights_PA @ (self.targets_A3 - self.anchors_A3)
        shift_P3 /= weights_PA.sum(1, keepdims=True) + 0.05
        return np.asarray(lab_P3 + shift_P3)

    def of_thing(self, lab_P3: Floats) -> Floats:
        """Return colours of one thing [P, 3]: where a style is strict, what differs clearly
        should differ there, too."""
        moved_P3 = self(lab_P3)
        if not self.is_strict or len(lab_P3) < 2:
            return moved_P3
        own_PK = _hue_gaps(lab_P3, self.palette_K3)
        apart_PP = _hue_gaps(lab_P3, lab_P3) > _APART
        found_P = _hue_gaps(moved_P3, self.palette_K3).argmin(1)

        # First those that are nearest to what they become: they stay what the map says.
        order = np.take_along_axis(own_PK, found_P[:, None], axis=1)[:, 0].argsort(kind="stable")
        done: list[int] = []
        for row in order.tolist():
            taken = {found_P[other] for other in done if apart_PP[row, other]}
            if found_P[row] in taken:
                near = [k for k in own_PK[row].argsort().tolist() if own_PK[row, k] <= _OTHERWISE]
                found_P[row] = next((k for k in near if k not in taken), found_P[row])
            done.append(row)
        return np.asarray(self.palette_K3[found_P])

    def of_places(self, lab_P3: Floats) -> Floats:
        """Return colours of skies, grounds and walls [P, 3], of which pairs of things say little.

        Of a strict style the nearest colour, one of the same hue if there is any: a pale sky is
        blue rather than grey.
        """
        if not self.is_strict or not len(self.palette_K3):
            return self(lab_P3)
        return _snapped(lab_P3, self.palette_K3)


def learned_map(
    pairs: Sequence[tuple[Framed, Framed]], anchors_A3: Floats, palette_K3: Floats, *, strict: bool
) -> ColourMap:
    """Learn where colours go. Each pair is our drawing with the labels of anchors, and the style's
    picture with those of its palette."""
    alike_AK = _alike(anchors_A3, palette_K3, _ALIKE)
    evidence_AK = np.zeros(alike_AK.shape)
    for ours, theirs in pairs:
        together = max(
            (_met(ours, view, alike_AK.shape) for view in (theirs, theirs.mirrored())),
            key=lambda met_AK: float((met_AK * alike_AK).sum()),
        )
        evidence_AK += together * alike_AK
    near_AK = _alike(anchors_A3, palette_K3, _NEAREST) * ~_loses_hue(anchors_A3, palette_K3)
    near_AK += 1e-9 * alike_AK + 1e-30
    near_AK /= near_AK.sum(1, keepdims=True)
    score_AK = evidence_AK + _DOUBT * near_AK
    best_A = score_AK.argmax(1)
    if strict:
        targets_A3 = palette_K3[best_A]
    else:
        # The mean of where it goes, as far as pairs say so.
        known_AK = evidence_AK / (evidence_AK.sum(1, keepdims=True) + 1e-12)
        trust_A1 = evidence_AK.sum(1, keepdims=True)
        trust_A1 = trust_A1 / (trust_A1 + _DOUBT)
        targets_A3 = trust_A1 * (known_AK @ palette_K3) + (1 - trust_A1) * anchors_A3
        targets_A3[:, 0] += _MOST_SHARED * (anchors_A3[:, 0] - targets_A3[:, 0])
    return ColourMap(
        anchors_A3=anchors_A3,
        targets_A3=np.asarray(targets_A3),
        palette_K3=palette_K3,
        is_strict=strict,
    )


@dataclass(frozen=True, kw_only=True)
class Framed:
    """A picture cut to what is seen, as labels of colours; -1 where there is none."""

    labels_SS: Ints

    def mirrored(self) -> Framed:
        """Return it looking the other way."""
        return Framed(labels_SS=self.labels_SS[:, ::-1])


def framed(lab_SS3: Floats, shown_SS: Bools, fills_SS: Bools, palette_K3: Floats) -> Framed:
    """Cut a picture to what is seen of it, at one size for all, and label its areas.

    fills_SS: which pixels are of areas, and not of lines between them.
    """
    rows, columns = np.flatnonzero(shown_SS.any(1)), np.flatnonzero(shown_SS.any(0))
    labels_SS = np.full((_SIDE, _SIDE), -1)
    if not len(rows):
        return Framed(labels_SS=labels_SS)

    # The pixel of the picture at the middle of each of the frame's
    height, width = int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1
    side = max(height, width)
    steps_S = ((np.arange(_SIDE) + 0.5) * side / _SIDE).astype(int)
    row_S = rows[0] + steps_S - (side - height) // 2
    column_S = columns[0] + steps_S - (side - width) // 2
    is_inside_SS = ((row_S >= 0) & (row_S < len(shown_SS)))[:, None] & (
        (column_S >= 0) & (column_S < shown_SS.shape[1])
    )
    grid = np.ix_(row_S.clip(0, len(shown_SS) - 1), column_S.clip(0, shown_SS.shape[1] - 1))
    is_fill_SS = is_inside_SS & fills_SS[grid]
    colours_P3 = lab_SS3[grid][is_fill_SS]
    labels_SS[is_fill_SS] = np.linalg.norm(colours_P3[:, None] - palette_K3[None], axis=2).argmin(1)
    return Framed(labels_SS=labels_SS)


def _met(ours: Framed, theirs: Framed, shape: tuple[int, ...]) -> Floats:
    """How much each colour of ours has to do with each of theirs; 1 in all."""
    met_AK = np.zeros(shape)
    both = (ours.labels_SS >= 0) & (theirs.labels_SS >= 0)
    np.add.at(met_AK, (ours.labels_SS[both], theirs.labels_SS[both]), 1.0)
    own_A = np.bincount(ours.labels_SS[ours.labels_SS >= 0], minlength=shape[0])
    own_K = np.bincount(theirs.labels_SS[theirs.labels_SS >= 0], minlength=shape[1])
    by_mass = np.outer(own_A, own_K) / max(own_A.sum() * own_K.sum(), 1)
    return np.asarray(met_AK / max(met_AK.sum(), 1) + _MASS * by_mass)


def _alike(anchors_A3: Floats, palette_K3: Floats, width: float) -> Floats:
    near_AK = np.exp(-((_gaps(anchors_A3, palette_K3) / width) ** 2) / 2)
    return np.asarray(near_AK * _same_hue(anchors_A3, palette_K3))


def _same_hue(anchors_A3: Floats, palette_K3: Floats) -> Floats:
    """1 for colours of one hue, less for others, and for grey beside what is coloured."""
    chroma_A = np.hypot(anchors_A3[:, 1], anchors_A3[:, 2])[:, None]
    chroma_K = np.hypot(palette_K3[:, 1], palette_K3[:, 2])[None]
    hue_A = np.arctan2(anchors_A3[:, 2], anchors_A3[:, 1])[:, None]
    hue_K = np.arctan2(palette_K3[:, 2], palette_K3[:, 1])[None]
    turn_AK = np.abs((hue_A - hue_K + np.pi) % (2 * np.pi) - np.pi)
    alike_AK = np.exp(-((turn_AK / _TURN) ** 2) / 2)
    beside_grey_AK = np.exp(-np.abs(chroma_A - chroma_K) / _GREY)
    are_both_AK = (chroma_A > _GREY) & (chroma_K > _GREY)
    is_one_AK = (chroma_A > _GREY) != (chroma_K > _GREY)
    return np.where(are_both_AK, alike_AK, np.where(is_one_AK, beside_grey_AK, 1.0))


def _loses_hue(anchors_A3: Floats, palette_K3: Floats) -> Bools:
    """Whether a colour would turn grey [A, K], and the palette has its hue: pale green is green."""
    chroma_A, chroma_K = (np.hypot(lab[:, 1], lab[:, 2]) for lab in (anchors_A3, palette_K3))
    is_grey_AK = (chroma_A > _COLOURED)[:, None] & (chroma_K <= _GREY)[None]
    same_AK = _same_hue(anchors_A3, palette_K3) * (chroma_K > _GREY)
    return np.asarray(is_grey_AK & (same_AK.max(1, keepdims=True) > _SAME_HUE))


def _gaps(first_P3: Floats, second_K3: Floats) -> Floats:
    """How far colours are from others, [P, K]."""
    return np.asarray(np.linalg.norm((first_P3[:, None] - second_K3[None]) * _WEIGHTS_3, axis=2))


def _hue_gaps(first_P3: Floats, second_K3: Floats) -> Floats:
    """The same, and farther for another hue: pale green is nearer to green than to grey."""
    other_PK = _OTHER_HUE * (1 - _same_hue(first_P3, second_K3))
    return np.asarray(_gaps(first_P3, second_K3) + other_PK)


def _snapped(lab_P3: Floats, palette_K3: Floats) -> Floats:
    """The nearest colours of a palette [P, 3], of the same hue if there is any."""
    return np.asarray(palette_K3[_hue_gaps(lab_P3, palette_K3).argmin(1)])
