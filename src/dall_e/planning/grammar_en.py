"""English: its words and patterns, and how they are put together."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

from dall_e.planning.attachments import is_worn
from dall_e.planning.grammar import (
    NO_THINGS,
    Frame,
    Grammar,
    Mention,
    Objects,
    PartSaid,
    Related,
    drawn_number,
    longest_first,
    small_number,
)
from dall_e.planning.lexicon import (
    RELATING_EN,
    Deed,
    attributes,
    containers,
    last_deed,
    pictured_number,
    verbs,
)
from dall_e.planning.partitives import is_bunch, number_of, whole_of
from dall_e.planning.phrases_en import (
    ARTICLES,
    STOPS,
    container_of,
    is_form,
    is_material,
    owners,
    parts_said,
    qualities,
    said_of_whole,
    shows_several,
    size_of,
    state_behind,
)
from dall_e.planning.places import FoundPlace, find_place, words_of_places
from dall_e.planning.qualities import is_animal, is_natural, is_person, qualified, whole_name
from dall_e.planning.spelling import Spelling
from dall_e.planning.vocabulary import SEVERAL, Vocabulary
from dall_e.scenes.graph import SceneObject
from dall_e.scenes.phrases import PAIRS, PLACES_EN, RELATIONS_EN
from dall_e.text.language import COLOURS_ZH, COUNT_EN, DENIALS_EN, NUMBERS_EN

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
_MANNER = re.compile(r",? (?:in|after) the (?:style|manner) of ((?:[\w'.-]+ ?){1,4})$")
"""The style of somebody, or of a time."""

# Of sentences that are understood to the last word

_PAIR_OF = (["pair", "of"], ["pairs", "of"])
_PLAIN_BACKGROUND = re.compile(r" on (?:an? )?(\w+)( background)?$")
_DETERMINED = re.compile(rf"(?:an?|the|one|{COUNT_EN}|\d) ")
_DOING = re.compile(r" ?\b(?:is |are )?(sleeping|asleep|playing(?: with a ball)?)\b")
_AND = re.compile(r",? and |, | & ")

# Of any sentence
_LETTERS = r"[a-z0-9'\u00df-\u00f6\u00f8-\u024f\u0300-\u036f-]+"
"""With those that have accents: no rat is in "Arāta"."""
_TOKEN = re.compile(
    rf"\d{{1,3}}(?:,\d{{3}})+\b|(?:mrs?|dr|st)\.|{_LETTERS}(?:\.{_LETTERS})*|[,;:.!?]"
)
_WORD = re.compile(
    r"\d+(?:[.,]\d+)+|\w[\w'’\u0300-\u036f\u0483-\u0489\u0591-\u05c7\u0610-\u0670\u06d6-\u06ed\u0900-\u109f"
    r"\u1780-\u17ff-]*"
)
"""Letters, and the marks of those scripts that write vowels with them."""
_SILENT = frozenset(("a", "an", "the", "and"))
"""Words that no rule needs to use, as they say nothing by themselves."""
_JOINING = frozenset("of in on at with is are to for by from".split())
_LONGEST_NOUN = 6
_MOST_ADJECTIVES = 4
"""In words, as the longest noun."""
_PLAYING = re.compile(r"\bplay\w* with\b")


class English(Grammar):
    """Reads prompts in lower case."""

    longest_exact = 400
    separator = " "
    groups = frozenset(("family", "families", "couple", "couples"))

    def frame(self, text: str) -> Frame:
        medium = _MEDIUM_BEFORE.match(text)
        if medium:
            return Frame(medium.end(), len(text), medium[1])
        style = _MANNER.search(text) or _STYLE.search(text) or _MEDIUM_BEHIND.search(text)
        stop = style.start() if style else len(text)
        polite = _POLITE.match(text[:stop])
        return Frame(polite.end() if polite else 0, stop, style[1] if style else "")

    def item(self, phrase: str) -> SceneObject | None:
        words = phrase.split()

        # The number
        count = 1
        if words and words[0] in ARTICLES:
            words = words[1:]
        elif words and small_number(words[0], NUMBERS_EN):
            count, words = small_number(words[0], NUMBERS_EN), words[1:]
        in_pairs = words[:2] in _PAIR_OF
        words = words[2:] if in_pairs else words

        # The size
        size = size_of(words[0]) if words else ""
        words = words[1:] if size else words

        # The colour, unless it is a part of the name: a red apple and a black cat have their own.
        colour = words[0].replace("gray", "grey") if words else ""
        readings = (colour, "") if colour in COLOURS_ZH else ("",)
        for said_colour in readings[::-1] if self._is_whole_name(words) else readings:
            noun = " ".join(words[1:] if said_colour else words)
            named = self._named(noun, count, in_pairs)
            if named:
                name, number = named
                number, is_shown = (number, True) if in_pairs else drawn_number(name, number)
                if not is_shown:
                    return None
                # A little girl is a girl.
                size = "" if size == "small" and is_person(self.vocabulary, name) else size
                return self.vocabulary.planned(name, count=number, colour=said_colour, size=size)
        return None

    def _is_whole_name(self, words: Sequence[str]) -> bool:
        """Whether words with a colour are the name of something else: no red panda is a panda."""
        name = self.vocabulary.words_en.get(" ".join(words), "")
        return bool(name) and not self._comes_in(words) and is_natural(self.vocabulary, name)

    def _comes_in(self, words: Sequence[str]) -> bool:
        """Whether a colour and a noun are said of a thing that has pictures in this colour."""
        colour = words[0].replace("gray", "grey") if len(words) > 1 else ""
        name = self.vocabulary.words_en.get(" ".join(words[1:]), "")
        if colour not in COLOURS_ZH or not name:
            return False
        # A brown bear is a bear, of which there is more than a head.
        whole = self.vocabulary.words_en.get(" ".join(words), "")
        is_same = whole_name(whole) == whole_name(name) and is_animal(self.vocabulary, name)
        return is_same or self.vocabulary.comes_in(name, colour)

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
        is_counted = is_plural and not shows_several(self.vocabulary, noun)
        return (name, count) if count == 1 or in_pairs or is_counted else None

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
                worn = relation == "inside" and is_worn(second.name)
                if is_pair and not worn:
                    return (first, second), relation
        return None

    def split(self, text: str) -> list[str]:
        return _AND.split(text)

    def tokens(self, text: str) -> list[tuple[int, int]]:
        return [match.span() for match in _TOKEN.finditer(text)]

    def noun_length(self, tokens: Sequence[str], position: int) -> int:
        if not DENIALS_EN.isdisjoint(tokens[max(position - 2, 0) : position]):
            return 0
        pair = attributes("en").get(" ".join(tokens[position : position + 2]))
        if is_material(tokens, position) or (pair and pair.field == "pattern"):
            return 0
        length = self._name_length(tokens, position)
        if length < 2 and tokens[position + 1 : position + 2] == ["of"]:
            return self._content_stop(tokens, position) - position or length
        return 0 if length == 1 and is_form(tokens, position) else length

    def _name_length(self, tokens: Sequence[str], position: int) -> int:
        words = self.vocabulary.words_en
        # A dog drinking water has no drinking water.
        done, pair = (" ".join(tokens[position : position + length]) for length in (1, 2))
        is_verb = done in verbs("en")[1] or pair in _relations()
        is_verb = is_verb and position > 0 and tokens[position - 1] in words
        if is_verb or (done == "building" and {*ARTICLES} & {*tokens[position + 1 : position + 2]}):
            return 0
        is_counted = position > 0 and re.fullmatch(COUNT_EN, tokens[position - 1])
        for length in range(min(_LONGEST_NOUN, len(tokens) - position), 0, -1):
            noun = " ".join(tokens[position : position + length])
            is_thing = noun in words and noun not in NO_THINGS and words[noun] not in NO_THINGS
            # More is known of a cat that is black than of a "black cat".
            words_of_it = tokens[position : position + length]
            is_thing = is_thing and not self._comes_in(words_of_it)
            if is_thing and is_counted and shows_several(self.vocabulary, noun):
                continue
            # Who is walking a dog is no picture of somebody walking.
            ahead = tokens[position + length - 1 : position + length + 1]
            if is_thing and (length == 1 or " ".join(ahead) not in verbs("en")[1]):
                return length
        return 0

    def _content_stop(self, tokens: Sequence[str], position: int) -> int:
        """Where the noun behind "a bowl of" stops; `position` if there is no such container."""
        if container_of(tokens[position]) is None:
            return position
        for start in range(position + 2, min(position + 2 + _MOST_ADJECTIVES, len(tokens))):
            length = self._name_length(tokens, start)
            if length:
                # Of nouns that stand together the last one is meant.
                following = self._name_length(tokens, start + length)
                return start + length + following
            if tokens[start] in STOPS:
                break
        return position

    def mentions(
        self, tokens: Sequence[str], free: int, start: int, stop: int
    ) -> tuple[Mention, ...]:
        noun = " ".join(tokens[start:stop])
        if noun in self.vocabulary.words_en:
            return (self._mention(tokens, free, start, stop),)
        container = container_of(tokens[start])
        if container is None:
            raise AssertionError(f"{noun!r} is no noun")

        # The content, by the last noun behind "of"
        first = start + 2
        while not self._name_length(tokens, first):
            first += 1
        following = first + self._name_length(tokens, first)
        first = following if following < stop else first
        content = self._mention(tokens, start + 2, first, stop)
        is_plural = content.item.count > 1
        number = content.item.count if content.is_counted else 0
        whole = whole_of(
            self.vocabulary, container, content.item.name, is_plural, tokens[first:stop], number
        )

        # What is said of the container is said of both.
        own = qualities(tokens, free, start, is_plural=True)
        is_one = tokens[start] in containers("en") or not tokens[start].endswith("s")
        count = own.count or (1 if is_one else SEVERAL)
        said, used = said_of_whole(tokens, own, content, whole.name)
        if is_bunch(self.vocabulary, container, whole):
            said["bunch"] = "flowers"
        used |= {start, start + 1}
        outer = whole.container or whole.name
        count = number_of(whole, container, count)
        made = qualified(self.vocabulary, outer, count, own.said if whole.container else said)
        mention = Mention(
            made.item, start, start + 1 if whole.container else stop,
            used - content.used if whole.container else used, is_counted=True, said=said,
        )  # fmt: skip
        if not whole.container:
            return (mention,)
        return mention, replace(content, is_content=True)

    def _mention(self, tokens: Sequence[str], free: int, start: int, stop: int) -> Mention:
        noun = " ".join(tokens[start:stop])
        name = self.vocabulary.words_en[noun]
        is_plural = self.vocabulary.is_plural(noun, name) or pictured_number(name) > 1
        own = qualities(tokens, free, start, is_plural=is_plural)
        usual = self.vocabulary.how_many(noun, name)
        mention = self.mention(name, own, start, stop, usual=usual)
        return replace(mention, used=mention.used | owners(self.vocabulary, tokens, free, start))

    def spaced(self, text: str) -> str:
        return _spelling(self.vocabulary).spaced(text)

    def mended(self, tokens: Sequence[str]) -> list[str]:
        spelling = _spelling(self.vocabulary)
        mended = [spelling.meant(token) or token for token in tokens]
        # Of another language most words are unknown.
        words = [word for word in mended if word.isalpha() and word not in ARTICLES]
        known = sum(map(spelling.knows, words))
        return mended if 2 * known > len(words) else list(tokens)

    def parts(self, tokens: Sequence[str]) -> list[PartSaid]:
        return parts_said(tokens)

    def deed(self, text: str) -> Deed | None:
        return last_deed(text, "en")

    def state_behind(self, tokens: Sequence[str], start: int, stop: int) -> tuple[str, int]:
        return state_behind(tokens, start, stop)

    def state_tokens(self, tokens: Sequence[str], position: int) -> int:
        return 1

    def link(self, between: str) -> str:
        # Who plays with something has it before them.
        if _PLAYING.search(between):
            return ""
        return next((word for word in ("with", "in", "and") if f" {word} " in f" {between} "), "")

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
        is_known = word in self.vocabulary.parts_en or word in _JOINING
        return is_known and word not in DENIALS_EN


@lru_cache(maxsize=4)
def _spelling(vocabulary: Vocabulary) -> Spelling:
    """Knows the words of a model and those of this grammar."""
    own = (
        *attributes("en"),
        *verbs("en")[1],
        *PLACES_EN,
        *_relations(),
        *COLOURS_ZH,
    )
    sentences = (*own, *NUMBERS_EN, *(words for known in PLACES_EN.values() for words in known))
    words = {word for sentence in sentences for word in sentence.split()}
    return Spelling(words | words_of_places() | vocabulary.parts_en)


@lru_cache(maxsize=1)
def _relation_patterns() -> list[tuple[re.Pattern[str], str]]:
    """Patterns of verbs and prepositions, the longest first; of equally long ones verbs."""
    relations = _relations()
    words = sorted(relations, key=len, reverse=True)
    return [(re.compile(rf"\b{word}\b"), relations[word]) for word in words]


@lru_cache(maxsize=1)
def _relations() -> dict[str, str]:
    relations = {word: relation for relation, words in RELATING_EN.items() for word in words}
    return relations | {word: key for key, words in RELATIONS_EN.items() for word in words}
