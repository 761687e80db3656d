"""How two things of a sentence are to each other, in the words of the captions of training.

A small model that reads "a whale in a teacup" loses one of the two in half of its pictures; in
those of "a whale and a teacup" both are there. So a relation that no caption tells becomes "and".
"""

from collections.abc import Iterator, Sequence

from dalle.text.heard.piece import DETERMINERS, FUNCTION, Piece

# Of any two things.
SHOWN = frozenset((
    "next to", "beside", "to the left of", "to the right of", "near", "by", "with", "and", "among",
    "above", "over", "below", "under", "beneath", "on", "on top of", "standing on", "sitting on",
    "riding", "rides", "holding", "holds", "carrying", "carries", "chasing", "chases", "following",
    "chased by", "fighting", "fights", "attacking", "attacks", "in love with", "loves", "kissing",
    "hugging", "talking to", "talks to", "arguing with", "surrounded by",
))  # fmt: skip
EATING = frozenset(("eating", "eats", "having"))
WEARING = frozenset(("wearing", "in"))
INSIDE = frozenset(("in", "inside"))
WEARERS = frozenset((
    "a dog", "a dog face", "a cat", "a cat face", "a tiger", "a tiger face", "a horse",
    "a horse face", "a cow", "a cow face", "a pig", "a pig face", "a mouse", "a mouse face",
    "a rabbit", "a rabbit face", "a monkey", "a monkey face", "a bear", "a panda", "a koala",
    "a polar bear", "a fox", "a wolf", "a raccoon", "a lion", "a hamster", "a frog", "an owl",
    "a penguin", "a front-facing chick", "a robot", "an alien", "a ghost", "a skull",
    "a teddy bear", "a smiley face", "a pile of poo", "a jack-o'-lantern", "an octopus", "a baby",
    "a man", "a woman", "a boy", "a girl", "an old man", "an old woman", "a sun with a face",
    "an avocado", "an egg", "a potato", "a pineapple", "a moai statue", "a cactus",
))  # fmt: skip
HATS = frozenset(("a top hat", "a crown", "a graduation cap", "a baseball cap", "a sun hat"))
BEFORE, BEHIND = frozenset(("in front of", "before")), frozenset(("behind",))
BACKS = frozenset((
    "a house", "a house with a garden", "an abandoned house", "a castle", "a Japanese castle",
    "a tree", "a pine tree", "a palm tree", "a Christmas tree", "a mountain", "a snowy mountain",
    "a volcano", "a church", "a school", "an office building", "the Tokyo Tower", "a rainbow",
    "a tent", "a circus tent", "a ferris wheel", "a bus", "a train", "a ship", "a rocket", "a sun",
    "a full moon", "the Earth",
))  # fmt: skip
CONTAINERS = frozenset((
    "a cardboard box", "a bathtub", "a bucket", "a basket", "a shopping cart", "a trash can",
    "a barrel", "a suitcase", "a jar", "a teacup", "a cup of coffee", "a cup of green tea",
    "a pot of stew", "a nest with eggs", "a hole", "a bed", "a toilet", "a coffin", "a car",
    "a racing car", "a pickup truck", "a taxi", "a police car", "a bus", "a canoe", "a speedboat",
    "a tent", "a volcano", "a Christmas tree",
))  # fmt: skip
MOST_TOGETHER = 5  # things in a caption that lists them
LISTING = frozenset(("and", ",", ", and", "with"))
RELATING = (SHOWN - LISTING) | EATING | WEARING | INSIDE | BEFORE | BEHIND
PICTURE = "a framed picture"  # a painting too: "a painting of a fox"
# Words that tell of no more than a relation.
PLAIN = frozenset(("left", "right", "front", "top", "side", "middle", "before"))


def relate(pieces: Sequence[Piece], foods: frozenset[str]) -> list[Piece]:
    """The pieces of a sentence with its things related as in captions, each with its article."""
    nouns = [at for at, piece in enumerate(pieces) if piece.role == "noun"]
    related: list[Piece] = []
    start, before = 0, None

    def is_told(first: Piece, between: Sequence[Piece], second: Piece) -> bool:
        """Whether captions tell of two things so, or the words tell of more than a relation."""
        if not all(piece.joins or piece.text.lower() in PLAIN for piece in between):
            return True
        words = _said(between)
        if not words:
            begins = second.text.split()[0]  # "on a skateboard", "riding a bicycle"
            return begins in FUNCTION - DETERMINERS or begins.endswith("ing")
        return words in SHOWN or any(
            (
                words == "of" and first.thing == PICTURE,
                words == "in" and second.text.startswith("front of "),  # "the front of a bus"
                words in (",", ", and") and len(nouns) > 2,  # "a cat, a dog and an owl"
                words in EATING and second.thing in foods,
                words in WEARING and first.thing in WEARERS and second.thing in HATS,
                words in INSIDE and second.thing in CONTAINERS,
                words in BEFORE and second.thing in BACKS,
                words in BEHIND,
            )
        )

    begins = list(_begins(pieces, nouns))
    gaps = [_said(pieces[last + 1 : begin]) for last, begin in zip(nouns, begins[1:], strict=False)]
    # No caption tells how three things are to each other: they are listed.
    things = len(nouns) - gaps.count("of")  # "a painting of a fox" is one
    listed = 2 < things <= MOST_TOGETHER and not RELATING.isdisjoint(gaps)
    for begin, at in zip(begins, nouns, strict=True):
        between, described = list(pieces[start:begin]), list(pieces[begin : at + 1])
        said = _said(between)
        lists = listed and said in RELATING | LISTING
        if before is not None and (lists or not is_told(before, between, pieces[at])):
            comma = lists and at != nouns[-1]
            joint = (",", "comma", "") if comma else ("and", "function", " ")
            between = [Piece(*joint, changed=True, instead=said)]
        related += [*between, *_named(described)]
        start, before = at + 1, pieces[at]
    return [*related, *pieces[start:]]


def _begins(pieces: Sequence[Piece], nouns: Sequence[int]) -> Iterator[int]:
    """The place of the first word that describes each noun."""
    start = 0
    for at in nouns:
        begin = at
        while begin > start and pieces[begin - 1].describes:
            begin -= 1
        yield begin
        start = at + 1


def _said(pieces: Sequence[Piece]) -> str:
    return " ".join(piece.text.lower() for piece in pieces)


def _named(described: Sequence[Piece]) -> Iterator[Piece]:
    """A thing with the words that tell of it; one that was typed without an article has one."""
    *words, noun = described
    if noun.article and not any(piece.determines or piece.counts for piece in words):
        yield Piece(noun.article.strip(), "function", changed=True)
    yield from described
