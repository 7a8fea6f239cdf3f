"""A whole build, from package archives to shards, on a handful of drawings."""

import dataclasses
import hashlib
import io
import json
import os
import tarfile
from pathlib import Path

import pytest

from dall_e.config import DataConfig
from dall_e.data.build import builder
from dall_e.data.build.catalogue import SOURCES, Source
from dall_e.data.datasets import load_images
from dall_e.images.curves import check_curves

pytest.importorskip("resvg_py")

COLOURS = {
    "cat-face": "#f80",
    "dog-face": "#840",
    "thumbs-up-light-skin-tone": "#fc9",
    "thumbs-up": "#fc0",
    "france": "#00f",
}


def npm_archive(path: Path, files: dict[str, object]) -> None:
    with tarfile.open(path, "w:gz") as tar:
        for name, content in files.items():
            data = content if isinstance(content, bytes) else json.dumps(content).encode()
            info = tarfile.TarInfo(f"package/{name}")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))


def emoji(label: str, code: str, group: int, **more: object) -> dict[str, object]:
    return {
        "label": label,
        "hexcode": code,
        "group": group,
        "subgroup": group,
        "tags": [label.split()[0]],
        **more,
    }


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    folder.mkdir()
    tones = [
        {"label": f"thumbs up: {tone} skin tone", "hexcode": f"1F44D-1F3F{letter}", "tone": 1}
        for tone, letter in zip(
            ("light", "medium-light", "medium", "medium-dark", "dark"), "BCDEF", strict=True
        )
    ]
    english = [
        emoji("cat face", "1F431", 3),
        emoji("dog face", "1F436", 3),
        emoji("thumbs up", "1F44D", 1, skins=tones),
    ]
    chinese = [emoji("猫脸", "1F431", 3), emoji("狗脸", "1F436", 3), emoji("拇指向上", "1F44D", 1)]
    groups = {
        "groups": {"1": "people-body", "3": "animals-nature"},
        "subgroups": {"1": "hands", "3": "animal-mammal"},
    }
    npm_archive(
        folder / "names-1.tgz",
        {"en/data.json": english, "zh/data.json": chinese, "meta/groups.json": groups},
    )
    icons: dict[str, dict[str, object]] = {
        name: {"body": f'<circle cx="8" cy="8" r="{7 - number}" fill="{colour}"/>'}
        for number, (name, colour) in enumerate(COLOURS.items())
    }
    icons["cat"] = icons["cat-face"]
    icons |= {"broken": {"body": "<circle"}, "blank": {"body": ""}}
    icons["hidden"] = {"body": "", "hidden": True}
    codes = {"1f431": "cat-face", "1f436": "broken", "1f44d-1f3fb": "thumbs-up-light-skin-tone"}
    npm_archive(
        folder / "toy-1.tgz",
        {"icons.json": {"icons": icons, "width": 16, "height": 16}, "chars.json": codes},
    )
    npm_archive(folder / "wordnet-1.tgz", wordnet())
    monkeypatch.setattr(builder, "NAMES_PACKAGE", ("names", "1", ""))
    monkeypatch.setattr(builder, "WORDNET_PACKAGE", ("wordnet", "1", ""))
    return folder


def wordnet() -> dict[str, object]:
    """Three senses in WordNet's format: a cat, or mouser, is a mammal, and that is an animal."""
    animal = "00000000 03 n 01 animal 0 000 | moves\n"
    mammal = f"{len(animal):08d} 03 n 01 mammal 0 001 @ 00000000 n 0000 | has fur\n"
    at = len(animal) + len(mammal)
    cat = f"{at:08d} 03 n 02 cat 0 mouser 0 001 @ {len(animal):08d} n 0000 | purrs\n"
    rows = {"animal": 0, "cat": at, "mammal": len(animal), "mouser": at}
    index = "".join(f"{word} n 1 0 1 0 {offset:08d}  \n" for word, offset in rows.items())
    return {"dict/data.noun": (animal + mammal + cat).encode(), "dict/index.noun": index.encode()}


TOY = Source(
    name="toy",
    package="toy",
    version="1",
    sha256="",
    licence="MIT",
    author="A",
    home="h",
    style_en="toy style",
    style_zh="玩具风格",
)


def config(tmp_path: Path, name: str = "set", **more: object) -> DataConfig:
    return DataConfig(
        out=str(tmp_path / name), cache=str(tmp_path / "cache"), size=16, workers=1, **more
    )  # type: ignore[arg-type]


def digests(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.iterdir())
    }


