"""Help shows the numbers of the built-in model, without torch."""

import subprocess
import sys
from pathlib import Path

import pytest

from dall_e.cli import options, run
from dall_e.inference.validation import DEFAULT_SIZE

Capture = pytest.CaptureFixture[str]


def words_of_help(capsys: Capture, *command: str) -> str:
    assert run([*command, "--help"]) == 0
    return " ".join(capsys.readouterr().out.split())


def test_help_says_the_numbers(capsys: Capture) -> None:
    config = options._built_in_config()
    assert config is not None and config.upsampler is not None
    text = words_of_help(capsys, "generate")
    own_size = config.tokenizer.image_size
    assert f"with --finish soft, {own_size} is what the built-in model draws" in text
    assert f"without its upsampler. [default: ({DEFAULT_SIZE})]" in text
    assert (
        f"revealed one after the other. [default: ({config.sampling.num_inference_steps})]" in text
    )
    assert f"the pixels of the networks. [default: ({config.finish})]" in text
    assert "one by one" in text and "[default: (on)]" in text
    assert "the model's own)" not in text
    assert f"[default: ({config.sampling.top_p})]" in words_of_help(capsys, "evaluate")


def test_the_numbers_need_no_torch() -> None:
    code = (
        "import sys; from dall_e.cli import run; "
        "run(['generate', '--help']); print(sorted(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    modules = done.stdout.splitlines()[-1]
    assert "'dall_e.cli.generate'" in modules
    assert not any(f"'{name}'" in modules for name in ("torch", "numpy", "PIL", "rich.progress"))


def test_without_the_built_in_model_there_is_help_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options._built_in_config.cache_clear()
    monkeypatch.setattr(options, "find_model", lambda name: tmp_path)
    assert options._built_in_config() is None
    assert options.size_option().show_default == "the model's own"
    options._built_in_config.cache_clear()
