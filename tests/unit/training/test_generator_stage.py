"""The generator's stage on a user's own pictures, and weights that grow to a finer grid.

Batches have tests of their own in test_generator_batches.py. Shapes: V views, M pictures, N tokens,
H W rows, columns.
"""

import contextlib
import copy
import random
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from dall_e.checkpoints.run_files import load_image_tokenizer, load_stage
from dall_e.checkpoints.store import save_model
from dall_e.config import PRESETS, GeneratorTraining, with_values
from dall_e.data.prompt_sets import GALLERY_PROMPTS
from dall_e.images.files import encode_png
from dall_e.models.image_tokenizer import ImageTokenizer
from dall_e.text.tokenizer import TextTokenizer
from dall_e.training.generator_data import draw_partition
from dall_e.training.generator_networks import GeneratorNetworks, grow
from dall_e.training.generator_stage import GeneratorStage, run_generator_training
from dall_e.training.run_folder import open_run_folder
from dall_e.training.sheet_prompts import sheet_prompts
from dall_e.training.token_cache import tokenize_views

TINY = PRESETS["tiny"]
COLOURS = {"red": (255, 0, 0), "green": (0, 200, 0), "blue": (0, 0, 255), "white": (250, 250, 250)}


@pytest.fixture(scope="module")
def own_images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as a user may have it: pictures, and captions beside some of them."""
    folder = tmp_path_factory.mktemp("pictures")
    for name, colour in COLOURS.items():
        for side in (12, 20, 28):
            image = np.zeros((4, 32, 32), dtype=np.uint8)
            image[:3, :side, :side] = np.array(colour, dtype=np.uint8)[:, None, None]
            image[3, :side, :side] = 255
            (folder / f"{name}-square_{side}.png").write_bytes(encode_png(image))
            if side == 12:
                (folder / f"{name}-square_{side}.txt").write_text(
                    f"a small {name} square", encoding="utf-8"
                )
    return folder


@pytest.fixture(scope="module")
def stage(
    own_images: Path, tokenizer_run: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[GeneratorStage]:
    out = tmp_path_factory.mktemp("run")
    more = {"images": 64, "views": 2, "caption_drop": 0.25, "noisy_fraction": 0.5}
    made = GeneratorStage(own_settings(own_images, tokenizer_run, out, **more))
    yield made
    made.close()


def test_context_differs_from_the_truth_only_where_that_is_told(stage: GeneratorStage) -> None:
    seen_noise = False
    for images_seen in range(0, 80, 8):
        batch = stage.batch(images_seen)
        num_tokens = TINY.generator.num_tokens
        assert torch.equal(
            batch.positions_BN.sort(1).values, torch.arange(num_tokens).expand(8, -1)
        )
        assert batch.groups_N[0] == 1 and bool((batch.groups_N.diff() >= 0).all())
        truth_BN = batch.codes_BN.gather(1, batch.positions_BN)
        differs_BN = batch.context_BN != truth_BN
        assert not bool((differs_BN & ~batch.replaced_BN)[batch.level_B == 0].any())
        seen_noise |= bool(differs_BN.any())
    assert seen_noise


def test_a_few_steps_lower_the_loss_and_reach_every_weight(stage: GeneratorStage) -> None:
    batch = stage.batch(0)
    optimiser = torch.optim.AdamW(stage.module.parameters(), lr=3e-3)
    losses = []
    for _ in range(12):
        loss, parts = stage.loss(batch)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
        assert {"nats", "correction", "contrastive", "matched"} <= parts.keys()
    assert losses[-1] < 0.8 * losses[0]
    assert [name for name, p in stage.module.named_parameters() if p.grad is None] == []


def test_fault_training_05_sheets_draw_own_captions(stage: GeneratorStage, tmp_path: Path) -> None:
    prompts, labels, codes_BN = sheet_prompts(stage.data)
    # Of fewer than twenty pictures none is held out.
    assert labels == ["trained on"] * 12 and stage.num_held_out == 0
    assert prompts[0] == "a small blue square" and "white square 28" in prompts
    assert codes_BN is not None and torch.equal(codes_BN, stage.data.codes_VMN[0].long())

    data = copy.copy(stage.data)
    data.held_out_records, data.holds_out = [{"text": "a fox"}, {"text": "a hen"}], True
    data.held_out_codes_MN = data.codes_VMN[0, :2].long() + 1
    prompts, labels, codes_BN = sheet_prompts(data)
    assert prompts[:2] == ["a fox", "a hen"] and labels[:3] == ["held out"] * 2 + ["trained on"]
    assert codes_BN is not None and torch.equal(codes_BN[:2], data.held_out_codes_MN)
    data.records = [{"en": "cat", "kind": "animal"}]
    assert sheet_prompts(data).prompts == list(GALLERY_PROMPTS)


def test_fault_training_05_preparation_says_what_it_does(
    own_images: Path, tokenizer_run: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    GeneratorStage(own_settings(own_images, tokenizer_run, tmp_path / "run")).close()
    said = capsys.readouterr().err.splitlines()
    stages = (
        "reading the pictures of ",
        "12 pictures to train on, 12 to measure with; captions from .txt 4, file names 8",
        "learning words from the captions",
        "turning 12 pictures into codes",
    )
    assert len(said) >= len(stages), said
    for line, start in zip(said, stages, strict=False):
        assert line.startswith(start), said


def test_orders_come_as_often_as_they_should() -> None:
    numbers = random.Random(0)
    kinds: Counter[str] = Counter()
    for _ in range(2000):
        kind, sizes = draw_partition(64, numbers, random_order=0.7)
        assert sum(sizes) == 64 and len(sizes) <= 64
        kinds[kind] += 1
    # Five standard deviations of 2000 draws: 0.05 at most.
    for kind, fraction in (("random", 0.7), ("locality", 0.2), ("raster", 0.1)):
        assert abs(kinds[kind] / 2000 - fraction) < 0.05


def test_the_first_view_is_the_picture_itself(stage: GeneratorStage) -> None:
    images_NCHW = torch.randint(
        0, 256, (5, 4, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
    )
    mirror_N = torch.ones(5, dtype=torch.bool)
    codes_VMN = tokenize_views(
        stage.tokenizer, images_NCHW, mirror_N, views=3, seed=1, batch_size=2
    )
    assert codes_VMN.shape == (3, 5, 64) and codes_VMN.dtype == torch.int16
    alone_MN = tokenize_views(stage.tokenizer, images_NCHW, mirror_N, views=1, seed=9)[0]
    assert (codes_VMN[0] == alone_MN).float().mean() > 0.95
    assert (codes_VMN[1] != codes_VMN[0]).float().mean() > 0.3
    again = tokenize_views(stage.tokenizer, images_NCHW, mirror_N, views=3, seed=1, batch_size=2)
    assert torch.equal(codes_VMN, again)


def test_weights_grow_to_a_finer_grid() -> None:
    torch.manual_seed(0)
    coarse, fine = GeneratorNetworks(PRESETS["xs64"]), GeneratorNetworks(PRESETS["xs"])
    weights = coarse.state_dict()
    # An embedding that rises from row to row and from column to column does so on the finer grid,
    # too.
    side = PRESETS["xs64"].generator.grid_size
    rows, columns = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    weights["generator.places.weight"][:, 0] = rows.flatten().float()
    weights["generator.places.weight"][:, 1] = columns.flatten().float()
    before = {name: tensor.clone() for name, tensor in fine.state_dict().items()}
    grow(fine, weights)
    after = fine.state_dict()
    for name, tensor in after.items():
        source = before if name.startswith("tower.") else weights
        if name != "generator.places.weight":
            assert torch.equal(tensor, source[name]), name
    finer = PRESETS["xs"].generator.grid_size
    positions_HWD = after["generator.places.weight"].unflatten(0, (finer, finer))
    assert bool((positions_HWD[1:, :, 0] >= positions_HWD[:-1, :, 0]).all())
    assert bool((positions_HWD[:, 1:, 1] >= positions_HWD[:, :-1, 1]).all())
    assert positions_HWD[0, 0, 0] == 0 and positions_HWD[-1, 0, 0] == side - 1


def run_folder(path: Path, player: str, weights: dict[str, torch.Tensor]) -> str:
    """A run folder that holds the weights of one player."""
    with open_run_folder(str(path)) as folder:
        folder.save_checkpoint(
            {"config": {}, "networks": {}, "players": {player: {"weights": weights, "ema": None}},
             "stage": {},
             "images_seen": 0, "seconds": 0.0, "random": {}}
        )  # fmt: skip
    return str(path)


@pytest.fixture(scope="module")
def tokenizer_run(tmp_path_factory: pytest.TempPathFactory) -> str:
    return run_folder(
        tmp_path_factory.mktemp("runs"), "tokenizer", ImageTokenizer(TINY.tokenizer).state_dict()
    )


def own_settings(
    own_images: Path, tokenizer_run: str, out: Path, **changes: object
) -> GeneratorTraining:
    small = {
        "out": str(out),
        "data": str(own_images),
        "tokenizer": tokenizer_run,
        "preset": "tiny",
        "images": 8,
        "batch_size": 8,
        "views": 1,
        "device": "cpu",
    }
    return with_values(GeneratorTraining(), {**small, **changes})


def test_weights_that_do_not_fit_are_named(tokenizer_run: str, tmp_path: Path) -> None:
    generator_run = run_folder(tmp_path / "generator", "generator", {})
    with pytest.raises(ValueError, match="there is no such folder"):
        load_stage(str(tmp_path / "none"))
    with pytest.raises(
        ValueError, match="not a run that trained the tokenizer: it trained generator"
    ):
        load_image_tokenizer(load_stage(generator_run), TINY.tokenizer)
    with pytest.raises(ValueError, match="cannot be used with this preset: .* missing"):
        load_image_tokenizer(load_stage(tokenizer_run), PRESETS["xs"].tokenizer)
    with pytest.raises(ValueError, match=r"\d+ missing .*; 1 left over \(text.extra\)"):
        grow(GeneratorNetworks(TINY), {"text.extra": torch.zeros(1)})


def test_a_bad_run_to_start_from_is_found_first(
    own_images: Path, tokenizer_run: str, tmp_path: Path
) -> None:
    config = own_settings(own_images, tokenizer_run, tmp_path / "run", init=tokenizer_run)
    with pytest.raises(
        ValueError, match="not a run that trained the generator: it trained tokenizer"
    ):
        run_generator_training(config)
    assert [path.name for path in (tmp_path / "run").iterdir()] == [".lock"]


def test_start_from_a_model_folder(own_images: Path, tmp_path: Path) -> None:
    torch.manual_seed(3)
    other, tokenizer = GeneratorNetworks(TINY), ImageTokenizer(TINY.tokenizer)
    tensors = {
        name: tensor for name, tensor in other.state_dict().items() if not name.startswith("tower.")
    }
    tensors |= {f"tokenizer.{name}": tensor for name, tensor in tokenizer.state_dict().items()}
    words = TextTokenizer.train(["a red square", "a blue square"], TINY.text.vocab_size)
    folder = str(tmp_path / "model")
    save_model(folder, {}, tensors, int8=False, text_tokenizer_json=words.to_json())
    with contextlib.closing(
        GeneratorStage(own_settings(own_images, folder, tmp_path / "run", init=folder))
    ) as made:
        for name, tensor in tensors.items():
            if not name.startswith("tokenizer."):
                assert torch.equal(made.module.state_dict()[name], tensor), name
        assert torch.equal(made.tokenizer.last_weight, tokenizer.last_weight)
        assert made.data.text_tokenizer.to_json() == words.to_json()


def test_the_built_in_model_goes_by_its_name() -> None:
    stage = load_stage("dall-e-emoji")
    assert stage.players.keys() == {"tokenizer", "generator", "dual_encoder", "upsampler"}
    weights = stage.weights("generator")
    assert "text.tokens.weight" in weights
    num_tokens = stage.network("generator")["grid_size"] ** 2
    assert num_tokens == len(weights["generator.places.weight"])


def test_a_dry_run_writes_nothing(
    own_images: Path, tokenizer_run: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_generator_training(own_settings(own_images, tokenizer_run, tmp_path / "run"), dry_run=True)
    assert not (tmp_path / "run").exists()
    assert "12 pictures in 1 views of 64 tokens" in capsys.readouterr().out


def test_a_second_run_touches_nothing(own_images: Path, tokenizer_run: str, tmp_path: Path) -> None:
    config = own_settings(own_images, tokenizer_run, tmp_path)
    with (
        open_run_folder(config.run_folder),
        pytest.raises(ValueError, match="another run is writing"),
    ):
        run_generator_training(config)
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_damaged_files_of_a_run(own_images: Path, tokenizer_run: str, tmp_path: Path) -> None:
    config = own_settings(own_images, tokenizer_run, tmp_path)
    codes = GeneratorStage(config).data.codes_VMN
    for damage in (b"", b"junk", (tmp_path / "codes.pt").read_bytes()[:-50]):
        (tmp_path / "codes.pt").write_bytes(damage)
        assert torch.equal(GeneratorStage(config).data.codes_VMN, codes)
    (tmp_path / "text_tokenizer.json").write_text("{")
    with pytest.raises(ValueError, match=r"text_tokenizer.json: not a text tokenizer.*; delete it"):
        GeneratorStage(config)


def test_a_full_disk_leaves_no_half_codes(
    own_images: Path, tokenizer_run: str, tmp_path: Path, full_disk: Callable[[str], None]
) -> None:
    full_disk("codes.pt")
    with pytest.raises(OSError, match="No space left on device"):
        GeneratorStage(own_settings(own_images, tokenizer_run, tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["text_tokenizer.json"]


def model_folder(folder: Path, vocabulary: str | None) -> Path:
    """A model folder of untrained tiny networks."""
    torch.manual_seed(2)
    weights = {
        name: tensor
        for name, tensor in GeneratorNetworks(TINY).state_dict().items()
        if not name.startswith("tower.")
    }
    for name, tensor in ImageTokenizer(TINY.tokenizer).state_dict().items():
        weights[f"tokenizer.{name}"] = tensor
    words = TextTokenizer.train(["a cat", "a red house"], TINY.text.vocab_size)
    settings = {**TINY.to_dict(), "sampling": {"num_inference_steps": 4}}
    save_model(
        folder,
        settings,
        weights,
        int8=False,
        text_tokenizer_json=words.to_json(),
        vocabulary=vocabulary,
    )
    return folder


@pytest.fixture(scope="module")
def known_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder that knows two names."""
    rows = "cat | 猫 | animal | - | - | -\nhouse | 房子 | place | - | - | -\n"
    return model_folder(tmp_path_factory.mktemp("models") / "known", rows)


