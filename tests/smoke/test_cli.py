"""The installed command in a process of its own: light imports, exit codes, no traceback."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dall_e.cli import run


def python(*arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, capture_output=True, check=False, cwd=folder, text=True, timeout=120
    )


def dall_e(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return python("-m", "dall_e", *arguments, folder=folder)


def test_importing_the_package_is_light_and_does_nothing() -> None:
    code = (
        "import sys, dall_e; print(sorted({'torch', 'numpy', 'PIL', 'typer'} & set(sys.modules)))"
    )
    done = python("-c", code)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_listing_commands_needs_no_torch() -> None:
    code = "import sys, dall_e.cli; dall_e.cli.run(['models']); print('torch' in sys.modules)"
    done = python("-c", code)
    assert done.stdout.endswith("False\n")


def test_draw_and_reproduce(
    tiny_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    model = ("--model", str(tiny_folder), "--device", "cpu")
    drawn = dall_e(
        "generate", "a white cat", "--steps", "4", "--out", "cat.png", *model, folder=tmp_path
    )
    assert (drawn.returncode, drawn.stdout, drawn.stderr) == (0, "cat.png\n", "")
    # Another process, this one, draws the same.
    monkeypatch.chdir(tmp_path)
    assert run(["reproduce", "cat.png", *model]) == 0
    assert capsys.readouterr().err == "identical to cat.png\n"


def test_an_error_is_one_line(tmp_path: Path) -> None:
    done = dall_e("generate", "a cat", "--model", "dall-e-emojy", folder=tmp_path)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith("dall-e: error: unknown model") and done.stderr.count("\n") == 1


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_output_that_goes_nowhere(unbuffered: str) -> None:
    command = f"{sys.executable} -m dall_e models"
    for redirect, code in (("> /dev/full", 1), (">&-", 0), ("| true", 0)):
        done = subprocess.run(
            ["sh", "-c", f"{command} {redirect}"],
            capture_output=True,
            check=False,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
            text=True,
            timeout=120,
        )
        assert done.returncode == code
        assert done.stderr.count("\n") == code and (
            "No space left on device" in done.stderr
        ) == bool(code)


def test_a_file_name_that_is_no_text(tiny_folder: Path, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "dall_e",
        "generate",
        b"\xff cat",
        "--steps",
        "1",
        "--model",
        str(tiny_folder),
    ]
    done = subprocess.run(
        [*command, "--out", b"\xff.png"],
        capture_output=True,
        check=False,
        cwd=tmp_path,
        timeout=120,
    )
    assert (done.returncode, done.stdout) == (0, b"\xff.png\n")
    assert os.listdir(bytes(tmp_path)) == [b"\xff.png"]


def test_interruption(tiny_folder: Path, tmp_path: Path) -> None:
    # A signal that comes before the program has started is Python's own affair, so the test waits
    # until it has. A shell starts what it runs in the background deaf to Ctrl-C, and children
    # inherit that: hence the handler.
    program = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from dall_e.cli import run; print('started', flush=True); sys.exit(run(sys.argv[1:]))"
    )
    command = [
        sys.executable,
        "-c",
        program,
        "generate",
        "a cat",
        "-n",
        "5000",
        "--model",
        str(tiny_folder),
    ]
    process = subprocess.Popen(
        command, cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stdout.readline() == "started\n"
    # The first picture is there: from now on it draws and writes.
    first = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    others, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in errors and errors.endswith("interrupted\n")
    told = [first.strip(), *others.split()]
    there = sorted(os.listdir(tmp_path))

    # Between writing a picture and telling its name it may be interrupted, too.
    assert set(told) <= set(there) and len(there) <= len(told) + 1
    assert all(Path(tmp_path, name).read_bytes()[-8:-4] == b"IEND" for name in there)
    counted = re.search(r"(\d+) of 5000 pictures are there", errors)
    assert len(there) - (int(counted[1]) if counted else 0) in (0, 1)
