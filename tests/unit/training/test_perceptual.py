"""Distance of pictures by a dual encoder's features: zero for equal ones, by hand for others."""

from pathlib import Path

import pytest
import torch

from dall_e.checkpoints.run_files import load_dual_encoder, load_stage
from dall_e.training.perceptual import PerceptualDistance
from dall_e.training.run_folder import open_run_folder


def test_equal_pictures_have_no_distance(dual_encoder_folder: Path) -> None:
    distance = PerceptualDistance(str(dual_encoder_folder), torch.device("cpu"))
    x_BCHW = torch.rand(2, 4, 32, 32)
    background_BC = torch.rand(2, 3)
    loss, parts = distance(
        original_BCHW=x_BCHW, reconstruction_BCHW=x_BCHW, background_BC=background_BC
    )
    assert loss.item() == 0 and parts["perceptual"].item() == 0


def test_the_distance_is_that_of_the_maps(dual_encoder_folder: Path) -> None:
    distance = PerceptualDistance(str(dual_encoder_folder), torch.device("cpu"))
    dual_encoder = load_dual_encoder(load_stage(dual_encoder_folder))
    one, other = torch.rand(2, 2, 4, 32, 32)
    one[:, 3] = other[:, 3] = 1.0
    other.requires_grad_(True)
    loss, _ = distance(
        original_BCHW=one, reconstruction_BCHW=other, background_BC=torch.zeros(2, 3)
    )
    by_hand = [
        (wanted - ours).abs().mean() / wanted.abs().mean()
        for wanted, ours in zip(
            dual_encoder.image.maps(one[:, :3]), dual_encoder.image.maps(other[:, :3]), strict=True
        )
    ]
    assert loss.item() == pytest.approx(sum(part.item() for part in by_hand) / 2, rel=1e-5)
    loss.backward()  # type: ignore[no-untyped-call]
    assert other.grad is not None and other.grad.abs().max() > 0


def test_the_dual_encoder_of_a_model_serves() -> None:
    stage = load_stage("dall-e-emoji")
    dual_encoder = load_dual_encoder(stage)
    assert "seed" not in stage.settings and not dual_encoder.training
    assert not any(parameter.requires_grad for parameter in dual_encoder.parameters())


def test_a_run_without_a_dual_encoder_is_refused(tmp_path: Path) -> None:
    with open_run_folder(str(tmp_path)) as run:
        run.save_checkpoint(
            {"config": {}, "networks": {}, "players": {"upsampler": {"weights": {}, "ema": None}}}
        )
    with pytest.raises(
        ValueError, match="not a run that trained the dual_encoder: it trained upsampler"
    ):
        load_dual_encoder(load_stage(tmp_path))
