"""The rules of the house that no linter knows (docs/architecture.md), each as a test."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from dall_e.config import PRESETS

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src" / "dall_e").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
MOST_LINES = 450


CONFIG = ROOT / "src/dall_e/config"


def settings_classes() -> list[ast.ClassDef]:
    """Every dataclass in config/, parts of others included."""
    return [
        node
        for path in sorted(CONFIG.glob("*.py"))
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef)
        and any("dataclass" in ast.dump(mark) for mark in node.decorator_list)
    ]


def settings_fields() -> list[tuple[str, str]]:
    """(class, field) of every dataclass in config/."""
    return [
        (node.name, item.target.id)
        for node in settings_classes()
        for item in node.body
        if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)
        if "ClassVar" not in ast.unparse(item.annotation)
    ]


@pytest.fixture(scope="module")
def names_read() -> set[str]:
    """Every attribute that is read in the sources, and in config/ outside of its checks."""
    names: set[str] = set()
    for path in SOURCES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        checks = {
            id(inner)
            for node in ast.walk(tree)
            if path.parent.name == "config"
            and isinstance(node, ast.FunctionDef)
            and node.name == "__post_init__"
            for inner in ast.walk(node)
        }
        names |= {
            node.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute)
            and isinstance(node.ctx, ast.Load)
            and id(node) not in checks
        }
    return names


@pytest.mark.parametrize(("owner", "field"), settings_fields(), ids=str)
def test_every_setting_is_read(owner: str, field: str, names_read: set[str]) -> None:
    assert field in names_read, f"{owner}.{field} is never read: a setting that does nothing"


def test_every_part_of_the_settings_belongs_to_something() -> None:
    """A part that no settings class holds, and nobody makes, is as dead as a setting not read."""
    used = {
        node.id
        for path in SOURCES
        if path.name != "__init__.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Name)
    }
    assert {node.name for node in settings_classes()} - used == set()


def test_help_needs_no_torch() -> None:
    code = """
import sys
from dall_e.cli import run
assert run(["train", "generator", "--help"]) == 0
assert "torch" not in sys.modules, "asking for help must not import torch"
"""
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr


def test_imports_only_point_down() -> None:
    linter = Path(sys.executable).parent / "lint-imports"
    if not linter.exists():
        pytest.skip("import-linter is not installed")
    result = subprocess.run(
        [linter, "--no-logo"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT / "src")))
def test_files_stay_readable(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MOST_LINES, "split it by noun"
    assert path.stem not in {"utils", "util", "helpers", "common", "misc", "tools"}, "name the noun"
    if text.strip():
        assert ast.get_docstring(ast.parse(text)), "the first thing in a file says what it is"
    for mark in ("TODO", "FIXME", "XXX"):
        assert mark not in text, f"{mark}: do it, or open an issue"


@pytest.mark.parametrize("path", TESTS, ids=lambda path: str(path.relative_to(ROOT / "tests")))
def test_tests_lie_where_their_module_lies(path: Path) -> None:
    inside = path.relative_to(ROOT / "tests")
    if inside.parts[0] != "unit" or not path.name.startswith("test_"):
        return
    folder = ROOT / "src" / "dall_e" / Path(*inside.parts[1:-1])
    assert folder.is_dir(), f"{inside}: there is no package {folder.name}"


@pytest.mark.parametrize("name", PRESETS)
def test_presets_build_and_fit_together(name: str) -> None:
    """Built without memory for the weights; what the parts say of each other must agree."""
    import torch

    from dall_e.models.generator import Generator
    from dall_e.models.image_tokenizer import ImageTokenizer
    from dall_e.models.text_encoder import TextEncoder, TextStates

    preset = PRESETS[name]
    with torch.device("meta"):
        tokenizer, encoder = ImageTokenizer(preset.tokenizer), TextEncoder(preset.text)
        generator = Generator(preset.generator)
        side = preset.tokenizer.image_size
        codes_BN = tokenizer.tokenize(torch.zeros(2, 4, side, side))
        text = encoder(torch.ones(2, preset.text.max_tokens, dtype=torch.int64))
        assert isinstance(text, TextStates)
        num_tokens = preset.generator.num_tokens
        assert codes_BN.shape == (2, num_tokens)
        places_BN, groups_N = torch.zeros_like(codes_BN), torch.ones(num_tokens, dtype=torch.int64)
        logits_BNC = generator(text, codes_BN, places_BN, groups_N, torch.zeros(2)).logits_BNC
    assert logits_BNC.shape == (2, num_tokens, preset.tokenizer.num_codes)
    assert generator.codes.num_embeddings == tokenizer.quantizer.num_codes


_FACTORIES = {"zeros", "ones", "empty", "full", "arange", "tensor", "eye", "linspace"} | {
    "rand", "randn", "randint", "randperm"
}  # fmt: skip
_BUILDING = {"__init__", "grid_rotation", "axial_rotation", "line_rotation", "visible"} | {
    "_lines", "_rotation_table"
}  # fmt: skip
"""Functions that build networks, which lie where the caller wants them, as torch's own layers."""


@pytest.mark.parametrize(
    "path",
    [
        path
        for path in SOURCES
        if path.parent.name in {"nn", "cpu", "models", "sampling", "inference", "text"}
    ],
    ids=lambda path: str(path.relative_to(ROOT / "src")),
)
def test_fault_use_01_tensors_name_their_dtype_and_device(path: Path) -> None:
    """Torch's defaults are the caller's: what draws must not depend on them."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    # Parameters are replaced when weights are loaded.
    parameters = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "nn.Parameter"
        for inner in ast.walk(node)
    }
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    building = {
        id(inner)
        for function in functions
        if function.name in _BUILDING
        for inner in ast.walk(function)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or id(node) in parameters:
            continue
        owner, _, name = ast.unparse(node.func).rpartition(".")
        if owner != "torch" or name not in _FACTORIES:
            continue
        given = {keyword.arg for keyword in node.keywords}
        wanted = {"dtype"} if id(node) in building else {"dtype", "device"}
        missing = wanted - given
        assert not missing, f"line {node.lineno}: torch.{name} without {', '.join(missing)}"


def test_fault_use_11_the_lowest_versions_are_those_promised() -> None:
    """What `make test-lowest` tests is what pyproject.toml says, but for torch."""
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    promised = dict(re.findall(r'"([\w-]+)>=([\d.]+)"', project.split("dependencies = [")[1]))
    pins = (ROOT / "constraints-lowest.txt").read_text(encoding="utf-8")
    direct = dict(re.findall(r"^([\w-]+)==([\d.]+)$", pins.split("# What they need.")[0], re.M))
    assert {"numpy", "typer", "torchmetrics"} <= direct.keys()
    for name, version in direct.items():
        assert version.startswith(promised[name]), (
            f"{name}: {version} tested, {promised[name]} promised"
        )
    needed = project.split("dependencies = [")[1].split("]")[0]
    assert set(re.findall(r'"([\w-]+)>=', needed)) - direct.keys() == {"torch"}


def test_every_fault_has_one_test_of_its_name() -> None:
    """test_fault_FILE_NN_...: a number and a name stand for one test."""
    names = [
        node.name
        for path in TESTS
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_fault")
    ]
    doubled = {name for name in names if names.count(name) > 1}
    assert not doubled
    odd = [name for name in names if not re.match(r"test_fault_[a-z]+_\d\d(_|$)", name)]
    assert not odd, "test_fault_<file>_<nn>_<what>"
