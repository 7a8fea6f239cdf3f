"""`dall-e sheet` and `dall-e product` write what they say, and overwrite nothing unasked."""

import json
from pathlib import Path


def test_a_sheet_has_an_atlas_beside_it(draw, tmp_path: Path) -> None:
    arguments = ("cat, tree", "--seed", "3", "--size", "32", "--transparent", "--out", "game.png")
    code, lines, _ = draw(*arguments, command="sheet")
    assert (code, lines) == (0, ["game.png", "game.json"])
    assert list(json.loads((tmp_path / "game.json").read_text())["frames"]) == ["cat", "tree"]
    code, _, errors = draw(*arguments, command="sheet")
    assert code == 1 and "game.png: is there already" in errors
    assert draw(*arguments, "--force", command="sheet")[0] == 0
    assert "png or .webp" in draw("cat", "--out", "game.jpg", command="sheet")[2]
    assert "with commas between them" in draw(",", command="sheet")[2]


def test_a_product_is_a_folder(draw, tmp_path: Path) -> None:
    arguments = ("a car", "--seed", "3", "--size", "32", "--colours", "red,blue,black")
    code, lines, _ = draw(*arguments, "--out", "shop", command="product")
    assert code == 0 and len(lines) == 7 and lines[0] == str(Path("shop", "white.png"))
    assert all((tmp_path / line).is_file() for line in lines)
    code, _, errors = draw(*arguments, "--out", "shop", command="product")
    assert code == 1 and "is there already" in errors
    assert "three different colours" in draw("a car", "--colours", "red", command="product")[2]
