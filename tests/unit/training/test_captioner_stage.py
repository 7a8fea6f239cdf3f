"""The captioner's stage on drawn squares: batches, views, what it learns."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from dall_e.checkpoints.run_files import load_stage
from dall_e.config import (
    DUAL_ENCODERS,
    PRESETS,
    CaptionerTraining,
    TokenizerTraining,
    with_values,
)
from dall_e.data.datasets import ImageSet, Record
from dall_e.models.dual_encoder import DualEncoder
from dall_e.models.image_tokenizer import ImageTokenizer
from dall_e.training.captioned_scenes import CaptionedScenes
from dall_e.training.captioner_stage import CaptionerStage, run_captioner_training
from dall_e.training.loop import fit
from dall_e.training.run_folder import open_run_folder

COLOURS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255), "black": (0, 0, 0)}
CHINESE = {"red": "红", "green": "绿", "blue": "蓝", "black": "黑"}


def square(colour: str) -> np.ndarray[Any, np.dtype[np.uint8]]:
    image = np.zeros((4, 32, 32), dtype=np.uint8)
    image[:, 8:24, 8:24] = np.array((*COLOURS[colour], 255), dtype=np.uint8)[:, None, None]
    return image


def squares() -> ImageSet:
    records: list[Record] = [
        {"en": f"{colour} square", "zh": f"{CHINESE[colour]}方块", "kind": "symbol"}
        for colour in COLOURS
    ]
    # One is said in English only.
    del records[-1]["zh"]
    images = torch.from_numpy(np.stack([square(colour) for colour in COLOURS]))
    return ImageSet(images_NCHW=images, records=records, skipped=[], fingerprint="squares")


class Scenes:
    """A colour by the seed."""

    def image(self, seed: str) -> np.ndarray[Any, np.dtype[np.uint8]]:
        return square(self._colour(seed))

    def captions(self, seed: str) -> tuple[str, str]:
        return f"a scene in {self._colour(seed)}", "一个场景"

    def _colour(self, seed: str) -> str:
        return list(COLOURS)[int(seed.rpartition("/")[2]) % len(COLOURS)]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run folders of an untrained dual encoder and of an untrained image tokenizer."""
    root = tmp_path_factory.mktemp("runs")
    torch.manual_seed(0)
    for name, network, sizes in (
        ("dual_encoder", DualEncoder(DUAL_ENCODERS["tiny"]), DUAL_ENCODERS["tiny"]),
        ("tokenizer", ImageTokenizer(PRESETS["tiny"].tokenizer), PRESETS["tiny"].tokenizer),
    ):
        player = {"weights": network.state_dict(), "ema": None}
        with open_run_folder(str(root / name)) as folder:
            folder.save_checkpoint(
                {
                    "config": dataclasses.asdict(TokenizerTraining()),
                    "networks": {name: dataclasses.asdict(sizes)},
                    "players": {name: player},
                }
            )
    return root


def settings(out: Path, runs: Path, **changes: Any) -> CaptionerTraining:
    small = {
        "out": str(out),
        "preset": "tiny",
        "dual_encoder": str(runs / "dual_encoder"),
        "views": 2,
        "images": 64,
        "batch_size": 8,
        "warmup_images": 16,
        "log_every": 1,
        "precision": "fp32",
        "device": "cpu",
        "learning_rate": 3e-3,
    }
    return with_values(CaptionerTraining(), {**small, **changes})


def make(config: CaptionerTraining, **more: Any) -> CaptionerStage:
    Path(config.run_folder).mkdir(parents=True, exist_ok=True)
    return CaptionerStage(config, squares(), squares(), **more)


def test_a_batch_is_a_function_of_its_place(tmp_path: Path, runs: Path) -> None:
    stage, again = (make(settings(tmp_path / name, runs)) for name in "ab")
    stage.batch(0)
    first, second = stage.batch(8), again.batch(8)
    assert torch.equal(first.map_BSF, second.map_BSF)
    assert torch.equal(first.names.ids_RL, second.names.ids_RL)
    assert not torch.equal(first.map_BSF, stage.batch(16).map_BSF)


def test_everything_is_said_in_both_languages_where_it_can_be(tmp_path: Path, runs: Path) -> None:
    batch = make(settings(tmp_path, runs)).batch(0)
    # An epoch of four squares, twice; the black ones have no Chinese.
    assert batch.names.language_R.tolist().count(0) == 8
    assert batch.names.language_R.tolist().count(1) == 6
    assert len(batch.sentences.ids_RL) == 0 and batch.map_BSF.shape == (8, 4, 48)


def test_scenes_fill_their_fraction_of_a_batch(tmp_path: Path, runs: Path) -> None:
    config = settings(tmp_path, runs, scene_fraction=0.5, scenes=8)
    stage = make(config, scenes=Scenes())
    batch = stage.batch(0)
    assert batch.sentences.image_R.tolist() == [4, 4, 5, 5, 6, 6, 7, 7]
    said = [stage.text_tokenizer.decode(row) for row in batch.sentences.ids_RL.tolist()]
    assert all(text.startswith("a scene in ") for text in said[::2])
    assert set(said[1::2]) == {"一个场景"}
    _, parts = stage.loss(batch)
    assert parts.keys() == {"names", "sentences"}


