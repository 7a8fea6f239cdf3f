"""Any number, and any path, after a flag: a picture, or one line that says what is wrong."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dall_e.cli import run

FLAGS = ("--seed", "--steps", "--guidance", "--temperature", "--top-k", "--top-p", "--size")
ODD = (
    "nan",
    "inf",
    "-inf",
    "1e400",
    "-0",
    "0x10",
    "1_0",
    "",
    " 7",
    "+1",
    "٣",
    "9" * 30,
    "-" + "9" * 30,
)
NUMBERS = st.one_of(
    st.sampled_from(ODD), st.integers().map(str), st.floats().map(repr), st.text(max_size=4)
)
PARTS = st.text(st.characters(codec=None), min_size=1, max_size=20)
IN_A_TEST = settings(
    max_examples=5,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture(autouse=True)
def loaded_once(tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The model is loaded once for all values."""
    from dall_e import DALL_E

    model = DALL_E.from_pretrained(tiny_folder, device="cpu")
    monkeypatch.setattr("dall_e.cli.generate.load", lambda *_, **__: model)


def check(code: int, errors: str) -> None:
    assert "Traceback" not in errors
    if code:
        assert code in (1, 2) and "rror" in errors


@pytest.mark.parametrize("flag", FLAGS)
@IN_A_TEST
@given(value=NUMBERS)
@example(value="nan")
@example(value="1e400")
@example(value="9" * 30)
@example(value="18446744073709551615")
@example(value="-1")
def test_any_number(draw, flag: str, value: str) -> None:
    if flag == "--size" and value.strip().isdecimal() and 500 < int(value) < 10**6:
        return  # a large picture is no error, only slow
    steps = () if flag == "--steps" else ("--steps=1",)
    code, _, errors = draw("a cat", *steps, f"{flag}={value}", "--out", "it.png")
    check(code, errors)
    assert (code == 0) == Path("it.png").exists()
    Path("it.png").unlink(missing_ok=True)


@IN_A_TEST
@given(name=PARTS)
@example(name="\n猫 🐱")
@example(name="-x")
@example(name="--help")
@example(name="n" * 255)
@example(name="猫" * 100)
@example(name="a\x00b")
@example(name="\udcff")
@example(name="..")
@example(name="a/../b")
def test_any_path(draw, name: str) -> None:
    before = set(os.listdir())
    code, _, errors = draw("a cat", "--steps=1", f"--out=in/{name}.png")
    check(code, errors)
    assert set(os.listdir()) - before <= {"in", "it.png"} or code == 0


@IN_A_TEST
@given(name=st.text(st.characters(codec="utf-8"), min_size=1, max_size=20))
@example(name="n" * 300)
@example(name="a\x00b")
def test_any_file_to_reproduce(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    code = run(["reproduce", "--", name])
    assert code
    check(code, capsys.readouterr().err)
