"""Prompts to ids as published models expect them, each by its project's own rules.

What a prompt loses on the way, since it does not fit or has no piece, is reported with the ids.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers

from dall_e.text.dalle_mini import named_emoji, normalised, to_ascii
from dall_e.text.pair_merging import merge_pairs
from dall_e.text.youtokentome import YouTokenToMe


@dataclass(frozen=True, kw_only=True)
class EncodedPrompt:
    """Ids of one prompt, and what of it they leave out."""

    ids: list[int]
    """As the network reads them, marks and padding included."""
    dropped: str
    """The end of the prompt that did not fit; empty where all fits."""
    lost: str
    """Characters that the tokenizer has no piece for."""


class PromptTokenizer(Protocol):
    """Text to ids."""

    def encode(self, text: str, max_tokens: int) -> EncodedPrompt:
        """Ids of a prompt, at most `max_tokens`."""
        ...

    def without_words(self, encoded: EncodedPrompt, max_tokens: int) -> EncodedPrompt:
        """What stands for no prompt beside this one, for guidance."""
        ...

    def to_json(self) -> str:
        """All that `prompt_tokenizer_from_json` needs to make it again."""
        ...


def prompt_tokenizer_from_json(text: str) -> PromptTokenizer:
    """Read what `to_json` wrote. Raises ValueError if it is not that."""
    try:
        held: dict[str, Any] = json.loads(text)
        kind = held["kind"]
        if kind == "mini":
            return MiniTokenizer(held["vocabulary"], held["merges"])
        if kind == "yttm":
            return RussianTokenizer.from_held(held)

        bpe = bpe_from_text(json.dumps(held["tokenizer"]))
        if kind == "bart":
            return BartTokenizer(bpe)
        if kind == "char_bpe":
            return CharBPETokenizer(bpe)
        if kind == "janus":
            return JanusTokenizer(bpe, (held["roles"][0], held["roles"][1]))
    except (
        KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError,
    ) as error:  # fmt: skip
        raise ValueError(f"not a text tokenizer of a published model: {error}") from error
    raise ValueError(f"not a text tokenizer of a published model: its kind is {kind!r}")


def bpe_from_text(text: str) -> Tokenizer:
    """A tokenizer.json. Raises ValueError if it is malformed.

    Its padding is left out: a file could ask for any length, and networks here have their own.
    """
    try:
        bpe = Tokenizer.from_str(text)
        bpe.no_padding()
        return bpe
    except (KeyboardInterrupt, SystemExit):
        raise
    # The library raises bare Exception for every malformed file, and its panics are no Exception.
    except BaseException as error:
        raise ValueError(f"not a tokenizer.json: {error}") from error


class MiniTokenizer:
    """DALL-E mini and mega, by the rules of the package min-dalle.

    Lower case, ASCII only; words are parted at spaces, and a word is merged pair by pair. Emoji
    become their names if the package `emoji` is installed.
    """

    START, END, PAD, UNKNOWN = "<s>", "</s>", "<pad>", "<unk>"
    _SPACE = "\u0120"

    def __init__(self, vocabulary: dict[str, int], merges: Sequence[str]) -> None:
        for mark in (self.START, self.END, self.UNKNOWN):
            if mark not in vocabulary:
                raise ValueError(f"the vocabulary has no {mark}: it is not that of DALL-E mini")
        if any(type(piece_id) is not int or piece_id < 0 for piece_id in vocabulary.values()):
            raise ValueError("the vocabulary has an id that is no whole number")
        self._vocabulary, self._lines = vocabulary, list(merges)
        self._pad_id = vocabulary.get(self.PAD, 1)

        # The rank of a pair is its line.
        pairs = [tuple(line.split()) for line in merges]
        self._merges = {pair: (rank, "".join(pair)) for rank, pair in enumerate(pairs)}

    @classmethod
    def from_files(cls, vocabulary: str, merges: str) -> MiniTokenizer:
        """From the texts of vocab.json and merges.txt, whose first line is a heading."""
        return cls(json.loads(vocabulary), merges.split("\n")[1:-1])

    def encode(self, text: str, max_tokens: int) -> EncodedPrompt:
        """Start mark, pieces, end mark, padding. Cut after whole words, and the end mark stays."""
        named = named_emoji(text, mark="").lower()
        plain = named.encode("ascii", "ignore").decode()
        lost = _each_once(letter for letter in named if letter not in plain)

        room = max_tokens - 2
        ids: list[int] = []
        words = [word for word in plain.split(" ") if word]
        for index, word in enumerate(words):
            word_ids = self._ids_of(word)
            if len(ids) + len(word_ids) > room:
                # Only a first word that is too long by itself is cut in the middle.
                kept = ids if index else word_ids[:room]
                return self._marked(kept, max_tokens, " ".join(words[index:]), lost)
            ids += word_ids
        return self._marked(ids, max_tokens, "", lost)

    def without_words(self, encoded: EncodedPrompt, max_tokens: int) -> EncodedPrompt:
        """The two marks."""
        return self._marked([], max_tokens, "", "")

    def to_json(self) -> str:
        """Vocabulary and merges."""
        return json.dumps({"kind": "mini", "vocabulary": self._vocabulary, "merges": self._lines})

    def _marked(self, ids: list[int], max_tokens: int, dropped: str, lost: str) -> EncodedPrompt:
        marked = [self._vocabulary[self.START], *ids, self._vocabulary[self.END]]
        return EncodedPrompt(
            ids=_padded(marked, self._pad_id, max_tokens), dropped=dropped, lost=lost
        )

    def _ids_of(self, word: str) -> list[int]:
        pieces = merge_pairs([self._SPACE, *word], self._merges)
        unknown = self._vocabulary[self.UNKNOWN]
        return [self._vocabulary.get(piece, unknown) for piece in pieces]


class BartTokenizer:
    """DALL-E mini and mega as they were trained: normalised words, a byte-level BPE, padding."""

    def __init__(self, bpe: Tokenizer) -> None:
        start, end, pad = (bpe.token_to_id(mark) for mark in ("<s>", "</s>", "<pad>"))
        if start is None or end is None or pad is None:
            raise ValueError(
                "the tokenizer lacks <s>, </s> or <pad>: it is not that of DALL-E mini"
            )
        self._bpe, self._start, self._end, self._pad = bpe, start, end, pad

    def encode(self, text: str, max_tokens: int) -> EncodedPrompt:
        """Start mark, pieces, end mark, padding, which is masked."""
        words = f" {normalised(text)}"
        pieces = self._bpe.encode(words, add_special_tokens=False)
        room = max_tokens - 2
        dropped = words[pieces.offsets[room][0] :].strip() if len(pieces.ids) > room else ""
        lost = _each_once(
            letter for letter in text if letter.strip() and not to_ascii(letter).strip()
        )
        return self._marked(pieces.ids[:room], max_tokens, dropped, lost)

    def without_words(self, encoded: EncodedPrompt, max_tokens: int) -> EncodedPrompt:
        """The two marks."""
        return self._marked([], max_tokens, "", "")

    def to_json(self) -> str:
        """The whole tokenizer."""
        return json.dumps({"kind": "bart", "tokenizer": json.loads(self._bpe.to_str())})

    def _marked(self, ids: list[int], max_tokens: int, dropped: str, lost: str) -> EncodedPrompt:
        marked = [self._start, *ids, self._end]
        return EncodedPrompt(ids=_padded(marked, self._pad, max_tokens), dropped=dropped, lost=lost)


class CharBPETokenizer:
    """minDALL-E: a character-level BPE whose words end in </w>.

    It is padded with [PAD], which the network reads like any token.
    """

    def __init__(self, bpe: Tokenizer) -> None:
        pad_id = bpe.token_to_id("[PAD]")
        if pad_id is None:
            raise ValueError("the tokenizer has no [PAD]: it is not that of minDALL-E")
        self._bpe, self._pad_id = bpe, pad_id
        self._unknown_id = bpe.token_to_id("[UNK]")

    @classmethod
    def from_files(cls, vocabulary: str, merges: str) -> CharBPETokenizer:
        """From the texts of bpe-16k-vocab.json and bpe-16k-merges.txt."""
        lines = [line for line in merges.splitlines() if line and not line.startswith("#version")]
        pairs = [line.split(" ") for line in lines]
        model = models.BPE(
            vocab=json.loads(vocabulary),
            merges=[(pair[0], pair[1]) for pair in pairs],
            unk_token="[UNK]",
            end_of_word_suffix="</w>",
        )
        bpe = Tokenizer(model)
        if bpe.token_to_id("[UNK]") is not None:
            bpe.add_special_tokens([AddedToken("[UNK]", special=True)])
        bpe.normalizer = normalizers.Sequence(
            [normalizers.BertNormalizer(lowercase=False), normalizers.Lowercase()]
        )
        bpe.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        bpe.decoder = decoders.BPEDecoder(suffix="</w>")
        bpe.add_special_tokens(["[PAD]"])
        return cls(bpe)

    def encode(self, text: str, max_tokens: int) -> EncodedPrompt:
        """Pieces, then padding."""
        pieces = self._bpe.encode(text)
        dropped = ""
        if len(pieces.ids) > max_tokens:
            dropped = text[pieces.offsets[max_tokens][0] :].strip()

        lost = ""
        for piece, (start, end) in zip(pieces.ids, pieces.offsets, strict=True):
            if piece == self._unknown_id:
                lost += text[start:end]

        ids = _padded(pieces.ids[:max_tokens], self._pad_id, max_tokens)
        return EncodedPrompt(ids=ids, dropped=dropped, lost=_each_once(lost))

    def without_words(self, encoded: EncodedPrompt, max_tokens: int) -> EncodedPrompt:
        """Padding only."""
        return EncodedPrompt(ids=[self._pad_id] * max_tokens, dropped="", lost="")

    def to_json(self) -> str:
        """The whole tokenizer."""
        return json.dumps({"kind": "char_bpe", "tokenizer": json.loads(self._bpe.to_str())})


class RussianTokenizer:
    """ruDALL-E: pieces of YouTokenToMe; each empty position of the prompt has an id of its own."""

    def __init__(self, model: YouTokenToMe, first_empty: int, *, starts_twice: bool) -> None:
        """Take `first_empty` as the id of an empty first position; those of the others follow.

        starts_twice: whether the start mark stands there twice, as the second version wants it.
        """
        self._model, self._first_empty, self._starts_twice = model, first_empty, starts_twice

    @classmethod
    def from_file(
        cls, text: str, first_empty: int, *, starts_twice: bool = False
    ) -> RussianTokenizer:
        """From the text of bpe.model. Raises ValueError if it is no such file."""
        return cls(YouTokenToMe.from_text(text), first_empty, starts_twice=starts_twice)

    @classmethod
    def from_held(cls, held: dict[str, Any]) -> RussianTokenizer:
        """From what the JSON of `to_json` holds."""
        model = YouTokenToMe(letters=held["letters"], pairs=held["pairs"], marks=held["marks"])
        return cls(model, held["first_empty"], starts_twice=held["starts_twice"])

    def encode(self, text: str, max_tokens: int) -> EncodedPrompt:
        """Start mark, pieces, end mark, and an id of its own for every position left over."""
        _, _, start_id, end_id = self._model.marks
        length = max_tokens - self._starts_twice
        ids, lost, dropped = [start_id], "", ""
        words = text.lower().split()
        for index, word in enumerate(words):
            pieces = self._model.pieces(word)
            if len(ids) + len(pieces) > length - 1:
                # Only a first word that is too long by itself is cut in the middle.
                pieces = pieces[: length - 1 - len(ids)] if index == 0 else []
                dropped = " ".join(words[index:])
            ids += pieces
            lost += "".join(letter for letter in word if letter not in self._model.letters)
            if dropped:
                break

        ids.append(end_id)
        ids += [self._first_empty + position for position in range(len(ids), length)]
        if self._starts_twice:
            ids = [start_id, *ids]
        return EncodedPrompt(ids=ids, dropped=dropped, lost=_each_once(lost))

    def without_words(self, encoded: EncodedPrompt, max_tokens: int) -> EncodedPrompt:
        """The two marks and empty positions."""
        return self.encode("", max_tokens)

    def to_json(self) -> str:
        """Letters, pairs and marks."""
        held = {
            "kind": "yttm",
            "letters": self._model.letters,
            "pairs": self._model.pairs,
            "marks": self._model.marks,
            "starts_twice": self._starts_twice,
            "first_empty": self._first_empty,
        }
        return json.dumps(held)


class JanusTokenizer:
    """Janus and Janus-Pro: the prompt as a user's words, then the mark that begins an image.

    Prompts are never padded. Ids of the marks differ between the original tokenizer and the
    converted one, so they are looked up by name.
    """

    START = "<\uff5cbegin\u2581of\u2581sentence\uff5c>"
    PAD = "<\uff5c\u2581pad\u2581\uff5c>"
    IMAGE = "<begin_of_image>"

    def __init__(
        self, bpe: Tokenizer, roles: tuple[str, str] = ("<|User|>", "<|Assistant|>")
    ) -> None:
        marks = (self.START, self.PAD, self.IMAGE)
        start, pad, image = (bpe.token_to_id(mark) for mark in marks)
        if start is None or pad is None or image is None:
            missing = ", ".join(mark for mark in marks if bpe.token_to_id(mark) is None)
            raise ValueError(f"the tokenizer has no {missing}: it is not that of Janus")
        self._bpe, self._roles = bpe, roles
        self._start, self._pad, self._image = start, pad, image

    def encode(self, text: str, max_tokens: int) -> EncodedPrompt:
        """Start mark, the conversation so far, the mark that begins an image."""
        user, assistant = self._roles
        words, dropped = text.strip(), ""
        head, tail = f"{user}: ", f"\n\n{assistant}:"
        pieces = self._bpe.encode(f"{head}{words}{tail}", add_special_tokens=False)

        num_over = len(pieces.ids) + 2 - max_tokens
        if num_over > 0:
            # Eight pieces are more than the tail has: the cut is before it, in the words.
            last = max(0, len(pieces.ids) - num_over - 8)
            cut = max(0, pieces.offsets[last][0] - len(head))
            words, dropped = words[:cut].rstrip(), words[cut:].strip()
            pieces = self._bpe.encode(f"{head}{words}{tail}", add_special_tokens=False)
        return EncodedPrompt(ids=[self._start, *pieces.ids, self._image], dropped=dropped, lost="")

    def without_words(self, encoded: EncodedPrompt, max_tokens: int) -> EncodedPrompt:
        """The same ids with padding between the first and the last."""
        padding = [self._pad] * (len(encoded.ids) - 2)
        ids = [encoded.ids[0], *padding, encoded.ids[-1]]
        return EncodedPrompt(ids=ids, dropped="", lost="")

    def to_json(self) -> str:
        """The whole tokenizer, and how the two sides are called."""
        tokenizer = json.loads(self._bpe.to_str())
        return json.dumps({"kind": "janus", "roles": self._roles, "tokenizer": tokenizer})


def _padded(ids: list[int], pad_id: int, length: int) -> list[int]:
    return ids + [pad_id] * (length - len(ids))


def _each_once(letters: Iterable[str]) -> str:
    """Letters in the order in which they first appear."""
    return "".join(dict.fromkeys(letters))
