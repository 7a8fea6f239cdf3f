"""Draws the sheets of the documentation anew: `python docs/draw_sheets.py`.

drawings.png shows all of the project's own drawings (`data/build/drawings`), places.png all places.

gallery.png is that of `dall-e gallery`; composed.png shows prompts that say more than a name;
scenes.png shows the same two scenes for seeds 0 to 7, in both languages. styles.png shows the
effects that any drawing can be given.
"""

from __future__ import annotations

from pathlib import Path

from dall_e import DALL_E
from dall_e.cli.gallery import gallery
from dall_e.data.build.drawn_set import read_drawn_set, read_names
from dall_e.data.build.rendering import Job, render_all
from dall_e.images.effects.catalogue import EFFECTS
from dall_e.images.files import decode_image, resize, save_image, to_pil
from dall_e.images.painting import painted_svg
from dall_e.images.places import TIMES, WEATHERS, Setting, place_document, places, scenery
from dall_e.images.sheets import contact_sheet, make_grid

DOCS = Path(__file__).parent
SIDE = 128
OF_SERIES = 12
"""The sheet of drawings shows every so many of those of a series."""
COMPOSED = (
    "two cats and a red ball",
    "a blue house",
    "a dog wearing a hat",
    "a cat wearing sunglasses",
    "an astronaut riding a big horse through the stars",
    "a red car in the city",
    "a pink ghost in the snow",
    "an octopus under water",
    "三个红苹果",
    "一只猫在树的左边",
    "一只老虎在森林里",
    "戴墨镜的狗在海边",
    "a sailboat at sunset",
    "a robot and a rocket in space",
    "a purple guitar",
    "birds in the sky",
    "a white cat in the rain",
    "a frog wearing a crown",
    "a bee on a sunflower",
    "five strawberries and a banana",
    "a snowman with a red scarf",
    "宇航员骑马",
    "a mother and her baby",
    "a cup of coffee on a table",
)
SCENES = (
    "a white cat sleeping on a windowsill",
    "一只白色的猫在窗台上睡觉",
    "a brown dog playing on the grass",
    "一只棕色的狗在草地上玩耍",
)

IN_WEATHER = ("beach", "city-street", "forest", "village")
"""Places that the sheet of places shows in every light and weather."""
STYLED = (
    "a red apple",
    "a cat",
    "a castle",
    "a rose",
    "a car",
    "a tree",
    "two cats and a red ball",
    "a sailboat on the sea",
)


def draw_sheets() -> None:
    """Writes the three sheets beside this file."""
    gallery(out=str(DOCS / "gallery.png"), force=True, size=SIDE, model="dall-e-emoji", seed=0)

    model = DALL_E.from_pretrained()
    composed = model(list(COMPOSED), seed=0, height=SIDE, width=SIDE)
    save_image(contact_sheet(composed, COMPOSED, columns=6), DOCS / "composed.png")

    scenes = [
        image
        for prompt in SCENES
        for image in model([prompt], num_images_per_prompt=8, seed=0, height=SIDE, width=SIDE)
    ]
    save_image(make_grid(scenes, columns=8), DOCS / "scenes.png")


def draw_styles() -> None:
    """Write a sheet with a row for each effect, drawn large and shown small."""
    model = DALL_E.from_pretrained()
    styled = [
        resize(image, 100, 100)
        for name in EFFECTS
        for image in model(list(STYLED), seed=3, style=name)
    ]
    sheet = make_grid(styled, columns=len(STYLED))
    save_image(sheet.quantize(256, kmeans=1), DOCS / "styles.png")


def draw_own_drawings() -> None:
    """Write a sheet of the project's own drawings, small; of series one in OF_SERIES."""
    files = read_drawn_set()
    names = [row["file"] for row in read_names(files)]
    names = [name for i, name in enumerate(names) if "/" not in name or i % OF_SERIES == 0]
    jobs = (
        Job(data=files[f"{name}.svg"], is_svg=True, crop=False, margin=0.0, size=44)
        for name in names
    )
    images = [
        to_pil(decode_image(rendering.png, 44), transparent=False)
        for rendering in render_all(jobs, workers=1)
        if not rendering.reason
    ]
    sheet = make_grid(images, columns=43).convert("RGB")
    save_image(sheet.quantize(128), DOCS / "drawings.png")  # a third of the bytes


def draw_places() -> None:
    """Write a sheet of all places, and of some in other light and weather."""
    settings = [*places(), *(f"{name}+{how}" for name in IN_WEATHER for how in (*TIMES, *WEATHERS))]
    images = [
        to_pil(
            painted_svg(place_document(scenery(Setting.of(text))), 96).transpose(2, 0, 1),
            transparent=False,
        )
        for text in settings
    ]
    save_image(make_grid(images, columns=12), DOCS / "places.png")


if __name__ == "__main__":
    draw_sheets()
    draw_styles()
    draw_own_drawings()
    draw_places()
