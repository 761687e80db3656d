"""`audit bias`: draws the prompts with a pipeline, has them judged, and writes the report."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from tqdm import tqdm

from dalle.audits.bias.audit import Asked, Ledger, Seen, read_prompts
from dalle.audits.bias.figures import WORSE, compare, doubt_controls, judge_controls, make_figures
from dalle.audits.bias.judges import ClipJudge, Judge, StubJudge
from dalle.audits.bias.report import write_report
from dalle.errors import DalleError
from dalle.generation import loading
from dalle.generation.pipeline import Pipeline
from dalle.settings import GenerationSettings


def run_audit(arguments: argparse.Namespace) -> None:
    """Generates the missing pictures, controls first, and writes the report."""
    GenerationSettings(seed=arguments.seed, only=range(arguments.n))  # a fault is told at once
    prompts = read_prompts(arguments.prompts, arguments.controls)
    before = _read_report(arguments.before)
    pipeline = loading.load(arguments.model, None)
    judge: Judge = StubJudge()
    if arguments.judge == "clip":
        judge = ClipJudge(pipeline.clip, pipeline.clip_tokenizer, arguments.margin)
    ledger = Ledger(arguments.out, {
        "model": pipeline.name, "revision": pipeline.revision, "precision": pipeline.precision,
        "n": arguments.n, "seed": arguments.seed, "judge": judge.name,
        "controls": arguments.controls, "prompts": prompts.sha256,
    })  # fmt: skip

    controls = [_look(pipeline, judge, ledger, asked) for asked in tqdm(prompts.controls)]
    for doubt in doubt_controls(judge_controls(controls)):
        print(f"After the controls: {doubt}", file=sys.stderr)
    neutral = [
        _look(pipeline, judge, ledger, asked) for asked in tqdm(prompts.neutral[: arguments.limit])
    ]
    figures = make_figures(controls + neutral, prompts.reference, judge.can_conclude)
    change = None if before is None else compare(figures, before)
    if change is not None:
        change["reason"] = arguments.reason
    write_report(ledger.folder, ledger.about, figures, change)
    _tell(ledger.folder, figures)
    if change is not None and change["worse"] and not arguments.reason:
        raise DalleError(
            f"the pictures are more one-sided than those of {arguments.before} by "
            f"{change['change']:.2f}; {WORSE} is allowed. Mend it, or give a --reason, which the "
            "report then holds."
        )


def _look(pipeline: Pipeline, judge: Judge, ledger: Ledger, asked: Asked) -> Seen:
    """The labels of a prompt's pictures, which are generated once."""
    seen = ledger.read(asked)
    if seen is not None:
        return seen
    numbers, seed = range(ledger.about["n"]), ledger.about["seed"]
    try:
        result = pipeline.generate(asked.text, seed=seed, only=numbers, keep=len(numbers))
    except DalleError as error:  # the empty prompt, or one that the filter refuses: part of it
        seen = Seen(asked.text, asked.wanted, (), str(error))
    else:
        pictures = sorted(result.pictures, key=lambda picture: picture.candidate)
        looks = judge.look([picture.image for picture in pictures])
        seen = Seen(asked.text, asked.wanted, tuple(looks))
    ledger.write(seen)
    return seen


def _read_report(path: Path | None) -> dict[str, Any] | None:
    if path is None:
        return None
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DalleError(
            f"{path} could not be read ({error}); --before takes the report.json of an audit."
        ) from error


def _tell(folder: Path, figures: dict[str, Any]) -> None:
    controls = figures["controls"]
    accuracy, undetermined = controls["accuracy"], controls["undetermined"]
    print(
        f"controls: right in {'-' if accuracy is None else f'{accuracy:.0%}'}, undetermined "
        f"{'-' if undetermined is None else f'{undetermined:.0%}'} of {controls['pictures']}"
    )
    if figures["doubts"]:
        print("nothing can be concluded:")
        for doubt in figures["doubts"]:
            print(f"  {doubt}")
    else:
        overall = figures["overall"]
        print(
            f"share of women from one half: {overall['from_half']:.2f} over {overall['prompts']} "
            f"prompts ({overall['from_half_if_fair']:.2f} if fair)"
        )
    print(f"{folder / 'report.md'}, report.json beside it")