def test_a_build_is_complete_repeatable_and_says_what_it_left_out(
    tmp_path: Path, cache: Path
) -> None:
    report = builder.build(config(tmp_path), catalogue=[TOY])
    again = builder.build(config(tmp_path, "again"), catalogue=[TOY])
    assert digests(tmp_path / "set") == digests(tmp_path / "again")
    assert report.kept == again.kept == report.counts["toy"]
    records = [
        json.loads(line)
        for line in (tmp_path / "set" / "captions.jsonl").read_text("utf-8").splitlines()
    ]
    cat = next(record for record in records if record["hex"] == "1F431")
    said = (cat["en"], cat["zh"], cat["kind"], cat["licence"])
    assert said == ("cat face", "猫脸", "animal", "MIT")
    assert cat["en_synonyms"] == ["mouser"] and cat["en_hypernyms"] == ["animal"]
    words = json.loads((tmp_path / "set" / "report.json").read_text("utf-8"))["with_words"]
    assert (words["en_synonyms"], words["en_hypernyms"]) == (1, 1)
    assert words["en_keywords"] == report.kept
    skipped = {name: reason for reason, names in report.skipped["toy"].items() for name in names}
    assert skipped["france"] == skipped["blank"] == "no known emoji"
    assert skipped["broken"].startswith("not rendered")
    assert "hidden" not in skipped and not (tmp_path / "set.partial").exists()
    card = (tmp_path / "set" / "DATASET.md").read_text("utf-8")
    assert "| toy | toy 1 | MIT |" in card and "by A, h, licence MIT" in card
    assert "Princeton University" in card
    splits = [len(load_images(tmp_path / "set", 16, split)) for split in report.splits]
    assert sum(splits) == report.kept


def test_curves_are_kept_where_they_are_wanted_and_can_be_had(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = dataclasses.replace(config(tmp_path), size=96, curves=True)
    builder.build(wanted, catalogue=[TOY])
    lines = (tmp_path / "set" / "captions.jsonl").read_text("utf-8").splitlines()
    cat = next(record for record in map(json.loads, lines) if record["hex"] == "1F431")
    assert 'fill="#ff8800"' in cat["curves"]
    check_curves(cat["curves"])

    monkeypatch.setattr(builder, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"pip install 'open-dalle\[data\]'"):
        builder.build(wanted, catalogue=[TOY])


def test_a_build_without_wordnet_goes_on_and_says_so(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (cache / "wordnet-1.tgz").unlink()
    monkeypatch.setenv("PATH", "")
    report = builder.build(config(tmp_path), catalogue=[TOY])
    assert len(report.messages) == 1 and "without WordNet" in report.messages[0]
    records = [
        json.loads(line)
        for line in (tmp_path / "set" / "captions.jsonl").read_text("utf-8").splitlines()
    ]
    assert len(records) == report.kept > 0 and not any(record["en_synonyms"] for record in records)
    assert "Princeton" not in (tmp_path / "set" / "DATASET.md").read_text("utf-8")


def test_an_interrupted_build_keeps_the_old_set_and_a_killed_one_is_cleared(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "set"
    out.mkdir()
    (out / "report.json").write_text("old")
    (tmp_path / "set.partial").mkdir()
    (tmp_path / "set.partial" / "spool").write_text("left by a killed build")

    def interrupt(task: str, done: int, total: int) -> None:
        if task == "writing shards":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        builder.build(config(tmp_path), interrupt, catalogue=[TOY])
    assert [path.name for path in out.iterdir()] == ["report.json"] and not (
        tmp_path / "set.partial"
    ).exists()


def test_folders_that_cannot_be_written_are_refused(tmp_path: Path, cache: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "thesis.doc").write_text("precious")
    with pytest.raises(ValueError, match="something else"):
        builder.build(config(tmp_path), catalogue=[TOY])
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="cannot write"):
        builder.build(config(tmp_path, "file/set"), catalogue=[TOY])
    (tmp_path / "busy.partial").mkdir()
    (tmp_path / "busy.partial" / "process").write_text(str(os.getppid()))
    with pytest.raises(ValueError, match="another build"):
        builder.build(config(tmp_path, "busy"), catalogue=[TOY])


def test_sources_are_chosen_by_licence_and_name(tmp_path: Path) -> None:
    names = [source.name for source in builder.chosen_sources(DataConfig())]
    assert "noto" in names and "openmoji" in names and len(names) == len(SOURCES)
    permissive = builder.chosen_sources(DataConfig(licences=("MIT",)))
    assert {source.licence for source in permissive if source.split == "train"} == {"MIT"}
    with pytest.raises(ValueError, match="unknown source nato; there are: noto"):
        builder.chosen_sources(DataConfig(sources=("nato",)))
    fetched = [source for source in SOURCES if source.manager != "included"]
    assert len(fetched) == len(SOURCES) - 1 and all(len(source.sha256) == 64 for source in fetched)


def test_a_changed_archive_is_refused(tmp_path: Path, cache: Path) -> None:
    changed = Source(**{**TOY.__dict__, "sha256": "0" * 64})
    with pytest.raises(ValueError, match="delete it"):
        builder.build(config(tmp_path), catalogue=[changed])


def test_clip_art_is_left_out_where_there_is_no_apt(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    clipart = Source(
        **{**TOY.__dict__, "name": "art", "package": "art", "manager": "apt", "format": "clipart"}
    )
    report = builder.build(config(tmp_path), catalogue=[TOY, clipart])
    assert len(report.messages) == 1 and "apt-get is not installed" in report.messages[0]