def test_low_rank_trains_little_resumes_and_is_exported_whole(
    own_images: Path, tokenizer_run: str, known_model: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    more = {"images": 32, "init": str(known_model), "lora_rank": 2, "learning_rate": 1e-2}
    config = own_settings(own_images, tokenizer_run, out, **more)
    stopped = with_values(config, {"images": 16})
    run_generator_training(stopped)
    run_generator_training(config)

    stage = load_stage(str(out))
    learned = stage.lora("generator")
    assert "generator.query_blocks.0.mlp.down" in learned
    # Words keep their meaning.
    assert all(layer.startswith("generator.") for layer in learned)
    assert all(len(low_rank.a_RI) == 2 for low_rank in learned.values())

    # Added to the initial weights, it is what the run came to; nothing else has changed.
    initial, weights = load_stage(str(known_model)).weights("generator"), stage.weights("generator")
    for name, tensor in initial.items():
        layer = name.removesuffix(".weight")
        added = learned[layer].delta() if layer in learned else 0
        torch.testing.assert_close(weights[name], tensor + added)
    assert any(float(low_rank.delta().abs().max()) > 0 for low_rank in learned.values())


def test_own_drawings_are_among_the_pictures_of_every_batch(
    own_images: Path, tokenizer_run: str, known_model: Path, tmp_path: Path
) -> None:
    more = {"init": str(known_model), "prior_fraction": 0.25, "caption_drop": 0.0}
    config = own_settings(own_images, tokenizer_run, tmp_path / "run", **more)
    with contextlib.closing(GeneratorStage(config)) as stage:
        seen = [stage.data.captioned(8 * number) for number in range(6)]
        assert {caption for batch in seen for caption in batch.captions[:2]} == {
            "cat", "猫", "house", "房子",
        }  # fmt: skip
        assert all("square" in caption for batch in seen for caption in batch.captions[2:])
        codes = {caption: batch.codes_BN[0] for batch in seen for caption in batch.captions[:1]}
        first = seen[0]
        # Both languages of a name have one drawing, and one number.
        assert len({int(batch.concepts_B[0]) for batch in seen}) == 2
        assert len({tuple(code.tolist()) for code in codes.values()}) == 2

    # A resumed run meets the same drawings in the same order.
    with contextlib.closing(GeneratorStage(config)) as again:
        repeated = again.data.captioned(0)
        assert repeated.captions == first.captions
        assert torch.equal(repeated.codes_BN, first.codes_BN)


def test_own_drawings_need_a_model_that_knows_names(
    own_images: Path, tokenizer_run: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="prior_fraction needs init"):
        own_settings(own_images, tokenizer_run, tmp_path / "a", prior_fraction=0.5)
    with pytest.raises(ValueError, match="lora_rank needs init"):
        own_settings(own_images, tokenizer_run, tmp_path / "a", lora_rank=4)
    bare = model_folder(tmp_path / "bare", None)
    config = own_settings(
        own_images, tokenizer_run, tmp_path / "b", init=str(bare), prior_fraction=0.5
    )
    with pytest.raises(ValueError, match="has no vocabulary.txt"):
        GeneratorStage(config)
