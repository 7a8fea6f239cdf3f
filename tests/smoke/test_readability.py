"""Rules of the house that keep the sources readable: sizes, words, layers, the printed tree."""

import ast
import functools
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "dall_e"
SOURCES = sorted(path for path in PACKAGE.rglob("*") if path.suffix in {".py", ".c", ".h"})
PYTHON = [path for path in SOURCES if path.suffix == ".py"]
C = [path for path in SOURCES if path.suffix != ".py"]


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


# Sizes

MOST_FILE_LINES = 400
MOST_FUNCTION_LINES = 60
MOST_FOLDER_FRACTION = 0.15
LONG_FILES: dict[str, str] = {}
"""Files that may be longer, each with the reason."""
LONG_FUNCTIONS = {
    "cli/caption.py:caption": "an argument for each flag, with its help",
    "cli/edit.py:edit": "an argument for each flag, with its help",
    "cli/evaluate.py:evaluate": "an argument for each flag, with its help",
    "cli/explain.py:explain": "an argument for each flag, with its help",
    "cli/export.py:export": "an argument for each flag, with its help",
    "cli/finetune.py:finetune": "an argument for each flag, with its help",
    "cli/generate.py:generate": "an argument for each flag, with its help",
    "cli/plan.py:plan": "an argument for each flag, with its help",
    "cli/serve.py:serve": "an argument for each flag, with its help",
    "cli/sheet.py:sheet": "an argument for each flag, with its help",
    "editing/methods.py:edit": "its docstring says what each keyword does",
    "inference/engine.py:request": "a keyword for each choice, as the facade has them",
    "pipeline.py:__call__": "its docstring says what each of the twenty keywords does",
}
"""Functions, as file:name, that may be longer, each with the reason."""


def num_lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def python_functions(path: Path) -> Iterator[tuple[str, int]]:
    """(file:name, number of lines) of every function and method, docstring included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            yield f"{name_of(path)}:{node.name}", node.end_lineno - node.lineno + 1


def c_functions(path: Path) -> Iterator[tuple[str, int]]:
    """(file:name, number of lines) of every function: from its head to a } at the line's start."""
    lines = path.read_text(encoding="utf-8").splitlines()
    start, name = 0, ""
    for number, line in enumerate(lines):
        head = re.match(r"(?!typedef|struct|enum|union)[A-Za-z_][\w\s*()]*?(\w+)\(", line)
        if head and not line.rstrip().endswith(";"):
            start, name = number, head[1]
        if line.startswith("}") and name:
            yield f"{name_of(path)}:{name}", number - start + 1
            name = ""


def test_files_are_short() -> None:
    long_files = {name_of(path): num_lines(path) for path in SOURCES}
    long_files = {name: lines for name, lines in long_files.items() if lines > MOST_FILE_LINES}
    assert set(long_files) == set(LONG_FILES), f"split by noun, or give a reason: {long_files}"


def test_functions_are_short() -> None:
    lengths = [length for path in PYTHON for length in python_functions(path)]
    lengths += [length for path in C for length in c_functions(path)]
    assert len(lengths) > 1000, "the functions of the package are found"
    long_functions = {name: lines for name, lines in lengths if lines > MOST_FUNCTION_LINES}
    assert set(long_functions) == set(LONG_FUNCTIONS), (
        f"split by thought, or give a reason: {long_functions}"
    )


def test_functions_in_c_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "PACKAGE", tmp_path)
    code = "typedef struct {\n    int a;\n} pair;\n\nstatic float *\nodd(void);\n"
    code += "static INLINE void work(const pair *p,\n                 int n) {\n    n++;\n}\n"
    (tmp_path / "a.c").write_text(code)
    assert list(c_functions(tmp_path / "a.c")) == [("a.c:work", 4)]


def test_no_folder_holds_too_much() -> None:
    """Of all lines; a folder in a folder counts by itself."""
    lines: Counter[str] = Counter()
    for path in SOURCES:
        lines[path.parent.relative_to(PACKAGE).as_posix()] += num_lines(path)
    fractions = {folder: count / lines.total() for folder, count in lines.items()}
    too_much = {
        folder: round(fraction, 3)
        for folder, fraction in fractions.items()
        if fraction > MOST_FOLDER_FRACTION
    }
    assert not too_much, "a folder that does several jobs is several folders"


