"""Whether both of two things are drawn, by the words between them: as typed, and as heard.

    python -m tests.benchmarks.relations [--pairs 6]

The judge of `evaluate` looks at the nine kept pictures of each prompt.
"""

import argparse

import numpy as np

import dalle
from dalle.commands.evaluate import STYLES
from dalle.generation.pipeline import Pipeline
from dalle.training.exam.everyday import read_alike
from dalle.training.exam.judge import Judge
from dalle.training.scenes.sprites import open_sprites

PAIRS = (
    ("cat", "banana"), ("owl", "guitar"), ("dinosaur", "pizza"), ("frog", "rocket"),
    ("shark", "car"), ("rabbit", "house"), ("whale", "teacup"), ("penguin", "sunglasses"),
)  # fmt: skip
FORMS = (
    "a {0} and a {1}", "{0} {1}", "a {0}'s {1}", "{0}, {1}", "a {0} and {1}", "a {0} with a {1}",
    "a {0} next to a {1}", "a {0} on a {1}", "a {0} riding a {1}", "a {0} by a {1}",
    "a {0} under a {1}", "a {0} in a {1}", "a {0} wearing a {1}", "a {0} eating a {1}",
    "a {0} behind a {1}", "a {0} in front of a {1}", "a {0} at a {1}", "a {0} from a {1}",
)  # fmt: skip


def share_of_both(
    pipeline: Pipeline, judge: Judge, form: str, pairs: tuple, stand_ins: bool
) -> float:
    """The share of all kept pictures that show both things."""
    alike = read_alike()
    both = []
    for pair in pairs:
        wanted = [alike.get(name, frozenset((name,))) for name in pair]
        prompt = form.format(*pair)
        for picture in pipeline.generate(prompt, seed=6, stand_ins=stand_ins).pictures:
            seen = {thing.kind for thing in judge.look(np.asarray(picture.image)).things}
            both.append(all(kinds & seen for kinds in wanted))
    return float(np.mean(both))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=6)
    pairs = PAIRS[: parser.parse_args().pairs]
    pipeline, judge = dalle.load("nano"), Judge(open_sprites(), STYLES)
    print("| words | as typed | as heard | read as |\n|---|---|---|---|")
    for form in FORMS:
        shares = [share_of_both(pipeline, judge, form, pairs, heard) for heard in (False, True)]
        read = pipeline.hearing.hear(form.format(*pairs[0])).text
        print(
            f"| {form.format('X', 'Y')} | {shares[0]:.0%} | {shares[1]:.0%} | {read} |", flush=True
        )


if __name__ == "__main__":
    main()
