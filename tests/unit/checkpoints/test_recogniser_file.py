"""`recogniser.safetensors`: written, read back, and refused where it is damaged."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from dall_e.checkpoints.recogniser_file import read_recogniser, write_recogniser
from dall_e.errors import UnusableFileError
from dall_e.images.descriptors import DESCRIPTOR_SIZE
from dall_e.models.recogniser import RecognisedThing, Recogniser

RNG = np.random.default_rng(3)
RECOGNISER = Recogniser(
    mean_F=RNG.random(DESCRIPTOR_SIZE).astype(np.float32),
    projection_FD=RNG.standard_normal((DESCRIPTOR_SIZE, 8)).astype(np.float32),
    directions_MD=np.eye(3, 8, dtype=np.float32),
    thing_M=np.array([1, 0, 1]),
    things=(RecognisedThing("cat", "a cat", "一只猫"), RecognisedThing("rain", "rain", "")),
    sharpness=12.0,
    unknown=0.5,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "recogniser.safetensors"
    write_recogniser(path, RECOGNISER)
    return path


def test_what_is_written_comes_back_in_eight_bits(path: Path) -> None:
    back = read_recogniser(path)
    assert back.things == RECOGNISER.things and back.thing_M.tolist() == [1, 0, 1]
    assert (back.sharpness, back.unknown) == (12.0, 0.5)
    image = RNG.integers(0, 256, (4, 40, 40)).astype(np.uint8)
    cosine = float(back.directions([image])[0] @ RECOGNISER.directions([image])[0])
    assert cosine > 0.999 and path.stat().st_size < 10 * DESCRIPTOR_SIZE * 2


@pytest.mark.parametrize(
    ("name", "array", "problem"),
    [
        ("mean", np.zeros(7, np.float32), "a recogniser needs"),
        ("projection", np.zeros((3, 8), np.float32), "its projection is float32"),
        ("thing", np.array([0, 0, 7], np.int32), "a recogniser needs"),
        ("things", np.frombuffer(b'[["cat", "a cat"]]', np.uint8), "not names with two captions"),
        ("things", np.frombuffer(b"{", np.uint8), "it is not a recogniser"),
        ("confidence", np.array([-1, 0.5], np.float32), "its confidence is -1.0, 0.5"),
    ],
)
def test_other_contents_are_named(path: Path, name: str, array: np.ndarray, problem: str) -> None:
    save_file({**load_file(path), name: array}, path)
    with pytest.raises(UnusableFileError, match=problem):
        read_recogniser(path)


def test_a_file_that_is_missing_cut_short_or_lacks_a_part(path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="is missing"):
        read_recogniser(path.with_name("none.safetensors"))
    path.write_bytes(path.read_bytes()[:-2])
    with pytest.raises(UnusableFileError, match="it is not a recogniser"):
        read_recogniser(path)
    save_file({"mean": RECOGNISER.mean_F}, path)
    with pytest.raises(UnusableFileError, match="it is not a recogniser"):
        read_recogniser(path)
