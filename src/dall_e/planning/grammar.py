"""What a parser needs of a language: how it names things and says something of them.

There is one subclass per language. Positions are numbers of characters where a text is read as a
whole, and numbers of tokens (English words, Chinese characters) where it is searched for things.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple

from dall_e.planning.lexicon import Deed, pictured_number
from dall_e.planning.places import FoundPlace
from dall_e.planning.qualities import Qualities, qualified
from dall_e.planning.vocabulary import Vocabulary
from dall_e.scenes.graph import MOST, MOST_KINDS, SceneObject

Objects = tuple[SceneObject, ...]

NO_THINGS = frozenset(
    "back end on soon top dash link mate up cool free new ok light cooking dizzy sunset "
    " sunrise cityscape plus minus multiply divide information recycling customs infinity "
    "selfie".split()
).union(("night with stars", "sunrise over mountains", "cityscape at dusk"))
"""Names of pictures that hardly ever are meant by these words in a sentence."""
MOST_THINGS = MOST_KINDS
"""Things of a prompt that are drawn, beside those that belong to one of them."""
_PAIRS_ZH = frozenset("双对副")
"""Measure words of what comes in twos."""
_LONGEST_NUMBER = 9
"""Digits beyond which it does not matter how many there are."""


class Frame(NamedTuple):
    """What stands around the matter of a prompt: "draw me" before it, a style behind it."""

    start: int
    stop: int
    """The matter is from `start` to before `stop`."""
    style: str
    """The words of the style, or nothing."""


class Related(NamedTuple):
    """What words between two things, or behind both, say of how these stand to each other."""

    relation: str
    is_turned: bool
    """Whether it is said of the second thing, of how that stands to the first."""
    between: tuple[int, int] = (0, 0)
    """Characters of the words between that say so, from and up to."""
    after: tuple[int, int] = (0, 0)
    """Characters of the words behind that say so."""


@dataclass(frozen=True)
class Mention:
    """A thing where a text names it, in tokens."""

    item: SceneObject
    start: int
    """Of its noun, without what is said of it."""
    stop: int
    used: frozenset[int]
    """The tokens that say what `item` has: its noun, its number, its colour and its size."""
    is_counted: bool = False
    """Whether its number is said."""
    count_at: frozenset[int] = frozenset()
    """The tokens that say it."""
    age_at: frozenset[int] = frozenset()
    """The tokens that say how old it is."""
    colours_at: frozenset[int] = frozenset()
    """The tokens that say that several are of many colours."""
    does: str = ""
    """What it does with a thing that nobody names, as "breathing fire"; or nothing."""
    is_content: bool = False
    """Whether it is what the mention before it is full of."""
    said: Mapping[str, str] = field(default_factory=dict)
    """What is said of it, by field."""


class PartSaid(NamedTuple):
    """The colour of a part of somebody where a text says it, in tokens."""

    start: int
    stop: int
    part: str
    """One of the scene graph's PARTS; nothing for a hand or a mouth in which something is."""
    colour: str
    is_before: bool
    """Whether it is said before its owner."""
    is_mouth: bool = False
    """Whether something is in a mouth."""


