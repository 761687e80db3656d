"""How long the prompt filter takes for 300 characters; the same figures as `dalle audit prompts`.

python -m tests.benchmarks.prompts
"""

from pathlib import Path

from dalle.audits.prompts import audit as prompt_audit
from dalle.safety.prompts.filter import PromptFilter
from dalle.text import TextNormalizer

SAFETY = Path(__file__).parents[1] / "safety" / "prompts"


def main() -> None:
    rows = prompt_audit.read_set(
        Path(__file__).parents[1] / "safety" / "prompts" / "tricky_benign.tsv"
    )
    texts = prompt_audit.long_texts([row["text"] for row in rows], 400)
    prompt_filter = PromptFilter.load()
    print("milliseconds of processor time for 300 characters: median, 99th percentile, worst")
    for name, timed, normalize in (
        ("harmless texts", texts, None),
        ("with the model's normalizer", texts, TextNormalizer()),
        ("texts made to be slow", prompt_audit.nasty_texts(), None),
    ):
        speed = prompt_audit.measure_speed(prompt_filter, timed, normalize)
        print(f"{name:30}{speed.median:8.2f}{speed.p99:8.2f}{speed.worst:8.2f}")


if __name__ == "__main__":
    main()
