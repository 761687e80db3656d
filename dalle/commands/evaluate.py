"""`evaluate`: how often the pictures show what the prompt asks for."""

import argparse
import json
from pathlib import Path

from dalle.settings import DEFAULT_MODEL

HELP = 'Count how often "a THING on a COLOUR background" is drawn right (embedded model only).'
STYLES = ("3d", "noto")
KNOBS = {"candidates": int, "condition_scale": float, "temperature": float, "top_k": int}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--prompts", type=int, default=60, metavar="N")
    parser.add_argument(
        "--least-weight",
        type=float,
        default=2.0,
        metavar="X",
        help="2 takes the best-known things, 1 all everyday ones, 0 every one (%(default)s)",
    )
    for name, kind in KNOBS.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=kind, metavar="N")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sprites", type=Path, default=Path(".data/sprites"), metavar="DIR")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what was seen")


def run(arguments: argparse.Namespace) -> None:
    import numpy as np
    from tqdm import tqdm

    from dalle.generation.loading import load
    from dalle.training.judge import Judge
    from dalle.training.scenes import evaluation_prompts
    from dalle.training.sprites import open_sprites

    library = open_sprites(arguments.sprites)
    judge, pipeline = Judge(library, STYLES), load(arguments.model)
    rows = []
    prompts = evaluation_prompts(library, arguments.prompts, arguments.seed, arguments.least_weight)
    for prompt, kind, colour in tqdm(prompts, unit="prompt"):
        knobs = {name: getattr(arguments, name) for name in KNOBS}
        result = pipeline.generate(prompt, seed=arguments.seed, **knobs)
        seen = {
            part: [judge.look(np.asarray(picture.image)) for picture in pictures]
            for part, pictures in (("kept", result.pictures), ("rejected", result.rejected))
        }
        rows.append({"prompt": prompt, "kind": kind, "colour": colour} | {
            part: [[s.kind, s.colour] for s in looks] for part, looks in seen.items()
        })  # fmt: skip

    def share(part: str, right) -> float:
        return float(
            np.mean([np.mean([right(row, *s) for s in row[part]]) for row in rows if row[part]])
        )

    print(f"{len(rows)} prompts, model {pipeline.name} {pipeline.revision}")
    print(f"{'':10}{'thing':>8}{'colour':>8}{'both':>8}")
    for part in [part for part in ("kept", "rejected") if any(row[part] for row in rows)]:
        thing = share(part, lambda row, kind, _: kind == row["kind"])
        colour = share(part, lambda row, _, colour: colour == row["colour"])
        both = share(part, lambda row, kind, colour: [kind, colour] == [row["kind"], row["colour"]])
        print(f"{part:10}{thing:8.1%}{colour:8.1%}{both:8.1%}")
    most = np.mean([sum(s == [r["kind"], r["colour"]] for s in r["kept"]) > 4 for r in rows])
    print(f"prompts with both right in most of nine: {most:.1%}")
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n")
