"""Folders of pictures as people have them."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dall_e.data.caption_files import caption_of_name, check_record, record_of
from dall_e.data.captions import training_caption
from dall_e.data.datasets import ImageSet, load_images
from dall_e.data.folders import image_files
from dall_e.data.inventory import Inventory
from dall_e.data.packing import pack


def draw(path: Path, seed: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path, {".jfif": "JPEG"}.get(path.suffix))


def write(path: Path, content: str | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def captions(images: ImageSet) -> dict[str, str]:
    return {str(item["name"]): str(item["text"]) for item in images.records}


def test_fault_use_05_a_text_beside_a_json_is_the_caption(tmp_path: Path) -> None:
    draw(tmp_path / "7.png")
    write(tmp_path / "7.txt", "a seven")
    write(tmp_path / "7.json", json.dumps({"width": 8, "url": "x"}))
    assert captions(load_images(tmp_path, 8)) == {"7.png": "a seven"}


def test_fault_use_05_every_kind_of_caption_file(tmp_path: Path) -> None:
    files = {
        "a.caption": "of a", "b.TXT": "of b", "c.json": '{"caption": "of c"}', "d.png.txt": "of d",
        "E.txt": "of e", "f.json": '{"text": ["one", "two"]}', "g.txt": "\ufeffone\r\n\r\ntwo\r\n",
    }  # fmt: skip
    for number, (name, content) in enumerate(files.items()):
        draw(tmp_path / f"{name[0].lower()}.png", number)
        write(tmp_path / name, content)
    loaded = load_images(tmp_path, 8)
    assert list(captions(loaded).values()) == ["of a", "of b", "of c", "of d", "of e", "one", "one"]
    several = [item["captions"] for item in loaded.records if "captions" in item]
    assert several == [["one", "two"]] * 2

    # They are used by turns, and come through a packed set.
    import random

    drawn = {training_caption(loaded.records[-1], random.Random(seed)) for seed in range(20)}
    assert drawn == {"one", "two"}
    pack(tmp_path, tmp_path.with_name("packed"), size=8, splits=("train",))
    packed = load_images(tmp_path.with_name("packed"), 8)
    assert packed.records[-1]["captions"] == ["one", "two"]


def test_fault_use_05_encodings_are_read_and_said(tmp_path: Path) -> None:
    texts = {"gb18030": "一只灰猫", "cp932": "赤いりんご", "cp1252": "a café", "utf-16": "a cat"}
    for encoding, text in texts.items():
        draw(tmp_path / f"{encoding}.png")
        write(tmp_path / f"{encoding}.txt", text.encode(encoding))
    loaded = load_images(tmp_path, 8)
    assert captions(loaded) == {f"{name}.png": text for name, text in sorted(texts.items())}
    said = loaded.inventory.losses()
    for encoding in ("GB18030", "CP932", "CP1252", "UTF-16"):
        assert f"1 x text file read as {encoding} ({encoding.lower()}.txt)" in said


def test_fault_use_05_hidden_folders_are_left_and_said(tmp_path: Path) -> None:
    draw(tmp_path / "cat.png")
    for name in (".ipynb_checkpoints/x.png", ".thumbs/x.png", "@eaDir/x.png", "__MACOSX/x.png"):
        draw(tmp_path / name)
    draw(tmp_path / ".cat.png")
    loaded = load_images(tmp_path, 8)
    assert captions(loaded) == {"cat.png": "cat"} and loaded.skipped == []
    assert loaded.inventory.aside == {
        "hidden file": [".cat.png"],
        "hidden folder": [".ipynb_checkpoints", ".thumbs", "@eaDir", "__MACOSX"],
    }


def test_fault_use_05_formats_and_links(tmp_path: Path) -> None:
    root, other = tmp_path / "in", tmp_path / "other"
    names = ["a.tif", "b.tiff", "c.jfif", "d.JPG", "e.webp", "f.bmp", "g.gif"]
    for name in names:
        draw(root / name)
    draw(other / "linked.png")
    (root / "more").symlink_to(other)
    (root / "back").symlink_to(root)
    (root / "gone").symlink_to(tmp_path / "nowhere")
    (root / "round").symlink_to(root / "round")
    for name in ("x.heic", "x.svg", "x.zip"):
        write(root / name, "x")
    os.mkfifo(root / "pipe.png")
    loaded = load_images(root, 8)
    assert list(captions(loaded)) == [*names, "more/linked.png"]
    assert sorted(problem.partition(":")[0] for problem in loaded.skipped) == [
        "gone", "pipe.png", "round", "x.heic", "x.svg", "x.zip",
    ]  # fmt: skip
    assert loaded.inventory.aside == {"link to a folder that is read already": ["back"]}
    assert len(image_files(root)) == 8


def test_fault_use_05_class_folders_name_what_has_no_name(tmp_path: Path) -> None:
    for name in (
        "golden_retriever/IMG_0001.jpg",
        "tabby/0002.png",
        "tabby/a cat.png",
        "images/3.png",
    ):
        draw(tmp_path / name)
    assert list(captions(load_images(tmp_path, 8)).values()) == [
        "golden retriever", "3", "tabby", "a cat",
    ]  # fmt: skip
    assert caption_of_name("猫/DSC_0001.jpg") == ("猫", "folder names")


@pytest.mark.parametrize(
    ("table", "content"),
    [
        (
            "metadata.jsonl",
            '{"file_name": "x/1.png", "text": "one"}\n{"file_name":"2.png","text":"zwei"}\n',
        ),
        ("metadata.csv", "file_name,text\r\nx/1.png,one\r\n2.png,zwei\r\n"),
        ("captions.csv", '\ufeffimage;caption\n"x/1.png";"one"\n2.png;zwei\n'),
        ("captions.tsv", "path\tprompt\nx\\1.png\tone\n./2.png\tzwei\n"),
        ("captions.csv", "1.png,one\n2,zwei\n"),
        ("captions.json", '{"x/1.png": "one", "2.png": ["zwei"]}'),
        ("captions.json", '[{"image": "1.png", "text": "one"}, {"img": "2", "text": "zwei"}]'),
    ],
)  # fmt: skip
def test_fault_use_05_tables_of_captions(tmp_path: Path, table: str, content: str) -> None:
    for number, name in enumerate(("x/1.png", "2.png", "three.png")):
        draw(tmp_path / name, number)
    write(tmp_path / table, content)
    loaded = load_images(tmp_path, 8)
    assert captions(loaded) == {"x/1.png": "one", "2.png": "zwei", "three.png": "three"}
    assert loaded.skipped == [] and loaded.inventory.captions[table] == 2


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ('{"file_name": "gone.png", "text": "x"}', "gone.png: row of metadata.jsonl"),
        ('{"file_name": "a.png"', "metadata.jsonl, line 1: Expecting"),
        ('{"id": 1, "url": "x"}', "metadata.jsonl, line 1: no column with paths"),
        ('"text"', "metadata.jsonl, line 1: not a JSON object"),
        ("[" * 100_000, "metadata.jsonl, line 1: too deep"),
    ],
)
def test_fault_use_05_tables_that_do_not_fit_are_named(
    tmp_path: Path, content: str, problem: str
) -> None:
    draw(tmp_path / "a.png")
    write(tmp_path / "metadata.jsonl", content)
    loaded = load_images(tmp_path, 8)
    assert captions(loaded) == {"a.png": "a"}
    assert len(loaded.skipped) == 1 and loaded.skipped[0].startswith(problem)


def test_fault_training_09_empty_and_missing_captions_are_said(tmp_path: Path) -> None:
    draw(tmp_path / "a cat.png")
    write(tmp_path / "a cat.txt", " \n")
    draw(tmp_path / "7.png")
    write(tmp_path / "nobody.txt", "a text")
    loaded = load_images(tmp_path, 8)
    assert captions(loaded) == {"7.png": "7", "a cat.png": "a cat"}
    assert loaded.inventory.notes == {
        "text file without a picture of its name": ["nobody.txt"],
        "caption that is only a number or a camera's name": ["7.png"],
        "empty caption file": ["a cat.txt"],
    }


def test_folders_without_pictures_say_what_is_in_them(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", "a caption")
    with pytest.raises(ValueError, match=r"text file without a picture of its name \(a\.txt\)"):
        load_images(tmp_path, 8)
    with pytest.raises(ValueError, match="it is a file"):
        load_images(tmp_path / "a.txt", 8)


def test_records_keep_what_is_usable() -> None:
    inventory = Inventory()
    record = record_of({"a.json": b'{"text": "x", "weight": 2}'}, "a.png", inventory)
    assert record == {"weight": 2, "text": "x"}
    record = record_of({"a.json": b"{", "a.txt": b"x"}, "a.png", inventory)
    assert record == {"text": "x"} and "JSON file that cannot be used" in inventory.notes
    with pytest.raises(ValueError, match="style_said"):
        check_record({"style_said": "often"})
