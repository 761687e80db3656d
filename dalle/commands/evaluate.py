"""`evaluate`: the share of the embedded model's pictures that fit their prompt, in the eyes of a
judge."""

import argparse
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from dalle.settings import DEFAULT_MODEL

HELP = "Count the pictures that fit their prompt (models of the embedded world only)."
STYLES = ("3d", "noto", "twemoji", "clipart")
KNOBS = {"condition_scale": float, "temperature": float, "top_k": int}
CURVES = {"candidates": (9, 16, 32, 64), "condition_scale": (1.0, 1.5, 2.0, 3.0, 4.0, 6.0)}
JUDGED = 150  # scenes that the judge itself is examined with
TRUE_SCENES = 100  # that the finish of pictures is measured by
SHEETS = 4  # prompts of each part that are shown
HELD_OUT_SEED = 1_000_003


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", nargs="?", default=DEFAULT_MODEL)
    parser.add_argument("--out", type=Path, default=Path("evaluation"), metavar="DIR")
    parser.add_argument(
        "--share", type=float, default=1.0, metavar="X",
        help="of the 482 prompts, for a quick look (%(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--part", action="append", metavar="NAME",
        help="ask only this part of the prompts, such as everyday; may be given again",
    )  # fmt: skip
    parser.add_argument(
        "--curves", type=int, default=0, metavar="N",
        help="also draw the first figure against candidates and condition scale, of N prompts",
    )  # fmt: skip
    for name, kind in KNOBS.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=kind, metavar="N")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sprites", type=Path, default=Path(".data/sprites"), metavar="DIR")
    parser.add_argument(
        "--sharp-sprites", type=Path, default=Path(".data/sharp-sprites"), metavar="DIR"
    )


def run(arguments: argparse.Namespace) -> None:
    from dalle.generation.loading import load
    from dalle.training.exam.edges import summarise_finish, true_scenes
    from dalle.training.exam.judge import Judge
    from dalle.training.exam.marks import summarise
    from dalle.training.exam.questions import questions
    from dalle.training.scenes.sharp import open_sharp_sprites
    from dalle.training.scenes.sprites import open_sprites

    library = open_sprites(arguments.sprites)
    judge, pipeline = Judge(library, STYLES), load(arguments.model)
    judged = examine_judge(judge, library, round(JUDGED * min(1.0, arguments.share)))
    for name, value in judged.items():
        print(f"the judge itself: {name:40}{value:8.1%}", flush=True)

    arguments.out.mkdir(parents=True, exist_ok=True)
    knobs = {name: getattr(arguments, name) for name in KNOBS if getattr(arguments, name)}
    knobs["seed"] = arguments.seed
    asked = questions(library.kinds, arguments.seed, arguments.share)
    asked = [q for q in asked if not arguments.part or q.part in arguments.part]
    answers, plain = generate_answers(pipeline, judge, asked, knobs, arguments.out)
    true = list(true_scenes(library, open_sharp_sprites(arguments.sharp_sprites), TRUE_SCENES))
    rows = summarise(answers) + summarise_finish(plain, true, answers)
    report = {
        "model": pipeline.name, "revision": pipeline.revision, "precision": pipeline.precision,
        "prompts": len(asked), "knobs": knobs, "judge": judged, "figures": rows,
        "answers": [tell(answer) for answer in answers],
    }  # fmt: skip
    if arguments.curves:
        plain = [question for question in asked if question.part == "plain"][: arguments.curves]
        report["curves"] = sweep_knobs(pipeline, judge, plain, knobs, arguments.out)
    (arguments.out / "evaluation.json").write_text(json.dumps(report, indent=1) + "\n")
    table = as_table(report)
    (arguments.out / "evaluation.md").write_text(table)
    print(table)


def examine_judge(judge, library, number: int) -> dict[str, float]:
    """The judge's accuracy on composed scenes of no training."""
    import numpy as np

    from dalle.training.scenes.composer import SceneComposer

    right: dict[str, list[bool]] = {}
    for stage in ("things", "full"):
        composer = SceneComposer(library, stage, HELD_OUT_SEED)
        for index in range(number):
            scene = composer.compose(index)
            if scene.tint:  # other colours are not judged
                continue
            seen, kinds = judge.look(scene.image), {thing.kind for thing in scene.things}
            if stage == "things":
                right.setdefault("single things, of all kinds", []).append(seen.kind in kinds)
            elif len(kinds) > 1:
                found = {thing.kind for thing in seen.things}
                right.setdefault("several things, all found", []).append(kinds <= found)
            elif scene.count > 1:
                count = seen.count(scene.things[0].kind)
                right.setdefault("number of a kind", []).append(count == scene.count)
            right.setdefault("background or place", []).append(seen.ground == scene.background)
            right.setdefault("look, or none", []).append(seen.look == scene.look)
    return {name: float(np.mean(values)) for name, values in right.items()}


