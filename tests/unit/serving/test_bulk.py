"""Bulk jobs without a cluster: what is drawn, where it goes, and how a job goes on."""

import io
import json
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dall_e import DALL_E
from dall_e.cli import run
from dall_e.errors import UnusableFileError
from dall_e.images.metadata import texts_of
from dall_e.serving import bulk
from dall_e.serving.bulk import BulkJob, Line, Outcome, first_seed_of, lines_to_draw
from dall_e.serving.targets import Target

LINES = [Line(prompt=f"a cat {number}", seed=number, name=f"{number}.png") for number in range(3)]


def job_at(target: object, model: DALL_E | None = None, **others: Any) -> BulkJob:
    def load() -> DALL_E:
        assert model is not None
        return model

    told: dict[str, Any] = {"how": {"seed": 5}, "keywords": {}, "sampling": {}, "suffix": ".png"}
    return BulkJob(load=load, target=str(target), **(told | others))


@pytest.fixture
def memory() -> Iterator[str]:
    """An address that is no folder."""
    import fsspec

    yield "memory://pictures/here"
    fsspec.filesystem("memory").store.clear()


# Targets


@pytest.mark.parametrize("kind", ["folder", "memory"])
def test_a_target_holds_files(kind: str, tmp_path: Path, memory: str) -> None:
    target = Target(memory if kind == "memory" else str(tmp_path / "not there yet"))
    assert target.names() == set() and target.manifest() is None
    target.write("a.png", b"1")
    target.write("b/c.png", b"2")
    target.write("a.png", b"3")
    target.note({"lines": 2})
    assert target.names() == {"a.png", "b/c.png", "job.json"}
    assert target.manifest() == {"lines": 2}
    assert target.place_of("a.png") == f"{target.address}/a.png"
    if kind == "folder":
        assert (tmp_path / "not there yet" / "a.png").read_bytes() == b"3"


def test_where_there_may_be_half_of_a_file_it_is_renamed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a server of files: a write that was cut leaves nothing of its name."""
    target = Target(tmp_path.as_uri())
    assert target._is_local and not target._is_store
    target._is_local = False
    whole = target._files.pipe_file

    def cut(path: str, content: bytes) -> None:
        whole(path, content[:1])
        raise ConnectionResetError("cut")

    monkeypatch.setattr(target._files, "pipe_file", cut)
    with pytest.raises(OSError, match="cut"):
        target.write("b/c.png", b"123")
    assert "b/c.png" not in target.names()
    monkeypatch.undo()
    target.write("b/c.png", b"123")
    target.write("b/c.png", b"456")
    assert target.names() == {"b/c.png"} and (tmp_path / "b" / "c.png").read_bytes() == b"456"


def test_a_store_that_does_not_answer_is_named(
    memory: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Packages for stores have errors of their own, which are no OSError."""

    class NobodyThereError(Exception):
        pass

    def fail(*_: object, **__: object) -> None:
        raise NobodyThereError("no route")

    target = Target(memory)
    for name in ("pipe_file", "exists"):
        monkeypatch.setattr(target._files, name, fail)
    calls = (target.names, target.manifest, lambda: target.write("a.png", b""))
    for call in calls:
        with pytest.raises(OSError, match=r"memory://pictures/here cannot be used: no route"):
            call()
    monkeypatch.undo()


def test_targets_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "job.json").write_text("[]")
    with pytest.raises(UnusableFileError, match=r"job\.json.*it is no note of a job"):
        Target(str(tmp_path)).manifest()
    with pytest.raises(ValueError, match="nonsense"):
        Target("nonsense://place")
    with pytest.raises(OSError, match="file.txt"):
        (tmp_path / "file.txt").write_text("")
        Target(str(tmp_path / "file.txt")).write("a.png", b"")


# What is left to draw


def test_a_job_goes_on_with_what_is_missing(tmp_path: Path) -> None:
    job = job_at(tmp_path)
    assert lines_to_draw(job, LINES) == LINES and first_seed_of(str(tmp_path)) == 5
    Target(str(tmp_path)).write("1.png", b"")
    Target(str(tmp_path)).write(".2.png.0000.part", b"half of one")
    assert lines_to_draw(job, LINES) == [LINES[0], LINES[2]]
    assert lines_to_draw(job, LINES, anew=True) == LINES


