"""A memory of images as tokens: what a model has seen, beside what its weights have learned.

It serves drawing twice. A prompt recalls images by name, and the generator draws from them
(`recall.py`). And a patch of any drawing recalls its details: where its token and those around it
are as in an image of the memory, what the codes left out of that patch is added. Patches found by
their surroundings are how Freeman, Jones and Pasztor 2002 sharpen images ("Example-based
super-resolution").

Shapes: I images of the memory, K some of them, B drawings, N tokens, H W rows and columns of the
grid.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from dall_e.images.packed_curves import PackedCurves, sums_of
from dall_e.text.language import spelled

_AROUND = 9
"""A patch and its eight neighbours."""
_FEWEST_ALIKE = 6
"""So many of them must be alike, the patch itself among them, for its details to be recalled."""
_MOST_COMPARED = 256
"""Images of the memory whose patches are compared with those of a drawing."""


@dataclass(frozen=True)
class TokenMemory:
    """Images as their tokens, each with the prompts that recall it."""

    codes_IN: Tensor
    """int16, in raster order."""
    prompts: tuple[tuple[str, ...], ...]
    """Of each image, compared without case and article; one without any gives details alone."""
    residuals: tuple[bytes, ...]
    """Of each image, what the codes leave out (`images/residuals.py`); none of one with curves."""
    curves: Sequence[str] = ()
    """Of each image the drawing that it was made of (`images/curves.py`), "" where there is none;
    () where no image has any. Those of a file are unpacked when they are asked for."""

    def __post_init__(self) -> None:
        """Raise ValueError for parts that do not go together."""
        shape = list(self.codes_IN.shape)
        if not self.curves:
            object.__setattr__(self, "curves", ("",) * len(self.prompts))
        counts = [len(self.prompts), len(self.residuals), len(self.curves)]
        if len(shape) != 2 or counts != 3 * shape[:1]:
            raise ValueError(
                "a memory needs codes, prompts, residuals and curves of each image: codes are "
                f"{shape}, the others {counts[0]}, {counts[1]} and {counts[2]}"
            )

    def __len__(self) -> int:
        return len(self.prompts)

    def check(self, num_tokens: int, num_codes: int) -> None:
        """Check that it is of an image tokenizer's grid. Raises ValueError if not."""
        if self.codes_IN.shape[1] != num_tokens:
            raise ValueError(
                f"the memory has {self.codes_IN.shape[1]} tokens an image, the image tokenizer "
                f"{num_tokens}"
            )
        if len(self) and not 0 <= int(self.codes_IN.min()) <= int(self.codes_IN.max()) < num_codes:
            raise ValueError(f"the memory has codes beyond the {num_codes} of the image tokenizer")

    @cached_property
    def digest(self) -> str:
        """BLAKE2b of all of it; tells memories apart."""
        digest = hashlib.blake2b(repr(self.prompts).encode(), digest_size=16)
        digest.update(self.codes_IN.contiguous().numpy().tobytes())
        digest.update(b"".join(self.residuals))
        digest.update(np.array(sums_of(self.curves), dtype="<u4").tobytes())
        return digest.hexdigest()

    # By prompt

    @cached_property
    def _rows(self) -> dict[str, list[int]]:
        rows: dict[str, list[int]] = {}
        for row, prompts in enumerate(self.prompts):
            for prompt in dict.fromkeys(map(spelled, prompts)):
                rows.setdefault(prompt, []).append(row)
        return rows

    def recalled(self, prompt: str) -> list[int]:
        """Which images a prompt recalls: those that have just this prompt."""
        return self._rows.get(spelled(prompt), [])

    def joined(self, other: TokenMemory) -> TokenMemory:
        """The images of both. Raises ValueError for grids of different size."""
        if self.codes_IN.shape[1] != other.codes_IN.shape[1]:
            raise ValueError(
                f"one memory has {self.codes_IN.shape[1]} tokens an image, the other "
                f"{other.codes_IN.shape[1]}"
            )
        packed = self.curves if isinstance(self.curves, PackedCurves) else None
        return TokenMemory(
            torch.cat((self.codes_IN, other.codes_IN)),
            (*self.prompts, *other.prompts),
            (*self.residuals, *other.residuals),
            packed.extended(other.curves) if packed else (*self.curves, *other.curves),
        )

    def without(self, prompts: Iterable[str]) -> TokenMemory:
        """The images that none of these prompts recalls."""
        gone = {row for prompt in prompts for row in self.recalled(prompt)}
        kept = [row for row in range(len(self)) if row not in gone]
        packed = self.curves if isinstance(self.curves, PackedCurves) else None
        return TokenMemory(
            self.codes_IN[kept],
            tuple(self.prompts[row] for row in kept),
            tuple(self.residuals[row] for row in kept),
            packed.selected(kept) if packed else tuple(self.curves[row] for row in kept),
        )

    # By what a drawing looks like

    @cached_property
    def _by_codes(self) -> dict[bytes, int]:
        return {codes_N.numpy().tobytes(): row for row, codes_N in enumerate(self.codes_IN)}

    def row_of(self, codes_N: Tensor) -> int | None:
        """The image that has all of these tokens."""
        return self._by_codes.get(codes_N.cpu().to(torch.int16).numpy().tobytes())

    def curves_of(self, codes_N: Tensor) -> str:
        """The curves of the image that has all of these tokens; "" if there are none."""
        row = self.row_of(codes_N)
        return "" if row is None else self.curves[row]

    def nearest(self, codes_BN: Tensor) -> tuple[Tensor, Tensor]:
        """Which image of the memory is most like each token of drawings and what is around it.

        Rows [B, N], and whether it is like enough. Alike are patches of the same code at the same
        position; among images equally like, it is the one that is more like the whole drawing, so
        that neighbouring tokens take their details from one image.
        """
        side = math.isqrt(codes_BN.shape[1])
        found: list[tuple[Tensor, Tensor]] = []
        for codes_N in codes_BN.cpu().to(self.codes_IN.dtype):
            # Those that are most like it as a whole are compared patch by patch.
            is_alike_IN = self.codes_IN == codes_N
            most_K = is_alike_IN.sum(1).topk(min(_MOST_COMPARED, len(self)))
            rows_K, is_alike_KN = most_K.indices, is_alike_IN[most_K.indices].float()

            # Beyond the edge of the grid everything is alike.
            alike_K1HW = F.pad(is_alike_KN.unflatten(1, (1, side, side)), (1, 1, 1, 1), value=1.0)
            around_KN = (F.avg_pool2d(alike_K1HW, 3, stride=1).flatten(1) * _AROUND).round()
            whole_K1 = most_K.values[:, None] / (codes_BN.shape[1] + 1)
            best_N, number_N = (around_KN * is_alike_KN + whole_K1).max(0)
            found.append((rows_K[number_N], best_N >= _FEWEST_ALIKE))
        rows_BN, is_found_BN = (torch.stack(parts) for parts in zip(*found, strict=True))
        return rows_BN, is_found_BN