# Words

BANNED = {
    "share": "fraction, or probability",
    "glean": "parse",
    "settled": "canonical",
    "strewn": "scattered",
    "foresight": "speculation, or JacobiDecoder",
    "sight": "mask",
    "companion": "dual encoder",
    "chooser": "sampler",
    "picture": "image",
}
"""Words of our own, and the field's words for them."""
ALLOWED_IDENTIFIERS: frozenset[str] = frozenset()
"""Identifiers that may have such a word, because somebody else gave the name."""


def words_of(identifier: str) -> set[str]:
    """Words of a snake_case or CamelCase name, without endings: KIND_SHARES is kind, share."""
    parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", identifier)
    words = {part.lower() for part in parts}
    return words | {re.sub(r"(s|ed|ing)$", "", word) for word in words}


@functools.cache
def words_in(path: Path) -> dict[str, set[str]]:
    """The words of every identifier in a source file."""
    identifiers = python_identifiers(path) if path.suffix == ".py" else c_identifiers(path)
    return {identifier: words_of(identifier) for identifier in identifiers}


def python_identifiers(path: Path) -> Iterator[str]:
    """Names that are defined or used: of modules, variables, arguments, attributes, classes."""
    yield path.stem
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        for field in ("id", "arg", "attr", "name", "asname", "module"):
            name = getattr(node, field, None)
            if isinstance(name, str):
                yield from name.split(".")


def c_identifiers(path: Path) -> Iterator[str]:
    """Everything that is a name outside of comments and strings."""
    yield path.stem
    code = path.read_text(encoding="utf-8")
    code = re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\])*"', " ", code, flags=re.DOTALL)
    yield from re.findall(r"[A-Za-z_]\w*", code)


@pytest.mark.parametrize("word", BANNED)
def test_names_are_the_fields_words(word: str) -> None:
    found: dict[str, set[str]] = {}
    for path in SOURCES:
        named = {
            identifier
            for identifier, words in words_in(path).items()
            if word in words and identifier not in ALLOWED_IDENTIFIERS
        }
        if named:
            found[name_of(path)] = named
    assert not found, f"{word} is {BANNED[word]} in this house"


def test_words_are_found_in_any_spelling() -> None:
    for name in ("KIND_SHARES", "style_share", "otherShare", "Share", "_SHARE", "sharing_share"):
        assert "share" in words_of(name), name
    assert "settled" in words_of("SettledLayout") and "glean" in words_of("gleaning")
    assert "share" not in words_of("shared_weights") and "sight" not in words_of("insight")


# Layers


def layer_contracts() -> dict[str, set[str]]:
    """The children that each container of an import contract has a layer for."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts: list[dict[str, Any]] = settings["tool"]["importlinter"]["contracts"]
    layers: dict[str, set[str]] = {}
    for contract in contracts:
        if contract["type"] != "layers":
            continue
        names = {name for row in contract["layers"] for name in re.findall(r"\w+", row)}
        for container in contract["containers"]:
            layers.setdefault(container, set()).update(names)
    return layers


def test_every_module_belongs_to_a_layer() -> None:
    layers = layer_contracts()
    assert len(layers) > 8, "the contracts are found"
    homeless = set()
    for path in PYTHON:
        parts = ("dall_e", *path.relative_to(PACKAGE).with_suffix("").parts)
        for depth in range(1, len(parts)):
            container, child = ".".join(parts[:depth]), parts[depth]
            if container in layers and child != "__init__" and child not in layers[container]:
                homeless.add(f"{container}.{child}")
    assert not homeless, "say in pyproject.toml what these may import, and who may import them"


# The tree in the README


def printed_folders() -> list[str]:
    """Folders in the code block under "The tree", by their path: indentation is nesting."""
    section = (ROOT / "README.md").read_text(encoding="utf-8").split("\n## The tree\n", 1)[1]
    block = section.split("```")[1]
    _, _, tree = block.partition("src/dall_e/")

    folders: list[str] = []
    above: list[tuple[int, str]] = []
    for indent, name in re.findall(r"^( +)(\w+)/(?:\s|$)", tree, re.MULTILINE):
        above = [(depth, folder) for depth, folder in above if depth < len(indent)]
        above.append((len(indent), name))
        folders.append("/".join(folder for _, folder in above))
    return folders


def test_the_tree_in_the_readme_is_the_tree() -> None:
    printed = printed_folders()
    assert len(printed) == len(set(printed)), "each folder has one line"
    there = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*")
        if path.is_dir() and path.name != "__pycache__"
    }
    assert set(printed) == there


# Importing does nothing

IMPORT_ALL = """
import importlib, json, os, sys, threading

