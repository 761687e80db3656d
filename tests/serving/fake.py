"""A pipeline that draws plain squares at once; run as a program it serves the page with it.

PORT=8000 SECONDS_PER_FRAME=0.4 python -m tests.serving.fake
"""

import os
import time
from collections.abc import Iterator, Sequence
from typing import Any

from PIL import Image

from dalle.errors import DalleError
from dalle.generation.result import Picture, Preview, Result
from dalle.serving.api import EXCEPTION_HANDLERS
from dalle.serving.engine import Engine
from dalle.serving.openai_images import make_routes
from dalle.serving.page import STYLE, build_page
from dalle.settings import GenerationSettings, check_prompt


class FakePipeline:
    """Candidate n of seed s is a square of colour (s, 16 n, 0), the more red the better."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds  # between two frames
        self.drawn: list[str] = []  # prompts, as they end
        self.chunks = 0

    def generate(self, prompt: str, **knobs: Any) -> Result:
        *_, result = self.stream(prompt, **knobs)
        return result

    def stream(
        self, prompt: str, cancelled=lambda: False, **knobs: Any
    ) -> Iterator[Preview | Result]:
        settings = GenerationSettings.of({}, knobs)
        check_prompt(prompt)
        if prompt == "fail":
            raise DalleError("This prompt fails; choose another one.")
        if prompt == "break":
            raise RuntimeError("secret detail")
        seed = 11 if settings.seed is None else settings.seed
        images = [Image.new("RGB", (64, 64), (seed % 256, 16 * n % 256, 0)) for n in settings.drawn]
        for chunk in range(1, 5):
            time.sleep(self.seconds)
            self.chunks += 1
            yield Preview(images[: settings.keep], chunk / 4)
            if cancelled():
                return
        recipe = {"model": "fake", "prompt": prompt, "seed": seed, "settings": settings.as_dict()}
        ranked = [
            Picture(image, float(n), n, recipe | {"candidate": n})
            for n, image in reversed(list(zip(settings.drawn, images, strict=True)))
        ]
        self.drawn.append(prompt)
        kept, rejected = ranked[: settings.keep], ranked[settings.keep :]
        yield Result(kept, rejected, recipe, {"drawing": 4 * self.seconds}, [])

    def score(self, images: Sequence[Image.Image], prompt: str) -> list[float]:
        """The other way round than in a run: the less red the better."""
        return [-float(image.getpixel((0, 0))[1]) for image in images]


def main() -> None:
    seconds = float(os.environ.get("SECONDS_PER_FRAME", "0.4"))
    engine = Engine(lambda: FakePipeline(seconds), queue_size=3)
    engine.start()
    page = build_page(engine, "Fake", {})
    page.queue(default_concurrency_limit=None)
    page.launch(
        server_port=int(os.environ["PORT"]),
        css=STYLE,
        ssr_mode=False,
        quiet=True,
        show_error=True,
        mcp_server=True,
        _frontend=False,  # as in app.py
        app_kwargs={"routes": make_routes(engine), "exception_handlers": EXCEPTION_HANDLERS},
    )


if __name__ == "__main__":
    main()
