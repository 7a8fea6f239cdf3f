"""`dall-e evaluate` from models and a judge's run folder to a report; a judge that is none is
refused."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from PIL import Image

from dall_e import DALL_E
from dall_e.cli import run
from dall_e.config import DUAL_ENCODERS, DetectorConfig
from dall_e.evaluation.cost import Cost
from dall_e.inference.loading import Networks
from dall_e.models.detector import Detector
from dall_e.models.dual_encoder import DualEncoder
from dall_e.scenes.vocabulary import things
from dall_e.training.run_folder import open_run_folder

pytest.importorskip("torchmetrics")


@pytest.fixture
def make_judge(write_judge) -> Callable[..., DualEncoder]:
    """Writes the run folder of a judge with random weights, and returns its network."""

    def make(folder: Path, seed: int, **changes: object) -> DualEncoder:
        torch.manual_seed(seed)
        dual_encoder = DualEncoder(DUAL_ENCODERS["tiny"])
        write_judge(folder, dual_encoder, seed=seed, **changes)
        return dual_encoder

    return make


@pytest.fixture(autouse=True)
def no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cost is measured in a process of its own, which takes seconds to start."""
    cost = Cost(seconds=[0.5], load_seconds=1.0, peak_mib=300.0, gpu_mib=0.0)
    monkeypatch.setattr("dall_e.evaluation.cost.measure_cost", lambda *args, **more: cost)


FLAGS = ["--data", "examples/tiny_pictures", "--steps", "1", "--device", "cpu"]


def test_a_report(
    tiny_folder: Path, tmp_path: Path, make_judge, capsys: pytest.CaptureFixture[str]
) -> None:
    make_judge(tmp_path / "judge", 1)
    flags = [*FLAGS, "--judge", str(tmp_path / "judge"), "--limit", "3", "--seed", "2"]
    assert (
        run(["evaluate", "--model", str(tiny_folder), "--out", str(tmp_path / "out" / "a"), *flags])
        == 0
    )
    assert capsys.readouterr().out.splitlines()[-1] == str(tmp_path / "out" / "a" / "report.html")
    report = json.loads((tmp_path / "out" / "a" / "report.json").read_text())
    assert report["model"]["model"] == "tiny-random" and report["settings"] == {
        "num_inference_steps": 1,
        "best_of": 1,
    }
    assert (
        report["limit"] == 3
        and len(report["samples"]) == 6
        and report["measures"]["seconds"]["value"] == 0.5
    )
    assert "seed 1, fold 1" in report["judge"]


def test_what_rounding_costs(tiny_folder: Path, tmp_path: Path, make_judge) -> None:
    make_judge(tmp_path / "judge", 1)
    flags = [*FLAGS, "--judge", str(tmp_path / "judge"), "--limit", "2", "--quantization", "int8"]
    assert run(["evaluate", "--model", str(tiny_folder), "--out", str(tmp_path / "a"), *flags]) == 0
    report = json.loads((tmp_path / "a" / "report.json").read_text())
    assert report["model"]["quantization"] == report["settings"]["quantization"] == "int8"


def test_two_models(
    tiny_folder: Path, tmp_path: Path, make_judge, capsys: pytest.CaptureFixture[str]
) -> None:
    make_judge(tmp_path / "judge", 1)
    models = ["--compare", str(tiny_folder), str(tiny_folder)]
    flags = [
        *FLAGS,
        *models,
        "--judge",
        str(tmp_path / "judge"),
        "--limit",
        "2",
        "--out",
        str(tmp_path / "page"),
    ]
    assert run(["evaluate", *flags]) == 0
    printed = capsys.readouterr()
    assert printed.out.strip() == str(tmp_path / "page" / "comparison.html")
    # The same model twice differs in nothing.
    assert "r_precision_en_b_minus_a         0 [0, 0] (2)" in printed.err


def test_a_judge_must_be_independent(
    tiny_folder: Path, tmp_path: Path, make_judge, capsys: pytest.CaptureFixture[str]
) -> None:
    dual_encoder = make_judge(tmp_path / "judge", 1)
    plain = DALL_E.from_pretrained(tiny_folder)
    config = dataclasses.replace(plain.config, dual_encoder=DUAL_ENCODERS["tiny"])
    networks = Networks.build(config)._replace(dual_encoder=dual_encoder)
    DALL_E(config, networks, plain.text_tokenizer).save_pretrained(tmp_path / "model")
    flags = [
        *FLAGS,
        "--model",
        str(tmp_path / "model"),
        "--limit",
        "1",
        "--out",
        str(tmp_path / "out"),
    ]
    assert run(["evaluate", "--judge", str(tmp_path / "judge"), *flags]) == 1
    assert (
        "is the dual encoder of 'tiny-random', which chooses its pictures"
        in capsys.readouterr().err
    )
    make_judge(tmp_path / "other", 2, other_fraction=0.5)
    assert run(["evaluate", "--judge", str(tmp_path / "other"), *flags, "--best-of", "2"]) == 0
    assert "was trained on both halves" in capsys.readouterr().err
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert (
        "kid_dual_encoder" not in report["measures"]
        or report["measures"]["kid_dual_encoder"]["count"] >= 2
    )


