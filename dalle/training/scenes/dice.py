"""The few random choices that scenes need, from one generator."""

import numpy as np


class Dice:
    """Chooses; the same key always chooses the same."""

    def __init__(self, *key: int):
        self._random = np.random.default_rng(key)

    def share(self) -> float:
        """A number from 0 up to 1."""
        return self._random.random()

    def chance(self, probability: float) -> bool:
        return self.share() < probability

    def pick(self, options):
        """One of a sequence, all equally often."""
        return options[int(self.share() * len(options))]

    def weighted(self, shares: dict):
        """A key of `shares`, as often as its share says."""
        threshold = self.share() * sum(shares.values())
        for option, share in shares.items():
            threshold -= share
            if threshold < 0:
                return option
        return option  # the sum was rounded up
