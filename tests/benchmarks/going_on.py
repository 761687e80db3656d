"""How like a picture its variations are, by strength; the seconds of an edit, and what it shows.

python -m tests.benchmarks.going_on [--prompts 4] [--plot assets/likeness.png]
"""

import argparse
import resource
import statistics
import time
from pathlib import Path

import matplotlib
import numpy as np

import dalle
from dalle.generation.editing.interrogate import can_interrogate, describe_codes
from dalle.generation.pipeline import Pipeline
from dalle.generation.result import Picture

PROMPTS = (
    "a red fox on the beach", "an owl on a purple background", "a purple car in the snow",
    "three bananas on a teal background", "a ghost in the forest", "a cat next to a dog",
)  # fmt: skip
STRENGTHS = (0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 1.0)
# Top, bottom, left and right of what is drawn anew, in cells of 8, and what is asked for.
GAPS = (
    (0, 8, 0, 4), (0, 8, 4, 8), (2, 6, 2, 6), (4, 8, 4, 8), (0, 4, 0, 8), (0, 8, 0, 3), (0, 4, 0, 4)
)  # fmt: skip
NEW_THINGS = "a dog", "a rocket", "a fish", "an apple", "a crown", "a guitar", "a penguin"


def measure_likeness(pipeline: Pipeline, picture: Picture) -> list[float]:
    """The mean cosine of CLIP's embeddings of a picture and all its variations, by strength."""
    means = []
    for strength in STRENGTHS:
        result = pipeline.vary(picture, strength, seed=1)
        images = [each.image for each in result.pictures + result.rejected]
        means.append(float(pipeline.scorer.likenesses(images, picture.image).mean()))
    return means


def measure_seconds(pipeline: Pipeline, picture: Picture, runs: int) -> tuple[float, float]:
    """Median seconds of nine new pictures, and of nine answers to an edit of one third."""
    mask = np.zeros((9, 9), bool)
    mask[:3] = True
    new, edited = [], []
    for seed in range(runs):
        for seconds, run in (
            (new, lambda seed=seed: pipeline.generate(picture.recipe["prompt"], seed=seed)),
            (edited, lambda seed=seed: pipeline.edit(picture, mask, "a hat", seed=seed)),
        ):
            started = time.perf_counter()
            run()
            seconds.append(time.perf_counter() - started)
    return statistics.median(new), statistics.median(edited)


def measure_edits(pipeline: Pipeline, pictures: list[Picture]) -> tuple[int, int, int]:
    """Edits, those of which one of nine shows the wanted thing, and such pictures in all.

    Of each picture each of the GAPS is drawn anew, with a new prompt. What is in the gap is found
    by its codes.
    """
    edits = shown = pictures_right = 0
    for row, picture in enumerate(pictures):
        for column, (top, bottom, left, right) in enumerate(GAPS):
            mask = np.zeros((8, 8), bool)
            mask[top:bottom, left:right] = True
            thing = NEW_THINGS[(row + column) % len(NEW_THINGS)]
            result = pipeline.edit(picture, mask, thing, seed=5)
            right_ones = sum(shows(pipeline, each, mask, thing) for each in result.pictures)
            edits, shown = edits + 1, shown + bool(right_ones)
            pictures_right += right_ones
    return edits, shown, pictures_right


def shows(pipeline: Pipeline, picture: Picture, mask: np.ndarray, thing: str) -> bool:
    """Whether a thing is found in the part of a picture under a mask, [g, g] bool."""
    layout, codes = pipeline.layout, np.array(picture.codes)
    codes[layout.overview :][~mask.ravel()] = layout.blank
    found = describe_codes(pipeline, codes).things
    return any(phrase.split()[-1] == thing.split()[-1] for phrase, _ in found)


def plot(likenesses: list[list[float]], path: Path) -> None:
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(5, 3), dpi=120, layout="constrained")
    for line in likenesses:
        axes.plot(STRENGTHS, line, color="0.8")
    axes.plot(STRENGTHS, np.mean(likenesses, 0), color="#4338ca", marker="o")
    axes.set(xlabel="strength", ylabel="likeness (cosine of CLIP)", ylim=(None, 1.01))
    figure.savefig(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="nano")
    parser.add_argument("--prompts", type=int, default=4)
    parser.add_argument("--runs", type=int, default=5, help="of each kind, in turn, for seconds")
    parser.add_argument("--seconds-alone", action="store_true", help="measure nothing but seconds")
    parser.add_argument("--plot", type=Path, help="a PNG file to write")
    arguments = parser.parse_args()
    pipeline = dalle.load(arguments.model)
    pictures = [
        pipeline.generate(prompt, seed=4).pictures[0] for prompt in PROMPTS[: arguments.prompts]
    ]
    new, edited = measure_seconds(pipeline, pictures[0], arguments.runs)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"nine new pictures {new:.2f} s, an edit of one third {edited:.2f} s: {edited / new:.2f}; "
        f"peak of memory {peak:.1f} GiB"
    )
    if arguments.seconds_alone:
        return
    likenesses = [measure_likeness(pipeline, picture) for picture in pictures]
    for strength, mean in zip(STRENGTHS, np.mean(likenesses, 0), strict=True):
        print(f"strength {strength:.2f}  likeness {mean:.3f}")
    if can_interrogate(pipeline):
        edits, shown, right = measure_edits(pipeline, pictures)
        print(
            f"{edits} edits with a new prompt: {shown} show the thing in one of nine at least, "
            f"{right / (9 * edits):.1%} of all pictures do"
        )
    if arguments.plot:
        plot(likenesses, arguments.plot)


if __name__ == "__main__":
    main()
