"""Plans a run by the clock: the learning rate falls over the last part of the time there is."""

import time

import jax.numpy as jnp
from jax import Array

LEAST = 1 / 50  # of the rate, at the end


class Clock:
    """`minutes` of training in all, of which earlier calls spent `spent` seconds."""

    def __init__(self, minutes: float, cooldown: float, spent: float = 0.0):
        self._seconds = 60 * minutes
        self._cooldown = cooldown  # part of the time in which the rate falls
        self._earlier = spent
        self._began: float | None = None

    def start(self) -> None:
        """Counts from now on: the preparation before the first step is no training."""
        self._began = time.monotonic()

    @property
    def spent(self) -> float:
        """Seconds of training so far, those of earlier calls too."""
        return self._earlier + (0.0 if self._began is None else time.monotonic() - self._began)

    @property
    def is_over(self) -> bool:
        return self.spent >= self._seconds

    @property
    def rate(self) -> float:
        """The current factor of the peak learning rate."""
        left = 1 - self.spent / self._seconds
        return min(1.0, max(LEAST, left / self._cooldown)) if self._cooldown else 1.0


def rate_now(clock: Clock | None) -> Array:
    """The clock's rate, or 1 where the optimiser's own schedule says it all."""
    return jnp.float32(clock.rate if clock else 1.0)
