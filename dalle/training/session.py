"""A run by the clock or by steps: the common part of all trainings of BART and CLIP."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import optax
from jax import Array

from dalle.training.clock import rate_now
from dalle.training.data import Lesson
from dalle.training.run import Run, TrainState, train


class Session:
    """The run in a folder with its optimiser and state: from where it stopped, or new."""

    def __init__(
        self,
        folder: Path,
        lesson: Lesson,
        optimiser: Callable[[float, int, float], optax.GradientTransformation],
        params: dict[str, Any],  # of a new run
    ) -> None:
        self._lesson = lesson
        self.run = Run(folder)
        self._clock = lesson.clock(self.run.seconds)
        cooldown = 0.0 if self._clock else lesson.cooldown
        self._tx = optimiser(lesson.peak, lesson.steps, cooldown)
        self._state = self.run.restore(TrainState.begin(params, self._tx))
        self.start = int(self._state.step)

    def train(
        self,
        update: Callable[..., tuple[TrainState, dict[str, Array]]],  # (state, batch, rate, tx=...)
        batches: Iterator[Any],
        evaluate: Callable[[TrainState], None],
    ) -> TrainState:
        """Goes on to the last step, or until the clock says so."""
        return train(
            self.run,
            self._state,
            lambda state, batch: update(state, batch, rate_now(self._clock), tx=self._tx),
            batches,
            steps=self._lesson.steps,
            batch_size=self._lesson.batch_size,
            evaluate=evaluate,
            clock=self._clock,
        )
