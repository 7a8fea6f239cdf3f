"""Writes src/dall_e/data/second_style_names.txt: what the built-in model draws in its second style as its pictures are.

Run it after training: .venv/bin/python runs/second_style_names.py MODEL [DATA FOLDER]
"""

import sys
from pathlib import Path

from dall_e import DALL_E
from dall_e.data.datasets import load_pictures
from dall_e.data.images import from_pil
from dall_e.data.scene_graph import named_things, things
from dall_e.data.scene_variety import SECOND_STYLE
from dall_e.evaluation.memorisation import nearest, thumbnails

SOURCE = "fluent-emoji-flat"
SEEDS = (1, 2, 3)
RIGHT = 0.16
"""Distance to the picture of that name up to which a drawing is one of it (`evaluation/memorisation.py`)."""
# Of these one says how they look: a style of its own says nothing.
LEFT_OUT = frozenset(("symbol", "clock", "letter", "flag", "heart"))
HEAD = """\
# Names of pictures that the built-in model draws in its second style, "flat style", as clearly as in its own; written
# by runs/second_style_names.py. Unicode CLDR through emojibase-data (MIT), as in the data set.
"""


def main(model: str, data: str) -> None:
    """Draws each name that a plan may ask for, and keeps those whose drawings are near their own picture."""
    pictures = load_pictures(data, 96)
    asked = (
        set(things()) | set(named_things()) | {name for thing in things().values() for name, _ in thing.picture_names}
    )
    rows = {
        record["en"]: row
        for row, record in enumerate(pictures.records)
        if record["source"] == SOURCE
        and not record["tone"]
        and record["kind"] not in LEFT_OUT
        and record["en"] in asked
    }
    names = sorted(rows, key=str.lower)
    pipeline = DALL_E.from_pretrained(model)
    prompts = [f"{name}, {SECOND_STYLE['en']}" for name in names for _ in SEEDS]
    drawn = pipeline(prompts, seed=list(SEEDS) * len(names), compose=False, progress=True)
    assert isinstance(drawn, list)
    kept = []
    for number, name in enumerate(names):
        own = thumbnails([pictures.pictures_NCHW[rows[name]].numpy()])
        of_name = thumbnails([from_pil(image) for image in drawn[number * len(SEEDS) : (number + 1) * len(SEEDS)]])
        if max(hit.distance for hit in nearest(of_name, own)) <= RIGHT:
            kept.append(name)
    print(f"{len(kept)} of {len(names)} names")
    Path("src/dall_e/data/second_style_names.txt").write_text(HEAD + "\n".join(kept) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "data/emoji")
