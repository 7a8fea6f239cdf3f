"""Errors say which file, why, and what would mend it, also after a trip to another process."""

import pickle
from pathlib import Path

from dall_e.errors import UnusableFileError


def test_an_unusable_file_says_which_why_and_what_to_do() -> None:
    error = UnusableFileError(Path("a.tar"), "cut after 3 pictures", "copy it again")
    assert str(error) == "a.tar: cut after 3 pictures; copy it again"
    assert str(UnusableFileError("b", "empty")) == "b: empty"


def test_it_can_be_pickled() -> None:
    error = pickle.loads(pickle.dumps(UnusableFileError("a.tar", "cut", "copy it again")))
    assert (error.path, error.why, error.mend) == ("a.tar", "cut", "copy it again")
