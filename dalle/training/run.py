"""A training run that can be stopped at any moment: checkpoint, log, curve and samples in a folder.

FOLDER/state.msgpack   parameters, optimiser and step: the run goes on from here
FOLDER/log.jsonl       one line every LOG_STEPS steps
FOLDER/curve.png       the logged losses so far
FOLDER/samples*.png    samples of the model, now or at a step
"""

import io
import json
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import serialization, struct
from tqdm import tqdm

from dalle.errors import DalleError
from dalle.files import write_atomically
from dalle.training.clock import Clock

LOG_STEPS = 25
TIMES = ("seconds", "images_per_second")  # logged, but no losses


def learning_rate(peak: float, warmup: int, steps: int, cooldown: float) -> optax.Schedule:
    """Linear warm-up, a constant plateau, then a linear fall over the last part of the run.

    A plateau lets a run be lengthened: only the fall moves. Source: arxiv.org/abs/2405.18392.
    """
    start = max(warmup, int(steps * (1 - cooldown)))
    return optax.join_schedules(
        [
            optax.linear_schedule(0.0, peak, warmup),
            optax.constant_schedule(peak),
            optax.linear_schedule(peak, peak / 50, max(1, steps - start)),
        ],
        [warmup, start],
    )


def average_step(average: Any, params: Any, step: jax.Array, decay: float) -> Any:
    """The running mean of the weights after one more step."""
    # Early on it must forget the random start sooner.
    decay = jnp.minimum(decay, (1.0 + step) / (10.0 + step))
    return jax.tree.map(lambda mean, new: decay * mean + (1 - decay) * new, average, params)


@struct.dataclass
class TrainState:
    """The checkpoint of a run."""

    step: jax.Array
    params: dict[str, Any]
    average: dict[str, Any]  # running mean of params
    optimiser: Any

    @classmethod
    def begin(cls, params: dict[str, Any], tx: optax.GradientTransformation) -> Self:
        # The average has its own buffers: a state is donated.
        return cls(jnp.int32(0), params, jax.tree.map(jnp.copy, params), tx.init(params))

    def after(
        self,
        gradients: dict[str, Any],
        tx: optax.GradientTransformation,
        decay: float,  # of the average
        limit: Callable[[dict[str, Any]], dict[str, Any]] = lambda params: params,
        rate: float | jax.Array = 1.0,  # factor of the learning rate
    ) -> Self:
        """The state one step later; `limit` keeps the new parameters within their bounds."""
        changes, optimiser = tx.update(gradients, self.optimiser, self.params)
        changes = jax.tree.map(lambda change: rate * change, changes)
        params = limit(optax.apply_updates(self.params, changes))
        average = average_step(self.average, params, self.step, decay)
        return type(self)(self.step + 1, params, average, optimiser)


class Run:
    """The folder of one training run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def restore(self, state: Any) -> Any:
        """The saved state where there is one, else `state`; DalleError if it does not fit."""
        path = self.folder / "state.msgpack"
        if not path.exists():
            return state
        try:
            stored = serialization.msgpack_restore(path.read_bytes())
            if int(stored["step"]) == 0:  # begun from a model: another optimiser may go on
                stored["optimiser"] = serialization.to_state_dict(state.optimiser)
            restored = serialization.from_state_dict(state, stored)
            jax.tree.map(_same_shape, state, restored)
        except (ValueError, KeyError) as error:
            raise DalleError(
                f"{path} holds another model than the one asked for ({error}); "
                "choose another run folder, or the sizes that it was started with."
            ) from error
        print(f"going on from step {int(restored.step)} of {path}")
        return restored

    def read_average(self) -> dict[str, Any]:
        """The weights that would ship now, without their optimiser."""
        stored = serialization.msgpack_restore((self.folder / "state.msgpack").read_bytes())
        return jax.tree.map(jnp.asarray, stored["average"])

    def save(self, state: Any) -> None:
        write_atomically(self.folder / "state.msgpack", serialization.to_bytes(state))

    def log(self, step: int, values: dict[str, float]) -> None:
        with (self.folder / "log.jsonl").open("a") as file:
            file.write(json.dumps({"step": step} | values) + "\n")

    def read_log(self) -> list[dict[str, float]]:
        """The log so far, a row for each line."""
        path = self.folder / "log.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    @property
    def seconds(self) -> float:
        """How long earlier calls have trained, where a clock planned them."""
        return max((row.get("seconds", 0.0) for row in self.read_log()), default=0.0)

    def plot_curve(self) -> None:
        """Every logged loss against the step, as curve.png."""
        import matplotlib

        matplotlib.use("Agg")
        from matplotlib import pyplot

        rows = self.read_log()
        names = sorted({name for row in rows for name in row} - {"step", *TIMES})
        figure, axes = pyplot.subplots(figsize=(8, 4.5))
        for name in names:
            points = [(row["step"], row[name]) for row in rows if name in row]
            axes.plot(*zip(*points, strict=True), label=name, linewidth=1)
        axes.set(xlabel="step", yscale="log")
        if names:
            axes.legend()
        axes.grid(alpha=0.3)
        content = io.BytesIO()
        figure.savefig(content, format="png", dpi=100)
        write_atomically(self.folder / "curve.png", content.getvalue())
        pyplot.close(figure)


def _same_shape(expected: Any, found: Any) -> None:
    if np.shape(expected) != np.shape(found):
        raise ValueError(f"shape {np.shape(found)} instead of {np.shape(expected)}")


def train(
    run: Run,
    state: Any,
    update: Callable[[Any, Any], tuple[Any, dict[str, Any]]],
    batches: Iterator[Any],
    *,
    steps: int,
    batch_size: int,
    evaluate: Callable[[Any], None],
    save_seconds: float = 120.0,
    unit: str = "image",  # of a batch's entries
    clock: Clock | None = None,
) -> Any:
    """Runs `update(state, batch)` up to `steps`, or until the clock says so, saving as it goes.

    Ctrl-C and SIGTERM save too.
    """
    if int(state.step) >= steps or (clock and clock.is_over):
        return state  # the run may be going on elsewhere: its folder is not touched
    if clock:
        clock.start()
    stop = threading.Event()
    # A flag instead of an exception, which could land in library code that swallows it.
    previous = {
        number: signal.signal(number, lambda *_: stop.set())
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    saved = evaluated = logged = time.monotonic()
    pending = []
    done = int(state.step)
    bar = tqdm(
        initial=done * batch_size,
        total=None if clock else steps * batch_size,
        unit=unit,
        smoothing=0.05,
    )
    try:
        while done < steps and not stop.is_set() and not (clock and clock.is_over):
            batch = next(batches)
            state, metrics = update(state, batch)
            pending.append(metrics)
            done += 1
            bar.update(batch_size)
            if done % LOG_STEPS == 0 or done == steps:
                means = {
                    name: float(np.mean([float(row[name]) for row in pending])) for name in metrics
                }
                passed, logged = time.monotonic() - logged, time.monotonic()
                means["images_per_second"] = len(pending) * batch_size / passed
                pending = []
                run.log(done, means | ({"seconds": clock.spent} if clock else {}))
                bar.set_postfix({name: f"{value:.3f}" for name, value in means.items()})
            now = time.monotonic()
            if now - saved > save_seconds:
                run.save(state)
                saved = now
            if now - evaluated > 4 * save_seconds:
                evaluate(state)
                run.plot_curve()
                evaluated = now
        run.save(state)
        evaluate(state)
        run.plot_curve()
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
        bar.close()
    if stop.is_set():
        print(f"stopped after step {done}; the same command goes on from here")
    return state