deeds = []

def watch(event, arguments):
    if event == "open":
        path, mode, flags = arguments
        if flags & (os.O_WRONLY | os.O_RDWR) and path != os.devnull:
            deeds.append(f"writes {path}")
    elif event in ("subprocess.Popen", "os.system", "os.mkdir", "os.remove", "socket.connect"):
        deeds.append(f"{event} {arguments[0]}")

modules, libraries = json.loads(sys.argv[1])
# What the libraries do when they are imported is their own affair.
for name in libraries:
    importlib.import_module(name)
sys.addaudithook(watch)
threads = set(threading.enumerate())
environment = dict(os.environ)
for name in modules:
    importlib.import_module(name)
    deeds += [f"{name} starts {thread}" for thread in set(threading.enumerate()) - threads]
    deeds += [f"{name} changes the environment"] if dict(os.environ) != environment else []
print(json.dumps(deeds), file=sys.__stderr__)
"""


LIBRARIES = (
    *("torch", "numpy", "PIL.Image", "safetensors", "tokenizers", "huggingface_hub", "typer"),
    "torch._dynamo",
    *("fastapi.testclient", "uvicorn", "prometheus_client", "limits.storage", "fastapi_swagger"),
    "gradio",
    "cv2",  # It names its own folder in LD_LIBRARY_PATH.
)


def imported(names: list[str], folder: Path, libraries: tuple[str, ...] = ()) -> tuple[str, str]:
    """(what importing these modules prints, what else it does) in a process of its own.

    The libraries are there before it looks.
    """
    homes = {name: str(folder) for name in ("HOME", "XDG_CACHE_HOME")}
    paths = [str(folder), str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]
    done = subprocess.run(
        [sys.executable, "-B", "-c", IMPORT_ALL, json.dumps([names, libraries])],
        cwd=folder,
        env={**os.environ, **homes, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    *printed, deeds = done.stderr.splitlines()
    return done.stdout + "\n".join(printed), ", ".join(json.loads(deeds))


def test_importing_does_nothing(tmp_path: Path) -> None:
    modules = [
        ".".join(("dall_e", *path.relative_to(PACKAGE).with_suffix("").parts)) for path in PYTHON
    ]
    names = [module.removesuffix(".__init__") for module in modules]
    assert imported(names, tmp_path, LIBRARIES) == ("", "")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("code", "deed"),
    [
        ("open('here.txt', 'w')", "writes here.txt"),
        ("import os; os.mkdir('here')", "os.mkdir here"),
        (
            "import threading, time; threading.Thread(target=time.sleep, args=(1,)).start()",
            "starts",
        ),
        ("import subprocess; subprocess.run(['true'])", "subprocess.Popen true"),
        ("import os; os.environ['X'] = '1'", "changes the environment"),
    ],
)
def test_what_importing_does_is_noticed(code: str, deed: str, tmp_path: Path) -> None:
    (tmp_path / "busy.py").write_text(f"{code}\nprint('hello')\n", encoding="utf-8")
    printed, deeds = imported(["busy"], tmp_path)
    assert printed == "hello\n" and deed in deeds


# Knowledge of one model


MODEL_BLIND = ("planning", "scenes", "images", "text", "nn", "models", "sampling", "losses", "data")
"""Packages that must work for every model, so that none of them may know the built-in one."""


@pytest.mark.parametrize("package", MODEL_BLIND)
def test_what_one_model_knows_is_in_its_folder(package: str) -> None:
    """No such package names the built-in model, its folder or its files, in code or in a table."""
    words = re.compile(r"BUILT_IN|dall-e-emoji|[\"'/]weights/|known_names")
    found = []
    for path in sorted((ROOT / "src" / "dall_e" / package).rglob("*")):
        if path.suffix == ".py":
            lines = enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
            found += [
                f"{path.name}:{number}: {line}" for number, line in lines if words.search(line)
            ]
    assert not found, "a model's words are read from its folder, and handed down"
