"""What goes wrong, in one family each for errors and for warnings.

`UnusableFileError` is for a file or folder that cannot be used: it says which, why, and what would
mend it. Other things that a user can mend are a plain `ValueError`. `DallEWarning` is for all that
was left out, changed or not understood; a program can turn every one of them into an error.
"""

from __future__ import annotations

import os


class UnusableFileError(ValueError):
    """A file or folder that cannot be used as what it was given for."""

    def __init__(self, path: str | os.PathLike[str], why: str, mend: str = "") -> None:
        """Say which file, why it cannot be used, and what would mend it, in words without a dot."""
        super().__init__(f"{os.fspath(path)}: {why}" + (f"; {mend}" if mend else ""))
        self.path = os.fspath(path)
        """The file or folder."""
        self.why = why
        """What is wrong with it."""
        self.mend = mend
        """What to do about it; empty if nothing would help."""

    def __reduce__(self) -> tuple[type[UnusableFileError], tuple[str, str, str]]:
        """Travel between processes with all parts."""
        return type(self), (self.path, self.why, self.mend)


class DallEWarning(UserWarning):
    """Something was left out, changed, ignored or not understood; what comes out is usable."""
