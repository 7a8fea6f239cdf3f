"""The documentation: its code runs as pasted, its file names exist, its made pages are whole."""

from __future__ import annotations

import io
import os
import re
import runpy
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer
from PIL import Image

from dall_e import DALL_E
from dall_e.cli import app, run

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(path for path in DOCS.rglob("*.md") if path.parent.name != "decisions")
BLOCK = re.compile(r"(<!-- not run: [^\n]+ -->\n)?```(python|sh)\n(.*?)```", re.DOTALL)
PATH = re.compile(r"`((?:[\w.]+/)+[\w.]+\.(?:py|c|txt|sh|md|png))`")

PICTURE = re.compile(r"!\[[^\]]*\]\(([^)\s]+)\)")

READMES = sorted(ROOT.glob("README*.md"))
NOT_RUN = re.compile(r"^(make|pip|git|npm) |^dall-e data build", re.MULTILINE)
"""Lines of a README's block that install or download: such a block is read, not run."""
SIGNS = set("|&;<>()$`*?[]{}~!")
"""Where a shell does more than to split words."""


def blocks(page: Path, to_run: bool = True) -> list[tuple[str, str]]:
    """(language, code) of every block that is to run, or of all others."""
    found = BLOCK.findall(page.read_text(encoding="utf-8"))
    return [
        (language, code)
        for not_run, language, code in found
        if to_run != bool(not_run or (page in READMES and NOT_RUN.search(code)))
    ]


def commands(code: str) -> list[list[str]]:
    """The words of each command of a shell block; one may go over several lines."""
    lines = code.replace("\\\n", " ").splitlines()
    return [words for line in lines if (words := shlex.split(line, comments=True))]


def run_shell(code: str, folder: Path) -> None:
    """Run a block as a shell does; plain commands of ours in this process, which is faster."""
    words = commands(code)
    if all(line[0] == "dall-e" and not SIGNS & set("".join(line)) for line in words):
        for line in words:
            assert run(line[1:]) == 0, line
        return
    done = subprocess.run(
        ["bash", "-ec", code],
        cwd=folder,
        capture_output=True,
        check=False,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, f"{code}\n{done.stdout}\n{done.stderr}"


@pytest.fixture
def folder(program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with examples, two pictures, and `dall-e` among the commands."""
    work = tmp_path / "work"
    work.mkdir()
    (work / "examples").symlink_to(ROOT / "examples")
    (work / "pictures").mkdir()
    for colour in ("red", "blue"):
        Image.new("RGB", (32, 32), colour).save(work / "pictures" / f"{colour}.png")

    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.chdir(work)
    return work


RUN = [page for page in [*PAGES, *READMES] if blocks(page)]


@pytest.mark.usefixtures("hasty")
@pytest.mark.filterwarnings("default")  # pages show what warns, too
@pytest.mark.parametrize("page", RUN, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_code_of_a_page_runs_as_pasted(
    page: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image.Image, "show", lambda image: None)
    names: dict[str, Any] = {}
    for language, code in blocks(page):
        if language == "python":
            exec(compile(code, page.name, "exec"), names)
        else:
            run_shell(code, folder)


@pytest.mark.parametrize("page", [*PAGES, *READMES], ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_that_do_not_run_could(page: Path) -> None:
    """Blocks that take hours or download something: their commands and flags are those of today."""
    for language, code in blocks(page, to_run=False):
        if language == "python":
            compile(code, page.name, "exec")
            continue
        for words in commands(code):
            if words[0] == "dall-e":
                read_command(words[1:])
            elif words[0] == "make":
                makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
                assert re.search(rf"^{words[1]}:", makefile, re.MULTILINE), words


def read_command(words: list[str]) -> None:
    """Read a command line down to its last flag, and do nothing. Raises what it would print."""
    command, name = typer.main.get_command(app), "dall-e"
    while hasattr(command, "commands"):
        name, *words = words
        command = command.commands[name]
    command.make_context(name, words)


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


# Pictures that the build of the site draws

MAKERS = runpy.run_path(str(DOCS / "site_pages.py"))["picture_makers"]()


def pictures_shown() -> set[str]:
    """Places in the site of all pictures that pages show, as "pictures/plan.png"."""
    shown: set[str] = set()
    for page in PAGES:
        for target in PICTURE.findall(page.read_text(encoding="utf-8")):
            if not target.startswith("http"):
                place = os.path.normpath(page.parent.relative_to(DOCS) / target)
                shown.add(Path(place).as_posix())
    return shown


def test_every_picture_of_a_page_is_there_or_made() -> None:
    shown = pictures_shown()
    missing = {uri for uri in shown - MAKERS.keys() if not (DOCS / uri).is_file()}
    assert not missing, "a file in docs/, or a function in docs/page_pictures"
    assert MAKERS.keys() <= shown, "a picture that no page shows"


@pytest.fixture(scope="module")
def built_in(hasty_built_in: Path) -> DALL_E:
    return DALL_E.from_pretrained(hasty_built_in)


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("uri", sorted(MAKERS))
def test_a_made_picture_is_drawn(uri: str, built_in: DALL_E) -> None:
    picture_file = runpy.run_path(str(DOCS / "site_pages.py"))["picture_file"]
    content = picture_file(MAKERS[uri](built_in))
    if uri.endswith(".svg"):
        assert b"<svg" in content
        return
    with Image.open(io.BytesIO(content)) as image:
        assert Image.registered_extensions()[Path(uri).suffix] == image.format
        assert len(image.convert("RGB").getcolors(1 << 24) or ()) > 2, "something is on it"


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
