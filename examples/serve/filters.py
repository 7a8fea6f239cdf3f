"""A filter of your own: PYTHONPATH=. dall-e serve --content-filter filters:NoPlainPictures.

A filter says why it refuses, or None. It is called from several threads at a time, and the server
waits for its answer.
"""

from PIL.Image import Image


class NoPlainPictures:
    """Takes short prompts, and gives no picture away that shows nothing."""

    def refuse_prompt(self, prompt: str) -> str | None:
        """Refuse what nobody reads to the end; a model that knows bad prompts could stand here."""
        return "prompts have 500 letters here at most" if len(prompt) > 500 else None

    def refuse_image(self, image: Image) -> str | None:
        """Refuse one colour without end; a model that knows bad pictures could stand here."""
        is_plain = all(low == high for low, high in image.convert("RGB").getextrema())
        return "the picture came out plain: ask again with another seed" if is_plain else None
