"""From a click to what the page shows: the status line and the runs, frame by frame."""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from dalle.errors import DalleError, PromptRefused
from dalle.generation.rank import keep_best, likeness
from dalle.generation.result import Preview, Result
from dalle.serving.engine import BusyError, Engine, Waiting
from dalle.serving.installed import split_choice
from dalle.serving.links import write_query
from dalle.serving.results import Results
from dalle.serving.tiles import describe_kept, describe_preview
from dalle.serving.visitors import current_visitor
from dalle.settings import GenerationSettings, SettingsError, check_prompt

MOST_PROMPTS = 9  # in one go, one a line
REFUSED = "Refused"  # in place of a prompt that the filter refuses, which is not repeated

Status = dict[str, Any]  # for static/status.js
Run = dict[str, Any]  # for static/board.js
Frame = tuple[Status, list[Run]]


def tell(state: str, line: str, **more: Any) -> Status:
    """What the status line shows: state is idle, busy, refused, done or failed; a sentence."""
    return {"state": state, "line": line, **more}


@dataclass(frozen=True)
class Desk:
    """What serves all visitors of a page."""

    engine: Engine
    defaults: Mapping[str, Any] = field(default_factory=dict)  # the model's own settings
    results: Results = field(default_factory=Results)

    def draw_all(
        self, text: str, knobs: dict[str, Any], keep_prompt: bool = False
    ) -> Iterator[Frame]:
        """Draws each line of a text as a prompt of its own, one after another.

        `keep_prompt` writes the prompts into the files.
        """
        try:
            prompts = split_prompts(text)
            # Checked here, so that a mistake is told before anybody waits in a queue.
            choice, others = split_choice(knobs)
            GenerationSettings.of(self.defaults, others)
            self.engine.installed.check(self.engine.serving, choice)
        except DalleError as error:
            yield tell("failed", str(error)), []
            return
        runs: list[Run] = []
        for number, prompt in enumerate(prompts, start=1):
            where = f"Prompt {number} of {len(prompts)}: " if len(prompts) > 1 else ""
            runs.append({})
            try:
                for status, run in self.draw(prompt, knobs, keep_prompt):
                    runs[-1] = run
                    yield status | {"line": where + status["line"]}, list(runs)
            except BusyError as error:
                runs.pop()
                rest = "\n".join(prompts[number - 1 :])
                yield refuse(error, text=rest, more=bool(runs)), list(runs)
                return
            except DalleError as error:
                title = REFUSED if isinstance(error, PromptRefused) else prompt
                runs[-1] = new_run(title, "failed", error=str(error))
                yield tell("failed", str(error)), list(runs)
        if len(prompts) > 1:
            yield summarise(runs), list(runs)

    def draw_again(
        self, prompt: str, knobs: dict[str, Any], candidate: int, before: str = ""
    ) -> Iterator[Frame]:
        """Draws one candidate alone, and compares it with the result named `before`, if any."""
        last: Run = {}
        try:
            for status, run in self.draw(prompt, knobs | {"only": (candidate,)}):
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

    def draw(
        self, prompt: str, knobs: dict[str, Any], keep_prompt: bool = False
    ) -> Iterator[tuple[Status, Run]]:
        """The status line and the run after each frame; DalleError when it cannot be drawn."""
        check_prompt(prompt)
        expected = self.expect(knobs)
        # Refused here, before anything is shown.
        frames = self.engine.draw(prompt, visitor=current_visitor(), **knobs)
        run = new_run(prompt, "waiting")
        yield tell("busy", "Starting …", seconds=expected), run
        for frame in frames:
            if isinstance(frame, Waiting):
                yield describe_wait(frame, expected, self.engine.installed.loading), run
            elif isinstance(frame, Preview):
                run = run | {"state": "preview", "stamp": f"{frame.fraction}"}
                run["preview"] = describe_preview(frame.pictures)
                stage = f"{frame.stage.capitalize()}: {frame.fraction:.0%}"
                left = expected and expected * (1 - 0.9 * frame.fraction)
                yield tell("busy", stage, fraction=0.9 * frame.fraction, seconds=left), run
            else:
                run = self.show(frame, run["key"], keep_prompt=keep_prompt)
                yield tell("done", f"Done in {sum(frame.seconds.values()):.1f} s."), run

    def expect(self, knobs: Mapping[str, Any]) -> float | None:
        """Seconds of a run, where they are known."""
        choice, others = split_choice(knobs)
        settings = GenerationSettings.of(self.defaults, others)
        serving = self.engine.serving
        if serving is None:
            return None
        key = self.engine.installed.resolve(serving, choice)
        return self.engine.estimate.seconds(len(settings.drawn), *key)

    def wanted(self, origin: Mapping[str, Any]) -> dict[str, str]:
        """The model and the precision of a recipe, where they may be chosen here."""
        return self.engine.installed.wanted(self.engine.serving, origin)

    def show(
        self,
        result: Result,
        key: str,
        files: Mapping[int, bytes] | None = None,
        keep_prompt: bool = False,
    ) -> Run:
        """A finished run: its tiles, best first, and sentences about it."""
        name = self.results.keep(result, dict(files or {}), keep_prompt)
        kept = self.results.get(name)
        made, best = len(result.pictures) + len(result.rejected), len(result.pictures)
        summary = f"Made {made}, kept {best}, best first."
        if not result.rejected:
            summary = f"Made {made}." if made == 1 else f"Made {made}, best first."
        return {
            "key": key,
            "stamp": name,
            "state": "done",
            "prompt": result.prompt,
            "name": name,
            "tiles": describe_kept(kept),
            "rejected": len(result.rejected),
            "seed": result.seed,
            "query": write_query(result.recipe, run=False),
            "summary": summary,
            "notes": result.notes,
        }

    def rank_again(self, name: str, text: str) -> Run:
        """A result in the order of another text: the same pictures and files, new scores."""
        kept = self.results.get(name)
        drawn = [*kept.result.pictures, *kept.result.rejected]
        # By the model that drew them, or the scores could not be compared with those before.
        who = {"visitor": current_visitor()} | self.wanted(kept.result.recipe)
        images = [picture.image for picture in drawn]
        likely = [picture.log_likelihood for picture in drawn]
        *_, scores = self.engine.rank(images, check_prompt(text), likely, **who)
        numbers = [picture.candidate for picture in drawn]
        likenesses = [likeness(picture.image, picture.overview) for picture in drawn]
        best, rest = keep_best(scores, numbers, likenesses, len(kept.result.pictures))
        ranked = [replace(drawn[index], score=scores[index]) for index in [*best, *rest]]
        keep = len(best)
        result = replace(kept.result, pictures=ranked[:keep], rejected=ranked[keep:])
        summary = f"Ranked by “{text.strip()}”; nothing was drawn anew."
        return self.show(result, "", kept.files, kept.keep_prompt) | {"summary": summary}

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
    prompts = [line.strip() for line in check_prompt(text).splitlines() if line.strip()]
    if len(prompts) > MOST_PROMPTS:
        raise SettingsError(
            f"There are {len(prompts)} prompts, one a line; at most {MOST_PROMPTS} are drawn in "
            "one go, so take some lines out."
        )
    return prompts


def new_run(prompt: str, state: str, **more: Any) -> Run:
    """A run without pictures; the browser tells runs by their keys, their looks by their stamps."""
    key = secrets.token_hex(6)
    return {"key": key, "stamp": state, "state": state, "prompt": prompt, **more}


def describe_wait(waiting: Waiting, expected: float | None, loading: str | None = None) -> Status:
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
    """A sentence about too many who wait, and when the browser is to ask again, and for what."""
    line = "Too many people are waiting already. Your prompt is kept and tried again by itself"
    return tell("refused", line, retry={"seconds": error.retry_after, **order})


def summarise(runs: list[Run]) -> Status:
    """The last sentence about several prompts."""
    done = sum(run["state"] == "done" for run in runs)
    if done == len(runs):
        return tell("done", f"Drew all {done} prompts.")
    return tell("failed", f"Drew {done} of {len(runs)} prompts; what went wrong is said below.")
