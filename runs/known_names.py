"""Write the vocabulary of a model anew: the names whose training pictures it knows by heart.

Each name is drawn once. Kept are those whose drawing differs from the training picture by at most
`--most`: the mean difference of premultiplied RGBA in [0, 1], divided by the fraction of the
picture that is not empty. Of 1,839 names of the weights 0.11, 98.5 % are below 0.15, with a median
of 0.04; what is above is a blot.

    python runs/known_names.py DATA [--model src/dall_e/weights] [--most 0.15]

DATA is the data set that the model was trained on last, with pictures of the model's own size.
"""

import argparse
import hashlib
import json
import warnings
from pathlib import Path

import numpy as np
import torch

from dall_e import DALL_E
from dall_e.checkpoints.store import CONFIG_FILE, VOCABULARY_FILE
from dall_e.data.datasets import ImageSet, load_images
from dall_e.errors import DallEWarning
from dall_e.planning.vocabulary import Vocabulary

BATCH = 16


def main() -> None:
    """Draw, compare, and write the vocabulary with its hash in the configuration."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", type=Path, default=Path("src/dall_e/weights"))
    parser.add_argument("--most", type=float, default=0.15)
    arguments = parser.parse_args()

    model = DALL_E.from_pretrained(arguments.model)
    images = load_images(str(arguments.data), model.config.tokenizer.image_size)
    everything = Vocabulary.from_captions(images.records, composed=True)
    differences = differences_of(model, images, everything)
    bad = {name for name, difference in differences.items() if difference > arguments.most}
    kept = [record for record in images.records if record.get("en") not in bad]
    write(arguments.model, Vocabulary.from_captions(kept, composed=True))

    print(f"{len(differences) - len(bad)} of {len(differences)} names are known by heart; not:")
    for name in sorted(bad, key=lambda name: -differences[name]):
        print(f"{differences[name]:.2f}  {name}")


def differences_of(model: DALL_E, images: ImageSet, known: Vocabulary) -> dict[str, float]:
    """How far the drawing of each name is from the nearest training picture of that name."""
    rows: dict[str, list[int]] = {}
    for row, record in enumerate(images.records):
        name = str(record.get("en", ""))
        if known.knows(name):
            rows.setdefault(name, []).append(row)

    # Without a vocabulary, whatever is drawn is given back; and what is remembered is not learned.
    model.memory = None
    model.vocabulary = model.engine.vocabulary = None
    names = list(rows)
    differences: dict[str, float] = {}
    for first in range(0, len(names), BATCH):
        part = names[first : first + BATCH]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DallEWarning)
            drawn = model(
                part,
                seed=[0] * len(part),
                height=model.config.tokenizer.image_size,
                finish="soft",
                transparent=True,
            )
        for name, image in zip(part, drawn, strict=True):
            pixels_HWC = np.asarray(image, dtype=np.float32) / 255
            pixels_HWC[..., :3] *= pixels_HWC[..., 3:]
            x_CHW = torch.from_numpy(pixels_HWC.transpose(2, 0, 1))
            truths_NCHW = images.images_NCHW[rows[name]].float() / 255
            shown_N = (truths_NCHW[:, 3] > 0.1).float().mean((1, 2)).clamp(min=0.05)
            off_N = (truths_NCHW - x_CHW).abs().mean((1, 2, 3)) / shown_N
            differences[name] = float(off_N.min())
    return differences


def write(model: Path, vocabulary: Vocabulary) -> None:
    """The configuration of the model has the hash of the file."""
    content = vocabulary.to_text().encode()
    (model / VOCABULARY_FILE).write_bytes(content)
    head = json.loads((model / CONFIG_FILE).read_bytes())
    sha256 = hashlib.sha256(content).hexdigest()
    head["files"][VOCABULARY_FILE] = {"bytes": len(content), "sha256": sha256}
    text = json.dumps(head, indent=2, ensure_ascii=False) + "\n"
    (model / CONFIG_FILE).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
