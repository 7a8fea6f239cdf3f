"""Features of a prompt from flan-t5-xl, which LlamaGen's text-to-image models read.

The network comes from the package transformers. Shapes: L feature tokens, F feature width.
"""

from __future__ import annotations

import html
from typing import Any, NamedTuple

import torch
from torch import Tensor

from dall_e.checkpoints.hub import ORDINARY_ACCESS, HubAccess

REPOSITORY = "google/flan-t5-xl"
"""On the hub."""
AS_JSON = '{"kind": "t5"}'
"""Stands in a model folder for the text tokenizer."""


class Features(NamedTuple):
    """Features of one prompt, moved to the right end."""

    features_1LF: Tensor
    """0 where nothing is visible."""
    visible_1L: Tensor
    """True where a feature is."""
    dropped: str
    """The end of the prompt that did not fit."""


class T5Features:
    """Turns a prompt into features. Make one with `load`."""

    def __init__(self, tokenizer: Any, encoder: Any, max_tokens: int) -> None:
        self._tokenizer, self._encoder, self._max_tokens = tokenizer, encoder, max_tokens

    @classmethod
    def load(cls, where: str, max_tokens: int, *, hub: HubAccess = ORDINARY_ACCESS) -> T5Features:
        """Load tokenizer and encoder from the hub or a folder, in bfloat16 as LlamaGen does.

        Raises ImportError that names the extra if transformers is missing.
        """
        try:
            from transformers import AutoTokenizer, T5EncoderModel
        except ImportError as error:
            raise ImportError(
                "LlamaGen reads prompts with flan-t5-xl: pip install 'open-dalle[hub]'"
            ) from error
        tokenizer = AutoTokenizer.from_pretrained(where, **hub.keywords())
        encoder: Any = T5EncoderModel.from_pretrained(where, dtype=torch.bfloat16, **hub.keywords())
        return cls(tokenizer, encoder.eval(), max_tokens)

    def to_json(self) -> str:
        """A mark: the encoder is not stored with the model."""
        return AS_JSON

    def __call__(self, text: str) -> Features:
        """Features of one prompt.

        LlamaGen cleans captions of markup before: here they are unescaped, put in lower case and
        stripped, which is the same for a prompt without web addresses, mentions or HTML.
        """
        words = html.unescape(html.unescape(text)).lower().strip()
        all_ids = self._tokenizer(words, truncation=False)["input_ids"]
        ids, dropped = all_ids, ""
        if len(all_ids) > self._max_tokens:
            # The end mark stays.
            room = self._max_tokens - 1
            ids, dropped = [*all_ids[:room], all_ids[-1]], self._tokenizer.decode(all_ids[room:-1])

        with torch.inference_mode():
            ids_1L = torch.tensor([ids], dtype=torch.int64, device="cpu")
            mask_1L = torch.ones_like(ids_1L)
            states = self._encoder(input_ids=ids_1L, attention_mask=mask_1L).last_hidden_state

        # At the right end: the last feature stands just before the image.
        features_1LF = states.new_zeros(1, self._max_tokens, states.shape[-1])
        visible_1L = torch.zeros(1, self._max_tokens, dtype=torch.bool, device="cpu")
        features_1LF[:, -len(ids) :] = states
        visible_1L[:, -len(ids) :] = True
        return Features(features_1LF.float(), visible_1L, str(dropped))
