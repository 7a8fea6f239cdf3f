"""A recogniser as a file, `recogniser.safetensors` beside a model's weights.

    mean        float32 [F]     of descriptors
    projection  int8    [F, D]  with one scale [D] per discriminant, float32
    directions  int8    [M, D]  of the drawings that are known, in steps of 1/127
    thing       int32   [M]     which thing each is of
    things      uint8   [P]     JSON: of each thing its name, and its captions in both languages
    confidence  float32 [2]     sharpness, and the cosine of something unknown

Shapes: F numbers of a descriptor, D of a direction, M drawings, P bytes of text.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays

from dall_e.bounded_files import naming
from dall_e.models.recogniser import RecognisedThing, Recogniser, unit_rows

RECOGNISER_FILE = "recogniser.safetensors"
_LARGEST = 2**28
"""Bytes of a file that is still read; that of the built-in model has 4 MB."""
_STEPS = 127
_KINDS: dict[str, tuple[Any, int]] = {
    "mean": (np.float32, 1),
    "projection": (np.int8, 2),
    "scale": (np.float32, 1),
    "directions": (np.int8, 2),
    "thing": (np.int32, 1),
    "things": (np.uint8, 1),
    "confidence": (np.float32, 1),
}


def write_recogniser(path: Path, recogniser: Recogniser) -> None:
    """Write a recogniser, rounded to eight bits. Raises OSError."""
    largest_D = np.abs(recogniser.projection_FD).max(0) / _STEPS
    scale_D = np.where(largest_D > 0, largest_D, 1).astype(np.float32)
    text = json.dumps(recogniser.things, ensure_ascii=False, separators=(",", ":")).encode()
    arrays: dict[str, npt.NDArray[Any]] = {
        "mean": recogniser.mean_F.astype(np.float32),
        "projection": np.rint(recogniser.projection_FD / scale_D).astype(np.int8),
        "scale": scale_D,
        "directions": np.rint(recogniser.directions_MD * _STEPS).astype(np.int8),
        "thing": recogniser.thing_M.astype(np.int32),
        "things": np.frombuffer(text, np.uint8),
        "confidence": np.array([recogniser.sharpness, recogniser.unknown], np.float32),
    }
    path.write_bytes(save_arrays(arrays, metadata={"format": "np"}))


def read_recogniser(path: Path) -> Recogniser:
    """Read what `write_recogniser` wrote.

    Raises FileNotFoundError if there is no such file, UnusableFileError for one that is damaged or
    something else.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing")
    with naming(path, "it is not a recogniser of drawings"):
        if path.stat().st_size > _LARGEST:
            raise ValueError(f"it is larger than {_LARGEST} bytes")
        try:
            arrays = load_arrays(path.read_bytes())
        except SafetensorError as error:
            raise ValueError(str(error)) from error
        return _recogniser_of(arrays)


def _recogniser_of(arrays: dict[str, npt.NDArray[Any]]) -> Recogniser:
    """Raises KeyError or ValueError for arrays that are no recogniser."""
    for name, (dtype, dims) in _KINDS.items():
        array = arrays[name]
        if array.dtype != dtype or array.ndim != dims:
            raise ValueError(f"its {name} is {array.dtype} {list(array.shape)}")
    things = json.loads(arrays["things"].tobytes())
    if not isinstance(things, list) or not all(
        isinstance(each, list) and len(each) == 3 and all(isinstance(text, str) for text in each)
        for each in things
    ):
        raise ValueError("its things are not names with two captions")
    sharpness, unknown = arrays["confidence"].astype(float).tolist()
    if not (0 < sharpness < np.inf and -1 <= unknown <= 1 and np.isfinite(arrays["scale"]).all()):
        raise ValueError(f"its confidence is {sharpness}, {unknown}")
    return Recogniser(
        mean_F=arrays["mean"],
        projection_FD=arrays["projection"] * arrays["scale"],
        directions_MD=unit_rows(arrays["directions"].astype(np.float32)),
        thing_M=arrays["thing"].astype(np.int64),
        things=tuple(RecognisedThing(*each) for each in things),
        sharpness=sharpness,
        unknown=unknown,
    )
