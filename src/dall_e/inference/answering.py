"""What a model says of an image: image and question to states, then words, one after the other.

Shapes: L prompt tokens, D width, V words of the vocabulary, C H W channels, rows and columns; S the
side of the image as the network sees it.
"""

from __future__ import annotations

import json
import os
import secrets
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from dall_e.checkpoints.families.base import PublishedNetworks
from dall_e.images.files import PILImage, from_pil, read_image
from dall_e.inference.validation import checked_prompts, image_seeds, is_int
from dall_e.models.left_to_right import LeftToRight
from dall_e.models.prompt_networks import PromptStates, PromptTable
from dall_e.models.vision_encoder import Vision
from dall_e.sampling.filters import choose
from dall_e.sampling.noise import gumbel
from dall_e.text.published_tokenizers import JanusTokenizer, bpe_from_text

QUESTION = "Describe this picture."
"""What is asked of an image unless the caller asks something else."""
CAPTION_QUESTIONS = {
    "en": "Say in one short sentence what this picture shows.",
    "zh": "用一句简短的中文说明这张图片的内容。",
}
"""What is asked for a caption, by language."""

# What fills an image up to a square, as in training.
_GREY = 127 / 255


class Conversation:
    """The frame of a question about an image in Janus' tokens, and its answer back in text.

    User: IMAGE, line break, question; assistant: answer. The ids of the marks are looked up by
    name, as for drawing.
    """

    MARKS = IMAGE_END, END = "<end_of_image>", "<\uff5cend\u2581of\u2581sentence\uff5c>"

    def __init__(self, tokenizer: JanusTokenizer) -> None:
        """Raises ValueError for a tokenizer without the marks of a conversation."""
        stored = json.loads(tokenizer.to_json())
        self._bpe = bpe_from_text(json.dumps(stored["tokenizer"]))
        self._user, self._assistant = stored["roles"]

        names = (tokenizer.START, tokenizer.IMAGE, *self.MARKS)
        known = {name: self._bpe.token_to_id(name) for name in names}
        ids = [mark_id for mark_id in known.values() if mark_id is not None]
        lacking = [name for name, mark_id in known.items() if mark_id is None]
        if lacking:
            raise ValueError(
                f"the tokenizer has no {', '.join(lacking)}: "
                "it is not one for answers about pictures"
            )
        self._start, self._image, self._image_end, self.end_id = ids

    def around(self, question: str) -> tuple[list[int], list[int]]:
        """Ids before the states of the image, and behind them."""
        before = self._ids(f"{self._user}: ")
        behind = self._ids(f"\n{question.strip()}\n\n{self._assistant}:")
        return [self._start, *before, self._image], [self._image_end, *behind]

    def text(self, ids: list[int]) -> str:
        """The words of some ids, without marks."""
        return str(self._bpe.decode(ids, skip_special_tokens=True)).strip()

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = self._bpe.encode(text, add_special_tokens=False).ids
        return ids


class TextSamplingConfig(NamedTuple):
    """How the words of an answer are drawn."""

    max_new_tokens: int
    """Longest answer in tokens."""
    temperature: float
    """0 takes the likeliest word each time."""
    seed: int | None
    """Of the draws; None draws a fresh one."""

    def checked(self) -> TextSamplingConfig:
        """The same with a seed that is a number.

        Raises ValueError for what is out of range; warns of a seed without a use.
        """
        if not is_int(self.max_new_tokens) or self.max_new_tokens < 1:
            raise ValueError(
                f"max_new_tokens must be a whole number of at least 1, got {self.max_new_tokens!r}"
            )
        if not 0 <= self.temperature < float("inf"):
            raise ValueError(
                f"temperature must be a number of at least 0, got {self.temperature!r}"
            )
        if self.temperature == 0 and self.seed is not None:
            warnings.warn("seed is ignored: at temperature 0 nothing is drawn", stacklevel=4)

        seed = secrets.randbelow(2**32) if self.seed is None else self.seed
        return self._replace(seed=image_seeds(seed, None, 1, 1)[0])


