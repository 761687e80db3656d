"""The one error that tells every difference between a file and the model of its config.json."""

from pathlib import Path

from dalle.errors import CheckpointError
from dalle.models.checkpoints.msgpack import FLOATS, Name, StoredArray

IMAGE_POSITIONS = ("model", "decoder", "embed_positions", "embedding")


LISTED = 10


def fits(name: Name, array: StoredArray, shape: tuple) -> bool:
    if name == IMAGE_POSITIONS and array.shape[:1] == (shape[0] + 1,):
        shape = (shape[0] + 1, *shape[1:])
    return array.shape == tuple(shape) and array.dtype in FLOATS


def check_names_and_shapes(
    path: Path, stored: dict[Name, StoredArray], expected: dict[Name, tuple], fault: str
) -> None:
    """CheckpointError with all differences and their probable cause, if there is one."""
    missing = sorted(expected.keys() - stored.keys())
    unexpected = sorted(stored.keys() - expected.keys())
    common = sorted(expected.keys() & stored.keys())
    misfits = [name for name in common if not fits(name, stored[name], expected[name])]
    if not (fault or missing or unexpected or misfits):
        return
    lines = [
        f"{path} does not hold the model of its config.json: of {len(expected)} arrays "
        f"{len(missing)} missing, {len(misfits)} of another shape; {len(unexpected)} unexpected."
    ]
    if stored:
        lines += listed([f"- {'/'.join(name)} {list(expected[name])}" for name in missing])
        lines += listed([f"+ {'/'.join(name)} {list(stored[name].shape)}" for name in unexpected])
        lines += listed([difference(name, stored[name], expected[name]) for name in misfits])
    cause = fault or probable_cause(missing, unexpected, misfits, expected)
    raise CheckpointError("\n".join([*lines, f"Probable cause: {cause}."]))


def difference(name: Name, array: StoredArray, shape: tuple) -> str:
    strange = "" if array.dtype in FLOATS else f" {array.dtype}"
    return f"~ {'/'.join(name)}: file {list(array.shape)}{strange} != model {list(shape)}"


def listed(lines: list[str]) -> list[str]:
    rest = len(lines) - LISTED
    return [*lines[:LISTED], f"  ... and {rest} more of these"] if rest > 0 else lines


def probable_cause(missing: list, unexpected: list, misfits: list, expected: dict) -> str:
    if any(name[-1] == "weight" for name in unexpected):
        return "the file is in PyTorch's layout; take the one that is in Flax's"
    if len(missing) == len(expected):
        return "the file holds another model; take the weights that came with config.json"
    if misfits and not missing and not unexpected:
        return "the file holds this model in another size; take the weights of this config.json"
    return "an array was renamed, added or left out; take weights and config.json from one source"
