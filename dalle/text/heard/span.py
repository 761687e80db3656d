"""Words of a prompt that belong together."""

from dataclasses import dataclass

from dalle.text.heard.tokens import Token
from dalle.text.heard.world import Entry


@dataclass
class Span:
    """Words of a prompt that belong together, and their kind."""

    tokens: list[Token]
    sort: str  # that of an entry or a stand-in; name, slip, plain, kept, quiet, unheard
    phrase: str = ""
    plural: str = ""
    entry: Entry | None = None
    beside: str = ""
    possessive: bool = False

    def set_aside(self) -> None:
        """Lets the model not read it, without a word about that."""
        self.sort, self.phrase, self.entry, self.possessive = "quiet", "", None, False

    @property
    def gap(self) -> str:
        return self.tokens[0].gap

    @property
    def said(self) -> str:
        first, *rest = self.tokens
        text = first.text + "".join(token.gap + token.text for token in rest)
        return text.removesuffix("'s") if self.possessive else text