@pytest.mark.parametrize(
    ("others", "lines", "changed"),
    [({"how": {"seed": 6}}, LINES, "how"), ({}, LINES[:2], "lines, lines_sha256")],
)
def test_another_job_does_not_mix_with_it(
    tmp_path: Path, others: Any, lines: list[Line], changed: str
) -> None:
    lines_to_draw(job_at(tmp_path), LINES)
    with pytest.raises(ValueError, match=rf"of another job \({changed} differ\)"):
        lines_to_draw(job_at(tmp_path, **others), lines)
    assert lines_to_draw(job_at(tmp_path, **others), lines, anew=True) == lines
    assert lines_to_draw(job_at(tmp_path, **others), lines) == lines


# Workers


def drawn(job: BulkJob, lines: list[Line]) -> list[Outcome]:
    """What a worker makes of lines, as Ray hands them over."""
    batch = {
        name: np.array([str(getattr(line, name)) for line in lines], dtype=object)
        for name in ("prompt", "seed", "name")
    }
    made = bulk._Worker(job)(batch)
    return [Outcome(*each) for each in zip(made["name"], made["error"], strict=True)]


def test_a_worker_draws_each_line_as_the_library_does(tiny_model: DALL_E, tmp_path: Path) -> None:
    lines = [LINES[1], Line(prompt="红苹果", seed=2**64 - 1, name="b/apple.png")]
    job = job_at(
        tmp_path,
        tiny_model,
        keywords={"transparent": True},
        sampling={"num_inference_steps": 2},
    )
    assert drawn(job, lines) == [Outcome("1.png", ""), Outcome("b/apple.png", "")]
    with Image.open(tmp_path / "b" / "apple.png") as image:
        own = tiny_model("红苹果", seed=2**64 - 1, transparent=True, num_inference_steps=2)
        assert image.tobytes() == own.tobytes() and image.mode == "RGBA"


def test_a_line_that_cannot_be_drawn_leaves_the_others(tiny_model: DALL_E, tmp_path: Path) -> None:
    """`strict` refuses what is not read."""
    lines = [LINES[0], Line(prompt="a white cat", seed=1, name="cat.png")]
    job = job_at(tmp_path, tiny_model, keywords={"strict": True})
    first, second = drawn(job, lines)
    assert "0" in first.error and second == Outcome("cat.png", "")
    assert {path.name for path in tmp_path.iterdir()} == {"cat.png"}


