"""What image tokens leave out of an image, in few bytes."""

import zlib

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from dall_e.images.residuals import (
    _basis,
    pack_residual,
    smoothed_residual,
    unpack_residual,
)


def test_the_basis_is_orthonormal_and_its_first_row_is_grey() -> None:
    basis_KK = _basis(4)
    np.testing.assert_allclose(basis_KK @ basis_KK.T, np.eye(64), atol=1e-6)
    # 48 colour values of one patch, all the same; and no alpha.
    np.testing.assert_allclose(basis_KK[0], [48**-0.5] * 48 + [0] * 16, atol=1e-6)


def test_a_difference_comes_back_to_half_a_step() -> None:
    rng = np.random.default_rng(0)
    flat_CHW = np.repeat(rng.uniform(-0.3, 0.3, (4, 3, 1)), 3, axis=2)
    difference_CHW = np.kron(flat_CHW, np.ones((8, 8))).astype(np.float32)
    packed = pack_residual(difference_CHW, 8)
    back_CHW = unpack_residual(packed, 24, 8)
    # Each patch has one coefficient a channel, which is off by at most 0.6 of a step of 0.15; of
    # its 64 pixels each is off by an eighth of that, and colours are sums of three.
    assert np.abs(back_CHW - difference_CHW).max() < 0.6 * 0.15 / 8 * 2
    assert len(packed) < 200


def test_ripple_is_smoothed_within_the_steps() -> None:
    # A disc of one colour, of which the tokens have but a blur
    rows, columns = np.mgrid[:48, :48] - 23.5
    disc_HW = np.hypot(rows, columns) < 16
    true_CHW = np.stack([disc_HW * level for level in (0.8, 0.3, 0.2, 1.0)]).astype(np.float32)
    rng = np.random.default_rng(0)
    blurred_CHW = np.stack([cv2.GaussianBlur(channel, (0, 0), 4) for channel in true_CHW])
    blurred_CHW += rng.normal(0, 0.02, blurred_CHW.shape).astype(np.float32)
    packed = pack_residual(true_CHW - blurred_CHW, 8)
    rough_CHW = unpack_residual(packed, 48, 8)
    smooth_CHW = smoothed_residual(blurred_CHW, rough_CHW, 8)

    def error(residual_CHW: npt.NDArray[np.float32]) -> float:
        return float(((blurred_CHW + residual_CHW - true_CHW) ** 2).mean())

    assert error(smooth_CHW) < 0.7 * error(rough_CHW)
    # Rounded again, all but what lies on the edge of a step is the same.
    again_CHW = unpack_residual(pack_residual(smooth_CHW, 8), 48, 8)
    assert np.isclose(again_CHW, rough_CHW, atol=1e-4).mean() > 0.9


def test_patches_without_residual_stay_as_they_are() -> None:
    rng = np.random.default_rng(1)
    image_CHW = rng.uniform(0, 1, (4, 24, 24)).astype(np.float32)
    residual_CHW = np.zeros_like(image_CHW)
    residual_CHW[:, :8, :8] = unpack_residual(
        pack_residual(rng.uniform(-0.4, 0.4, (4, 8, 8)).astype(np.float32), 8), 8, 8
    )
    smooth_CHW = smoothed_residual(image_CHW, residual_CHW, 8)
    np.testing.assert_allclose(smooth_CHW[:, 8:], 0, atol=1e-5)
    np.testing.assert_allclose(smooth_CHW[:, :, 8:], 0, atol=1e-5)
    assert np.abs(smooth_CHW[:, :8, :8] - residual_CHW[:, :8, :8]).max() > 1e-3


def test_nothing_left_out_takes_next_to_no_bytes() -> None:
    packed = pack_residual(np.zeros((4, 96, 96), dtype=np.float32), 8)
    assert len(packed) < 80
    assert not unpack_residual(packed, 96, 8).any()


@pytest.mark.parametrize(
    "packed",
    [b"", b"nonsense", zlib.compress(b"\0" * 10), zlib.compress(b"\0" * 100_000)],
    ids=["nothing", "nonsense", "short", "long"],
)
def test_other_bytes_are_refused(packed: bytes) -> None:
    with pytest.raises(ValueError, match="the details of a picture"):
        unpack_residual(packed, 24, 8)
