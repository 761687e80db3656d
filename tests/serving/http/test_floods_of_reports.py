"""A visitor's reports leave room for those of others on the same day."""

from dataclasses import replace

from dalle.engine.engine import LocalEngine
from dalle.serving.http.visitors import asking
from dalle.serving.page.controller import PageController
from dalle.serving.page.events.handlers import Handlers
from tests.fakes.engine import FakePipeline, make_site
from tests.fakes.orders import ask


def test_who_has_sent_many_reports_waits_and_others_do_not():
    engine, taken = LocalEngine(FakePipeline, 5), []
    engine.start()
    engine.wait_until_settled()
    site = replace(make_site(engine), report=lambda *told, **more: taken.append(told) or "7")
    handlers = Handlers(PageController(engine), site)
    *_, result = ask(engine, "a cat")
    asked = {
        "name": handlers.controller.results.keep(result),
        "candidate": result.pictures[0].candidate,
        "category": "other",
        "note": "",
        "with_prompt": False,
        "with_picture": False,
    }
    *_, report, _ = handlers.of_board()
    with asking({"client": ("192.0.2.1", 0)}):
        answers = [report(asked) for _ in range(21)]
    assert ["answer" in answer for answer in answers] == [True] * 20 + [False]
    assert "More than 20 reports an hour came from you" in answers[-1]["error"]
    with asking({"client": ("192.0.2.2", 0)}):
        assert "This is report 7" in report(asked)["answer"]
    assert len(taken) == 21
