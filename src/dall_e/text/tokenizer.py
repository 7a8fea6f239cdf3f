"""Prompts and captions to token ids and back: a byte-level BPE for every script.

Shapes: B prompts, L ids of a prompt (start mark, pieces, end mark, padding).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import (
    Encoding,
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    trainers,
)

from dall_e.atomic_files import replace_text
from dall_e.bounded_files import WORDS_BYTES, naming, read_text

PAD_ID, START_ID, END_ID = 0, 1, 2
MARKS = ("<pad>", "<start>", "<end>")

# Each Han character, each digit and each sign is a word of its own, so that 猫 is the same piece in
# 白猫 and in 小猫, and a count is one piece. Other letters form words; the space before a word
# belongs to it.
_WORD = r"\p{Han}| ?\p{N}| ?[\p{L}\p{M}&&[^\p{Han}]]+| ?[^\s\p{L}\p{M}\p{N}]"


@dataclass(frozen=True, kw_only=True)
class EncodedText:
    """Ids of some prompts, and what of each prompt did not fit."""

    ids_BL: torch.Tensor
    """int64 [B, L]: start mark, pieces, end mark, then padding."""
    dropped: list[str]
    """The end of each prompt that did not fit, as written; empty where all fits."""


class TextTokenizer:
    """Byte-level BPE over normalised, lower-case text: every Unicode string has ids."""

    def __init__(self, bpe: Tokenizer) -> None:
        """Wrap a tokenizer that `train`, `load` or `from_json` made.

        Raises ValueError if its marks are not ours.
        """
        marks = tuple(bpe.id_to_token(mark_id) for mark_id in (PAD_ID, START_ID, END_ID))
        if marks != MARKS:
            raise ValueError(
                f"the text tokenizer's first three entries are {marks}, expected {MARKS}"
            )
        # A prompt that spells "<end>" is those five characters, never the mark.
        bpe.encode_special_tokens = True
        bpe.no_padding()
        bpe.no_truncation()
        self._bpe = bpe

    @classmethod
    def train(cls, captions: Iterable[str], vocab_size: int) -> TextTokenizer:
        """Learn a vocabulary from captions; the same captions give the same one.

        It has at most `vocab_size` entries, marks and 256 bytes included.
        """
        bpe = Tokenizer(models.BPE())
        bpe.normalizer = normalizers.Sequence(
            [
                normalizers.NFKC(),
                normalizers.Lowercase(),
                normalizers.Replace(Regex(r"\s+"), " "),
                normalizers.Strip(),
                # The first word gets a space like all others, so that "cat" has one spelling;
                # Han needs none.
                normalizers.Prepend(" "),
                normalizers.Replace(Regex(r" (?=\p{Han})"), ""),
            ]
        )
        bpe.pre_tokenizer = pre_tokenizers.Sequence(
            [
                pre_tokenizers.Split(Regex(_WORD), behavior="isolated"),
                pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
            ]
        )
        bpe.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=vocab_size,
            min_frequency=2,
            special_tokens=list(MARKS),
            initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
            show_progress=False,
        )
        bpe.train_from_iterator(captions, trainer)
        return cls(bpe)

    @classmethod
    def load(cls, path: str | Path) -> TextTokenizer:
        """Read the file that `save` wrote.

        Raises FileNotFoundError, or ValueError if it is not such a file.
        """
        with naming(path):
            return cls.from_json(read_text(Path(path), WORDS_BYTES))

    @classmethod
    def from_json(cls, text: str) -> TextTokenizer:
        """Read what `to_json` made. Raises ValueError if it is not that."""
        try:
            bpe = Tokenizer.from_str(text)
        except (KeyboardInterrupt, SystemExit):
            raise
        # The library raises bare Exception for a malformed file, and its panics are no Exception.
        except BaseException as error:
            raise ValueError(f"not a text tokenizer: {error}") from error
        return cls(bpe)

    def to_json(self) -> str:
        """The whole tokenizer as JSON."""
        return str(self._bpe.to_str())

    def save(self, path: str | Path) -> None:
        """Write the tokenizer to one JSON file, whole or not at all."""
        replace_text(path, self.to_json())

    @property
    def num_ids(self) -> int:
        """Entries in use, at most the `vocab_size` of training."""
        return int(self._bpe.get_vocab_size())

    def encode(self, prompts: list[str], max_tokens: int) -> EncodedText:
        """Ids of each prompt, cut after whole words where it does not fit into `max_tokens`.

        Returns ids_BL with L = max_tokens, and for each prompt its end that was dropped.
        """
        assert max_tokens >= 3
        # A lone surrogate is no character; the library refuses it, so it is shown as a question
        # mark.
        texts = [prompt.encode("utf-8", "replace").decode("utf-8") for prompt in prompts]

        ids_BL = torch.full((len(prompts), max_tokens), PAD_ID, dtype=torch.int64, device="cpu")
        dropped: list[str] = []
        encodings = self._bpe.encode_batch(texts)
        for row, (text, pieces) in enumerate(zip(texts, encodings, strict=True)):
            num_kept = _num_kept(pieces, max_tokens - 2)
            ids = [START_ID, *pieces.ids[:num_kept], END_ID]
            ids_BL[row, : len(ids)] = torch.tensor(ids, dtype=torch.int64, device="cpu")

            all_fit = num_kept == len(pieces.ids)
            dropped.append("" if all_fit else text[pieces.offsets[num_kept][0] :].strip())
        return EncodedText(ids_BL=ids_BL, dropped=dropped)

    def spans(self, prompt: str, max_tokens: int) -> list[tuple[int, int]]:
        """Where in the prompt each piece of `encode` starts and stops, in characters.

        Marks are left out, so piece k is token k + 1, behind the start mark. The blank before a
        word belongs to it.
        """
        text = prompt.encode("utf-8", "replace").decode("utf-8")
        pieces = self._bpe.encode(text)
        return [
            (int(start), int(stop))
            for start, stop in pieces.offsets[: _num_kept(pieces, max_tokens - 2)]
        ]

    def decode(self, ids: Iterable[int]) -> str:
        """The text of some ids, without marks and padding, in the lower case of `encode`."""
        plain_ids = [int(piece_id) for piece_id in ids]
        return str(self._bpe.decode(plain_ids, skip_special_tokens=True)).strip()


def _num_kept(pieces: Encoding, room: int) -> int:
    """How many pieces fit: whole words only, unless the first word alone is too long."""
    if len(pieces.ids) <= room:
        return len(pieces.ids)
    words = pieces.word_ids
    kept = room
    while kept > 0 and words[kept - 1] == words[room]:
        kept -= 1
    return kept or room
