"""From a prompt to the words that a small model reads, with stand-ins for others."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Self

from dalle.text.heard.acting import act
from dalle.text.heard.avoiding import leave_out, thing_of
from dalle.text.heard.cleaning import clean
from dalle.text.heard.heard import Heard, Substitution
from dalle.text.heard.languages import LANGUAGES, Languages, is_latin
from dalle.text.heard.numbers import count, plain_number
from dalle.text.heard.piece import FUNCTION, PLACED
from dalle.text.heard.placing import place
from dalle.text.heard.qualifying import qualify
from dalle.text.heard.sentence import Sentence
from dalle.text.heard.slips import Slips
from dalle.text.heard.span import Span
from dalle.text.heard.suggestions import suggest
from dalle.text.heard.tables import STAND_INS, StandIn, read_plain_words, read_stand_ins
from dalle.text.heard.tokens import Token, bare_key, phrases_at, singulars, tokenize
from dalle.text.heard.weighing import BODIES, weigh
from dalle.text.heard.world import World

WORDS = "words.txt"  # every word of the captions, one a line
ORDINARY = "ordinary-words.txt"  # English words that look like a slip for one of the world's
ENGLISH = frozenset(
    ("the", "with", "and", "of", "on", "at", "is", "his", "her", "wearing", "next", "a", "an")
)
BEFORE_A_STYLE = frozenset(["in", "by", "of", "as", "like", "style", "the"])


@dataclass(frozen=True)
class Hearing:
    """Reads prompts with the tables of a model's folder; the time grows with the length alone."""

    world: World
    stand_ins: dict[str, StandIn] = field(repr=False)
    languages: Languages = field(repr=False)
    plain_words: dict[str, str] = field(repr=False)
    ordinary: frozenset[str] = field(repr=False)

    @classmethod
    def beside(cls, folder: Path) -> Self | None:
        """That of a model's folder; None where it ships no table of stand-ins."""
        if not (folder / STAND_INS).is_file():
            return None
        words = frozenset((folder / WORDS).read_text("utf-8").split())
        return cls(
            World.read(folder, words),
            read_stand_ins(folder),
            Languages.read(folder, LANGUAGES),
            read_plain_words(folder),
            frozenset((folder / ORDINARY).read_text("utf-8").split()),
        )

    def hear(self, prompt: str, avoided: Sequence[str] = ()) -> Heard:
        """Hears a prompt: its known words, its stand-ins, and its unknown words.

        `avoided` are phrases that another one heard, and this one leaves out.
        """
        text = clean(prompt, self.emoji_names)
        if not text:
            return Heard("")
        tokens = list(self.languages.cut(tokenize(text)))
        spans = qualify(list(self._spans(tokens, self._language(tokens))), self.world)
        phrases = frozenset(thing_of(phrase, self.world) for phrase in avoided)
        left_out = leave_out(spans, phrases, self.world)
        count(spans, self.world.plurals)
        spans = act(spans)
        weigh(spans, self.world, self.plain_words)
        where = place(spans, self.world)
        sentence, substitutions, somebody = Sentence(self.world.foods, where), {}, False
        for span in spans:
            phrase = self._tell(span, sentence, somebody)
            if phrase and span.sort != "plain":
                substitutions.setdefault(span.said, phrase.removeprefix("and "))
            somebody |= span.sort in BODIES
        told = (Substitution(*pair) for pair in substitutions.items())
        heard = dict.fromkeys([*(span.phrase.removeprefix("and ") for span in spans), where])
        heard.pop("", None)
        unheard = dict.fromkeys(span.said for span in spans if span.sort == "unheard")
        return Heard(
            # Something is to be drawn even where nothing is known.
            text=(sentence.changed and sentence.text) or text,
            substitutions=tuple(each for each in told if not each.same),
            heard=tuple(heard),
            unheard=tuple(unheard),
            suggestions=() if heard else suggest(text),
            apart=sentence.apart,
            left_out=left_out,
        )

    @cached_property
    def emoji_names(self) -> dict[str, str]:
        return self.world.emoji_names

    @cached_property
    def _slips(self) -> Slips:
        targets = [
            key
            for key, entry in self.world.phrases.items()
            if entry.sort == "thing" and entry.group not in ("people", "body", "faces")
        ]
        return Slips(targets, self.ordinary)

    def _language(self, tokens: Sequence[Token]) -> str:
        """The language of a prompt that is not English; empty otherwise."""
        found = []
        at = 0
        while at < len(tokens):
            size = next((n for n, key in phrases_at(tokens, at) if key in self.languages.names), 0)
            if size:
                key = " ".join(token.key for token in tokens[at : at + size])
                if key not in self.world.phrases and key not in self.stand_ins:
                    found.append(key)
            elif self._counts(tokens[at].key):
                found.append(tokens[at].key)
            at += size or 1
        language = self.languages.guess(found)
        keys = {token.key for token in tokens}
        theirs = {key for key in keys if self.languages.small_word(key, language) is not None}
        english = {key for key in keys if key in ENGLISH or key in self.plain_words}
        ours = english - theirs
        # "un gato persiguiendo a un perro": an article of ours among the words of theirs.
        return language if not ours or (ours == {"a"} and theirs - english - FUNCTION) else ""

    def _counts(self, key: str) -> bool:
        """Whether it is a number of another language, and no word of English that is known."""
        known = (self.world.words, self.world.phrases, self.plain_words, self.stand_ins)
        english = any(key in table for table in (*known, self.ordinary))
        return self.languages.counts(key) and not english

    def _spans(self, tokens: Sequence[Token], language: str) -> Iterator[Span]:
        """The prompt in pieces: everywhere the longest phrase that is known."""
        at = 0
        while at < len(tokens):
            span = self._match(tokens, at, language) or self._single(tokens, at, language)
            yield span
            at += len(span.tokens)

    def _match(self, tokens: Sequence[Token], at: int, language: str) -> Span | None:
        small = self.languages.small_word(tokens[at].key, language)
        after = self.languages.small_word(tokens[at - 1].key, language) if at else None
        for size, key in phrases_at(tokens, at):
            if size == 1 and small is not None:
                return Span([tokens[at]], "plain", small)
            words = list(tokens[at : at + size])
            forms = [(key, False)]
            if key.endswith("'s"):
                forms.append((key[:-2], True))
            for form, possessive in forms:
                if after and (found := self._name(form, language, own=True)):
                    found.tokens = words  # "trois chats" are no chats
                    return found
                entry = self.world.phrases.get(form)
                whole = entry and not self.world.cuts(entry, tokens, at + size)
                if whole and (entry.sort != "word" or size == 1):
                    plural = form in self.world.plurals
                    several = plural and entry.sort == "thing" and entry.plural
                    phrase = several or entry.phrase
                    return Span(words, entry.sort, phrase, entry=entry, possessive=possessive)
                found = self._several(form) or self._stand_in(form) or self._name(form, language)
                if found:
                    found.tokens, found.possessive = words, possessive
                    return found
        return None

    def _several(self, key: str) -> Span | None:
        """Several of a thing by another of its names: "eyeballs"."""
        for form in singulars(key):
            entry = self.world.phrases.get(form)
            if entry and entry.sort == "thing" and entry.plural:
                return Span([], "name", entry.plural, entry.plural)
        return None

    def _stand_in(self, key: str) -> Span | None:
        for number, form in enumerate((key, *singulars(key))):
            row = self.stand_ins.get(form)
            if row:
                several = self._plural(row.phrase)
                phrase = several if number and several else row.phrase
                return Span([], row.sort, phrase, several, beside=row.beside)
        return None

    def _name(self, key: str, language: str, own: bool = False) -> Span | None:
        forms = (key, *singulars(key), *self.languages.singulars(key, language))
        for number, form in enumerate(forms):
            phrase = self.languages.meaning(form, language, own)
            if phrase and (language or not is_latin(form)):
                several = self._plural(phrase)
                return Span([], "name", several if number and several else phrase, several)
        return None

    def _single(self, tokens: Sequence[Token], at: int, language: str) -> Span:
        """A word that belongs to no phrase."""
        token = tokens[at]
        word = token.key.removesuffix("'s")
        plain = self.plain_words.get(word)
        if plain:
            return Span([token], "plain", plain)
        if token.key in self.world.words or word in self.world.words:
            return Span([token], "kept")
        if plain is not None:
            return Span([token], "quiet")
        if word.isdecimal():  # 10², a digit to Python as well, is no number that int() reads
            number = plain_number(word)
            return Span([token], "plain" if number else "quiet", number)
        name = at > 0 and token.text[:1].isupper() and not token.text.isupper()
        near = None if name or language else self._slips.nearest(word)
        if near:
            entry = self.world.phrases[near]
            plural = near in self.world.plurals
            phrase = entry.plural if plural else entry.phrase
            return Span([token], "slip", phrase, entry.plural)
        if len(word) < 2:
            return Span([token], "quiet")
        return Span([token], "unheard")

    def _tell(self, span: Span, sentence: Sentence, somebody: bool) -> str:
        """Puts a span into the sentence; returns the phrase in its place, if it is replaced."""
        if span.entry or span.sort == "kept":
            said, key = span.said, bare_key(span.said)
            role = "function" if key in FUNCTION else "word"
            if span.sort == "thing":
                role = "noun"
            elif span.sort in ("colour", "size"):
                role = "adjective"
            elif span.sort == "place":
                role = "place"
            single = ""
            if span.sort == "thing" and span.phrase == span.entry.plural:
                single = span.entry.phrase
            article = self.world.article(said) if role == "noun" else ""
            sentence.keep(said, span.gap, role, span.phrase, single, article)
            if span.possessive:
                sentence.possess()
            if span.sort in ("word", "size", "colour"):
                span.phrase = ""
            return ""
        if span.sort in ("quiet", "unheard"):
            sentence.set_aside(span.gap)
            return ""
        if span.sort == "plain":
            role = "function" if span.phrase in FUNCTION else "word"
            if span.phrase == span.said.lower():
                sentence.keep(span.said, span.gap, role)
            elif span.phrase:
                sentence.replace(span.phrase, "", span.gap, role)
            else:
                sentence.set_aside(span.gap)
            phrase, span.phrase = span.phrase, ""
            return phrase
        if span.sort in ("colour", "size"):
            sentence.replace(span.phrase, "", span.gap, "adjective")
            phrase, span.phrase = span.phrase, ""
            return phrase
        elif span.sort == "look":
            self._tell_look(span, sentence)
        elif span.sort == "act" and somebody:
            if not span.beside:
                span.phrase = ""
                sentence.set_aside(span.gap)
                return ""
            span.phrase = span.beside
            sentence.replace(span.phrase, "", span.gap, "noun")
        elif span.sort == "place" and sentence.take_back(PLACED):
            span.phrase = span.beside or f"in front of {span.phrase}"
            sentence.replace(span.phrase, "", span.gap, "place")
        else:
            single = ""
            if span.plural and span.phrase == span.plural:
                entry = self.world.phrases.get(bare_key(span.plural))
                single = entry.phrase if entry else ""
            sentence.replace(span.phrase, span.plural, span.gap, single=single)
            if span.possessive:
                sentence.possess()
        return span.phrase

    def _tell_look(self, span: Span, sentence: Sentence) -> None:
        """A look goes between commas: "in the style of Monet" is ", watercolour"."""
        if any(piece.text.lower() == span.phrase for piece in sentence.pieces):
            sentence.set_aside(span.gap)
            return
        while sentence.take_back(BEFORE_A_STYLE):
            pass
        sentence.drop_article()
        if sentence.pieces:
            sentence.replace(span.phrase, "", ", ", "look")
        else:  # "an oil painting of a cat": a watercolour of a cat
            sentence.replace(self.world.phrases[span.phrase].plural, "", " ", "look")

    def _plural(self, phrase: str) -> str:
        """Several of a thing; empty where a phrase is more than one thing's name."""
        entry = self.world.thing(phrase)
        return entry.plural if entry else ""
