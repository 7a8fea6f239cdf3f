"""Writes src/dall_e/weights/vocabulary.txt: the names that the built-in model has seen.

Run it after `dall-e data build`: .venv/bin/python runs/known_names.py [DATA FOLDER]
"""

import json
import re
import sys
from pathlib import Path

from dall_e.scenes.graph import things

HOUSE_STYLE = "twemoji"
KINDS = (
    "animal", "plant", "food", "vehicle", "object", "activity", "place", "weather",
    "heart", "face", "person", "hand", "symbol", "clock", "flag",
)  # fmt: skip
HEAD = """\
# Names of single pictures that the built-in model has seen in its house style, and that are not in \
scene_things.txt;
# written by runs/known_names.py. Unicode CLDR through emojibase-data (MIT), as in the data set.
# English | Chinese | kind
"""


def main(folder: Path) -> None:
    """From the captions of a data set."""
    known = set(things())
    rows: dict[str, tuple[str, str]] = {}
    for line in (folder / "captions.jsonl").read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        name, zh = record["en"], record.get("zh", "")
        single = (
            record["kind"] in KINDS and not record.get("tone") and not re.search(r"[,:|]", name)
        )
        if (
            record["source"] == HOUSE_STYLE
            and record["split"] == "train"
            and single
            and zh
            and name not in known
        ):
            rows[name] = (zh, record["kind"])
    lines = [
        f"{name} | {zh} | {kind}"
        for name, (zh, kind) in sorted(
            rows.items(), key=lambda row: (KINDS.index(row[1][1]), row[0].lower())
        )
    ]
    Path("src/dall_e/weights/vocabulary.txt").write_text(
        HEAD + "\n".join(lines) + "\n", encoding="utf-8"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "data/emoji"))
