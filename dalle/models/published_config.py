"""The networks' geometry, read from each model's published config.json.

A config is a dataclass with typed, bounded fields: `d_model: Size`, `use_bias: bool`. A value
of another type, or out of its range, is refused in one sentence. So are options that no published
model uses: a wrong picture would be worse than an error.
"""

import dataclasses
import reprlib
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from dalle.errors import CheckpointError


@dataclass(frozen=True)
class Between:
    """The least and the greatest value that a number may have."""

    low: float
    high: float


# Far above any published model: limits for broken or hostile files.
Size = Annotated[int, Between(1, 1_000_000)]
Length = Annotated[int, Between(1, 65_536)]  # of a sequence, or of a picture's side
TextLength = Annotated[int, Between(3, 65_536)]  # a start, a token, an end
Layers = Annotated[int, Between(1, 200)]
Token = Annotated[int, Between(0, 1_000_000)]
Epsilon = Annotated[float, Between(1e-12, 1e-2)]  # published: 1e-6 and 1e-5

MOST_ENTRIES = 16  # of a list
# Numbers that one attention head works with; all published models have 64.
HEAD_SIZES = (4, 256)


def read_fields(config_class: type, published: dict[str, Any], section: str = "") -> dict[str, Any]:
    """The values of a config's own fields, each of its type and in its range; lists as tuples.

    `section` stands before their names in a CheckpointError.
    """
    kinds = get_type_hints(config_class, include_extras=True)
    missing = [f"{section}{name}" for name in kinds if name not in published]
    if missing:
        raise CheckpointError(
            f"config.json lacks {', '.join(missing)}; a {config_class.__name__} needs each of "
            f"{', '.join(kinds)}. Is this the right folder?"
        )
    return {name: read(f"{section}{name}", published[name], kind) for name, kind in kinds.items()}


def read(name: str, value: Any, kind: Any) -> Any:
    """A value of config.json; CheckpointError names it unless it is of this kind."""
    if not fits(value, kind):
        raise CheckpointError(
            f"config.json sets {name} to {reprlib.repr(value)}; it must be {describe(kind)}. "
            "Check the file."
        )
    if dataclasses.is_dataclass(kind):
        return kind.from_json(value, f"{name}.")
    return tuple(value) if isinstance(value, list) else value


def fits(value: Any, kind: Any) -> bool:
    """Whether a value is of this kind; true and false are no numbers, and "7" is none either."""
    arguments = get_args(kind)
    if get_origin(kind) is Annotated:
        plain, limits = arguments
        numbers = (int, float) if plain is float else (int,)
        return type(value) in numbers and limits.low <= value <= limits.high
    if get_origin(kind) is Literal:
        return type(value) is str and value in arguments
    if get_origin(kind) is tuple:
        if not isinstance(value, list | tuple):
            return False
        if arguments[-1] is Ellipsis:
            arguments = arguments[:1] * min(len(value), MOST_ENTRIES)
        return len(value) == len(arguments) and all(map(fits, value, arguments))
    return type(value) is (dict if dataclasses.is_dataclass(kind) else kind)


def describe(kind: Any) -> str:
    """The allowed values of a kind, in words."""
    arguments = get_args(kind)
    if get_origin(kind) is Annotated:
        number = "a whole number" if arguments[0] is int else "a number"
        return f"{number} from {arguments[1].low} to {arguments[1].high}"
    if get_origin(kind) is Literal:
        return " or ".join(map(repr, arguments))
    if get_origin(kind) is tuple:
        several = arguments[-1] is Ellipsis
        count = f"at most {MOST_ENTRIES}" if several else str(len(arguments))
        return f"a list of {count}, each {describe(arguments[0])}"
    return {bool: "true or false"}.get(kind, "an object with fields of its own")


def refuse_others(published: dict[str, Any], supported: dict[str, Any]) -> None:
    """CheckpointError for an option that is present with another value than the supported one."""
    for name, value in supported.items():
        if name in published and not same(published[name], value):
            raise CheckpointError(
                f"config.json sets {name} to {reprlib.repr(published[name])}; only {value!r} is "
                "supported, as in every published model. Load a model without this option."
            )


def same(given: Any, value: Any) -> bool:
    """Equal and of one type: 1 is not true."""
    return type(given) is type(value) and given == value


def require_multiple(whole: str, value: int, part: str, divisor: int) -> None:
    """CheckpointError where the one does not divide the other."""
    if divisor == 0 or value % divisor:
        raise CheckpointError(
            f"config.json has {whole} {value}, which must be a multiple of {part} {divisor}. "
            "Check the file."
        )


def require_heads(whole: str, width: int, part: str, heads: int) -> None:
    """CheckpointError where attention of this width cannot have `heads` heads."""
    require_multiple(whole, width, part, heads)
    low, high = HEAD_SIZES
    if not low <= width // heads <= high:
        raise CheckpointError(
            f"config.json has {whole} {width} and {part} {heads}, which leaves {width // heads} "
            f"numbers for each head; it must be {low} to {high}. Check the file."
        )
