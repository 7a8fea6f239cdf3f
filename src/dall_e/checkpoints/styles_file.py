"""The styles of a model that were found in pictures: `styles.json` beside its weights.

    {"format": 1, "styles": [{"name": "OpenMoji style", ...}, ...]}

`images/restyling/fitted_style.py` has what is said of a style.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from dall_e.bounded_files import naming, read_table
from dall_e.images.restyling.fitted_style import FittedStyle

STYLES_FILE = "styles.json"
_FORMAT = 1
_LARGEST = 2**22
"""Bytes of a file that is still read; a style of forty pictures has 7,000."""
MOST_STYLES = 200


def styles_json(styles: Sequence[FittedStyle]) -> str:
    """Return the text of the file."""
    content = {"format": _FORMAT, "styles": [style.to_record() for style in styles]}
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def read_styles(path: Path) -> tuple[FittedStyle, ...]:
    """Read what `styles_json` wrote.

    Raises FileNotFoundError if there is no such file, UnusableFileError for one that is damaged or
    something else.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing")
    held = read_table(path, _LARGEST)
    with naming(path, "it has no styles of a model"):
        if held.get("format") != _FORMAT:
            raise ValueError(f"its format is {held.get('format')}, this version reads {_FORMAT}")
        records = held["styles"]
        if not isinstance(records, list) or len(records) > MOST_STYLES:
            raise ValueError(f"its styles are no list of at most {MOST_STYLES}")
        styles = tuple(map(FittedStyle.from_record, records))
        names = [style.name.lower() for style in styles]
        if len(set(names)) < len(names):
            raise ValueError("two of its styles have one name")
        return styles
