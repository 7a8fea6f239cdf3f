"""The README's Python passes mypy, and the types of what a call gives are those that it gives.

What our own package builds on is left out (`follow_imports = skip`), which makes this cheap.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

mypy_api = pytest.importorskip("mypy.api")

ROOT = Path(__file__).parents[2]
SETTINGS = """\
[mypy]
strict = true
follow_imports = skip
warn_unused_ignores = false
disallow_any_unimported = false
mypy_path = {src}
{followed}
"""
FOLLOWED = (
    "dall_e",
    "dall_e.pipeline",
    "dall_e.images.results",
    "dall_e.editing.methods",
    "dall_e.editing.noise_methods",
    "dall_e.explain.methods",
    "dall_e.inference.adapted",
    "dall_e.inference.looking",
    "dall_e.inference.placement",
    "dall_e.inference.remembering",
    "dall_e.inference.streaming",
    "dall_e.inference.style_finding",
    "dall_e.inference.planned",
    "dall_e.sheets.methods",
    "dall_e.inference.request",
    "dall_e.inference.validation",
    "PIL.Image",
    "typing_extensions",
)
TYPES = """\
from dall_e import DALL_E
model = DALL_E.from_pretrained()
number = int(input())
one = model("a cat", seed=-1)
several = model(["a cat"], negative_prompt=["a dog"])
unknown = model("a cat", num_images_per_prompt=number)
reveal_type(one)
reveal_type(model("a cat", num_images_per_prompt=1))
reveal_type(several)
reveal_type(unknown)
reveal_type(one.images[0])
reveal_type(several.images[:2])
reveal_type(one.width)
model("a cat", steps=3)
model("a cat", seed="7")
model.half().paint()
one.paint()
for image in unknown:
    image.save("a.png")
"""
FOUND = """\
7: note: Revealed type is "DrawnImage"
8: note: Revealed type is "DrawnImage"
9: note: Revealed type is "ImageList"
10: note: Revealed type is "ImageList | Any"
11: note: Revealed type is "DrawnImage"
12: note: Revealed type is "ImageList"
13: note: Revealed type is "int"
14: error: Unexpected keyword argument "steps" for overloaded function "__call__" of "DALL_E"
14: error: No overload variant of "__call__" of "DALL_E" matches argument types "str", "int"
15: error: Argument "seed" to "__call__" of "DALL_E" has incompatible type "str"; \
expected "int | Sequence[int] | None"
16: error: "DALL_E" has no attribute "paint"
17: error: "DrawnImage" has no attribute "paint"
"""


def checked(code: str, folder: Path) -> list[str]:
    """What mypy says of a program."""
    followed = "\n".join(f"[mypy-{name}]\nfollow_imports = silent" for name in FOLLOWED)
    settings, program = folder / "mypy.ini", folder / "program.py"
    settings.write_text(SETTINGS.format(src=ROOT / "src", followed=followed), encoding="utf-8")
    program.write_text(code, encoding="utf-8")
    flags = ["--config-file", str(settings), "--cache-dir", str(folder / "cache")]
    said, errors, _ = mypy_api.run([*flags, "--no-error-summary", str(program)])
    assert not errors, errors
    return said.splitlines()


def test_fault_use_24_python_of_the_readme_passes_mypy(tmp_path: Path) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert blocks
    for block in blocks:
        assert checked(block, tmp_path) == []


def test_fault_use_24_a_call_has_the_type_of_what_it_gives(tmp_path: Path) -> None:
    said = [line.partition("program.py:")[2] for line in checked(TYPES, tmp_path)]
    kept = [line for line in said if "Possible overload" not in line and "def __call__" not in line]
    found = [re.sub(r"dall_e\.[a-z_.]+\.|  \[[a-z-]+\]$", "", line) for line in kept]
    assert found == FOUND.splitlines()
