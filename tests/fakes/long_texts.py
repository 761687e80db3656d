"""Kinds of long text that a careless pattern or filter is slow on."""

# What stands first, and what is repeated up to the length.
KINDS: dict[str, tuple[str, str]] = {
    "a masked word without an end": ("#", "a"),
    "a masked word after a star": ("*", "a"),
    "a masked word with dashes": ("_", "a"),
    "masks alone": ("a", "*"),
    "masks and letters in turn": ("", "a*"),
    "dashes and letters in turn": ("", "n-"),
    "underscores and letters in turn": ("", "a_"),
    "hashtags": ("", "#a"),
    "one long hashtag": ("#", "nakednake"),
    "opened tags": ("", "<"),
    "a tag that is not closed": ("<", "a"),
    "small tags": ("", "<a>"),
    "hidden names": ("", "<person>, and"),
    "a hidden name and commas": ("<person>", ", "),
    "entities": ("", "&#x41;"),
    "entities in entities": ("", "&amp;"),
    "percent signs": ("", "%41"),
    "spaces": ("", " "),
    "spaces before a sign": ("a", "  ,"),
    "quotes": ("", "'"),
    "quotes and spaces": ("", '" '),
    "commas": ("", ","),
    "single letters": ("", "a "),
    "letters with wide gaps": ("", "n a  k "),
    "digits for letters": ("", "4$1"),
    "dots between letters": ("", "a.b."),
    "digits between letters": ("", "n1a2"),
    "an x between letters": ("", "nx"),
    "references": ("", "[1] "),
    "marks on a letter": ("a", "\u0301"),
    "zero-width signs": ("", "n\u200ba"),
    "emoji in families": ("", "👩\u200d👩\u200d👧"),
    "characters that are many": ("", "ﷺ"),
    "Chinese": ("", "裸体女人"),
    "refused words": ("", "people kill naked child, mole rat "),
}


def long_text(kind: str, length: int) -> str:
    """A text of a kind, with so many characters."""
    first, unit = KINDS[kind]
    return (first + unit * length)[:length]
