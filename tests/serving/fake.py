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
from dalle.serving.api import EXCEPTION_HANDLERS, add_api
from dalle.serving.drawing import Desk
from dalle.serving.engine import Engine
from dalle.serving.examples import read_examples
from dalle.serving.look import launch_options
from dalle.serving.openai_images import make_routes
from dalle.serving.page import build_page
from dalle.serving.site import Site
from dalle.serving.words import KnownWords
from dalle.settings import GenerationSettings, ServerSettings, check_prompt

SLOW = 10  # times the seconds, for prompts that begin so


class FakePipeline:
    """Candidate n of seed s is a square of colour (s, 16 n, 0), the more red the better."""

    normalize = str

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
            time.sleep(self.seconds * (SLOW if prompt.startswith("slowly") else 1))
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


def write_down(
    category: str, note: str, *, recipe: dict, prompt: str | None, png: bytes | None
) -> str:
    """A report's number that tells what came with it."""
    return f"{category}/{note}/{recipe['candidate']}/{prompt}/{png is not None}"


def make_site(engine: Engine) -> Site:
    """A site that tells about the fake, and whose checks and reports say what they were given."""
    return Site(
        ServerSettings(name="Fake"),
        engine,
        {"model": "fake", "revision": "1", "precision": "float32", "machine": "cpu"},
        words=KnownWords(frozenset(("cat", "dog", "apple", "red"))),
        examples=tuple(read_examples()),
        card="The card of the fake model.",
        facts=lambda: [("Seal", "Every picture is checked.")],
        verify=lambda content: f"Checked {len(content)} bytes.",
        categories={"hate": "hate", "other": "something else"},
        report=write_down,
    )


def main() -> None:
    seconds = float(os.environ.get("SECONDS_PER_FRAME", "0.4"))
    engine = Engine(lambda: FakePipeline(seconds), queue_size=3)
    engine.start()
    site = make_site(engine)
    page = build_page(Desk(engine), site, lambda: add_api(engine, {}))
    page.queue(default_concurrency_limit=None)
    page.launch(
        **launch_options(site.settings),
        server_port=int(os.environ["PORT"]),
        ssr_mode=False,
        quiet=True,
        show_error=True,
        mcp_server=True,
        _frontend=False,  # as in app.py
        app_kwargs={"routes": make_routes(engine), "exception_handlers": EXCEPTION_HANDLERS},
    )


if __name__ == "__main__":
    main()
