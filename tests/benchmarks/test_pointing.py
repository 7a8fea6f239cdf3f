"""The pointing game: a map that points right hits, and the command prints both maps and chance."""

import random

import numpy as np
import torch
from benchmarks.pointing import (
    Pointed,
    _is_in,
    canvas_of,
    draw_codes,
    judged_left,
    line_of,
    put_together,
)

from dall_e import DALL_E
from dall_e.images.compositing import Place


def test_a_hit_by_hand() -> None:
    map_GG = torch.zeros(4, 4)
    map_GG[1, 2] = 1
    right = Place(index=0, x=0.75, y=0.5, width=0.5, height=1.0)
    left = Place(index=0, x=0.25, y=0.5, width=0.5, height=1.0)
    assert _is_in(map_GG, right) and not _is_in(map_GG, left)


def test_the_line_has_both_maps_and_chance() -> None:
    pointed = [
        Pointed(attention=False, evidence=True, chance=0.2),
        Pointed(attention=True, evidence=True, chance=0.4),
    ]
    assert line_of(pointed) == "evidence 100.0%, attention 50.0%, chance 30.0%"
    assert line_of([]) == "nothing to point at"


def test_evidence_points_better_than_chance() -> None:
    """On three scenes with the built-in weights: each word of each is pointed at."""
    model = DALL_E.from_pretrained()
    pairs = [tuple(random.Random(number).sample(["cat", "house", "apple"], 2)) for number in (1, 2)]
    pointed = list(put_together(model, pairs))
    assert len(pointed) == 4 and sum(each.evidence for each in pointed) >= 3
    assert all(0 < each.chance < 0.5 for each in pointed)


def test_the_judge_knows_left_from_right() -> None:
    """Of two drawings side by side; and of an empty half it says nothing."""
    model = DALL_E.from_pretrained()
    apple, house = (canvas_of(model, codes) for codes in draw_codes(model, ["apple", "house"], 0))
    assert judged_left(model, np.concatenate((apple, house), axis=1), ("apple", "house")) is True
    assert judged_left(model, np.concatenate((apple, house), axis=1), ("house", "apple")) is False
    empty = np.concatenate((apple, np.zeros_like(apple)), axis=1)
    assert judged_left(model, empty, ("apple", "house")) is None
