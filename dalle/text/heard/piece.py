"""Some words of a sentence, and the part that they play in it."""

from dataclasses import dataclass

from dalle.text.heard.numbers import NUMBERS

DETERMINERS = frozenset(
    ("a", "an", "the", "my", "your", "his", "her", "its", "our", "their")
) | frozenset(("this", "that", "these", "those", "some", "another", "every", "each", "any", "no"))
PLACED = frozenset(
    ("in", "at", "on", "to", "inside", "outside", "near", "through", "around", "across", "into")
) | frozenset(("within", "from", "by", "towards", "onto", "over"))
JOINING = frozenset(
    ("and", "or", "but", "with", "of", "for", "as", "like", "than", "while", "if", "plus")
)
BESIDE = frozenset(("above", "below", "behind", "beside", "next", "under"))
FUNCTION = DETERMINERS | PLACED | JOINING
COUNTING = NUMBERS.keys() | {"several", "multiple", "many", "few", "some", "pair", "couple"}


@dataclass(eq=False)
class Piece:
    """Some words of the sentence; a hole where words were set aside."""

    text: str
    role: str  # noun, adjective, look, place, function, comma, hole, word
    gap: str = " "
    changed: bool = False
    single: str = ""  # of a plural: one of them, with its article
    article: str = ""  # of a thing whose text has none
    instead: str = ""  # the words of a relation, in whose place it stands
    thing: str = ""  # the phrase of a noun in the world, of one: "a cup of coffee"

    @property
    def determines(self) -> bool:
        return self.text.lower() in DETERMINERS

    @property
    def relates(self) -> bool:
        """Whether it tells how the noun before it is to the one after it."""
        return self.role == "word" and (self.text.endswith("ing") or self.text.lower() in BESIDE)

    @property
    def leads_on(self) -> bool:
        """Whether it says nothing without the noun after it."""
        return self.role in ("function", "adjective") or self.relates or self.counts

    @property
    def begins_noun(self) -> bool:
        return self.determines or self.counts or self.role in ("noun", "adjective")

    @property
    def counts(self) -> bool:
        return self.text.lower() in COUNTING

    @property
    def describes(self) -> bool:
        """Whether it belongs to the noun after it."""
        return self.determines or self.counts or self.role == "adjective"

    @property
    def joins(self) -> bool:
        """Whether it stands between two nouns and shows nothing by itself."""
        return self.role in ("function", "comma") or self.relates