def test_features_are_computed_once(
    tmp_path: Path, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = settings(tmp_path, runs)
    first = make(config).batch(0)
    monkeypatch.setattr(
        "dall_e.models.captioner.Captioner.features", lambda *_: pytest.fail("looked again")
    )
    assert torch.equal(make(config).batch(0).map_BSF, first.map_BSF)


def test_views_go_through_the_tokenizer(tmp_path: Path, runs: Path) -> None:
    def views(name: str, **changes: Any) -> torch.Tensor:
        config = settings(tmp_path / name, runs, perturbed_fraction=0.0, **changes)
        return make(config)._views.map_NSF.float()

    plain = views("plain")
    through = views("through", tokenizer=str(runs / "tokenizer"), tokenized_fraction=1.0)
    wrong = {"perturbed_fraction": 1.0, "perturbed_tokens": 1.0}
    config = settings(
        tmp_path / "moved",
        runs,
        tokenizer=str(runs / "tokenizer"),
        tokenized_fraction=1.0,
        **wrong,
    )
    moved = make(config)._views.map_NSF.float()
    # The first view is the picture itself.
    assert torch.equal(plain[:4], through[:4]) and torch.equal(plain[:4], moved[:4])
    assert not torch.allclose(plain[4:], through[4:], atol=1e-3)
    assert not torch.equal(through[4:], moved[4:])


def test_it_learns_to_name_what_it_sees(tmp_path: Path, runs: Path) -> None:
    config = settings(tmp_path, runs, images=1600, learning_rate=1e-2, ema_decay=0.8, views=1)
    measures: dict[str, float] = {}
    fit(config, make(config), on_sample=lambda path, found: measures.update(found))
    assert measures["same_words_en"] == measures["same_words_zh"] == 1
    assert measures["held_out_nats"] < 0.2
    assert list((tmp_path / "samples").glob("*.png"))


def test_a_resumed_run_is_the_straight_one(tmp_path: Path, runs: Path) -> None:
    def weights(folder: Path) -> dict[str, torch.Tensor]:
        return load_stage(folder, "last").weights("captioner")

    straight = settings(tmp_path / "straight", runs, images=32)
    fit(straight, make(straight))

    class Stopped(Exception):
        pass

    def stop(path: Path, found: dict[str, float]) -> None:
        raise Stopped

    parted = settings(tmp_path / "parted", runs, images=32, sample_minutes=1e-9, save_minutes=0.0)
    with pytest.raises(Stopped):
        fit(parted, make(parted), on_sample=stop)
    fit(parted, make(parted))
    parted = weights(tmp_path / "parted")
    for name, weight in weights(tmp_path / "straight").items():
        assert torch.equal(weight, parted[name]), name


def test_what_does_not_fit_is_named(tmp_path: Path, runs: Path) -> None:
    with pytest.raises(ValueError, match=r"dual encoder in .* does not fit preset xs"):
        make(settings(tmp_path / "a", runs, preset="xs"))
    with pytest.raises(ValueError, match="not a run that trained the dual_encoder"):
        make(settings(tmp_path / "b", runs, dual_encoder=str(runs / "tokenizer")))
    with pytest.raises(ValueError, match="preset 'huge' is not one of tiny, xs"):
        settings(tmp_path, runs, preset="huge")
    with pytest.raises(ValueError, match="views must be at least 1, got 0"):
        settings(tmp_path, runs, views=0)
    with pytest.raises(ValueError, match=r"text tokenizer has \d+ entries, preset tiny has room"):
        make(settings(tmp_path / "c", runs, text_tokenizer="dall-e-emoji"))


def test_run_from_a_data_set(
    tmp_path: Path, runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = settings(tmp_path / "run", runs, data="examples/tiny_pictures", images=8, views=1)
    run_captioner_training(config, dry_run=True)
    assert "none through a tokenizer" in capsys.readouterr().out
    assert not (tmp_path / "run").exists()
    run_captioner_training(config)
    trained = load_stage(tmp_path / "run", "last")
    assert trained.network("captioner")["image_widths"] == (16, 32, 48)
    assert "words.weight" in trained.weights("captioner")


def test_scenes_are_said_in_one_way_each() -> None:
    from dall_e.data.datasets import load_images

    scenes = CaptionedScenes(load_images("examples/tiny_pictures", 32), 32)
    first, second = (scenes.captions("1") for _ in range(2))
    assert first == second and first[0].isascii() and not first[1].isascii()
    assert np.array_equal(scenes.image("1"), scenes.image("1"))
    assert scenes.image("1").shape == (4, 32, 32)
    assert "style" not in " ".join(scenes.captions(str(seed))[0] for seed in range(20))
