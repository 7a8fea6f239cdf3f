"""A sprite sheet: sprites on one picture, and the JSON that says where each of them is.

The JSON is TexturePacker's "JSON hash", which Phaser's `load.atlas` and Godot's importers read.
"""

from __future__ import annotations

import json
import os
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dall_e.atomic_files import replace_bytes
from dall_e.errors import UnusableFileError
from dall_e.images.files import PILImage, save_image
from dall_e.images.metadata import texts_of
from dall_e.images.sheets import make_grid
from dall_e.version import __version__

MOST_SPRITES = 1024
"""Sprites of one sheet."""
LONGEST_SIDE = 8192
"""Pixels along the longer side of a sheet: the largest texture of most graphics cards."""
_LONGEST_NAME = 48


@dataclass(frozen=True)
class SpriteSheet:
    """Sprites of one size in a grid."""

    image: PILImage
    """All of them; RGBA if they are transparent."""
    atlas: dict[str, Any]
    """Where each of them is, in TexturePacker's form."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the sprites, row by row."""
        return tuple(self.atlas["frames"])

    def sprite(self, name: str) -> PILImage:
        """Return one sprite as an image. Raises ValueError for an unknown name."""
        if name not in self.atlas["frames"]:
            raise ValueError(f"the sheet has no {name!r}; it has {', '.join(self.names)}")
        box = self.atlas["frames"][name]["frame"]
        return self.image.crop((box["x"], box["y"], box["x"] + box["w"], box["y"] + box["h"]))

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = True) -> tuple[Path, Path]:
        """Write the picture, a .png or .webp, and a .json of the same name; return both paths.

        Raises ValueError for another file type, FileExistsError for a file that is there and not to
        be overwritten, and OSError if it cannot be written.
        """
        image_path, table = sheet_paths(path)
        texts = texts_of(self.image.info)
        save_image(self.image, image_path, texts, overwrite=overwrite)
        atlas = {**self.atlas, "meta": {**self.atlas["meta"], "image": image_path.name}}
        content = json.dumps(atlas, ensure_ascii=False, indent=2)
        replace_bytes(table, f"{content}\n".encode(), overwrite=overwrite)
        return image_path, table


def sheet_paths(path: str | os.PathLike[str]) -> tuple[Path, Path]:
    """Return the files of a sheet. Raises UnusableFileError for a type without transparency."""
    image_path = Path(path)
    if image_path.suffix.lower() not in (".png", ".webp"):
        raise UnusableFileError(image_path, "sprite sheets are .png or .webp", "give such a name")
    return image_path, image_path.with_suffix(".json")


def packed(
    images: Sequence[PILImage], names: Sequence[str], *, columns: int, padding: int
) -> SpriteSheet:
    """Return images of one size in a grid, row by row, `padding` pixels apart.

    Raises ValueError for a sheet that is larger than graphics cards take.
    """
    width, height = images[0].size
    rows = -(-len(images) // columns)
    size = (columns * (width + padding) + padding, rows * (height + padding) + padding)
    if max(size) > LONGEST_SIDE:
        raise ValueError(
            f"the sheet would have {size[0]} x {size[1]} pixels, at most {LONGEST_SIDE} a side are "
            "made: take smaller or fewer sprites, or another number of columns"
        )

    frames: dict[str, Any] = {}
    for number, name in enumerate(names):
        row, column = divmod(number, columns)
        left, top = padding + column * (width + padding), padding + row * (height + padding)
        frames[name] = {
            "frame": {"x": left, "y": top, "w": width, "h": height},
            "rotated": False,
            "trimmed": False,
            "spriteSourceSize": {"x": 0, "y": 0, "w": width, "h": height},
            "sourceSize": {"w": width, "h": height},
            "pivot": {"x": 0.5, "y": 1.0},
        }
    meta = {
        "app": f"dall-e {__version__}",
        "version": "1.0",
        "image": "",
        "format": "RGBA8888" if images[0].mode == "RGBA" else "RGB888",
        "size": {"w": size[0], "h": size[1]},
        "scale": "1",
    }
    return SpriteSheet(make_grid(images, columns, padding), {"frames": frames, "meta": meta})


def sprite_names(prompts: Sequence[str]) -> list[str]:
    """Return one name for each prompt, of letters, digits and dashes, and all different.

    Game engines take them as names of resources and files.
    """
    taken: set[str] = set()
    names = []
    for prompt in prompts:
        words = unicodedata.normalize("NFKC", prompt).lower()
        words = re.sub(r"^(?:an?|the) ", "", words.strip())
        stem = re.sub(r"[^\w]+", "-", words).strip("-_")[:_LONGEST_NAME].strip("-_") or "sprite"
        name, number = stem, 1
        while name in taken:
            number += 1
            name = f"{stem}-{number}"
        taken.add(name)
        names.append(name)
    return names


def split_prompts(text: str) -> list[str]:
    """Return the prompts of a list such as "knight, sword" or 骑士、剑."""
    return [part.strip() for part in re.split(r"[,;，、；\n]", text) if part.strip()]
