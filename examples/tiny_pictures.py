"""Choose the small image set of the newcomer's tour from a built one.

    python examples/tiny_pictures.py data/emoji examples/tiny_pictures

It has things that five designers drew, whose images are under MIT and Apache-2.0 (ATTRIBUTION.md).
One image of each thing, of another designer in turn, is held out.
"""

import io
import json
import sys
import tarfile
from pathlib import Path
from typing import Any

from dall_e.data.datasets import load_images
from dall_e.images.files import ImageArray, encode_png

THINGS = """red apple, banana, lemon, watermelon, strawberry, cherries, grapes, hamburger, pizza,
doughnut, cat, dog, rabbit, panda, penguin, fish, frog, lady beetle, octopus, elephant, red heart,
blue heart, green heart, yellow heart, sun, crescent moon, cloud, rainbow, umbrella, star,
snowflake, Christmas tree, sunflower, rose, cactus, mushroom, automobile, bus, rocket, airplane,
house, soccer ball, basketball, balloon, smiling face, crying face, skull, ghost"""
STYLES = ("noto", "noto-v1", "fxemoji", "fluent-emoji", "fluent-emoji-flat")
SIZE = 32


def read_images(source: str) -> dict[tuple[str, str], tuple[dict[str, Any], ImageArray]]:
    """Return the record and the image of every (thing, style)."""
    images = {}
    for split in ("train", "val"):
        loaded = load_images(source, SIZE, split)
        for record, image in zip(loaded.records, loaded.images_NCHW.numpy(), strict=True):
            images[record["en"], record["source"]] = record, image
    return images


def write_images(source: str, target: str) -> None:
    """Write the chosen images and their records into one tar file."""
    images = read_images(source)
    path = Path(target) / "train-000000.tar"
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
        for number, thing in enumerate(" ".join(THINGS.split()).split(", ")):
            for turn, style in enumerate(STYLES):
                record, image = images[thing, style]
                split = "val" if turn == number % len(STYLES) else "train"
                image_id = number * len(STYLES) + turn
                record = record | {"id": image_id, "split": split, "weight": 1.0}
                text = json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()

                for ending, content in ((".png", encode_png(image)), (".json", text)):
                    member = tarfile.TarInfo(f"{image_id:06d}{ending}")
                    member.size = len(content)
                    tar.addfile(member, io.BytesIO(content))


if __name__ == "__main__":
    write_images(*sys.argv[1:])
