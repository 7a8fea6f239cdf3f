"""The loop with a toy stage: resume, stop, damage, bad numbers."""

import copy
import functools
import json
import re
import shutil
import signal
import subprocess
import sys
import textwrap
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor, nn

from dall_e.checkpoints.run_files import load_stage
from dall_e.config import TrainingConfig, flat_values, with_values
from dall_e.errors import UnusableFileError
from dall_e.training.estimate import describe
from dall_e.training.loop import fit
from dall_e.training.player import Player, PlayerTrainer
from dall_e.training.run_folder import open_run_folder
from dall_e.training.running import run_stage
from dall_e.training.stage import Stage, StepOutput


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """The same sums in the same order, here and in the processes that are started.

    Of the module, as the straight run is: one of each test would come after it.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        yield
    torch.set_num_threads(before)


class ToyBatch(NamedTuple):
    x_BCHW: Tensor
    factor: float


class ToyStage(Stage[ToyBatch]):
    """Fits a small convolution, with dropout, to a linear map.

    `events` maps numbers of pictures seen to something to do then.
    """

    def __init__(self, config: TrainingConfig, events: dict[int, Any] | None = None) -> None:
        torch.manual_seed(config.loop.seed)
        self.config = config
        self.device = torch.device("cpu")
        self.networks = {"toy": {"width": 4}}
        net = nn.Sequential(nn.Conv2d(2, 4, 3, padding=1), nn.Dropout(0.2), nn.Conv2d(4, 1, 1))
        self.net = net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.players = (Player(name="toy", module=self.net, optimizer=config.optimizer),)
        self.events = {} if events is None else events
        self.memory = torch.zeros(())

    def batch(self, images_seen: int) -> ToyBatch:
        generator = torch.Generator().manual_seed(images_seen)
        x_BCHW = torch.randn(self.config.loop.batch_size, 2, 4, 4, generator=generator)
        factor = self.events.get(images_seen, lambda: 1.0)()
        return ToyBatch(x_BCHW, factor if isinstance(factor, float) else 1.0)

    def loss(self, batch: ToyBatch) -> StepOutput:
        wanted_BCHW = batch.x_BCHW.sum(1, keepdim=True)
        loss = (self.net(batch.x_BCHW) - wanted_BCHW).square().mean() * batch.factor
        self.memory = 0.5 * self.memory + loss.detach()
        return StepOutput(loss, {"error": loss.detach()})

    def sample(self, path: Path) -> dict[str, float]:
        torch.rand(7)  # a careless stage draws from the global stream
        path.write_bytes(b"sheet")
        return {"quality": float(self.net[2].weight.sum())}

    def state_dict(self) -> dict[str, Any]:
        return {"memory": self.memory}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.memory = state["memory"]


def settings(out: Path, **changes: Any) -> TrainingConfig:
    small = {
        "out": str(out),
        "images": 40,
        "batch_size": 4,
        "warmup_images": 8,
        "log_every": 1,
        "precision": "fp32",
        "device": "cpu",
        "track": "none",
    }
    return with_values(TrainingConfig(), {**small, **changes})


def weights(folder: Path) -> dict[str, Tensor]:
    return load_stage(folder).weights("toy")


def assert_same(first: dict[str, Tensor], second: dict[str, Tensor]) -> None:
    assert first.keys() == second.keys()
    for name in first:
        assert torch.equal(first[name], second[name]), name


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was never stopped."""
    folder = tmp_path_factory.mktemp("runs") / "straight"
    config = settings(folder)
    assert fit(config, ToyStage(config)) == 40
    return folder


def test_a_run_learns_and_leaves_its_files(straight: Path) -> None:
    lines = [json.loads(line) for line in (straight / "metrics.jsonl").read_text().splitlines()]
    trained = [line for line in lines if line["kind"] == "train"]
    assert [line["images_seen"] for line in trained] == list(range(4, 41, 4))
    assert trained[-1]["error"] < trained[0]["error"]
    assert {
        "images_per_second",
        "learning_rate",
        "toy_loss",
        "toy_norm",
        "skipped_steps",
    } <= trained[0].keys()
    assert lines[-1]["kind"] == "sample" and "quality" in lines[-1]
    assert (straight / "samples" / "000000040.png").exists()
    assert json.loads((straight / "config.json").read_text())["loop"]["batch_size"] == 4
    assert (straight / "command.txt").read_text().strip() and (
        straight / "log.txt"
    ).read_text().strip()


