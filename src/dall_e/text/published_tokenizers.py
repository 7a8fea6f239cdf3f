"""Prompts to ids as published models expect them: each project's own rules, and what they lose said
aloud."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers

from dall_e.text.dalle_mini import named_emoji, normalised, to_ascii


@dataclass(frozen=True, kw_only=True)
class EncodedPrompt:
    """Ids of one prompt, and what of it they leave out."""

    ids: list[int]
    """As the network reads them, marks and padding included."""
    dropped: str
    """What did not fit; empty where all fits."""
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


class MiniTokenizer:
    """DALL-E mini and mega, by the rules of the package min-dalle.

    Lower case, ASCII only; words are parted at spaces, and a word is merged pair by pair, the pair
    of the lowest rank first, always at its first place. Emoji become their names if the package
    `emoji` is installed.
    """

    START, END, PAD, UNKNOWN = "<s>", "</s>", "<pad>", "<unk>"
    _SPACE = "\u0120"

    def __init__(self, vocabulary: dict[str, int], merges: Sequence[str]) -> None:
        for mark in (self.START, self.END, self.UNKNOWN):
            if mark not in vocabulary:
                raise ValueError(f"the vocabulary has no {mark}: it is not that of DALL-E mini")
        self._vocabulary, self._merges = vocabulary, list(merges)
        parts = map(str.split, merges)
        self._joins = {tuple(pair): (rank, "".join(pair)) for rank, pair in enumerate(parts)}
        self._pad_id = vocabulary.get(self.PAD, 1)

    @classmethod
    def from_files(cls, vocabulary: str, merges: str) -> MiniTokenizer:
        """From the texts of vocab.json and merges.txt, whose first line is a heading."""
        return cls(json.loads(vocabulary), merges.split("\n")[1:-1])

    def encode(self, text: str, max_tokens: int) -> EncodedPrompt:
        """Start mark, pieces, end mark, padding. Cut after whole words, and the end mark stays."""
        named = named_emoji(text, mark="").lower()
        plain = named.encode("ascii", "ignore").decode()
        ids: list[int] = []
        words = [word for word in plain.split(" ") if word]
        for index, word in enumerate(words):
            pieces = [
                self._vocabulary.get(piece, self._vocabulary[self.UNKNOWN])
                for piece in self._pieces(word)
            ]
            if len(ids) + len(pieces) > max_tokens - 2:
                kept = ids if index else pieces[: max_tokens - 2]
                return self._marked(
                    kept, max_tokens, " ".join(words[index:]), _not_in(named, plain)
                )
            ids += pieces
        return self._marked(ids, max_tokens, "", _not_in(named, plain))

    def without_words(self, encoded: EncodedPrompt, max_tokens: int) -> EncodedPrompt:
        """The two marks."""
        return self._marked([], max_tokens, "", "")

    def to_json(self) -> str:
        """Vocabulary and merges."""
        return json.dumps({"kind": "mini", "vocabulary": self._vocabulary, "merges": self._merges})

    def _marked(self, ids: list[int], max_tokens: int, dropped: str, lost: str) -> EncodedPrompt:
        marked = [self._vocabulary[self.START], *ids, self._vocabulary[self.END]]
        padding = [self._pad_id] * (max_tokens - len(marked))
        return EncodedPrompt(ids=marked + padding, dropped=dropped, lost=lost)

    def _pieces(self, word: str) -> list[str]:
        return _joined([self._SPACE, *word], self._joins)


class BartTokenizer:
    """DALL-E mini and mega as they were trained: normalised words, a byte-level BPE, marks, padding
    that is masked."""

    def __init__(self, bpe: Tokenizer) -> None:
        found = [bpe.token_to_id(mark) for mark in ("<s>", "</s>", "<pad>")]
        marks = [mark for mark in found if mark is not None]
        if len(marks) < len(found):
            raise ValueError(
                "the tokenizer lacks <s>, </s> or <pad>: it is not that of DALL-E mini"
            )
        self._bpe, (self._start, self._end, self._pad) = bpe, marks

    def encode(self, text: str, max_tokens: int) -> EncodedPrompt:
        """Start mark, pieces, end mark, padding."""
        words = f" {normalised(text)}"
        pieces = self._bpe.encode(words, add_special_tokens=False)
        room = max_tokens - 2
        dropped = words[pieces.offsets[room][0] :].strip() if len(pieces.ids) > room else ""
        lost = "".join(
            dict.fromkeys(
                letter for letter in text if letter.strip() and not to_ascii(letter).strip()
            )
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
        return EncodedPrompt(
            ids=marked + [self._pad] * (max_tokens - len(marked)), dropped=dropped, lost=lost
        )


class CharBPETokenizer:
    """minDALL-E: a character-level BPE whose words end in </w>, padded with [PAD] that is read like
    any token."""

    def __init__(self, bpe: Tokenizer) -> None:
        pad_id = bpe.token_to_id("[PAD]")
        if pad_id is None:
            raise ValueError("the tokenizer has no [PAD]: it is not that of minDALL-E")
        self._bpe, self._pad_id = bpe, pad_id
        self._unknown_id = bpe.token_to_id("[UNK]")

    @classmethod
    def from_files(cls, vocabulary: str, merges: str) -> CharBPETokenizer:
        """From the texts of bpe-16k-vocab.json and bpe-16k-merges.txt."""
        pairs = [
            tuple(line.split(" "))
            for line in merges.splitlines()
            if line and not line.startswith("#version")
        ]
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
        kept = pieces.ids[:max_tokens]
        dropped = (
            text[pieces.offsets[max_tokens][0] :].strip() if len(pieces.ids) > max_tokens else ""
        )
        unknown = [
            span
            for piece, span in zip(pieces.ids, pieces.offsets, strict=True)
            if piece == self._unknown_id
        ]
        lost = "".join(dict.fromkeys("".join(text[first:end] for first, end in unknown)))
        return EncodedPrompt(
            ids=kept + [self._pad_id] * (max_tokens - len(kept)), dropped=dropped, lost=lost
        )

    def without_words(self, encoded: EncodedPrompt, max_tokens: int) -> EncodedPrompt:
        """Padding only."""
        return EncodedPrompt(ids=[self._pad_id] * max_tokens, dropped="", lost="")

    def to_json(self) -> str:
        """The whole tokenizer."""
        return json.dumps({"kind": "char_bpe", "tokenizer": json.loads(self._bpe.to_str())})


class RussianTokenizer:
    """ruDALL-E: the pairs of a YouTokenToMe model, merged by rank; empty places have an id for each
    place.

    The model's file is numbers as text: how many letters and pairs there are, a line for each
    letter (code point, id), one for each pair (left, right, both), and the ids of unknown letters,
    padding, start and end.
    """

    _SPACE = "\u2581"

    def __init__(self, held: dict[str, Any]) -> None:
        """What `to_json` keeps."""
        self._held = held
        self._letters: dict[str, int] = held["letters"]
        self._joins = {
            (left, right): (rank, both) for rank, (left, right, both) in enumerate(held["pairs"])
        }
        self._unknown, _, self._start, self._end = held["marks"]
        self._first_empty: int = held["first_empty"]
        self._starts_twice: bool = held["starts_twice"]
        if self._SPACE not in self._letters:
            raise ValueError("the tokenizer has no mark for spaces: it is no model of YouTokenToMe")

    @classmethod
    def from_file(
        cls, text: str, first_empty: int, *, starts_twice: bool = False
    ) -> RussianTokenizer:
        """From the text of bpe.model; `first_empty` is the id of an empty first place, the others'
        follow.

        `starts_twice`: the start mark stands there twice, as the second version wants it.
        """
        try:
            numbers = [int(word) for word in text.split()]
            count, pairs = numbers[:2]
            rest = numbers[2 + 2 * count :]
            letters = {chr(numbers[2 + 2 * row]): numbers[3 + 2 * row] for row in range(count)}
            merged = [rest[3 * row : 3 * row + 3] for row in range(pairs)]
            marks = rest[3 * pairs : 3 * pairs + 4]
            if len(marks) < 4 or len(rest) != 3 * pairs + 4:
                raise ValueError(
                    f"{len(numbers)} numbers are not {count} letters and {pairs} pairs"
                )
        except (ValueError, IndexError, OverflowError) as error:
            raise ValueError(f"not a model of YouTokenToMe: {error}") from error
        held = {"letters": letters, "pairs": merged, "marks": marks, "starts_twice": starts_twice}
        return cls({**held, "first_empty": first_empty})

    def encode(self, text: str, max_tokens: int) -> EncodedPrompt:
        """Start mark, pieces, end mark, and an id of its own for every place that is left over."""
        plain = text.lower().strip()
        ids, lost = [self._start], ""
        words = plain.split()
        dropped = ""
        places = max_tokens - self._starts_twice
        for index, word in enumerate(words):
            pieces = self._pieces(word)
            if len(ids) + len(pieces) > places - 1:
                pieces = pieces[: places - 1 - len(ids)] if index == 0 else []
                dropped = " ".join(words[index:])
            ids += pieces
            lost += "".join(letter for letter in word if letter not in self._letters)
            if dropped:
                break
        ids.append(self._end)
        ids += [self._first_empty + place for place in range(len(ids), places)]
        first = [self._start] if self._starts_twice else []
        return EncodedPrompt(ids=first + ids, dropped=dropped, lost="".join(dict.fromkeys(lost)))

    def without_words(self, encoded: EncodedPrompt, max_tokens: int) -> EncodedPrompt:
        """The two marks and empty places."""
        return self.encode("", max_tokens)

    def to_json(self) -> str:
        """Letters, pairs and marks."""
        return json.dumps({"kind": "yttm", **self._held})

    def _pieces(self, word: str) -> list[int]:
        ids = [self._letters[self._SPACE]]
        known = True
        for letter in word:
            # Letters without an id that follow each other are one unknown piece.
            if letter in self._letters:
                ids.append(self._letters[letter])
            elif known:
                ids.append(-1)
            known = letter in self._letters
        return [self._unknown if piece < 0 else piece for piece in _joined(ids, self._joins)]


class JanusTokenizer:
    """Janus and Janus-Pro: the prompt as a user's words, then the mark that begins a picture; never
    padded.

    Ids of the marks differ between the original tokenizer and the converted one, so they are looked
    up by name.
    """

    START, PAD, IMAGE = (
        "<\uff5cbegin\u2581of\u2581sentence\uff5c>",
        "<\uff5c\u2581pad\u2581\uff5c>",
        "<begin_of_image>",
    )

    def __init__(
        self, bpe: Tokenizer, roles: tuple[str, str] = ("<|User|>", "<|Assistant|>")
    ) -> None:
        self._bpe, self._roles = bpe, roles
        found = {mark: bpe.token_to_id(mark) for mark in (self.START, self.PAD, self.IMAGE)}
        marks = {mark: mark_id for mark, mark_id in found.items() if mark_id is not None}
        lacking = [mark for mark in found if mark not in marks]
        if lacking:
            raise ValueError(f"the tokenizer has no {', '.join(lacking)}: it is not that of Janus")
        self._start, self._pad, self._image = (
            marks[self.START],
            marks[self.PAD],
            marks[self.IMAGE],
        )

    def encode(self, text: str, max_tokens: int) -> EncodedPrompt:
        """Start mark, the conversation so far, the mark that begins a picture."""
        user, assistant = self._roles
        words = text.strip()
        head, tail = f"{user}: ", f"\n\n{assistant}:"
        pieces = self._bpe.encode(f"{head}{words}{tail}", add_special_tokens=False)
        over = len(pieces.ids) + 2 - max_tokens
        dropped = ""
        if over > 0:
            room = max(0, len(pieces.ids) - over - 8)
            cut = max(0, pieces.offsets[room][0] - len(head))
            words, dropped = words[:cut].rstrip(), words[cut:].strip()
            pieces = self._bpe.encode(f"{head}{words}{tail}", add_special_tokens=False)
        return EncodedPrompt(ids=[self._start, *pieces.ids, self._image], dropped=dropped, lost="")

    def without_words(self, encoded: EncodedPrompt, max_tokens: int) -> EncodedPrompt:
        """The same ids with padding between the first and the last."""
        ids = [encoded.ids[0], *[self._pad] * (len(encoded.ids) - 2), encoded.ids[-1]]
        return EncodedPrompt(ids=ids, dropped="", lost="")

    def to_json(self) -> str:
        """The whole tokenizer, and how the two sides are called."""
        return json.dumps(
            {"kind": "janus", "roles": self._roles, "tokenizer": json.loads(self._bpe.to_str())}
        )


def prompt_tokenizer_from_json(text: str) -> PromptTokenizer:
    """Reads what `to_json` wrote. Raises ValueError if it is not that."""
    try:
        held: dict[str, Any] = json.loads(text)
        kind = held["kind"]
        if kind == "mini":
            return MiniTokenizer(held["vocabulary"], held["merges"])
        if kind == "yttm":
            return RussianTokenizer(held)
        bpe = bpe_from_text(json.dumps(held["tokenizer"]))
        if kind == "bart":
            return BartTokenizer(bpe)
        if kind == "char_bpe":
            return CharBPETokenizer(bpe)
        if kind == "janus":
            return JanusTokenizer(bpe, (held["roles"][0], held["roles"][1]))
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"not a text tokenizer of a published model: {error}") from error
    raise ValueError(f"not a text tokenizer of a published model: its kind is {kind!r}")


def bpe_from_text(text: str) -> Tokenizer:
    """A tokenizer.json. Raises ValueError if it is malformed."""
    try:
        return Tokenizer.from_str(text)
    except Exception as error:  # The library raises bare Exception for every malformed file.
        raise ValueError(f"not a tokenizer.json: {error}") from error


def _joined(pieces: list[Any], joins: Mapping[Any, tuple[int, Any]]) -> list[Any]:
    """Pieces joined pair by pair, the pair of the lowest rank first, always at its first place.

    `joins`: the rank of a pair, and what becomes of it.
    """
    while len(pieces) > 1:
        ranks = [
            joins[pair][0] if pair in joins else math.inf
            for pair in zip(pieces, pieces[1:], strict=False)
        ]
        best = min(ranks)
        if best == math.inf:
            break
        first = ranks.index(best)
        pieces[first : first + 2] = [joins[pieces[first], pieces[first + 1]][1]]
    return pieces


def _not_in(text: str, plain: str) -> str:
    """Characters of a text that its plain form lacks, each once."""
    return "".join(dict.fromkeys(letter for letter in text if letter not in plain))
