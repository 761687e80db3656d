"""The figures of a benchmark as a table, as JSON and as a plot."""

from dataclasses import asdict, dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

from dalle.benchmark.machine_rates import Machine
from dalle.benchmark.precisions import Difference
from dalle.benchmark.throughput import HEADER as THROUGHPUT
from dalle.benchmark.throughput import Throughput
from dalle.errors import DalleError
from dalle.files import write_atomically

STAGES = ("reading", "drawing", "decoding", "ranking", "total")


@dataclass(frozen=True)
class Row:
    """One number of candidates."""

    candidates: int
    seconds: dict[str, float]  # medians by stage
    bound: float  # seconds that drawing takes at least; a step reads the tokens before it
    bound_static: float  # the same, where a step reads the room of all tokens
    traffic: float | None  # bytes that our steps move, over those that must move
    peak_memory: int | None  # bytes of the process, or of the first device, in all runs so far
    estimated_memory: int

    @property
    def pictures_per_second(self) -> float:
        return self.candidates / self.seconds["total"]


@dataclass(frozen=True)
class Report:
    """All that was measured, and where."""

    model: str
    revision: str
    precision: str
    runs: int
    machine: Machine
    loading: float  # seconds
    compiling: float  # seconds of the first run less those of a later one
    first_preview: float  # seconds, warm
    rows: list[Row]
    throughput: list[Throughput] = field(default_factory=list)
    peer: dict[str, Any] = field(default_factory=dict)
    precisions: list[Difference] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        def with_rate(row: Row | Throughput) -> dict[str, Any]:
            return asdict(row) | {"pictures_per_second": row.pictures_per_second}

        return asdict(self) | {
            "rows": list(map(with_rate, self.rows)),
            "throughput": list(map(with_rate, self.throughput)),
        }

    def __str__(self) -> str:
        machine = self.machine
        versions = ", ".join(f"{name} {version}" for name, version in machine.versions.items())
        lines = [
            f"{self.model} (revision {self.revision}), products in {self.precision}; "
            f"medians of {self.runs} runs",
            f"{machine.name}: {machine.cores} cores, {machine.devices} device"
            f"{'' if machine.devices == 1 else 's'}, load {machine.load} before; {versions}",
            f"measured just before: {machine.bandwidth / 1e9:.1f} GB/s read, "
            f"{machine.products / 1e12:.3f} T{'OP' if machine.dtype == 'int8' else 'FLOP'}/s "
            f"in {machine.dtype}",
            f"load {self.loading:.1f} s, compile {self.compiling:.1f} s, "
            f"first preview {self.first_preview:.2f} s",
            "",
            "| candidates | " + " | ".join(f"{stage}, s" for stage in STAGES)
            + " | pictures/s | drawing / bound (static) | bytes / least | peak / estimate, MB |",
            "|" + "---|" * (len(STAGES) + 5),
            *map(tell, self.rows),
        ]  # fmt: skip
        if self.throughput:
            lines += ["", THROUGHPUT, *map(str, self.throughput)]
        if self.peer:
            lines += ["", tell_peer(self.peer)]
        if self.precisions:
            lines += [
                "",
                "| precision | largest logit difference | same likeliest code | CLIP score, nine "
                "kept | change |",
                "|---|---|---|---|---|",
                *(
                    f"| {each.precision} | {each.largest_logit_difference:.3f} | "
                    f"{each.same_likeliest_code:.2%} | {each.score:.3f} | "
                    f"{each.score_change:+.2%} |"
                    for each in self.precisions
                ),
            ]
        return "\n".join(lines)


def tell(row: Row) -> str:
    """A line of the table."""
    sampling = row.seconds["drawing"]
    ratio = f"{sampling / row.bound:.1f} ({sampling / row.bound_static:.1f})"
    traffic = f"{row.traffic:.1f}" if row.traffic else "?"
    peak = f"{row.peak_memory / 1e6:,.0f}" if row.peak_memory else "?"
    cells = [
        str(row.candidates),
        *(f"{row.seconds[stage]:.2f}" for stage in STAGES),
        f"{row.pictures_per_second:.2f}",
        ratio,
        traffic,
        f"{peak} / {row.estimated_memory / 1e6:,.0f}",
    ]
    return f"| {' | '.join(cells)} |"


def tell_peer(peer: dict[str, Any]) -> str:
    return (
        f"{peer['name']}, {peer['pictures']} pictures, not ranked: {peer['seconds']:.2f} s "
        f"(median of {len(peer['runs'])} runs in turn with ours); ours, {peer['candidates']} "
        f"candidates, ranked: {peer['ours']:.2f} s; {peer['seconds'] / peer['ours']:.1f} times "
        "as fast"
    )


def plot(report: Report, file: Path) -> None:
    """Plots seconds against candidates, beside the roofline and the cost of single candidates."""
    try:
        import matplotlib
    except ImportError as error:
        raise DalleError(
            "the plot needs matplotlib; pip install -r dalle/training/requirements.txt"
        ) from error

    matplotlib.use("Agg")
    from matplotlib import pyplot

    counts = [row.candidates for row in report.rows]
    figure, axis = pyplot.subplots(figsize=(7, 4.5))
    for stage in ("total", "drawing", "decoding", "ranking"):
        seconds = [row.seconds[stage] for row in report.rows]
        axis.plot(
            counts, seconds, marker="o", label=stage, linewidth=2.5 if stage == "total" else 1
        )
    first, machine = report.rows[0], report.machine
    linear = [first.seconds["total"] * count / first.candidates for count in counts]
    axis.plot(counts, linear, "--", color="grey", label="each like the first")
    bound = [row.bound for row in report.rows]
    axis.plot(counts, bound, ":", color="black", label="least for drawing")
    axis.set(
        xlabel="candidates", ylabel="seconds, warm", xticks=counts, xlim=(0, counts[-1] * 1.03),
        ylim=(0, 1.15 * max(row.seconds["total"] for row in report.rows)),
    )  # fmt: skip
    axis.set_title(
        f"{report.model}, {report.precision}, medians of {report.runs}\n"
        f"{machine.name}, {machine.cores} cores",
        fontsize="medium",
    )
    axis.grid(alpha=0.3)
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=3, frameon=False)
    picture = BytesIO()
    figure.savefig(picture, dpi=100, bbox_inches="tight", format="png")
    pyplot.close(figure)
    write_atomically(file, picture.getvalue())