def test_resumed_equals_straight(straight: Path, tmp_path: Path) -> None:
    # Stopped twice, with a sheet and a checkpoint after every step: nothing of that may show.
    for images in (12, 24, 40):
        config = settings(tmp_path / "run", images=40, sample_minutes=0.0, save_minutes=0.0)
        stop = {images: lambda: signal.raise_signal(signal.SIGINT)} if images < 40 else {}
        if stop:
            with pytest.raises(KeyboardInterrupt):
                fit(config, ToyStage(config, stop))
        else:
            fit(config, ToyStage(config))
    assert_same(weights(tmp_path / "run"), weights(straight))
    states = [
        torch.load(folder / "checkpoint.pt", weights_only=True)
        for folder in (tmp_path / "run", straight)
    ]
    assert_same(states[0]["players"]["toy"]["weights"], states[1]["players"]["toy"]["weights"])
    assert torch.equal(states[0]["stage"]["memory"], states[1]["stage"]["memory"])
    lines = [
        json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
    ]
    assert [line["images_seen"] for line in lines if line["kind"] == "train"] == list(
        range(4, 41, 4)
    )


def test_termination_saves(tmp_path: Path) -> None:
    config = settings(tmp_path)
    with pytest.raises(SystemExit) as ended:
        fit(config, ToyStage(config, {8: lambda: signal.raise_signal(signal.SIGTERM)}))
    assert ended.value.code == 143
    assert torch.load(tmp_path / "checkpoint.pt", weights_only=True)["images_seen"] == 12
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_killed_run_resumes(straight: Path, tmp_path: Path) -> None:
    program = f"""
        import os, sys
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        from pathlib import Path
        from test_loop import ToyStage, settings
        from dall_e.training.loop import fit
        config = settings(Path({str(tmp_path)!r}), save_minutes=0.0)
        fit(config, ToyStage(config, {{20: lambda: os.kill(os.getpid(), 9)}}))
    """
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, check=False
    )
    assert ended.returncode == -9, ended.stderr.decode()
    with open(tmp_path / "metrics.jsonl", "a") as file:
        file.write('{"kind": "train", "ima')  # as a kill in the middle of a line leaves it
    (tmp_path / ".checkpoint.pt.01234567.part").write_bytes(b"half")
    config = settings(tmp_path)
    fit(config, ToyStage(config))
    assert_same(weights(tmp_path), weights(straight))
    assert not list(tmp_path.glob(".*.part")), "what was half written is as large as all of it"
    assert all(json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines())


