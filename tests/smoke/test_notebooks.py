"""The notebooks in examples/ run from top to bottom, and what they show can be shown."""

import ast
import json
from pathlib import Path
from typing import Any

import pytest

NOTEBOOKS = sorted((Path(__file__).parents[2] / "examples").glob("*.ipynb"))
SHOWN = ("_repr_html_", "_repr_png_")


def run_cell(code: str, names: dict[str, Any]) -> Any:
    """Run a cell as a notebook does; gives the value of its last line, if that is one."""
    body = ast.parse(code).body
    last = body.pop() if isinstance(body[-1], ast.Expr) else None
    exec(compile(ast.Module(body, type_ignores=[]), "cell", "exec"), names)
    if not isinstance(last, ast.Expr):
        return None
    return eval(compile(ast.Expression(last.value), "cell", "eval"), names)


def test_there_is_a_notebook() -> None:
    assert [path.name for path in NOTEBOOKS] == ["explain.ipynb"]


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    notebook = json.loads(path.read_text(encoding="utf-8"))
    names: dict[str, Any] = {}
    shown: list[str] = []
    for cell in notebook["cells"]:
        if cell["cell_type"] != "code":
            continue
        assert not cell["outputs"], "saved without outputs, which would go stale"
        value = run_cell("".join(cell["source"]), names)
        for way in SHOWN:
            if hasattr(value, way):
                assert getattr(value, way)()
                shown.append(way)
    assert set(shown) == set(SHOWN), "a page and a picture are shown"
