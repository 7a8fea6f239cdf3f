"""Actions that ask: what is read in a prompt, how a picture came about, what one shows."""

from __future__ import annotations

from functools import partial

import gradio as gr
from starlette.concurrency import run_in_threadpool

from dall_e.inference.captioning import CaptionSettings
from dall_e.inference.remarks import unread_in_words
from dall_e.page import views
from dall_e.page.actions import Actions, Shown, data_of
from dall_e.page.album import Album, Entry
from dall_e.page.routes import HTML
from dall_e.pipeline import DALL_E
from dall_e.planning.plan import plan_prompt
from dall_e.serving.answers import image_file
from dall_e.serving.links import StoredImage
from dall_e.serving.schemas import GenerationBody
from dall_e.serving.uploads import from_base64
from dall_e.text.language import Language

_LONGEST_READ = 2000
"""Characters of a prompt that are looked at while it is typed."""
_LONGEST_NAME = 80
"""Characters of the name of a picture that is brought."""


class AskingActions(Actions):
    """What asks."""

    def understand(self, prompt: str, model: str) -> str:
        """Say what would be read in a prompt."""
        vocabulary = self._model(model).vocabulary
        text = prompt.strip()[:_LONGEST_READ]
        if not text or vocabulary is None:
            return ""
        plan = plan_prompt(text, vocabulary, None)
        remark = unread_in_words(text, plan, self._words.language)
        return views.understanding(plan, remark, vocabulary, self._words)

    def example(self, event: gr.EventData) -> str:
        """Take one of the prompts that are shown."""
        index, prompts = data_of(event).get("index"), self._words.prompts
        return prompts[index] if isinstance(index, int) and index in range(len(prompts)) else ""

    async def explain(self, album: Album, request: gr.Request) -> str:
        """Say how the chosen picture came about."""
        with self._telling():
            owner = self._count(request)
            entry, _ = self._chosen(album)
            if entry.asked is None or entry.is_arranged:
                raise self._error(self._words.no_explanation)
            language = self._words.language
            call = partial(_explanation, self._model_of(entry), entry.asked, language)
            page: str = await self._asked(owner, call)
        name = self._state.links.add(StoredImage(page.encode(), HTML))
        return views.explained(name, self._words)

    async def bring(self, album: Album, event: gr.EventData) -> Shown:
        """Take in a picture of the visitor's own."""
        data = data_of(event)
        with self._telling():
            most = self._state.settings.max_upload_pixels
            sent = str(data.get("picture", ""))
            image = await run_in_threadpool(from_base64, sent, most, "picture")
            await run_in_threadpool(self._state.moderation.check_upload, image)
            file = await run_in_threadpool(image_file, image, "png")
        entry = Entry(
            name=self._state.links.add(file),
            title=str(data.get("name") or self._words.own_image)[:_LONGEST_NAME],
            width=image.width,
            height=image.height,
            is_transparent=image.mode == "RGBA",
        )
        return await self.show(album.with_new([entry]))

    async def describe(self, album: Album, model: str, request: gr.Request) -> str:
        """Say what the chosen picture shows."""
        with self._telling():
            owner = self._count(request)
            _, image = self._chosen(album)
            settings = CaptionSettings(language=self._words.language)
            call = partial(self._model(model).captions_of, [image], settings)
            (captions,) = await self._asked(owner, call, image)
        return views.captioned([caption.text for caption in captions])


def can_describe(model: DALL_E) -> bool:
    """Whether a model says what a picture shows."""
    parts = (getattr(model.networks, part, None) for part in ("captioner", "vision"))
    return any(part is not None for part in (*parts, model.recogniser))


def _explanation(model: DALL_E, asked: GenerationBody, language: Language) -> str:
    """The page that explains a picture, which is drawn again."""
    sampling = model.sampling_settings(
        num_inference_steps=asked.steps, guidance_scale=asked.guidance_scale
    )
    explanation = model.explain(
        asked.prompt,
        seed=asked.seed,
        negative_prompt=asked.negative_prompt,
        style=asked.style or None,
        sampling=sampling,
    )
    return explanation.to_html(language)
