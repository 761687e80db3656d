"""Layers stacked as published, or one by one."""

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from dalle.models.checkpoints.msgpack import Name

LAYER = re.compile(r"(FlaxBart(?:Encoder|Decoder)Layer)_(\d+)")


STACKED = ("FlaxBartEncoderLayers", "FlaxBartDecoderLayers")


def stacked_name(name: Name) -> tuple[Name, int | None]:
    """The name that a layer's leaf has in a stacked file, and the layer."""
    for place, part in enumerate(name):
        if match := LAYER.fullmatch(part):
            return (*name[:place], match[1] + "s", *name[place + 1 :]), int(match[2])
    return name, None


def group_layers(leaves: dict[Name, Any]) -> dict[Name, list]:
    """Leaves by their stacked name, those of one name in the order of their layers."""
    groups: dict[Name, list] = {}
    for name in sorted(leaves, key=lambda name: stacked_name(name)[1] or 0):
        groups.setdefault(stacked_name(name)[0], []).append(leaves[name])
    return groups


def is_stacked(name: Name) -> bool:
    return any(part in STACKED for part in name)


def stack_shapes(shapes: dict[Name, tuple]) -> dict[Name, tuple]:
    groups = group_layers(shapes).items()
    return {name: (len(all_), *all_[0]) if is_stacked(name) else all_[0] for name, all_ in groups}


def repeat_first(layers: dict[str, Any], count: int) -> dict[str, Any]:
    """`count` layers by name like the only one: to trace a network of one layer takes less time."""
    ((name, first),) = layers.items()
    return {f"{name.removesuffix('0')}{number}": first for number in range(count)}


def stack_arrays(arrays: dict[Name, Any]) -> dict[Name, Any]:
    groups = group_layers(arrays).items()
    return {name: np.stack(all_) if is_stacked(name) else all_[0] for name, all_ in groups}


def unstack(name: Name, values: np.ndarray) -> Iterator[tuple[Name, np.ndarray]]:
    """The leaf itself, or one leaf a layer of a stacked one."""
    place = next((i for i, part in enumerate(name) if part in STACKED), None)
    if place is None:
        yield name, values
        return
    for layer, leaf in enumerate(values):
        yield (*name[:place], f"{name[place][:-1]}_{layer}", *name[place + 1 :]), leaf
