"""How like a picture its variations are, by strength, and the seconds of an edit.

python -m tests.benchmarks.going_on [--prompts 4] [--plot assets/likeness.png]
"""

import argparse
import statistics
import time
from pathlib import Path

import matplotlib
import numpy as np

import dalle
from dalle.generation.pipeline import Pipeline
from dalle.generation.result import Picture

PROMPTS = (
    "a red fox on the beach", "an owl on a purple background", "a purple car in the snow",
    "three bananas on a teal background", "a ghost in the forest", "a cat next to a dog",
)  # fmt: skip
STRENGTHS = (0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 1.0)
RUNS = 5  # of each kind, one after another in turn


def measure_likeness(pipeline: Pipeline, picture: Picture) -> list[float]:
    """The mean cosine of CLIP's embeddings of a picture and all its variations, by strength."""
    means = []
    for strength in STRENGTHS:
        result = pipeline.vary(picture, strength, seed=1)
        images = [each.image for each in result.pictures + result.rejected]
        means.append(float(pipeline.scorer.likenesses(images, picture.image).mean()))
    return means


def measure_seconds(pipeline: Pipeline, picture: Picture) -> tuple[float, float]:
    """Median seconds of nine new pictures, and of nine answers to an edit of one third."""
    mask = np.zeros((9, 9), bool)
    mask[:3] = True
    new, edited = [], []
    for seed in range(RUNS):
        for seconds, run in (
            (new, lambda seed=seed: pipeline.generate(picture.recipe["prompt"], seed=seed)),
            (edited, lambda seed=seed: pipeline.edit(picture, mask, "a hat", seed=seed)),
        ):
            started = time.perf_counter()
            run()
            seconds.append(time.perf_counter() - started)
    return statistics.median(new), statistics.median(edited)


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
    parser.add_argument("--plot", type=Path, help="a PNG file to write")
    arguments = parser.parse_args()
    pipeline = dalle.load(arguments.model)
    pictures = [
        pipeline.generate(prompt, seed=4).pictures[0] for prompt in PROMPTS[: arguments.prompts]
    ]
    likenesses = [measure_likeness(pipeline, picture) for picture in pictures]
    for strength, mean in zip(STRENGTHS, np.mean(likenesses, 0), strict=True):
        print(f"strength {strength:.2f}  likeness {mean:.3f}")
    new, edited = measure_seconds(pipeline, pictures[0])
    print(f"nine new pictures {new:.2f} s, an edit of one third {edited:.2f} s: {edited / new:.2f}")
    if arguments.plot:
        plot(likenesses, arguments.plot)


if __name__ == "__main__":
    main()