def test_a_full_disk_is_told_of_each_line(
    tiny_model: DALL_E, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(target: Target, name: str, content: bytes) -> None:
        raise OSError(28, "No space left on device", name)

    monkeypatch.setattr(Target, "write", write)
    (failed,) = drawn(job_at(tmp_path, tiny_model), LINES[:1])
    assert "No space left on device" in failed.error and failed.name == "0.png"


# The command


@pytest.fixture
def asked(tmp_path: Path, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A command whose lines are drawn in this process."""

    def draw_here(job: BulkJob, lines: list[Line]) -> list[Outcome]:
        return drawn(job, lines)

    monkeypatch.setattr(bulk, "draw_on_cluster", draw_here)
    monkeypatch.chdir(tmp_path)
    return ["generate", "--cluster", "--out", "out", "--model", str(tiny_folder), "--steps", "2"]


def test_the_command_draws_what_is_asked_for(
    asked: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], tiny_model: DALL_E
) -> None:
    lines = [{"prompt": "a cat"}, {"prompt": "a cat", "seed": 9}, {"prompt": "红苹果", "seed": -1}]
    (tmp_path / "lines.jsonl").write_text("\n".join(map(json.dumps, lines)))
    command = [*asked, "--prompts", "lines.jsonl"]
    assert run(command) == 0
    names = [f"out/{number:06}.png" for number in range(3)]
    assert capsys.readouterr().out.splitlines() == names
    seeds = []
    for name in names:
        with Image.open(name) as image:
            seeds.append(int(texts_of(image.info)["seed"]))
    assert seeds[1] == 9 and seeds[2] == seeds[0] + 2

    Path(names[2]).unlink()
    assert run(command) == 0
    printed = capsys.readouterr()
    assert printed.out.splitlines() == names[2:] and "2 of 3 are there" in printed.err
    with Image.open(names[2]) as image:
        assert int(texts_of(image.info)["seed"]) == seeds[2]


def test_an_address_needs_no_cluster(
    asked: list[str],
    memory: str,
    capsys: pytest.CaptureFixture[str],
    tiny_model: DALL_E,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Pictures go to it one batch after the other, and the same command goes on."""
    command = [word for word in asked if word not in ("--cluster", "--out", "out")]
    prompts = ["a cat", "a white cat", "红苹果"] * 4
    command += ["--out", memory, *prompts]
    monkeypatch.setattr(bulk, "draw_on_cluster", None)
    assert run([*command, "--seed", "3"]) == 0
    names = [f"{number:06}.png" for number in range(12)]
    assert capsys.readouterr().out.splitlines() == [f"{memory}/{name}" for name in names]
    target = Target(memory)
    assert target.names() == {*names, "job.json"}
    with Image.open(io.BytesIO(target._files.cat_file(f"{target._root}/{names[5]}"))) as image:
        own = tiny_model("红苹果", seed=8, num_inference_steps=2)
        assert image.tobytes() == own.tobytes()
    target._files.rm(f"{target._root}/{names[7]}")
    assert run(command) == 0
    assert capsys.readouterr().out.splitlines() == [f"{memory}/{names[7]}"]
    assert not Path("memory:").exists()

    for flags, problem in (
        (["-n", "2"], "to a URL goes one picture of each line: leave out --number"),
        (["--workers", "2"], "--workers are those of --cluster"),
    ):
        assert run([*command, *flags]) == 1
        assert problem in capsys.readouterr().err


def test_lines_that_fail_are_told(asked: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*asked, "a white cat", "a qwxz", "--strict"]) == 1
    told = capsys.readouterr()
    assert told.out == "out/000000.png\n" and "000001.png was not drawn:" in told.err
    assert "1 of 2 pictures were not drawn" in told.err


@pytest.mark.parametrize(
    ("flags", "problem"),
    [
        (["--grid", "-n", "2"], "leave out --number, --grid"),
        (["--out", ""], "give a folder or a URL with --out"),
        (["--prompts", "out.jsonl"], "out is the name of a .png file below --out, got '../a.png'"),
        (["--prompts", "jpg.jsonl"], "out is the name of a .png file below --out, got 'a.jpg'"),
        (["--prompts", "same.jsonl"], "would be drawn to 'a.png', as is another line"),
        (["--prompts", "seed.jsonl"], "a seed is from 0 to 2^64 - 1, got -7"),
        (["--model", "dall-e-emojis"], "dall-e-emojis"),
        (["--seed", str(2**64)], "a seed is from 0 to 2^64 - 1"),
    ],
)
def test_jobs_that_cannot_be(
    asked: list[str], flags: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, entries in {
        "out": ['"out": "../a.png"'],
        "jpg": ['"out": "a.jpg"'],
        "same": ['"out": "a.png"', '"out": "./a.png"'],
        "seed": ['"seed": -7'],
    }.items():
        lines = [f'{{"prompt": "a cat", {entry}}}' for entry in entries]
        Path(f"{name}.jsonl").write_text("\n".join(lines))
    prompts = [] if "--prompts" in flags else ["a cat"]
    assert run([*asked, *prompts, *flags]) == 1
    assert problem in capsys.readouterr().err
    assert not Path("out").exists()


def test_flags_of_a_cluster_need_one(
    tiny_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["generate", "a cat", "--workers", "2", "--model", str(tiny_folder)]) == 1
    assert "--workers are those of --cluster" in capsys.readouterr().err
    keys = ["--keys", str(tmp_path / "keys.json")]
    assert run(["serve", "--min-replicas", "2", "--model", str(tiny_folder), *keys]) == 1
    assert "replicas are those of --cluster" in capsys.readouterr().err


def test_a_cluster_is_given_files_by_their_whole_paths(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its processes work in other folders."""
    seen: list[Any] = []

    def serve(load: Any, settings: Any, keys: Any, **others: Any) -> None:
        seen.extend((load.args[0], settings.refused_words, keys.path, others["port"]))

    monkeypatch.setattr("dall_e.serving.cluster.serve_on_cluster", serve)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "words.txt").write_text("boat")
    (tmp_path / "tiny").symlink_to(tiny_folder)
    assert run(["keys", "add", "me", "--keys", "keys.json"]) == 0
    command = ["serve", "--cluster", "--keys", "keys.json", "--model", "tiny", "--port", "7"]
    assert run([*command, "--model", "dall-e-emoji", "--refused-words", "words.txt"]) == 0
    models = [str(tmp_path / "tiny"), "dall-e-emoji"]
    assert seen == [models, str(tmp_path / "words.txt"), tmp_path / "keys.json", 7]


def test_without_ray_the_command_for_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ImportError, match=r"pip install 'open-dalle\[cluster\]'"):
        list(bulk.draw_on_cluster(job_at(tmp_path), LINES))
    assert list(bulk.draw_on_cluster(job_at(tmp_path), [])) == []
    from dall_e.config import ServingConfig
    from dall_e.serving.cluster import serve_on_cluster

    serving = partial(serve_on_cluster, dict, ServingConfig(), None, host="127.0.0.1", port=1)
    with pytest.raises(ImportError, match=r"pip install 'open-dalle\[cluster\]'"):
        serving(switch_seconds=0.1)
