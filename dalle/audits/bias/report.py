"""The bias audit on paper: report.json, report.md and plots."""

import io
import json
from pathlib import Path
from typing import Any

from dalle.audits.bias.audit import LABELS
from dalle.audits.bias.judges import TONES
from dalle.files import write_atomically

NO_PLOTS = "Without plots: matplotlib is missing; see dalle/training/requirements.txt."
COLOURS = ("#3b6fb6", "#c8553d", "#b9b9b9", "#e8e8e8")  # of LABELS


def write_report(
    folder: Path, about: dict[str, Any], figures: dict[str, Any], change: dict[str, Any] | None
) -> None:
    """Writes the three forms of the report; each file appears whole or not at all."""
    plots = make_plots(figures)
    for name, content in plots.items():
        write_atomically(folder / name, content)
    text = write_markdown(about, figures, change, list(plots))
    write_atomically(folder / "report.md", text)
    content = {"about": about, **figures, "change": change}
    write_atomically(
        folder / "report.json", json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    )


def write_markdown(
    about: dict[str, Any],
    figures: dict[str, Any],
    change: dict[str, Any] | None,
    plots: list[str],
) -> str:
    """The report for people; doubts come first."""
    lines = [
        f"# Whom {about['model']} draws",
        "",
        f"Revision {about['revision']}, {about['precision']}, {about['n']} pictures of each "
        f"prompt, seed {about['seed']}, judge {about['judge']}. The drawn people have no gender: "
        "counted is whom a picture looks like to the judge, which is itself biased.",
        "",
        "## What can be concluded",
        "",
        *_conclusion(figures, change),
        "",
        "## The controls, drawn first",
        "",
        *_controls(figures["controls"]),
        "",
        "## Each prompt",
        "",
        "Share of women with its 95 % interval; a dash where it is not concluded. Spread: 0 where "
        "all pictures are alike, 1 where they are as varied as they can be.",
        "",
        "| prompt | men | women | undetermined | nobody | share of women | spread |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in figures["prompts"]:
        counts = " | ".join(str(row["labels"][label]) for label in LABELS)
        lines.append(f"| {row['text']} | {counts} | {_share(row)} | {row['spread']:.2f} |")
    for one in figures["refused"]:
        name = one["text"] or "(the empty prompt)"
        lines.append(f"| {name} | | | | | not drawn: {one['why']} | |")
    lines += ["", *_tones(figures["tones"]), "", *(f"![]({name})" for name in plots)]
    return "\n".join(lines if plots else [*lines, NO_PLOTS]).rstrip() + "\n"


def _conclusion(figures: dict[str, Any], change: dict[str, Any] | None) -> list[str]:
    if figures["doubts"]:
        return [
            "**Nothing about whom the model prefers to draw.** The counts below are what the "
            "judge said, and no shares.",
            "",
            *(f"- {doubt}" for doubt in figures["doubts"]),
        ]
    overall = figures["overall"]
    low, high = overall["from_half_interval"]
    lines = [
        f"- Over {overall['prompts']} prompts the share of women is {overall['from_half']:.2f} "
        f"from one half on the average (95 % interval {low:.2f} to {high:.2f}); with a fair coin "
        f"it would be {overall['from_half_if_fair']:.2f}.",
        f"- In {overall['one_sided']:.0%} of the prompts eight of nine or more look alike in this.",
        f"- Most men: {', '.join(overall['most_men'])}.",
        f"- Most women: {', '.join(overall['most_women'])}.",
    ]
    if change is not None and change["change"] is not None:
        lines.append(f"- Against the last release: {change['change']:+.2f}.")
    if change is not None and change.get("reason"):
        lines.append(f"- Why it may be more one-sided: {change['reason']}")
    return lines


def _controls(controls: dict[str, Any]) -> list[str]:
    accuracy = "no picture could be judged"
    if controls["accuracy"] is not None:
        low, high = controls["interval"]
        accuracy = f"{controls['accuracy']:.0%} ({low:.0%} to {high:.0%})"
    undetermined = controls["undetermined"]
    return [
        f"The judge saw what was asked for in: {accuracy}. Could not be judged: "
        f"{'-' if undetermined is None else f'{undetermined:.0%}'} of {controls['pictures']}.",
        "",
        "| asked for | men | women | undetermined | nobody |",
        "|---|---|---|---|---|",
        *(
            f"| a {wanted} | {' | '.join(str(labels[label]) for label in LABELS)} |"
            for wanted, labels in controls["labels"].items()
        ),
    ]


def _share(row: dict[str, Any]) -> str:
    if row["share_woman"] is None:
        return "-"
    low, high = row["interval"]
    return f"{row['share_woman']:.0%} ({low:.0%} to {high:.0%})"


def _tones(tones: list[float] | None) -> list[str]:
    lines = [
        "## Skin tones (experimental)",
        "",
        "Mean likeness of all pictures of the neutral prompts to wordings along the Monk scale, "
        "two steps at a time. No single picture is labelled, and nothing is concluded from this.",
        "",
    ]
    if tones is None:
        return [*lines, "No picture shows anybody, in the judge's opinion."]
    return [*lines, *(f"- {tone}: {share:.0%}" for tone, share in zip(TONES, tones, strict=True))]


def make_plots(figures: dict[str, Any]) -> dict[str, bytes]:
    """PNG files by name; none where matplotlib is missing or nothing was drawn."""
    rows = figures["prompts"]
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return {}
    if not rows:
        return {}
    height = 1.5 + 0.2 * len(rows)
    names = [row["text"] for row in rows]

    labels = Figure(figsize=(8, height), layout="constrained")
    axes = labels.subplots()
    left = [0] * len(rows)
    for label, colour in zip(LABELS, COLOURS, strict=True):
        counts = [row["labels"][label] for row in rows]
        axes.barh(names, counts, left=left, color=colour, label=label)
        left = [a + b for a, b in zip(left, counts, strict=True)]
    axes.set_xlabel("pictures, as the judge sees them")
    plots = {"labels.png": _finish(labels, axes)}

    given = sorted(
        (row for row in rows if row["share_woman"] is not None), key=lambda row: row["share_woman"]
    )
    if given:
        shares = Figure(figsize=(8, 1.5 + 0.2 * len(given)), layout="constrained")
        axes = shares.subplots()
        for place, row in enumerate(given):
            axes.plot(row["interval"], [place, place], color=COLOURS[2])
            axes.plot([row["share_woman"]], [place], "o", color=COLOURS[1])
        axes.set_yticks(range(len(given)), [row["text"] for row in given])
        axes.axvline(0.5, color=COLOURS[2], linestyle=":")
        axes.set_xlabel("share of women, with 95 % interval")
        plots["shares.png"] = _finish(shares, axes)
    return plots


def _finish(figure: Any, axes: Any) -> bytes:
    axes.tick_params(axis="y", labelsize=7)
    axes.margins(y=0.01)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="lower right", fontsize=7)
    encoded = io.BytesIO()
    figure.savefig(encoded, format="png", dpi=100)
    return encoded.getvalue()
