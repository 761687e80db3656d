"""A bar while pictures are drawn: in a terminal, and as a widget in a notebook."""

from collections.abc import Iterable

from tqdm.auto import tqdm

from dalle.generation.result import Preview, Result

FORMAT = "{desc}: {percentage:3.0f} % {bar} {elapsed}"
GENERATED = 0.95  # of the bar; ranking is the rest


def with_bar(frames: Iterable[Preview | Result]) -> Result:
    """The Result of `Pipeline.stream`, its previews told by a bar."""
    with tqdm(total=100, desc="drawing", bar_format=FORMAT) as bar:
        for frame in frames:
            if isinstance(frame, Preview):
                bar.set_description_str(frame.stage, refresh=False)
                bar.update(round(100 * GENERATED * frame.fraction) - bar.n)
        bar.set_description_str("done", refresh=False)
        bar.update(100 - bar.n)
    return frame
