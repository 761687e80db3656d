"""The plots of `soak`, one PNG a phase."""

from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot


def plot_all(measured: dict[str, Any], folder: Path) -> None:
    """Writes a picture of each curve that was measured."""
    curves = measured["curves"]
    bars = {name: rates for name, rates in curves.items() if name.startswith("throughput")}
    if bars:
        figure, axes = pyplot.subplots()
        for place, rates in enumerate(bars.values()):
            axes.bar([place - 0.2, place + 0.2], rates, 0.4, color=["#b8b8d8", "#4747a1"])
            axes.text(place, max(rates), f"{rates[1] / rates[0]:.2f}×", ha="center", va="bottom")
        axes.set_xticks(range(len(bars)), [name.split(", ")[1] for name in bars])
        axes.set_ylabel("requests a second: one visitor at a time, sixteen")
        _write(figure, folder / "throughput.png")
    if "page" in curves:
        _cumulative(curves["page"], "seconds to nine pictures", folder / "page.png")
    if "overload" in curves:
        refusals = [1000 * seconds for seconds in curves["overload"]["refusals"]]
        _cumulative(refusals, "milliseconds to a refusal", folder / "overload.png")
    if "memory" in curves:
        figure, axes = pyplot.subplots()
        samples = curves["memory"]
        axes.plot([s["seconds"] for s in samples], [s["megabytes"] for s in samples])
        axes.set(xlabel="seconds of steady load", ylabel="resident megabytes", ylim=(0, None))
        _write(figure, folder / "memory.png")


def _cumulative(values: list[float], label: str, path: Path) -> None:
    """How many had it by when."""
    figure, axes = pyplot.subplots()
    axes.step(sorted(values), range(1, len(values) + 1), where="post")
    axes.set(xlabel=label, ylabel="requests")
    _write(figure, path)


def _write(figure: pyplot.Figure, path: Path) -> None:
    figure.savefig(path, dpi=120, bbox_inches="tight")
    pyplot.close(figure)
