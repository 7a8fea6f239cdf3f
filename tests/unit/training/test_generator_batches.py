"""Batches of the generator's training: a function of the position in the run."""

import random
import signal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from dall_e.checkpoints.run_files import load_stage
from dall_e.config import PRESETS, GeneratorTraining, with_values
from dall_e.data.datasets import ImageSet, load_images
from dall_e.models.image_tokenizer import ImageTokenizer
from dall_e.training import generator_data, prepared_stage
from dall_e.training.generator_networks import GeneratorBatch
from dall_e.training.generator_stage import GeneratorStage
from dall_e.training.held_out_nats import measure_held_out
from dall_e.training.loop import fit
from dall_e.training.run_folder import open_run_folder

NUM_IMAGES = 24


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Captioned pictures "data", and a run of an untrained tokenizer, "tokenizer"."""
    root = tmp_path_factory.mktemp("stage")
    (root / "data").mkdir()
    rng = np.random.default_rng(0)
    for number in range(NUM_IMAGES):
        Image.new("RGBA", (32, 32), tuple(rng.integers(0, 256, 4))).save(
            root / "data" / f"{number:02d}.png"
        )
        # Each caption belongs to two pictures.
        (root / "data" / f"{number:02d}.txt").write_text(
            f"thing number {number // 2}, 第{number // 2}个"
        )
    torch.manual_seed(0)
    weights = ImageTokenizer(PRESETS["tiny"].tokenizer).state_dict()
    with open_run_folder(str(root / "tokenizer")) as folder:
        player = {"weights": weights, "ema": weights}
        folder.save_checkpoint({"config": {}, "networks": {}, "players": {"tokenizer": player}})
    return root


def settings(folders: Path, out: str, **changes: Any) -> GeneratorTraining:
    small = {
        "out": str(folders / out),
        "data": str(folders / "data"),
        "tokenizer": str(folders / "tokenizer"),
        "preset": "tiny",
        "images": 24,
        "batch_size": 8,
        "warmup_images": 8,
        "views": 2,
        "precision": "fp32",
        "device": "cpu",
        "log_every": 1,
        "caption_drop": 0.3,
        "noisy_fraction": 0.5,
    }
    return with_values(GeneratorTraining(), {**small, **changes})


@pytest.fixture(scope="module")
def stage(folders: Path) -> GeneratorStage:
    return GeneratorStage(settings(folders, "stage"))


def assert_same(first: Any, second: Any) -> None:
    """Weights, or the tensors of batches."""
    if not isinstance(first, dict):
        first, second = vars(first), vars(second)
    assert first.keys() == second.keys()
    for name in first:
        assert torch.equal(first[name], second[name]), name


def test_a_batch_depends_on_its_place_alone(stage: GeneratorStage) -> None:
    torch.manual_seed(1)
    first = stage.prepare(40)
    stage.prepare(0)
    torch.manual_seed(2)
    assert_same(first, stage.prepare(40))
    assert not torch.equal(first.codes_BN, stage.prepare(48).codes_BN)


def test_context_is_in_order_of_revelation(stage: GeneratorStage) -> None:
    batch = stage.prepare(16)
    targets_BN = batch.codes_BN.gather(1, batch.positions_BN)
    noisy_B = batch.level_B > 0
    assert torch.equal(batch.context_BN[~noisy_B], targets_BN[~noisy_B])
    assert not torch.equal(batch.context_BN[noisy_B], targets_BN[noisy_B])
    assert not batch.replaced_BN[~noisy_B].any()
    assert batch.positions_BN.sort(1).values.eq(torch.arange(64)).all()
    assert batch.groups_N.diff().min() >= 0 and batch.groups_N[0] == 1


def test_pairs_count_where_there_is_a_caption_and_know_their_likes(stage: GeneratorStage) -> None:
    batches = [stage.prepare(8 * number) for number in range(6)]
    assert len({len(batch.captioned_K) for batch in batches}) > 1
    for batch in batches:
        captions_BL = batch.ids_BL
        is_captioned_B = captions_BL[:, 2] != 0
        assert is_captioned_B.nonzero()[:, 0].tolist() == batch.captioned_K.tolist()
        # Here captions are the same where the concept is.
        kept_KL = captions_BL[batch.captioned_K]
        assert torch.equal(batch.same_KK, (kept_KL[:, None] == kept_KL).all(-1))


class Composer:
    """Composes scenes of one colour, each with its own caption."""

    def __init__(
        self, pictures: ImageSet, size: int, *, canonical: bool, pair_fraction: float
    ) -> None:
        self.size = size

    def scene(self, seed: str) -> SimpleNamespace:
        return SimpleNamespace(seed=seed, number=int(seed.split("/")[1]))

    def draw(self, scene: SimpleNamespace) -> np.ndarray[Any, Any]:
        return np.full((4, self.size, self.size), 255 - 40 * scene.number, dtype=np.uint8)

    def caption(self, scene: SimpleNamespace, rng: random.Random) -> str:
        return f"scene {'abcd'[scene.number]}"


def test_scenes_have_their_fraction_of_a_batch(
    folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generator_data, "SceneComposer", Composer)
    config = settings(folders, "scenes", scene_fraction=0.25, scenes=4, caption_drop=0.0)
    stage = GeneratorStage(config)
    assert len(stage.data.scene_codes_SN) == 4
    plain = GeneratorStage(settings(folders, "plain", caption_drop=0.0))
    seen = []
    for images_seen in (0, 8, 16):
        batch = stage.prepare(images_seen)
        captions = [stage.data.text_tokenizer.decode(row) for row in batch.ids_BL.tolist()]
        assert all(caption.startswith("thing number") for caption in captions[:6])
        assert torch.equal(batch.codes_BN[:6], plain.prepare(images_seen).codes_BN[:6])
        for caption, codes_N in zip(captions[6:], batch.codes_BN[6:], strict=True):
            number = "abcd".index(caption.removeprefix("scene "))
            assert torch.equal(codes_N, stage.data.scene_codes_SN[number].long())
            seen.append(number)
        assert not batch.same_KK[6, :6].any() and not batch.same_KK[6, 7]
    assert seen == [0, 1, 2, 3, 0, 1], "all in turn"
    # They are drawn once: the same command finds them in the run folder.
    monkeypatch.setattr(Composer, "draw", None)
    assert torch.equal(GeneratorStage(config).data.scene_codes_SN, stage.data.scene_codes_SN)
    # Free ones are others.
    with pytest.raises(TypeError):
        GeneratorStage(with_values(config, {"canonical_scenes": False}))


def test_few_labels(folders: Path) -> None:
    captioned: dict[float, set[int]] = {}
    for fraction in (0.0, 0.3, 0.6):
        stage = GeneratorStage(
            settings(folders, "stage", caption_fraction=fraction, caption_drop=0.0)
        )
        captioned[fraction] = set()
        for images_seen in range(0, 240, 8):
            drawn = stage.data.captioned(images_seen)
            rows = [row for row, caption in enumerate(drawn.captions) if caption]
            captioned[fraction] |= {
                int(drawn.codes_BN[row, 0]) * 100 + int(drawn.concepts_B[row]) for row in rows
            }
    assert not captioned[0.0] and captioned[0.3] < captioned[0.6], (
        "a larger fraction has the labels of a smaller one too"
    )
    stage = GeneratorStage(settings(folders, "stage", caption_fraction=0.3))
    assert "captions of" in " ".join(stage.summary())


@pytest.mark.parametrize(
    ("exponent", "shares"), [(1.0, (0.8, 0.2)), (0.5, (2 / 3, 1 / 3)), (0.0, (0.5, 0.5))]
)
def test_rare_pictures_are_seen_as_often_as_the_exponent_says(
    exponent: float, shares: tuple[float, float], folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def weighted(*arguments: Any, **named: Any) -> ImageSet:
        return ImageSet(
            images_NCHW=load_images(*arguments, **named).images_NCHW[:2],
            records=[{"text": "common", "weight": 4.0}, {"text": "rare", "weight": 1.0}],
            skipped=[],
        )

    monkeypatch.setattr(generator_data, "load_images", weighted)
    config = settings(folders, f"weighted{exponent}", weight_exponent=exponent, caption_drop=0.0)
    stage = GeneratorStage(config, dry_run=True)
    stage.data.codes_VMN = torch.zeros(1, 2, 64, dtype=torch.int16)
    seen = [caption for batch in range(60) for caption in stage.data.captioned(8 * batch).captions]
    assert [seen.count(name) / len(seen) for name in ("common", "rare")] == pytest.approx(
        shares, abs=0.02
    )


def test_a_batch_goes_to_the_device(stage: GeneratorStage, monkeypatch: pytest.MonkeyPatch) -> None:
    meta = torch.device("meta")
    monkeypatch.setattr(stage, "device", meta)
    assert {tensor.device for tensor in vars(stage.batch(0)).values()} == {meta}
    assert {tensor.device.type for tensor in vars(stage.prepare(0)).values()} == {"cpu"}


def hold_out_six(stage: GeneratorStage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage.data, "held_out_records", stage.data.records[:6])
    monkeypatch.setattr(stage.data, "held_out_codes_MN", stage.data.codes_VMN[0, :6].long())


def measure(stage: GeneratorStage, **limits: int) -> dict[str, float]:
    return measure_held_out(stage.data, stage.module, stage.device, **limits)


def test_what_is_measured_goes_to_the_device_as_well(
    stage: GeneratorStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold_out_six(stage, monkeypatch)
    placed: list[GeneratorBatch] = []
    seen: list[GeneratorBatch] = []

    def to(batch: GeneratorBatch, device: torch.device) -> GeneratorBatch:
        assert device == stage.device
        placed.append(batch)
        return batch

    monkeypatch.setattr(GeneratorBatch, "to", to)
    handle = stage.module.register_forward_pre_hook(lambda module, given: seen.append(given[0]))
    measures = measure(stage, choices=3, limit=4)
    handle.remove()
    assert len(seen) == 4 and all(a is b for a, b in zip(seen, placed, strict=True))
    assert 0 <= measures["recognised"] <= 1 and measures["held_out_nats"] > 0


def test_the_right_caption_never_counts_as_a_wrong_one(
    stage: GeneratorStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold_out_six(stage, monkeypatch)
    everything = measure(stage)  # more choices than held-out pictures
    assert everything["held_out_nats_wrong"] != everything["held_out_nats"]
    monkeypatch.setattr(stage.data, "held_out_records", [{"text": "the same"}] * 6)
    measures = measure(stage, choices=2)
    assert "held_out_nats_wrong" not in measures and measures["recognised"] == 1


def test_made_ahead_is_the_same(
    folders: Path, stage: GeneratorStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepared_stage, "batch_workers", lambda device: 2)
    ahead = GeneratorStage(settings(folders, "stage"))
    try:
        for position in (0, 8, 16, 80, 88):
            assert_same(ahead.batch(position), stage.prepare(position))
    finally:
        ahead.close()


def test_an_interrupted_run_equals_a_straight_one(
    folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupted(GeneratorStage):
        def batch(self, images_seen: int) -> GeneratorBatch:
            if images_seen == 8:
                signal.raise_signal(signal.SIGINT)
            return super().batch(images_seen)

    monkeypatch.setattr(GeneratorStage, "sample", lambda self, path: {})
    straight, resumed = (settings(folders, out) for out in ("straight", "resumed"))
    fit(straight, GeneratorStage(straight))
    monkeypatch.setattr(prepared_stage, "batch_workers", lambda device: 2)
    with pytest.raises(KeyboardInterrupt):
        fit(resumed, Interrupted(resumed))
    assert fit(resumed, GeneratorStage(resumed)) == 24
    first, second = (
        load_stage(config.run_folder).weights("generator") for config in (straight, resumed)
    )
    assert_same(first, second)