class Describer:
    """Answers questions about images with the networks of a model."""

    def __init__(
        self, prompts: PromptTable, raster: LeftToRight, vision: Vision, conversation: Conversation
    ) -> None:
        self._prompts = prompts
        self._raster = raster
        self._vision = vision
        self._conversation = conversation

    def answer(
        self,
        image: PILImage | str | os.PathLike[str],
        question: str,
        text_sampling: TextSamplingConfig,
    ) -> str:
        """Answer one question.

        Warns if the answer was cut short; raises ValueError for what does not fit.
        """
        return self.likely_answer(image, question, text_sampling)[0]

    def likely_answer(
        self,
        image: PILImage | str | os.PathLike[str],
        question: str,
        text_sampling: TextSamplingConfig,
    ) -> tuple[str, float]:
        """As `answer`, and how likely its words and its end are, in nats; at most 0."""
        (question,) = checked_prompts(question)
        text_sampling = text_sampling.checked()

        # Image and question
        x_1CSS = preprocess(image, self._vision.config.image_size).to(self._vision.places.weight)
        before, behind = self._conversation.around(question)
        states_1LD = self.embed(x_1CSS, before, behind)

        # Answer
        ids, log_probability = self._words(states_1LD, text_sampling)
        if ids[-1] != self._conversation.end_id:
            warnings.warn(
                f"the answer was cut off after max_new_tokens {text_sampling.max_new_tokens}: "
                "ask for more",
                stacklevel=3,
            )
        return self._conversation.text(ids), log_probability

    def embed(self, x_1CSS: Tensor, before: list[int], behind: list[int]) -> Tensor:
        """States [1, L, D] of ids, an image [1, 3, S, S] in [0, 1], and ids behind it."""
        words = self._prompts.tokens
        before_L, behind_L = (
            torch.tensor(ids, dtype=torch.int64, device=words.weight.device)
            for ids in (before, behind)
        )
        before_LD, behind_LD = words(before_L), words(behind_L)
        return torch.cat((before_LD[None], self._vision(x_1CSS), behind_LD[None]), dim=1)

    def generate(self, states_1LD: Tensor, text_sampling: TextSamplingConfig) -> list[int]:
        """Ids of an answer: up to the mark that ends it, or as many as are allowed."""
        return self._words(states_1LD, text_sampling)[0]

    def _words(
        self, states_1LD: Tensor, text_sampling: TextSamplingConfig
    ) -> tuple[list[int], float]:
        """Ids of an answer, and how likely all of them are, in nats."""
        raster, vision, room = self._raster, self._vision, text_sampling.max_new_tokens
        longest = raster.config.prefix_tokens + raster.config.num_tokens
        length = states_1LD.shape[1]
        if length + room > longest:
            raise ValueError(
                f"picture and question are {length} tokens and the answer may have {room}: "
                f"together more than the {longest} that are read; ask a shorter question, or for "
                "less"
            )

        visible_1L = torch.ones(1, length, dtype=torch.bool, device=states_1LD.device)
        cache = raster.prefill(PromptStates(states_1LD, visible_1L), room=room)
        ids: list[int] = []
        log_probability = 0.0
        while len(ids) < room:
            logits_1V = vision.word_logits(cache.state_BD)
            word_1 = _next_word(logits_1V, len(ids), text_sampling)
            ids.append(int(word_1))
            log_probability += float(logits_1V.float().log_softmax(-1)[0, ids[-1]])
            if ids[-1] == self._conversation.end_id:
                break
            raster.read(cache, self._prompts.tokens(word_1)[:, None])
        return ids, log_probability


def _next_word(logits_1V: Tensor, position: int, text_sampling: TextSamplingConfig) -> Tensor:
    """The next word [1]. Noise is addressed by position, as that of images is."""
    noise_1V = logits_1V.new_zeros(1, 1)
    if text_sampling.temperature:
        assert text_sampling.seed is not None
        noise_11V = gumbel([text_sampling.seed], 1, logits_1V.shape[-1], first_position=position)
        noise_1V = noise_11V[:, 0].to(logits_1V.device)
    return choose(logits_1V, noise_1V, temperature=text_sampling.temperature, top_k=0, top_p=1.0)


def make_describer(name: str, networks: Any, tokenizer: Any) -> Describer:
    """The describer of a model, from its networks and its text tokenizer.

    Loads the network that reads images. Raises ValueError if the model has none.
    """
    if not isinstance(networks, PublishedNetworks) or networks.vision is None:
        raise ValueError(
            f"{name} only draws: it cannot describe pictures; models that can are those of Janus"
        )
    assert isinstance(networks.text, PromptTable) and isinstance(tokenizer, JanusTokenizer)
    conversation = Conversation(tokenizer)
    vision = networks.vision.get(networks.text.tokens.weight)
    return Describer(networks.text, networks.generator, vision, conversation)


def preprocess(image: PILImage | str | os.PathLike[str], size: int) -> Tensor:
    """An image, or the file of one, as the network sees it: [1, 3, S, S] in [0, 1].

    Filled up to a square with grey; what is transparent is grey too. Raises OSError or ValueError
    for a file that cannot be read.
    """
    if isinstance(image, str | os.PathLike):
        rgba = read_image(Path(image).expanduser(), size)
    else:
        rgba = from_pil(image, size)
    rgba_CSS = torch.from_numpy(rgba).float() / 255
    return (rgba_CSS[:3] + (1 - rgba_CSS[3:]) * _GREY)[None]
