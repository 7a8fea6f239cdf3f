"""English: its words and patterns, and how they are put together."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from dall_e.planning.grammar import (
    NO_THINGS,
    Frame,
    Grammar,
    Mention,
    Objects,
    Related,
    longest_first,
    small_number,
    whole_number,
)
from dall_e.planning.places import FoundPlace, find_place
from dall_e.scenes.graph import MOST, SceneObject
from dall_e.scenes.phrases import NUMBERS_EN, PAIRS, PLACES_EN, RELATIONS_EN, SIZE_WORDS_EN
from dall_e.scenes.vocabulary import WORN
from dall_e.text.language import COLOURS_ZH

# Around the matter of a prompt

_POLITE = re.compile(
    r"(?:please )?(?:draw |show |paint )?(?:me )?"
    r"(?:there (?:is|are) |(?:a |an )?(?:picture|drawing|image|photo|painting|illustration) of )?"
)
_MEDIUM = (
    r"((?:watercolou?r|oil|acrylic|pencil|charcoal|ink(?: wash)?|crayon|pastel|pixel|line|vector|"
    r"digital|concept|low[- ]poly|3d|anime|manga|cartoon|comic|photo-?realistic|realistic|"
    r"cyberpunk|impressionist|ukiyo-e|sketch)"
    r"(?: (?:painting|drawing|sketch|art|render|rendering|illustration|picture|image|style))?)"
)
"""How else a picture is made than by this program."""
_MEDIUM_BEFORE = re.compile(rf"(?:please )?(?:draw |paint )?(?:me )?(?:an? )?{_MEDIUM} of ")
_MEDIUM_BEHIND = re.compile(rf"(?:,| in| as)(?: an?)? {_MEDIUM}$")
_STYLE = re.compile(
    r"(?:,| in)(?: an?)? "
    r"((?:[\w-]+ ){1,3}style|clip art|(?:[\w-]+ ){0,3}icon(?: on a colou?red circle)?)$"
)

# Of sentences that are understood to the last word

_ARTICLES = ("a", "an", "the")
_PAIR_OF = (["pair", "of"], ["pairs", "of"])
_PLAIN_BACKGROUND = re.compile(r" on (?:an? )?(\w+)( background)?$")
_DETERMINED = re.compile(r"(?:an?|the|one|two|three|four|five|six|\d) ")
_DOING = re.compile(r" ?\b(?:is |are )?(sleeping|asleep|playing(?: with a ball)?)\b")
_AND = re.compile(r",? and |, | & ")

# Of any sentence

_TOKEN = re.compile(r"(?:mrs?|dr|st)\.|[a-z0-9'-]+(?:\.[a-z0-9'-]+)*|[,;:.!?]")
_WORD = re.compile(
    r"\w[\w'’\u0300-\u036f\u0483-\u0489\u0591-\u05c7\u0610-\u0670\u06d6-\u06ed\u0900-\u109f"
    r"\u1780-\u17ff-]*"
)
"""Letters, and the marks of those scripts that write vowels with them."""
_SILENT = frozenset(("a", "an", "the", "and"))
"""Words that no rule needs to use, as they say nothing by themselves."""
_JOINING = frozenset("of in on at with is are to for by from".split())
_LONGEST_NOUN = 6
"""In words."""
_MOST_ADJECTIVES = 4
_NEGATIONS = frozenset(("no", "without"))
_TOO_MANY = frozenset("dozen seven eight nine ten eleven twelve twenty hundred thousand".split())
_MANY = _TOO_MANY.union(("many",))
_STOPS = frozenset(
    ", . ! ? and with in on of under behind over near to by at is are while from through "
    "into".split()
)
"""Behind one of these, what is said belongs to another thing."""
_GROUPS = frozenset(("family", "families", "couple", "couples"))
_VERBS = {
    "on": ("riding", "rides", "ride", "sits on", "climbing"),
    "above": ("flying over", "flies over", "jumping over", "jumps over"),
}
"""What somebody does who is in a relation to something."""


class English(Grammar):
    """Reads prompts in lower case."""

    longest_exact = 400
    separator = " "
    groups = _GROUPS

    def frame(self, text: str) -> Frame:
        medium = _MEDIUM_BEFORE.match(text)
        if medium:
            return Frame(medium.end(), len(text), medium[1])
        style = _STYLE.search(text) or _MEDIUM_BEHIND.search(text)
        stop = style.start() if style else len(text)
        polite = _POLITE.match(text[:stop])
        return Frame(polite.end() if polite else 0, stop, style[1] if style else "")

    def item(self, phrase: str) -> SceneObject | None:
        words = phrase.split()

        # The number
        count = 1
        if words and words[0] in _ARTICLES:
            words = words[1:]
        elif words and small_number(words[0], NUMBERS_EN):
            count, words = small_number(words[0], NUMBERS_EN), words[1:]
        in_pairs = words[:2] in _PAIR_OF
        words = words[2:] if in_pairs else words

        # The size
        size = _size_of(words[0]) if words else ""
        words = words[1:] if size else words

        # The colour, unless it is a part of the name: a red apple and a black cat have their own.
        colour = words[0].replace("gray", "grey") if words else ""
        for said_colour in (colour, "") if colour in COLOURS_ZH else ("",):
            noun = " ".join(words[1:] if said_colour else words)
            named = self._named(noun, count, in_pairs)
            if named:
                name, number = named
                return self.vocabulary.planned(name, count=number, colour=said_colour, size=size)
        return None

    def _named(self, noun: str, count: int, in_pairs: bool) -> tuple[str, int] | None:
        """The thing of a noun and how many of it are meant; None for a noun of the wrong number."""
        name = self.vocabulary.words_en.get(f"{PAIRS}{noun}" if in_pairs else noun)
        if name is None:
            return None
        is_plural = self.vocabulary.is_plural(noun, name)
        if is_plural and count == 1 and not in_pairs:
            # "Cats" are a few, but of "houses" and of "eyes" there is a picture.
            if noun in self.vocabulary.single_things:
                return noun, 1
            return name, self.vocabulary.how_many(noun, name)
        return (name, count) if count == 1 or in_pairs or is_plural else None

    def actions(self, text: str) -> Iterator[tuple[str, str]]:
        doing = _DOING.search(text)
        if doing is None:
            yield text.strip(), ""
            return
        state = "playing" if doing[1].startswith("playing") else "sleeping"
        yield f"{text[: doing.start()]}{text[doing.end() :]}".strip(), state

    def places(self, text: str) -> Iterator[tuple[str, str, str]]:
        found = self.find_place(text)
        if found and len(found.spans) > 1:
            yield found.rest(text), found.setting, ""
        for background, phrases in PLACES_EN.items():
            for phrase in phrases:
                if text.endswith(f" {phrase}"):
                    yield text[: -len(phrase) - 1].rstrip(","), background, ""
        plain = _PLAIN_BACKGROUND.search(text)
        if plain and plain[1] in COLOURS_ZH:
            yield text[: plain.start()], "plain", plain[1]
        if found:
            yield found.rest(text), found.setting, ""
        yield text, "", ""

    def pair(self, text: str) -> tuple[Objects, str] | None:
        for words, relation in longest_first(RELATIONS_EN):
            for match in re.finditer(rf" (?:is |are |sitting |standing )?{words} ", text):
                phrases = text[: match.start()], text[match.end() :]
                first, second = (self.item(phrase) for phrase in phrases)
                if first is None or second is None:
                    continue
                # Without an article it is the name of one picture: "sun behind cloud".
                is_pair = any(_DETERMINED.match(phrase) for phrase in phrases)
                # Who is in a hat wears it, of which scenes know nothing.
                is_worn = relation == "inside" and second.name in WORN
                if is_pair and not is_worn:
                    return (first, second), relation
        return None

    def split(self, text: str) -> list[str]:
        return _AND.split(text)

    def tokens(self, text: str) -> list[tuple[int, int]]:
        return [match.span() for match in _TOKEN.finditer(text)]

    def noun_length(self, tokens: Sequence[str], position: int) -> int:
        if not _NEGATIONS.isdisjoint(tokens[max(position - 2, 0) : position]):
            return 0
        words = self.vocabulary.words_en
        for length in range(min(_LONGEST_NOUN, len(tokens) - position), 0, -1):
            noun = " ".join(tokens[position : position + length])
            if noun in words and noun not in NO_THINGS and words[noun] not in NO_THINGS:
                return length
        return 0

    def mention(self, tokens: Sequence[str], free: int, start: int, stop: int) -> Mention:
        noun = " ".join(tokens[start:stop])
        name = self.vocabulary.words_en[noun]
        is_plural = self.vocabulary.is_plural(noun, name)

        # Each word before the noun says one thing, and the last one to say it counts.
        said: dict[str, str | int] = {"count": self.vocabulary.how_many(noun, name)}
        said_at: dict[str, int] = {}
        for position in _adjectives(tokens, free, start):
            word = tokens[position]
            colour, size = word.replace("gray", "grey"), _size_of(word)
            number = NUMBERS_EN.index(word) if word in NUMBERS_EN else whole_number(word)
            if size:
                said["size"], said_at["size"] = size, position
            elif colour in COLOURS_ZH:
                said["colour"], said_at["colour"] = colour, position
            elif is_plural and number or word in _MANY:
                said["count"] = min(number or MOST, MOST)
                # More than are drawn is not what was said.
                if number <= MOST and word not in _TOO_MANY:
                    said_at["count"] = position

        used = frozenset((*said_at.values(), *range(start, stop)))
        return Mention(self.vocabulary.planned(name, **said), start, stop, used)

    def find_place(self, text: str) -> FoundPlace | None:
        return find_place(text, chinese=False, is_noun=self.vocabulary.words_en.__contains__)

    def relate(self, between: str, after: str) -> Related | None:
        for pattern, relation in _relation_patterns():
            match = pattern.search(between)
            if match:
                return Related(relation, False, match.span())
        return None

    def words(self, text: str) -> list[str]:
        return [word for word in _WORD.findall(text) if word not in _SILENT]

    def knows(self, word: str) -> bool:
        return word in self.vocabulary.parts_en or word in _JOINING


def _size_of(word: str) -> str:
    return next((size for size, words in SIZE_WORDS_EN.items() if word in words), "")


def _adjectives(tokens: Sequence[str], free: int, start: int) -> range:
    """Up to four tokens before a noun, of those that say something of it."""
    first = start
    while first > max(free, start - _MOST_ADJECTIVES):
        word = tokens[first - 1]
        if word in _STOPS or word.endswith("ing"):
            break
        first -= 1
    return range(first, start)


@lru_cache(maxsize=1)
def _relation_patterns() -> list[tuple[re.Pattern[str], str]]:
    """Patterns of verbs and prepositions, the longest first; of equally long ones verbs."""
    relations = {word: relation for relation, words in _VERBS.items() for word in words}
    relations |= {word: relation for relation, words in RELATIONS_EN.items() for word in words}
    words = sorted(relations, key=len, reverse=True)
    return [(re.compile(rf"\b{word}\b"), relations[word]) for word in words]
