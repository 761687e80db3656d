"""The progress of the runs: their curves, and sample sheets over time, as two pictures."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from dalle.errors import DalleError
from dalle.training.run import Run

# run: shown values of its log, and their scale
SHOWN = {
    "things": (("psnr", "held_out_psnr"), "dB", "linear"),
    "tints": (("psnr", "held_out_psnr"), "dB", "linear"),
    "looks": (("psnr", "held_out_psnr"), "dB", "linear"),
    "vqgan": (("held_out_psnr_known", "held_out_psnr_read"), "dB", "linear"),
    "bart": (("loss", "held_out", "held_out_unprompted"), "nats a code", "log"),
    "clip": (("loss", "held_out"), "nats", "linear"),
}
SHEETS = 5  # of all that there are, the first and the last among them
WIDTH = 1152  # pixels
LABEL = 22  # pixels above a sheet
COLOURS = 200  # of the stacked sheets, which is a fifth of the bytes


def plot_curves(runs: Path, path: Path) -> Path:
    """The logs of all runs, side by side."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, len(SHOWN), figsize=(16, 3.6))
    for axis, (name, (values, unit, scale)) in zip(axes, SHOWN.items(), strict=True):
        rows = Run(runs / name).read_log()
        for value in values:
            points = [(row["step"], row[value]) for row in rows if value in row]
            if points:
                axis.plot(*zip(*points, strict=True), label=value.replace("_", " "), linewidth=1)
        axis.set(title=name, xlabel="step", ylabel=unit, yscale=scale)
        axis.grid(alpha=0.3)
        if axis.lines:
            axis.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(path, format="png", dpi=90)
    pyplot.close(figure)
    return path


def stack_samples(run: Path, path: Path) -> Path:
    """A few of a run's sample sheets, the earliest on top; DalleError where there is none."""
    found = sorted(run.glob("samples-*.png"))
    if not found:
        raise DalleError(f"there are no samples-*.png in {run}; train `bart` for some minutes.")
    chosen = np.unique(np.linspace(0, len(found) - 1, SHEETS).round().astype(int))
    sheets = []
    for index in chosen:
        with Image.open(found[index]) as sheet:
            height = sheet.height * WIDTH // sheet.width
            sheets.append(sheet.convert("RGB").resize((WIDTH, height), Image.Resampling.LANCZOS))
    whole = Image.new("RGB", (WIDTH, sum(sheet.height + LABEL for sheet in sheets)), "white")
    pen, top = ImageDraw.Draw(whole), 0
    for index, sheet in zip(chosen, sheets, strict=True):
        step = int(found[index].stem.removeprefix("samples-"))
        pen.text((6, top + 4), f"after {step:,} steps", fill="black", font_size=14)
        whole.paste(sheet, (0, top + LABEL))
        top += LABEL + sheet.height
    whole.quantize(COLOURS).save(path, format="png", optimize=True)
    return path
