"""From a click to frames for the browser: the status line and the runs."""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from dalle.engine.admission import BusyError, StoppingError
from dalle.engine.order import Order, RankOrder
from dalle.engine.protocol import Engine
from dalle.engine.status import QueueStatus
from dalle.errors import DalleError, PromptRefused
from dalle.generation.ranking.rank import keep_best, likeness
from dalle.generation.result import Preview, Result
from dalle.serving.http.visitors import current_visitor
from dalle.serving.page.frames import Frame, Run, Status, tell
from dalle.serving.page.links import write_link, write_query
from dalle.serving.page.results import ResultStore
from dalle.serving.page.tiles import (
    cells_of,
    describe_kept,
    describe_preview,
    heard_in,
    other_notes,
)
from dalle.settings import GenerationSettings, SettingsError, check_prompt

MOST_PROMPTS = 9  # in one go, one a line
REFUSED = "Refused"  # in place of a prompt that the filter refuses, which is not repeated


@dataclass(frozen=True)
class PageController:
    """Serves all visitors of a page."""

    engine: Engine
    defaults: Mapping[str, Any] = field(default_factory=dict)  # the model's own settings
    results: ResultStore = field(default_factory=ResultStore)

    def generate_all(
        self, text: str, knobs: dict[str, Any], keep_prompt: bool = False
    ) -> Iterator[Frame]:
        """Draws each line of a text as a prompt of its own, one after another.

        `keep_prompt` writes the prompts into the files.
        """
        try:
            orders = [Order.parse(prompt, **knobs) for prompt in split_prompts(text)]
            # Checked here, so that a mistake is told before anybody waits in a queue.
            self.engine.model_pool.check(orders[0].choice)
        except DalleError as error:
            yield tell("failed", str(error)), []
            return
        runs: list[Run] = []
        for number, order in enumerate(orders, start=1):
            where = f"Prompt {number} of {len(orders)}: " if len(orders) > 1 else ""
            runs.append({})
            try:
                for status, run in self.generate(order, keep_prompt):
                    runs[-1] = run
                    yield status | {"line": where + status["line"]}, list(runs)
            except BusyError as error:
                runs.pop()
                rest = "\n".join(order.prompt for order in orders[number - 1 :])
                yield refuse(error, text=rest, more=bool(runs)), list(runs)
                return
            except DalleError as error:
                if len(orders) == 1:
                    yield tell("failed", str(error)), []
                    return
                # Of several, each tells beside its own prompt why there are no pictures.
                title = REFUSED if isinstance(error, PromptRefused) else order.prompt
                runs[-1] = new_run(title, "failed", error=str(error))
                yield tell("busy", f"{where}not drawn"), list(runs)
        if len(orders) > 1:
            yield summarise(runs), list(runs)

    def generate_again(
        self, prompt: str, knobs: dict[str, Any], candidate: int, before: str = ""
    ) -> Iterator[Frame]:
        """Draws one candidate alone, and compares it with the result named `before`, if any."""
        last: Run = {}
        try:
            order = Order.parse(prompt, **knobs | {"only": (candidate,)})
            for status, run in self.generate(order):
                if run.get("state") == "done":
                    run["alone"] = candidate
                    run["verdict"] = self.compare(before, run["name"], candidate)
                    status["line"] = run["verdict"] or status["line"]
                last = run
                yield status, [run]
        except BusyError as error:
            yield refuse(error), []
        except DalleError as error:
            yield tell("failed", str(error)), [last] if last.get("state") == "done" else []

    def generate(self, order: Order, keep_prompt: bool = False) -> Iterator[tuple[Status, Run]]:
        """The status line and the run after each frame; DalleError where there are no pictures."""
        expected = self.expect(order)
        # Refused here, before anything is shown.
        frames = self.engine.generate(order, visitor=current_visitor())
        run = new_run(order.prompt, "waiting")
        yield tell("busy", "Starting …", seconds=expected), run
        for frame in frames:
            if isinstance(frame, QueueStatus):
                yield describe_wait(frame, expected, self.engine.model_pool.loading), run
            elif isinstance(frame, Preview):
                run = run | {"state": "preview", "stamp": f"{frame.fraction}"}
                run["preview"] = describe_preview(frame.pictures)
                stage = f"{frame.stage.capitalize()}: {frame.fraction:.0%}"
                left = expected and expected * (1 - 0.9 * frame.fraction)
                yield tell("busy", stage, fraction=0.9 * frame.fraction, seconds=left), run
            else:
                run = self.show(frame, run["key"], keep_prompt=keep_prompt)
                yield tell("done", f"Done in {sum(frame.seconds.values()):.1f} s."), run

    def expect(self, order: Order) -> float | None:
        """The expected seconds of a run; None before the first of its model."""
        pool = self.engine.model_pool
        if pool.active is None:
            return None
        info = pool.info(order.model)
        candidates = len(order.settings(info.defaults if info else {}).candidate_numbers)
        return self.engine.throughput.run_seconds(candidates, pool.resolve(order.model))

    def wanted(self, origin: Mapping[str, Any]) -> dict[str, str]:
        """The model of a recipe, where it may be chosen here."""
        return self.engine.model_pool.offered(origin)

    def show(self, result: Result, key: str, keep_prompt: bool = False) -> Run:
        """A finished run: its tiles, best first, and sentences about it."""
        name = self.results.keep(result, keep_prompt)
        kept = self.results.get(name)
        made, best = len(result.pictures) + len(result.rejected), len(result.pictures)
        summary = f"The best {best} of {made}." if result.rejected else ""
        return {
            "key": key,
            "stamp": name,
            "state": "done",
            "prompt": result.prompt,
            "name": name,
            "tiles": describe_kept(kept),
            "size": list(result.pictures[0].image.size),
            "cells": cells_of(result.pictures[0]),
            "rejected": len(result.rejected),
            "seed": result.seed,
            "query": write_query(result.recipe, run=False),
            "link": self.link(result.recipe),
            "summary": summary,
            "heard": heard_in(result),
            "notes": other_notes(result),
        }

    def link(self, recipe: Mapping[str, Any]) -> str:
        """The short query that shares a recipe's pictures."""
        pool = self.engine.model_pool
        info = pool.info(recipe.get("model"))
        usual = GenerationSettings.of(info.defaults if info else self.defaults, {}).as_dict()
        return write_link(recipe, usual, pool.active.name if pool.active else "")

    def rank_again(self, name: str, text: str) -> Run:
        """A result in the order of another text: the same pictures, new scores."""
        kept = self.results.get(name)
        pictures = [*kept.result.pictures, *kept.result.rejected]
        # By the model that drew them, or the scores could not be compared with those before.
        order = RankOrder.parse(
            text,
            [picture.image for picture in pictures],
            log_likelihoods=[picture.log_likelihood for picture in pictures],
            **self.wanted(kept.result.recipe),
        )
        *_, scores = self.engine.rank(order, visitor=current_visitor())
        numbers = [picture.candidate for picture in pictures]
        likenesses = [likeness(picture.image, picture.overview) for picture in pictures]
        best, rest = keep_best(scores, numbers, likenesses, len(kept.result.pictures))
        ranked = [replace(pictures[index], score=scores[index]) for index in [*best, *rest]]
        keep = len(best)
        result = replace(kept.result, pictures=ranked[:keep], rejected=ranked[keep:])
        summary = f"Sorted by “{text.strip()}”."
        return self.show(result, "", kept.keep_prompt) | {"summary": summary}

    def compare(self, before: str, now: str, candidate: int) -> str:
        """Whether a picture made again is the one of an earlier result; empty if there is none."""
        try:
            earlier = self.results.get(before).find(candidate)
        except DalleError:  # forgotten, or it came by a link: nothing to compare with
            return ""
        again = self.results.get(now).find(candidate)
        if earlier is None or again is None:
            return ""
        if earlier.image.tobytes() == again.image.tobytes():
            return f"Candidate {candidate} made again, alone: the same picture, pixel by pixel."
        return f"Candidate {candidate} made again, alone: it came out different."


