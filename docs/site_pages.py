"""Pages of the documentation that are made from the code itself, so that they cannot go stale.

mkdocs calls `on_config` and `on_files` (mkdocs.yml, `hooks`): one page for each public module, one
for all commands, copies of the log, the changelog and the model card with their links mended, and
the pictures of the pages, drawn by the built-in model (`docs/page_pictures`).
"""

from __future__ import annotations

import io
import re
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from PIL.Image import Image

    from dall_e import DALL_E

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "src" / "dall_e"
COPIES = {
    "log.md": "LOG.md",
    "reference/changelog.md": "CHANGELOG.md",
    "reference/model_card.md": "src/dall_e/weights/MODEL_CARD.md",
}
"""Pages of the site, and the files of the repository that they are copies of."""


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Fills the two sections of the navigation that follow the files: modules and decisions."""
    made: dict[str, Any] = {"API": module_navigation(), "Decisions": decision_navigation()}
    assert config.nav is not None
    config.nav = [
        {title: made.get(title, target)} for entry in config.nav for title, target in entry.items()
    ]
    return config


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Adds the pages that are made here."""
    from mkdocs.structure.files import File

    pages = {**module_pages(), **copied_pages(), "reference/commands.md": commands_page()}
    for uri, text in pages.items():
        files.append(File.generated(config, uri, content=text))
    for uri, content in drawn_pictures().items():
        files.append(File.generated(config, uri, content=content))
    return files


# Modules.


def public_modules() -> list[str]:
    """Dotted names of all modules that one can import, packages before what is in them."""
    names = []
    for path in sorted(SOURCES.rglob("*.py")):
        parts = path.relative_to(SOURCES.parent).with_suffix("").parts
        if parts[-1] == "__main__":
            continue
        names.append(".".join(part for part in parts if part != "__init__"))
    return sorted(names, key=lambda name: name.split("."))


def module_pages() -> dict[str, str]:
    """One page a module; mkdocstrings fills it with the docstrings."""
    return {_module_uri(name): f"# `{name}`\n\n::: {name}\n" for name in public_modules()}


def module_navigation() -> list[Any]:
    """The tree of modules: a package's own page first, then its modules."""
    return _package_navigation("dall_e", public_modules())


def _package_navigation(package: str, names: list[str]) -> list[Any]:
    children = [name for name in names if name.rpartition(".")[0] == package]
    entries: list[Any] = [_module_uri(package)]
    for name in children:
        title = name.rpartition(".")[2]
        is_package = any(other.startswith(f"{name}.") for other in names)
        entries.append(
            {title: _package_navigation(name, names) if is_package else _module_uri(name)}
        )
    return entries


def _module_uri(name: str) -> str:
    is_package = (SOURCES.parent / Path(*name.split("."))).is_dir()
    return f"api/{name.replace('.', '/')}{'/index' if is_package else ''}.md"


# Commands.


def commands_page() -> str:
    """Every command with its help and its flags, read from the commands themselves."""
    import typer

    from dall_e.cli import app

    group = typer.main.get_command(app)
    sections = [
        "# Commands",
        "Made from the commands themselves: `dall-e COMMAND --help` says the same.",
    ]
    for name, command in _leaves(group, "dall-e"):
        sections += [f"## `{name}`", *_command_sections(name, command)]
    return "\n\n".join(sections) + "\n"


def _leaves(command: Any, name: str) -> list[tuple[str, Any]]:
    """(full name, command) of every command that does something, groups left out."""
    if not hasattr(command, "commands"):
        return [(name, command)]
    return [
        leaf
        for word, child in command.commands.items()
        for leaf in _leaves(child, f"{name} {word}")
    ]


def _command_sections(name: str, command: Any) -> list[str]:
    context = command.make_context(name, [], resilient_parsing=True)
    usage = " ".join(command.collect_usage_pieces(context))
    rows = [parameter.get_help_record(context) for parameter in command.get_params(context)]
    table = [
        "| flag | |",
        "| --- | --- |",
        *(f"| <code>{_cell(flags)}</code> | {_cell(text)} |" for flags, text in filter(None, rows)),
    ]
    usage_block = f"```text\n{name} {usage}\n```"
    return [_escaped(command.help or ""), usage_block, "\n".join(table)]


def _cell(text: str) -> str:
    """A text as a cell of a table."""
    return _escaped(" ".join(text.split())).replace("|", "&#124;").replace("*", "&#42;")


def _escaped(text: str) -> str:
    """A text whose angle brackets are no tags; what stands in backticks stays as it is."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(
        part if part.startswith("`") else part.replace("<", "&lt;").replace(">", "&gt;")
        for part in parts
    )


# Copies.


def copied_pages() -> dict[str, str]:
    """Files of the repository's root as pages, with links that fit their new place."""
    return {uri: copied_page(uri, source) for uri, source in COPIES.items()}


def copied_page(uri: str, source: str) -> str:
    """The text of a file; links into docs/ become links between pages."""
    text = (ROOT / source).read_text(encoding="utf-8")
    upwards = "../" * uri.count("/")
    return re.sub(r"\]\((?:\.\./)*docs/", f"]({upwards}", text)


def decision_navigation() -> list[Any]:
    """All decisions, by number, each under the title that says it."""
    return [
        {path.read_text(encoding="utf-8").split("\n", 1)[0].lstrip("# "): f"decisions/{path.name}"}
        for path in sorted((ROOT / "docs" / "decisions").glob("*.md"))
    ]


# Pictures.


def picture_makers() -> dict[str, Callable[[DALL_E], Image | bytes]]:
    """What draws each made picture, by the place of its file in the site.

    Every module in docs/page_pictures has a table `PICTURES` from places, such as
    "pictures/plan.png", to functions that take the model and give the picture, or the bytes of its
    file. Raises ValueError for two pictures of one name.
    """
    makers: dict[str, Callable[[DALL_E], Image | bytes]] = {}
    for path in sorted((ROOT / "docs" / "page_pictures").glob("*.py")):
        found = runpy.run_path(str(path))["PICTURES"]
        if twice := makers.keys() & found.keys():
            raise ValueError(f"{path.name} draws {', '.join(sorted(twice))} a second time")
        makers.update(found)
    return makers


def drawn_pictures() -> dict[str, bytes]:
    """The files of all made pictures, drawn by the built-in model."""
    from dall_e import DALL_E

    model = DALL_E.from_pretrained()
    return {uri: picture_file(make(model)) for uri, make in picture_makers().items()}


def picture_file(picture: Image | bytes) -> bytes:
    """A picture as a PNG file; what is a file already stays as it is."""
    if isinstance(picture, bytes):
        return picture
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
