"""`styles.json` of a model folder: written, read, and refused where it is damaged."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from dall_e.checkpoints.store import check_model, save_model
from dall_e.checkpoints.styles_file import STYLES_FILE, read_styles, styles_json
from dall_e.errors import UnusableFileError
from dall_e.images.restyling.colour_map import ColourMap
from dall_e.images.restyling.fitted_style import FittedStyle

NONE = np.zeros((0, 3), np.float32)
STYLE = FittedStyle(
    name="pen style",
    name_zh="pen风格",
    colours=ColourMap(anchors_A3=NONE, targets_A3=NONE, palette_K3=NONE, is_strict=False),
    line_width=0.02,
    line_colour="#000000",
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / STYLES_FILE
    path.write_text(styles_json([STYLE]), encoding="utf-8")
    return path


def test_styles_are_read_as_they_were_written(path: Path) -> None:
    (style,) = read_styles(path)
    assert style.to_record() == STYLE.to_record()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 2}, "format is 2"),
        ({"styles": {}}, "no list"),
        ({"styles": [{}]}, "a style lacks"),
        ({"styles": [STYLE.to_record()] * 2}, "one name"),
    ],
)
def test_files_that_say_something_else_are_refused(
    path: Path, change: dict[str, object], message: str
) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}), encoding="utf-8")
    with pytest.raises(UnusableFileError, match=message):
        read_styles(path)


@pytest.mark.parametrize("content", ["", "[]", '{"format": 1}', '{"format": 1, "styles"'])
def test_files_that_were_cut_short_are_refused(path: Path, content: str) -> None:
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UnusableFileError, match=STYLES_FILE):
        read_styles(path)
    path.unlink()
    with pytest.raises(FileNotFoundError):
        read_styles(path)


def test_a_model_without_styles_leaves_none_of_an_earlier_one(tmp_path: Path) -> None:
    tensors = {"weight": torch.zeros(2)}
    for styles in ([STYLE], []):
        save_model(tmp_path, {}, tensors, int8=False, text_tokenizer_json="{}", styles=styles)
        assert [style.name for style in check_model(tmp_path).styles] == [s.name for s in styles]
        assert (tmp_path / STYLES_FILE).is_file() == bool(styles)
