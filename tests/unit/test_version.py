"""The version is that of the installed package, and looked up only when it is read."""

import subprocess
import sys

import pytest

import dall_e
from dall_e import version


def test_the_package_tells_its_version() -> None:
    assert dall_e.__version__ == version.__version__
    assert dall_e.__version__[0].isdigit()


def test_nothing_else_is_there() -> None:
    with pytest.raises(AttributeError, match=r"'dall_e\.version' has no attribute 'author'"):
        version.author  # noqa: B018


def test_it_is_looked_up_when_it_is_read() -> None:
    code = "import sys, dall_e.version; print('importlib.metadata' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