class Grammar(ABC):
    """How one language is read, by a model's vocabulary."""

    longest_exact: ClassVar[int]
    """Characters beyond which no prompt can be understood to the last word."""
    separator: ClassVar[str]
    """What stands between two tokens."""
    groups: ClassVar[frozenset[str]] = frozenset()
    """Tokens that mean what stands before them: of a penguin family the penguin is meant."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary

    # For prompts of which every word is understood

    @abstractmethod
    def frame(self, text: str) -> Frame:
        """Find what stands around the matter of a prompt."""

    @abstractmethod
    def item(self, phrase: str) -> SceneObject | None:
        """Read a phrase that names one thing, as "three big red apples"; None for any other."""

    @abstractmethod
    def actions(self, text: str) -> Iterator[tuple[str, str]]:
        """Yield the text without the words for what is done, and that state or nothing."""

    @abstractmethod
    def places(self, text: str) -> Iterator[tuple[str, str, str]]:
        """Yield the text without the words for a place, that background, and its colour.

        The last one is the whole text, as if it named no place.
        """

    @abstractmethod
    def pair(self, text: str) -> tuple[Objects, str] | None:
        """Read a text that says how one thing stands to another; None for any other."""

    @abstractmethod
    def split(self, text: str) -> list[str]:
        """Split a list of phrases, as "a cat, a dog and a box"."""

    # For the things that any sentence names

    @abstractmethod
    def tokens(self, text: str) -> list[tuple[int, int]]:
        """Return where each token of a text starts and stops."""

    @abstractmethod
    def noun_length(self, tokens: Sequence[str], position: int) -> int:
        """Return of how many tokens the longest noun at a position is; 0 if there is none."""

    @abstractmethod
    def mentions(
        self, tokens: Sequence[str], free: int, start: int, stop: int
    ) -> tuple[Mention, ...]:
        """Return the thing of a noun, with what the tokens from `free` to `start` say of it.

        Of a container with something in it there may be two.
        """

    def mention(
        self, name: str, own: Qualities, start: int, stop: int, *, usual: int = 1
    ) -> Mention:
        """The thing of a name, whose noun is from `start` to `stop`, with what is said of it.

        usual: how many are meant where no number is said.
        """
        is_of_pairs = own.measure in _PAIRS_ZH
        number, is_exact = (own.count, True) if is_of_pairs else drawn_number(name, own.count)
        made = qualified(self.vocabulary, name, number or usual, own.said)
        dropped = made.dropped if is_exact else made.dropped.union(("count",))
        return Mention(
            made.item,
            start,
            stop,
            own.used.union(range(start, stop)) - own.at(dropped),
            is_counted=own.count > 0,
            count_at=own.at(["count"]),
            age_at=own.at(["age"]),
            colours_at=own.at(["colours"]),
            does=made.does,
            said=own.said,
        )

    def is_owner(self, tokens: Sequence[str], free: int, owner: Mention, thing: Mention) -> bool:
        """Whether of two things the first only says whose the second is: 忍者的飞镖.

        free: from which token on something may be said of the owner.
        """
        return False

    def spaced(self, text: str) -> str:
        """Return a text with the blanks that it lacks; "" if it lacks none."""
        return ""

    def mended(self, tokens: Sequence[str]) -> list[str]:
        """Return the tokens without wrong letters."""
        return list(tokens)

    @abstractmethod
    def parts(self, tokens: Sequence[str]) -> list[PartSaid]:
        """Find what is said of somebody's hair, beard and clothes."""

    @abstractmethod
    def deed(self, text: str) -> Deed | None:
        """Find the last verb of a text that says what is done with a thing."""

    @abstractmethod
    def state_behind(self, tokens: Sequence[str], start: int, stop: int) -> tuple[str, int]:
        """Find the state that tokens behind a noun say, and where; "" if they say none."""

    @abstractmethod
    def state_tokens(self, tokens: Sequence[str], position: int) -> int:
        """Return how many tokens say the state at a position."""

    def tokens_at(self, text: str, start: int, stop: int, first: int) -> set[int]:
        """The tokens that characters of a text lie in, where `first` is its first token."""
        if start == stop:
            return set()
        if self.separator:
            start = text.count(self.separator, 0, start)
            stop = text.count(self.separator, 0, stop) + 1
        return set(range(first + start, first + stop))

    def link_tokens(self, text: str, link: str, first: int) -> set[int]:
        """The tokens of a link; words that say nothing by themselves need none."""
        at = text.find(link)
        return self.tokens_at(text, at, at + len(link), first) if at >= 0 else set()

    @abstractmethod
    def link(self, between: str) -> str:
        """Return what joins two things that no verb joins: "with", "in", "and"; or nothing."""

    @abstractmethod
    def find_place(self, text: str) -> FoundPlace | None:
        """Find the words for a place, a time of day and the weather."""

    @abstractmethod
    def relate(self, between: str, after: str) -> Related | None:
        """Find the words for a relation, between two things or behind both."""

    @abstractmethod
    def words(self, text: str) -> list[str]:
        """Return the words that say something, as a reader counts them."""

    @abstractmethod
    def knows(self, word: str) -> bool:
        """Whether a word is in a name that the model knows, or joins words."""


def drawn_number(name: str, said: int) -> tuple[int, bool]:
    """How often the picture of a thing is drawn for a number of it, and whether that shows it.

    Two cherries are one picture, and three are one that does not show them.
    """
    shown = pictured_number(name)
    if said <= 1 or shown == 1:
        return said, True
    return max(said // shown, 1), said % shown == 0


def small_number(word: str, names: Sequence[str]) -> int:
    """Read a number from 1 to MOST, as a word or in digits; 0 for anything else."""
    if word in names[1:]:
        return names.index(word)
    number = whole_number(word)
    return number if number <= MOST else 0


def whole_number(word: str) -> int:
    """Read digits; 0 for any other word."""
    return int(word[:_LONGEST_NUMBER]) if word.isdecimal() else 0


def longest_first(words_by_meaning: dict[str, tuple[str, ...]]) -> list[tuple[str, str]]:
    """Return pairs of words and what they mean, so that "on top of" is tried before "on"."""
    pairs = [(words, meaning) for meaning, known in words_by_meaning.items() for words in known]
    return sorted(pairs, key=lambda pair: -len(pair[0]))
