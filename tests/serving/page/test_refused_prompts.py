"""What the filter refuses is told at every door at once, and nobody behind it hears of it."""

import base64
import contextlib
import io
import json
import threading

import httpx
import pytest
from PIL import Image

from dalle.engine.admission import BusyError
from dalle.engine.engine import LocalEngine
from dalle.engine.order import RankOrder
from dalle.engine.status import QueueStatus
from dalle.engine.warm_up import WARM_UP_PROMPT
from dalle.errors import PromptRefused
from dalle.safety.prompts.filter import PromptFilter
from dalle.serving.api.openai_images import PATH
from dalle.serving.page.controller import REFUSED, PageController
from tests.fakes.apart import run_apart
from tests.fakes.engine import FakePipeline
from tests.fakes.orders import ask
from tests.serving.api.calls import failure

PROMPT = "a naked zanzibarian"
SAID = "This prompt seems to ask for nudity or sex"


class Watched(LocalEngine):
    """Counts what comes as far as the queue."""

    def __init__(self, *arguments) -> None:
        super().__init__(*arguments)
        self.asked, admit = 0, self._scheduler.admit

        def count(request):
            self.asked += 1
            return admit(request)

        self._scheduler.admit = count


class SlowPipeline(FakePipeline):
    """Draws the warm-up at once, and everything else when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()

    def generate_batch(self, slots, size=4):
        if any(slot.run.prompt != WARM_UP_PROMPT for slot in slots):
            self.gate.wait()
        yield from super().generate_batch(slots, size)


@pytest.fixture
def loading() -> Watched:
    """An engine whose model is not there yet, nor ever will be."""
    return Watched(FakePipeline, 5)


def test_a_refused_prompt_never_comes_into_the_queue(loading):
    for knobs in ({}, {"negative_prompt": PROMPT}):
        with pytest.raises(PromptRefused, match=SAID) as caught:
            ask(loading, "a cat" if knobs else PROMPT, **knobs)
        assert "zanzibar" not in str(caught.value)
    with pytest.raises(PromptRefused, match=SAID):
        loading.rank(RankOrder(PROMPT, []))
    assert (loading.asked, loading.waiting) == (0, 0)
    next(ask(loading, "a cat"))
    assert loading.asked == 1


def test_it_is_told_while_others_wait_and_even_where_no_more_may():
    pipeline = SlowPipeline()
    engine = Watched(lambda: pipeline, 0)
    engine.start()
    engine.wait_until_settled()
    with contextlib.ExitStack() as stack:
        stack.callback(pipeline.gate.set)
        others = [ask(engine, f"cat {n}") for n in range(2)]
        for frames in others:
            assert isinstance(next(frames), QueueStatus)
        with pytest.raises(BusyError):
            next(ask(engine, "a dog"))
        asked = engine.asked
        with pytest.raises(PromptRefused, match=SAID):
            ask(engine, PROMPT)
        assert engine.asked == asked
    for frames in others:
        list(frames)
    assert not any("zanzibar" in prompt for prompt in pipeline.generated)


def test_what_the_model_reads_is_judged_once_it_is_there(loading):
    class Reader(FakePipeline):
        @staticmethod
        def normalize(text: str) -> str:
            return text.replace("xyzzy", "naked")

    ask(loading, "xyzzy").close()
    engine = LocalEngine(Reader, 5)
    engine.start()
    engine.wait_until_settled()
    with pytest.raises(PromptRefused, match=SAID):
        ask(engine, "xyzzy")


def test_the_policy_of_the_owner_decides():
    strict = LocalEngine(FakePipeline, 5, prompt_filter=PromptFilter.load("strict"))
    with pytest.raises(PromptRefused, match=SAID):
        ask(strict, "a bikini")
    ask(LocalEngine(FakePipeline, 5, prompt_filter=PromptFilter.load("off")), PROMPT).close()


def test_the_page_says_so_without_the_prompt(loading):
    frames = list(PageController(loading).generate_all(PROMPT, {}))
    assert "zanzibar" not in json.dumps(frames)
    [(status, runs)] = frames
    assert status["line"].startswith(SAID)
    assert runs == []
    assert loading.asked == 0


def test_the_page_says_so_beside_one_of_several_prompts(loading):
    frames = list(PageController(loading).generate_all(f"{PROMPT}\n{PROMPT}", {}))
    assert "zanzibar" not in json.dumps(frames)
    status, runs = frames[-1]
    assert status["line"].startswith("Drew 0 of 2 prompts")
    assert not any(SAID in status["line"] for status, _ in frames)
    assert [(run["state"], run["prompt"]) for run in runs] == [("failed", REFUSED)] * 2
    assert all(run["error"].startswith(SAID) for run in runs)


def write_uri() -> str:
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


@pytest.mark.parametrize("endpoint", ["generate", "picture", "rank"])
def test_the_api_says_so(quick_app, endpoint):
    pictures = {"pictures": [write_uri()]} if endpoint == "rank" else {}
    told = failure(quick_app, endpoint, {"prompt": PROMPT, **pictures})
    assert told.startswith(SAID)
    assert "zanzibar" not in told


def test_the_openai_form_says_so(quick_app):
    answer = httpx.post(f"{quick_app}{PATH}", json={"prompt": PROMPT})
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "content_policy_violation"
    assert "zanzibar" not in answer.text


def test_an_assistant_is_told_too(quick_app):
    from mcp import ClientSession
    from mcp.client.streamable_http import streamable_http_client

    async def ask() -> str:
        server = f"{quick_app}/gradio_api/mcp/"
        async with (
            streamable_http_client(server) as (read, write, *_),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            return str(await session.call_tool("generate", {"prompt": PROMPT}))

    said = run_apart(ask())
    assert SAID in said
    assert "zanzibar" not in said
