"""Writes src/dall_e/data/inbetween_names.txt: what is clear in between of the built-in model's two styles.

The model's own companion judges, which the evaluation does not use. Run it after training:

    .venv/bin/python runs/inbetween_names.py MODEL [DATA FOLDER]
"""

import random
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import torch

from dall_e import DALL_E
from dall_e.data.datasets import load_pictures
from dall_e.data.flat_areas import SIDE
from dall_e.data.images import PILImage, from_pil, to_pil
from dall_e.data.inbetweening import in_between
from dall_e.data.scene_graph import Scene, SceneObject, named_things, things
from dall_e.data.scene_variety import SECOND_STYLE, mix_by, varied
from dall_e.retrieval import Retriever

SEEDS = (1, 2)
FIRST = 8
"""A drawing is clear whose own name the companion puts so far to the front among all names, or"""
NO_WORSE = 2
"""so many times as far back as for the drawing in the model's own style."""
CLEAR = 2
"""So many of those of all seeds, with either one's details, must be clear; and with the details of one that are used
all, or if neither's are, any."""
WORKERS = 2
# Of these one says how they look: a mix of two says something else, or nothing.
LEFT_OUT = frozenset(("symbol", "clock", "letter", "flag", "heart"))
HEAD = """\
# Names of pictures that the built-in model draws clearly in between of its two styles, and where it does so with the
# details of one alone, of which: 0 is its own. Written by runs/inbetween_names.py. Unicode CLDR through emojibase-data
# (MIT), as in the data set.
"""


def candidates(data: str) -> list[str]:
    """Names that a plan may ask for, and that there are pictures of."""
    asked = (
        set(things()) | set(named_things()) | {name for thing in things().values() for name, _ in thing.picture_names}
    )
    records = load_pictures(data, 8).records + load_pictures(data, 8, "val").records
    known = {record["en"] for record in records if not record["tone"] and record["kind"] not in LEFT_OUT}
    return sorted(known & asked, key=str.lower)


def turns(name: str) -> bool:
    """Whether the thing of a picture means the same in a mirror."""
    owner = next((thing.name for thing in things().values() if name in dict(thing.picture_names)), name)
    (look,) = varied(Scene(objects=(SceneObject(name=owner, picture=-1),)), 0)[1]
    return look.turns


def clear(model: str, every: list[str], names: list[str]) -> list[tuple[str, list[int]]]:
    """For each name how many of its drawings in between are clear, with the details of the first and of the second."""
    torch.set_num_threads(1)
    pipeline = DALL_E.from_pretrained(model)
    assert pipeline.networks.companion is not None
    retriever = Retriever(pipeline.networks.companion, pipeline.text_tokenizer)
    with torch.inference_mode():
        texts_ND = torch.stack([retriever.text(name) for name in every])

    def rank(image: PILImage, name: str) -> int:
        with torch.inference_mode():
            scores_N = texts_ND @ retriever.picture(image)
        return int((scores_N > scores_N[every.index(name)]).sum())

    found = []
    for name in names:
        drawn = pipeline(
            [name, f"{name}, {SECOND_STYLE['en']}"], num_images_per_prompt=len(SEEDS), seed=SEEDS[0], compose=False,
            transparent=True, height=SIDE,
        )  # fmt: skip
        assert isinstance(drawn, list)
        pictures_HWC = [from_pil(image).transpose(1, 2, 0) for image in drawn]
        pairs = list(zip(pictures_HWC[: len(SEEDS)], pictures_HWC[len(SEEDS) :], SEEDS, strict=True))
        last = max(FIRST, NO_WORSE * rank(drawn[0], name))
        counts = []
        for details in (0, 1):
            between = [
                in_between(own, second, mix_by(random.Random(seed), (details,)), turns=turns(name))
                for own, second, seed in pairs
            ]
            images = [
                to_pil(picture.transpose(2, 0, 1), transparent=True) for picture in between if picture is not None
            ]
            counts.append(sum(rank(image, name) < last for image in images))
        found.append((name, counts))
    return found


def main(model: str, data: str) -> None:
    """Draws each name in between of the two styles, and keeps those that the companion recognises."""
    every = candidates(data)
    parts = [every[first::WORKERS] for first in range(WORKERS)]
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:
        found = [row for rows in pool.map(partial(clear, model, every), parts) for row in rows]
    lines = []
    for name, counts in sorted(found, key=lambda row: row[0].lower()):
        enough = len(SEEDS) if len(SEEDS) in counts else 1
        used = [str(details) for details, count in enumerate(counts) if count >= enough]
        if sum(counts) >= CLEAR:
            lines.append(name if len(used) == len(counts) else f"{name} | {used[0]}")
    print(f"{len(lines)} of {len(every)} names, {sum(' | ' in line for line in lines)} with the details of one alone")
    table = "\n".join(lines)
    Path("src/dall_e/data/inbetween_names.txt").write_text(f"{HEAD}{table}\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "data/hands")
