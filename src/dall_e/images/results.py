"""What a drawing gives back: pictures that keep their story, and lists of them.

Both are what Pillow and Python have, and a little more: a `DrawnImage` takes its metadata along
into the files that it is saved to, and an `ImageList` shows itself in a notebook.
"""

from __future__ import annotations

import base64
import html
import io
import os
from collections.abc import Mapping
from typing import IO, Any, SupportsIndex, overload

from PIL import Image

from dall_e.images.metadata import JPEG_OPTIONS, options_with, texts_of

_MOST_SHOWN = 64
"""Pictures that a notebook shows of a list."""
_SHOWN_SIZE = 256
"""Their longest side there, in pixels."""


class DrawnImage(Image.Image):
    """A PIL image with the story of its drawing in `info`, which `save` writes into the file.

    Its copies keep the story, cropped, resized and turned ones too. `dall-e info FILE` shows it.
    """

    @classmethod
    def of(cls, image: Image.Image, metadata: Mapping[str, str], *, svg: str = "") -> DrawnImage:
        """An image with its metadata; the pixels are shared, not copied.

        svg: the document that it was painted from, which goes into the `info` as bytes.
        """
        drawn = cls()
        vars(drawn).update(vars(image))
        drawn.info = dict(image.info)
        drawn.info.update(metadata)
        if svg:
            drawn.info["svg"] = svg.encode()
        return drawn

    def save(
        self,
        fp: str | bytes | os.PathLike[str] | os.PathLike[bytes] | IO[bytes],
        format: str | None = None,
        **params: Any,
    ) -> None:
        """As `PIL.Image.Image.save`, with the metadata in PNG, JPEG, WebP and AVIF.

        What is given as `pnginfo`, `comment` or `exif` wins. Warns if the file type has no room.
        """
        kind = (format or _format_of(fp)).upper()
        if kind == "JPEG":
            params = {**JPEG_OPTIONS, **params}
        if kind:
            params = {**options_with(texts_of(self.info), kind), **params}
        super().save(fp, format, **params)

    @property
    def images(self) -> ImageList:
        """The picture in a list, for code that was written for diffusers."""
        return ImageList([self])

    def _new(self, im: Any) -> Image.Image:
        # Pillow makes the results of its operations here.
        new = super()._new(im)
        new.__class__ = type(self)
        return new

    def _repr_png_(self) -> bytes | None:
        return _png(self)


class ImageList(list[DrawnImage]):
    """A list of pictures that a notebook shows as pictures."""

    @property
    def images(self) -> ImageList:
        """The list itself, for code that was written for diffusers."""
        return self

    @overload
    def __getitem__(self, index: SupportsIndex) -> DrawnImage: ...

    @overload
    def __getitem__(self, index: slice) -> ImageList: ...

    def __getitem__(self, index: SupportsIndex | slice) -> DrawnImage | ImageList:
        """One picture, or several as another such list."""
        if isinstance(index, slice):
            return ImageList(super().__getitem__(index))
        return super().__getitem__(index)

    def _repr_html_(self) -> str:
        """The pictures side by side, each with its prompt and seed when it is pointed at."""
        shown = "".join(_html(image) for image in self[:_MOST_SHOWN])
        more = len(self) - _MOST_SHOWN
        rest = f"<span>and {more} more</span>" if more > 0 else ""
        return f'<div style="display:flex;flex-wrap:wrap;gap:4px">{shown}{rest}</div>'


def _format_of(file: Any) -> str:
    """The format that Pillow takes for a file, by its name; "" if it will not know it either."""
    name = file if isinstance(file, str | bytes | os.PathLike) else getattr(file, "name", "")
    if not isinstance(name, str | bytes | os.PathLike):
        return ""
    extension = os.path.splitext(os.fsdecode(name))[1].lower()
    Image.preinit()
    if extension not in Image.EXTENSION:
        return Image.registered_extensions().get(extension, "")
    return Image.EXTENSION[extension]


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def _html(image: DrawnImage) -> str:
    small = Image.Image.copy(image)
    small.thumbnail((_SHOWN_SIZE, _SHOWN_SIZE))
    title = html.escape(f"{image.info.get('prompt', '')} (seed {image.info.get('seed', '?')})")
    small.info = {}
    data = base64.b64encode(_png(small)).decode("ascii")
    return f'<img src="data:image/png;base64,{data}" title="{title}" alt="{title}">'
