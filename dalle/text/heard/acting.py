"""Verbs between two things: "a cat hunting a mouse" is "a cat chasing a mouse" to the model."""

from collections.abc import Sequence

from dalle.text.heard.numbers import MANY, NUMBERS, WORDS
from dalle.text.heard.piece import PLACED
from dalle.text.heard.relations import CONTAINERS
from dalle.text.heard.span import Span
from dalle.text.heard.tokens import bare_key
from dalle.text.heard.weighing import BODIES

# The captions' own words for what one does to the other, and other verbs for the same.
SYNONYMS = {
    "holding": "hold bringing brings wielding wields drinking drinks waving lifting lifts grabbing "
    "stealing selling giving offering hauling smoking throwing throws juggling clutching gripping "
    "showing dunking",
    "holds": "", "carrying": "carry", "carries": "",
    "chasing": "chase hunting hunts pursuing pursues stalking",
    "chases": "", "following": "follows", "chased by": "chased followed hunted pursued",
    "fighting": "fight battling battles boxing wrestling dueling duelling vs versus fought",
    "fights": "",
    "attacking": "attack destroying destroys destroy punching punches hitting kicking killing "
    "smashing slaying defeating invading attacked",
    "attacks": "",
    "in love with": "marrying dating adoring romancing", "loves": "",
    "kissing": "kiss kisses kissed", "hugging": "hug hugs petting cuddling embracing snuggling",
    "talking to": "talking speaking chatting whispering talk interviewing",
    "talks to": "talks speaks",
    "arguing with": "arguing yelling screaming shouting argues debating",
    "surrounded by": "surrounded encircled",
    "behind": "hiding hides peeking lurking",
}  # fmt: skip
VERBS = {verb: act for act, others in SYNONYMS.items() for verb in (*others.split(), act)}
DRIVING = frozenset(("driving", "drives", "piloting", "steering", "sailing", "flying"))
RESTING = frozenset((
    "sleeping", "bathing", "sitting", "sits", "swimming", "stuck", "trapped", "relaxing",
    "soaking", "hiding", "riding", "travelling", "traveling",
))  # fmt: skip
# After a verb these words carry nothing, as the captions' words have a preposition of their own.
AFTER = frozenset(("to", "with", "at", "against", "by", "from", "out", "in", "inside", "on", "over",
                   "behind", "the", "middle", "of", "love"))  # fmt: skip
NEEDED = {"behind": "behind", "chased by": "by"}  # the word after a verb, without which it is none
SEVERAL = {"surrounded by": MANY} | dict.fromkeys(("holding", "carrying"), WORDS[3])
COUNTED, ONE = frozenset((MANY, *NUMBERS)), frozenset(("a", "an", "another"))
AT_PLACES = ("fighting", "attacking")  # "destroying Tokyo", of which a tower is drawn
MUTUAL = ("fighting", "kissing", "hugging", "talking to", "arguing with", "in love with")
# Words that are drawn with a heart, and the things that they are never said of.
ROMANCE = frozenset(("in love with", "loves", "kissing"))
CHILDREN = ("a baby", "a boy", "a girl", "a child")
MOST_BETWEEN = 4  # words between a verb and the thing after it


def act(spans: Sequence[Span]) -> list[Span]:
    """Puts the captions' words in place of verbs between two things; others stay as they are."""
    acted: list[Span] = []
    at, before = 0, False
    while at < len(spans):
        span, size = spans[at], 1
        is_named = span.entry is not None and span.sort == "thing"  # "a hug"
        thing = _thing_after(spans, at) if before and not is_named else 0
        told = _told(spans[at:thing], spans[thing]) if thing else ""
        mutual = "" if told or span.sort in BODIES else _mutual(span)
        if {told, mutual} & ROMANCE and _has_child((*acted, spans[thing])):
            told = mutual = ""
        if mutual and (pair := _pair(acted)):
            acted[pair] = Span(acted[pair].tokens, "plain", mutual)
            span = Span(span.tokens, "quiet")
        elif told:
            size = _size(spans[at:thing], told)
            tokens = [token for each in spans[at : at + size] for token in each.tokens]
            span = Span(tokens, "plain", told)
        acted.append(span)
        before |= span.sort in BODIES
        at += size
    return acted


def _has_child(spans: Sequence[Span]) -> bool:
    return any(span.phrase in CHILDREN for span in spans)


def _told(words: Sequence[Span], thing: Span) -> str:
    """The captions' words for those before a thing, the first a verb; empty where none fit."""
    verb, *after = map(_last_word, words)
    counted = any(span.phrase in COUNTED or span.said.lower() in ONE for span in words)
    several = {} if counted else _several(thing)
    if verb == "in":
        lost = MANY in [span.phrase for span in words] or after[:2] == ["the", "middle"]
        told = "surrounded by" if lost else ""  # "in a crowd of cats"
        told = "in love with" if after[:1] == ["love"] else told
    elif thing.phrase in CONTAINERS and (
        verb in DRIVING or (verb in RESTING and after[:1] in (["in"], ["inside"]))
    ):
        told = "in"
    elif verb in DRIVING and thing.entry and thing.entry.group == "vehicles":
        told = "riding"
    else:
        told = VERBS.get(verb, "")
        if NEEDED.get(told, "by") not in after and told in NEEDED:
            told = ""
    if thing.sort == "place" and (told not in AT_PLACES or thing.entry or PLACED & {*after}):
        return ""
    return f"{told} {several[told]}" if several and told in several else told


def _last_word(span: Span) -> str:
    """Of "being chased" its verb, of another language in English."""
    said = (bare_key(span.said).split() or [""])[-1]
    plain = span.phrase if span.sort == "plain" else ""
    return plain if plain and said not in VERBS else said


def _pair(acted: Sequence[Span]) -> int:
    """The place of "and" between the last two things; 0 if they are not joined so."""
    bodies = [at for at, span in enumerate(acted) if span.sort in BODIES][-2:]
    between = range(bodies[0] + 1, bodies[1]) if len(bodies) == 2 else ()
    joins = (at for at in between if acted[at].said.lower() == "and")
    return next(joins, 0) if len(between) <= MOST_BETWEEN else 0


def _mutual(verb: Span) -> str:
    """The words between two things for a verb after both: "a cat and a dog fighting"."""
    told = VERBS.get(_last_word(verb), "in love with" if verb.said.lower() == "love" else "")
    return told if told in MUTUAL else ""


def _several(thing: Span) -> dict[str, str]:
    """By an act, the number for a plural without one."""
    plural = thing.entry.plural if thing.entry else thing.plural
    return SEVERAL if plural and thing.phrase == plural else {}


def _size(words: Sequence[Span], told: str) -> int:
    """How many of the words before a thing `told` stands for: the verb, and prepositions."""
    size = 1
    while size < len(words) and _last_word(words[size]) in AFTER:
        size += 1
    # The last article is the thing's own.
    return size - 1 if size > 1 and words[size - 1].said.lower() == "the" else size


def _thing_after(spans: Sequence[Span], at: int) -> int:
    """The place of the thing after the word at `at`, with no comma between; 0 if none."""
    colour = 0  # that is a thing too, such as lavender, where none follows it
    for end in range(at + 1, min(at + 2 + MOST_BETWEEN, len(spans))):
        if "," in spans[end].gap or "." in spans[end].gap:
            break
        if spans[end].sort in (*BODIES, "place"):
            return end if spans[end].sort != "place" or not colour else colour
        colour = end if spans[end].sort == "colour" else 0
    return colour
