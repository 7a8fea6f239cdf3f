"""Forty captioned pictures of OpenMoji, and ninety-six others of it to judge by.

OpenMoji is a style that the built-in model has never seen: black outlines, flat colours.

    dall-e data build --sources openmoji --size 384 --out data/openmoji
    python examples/your_own_style/pictures.py data/openmoji pictures
"""

import sys
from pathlib import Path

from dall_e.data.captions import plain_caption
from dall_e.data.datasets import ImageSet, load_images
from dall_e.images.files import save_image, to_pil

SIZE, LARGE = 96, 384
"""Sides in pixels at which pictures are judged, and at which the forty are written."""
STYLE = "OpenMoji style"

SHOWN = (
    "tiger, snail, crab, penguin, fox, elephant, parrot, turtle, duck, cow, pineapple, carrot, "
    "cherries, hamburger, banana, croissant, cupcake, red apple, guitar, light bulb, scissors, "
    "key, umbrella, backpack, telephone, hammer, bicycle, sailboat, airplane, fire engine, rocket, "
    "house, tent, castle, church, tulip, cactus, evergreen tree, soccer ball, crown"
).split(", ")
"""What the model is taught."""

ASKED = (
    "cat, dog, owl, fish, butterfly, rabbit, strawberry, pizza, pear, mushroom, automobile, bus, "
    "helicopter, camera, chair, open book, lemon, rose, alarm clock, trumpet, drum, snowman, "
    "hot dog, deciduous tree"
).split(", ")
"""What it is asked for in the style, and has seen in its own only."""

FURTHER = (
    "man, school, woman, fire, child, baby, eye, star, bank, door, hospital, bed, rock, radio, "
    "ice, sun, train, hotel, brain, ship, teacher, foot, mouth, seat, ring, window, artist, "
    "television, horse, dress, mountain, guard, prince, bear, leg, hole, cook, stadium, chicken, "
    "bird, wing, salt, newspaper, bomb, bell, turkey, basketball, factory, baseball, princess, "
    "singer, battery, police car, nose, wheel, shower, scientist, egg, bread, mirror, bone, "
    "cloud, farmer, ear, ghost, dragon, butter, cricket, pen, tongue, hook, coat"
).split(", ")
"""More of these, chosen by a rule and not by eye: of the English nouns that people use most (in
`benchmarks/nouns_en.txt`), the first 72 that name another picture of the set."""


def openmoji(data: str, size: int = SIZE) -> ImageSet:
    """All pictures of the set."""
    return load_images(data, size, split="heldout_style")


def rows_of(images: ImageSet, names: list[str]) -> list[int]:
    """Where the picture of each name is. Raises KeyError for a name that the set lacks."""
    found = {str(record["en"]): row for row, record in enumerate(images.records)}
    return [found[name] for name in names]


def main(data: str, folder: str) -> None:
    """Write NAME.png and NAME.txt of what the model is taught."""
    images = openmoji(data, LARGE)
    out = Path(folder)
    out.mkdir(parents=True, exist_ok=True)
    for name, row in zip(SHOWN, rows_of(images, SHOWN), strict=True):
        file = name.replace(" ", "_")
        x_CHW = images.images_NCHW[row].float() / 255
        save_image(to_pil(x_CHW, transparent=True), out / f"{file}.png")
        caption = f"{plain_caption(images.records[row])}, {STYLE}"
        (out / f"{file}.txt").write_text(caption + "\n", encoding="utf-8")
    print(f"{len(SHOWN)} pictures with captions: {out}")


if __name__ == "__main__":
    main(*sys.argv[1:])
