"""The documentation: its code runs as pasted, its file names exist, its made pages are whole."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(path for path in DOCS.rglob("*.md") if path.parent.name != "decisions")
BLOCK = re.compile(r"(<!-- not run: [^\n]+ -->\n)?```(python|sh)\n(.*?)```", re.DOTALL)
PATH = re.compile(r"`((?:[\w.]+/)+[\w.]+\.(?:py|c|txt|sh|md|png))`")


def blocks(page: Path) -> list[tuple[str, str]]:
    """(language, code) of every block that is to run."""
    found = BLOCK.findall(page.read_text(encoding="utf-8"))
    return [(language, code) for not_run, language, code in found if not not_run]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with the repository's examples, and with `dall-e` among the commands."""
    commands = tmp_path / "bin"
    commands.mkdir()
    program = commands / "dall-e"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m dall_e "$@"\n')
    program.chmod(0o755)

    work = tmp_path / "work"
    work.mkdir()
    (work / "examples").symlink_to(ROOT / "examples")

    monkeypatch.setenv("PATH", f"{commands}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.chdir(work)
    return work


@pytest.mark.parametrize(
    "page", [page for page in PAGES if blocks(page)], ids=lambda page: str(page.relative_to(DOCS))
)
def test_the_code_of_a_page_runs_as_pasted(page: Path, folder: Path) -> None:
    names: dict[str, Any] = {}
    for language, code in blocks(page):
        if language == "python":
            exec(compile(code, page.name, "exec"), names)
        else:
            done = subprocess.run(
                ["bash", "-ec", code],
                cwd=folder,
                capture_output=True,
                check=False,
                text=True,
                timeout=300,
            )
            assert done.returncode == 0, f"{code}\n{done.stdout}\n{done.stderr}"


def files_named() -> list[tuple[str, str]]:
    """(page, path) of every file that a page names in backticks with its folder."""
    pages = [*PAGES, *sorted(DOCS.glob("decisions/*.md")), ROOT / "README.md"]
    return [
        (str(page.relative_to(ROOT)), path)
        for page in pages
        for path in dict.fromkeys(PATH.findall(page.read_text(encoding="utf-8")))
    ]


@pytest.mark.parametrize(("page", "path"), files_named())
def test_files_that_pages_name_exist(page: str, path: str) -> None:
    places = (ROOT, ROOT / "src" / "dall_e")
    assert any((place / path).exists() for place in places), f"{page}: there is no {path}"


def test_every_command_is_on_its_page() -> None:
    site_pages = runpy.run_path(str(DOCS / "site_pages.py"))
    page = site_pages["commands_page"]()
    for name in ("generate", "train dual-encoder", "data build", "zoo verify"):
        assert f"## `dall-e {name}`" in page
    assert "<code>-n, --number &lt;int range&gt;</code>" in page


def test_every_module_is_in_the_navigation() -> None:
    site_pages = runpy.run_path(str(DOCS / "site_pages.py"))
    navigation = str(site_pages["module_navigation"]())
    pages = site_pages["module_pages"]()
    assert "api/dall_e/nn/cpu/index.md" in pages and "api/dall_e/sampling/decode.md" in pages
    assert all(repr(uri) in navigation for uri in pages)


def test_the_tree_in_the_readme_names_every_folder() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    block = text.split("## The tree", 1)[1].split("```")[1]
    named = set(re.findall(r"^ +(\w+)/ ", block, re.MULTILINE))
    packages = (ROOT / "src" / "dall_e").rglob("*")
    there = {path.name for path in packages if path.is_dir() and path.name != "__pycache__"}
    assert named == there


def test_every_entry_of_the_log_has_a_verdict() -> None:
    text = (ROOT / "LOG.md").read_text(encoding="utf-8")
    entries = re.findall(r"^## (.+)$", text, re.MULTILINE)
    verdicts = dict(
        re.findall(r"^\| \[(.+?)\]\(#[^)]+\) \| [\d-]+ \| (.+) \|$", text, re.MULTILINE)
    )
    assert list(verdicts) == entries
    assert all(verdicts.values())
