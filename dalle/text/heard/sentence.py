"""Builds the sentence that the model reads: some words kept, some replaced, some set aside."""

import re
from collections.abc import Sequence
from functools import cached_property

from dalle.text.heard.piece import JOINING, PLACED, Piece
from dalle.text.heard.relations import BEFORE, BEHIND, EATING, WEARING, relate
from dalle.text.heard.tokens import takes_an

# Between two nouns, where the word before it was set aside: "a rose [given] to a wolf".
LOOSE = frozenset(
    ("to", "for", "from", "of", "like", "as", "than", "into", "through", "across", "around")
) | frozenset(("at", "towards", "within", "outside", "while", "but", "or", "plus"))
# Between two nouns of which captions tell as two things: "a cat as a wizard".
GUISE = frozenset(("as", "like"))
# Relations that a visitor misses in the picture.
NOT_SHOWN = frozenset(
    ("inside", "into", "at", "from", "through", "around", "across", "outside", "towards")
).union(WEARING, EATING, BEFORE, BEHIND)
MOST_BETWEEN = 3  # words between an article and its noun


class Sentence:
    """Pieces in order; `text` is the unchanged prompt where nothing was replaced."""

    def __init__(self, foods: frozenset[str], place: str = "") -> None:
        self.pieces: list[Piece] = []
        self._foods = foods  # phrases of things that are eaten
        self._place = place  # where they are, if the words in order don't tell it

    def keep(
        self,
        text: str,
        gap: str,
        role: str,
        phrase: str = "",
        single: str = "",
        article: str = "",
    ) -> None:
        """Words as they were typed: of a noun its phrase, `single` for one of several, and the
        article that it has by this name."""
        self._part(gap)
        last = self._noun
        if role == "noun" and last and not text.lower().startswith("the "):
            if last.changed and last.text == phrase:  # "McDonald's burger"
                return
            if last.changed or last is self._last:
                self._add(last)
                text, article = article + text, ""
        piece = Piece(text, role, "-" if gap == "-" else " ", single=single, article=article)
        piece.thing = single or phrase
        self.pieces.append(piece)

    def _add(self, first: Piece) -> None:
        """Lets a thing follow a thing: "cat sushi" is two of them, as captions tell them."""
        at = self.pieces.index(first)
        before = self.pieces[at - 1] if at else None
        counted = before is not None and before.counts and first.article
        if counted:  # "three cat astronauts": a cat and three astronauts
            self.pieces.remove(before)
        if counted or before is None:
            first.text, first.article = first.article + first.text, ""
        self.pieces.append(Piece("and", "function", changed=True))
        if counted:
            self.pieces.append(before)

    def set_aside(self, gap: str) -> None:
        """Words that the model doesn't read."""
        self._part(gap)
        self.pieces.append(Piece("", "hole", changed=True))

    def replace(
        self, phrase: str, plural: str, gap: str, role: str = "noun", single: str = ""
    ) -> None:
        """Replaces the typed words: a noun phrase with its article, an adjective or a look.

        `plural` takes its place after a number; `single` is one of several.
        """
        self._part(gap)
        if role == "noun":
            phrase = self._fit(phrase, plural)
        thing = single or phrase
        self.pieces.append(Piece(phrase, role, " ", changed=True, single=single, thing=thing))

    def possess(self) -> None:
        """Lets the last noun own the next one, which is drawn beside it."""
        self.pieces[-1].changed = True
        self.pieces.append(Piece("", "hole", changed=True))

    def drop_article(self) -> None:
        """Takes an article from the end."""
        if self._last and self._last.determines:
            self.pieces.pop()

    def take_back(self, words: frozenset[str]) -> bool:
        """Takes the article and one of `words` from the end; whether there was one of them."""
        at = len(self.pieces)
        while at and self.pieces[at - 1].determines:
            at -= 1
        if not at or self.pieces[at - 1].text.lower() not in words:
            return False
        del self.pieces[at - 1 :]
        return True

    def _part(self, gap: str) -> None:
        if "," in gap and self.pieces:
            self.pieces.append(Piece(",", "comma", ""))

    @property
    def _noun(self) -> Piece | None:
        """The noun that the sentence ends with, before any holes."""
        last = next((piece for piece in reversed(self.pieces) if piece.role != "hole"), None)
        return last if last and last.role == "noun" else None

    @property
    def _last(self) -> Piece | None:
        return self.pieces[-1] if self.pieces else None

    def _fit(self, phrase: str, plural: str) -> str:
        """The phrase as it goes on from the words before it."""
        bare = re.sub(r"^(an?|the) ", "", phrase)
        if self._noun and (bare != phrase or phrase == plural):
            self.pieces.append(Piece("and", "function", changed=True))
            return phrase
        for distance, piece in enumerate(reversed(self.pieces[-MOST_BETWEEN - 1 :])):
            if piece.counts:
                return plural or bare
            if piece.determines:
                if distance:
                    return bare
                while self.pieces and self.pieces[-1].determines:
                    self.pieces.pop()  # "a un perro"
                return phrase
            if piece.role not in ("adjective", "hole", "word") or piece.text.endswith("ing"):
                break
        return bare if self._last and self._last.role == "adjective" else phrase

    @property
    def changed(self) -> bool:
        pieces = [*self.pieces, *self._tidied]
        return any(piece.changed or piece.text.lower() in GUISE for piece in pieces)

    @property
    def text(self) -> str:
        """The sentence without words that lead nowhere."""
        parts: list[str] = []
        for piece in self._tidied:
            if piece.role == "comma":
                parts.append(",")
            else:
                parts.append((piece.gap if parts else "") + piece.text)
        text = re.sub(r"\s+", " ", "".join(parts)).strip(" ,-")
        return re.sub(r"\b(an?) (\w[\w-]*)", _article, text, flags=re.IGNORECASE)

    @property
    def apart(self) -> tuple[str, ...]:
        """The words of relations that "and" stands for, and the picture does not show."""
        words = dict.fromkeys(piece.instead for piece in self._tidied)
        return tuple(word for word in words if word in NOT_SHOWN)

    @cached_property
    def _tidied(self) -> list[Piece]:
        """All pieces but articles and prepositions around holes, where no noun is left for them.

        To be asked for when the last piece is there.
        """
        kept: list[Piece] = []
        open_hole = False
        pieces = [*self.pieces, Piece(",", "comma")]
        for at, piece in enumerate(pieces):
            if piece.role == "hole":
                open_hole = True
                continue
            ends = piece.role in ("comma", "function", "look", "place") or piece.relates
            if open_hole and ends:
                while kept and kept[-1].leads_on:
                    kept.pop()
            # Nothing stands before a comma, or at the start, unless a noun follows.
            begins = not kept or kept[-1].role == "comma"
            if open_hole and begins and (piece.role == "comma" or _leads_on(piece.text)):
                continue
            if piece.counts and not begins and (kept[-1].determines or kept[-1].counts):
                kept.pop()  # "a dozen" became "a many", "many many" two of them
                piece.changed = True
            alone = bool(kept) and (kept[-1].counts or (open_hole and kept[-1].role == "word"))
            if piece.text.lower() == "of" and alone:
                continue  # "lots of mushrooms", "minimalist [poster] of a cat"
            follows = next((each for each in pieces[at + 1 :] if each.role != "hole"), piece)
            joins = follows.begins_noun and piece.text.lower() in (LOOSE if open_hole else GUISE)
            if joins and piece.text.lower() in GUISE:
                while kept and kept[-1].relates:
                    kept.pop()  # "wearing as a wizard"
            after_noun = bool(kept) and kept[-1].role == "noun"
            after_place = bool(kept) and kept[-1].role == "place"
            if after_noun and joins:
                piece = Piece("and", "function", changed=True)
            elif (after_noun or after_place) and (
                piece.determines or (open_hole and piece.begins_noun)
            ):
                kept.append(Piece("and", "function", changed=True))
            kept.append(piece)
            open_hole = False
        while kept and kept[-1].role == "comma":
            kept.pop()
        if sum(piece.role == "noun" for piece in kept) > 1:
            kept = relate(kept, self._foods)
            _count_once(kept)
        if self._place:
            kept.insert(_end_of_things(kept), Piece(self._place, "place", changed=True))
        return kept


def _end_of_things(pieces: Sequence[Piece]) -> int:
    """The first comma after the last noun; the end where there is none."""
    for at in range(len(pieces) - 1, -1, -1):
        if pieces[at].role == "noun":
            after = (end for end in range(at, len(pieces)) if pieces[end].role == "comma")
            return next(after, len(pieces))
    return len(pieces)


def _count_once(pieces: list[Piece]) -> None:
    """Makes plurals without a number single: captions tell several of a kind alone, or count."""
    for before, piece in zip([None, *pieces], pieces, strict=False):
        joined = before and (before.role in ("function", "comma") or before.relates)
        if piece.single and (before is None or (joined and not before.determines)):
            piece.text = piece.single


def _leads_on(word: str) -> bool:
    return word.lower() in JOINING | PLACED


def _article(match: re.Match[str]) -> str:
    article = "an" if takes_an(match[2]) else "a"
    given = match[1]
    if given.lower() == article:
        return match[0]
    return f"{article.capitalize() if given[0].isupper() else article} {match[2]}"