def test_composition_is_judged_by_a_detector(
    tiny_folder: Path,
    tmp_path: Path,
    make_judge,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_judge(tmp_path / "judge", 1)
    sizes = DetectorConfig(image_size=32, widths=(8, 8, 8), things=tuple(sorted(things())))
    weights = Detector(sizes).state_dict()
    with open_run_folder(str(tmp_path / "detector")) as folder:
        networks = {"detector": dataclasses.asdict(sizes)}
        players = {"detector": {"weights": weights, "ema": weights}}
        folder.save_checkpoint({"config": {}, "networks": networks, "players": players})
    # The few pictures have few combinations: the tasks for which there are enough.
    monkeypatch.setattr("dall_e.evaluation.composition.TASKS", ("single", "two"))
    flags = [
        *FLAGS,
        "--model",
        str(tiny_folder),
        "--judge",
        str(tmp_path / "judge"),
        "--limit",
        "2",
    ]
    assert run(["evaluate", "--detector", str(tmp_path / "judge"), *flags]) == 1
    assert (
        "is not a run that trained the detector: it trained dual_encoder" in capsys.readouterr().err
    )
    assert (
        run(
            [
                "evaluate",
                "--detector",
                str(tmp_path / "detector"),
                "--out",
                str(tmp_path / "out"),
                *flags,
            ]
        )
        == 0
    )
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    # An untrained detector finds nothing anywhere.
    assert (
        report["measures"]["composition"]["value"]
        == report["measures"]["composition_ceiling"]["value"]
        == 0
    )
    assert [entry["task"] for entry in report["composed"]] == ["single"] * 2 + ["two"] * 2
    assert "<h2>Composition</h2>" in (tmp_path / "out" / "report.html").read_text()


def test_fault_training_08_a_quick_look_needs_no_judge(
    tiny_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    for name, value in (("a red hat", 90), ("a blue hat", 160)):
        Image.new("RGBA", (16, 16), (value, value, 40, 255)).save(own / f"{name}.png")
    more = ["--model", str(tiny_folder), "--out", str(tmp_path / "out" / "a"), "--quick"]
    assert run(["evaluate", *FLAGS, *more, "--data", str(own)]) == 0
    said = capsys.readouterr()
    assert "runs/judges.sh" in said.err and "near_copies_of_names" in said.out
    report = json.loads((tmp_path / "out" / "a" / "report.json").read_text())
    assert (report["suite"], report["judge"], report["limit"]) == ("own captions", "none", 12)
    assert {sample["text"] for sample in report["samples"]} == {"a red hat", "a blue hat"}
    for flags, refusal in (
        (["--quick", "--judge", str(tmp_path)], "--quick measures without a judge"),
        (["--compare", "a", "b"], "--compare needs --judge"),
        (["--detector", str(tmp_path)], "--detector needs --judge"),
    ):
        assert run(["evaluate", *flags]) == 1
        assert refusal in capsys.readouterr().err


def test_wrong_names(tiny_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["evaluate", "--judge", str(tmp_path), "--suite", "coco"]) == 1
    assert "there is no suite 'coco'" in capsys.readouterr().err
    assert run(["evaluate", "--judge", str(tmp_path), "--model", str(tiny_folder)]) == 1
    assert "holds no trained stage" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("page", "flags"),
    [("report.html", []), ("report.json", []), ("comparison.html", ["--compare", "a", "b"])],
)
def test_fault_use_06_a_report_is_not_overwritten(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    page: str,
    flags: list[str],
) -> None:
    monkeypatch.setattr("dall_e.cli.evaluate.find_model", Path)
    (tmp_path / page).write_text("mine")
    assert run(["evaluate", "--judge", "none", "--out", str(tmp_path), *flags]) == 1
    assert f"{page}: is there already; " in capsys.readouterr().err
    assert (tmp_path / page).read_text() == "mine"
