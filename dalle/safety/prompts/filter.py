"""The prompt filter: refuses harmful prompts by rules that can be read and measured.

It judges the text as written, with disguises undone, and the text as the model will read it. It
keeps nothing of the texts.
"""

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Self

from dalle.errors import PromptRefused
from dalle.safety.prompts.folding import EMOJI, SIGN, fold, open_markup, without_leet
from dalle.safety.prompts.matching import Matcher, first_fulfilled, settle_allowed
from dalle.safety.prompts.phrases import word_finder
from dalle.safety.prompts.rules import Rule, load_rules
from dalle.safety.prompts.words import Reader, Repairs
from dalle.settings import PROMPT_POLICIES, check_prompt_policy
from dalle.text.normalize import transliterate

# The sentences for each category: its name, and how to rephrase.
_SAID = {
    "minors": ("sexual content with children", "This is never drawn; ask for something else."),
    "person": (
        "a real person in a sexual or violent picture",
        "Leave the name or that part out, or show the person in another way.",
    ),
    "sexual": ("nudity or sex", "Describe people with their clothes on, and their actions."),
    "hate": ("hateful symbols or words", "Leave the symbol or the slur out."),
    "self-harm": (
        "suicide or self-harm",
        "Draw the feeling in another way. If this is about you: please talk to somebody you "
        "trust, or to a helpline of your country.",
    ),
    "violence": ("graphic violence", "Leave wounds, killing and dead bodies out."),
}


@dataclass(frozen=True)
class Decision:
    """Whether a text may be drawn, and which rule refuses it."""

    allowed: bool
    category: str | None = None
    rule_id: str | None = None

    @property
    def message(self) -> str:
        """For the person at the screen: the category and how to rephrase, never the prompt."""
        if self.allowed:
            return ""
        name, hint = _SAID[self.category]
        return f"This prompt seems to ask for {name}, which is not drawn here. {hint}"


ALLOWED = Decision(True)


class PromptFilter:
    """The rules of one policy: "strict", "standard", or "off", which keeps those on minors alone.

    version and sha256 are those of the rules' data files; notice is a sentence for the page where
    the owner has switched the filter off, else empty.
    """

    def __init__(self, policy: str) -> None:
        self.policy = check_prompt_policy(policy)
        rules = load_rules()
        self.version, self.sha256 = rules.version, rules.sha256
        severity = PROMPT_POLICIES.index(self.policy)
        self._rules = tuple(
            rule
            for rule in rules.rules
            if rule.category == "minors" or PROMPT_POLICIES.index(rule.policy) <= severity
        )
        self._order = {rule: n for n, rule in enumerate(self._rules)}
        self._reading: dict[str, list[int]] = defaultdict(
            list
        )  # numbers of rules, by a list's name
        for rule, n in self._order.items():
            for name in rule.groups[0]:
                self._reading[name].append(n)
        self._matcher, self._reader = Matcher(rules.lists), Reader(rules)
        self._elsewhere, self._after = word_finder(rules.elsewhere), rules.after

    @classmethod
    @cache
    def load(cls, policy: str = "standard") -> Self:
        """The filter of a policy; SettingsError for an unknown one."""
        return cls(policy)

    @property
    def notice(self) -> str:
        """A sentence for visitors about the policy."""
        if self.policy != "off":
            return ""
        return "The prompt filter of this page is switched off, but for the protection of children."

    def check(self, text: str, normalize: Callable[[str], str] | None = None) -> Decision:
        """Judges a text; `normalize` is the model's own, so that its input is judged too."""
        if not text.isascii():
            text = self._elsewhere.sub(SIGN, unicodedata.normalize("NFC", text))
        judged: set[tuple[str, ...]] = set()
        fulfilled, repairs = set(), Repairs(self._reader)
        for folded in dict.fromkeys(_folded_forms(text, normalize)):
            for words in self._reader.read(folded, repairs):
                if words not in judged:
                    judged.add(words)
                    found = self._matcher.find(words)
                    settle_allowed(found, words, folded, self._after)
                    fulfilled.add(first_fulfilled(self._rules_on(found), found))
        fulfilled.discard(None)
        if not fulfilled:
            return ALLOWED
        rule = min(fulfilled, key=self._order.__getitem__)
        return Decision(False, rule.category, rule.id)

    def _rules_on(self, found: Iterable[str]) -> list[Rule]:
        """The rules whose first group has one of these lists, in their order."""
        numbers = {n for name in found for n in self._reading.get(name, ())}
        return [self._rules[n] for n in sorted(numbers)]

    def require(self, text: str, normalize: Callable[[str], str] | None = None) -> None:
        """Raises PromptRefused for a text that is not allowed."""
        decision = self.check(text, normalize)
        if not decision.allowed:
            raise PromptRefused(decision.message, decision.category)


def _folded_forms(text: str, normalize: Callable[[str], str] | None) -> Iterator[str]:
    """The text folded, in each form that a person or the model may read."""
    forms = open_markup(text)
    if not text.isascii():
        forms += [transliterate(forms[0]), forms[0].translate(EMOJI)]
    if normalize is not None:
        forms.append(normalize(text))
    for form in dict.fromkeys(forms):
        folded = fold(form)
        yield folded
        yield from without_leet(folded)