def generate_answers(pipeline, judge, asked, knobs, out: Path) -> tuple[list, list]:
    """The judge's findings, and all kept pictures of plain prompts that have no look."""
    import numpy as np
    from tqdm import tqdm

    answers, shown, plain = [], {}, {}
    # The judge looks at a prompt's pictures while those of the next are drawn.
    with ThreadPoolExecutor(1) as judging:
        for question in tqdm(asked, unit="prompt"):
            result = pipeline.generate(question.prompt, **knobs)
            answers.append(judging.submit(judge_answer, judge, question, result))
            if question.part == "plain":
                plain[len(answers) - 1] = [np.asarray(p.image) for p in result.pictures]
            if shown.setdefault(question.part, 0) < SHEETS:
                shown[question.part] += 1
                result.sheet().save(out / f"{question.part}-{shown[question.part]}.png")
    answers = [answer.result() for answer in answers]
    without_look = [
        picture
        for index, pictures in plain.items()
        for picture, seen in zip(pictures, answers[index].kept, strict=True)
        if seen.look is None
    ]
    return answers, without_look


def judge_answer(judge, question, result):
    """The judge's findings on the pictures of a question."""
    import numpy as np

    from dalle.generation.ranking.rank import perceptual_hash
    from dalle.training.exam.marks import Answer

    # Only these parts measure the gain by ranking.
    rejected = result.rejected if question.part in ("plain", "everyday") else []
    kept, left = (
        [judge.look(np.asarray(picture.image)) for picture in pictures]
        for pictures in (result.pictures, rejected)
    )
    return Answer(question, kept, left, [perceptual_hash(p.image) for p in result.pictures])


def tell(answer) -> dict:
    """An answer as JSON."""
    question = answer.question
    asked = {"part": question.part, "prompt": question.prompt, "kinds": question.kinds,
             "ground": question.ground, "look": question.look, "count": question.count,
             "wanted": [sorted(kinds) for kinds in question.wanted]}  # fmt: skip
    seen = {
        which: [
            {"kinds": [thing.kind for thing in seen.things], "ground": seen.ground,
             "look": seen.look, "unexplained": round(seen.unexplained, 3)}
            for seen in getattr(answer, which)
        ]
        for which in ("kept", "rejected")
    }  # fmt: skip
    return asked | seen


def sweep_knobs(pipeline, judge, asked, knobs, out: Path) -> dict[str, dict]:
    """Shares of right things among the nine kept, against two knobs; also as curves.png."""
    import matplotlib
    import numpy as np

    matplotlib.use("Agg")
    from matplotlib import pyplot

    from dalle.training.exam.marks import thing

    curves: dict[str, dict] = {}
    figure, axes = pyplot.subplots(1, len(CURVES), figsize=(9, 3.5), sharey=True)
    for axis, (knob, values) in zip(axes, CURVES.items(), strict=True):
        curves[knob] = {}
        for value in values:
            marks = [
                thing(question, judge.look(np.asarray(picture.image)))
                for question in asked
                for picture in pipeline.generate(
                    question.prompt, **knobs | {knob: value, "keep": 9}
                ).pictures
            ]
            curves[knob][value] = float(np.mean(marks))
        axis.plot(curves[knob].keys(), curves[knob].values(), marker="o")
        axis.set(xlabel=knob.replace("_", " "), ylim=(0, 1))
        axis.grid(alpha=0.3)
    axes[0].set_ylabel("right thing, of nine kept")
    figure.savefig(out / "curves.png", dpi=100, bbox_inches="tight")
    pyplot.close(figure)
    return curves


def as_table(report: dict) -> str:
    """The figures as Markdown."""
    lines = [
        f"{report['prompts']} prompts, model {report['model']} {report['revision']}, "
        f"{report['precision']}",
        "",
        "| figure | measured | goal |",
        "|---|---|---|",
        *(f"| {row['name']} | {row['value']:.1%} | {row['goal']} |" for row in report["figures"]),
        "",
        "| the judge itself, on composed scenes | right |",
        "|---|---|",
        *(f"| {name} | {value:.1%} |" for name, value in report["judge"].items()),
    ]
    return "\n".join(lines) + "\n"