def test_a_complete_run_is_left_alone(straight: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (straight / "checkpoint.pt").read_bytes()
    config = settings(straight)
    assert fit(config, ToyStage(config)) == 40
    assert "already complete" in capsys.readouterr().err
    assert (straight / "checkpoint.pt").read_bytes() == before


def test_a_run_that_was_killed_before_its_last_sheet_gets_it(tmp_path: Path) -> None:
    config = settings(tmp_path, images=8)
    fit(config, ToyStage(config))
    for sheet in (tmp_path / "samples").iterdir():
        sheet.unlink()
    metrics = (tmp_path / "metrics.jsonl").read_text().splitlines()
    (tmp_path / "metrics.jsonl").write_text("\n".join(metrics[:-1]) + "\n")
    for _ in range(2):
        fit(config, ToyStage(config))
        assert (tmp_path / "metrics.jsonl").read_text().splitlines() == metrics
        assert [path.name for path in (tmp_path / "samples").iterdir()] == ["000000008.png"]


def test_minutes_run_out(tmp_path: Path) -> None:
    config = settings(tmp_path, max_minutes=1e-9)
    assert fit(config, ToyStage(config)) < 40


def test_more_images_are_the_same_run(tmp_path: Path) -> None:
    config = settings(tmp_path, images=8)
    fit(config, ToyStage(config))
    longer = settings(tmp_path, images=16, log_every=2)
    assert fit(longer, ToyStage(longer)) == 16


def test_other_settings_are_refused(tmp_path: Path) -> None:
    config = settings(tmp_path, images=8)
    fit(config, ToyStage(config))
    other = settings(tmp_path, images=8, batch_size=2, learning_rate=0.5)
    with pytest.raises(
        ValueError, match=r"batch_size was 4 and is now 2; learning_rate was 0.001 and is now 0.5"
    ):
        fit(other, ToyStage(other))
    stage = ToyStage(config)
    stage.networks = {"toy": {"width": 8}}
    with pytest.raises(ValueError, match="networks was"):
        fit(config, stage)


def test_a_run_of_an_older_version_is_not_resumed(tmp_path: Path) -> None:
    config = settings(tmp_path, images=8)
    fit(config, ToyStage(config))
    state = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    torch.save({**state, "config": flat_values(config)}, tmp_path / "checkpoint.pt")
    with pytest.raises(ValueError, match=r"version 0.11 or older, .* from its weights with --init"):
        fit(config, ToyStage(config))


class TwoPlayers(ToyStage):
    """A second network learns what the first one makes, in every other step."""

    def __init__(self, config: TrainingConfig) -> None:
        super().__init__(config)
        self.follower = nn.Conv2d(1, 1, 1)
        follower = Player(name="follower", module=self.follower, optimizer=config.optimizer)
        self.players = (*self.players, follower)
        self.seen: list[bool] = []

    def losses(self, batch: ToyBatch, progress: float) -> Iterator[tuple[str, StepOutput]]:
        before = self.net[2].weight.detach().clone()
        made_BCHW = self.net(batch.x_BCHW)
        yield "toy", StepOutput(made_BCHW.square().mean(), {})
        self.seen.append(torch.equal(before, self.net[2].weight))
        if progress >= 0.5:
            copy_BCHW = self.follower(made_BCHW.detach())
            yield "follower", StepOutput((copy_BCHW - made_BCHW.detach()).square().mean(), {})


def test_players_learn_in_turn(tmp_path: Path) -> None:
    config = settings(tmp_path, images=16)
    stage = TwoPlayers(config)
    fit(config, stage)
    assert stage.seen == [False] * 4, "the first has learnt before the second is asked"
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    follows = ["follower_loss" in line for line in lines if line["kind"] == "train"]
    assert follows == [False, False, True, True]


def test_a_full_disk_keeps_the_checkpoint_before(
    tmp_path: Path,
    full_disk: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    config = settings(tmp_path, images=8)
    fit(config, ToyStage(config))
    before = (tmp_path / "checkpoint.pt").read_bytes()

    full_disk("checkpoint.pt")
    longer = settings(tmp_path, images=16, save_minutes=0.0)
    with pytest.raises(
        OSError, match=r"checkpoint.pt: No space left on device; the one before is kept"
    ):
        fit(longer, ToyStage(longer))
    assert "12/16 pictures" in capsys.readouterr().err, "it stops after the first step"
    assert (tmp_path / "checkpoint.pt").read_bytes() == before
    assert not list(tmp_path.glob(".*.part"))
    monkeypatch.undo()
    assert fit(longer, ToyStage(longer)) == 16


def test_fault_reliability_09_a_disk_that_fills_up_stops_the_second_failing_save(
    tmp_path: Path, full_disk: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    config = settings(tmp_path, images=400, save_minutes=0.0)
    with pytest.raises(OSError, match=r"No space left .* the same command goes on from 12 of 400"):
        fit(config, ToyStage(config, {12: lambda: full_disk("checkpoint.pt")}))
    told = capsys.readouterr().err
    assert told.count("training goes on, and stops if the next one fails too") == 1
    log = (tmp_path / "log.txt").read_text()
    assert "20/400 pictures" in log and "24/400 pictures" not in log
    assert torch.load(tmp_path / "checkpoint.pt", weights_only=True)["images_seen"] == 12


def test_fault_reliability_09_room_for_one_checkpoint_is_not_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = settings(tmp_path)
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
    with pytest.raises(OSError, match=r"has 0\.0 MiB free, and the next checkpoint needs"):
        fit(config, ToyStage(config))
    assert torch.load(tmp_path / "checkpoint.pt", weights_only=True)["images_seen"] == 4

    # A file system that does not know its size is given the benefit of the doubt.
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=0, total=0))
    assert fit(config, ToyStage(config)) == 40


def test_fault_reliability_10_a_new_run_on_a_full_disk_names_the_file(
    tmp_path: Path, full_disk: Callable[[str], None]
) -> None:
    config = settings(tmp_path / "run")
    (tmp_path / "run").mkdir()
    full_disk("config.json")
    with pytest.raises(ValueError, match=r"cannot write .*run/config\.json: No space left"):
        fit(config, ToyStage(config))
    (tmp_path / "run" / "command.txt").unlink()
    (tmp_path / "run" / "command.txt").symlink_to("/dev/full")
    with pytest.raises(ValueError, match=r"cannot write .*run/command\.txt: No space left"):
        fit(config, ToyStage(config))


def test_a_model_folder_is_not_made_a_run_folder(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("a model's")
    config = settings(tmp_path)
    with pytest.raises(UnusableFileError, match="is no run folder: .*name another folder"):
        fit(config, ToyStage(config))
    assert (tmp_path / "config.json").read_text() == "a model's"


def test_fault_reliability_09_a_flipped_byte_in_a_checkpoint_is_noticed(tmp_path: Path) -> None:
    config = settings(tmp_path, images=8)
    fit(config, ToyStage(config))
    path = tmp_path / "checkpoint.pt"
    whole = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        members = [member for member in archive.infolist() if member.file_size > 16]
    assert len(members) > 5
    for member in members:
        damaged = bytearray(whole)
        start = member.header_offset + 30
        name_and_rest = int.from_bytes(whole[start - 4 : start - 2], "little")
        name_and_rest += int.from_bytes(whole[start - 2 : start], "little")
        damaged[start + name_and_rest + member.file_size // 2] ^= 1
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"checkpoint.pt: it cannot be read: .*; move it away"):
            fit(config, ToyStage(config))
    path.write_bytes(whole)
    assert fit(config, ToyStage(config)) == 8


def test_a_full_disk_inside_the_writer(tmp_path: Path, full_disk: Callable[[str], None]) -> None:
    # The same with a real failing write, whose error torch may wrap in one of its own.
    config = settings(tmp_path, images=8)
    full_disk("checkpoint.pt")
    with open_run_folder(config.run_folder) as folder:
        with pytest.raises(OSError, match="No space left on device"):
            folder.save_checkpoint({"big": torch.zeros(300_000)})
    assert not (tmp_path / "checkpoint.pt").exists()


class JudgedStage(ToyStage):
    """Does best on held-out data at the second of its sheets."""

    judged_by = "held_out"

    def sample(self, path: Path) -> dict[str, float]:
        self.sheets = [*getattr(self, "sheets", []), copy.deepcopy(self.net.state_dict())]
        return {"held_out": (3.0, 1.0, 2.0, 1.5)[len(self.sheets) - 1]}


def test_the_weights_that_did_best_are_kept(tmp_path: Path) -> None:
    config = settings(tmp_path, images=12, sample_minutes=0)
    stage = JudgedStage(config)
    fit(config, stage)
    assert len(stage.sheets) == 4, "one for each step, one at the end"
    assert_same(load_stage(tmp_path, "best").weights("toy"), stage.sheets[1])
    # A resumed run knows how well the best did: its own sheets are worse, then as good, then
    # better.
    resumed = JudgedStage(config)
    resumed.sample = lambda path: {"held_out": next(measures)}  # type: ignore[method-assign]
    measures = iter((1.5, 1.0, 0.9))
    fit(with_values(config, {"images": 20}), resumed)
    state = torch.load(tmp_path / "best.pt", weights_only=True)
    assert (state["measure"], state["images_seen"]) == (0.9, 20)


def test_a_truncated_checkpoint_is_named(tmp_path: Path) -> None:
    config = settings(tmp_path, images=8)
    fit(config, ToyStage(config))
    path = tmp_path / "checkpoint.pt"
    path.write_bytes(path.read_bytes()[:-500])
    for call in (lambda: fit(config, ToyStage(config)), lambda: load_stage(tmp_path)):
        with pytest.raises(ValueError, match=r"checkpoint.pt: it cannot be read: .*; move it away"):
            call()


def test_another_file_as_checkpoint_is_named(tmp_path: Path) -> None:
    config = settings(tmp_path, images=8)
    for other in ({"format": 1}, [1], {"format": 2, "players": {}}):
        torch.save(other, tmp_path / "checkpoint.pt")
        with pytest.raises(ValueError, match="not a checkpoint of this version; move it away"):
            fit(config, ToyStage(config))


def test_broken_metrics_do_not_stop_a_resumed_run(tmp_path: Path) -> None:
    config = settings(tmp_path, images=8)
    fit(config, ToyStage(config))
    lines = (tmp_path / "metrics.jsonl").read_bytes()
    (tmp_path / "metrics.jsonl").write_bytes(lines + b'\xff\x00\n[1]\n{"images_seen": 8, "ki')
    fit(with_values(config, {"images": 12}), ToyStage(config))
    assert all(json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines())


def test_bad_run_folders(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for out, message in (
        (tmp_path / "file", "is a file"),
        (tmp_path / "file" / "inside", "cannot write to the run folder"),
    ):
        config = settings(out)
        with pytest.raises(ValueError, match=message):
            fit(config, ToyStage(config))
    with pytest.raises(ValueError, match="no trained stage"):
        load_stage(tmp_path)


def test_one_run_at_a_time(tmp_path: Path) -> None:
    config = settings(tmp_path)
    with (
        open_run_folder(config.run_folder),
        pytest.raises(ValueError, match="another run is writing"),
    ):
        fit(config, ToyStage(config))


def test_a_loss_that_is_not_finite_skips_the_step(tmp_path: Path) -> None:
    config = settings(tmp_path, images=12)
    snapshots: dict[int, Tensor] = {}
    stage = ToyStage(config)

    def spoil() -> float:
        snapshots[8] = stage.net[0].weight.detach().clone()
        return float("nan")

    stage.events = {8: spoil}
    fit(config, stage)
    assert torch.equal(stage.net[0].weight, snapshots[8])
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [line["skipped_steps"] for line in lines if line["kind"] == "train"] == [0, 0, 1]


def test_a_loss_that_stays_not_finite_ends_the_run(tmp_path: Path) -> None:
    class Always(dict[int, Any]):
        def get(self, key: int, default: Any = None) -> Any:
            return lambda: float("inf")

    config = settings(tmp_path, images=4000, log_every=10)
    with pytest.raises(
        ValueError, match=r"toy was not finite 50 times in a row, up to picture 200"
    ):
        fit(config, ToyStage(config, Always()))


def test_the_callback_sees_the_averaged_weights(tmp_path: Path) -> None:
    config = settings(tmp_path, images=8, ema_decay=0.5)
    stage = ToyStage(config)
    seen: dict[str, Tensor] = {}

    def look(path: Path, measures: dict[str, float]) -> None:
        assert path.exists() and "quality" in measures
        seen.update({name: tensor.clone() for name, tensor in stage.net.state_dict().items()})

    fit(config, stage, on_sample=look)
    assert_same(seen, weights(tmp_path))
    assert not torch.equal(seen["0.weight"], stage.net.state_dict()["0.weight"])


def test_describe_tells_settings_sizes_and_schedule(tmp_path: Path) -> None:
    config = settings(tmp_path)
    text = describe(config, ToyStage(config))
    assert '"batch_size": 4' in text and "toy: 81 parameters, 81 of them trained" in text
    assert "10 steps of 4 pictures on cpu" in text and "learning rate toy" in text
    assert f"would start a new run in {tmp_path}" in text and not list(tmp_path.iterdir())
    fit(config, ToyStage(config))
    assert f"would resume the run in {tmp_path}" in describe(config, ToyStage(config))


def test_fault_training_02_a_dry_run_estimates_the_time(tmp_path: Path) -> None:
    config = settings(tmp_path / "run", images=4_000_000)
    stage = ToyStage(config)
    timed = describe(config, stage).splitlines()[-1]
    assert re.search(r"estimated time: [\d.]+ (min|h) for 4,000,000 pictures", timed), timed
    assert "measured just now in 3 steps" in timed and not (tmp_path / "run").exists()
    stage.can_be_timed = False
    assert "estimated time: unknown" in describe(config, stage)
    (tmp_path / "run").mkdir()
    line = {"kind": "train", "images_seen": 1_000_000, "images_per_second": 500.0}
    (tmp_path / "run" / "metrics.jsonl").write_text(json.dumps(line) + '\n{"images_se')
    logged = describe(config, stage).splitlines()[-1]
    # 3,000,000 at 500 a second are 6,000 s.
    assert "1.7 h for 3,000,000 pictures, by 500 pictures/s in the last line of this" in logged


def test_fault_training_05_over_fitting_is_said_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = settings(tmp_path, images=16, sample_minutes=0)
    stage = JudgedStage(config)
    stage.num_held_out = 2
    measures = iter((2.05, 2.06, 2.5, 2.72, 2.8))
    stage.sample = lambda path: {"held_out": next(measures)}  # type: ignore[method-assign]
    fit(config, stage)
    said = [line for line in capsys.readouterr().err.splitlines() if "over-fitting" in line]
    assert len(said) == 1 and "was 2.05 after 4 pictures and is now 2.5" in said[0]
    assert "2 held-out pictures say little" in said[0] and "Try fewer --images" in said[0]


def test_fault_training_05_slow_steps_are_not_silent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("dall_e.training.loop._LONGEST_SILENCE", 0.0)
    config = settings(tmp_path, images=12, log_every=1000)
    fit(config, ToyStage(config))
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [line["images_seen"] for line in lines if line["kind"] == "train"] == [4, 8, 12]
    assert "training begins: a line every 1000 steps" in capsys.readouterr().err


def test_a_profile_says_where_time_and_memory_go(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = settings(tmp_path, images=16, profile=True)
    stage = ToyStage(config)
    fit(config, stage)
    time, memory = capsys.readouterr().err.splitlines()[-2:]
    assert time.startswith("profile of 3 steps: ") and "outside of forward, backward" in time
    shares = [float(share) for share in re.findall(r"([\d.]+)%", time)]
    assert len(shares) == 5 and sum(shares[:4]) <= 100.4
    assert shares[4] == pytest.approx(100 - sum(shares[1:4]), abs=0.3)
    # 81 numbers of 4 bytes: weights, gradients, AdamW's two moments and its counts, averages.
    assert "weights 0.0, gradients 0.0, optimizer 0.0, averages 0.0" in memory
    trainer = PlayerTrainer(stage.players[0])
    trainer.add(stage.loss(stage.batch(0)).loss)
    trainer.step(1.0)
    kept = trainer.kept_bytes()
    assert kept["weights"] == kept["gradients"] == kept["averages"] == 324
    assert 648 <= kept["optimizer"] <= 664


@pytest.mark.parametrize(
    ("micro_batch", "mend"),
    [(0, "4 pictures .*: try --micro-batch 2"), (1, "--gradient-checkpointing")],
)
def test_memory_that_runs_out_is_named_with_a_way_out(
    tmp_path: Path, micro_batch: int, mend: str
) -> None:
    def run_out() -> float:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    config = settings(tmp_path, micro_batch=micro_batch)
    with pytest.raises(ValueError, match=f"not enough memory to learn from .*{mend}"):
        fit(config, ToyStage(config, {0: run_out}))
    # Nothing is there yet, so the same command with smaller micro-batches is a new run.
    config = settings(tmp_path, micro_batch=1, images=8)
    assert fit(config, ToyStage(config)) == 8


class HungryStage(ToyStage):
    """Has memory for two pictures at once only, once it has seen so many."""

    first = 0

    def batch(self, images_seen: int) -> ToyBatch:
        size = self.config.loop.micro_batch_size
        if size > 2 and images_seen >= self.first:
            raise [MemoryError(), torch.OutOfMemoryError("CUDA out of memory")][size == 4]
        batch = super().batch(images_seen)
        return batch._replace(x_BCHW=batch.x_BCHW[:size])


@pytest.mark.parametrize("first", [0, 16])
@pytest.mark.parametrize("micro_batch", [0, 8])
def test_micro_batches_are_fitted_to_the_memory(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], first: int, micro_batch: int
) -> None:
    given = functools.partial(settings, batch_size=8, images=32, save_minutes=0.0)
    config = given(tmp_path / "run", micro_batch=micro_batch)
    HungryStage.first = first
    run_stage(config, HungryStage)
    said = capsys.readouterr().err
    assert "to learn from 8 pictures at once: now 4 at a time" in said
    assert "to learn from 4 pictures at once: now 2 at a time" in said
    assert "of 4 times are added up, so that a step still learns from 8" in said
    assert (f"resuming: {first} of 32" in said) == (first > 0), "from the last checkpoint"
    state = torch.load(tmp_path / "run" / "checkpoint.pt", weights_only=True)
    assert state["images_seen"] == 32 and state["players"]["toy"]["num_steps"] == 4
    if not first:
        run_stage(given(tmp_path / "small", micro_batch=2), HungryStage)
        assert_same(weights(tmp_path / "run"), weights(tmp_path / "small"))

    # The same command goes on, with what it was fitted to.
    run_stage(with_values(config, {"images": 40}), HungryStage)
    assert "not enough memory" not in capsys.readouterr().err
    with pytest.raises(ValueError, match="micro_batch was 2 and is now 3"):
        run_stage(with_values(config, {"images": 48, "micro_batch": 3, "batch_size": 9}), ToyStage)


def test_memory_for_no_picture_at_all_is_an_error(tmp_path: Path) -> None:
    def run_out() -> float:
        raise MemoryError

    config = settings(tmp_path, micro_batch=1, gradient_checkpointing=False)
    with pytest.raises(ValueError, match="from 1 pictures .*: try --gradient-checkpointing"):
        run_stage(config, lambda config: ToyStage(config, {0: run_out}))
    config = settings(tmp_path, gradient_checkpointing=True)
    with pytest.raises(ValueError, match="this stage has none"):
        run_stage(config, ToyStage)