def split_prompts(text: str) -> list[str]:
    """The lines that hold a prompt; SettingsError for none, or too many."""
    lines = text.splitlines() if isinstance(text, str) else []
    prompts = [line.strip() for line in lines if line.strip()]
    if len(prompts) > MOST_PROMPTS:
        raise SettingsError(
            f"There are {len(prompts)} prompts, one a line; at most {MOST_PROMPTS} are drawn in "
            "one go, so take some lines out."
        )
    return [check_prompt(prompt) for prompt in prompts or [text]]


def new_run(prompt: str, state: str, **more: Any) -> Run:
    """A run without pictures; the browser tells runs by their keys, their looks by their stamps."""
    key = secrets.token_hex(6)
    return {"key": key, "stamp": state, "state": state, "prompt": prompt, **more}


def describe_wait(
    waiting: QueueStatus, expected: float | None, loading: str | None = None
) -> Status:
    """A sentence about the wait, and the seconds until the pictures are there.

    `loading` is a model that is being loaded for the request that is drawn now.
    """
    if waiting.loading:
        return tell("busy", "The model is loading; your pictures come right after.")
    if waiting.ahead:
        seconds = None
        if waiting.seconds is not None and expected is not None:
            seconds = waiting.seconds + expected
        return tell("busy", f"Number {waiting.ahead} in the queue", seconds=seconds)
    if loading:
        return tell("busy", f"{loading} is being loaded; your pictures come right after.")
    return tell("busy", "Drawing", seconds=expected)


def refuse(error: BusyError, **order: Any) -> Status:
    """A sentence about a long queue, and the request that the browser repeats after a while."""
    why = "Too many people are waiting already"
    if isinstance(error, StoppingError):
        why = "The server is being restarted"
    line = f"{why}. Your prompt is kept and tried again by itself"
    return tell("refused", line, retry={"seconds": error.retry_after, **order})


def summarise(runs: list[Run]) -> Status:
    """The last sentence about several prompts."""
    done = sum(run["state"] == "done" for run in runs)
    if done == len(runs):
        return tell("done", f"Drew all {done} prompts.")
    return tell("failed", f"Drew {done} of {len(runs)} prompts; the reasons are below.")
